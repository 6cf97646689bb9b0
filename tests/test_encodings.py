"""One log, however it is written down, is one graph."""

import bz2
import csv
import datetime as dt
import gzip
import io
import itertools
import json
import random
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.declared.sources import SourceBook, SourceFlags
from ingest.files.objects import json_objects
from ingest.files.reading import find_inputs, head, open_text
from ingest.formats.find import detect
from ingest.pipeline import ImportOptions, import_paths
from ingest.record import ReadOptions
from lineage.hash import graph_hash
from lineage.stores import open_store

OPTIONS = ImportOptions(
    SourceBook.from_flags(
        SourceFlags(namespace="snowflake://shop", default_db="SHOP", default_schema="PUBLIC")
    ),
    workers=1,
)
TEXTS = (
    "SELECT id, sum(amount) FROM orders WHERE status = 'ä\n{n}' GROUP BY 1 -- \"Zoë\"; a,b",
    'INSERT INTO daily (day, total) SELECT now(), sum(amount) FROM "Bücher" WHERE id > {n}',
    "CREATE OR REPLACE TABLE big AS SELECT id, amount\n\n  FROM orders\tWHERE amount > {n}",
    "SELECT b.amount FROM big b JOIN orders o USING (id) WHERE o.note LIKE '%\\\\_{n}'",
)
BEGIN = dt.datetime(2026, 10, 1, 8, 0, 0, 125_000, dt.UTC)


def rows():
    """A month of statements as their columns have them."""
    numbers = itertools.count()
    return [
        {
            "QUERY_ID": f"q{n}",
            "QUERY_TEXT": text.format(n=n),
            "USER_NAME": ("ANA", "ZOË", "SVC_ETL")[n % 3],
            "START_TIME": BEGIN + dt.timedelta(days=n % 28, minutes=n),
            "SESSION_ID": 10_000_000_000 + n % 5,
            "EXECUTION_STATUS": "FAIL" if n % 11 == 0 else "SUCCESS",
            "WAREHOUSE_NAME": None if n % 2 else "WH",
        }
        for _ in range(30)
        for text, n in ((text, next(numbers)) for text in TEXTS)
    ]


def spelled(row):
    """The row as text has it."""
    stamp = row["START_TIME"].strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return {**row, "START_TIME": f"{stamp} +0000"}


def as_csv(found, **style):
    """As CSV."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(found[0]), **{"lineterminator": "\n", **style})
    writer.writeheader()
    writer.writerows(map(spelled, found))
    return text.getvalue()


def as_lines(found):
    """As JSON Lines, which leave out what is null."""
    given = ({key: one for key, one in spelled(row).items() if one is not None} for row in found)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in given)


def as_parquet(found):
    """As Parquet, the times in the zone of the account."""
    zoned = pa.field("START_TIME", pa.timestamp("ns", "America/Los_Angeles"))
    table = pa.Table.from_pylist(found)
    place = table.column_names.index("START_TIME")
    out = io.BytesIO()
    pq.write_table(
        table.set_column(place, zoned, table.column(place).cast(zoned.type)), out, row_group_size=50
    )
    return out.getvalue()


def as_arrow(found):
    """As an IPC stream of Arrow."""
    table = pa.Table.from_pylist(found)
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=17)
    return out.getvalue()


def zstandard(content):
    """Packed with zstd."""
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(content)
    return out.getvalue().to_pybytes()


def shuffled(found):
    """In another order."""
    return random.Random(1).sample(found, len(found))


ENCODINGS = {
    "json lines": lambda found: [as_lines(found).encode()],
    "json array on one line": lambda found: [
        json.dumps([spelled(row) for row in found], ensure_ascii=False).encode()
    ],
    "json array with a mark": lambda found: [
        b"\xef\xbb\xbf" + json.dumps([spelled(row) for row in found], indent=2).encode()
    ],
    "parquet": lambda found: [as_parquet(found)],
    "arrow": lambda found: [as_arrow(found)],
    "gz": lambda found: [gzip.compress(as_csv(found).encode())],
    "bz2": lambda found: [bz2.compress(as_lines(found).encode())],
    "zst": lambda found: [zstandard(as_csv(found).encode())],
    "utf-16": lambda found: [as_csv(found, delimiter="\t").encode("utf-16")],
    "crlf with a mark": lambda found: [
        as_csv(found, lineterminator="\r\n", quoting=csv.QUOTE_ALL, delimiter=";").encode(
            "utf-8-sig"
        )
    ],
    "split": lambda found: [
        as_csv(found[:40]).encode(),
        as_parquet(found[30:70]),
        zstandard(as_lines(found[70:]).encode()),
    ],
    "reordered": lambda found: [as_csv(shuffled(found)).encode()],
    "reordered parquet": lambda found: [as_parquet(shuffled(found))],
}


def imported(folder, name, contents):
    """The hash of the graph, and the report."""
    paths = []
    for number, content in enumerate(contents):
        path = folder / f"{name}-{number}"
        path.write_bytes(content)
        paths.append(str(path))
    store = open_store(f"sqlite:///{folder / name}.db", create=True)
    report = import_paths(store, paths, OPTIONS)
    assert report.balanced
    assert not report.dead_letters
    return graph_hash(store), report


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The hash and the report of the CSV."""
    return imported(tmp_path_factory.mktemp("plain"), "csv", [as_csv(rows()).encode()])


@pytest.mark.parametrize("name", ENCODINGS)
def test_one_log_is_one_graph_in_every_encoding(tmp_path, plain, name):
    """Format, packing, characters, line ends, files and order change nothing in the graph."""
    found, report = imported(tmp_path, "log", ENCODINGS[name](rows()))
    assert found == plain[0]
    assert report.imported == plain[1].imported > 0
    assert report.templates == plain[1].templates


CASES = Path(__file__).parent / "cases" / "formats"
TABLES = (
    *("bigquery-jobs", "clickhouse-query-log", "databricks-lineage", "generic.datahub"),
    *("hive-query-events", "oracle-sql-statistics.history"),
    *("redshift-query-detail.steps", "snowflake-query-history.json", "trino-queries.mysql"),
)


def read(path):
    """The format of a log and its records, wherever in the file they are."""
    (source,) = find_inputs([str(path)])
    detection = detect(head(source))
    with open_text(source) as stream:
        found = list(detection.format.read(stream, ReadOptions()))
    return detection.name, [msgspec.structs.replace(one, line=0) for one in found]


@pytest.mark.parametrize("name", TABLES)
def test_parquet_of_a_log_is_read_as_its_json(tmp_path, name):
    """Nested columns and columns that are often null are recognised and read alike."""
    path = next((CASES / name).glob("input.json*"))
    with path.open(encoding="utf-8") as stream:
        objects = [one[1] for one in json_objects(stream) if isinstance(one, tuple)]
    columns = dict.fromkeys(column for one in objects for column in one)
    table = pa.table({column: pa.array([one.get(column) for one in objects]) for column in columns})
    pq.write_table(table, tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet") == read(path)

"""Statements whose facts come in several records: the order in which they are met never shows."""

import csv
import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.attribution import Issuer
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.folding.rows import Row, packed, unpacked
from ingest.pipeline import ImportOptions, import_paths
from ingest.record import Stated, StatedEdge, StatedTable
from lineage.hash import graph_hash
from lineage.model import EdgeType, Origin
from lineage.names import DatasetId
from lineage.store import Direction
from lineage.stores import open_store

NAMESPACE = "snowflake://shop"
HISTORY = ("QUERY_ID", "QUERY_TEXT", "USER_NAME", "START_TIME", "SESSION_ID", "EXECUTION_STATUS",
           "DATABASE_NAME", "SCHEMA_NAME")  # fmt: skip
USERS = ("ANA", "BEN", "SVC_ETL")
SENTENCES = (
    # text, tables read, table written and {column: sources}
    ("SELECT id FROM orders WHERE status = 'x{n}'", {"ORDERS": ["ID", "STATUS"]}, None),
    ("SELECT * FROM orders", {"ORDERS": ["ID", "AMOUNT"]}, None),
    # The name context was another one: the engine knows better.
    ("INSERT INTO daily SELECT sum(amount) FROM orders WHERE id > {n}",
     {"OLD.ORDERS": ["AMOUNT", "ID"]}, ("DAILY", {"TOTAL": ["AMOUNT"]})),
    ("SELEC nobody ((( understands {n}", {"ORDERS": ["ID"]}, None),
    ("CALL refresh({n})", {}, None),
    ("SELECT 1", {"ORDERS": ["ID"]}, None),
    ("CREATE TEMPORARY TABLE t AS SELECT id FROM orders",
     {"ORDERS": ["ID"]}, ("T", {"ID": ["ID"]})),
    ("SELECT id FROM t", {"T": ["ID"]}, None),
)  # fmt: skip


def started(number):
    """The start of a statement; some are near midnight."""
    return f"2026-10-{1 + number % 5:02d} 23:59:{number % 60:02d}.{number // 60:03d} +0000"


def full(name):
    """A table with its schema."""
    return name if "." in name else f"PUBLIC.{name}"


def history(number, sentence):
    """The row of QUERY_HISTORY; every seventh failed."""
    status = "FAIL" if number % 7 == 6 else "SUCCESS"
    return [f"q{number}", sentence[0].format(n=number), USERS[number % 3], started(number),
            f"s{number // len(SENTENCES)}", status, "SHOP", "PUBLIC"]  # fmt: skip


def access(number, sentence):
    """The row of ACCESS_HISTORY of the same statement."""
    _, reads, write = sentence
    table = next(iter(reads), "")

    def columns(names):
        return [{"columnId": 1, "columnName": name} for name in names]

    modified = []
    if write:
        source = {"objectDomain": "Table", "objectId": 1, "objectName": f"SHOP.{full(table)}"}
        target, fed = write
        modified = [{
            "objectDomain": "Table", "objectId": 2, "objectName": f"SHOP.{full(target)}",
            "columns": [
                {"columnName": c, "directSources": [{"columnName": s, **source} for s in sources]}
                for c, sources in fed.items()
            ],
        }]  # fmt: skip
    return {
        "QUERY_ID": f"q{number}", "QUERY_START_TIME": started(number),
        "USER_NAME": USERS[number % 3],
        "DIRECT_OBJECTS_ACCESSED": [
            {"objectDomain": "Table", "objectId": 1, "objectName": f"SHOP.{full(name)}",
             "columns": columns(names)}
            for name, names in reads.items()
        ],
        "BASE_OBJECTS_ACCESSED": [], "OBJECTS_MODIFIED": modified,
    }  # fmt: skip


STATEMENTS = [
    (number, sentence)
    for number, sentence in enumerate(itertools.chain(*itertools.repeat(SENTENCES, 12)))
]
TEXTS = [history(*one) for one in STATEMENTS if one[0] % 11 != 10]  # of some only the engine tells
# A statement of a session with temporary tables stands or falls with its text.
ENGINE = [access(*one) for one in STATEMENTS if one[0] % 5 != 4 or one[0] % 11 == 10]


def text_log(rows, path):
    """The file of these rows of QUERY_HISTORY."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HISTORY, *rows])
    return str(path)


def engine_log(rows, path):
    """The file of these rows of ACCESS_HISTORY."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def imported(tmp_path, name, *imports):
    """A store after these imports."""
    store = open_store(f"sqlite:///{tmp_path / name}.db", create=True)
    for paths in imports:
        flags = SourceFlags(namespace=NAMESPACE)
        report = import_paths(store, paths, ImportOptions(SourceBook.from_flags(flags), workers=1))
        assert report.balanced
    return store


@pytest.fixture
def files(tmp_path):
    """Both logs, whole."""
    return (text_log(TEXTS, tmp_path / "texts.csv"), engine_log(ENGINE, tmp_path / "engine.jsonl"))


@pytest.fixture
def expected(tmp_path, files):
    """The hash of one clean import of both logs."""
    return graph_hash(imported(tmp_path, "clean", files))


def test_the_engines_log_may_come_first_or_later(tmp_path, files, expected):
    """Text first, lineage first, in one import or in two: one graph."""
    texts, engine = files
    assert graph_hash(imported(tmp_path, "one", [engine, texts])) == expected
    assert graph_hash(imported(tmp_path, "later", [texts], [engine])) == expected
    assert graph_hash(imported(tmp_path, "early", [engine], [texts])) == expected
    assert graph_hash(imported(tmp_path, "thrice", [texts], [engine], files, [texts])) == expected


@pytest.mark.parametrize("seed", range(4))
def test_pieces_of_both_logs_may_come_in_any_order(tmp_path, monkeypatch, expected, seed):
    """However the two logs are cut, overlap and follow one another, and whenever one commits."""
    monkeypatch.setattr("ingest.pipeline.FLUSH", [10, 40, 1000, 7][seed])
    pick = random.Random(seed)
    # Sessions with temporary tables must come in their order, so texts are cut and not shuffled.
    cut = pick.randrange(8, len(TEXTS) - 8)
    rows = pick.sample(ENGINE, len(ENGINE))
    third = len(rows) // 3
    pieces = [
        text_log(TEXTS[:cut], tmp_path / "a.csv"),
        engine_log(rows[:third], tmp_path / "b.jsonl"),
        engine_log(rows[third : 2 * third] + rows[:9], tmp_path / "c.jsonl"),
        text_log(TEXTS[cut - 8 :], tmp_path / "d.csv"),
        engine_log(rows[2 * third :], tmp_path / "e.jsonl"),
    ]
    order = pick.sample([1, 2, 4], 3)
    order.insert(pick.randrange(4), 0)
    order.insert(pick.randrange(order.index(0) + 1, 5), 3)
    store = imported(tmp_path, "pieces", *([pieces[place]] for place in order))
    assert graph_hash(store) == expected


def test_each_statement_counts_once_and_by_its_best_witness(tmp_path, files):
    """A statement that the engine tells of is the engine's; the others are parsed."""
    store = imported(tmp_path, "counts", [files[0]], [files[1]])
    reads = {}
    for name in ("SHOP.PUBLIC.ORDERS", "SHOP.OLD.ORDERS"):
        edges = store.edges([DatasetId(NAMESPACE, name)], Direction.DOWN, [EdgeType.READ_BY])
        for edge in edges:
            place = (name, edge.key.origin)
            reads[place] = reads.get(place, 0) + edge.activity.total
    # The engine moved the INSERTs that it knows from PUBLIC to OLD, and only those.
    inserts = [number for number, sentence in STATEMENTS if sentence is SENTENCES[2]]
    done = [n for n in inserts if n % 7 != 6 or n % 11 == 10]
    by_engine = [n for n in done if n % 5 != 4 or n % 11 == 10]
    assert reads["SHOP.OLD.ORDERS", Origin.ENGINE] == len(by_engine)
    assert ("SHOP.OLD.ORDERS", Origin.PARSED) not in reads
    selects = [n for n, s in STATEMENTS if s in SENTENCES[:2] and (n % 7 != 6 or n % 11 == 10)]
    told = [n for n in selects if n % 5 != 4 or n % 11 == 10]
    rescued = [n for n, s in STATEMENTS if s is SENTENCES[3] and (n % 7 != 6 or n % 11 == 10)]
    rescued = [n for n in rescued if n % 5 != 4 or n % 11 == 10]
    textless = [n for n, s in STATEMENTS if s in SENTENCES[5:7] and n % 11 == 10]
    assert reads["SHOP.PUBLIC.ORDERS", Origin.ENGINE] == len(told) + len(rescued) + len(textless)


tables = st.builds(
    StatedTable,
    st.sampled_from([("D", "S", "A"), ("D", "S", "B")]),
    columns=st.sets(st.sampled_from("xyz")).map(lambda names: tuple(sorted(names))),
)
several = st.none() | st.lists(tables, max_size=2, unique_by=lambda t: t.parts).map(
    lambda found: tuple(sorted(found))
)
edges = st.builds(
    StatedEdge, st.just(("D", "S", "A")), st.sampled_from("xy"), st.just(("D", "S", "B")),
    st.sampled_from("xy"),
)  # fmt: skip
stated = st.builds(
    Stated, several, several, st.sets(edges).map(lambda found: tuple(sorted(found))),
    st.sampled_from(["named", "beneath", "some"]),
)  # fmt: skip
rows = st.builds(
    Row,
    start=st.integers(-1, 3),
    text=st.sampled_from(["", "f", "g"]),
    weight=st.integers(0, 3),
    user=st.sampled_from(["", "ANA", "BEN"]),
    issuer=st.none() | st.builds(Issuer, st.just("dbt"), st.sampled_from("ab"), st.just("model")),
    stated=st.none() | stated,
    void=st.booleans(),
    start_by_text=st.booleans(),
    user_by_text=st.booleans(),
    issuer_by_text=st.booleans(),
)


@given(rows, rows, rows)
def test_merging_rows_does_not_depend_on_order(a, b, c):
    """Rows merge commutatively, associatively and idempotently."""
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(b).merge(b) == a.merge(b)


@given(st.dictionaries(st.binary(min_size=16, max_size=16), rows))
def test_packed_rows_come_back(found):
    """What is made small for the store is the same afterwards."""
    assert unpacked(packed(found)) == found

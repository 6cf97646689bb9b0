"""A long file is read in pieces by several processes, and tells what it tells as a whole."""

import csv
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import pipeline, portioning
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.files import pieces
from ingest.folding import gathered, portion_columns, portions
from ingest.folding.cells import latest_start
from ingest.folding.ledger import WIDTH
from ingest.folding.portions import OTHER, Portions
from ingest.folding.tally import single
from ingest.masking.many import ManyMasks
from ingest.pipeline import ImportOptions, import_paths
from ingest.planning import plan
from ingest.processes import Processes
from ingest.record import QueryRecord, ReadOptions
from lineage.errors import UnreadableInput
from lineage.hash import graph_hash
from lineage.stores import open_store

HEADER = "QUERY_ID,QUERY_TEXT,START_TIME,USER_NAME,EXECUTION_STATUS,SESSION_ID,QUERY_TYPE,NOTE"
BOOK = SourceBook.from_flags(SourceFlags(namespace="snowflake://shop"))
TEXTS = ("SELECT a FROM t", "SELECT\n  a,\n  'x \"\"y'\nFROM t", 'SELECT \'one, two\' FROM ""T""')
NO_TEXT = b"\xff\xc3"  # what stands in the file for U+FFFD
VALUES = ("7", "8.5", "'x'", "'é'", "'\ufffd'", "1", "0", "'/a'", "'it''s'", "-3")
TEXT = st.one_of(
    st.sampled_from(TEXTS),
    st.builds("SELECT a FROM t WHERE b = {} LIMIT {}".format, *[st.sampled_from(VALUES)] * 2),
    st.sampled_from(["SHOW TABLES", "NULL", "", "<redacted>", "SELECT 'open", "USE old"]),
)
START = st.one_of(
    st.builds("2026-10-{:02d} 10:00:{:02d}.{:03d} +0000".format, st.integers(1, 28),
              st.integers(0, 59), st.integers(0, 999)),
    st.sampled_from(["2026-10-07 10:00:00 +0000", "2099-01-01 00:00:00 +0000", "", "never"]),
)  # fmt: skip
ROW = st.builds(
    'q{},"{}",{},{},{},s{},{},{}'.format,
    st.integers(0, 999), TEXT, START, st.sampled_from(["ANA", "BEN"]),
    st.sampled_from(["SUCCESS"] * 4 + ["FAIL", "RUNNING"]), st.integers(0, 3),
    st.sampled_from(["SELECT"] * 4 + ["SHOW", "NULL"]), st.sampled_from(["", "x", '"two\nlines"']),
)  # fmt: skip
FIRST = 'q100,"SELECT 1",2026-10-01 10:00:00 +0000,ANA,SUCCESS,s1,SELECT,'
BROKEN = st.sampled_from(
    ["", "too,short", 'q7,"never closed,2026-10-01', 'q8,a "quote" inside,x,y,z,w,v,u', " "]
)
END = st.sampled_from(["\n", "\r\n"])
ENCODING = st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"])


class Here(Processes):
    """Does at once, and here, what it is asked for; `done`: how often."""

    done = 0

    def submit(self, task, given):
        """The result."""
        self.done += 1
        done = Future()
        done.set_result(task(given))
        return done


def told(path, beside, low=0):
    """What the file tells, record by record, and last how many records nobody must look at."""
    planned, _ = plan([str(path)], BOOK)
    (one,) = planned
    maker = Portions(one.source, ManyMasks(one.source.dialect), latest_start(), low)
    newest = -1
    tables, ignored = defaultdict(list), Counter()
    with closing(portioning.Reading(one.input)) as reading:
        for portion in reading.portions(one, ReadOptions(), maker, 7, beside):
            table = tables[portion.teller]
            assert portion.known == len(table)
            table += portion.variants
            yield from (record(portion, table, place) for place in range(len(portion.variant)))
            ignored.update(portion.ignored)
            newest = max(newest, portion.newest)
        losses = Counter(reading.losses)
    yield ignored + Counter(newest=newest) + losses


def record(portion, table, place):
    """A record of a portion, by itself."""
    if portion.variant[place] == OTHER:
        return portion.others[place]
    key = bytes(portion.keys[place * WIDTH : (place + 1) * WIDTH])
    session = portion.sessions[portion.session[place]]
    variant = table[portion.variant[place]]
    numbers = portion.line[place], portion.length[place]
    return single(variant, key, portion.start[place], session, *numbers)


def as_told(one):
    """A record without what differs between those of one variant."""
    if isinstance(one, Counter):
        return one
    text = one.masked.text if one.masked else one.read.text if hasattr(one.read, "text") else ""
    start = getattr(one.read, "start", getattr(one.read, "reason", ""))
    return type(one.read).__name__, one.key, one.read.line, start, text, one.length


def as_pieces_tell(path, size, low):
    """What it tells in pieces of this size, and as a whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE", size)
        patch.setattr(portioning, "WORTH_IT", 0)
        yield [as_told(one) for one in told(path, Here(2), low)]
        patch.setattr(portioning, "WORTH_IT", 1 << 60)
        yield [as_told(one) for one in told(path, Here(2), low)]


LOW = st.sampled_from([0, 1_790_000_000_000_000, 1_791_300_000_000_000])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(ROW, ROW, ROW, BROKEN), min_size=1), END, ENCODING, st.integers(40, 400), LOW
)
def test_pieces_tell_what_the_file_tells(tmp_path_factory, rows, end, encoding, size, low):
    """Whatever is broken in it, and wherever it is cut."""
    path = tmp_path_factory.mktemp("pieces") / "log.csv"
    text = end.join((HEADER, FIRST, *rows)).encode(encoding)
    path.write_bytes(text.replace("\ufffd".encode(), NO_TEXT))
    apart, whole = as_pieces_tell(path, size, low)
    assert apart == whole


@settings(max_examples=150, deadline=None)
@given(st.lists(ROW, min_size=30, max_size=60), END, st.integers(1000, 4000), LOW)
def test_columns_tell_what_the_rows_tell(tmp_path_factory, rows, end, size, low):
    """A record of each variant stands for all that differ in statement, time and literals."""
    path = tmp_path_factory.mktemp("columns") / "log.csv"
    path.write_text(end.join((HEADER, *rows)), newline="")
    made, rows_of = [], portion_columns.portion_of

    def noted(*given):
        made.append(rows_of(*given))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portion_columns, "portion_of", noted)
        apart, whole = as_pieces_tell(path, size, low)
    assert apart == whole
    assert None not in made
    assert sum(portion.size for portion in made) == len(rows)


CASES = Path(__file__).parent / "cases" / "formats"


@pytest.mark.parametrize("name", [
    "clickhouse-query-log.arrays", "clickhouse-query-log.csv", "redshift-query-history",
    "redshift-query-history.stl", "snowflake-query-history", "trino-queries",
])  # fmt: skip
def test_a_format_tells_by_column_what_it_tells_by_row(tmp_path, monkeypatch, name):
    """The rows of its case, many times over: of most only the variant is looked at."""
    header, rows = (CASES / name / "input.csv").read_text().split("\n", 1)
    path = tmp_path / "log.csv"
    path.write_text(header + "\n" + rows * 20)
    made, rows_of = [], portion_columns.portion_of
    monkeypatch.setattr(
        portion_columns, "portion_of", lambda *a: made.append(rows_of(*a)) or made[-1]
    )
    apart, whole = as_pieces_tell(path, 8 * len(header + rows), 0)
    assert apart == whole
    assert len(made) > 1
    assert None not in made


def rows(count):
    """So many rows of QUERY_HISTORY; a session now and then has a temporary table."""
    texts = (*TEXTS, "CREATE TEMPORARY TABLE x AS SELECT a FROM t", "SELECT a FROM x", "USE old")
    for n in range(count):
        text = texts[n * 7 % len(texts)].replace('""', '"')
        yield {"QUERY_ID": f"q{n}", "QUERY_TEXT": text, "USER_NAME": "ANA",
               "START_TIME": f"2026-10-{n % 28 + 1:02d} 10:00:{n % 60:02d} +0000",
               "EXECUTION_STATUS": "SUCCESS", "SESSION_ID": f"s{n // 50}"}  # fmt: skip


def as_csv(path):
    """The rows as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, next(iter(rows(1))))
        writer.writeheader()
        writer.writerows(rows(600))


def as_json_lines(path):
    """The rows as JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(600)))


def as_json(path):
    """The rows as one array of JSON, which cannot be cut."""
    path.write_text(json.dumps(list(rows(600)), indent=1))


@pytest.mark.parametrize("write", [as_csv, as_json_lines, as_json])
def test_two_processes_import_what_one_does(tmp_path, monkeypatch, write):
    """The graph, and the report to the line."""
    path = tmp_path / "log"
    write(path)
    told = []
    for workers, size in ((1, 4_000), (2, 4_000), (2, 9_000)):
        monkeypatch.setattr(pieces, "PIECE", size)
        monkeypatch.setattr(portioning, "WORTH_IT", 0)
        store = open_store(f"sqlite:///{tmp_path}/{workers}-{size}.db", create=True)
        report = import_paths(store, [str(path)], ImportOptions(BOOK, workers=workers))
        told.append((graph_hash(store), msgspec.structs.replace(report, seconds=0)))
    assert told[0] == told[1] == told[2]
    assert told[0][1].imported == 500


def test_what_is_known_of_variants_may_be_forgotten(tmp_path, monkeypatch):
    """By who makes portions and by who counts them, at any time; the graph is the same."""
    path, hashes = tmp_path / "log", set()
    as_csv(path)
    monkeypatch.setattr(pieces, "PIECE", 4_000)
    monkeypatch.setattr(portioning, "WORTH_IT", 0)
    for most, flush in ((50_000, 10_000), (2, 10_000), (2, 90), (50_000, 90)):
        monkeypatch.setattr(portions, "_MOST", most)
        monkeypatch.setattr(gathered, "_MANY", most)
        monkeypatch.setattr(pipeline, "FLUSH", flush)
        store = open_store(f"sqlite:///{tmp_path}/{most}-{flush}.db", create=True)
        assert import_paths(store, [str(path)], ImportOptions(BOOK, workers=1)).imported == 500
        hashes.add(graph_hash(store))
    assert len(hashes) == 1


def test_a_long_log_is_read_in_pieces(tmp_path, monkeypatch):
    """As long as its quotes are closed; then one process goes on where the pieces ended."""
    path, beside = tmp_path / "log.csv", Here(2)
    as_csv(path)
    monkeypatch.setattr(pieces, "PIECE", 4_000)
    monkeypatch.setattr(portioning, "WORTH_IT", 0)
    assert len(list(told(path, beside))) == 600 + 1
    assert beside.done > 10
    text = path.read_text()
    path.write_text(text.replace('q500,"SELECT', 'q500,"SELECT "broken', 1))
    *found, _ = (getattr(one, "read", None) for one in told(path, beside))
    assert sum(isinstance(one, QueryRecord) for one in found) >= 599


def test_a_piece_may_have_no_row(tmp_path, monkeypatch):
    """Blank lines, however many, are nothing to take in."""
    path = tmp_path / "log.csv"
    as_csv(path)
    path.write_text(path.read_text() + "\n" * 60_000)
    monkeypatch.setattr(pieces, "PIECE", 9_000)
    monkeypatch.setattr(portioning, "WORTH_IT", 0)
    store = open_store(f"sqlite:///{tmp_path}/blank.db", create=True)
    report = import_paths(store, [str(path)], ImportOptions(BOOK, workers=2))
    assert (report.read, report.dead_letters) == (600, {})


@pytest.mark.parametrize("now", [None, "id,text\n1"])
def test_a_file_that_went_while_it_was_read(tmp_path, now):
    """Or became shorter: the error says so, and what to do."""
    path = tmp_path / "log.csv"
    path.write_text("id,text\n1,SELECT 1\n")
    extent = pieces.Extent(path, 8, 11)
    assert extent.read() == b"1,SELECT 1\n"
    path.unlink()
    if now:
        path.write_text(now)
    with pytest.raises(UnreadableInput, match="import it again" if now else "No such file"):
        extent.read()


ASKS = """
import time
from ingest.processes import Processes

if __name__ == "__main__":
    print(Processes(1).submit(eval, "__import__('os').getpid()").result(), flush=True)
    time.sleep(600)
"""


def test_a_killed_import_leaves_no_process_behind(tmp_path):
    """Those beside it notice that nobody is left to give them work."""
    script = tmp_path / "asks.py"
    script.write_text(ASKS)
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
        beside = Path("/proc", asking.stdout.readline().strip())
        assert beside.exists()
        asking.kill()
    until = time.monotonic() + 60
    while beside.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not beside.exists()

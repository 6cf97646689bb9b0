"""An import by an engine tells what one that reads by itself tells, however its rows are parted."""

import csv
import sqlite3

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cli import cli
from ingest.engines import rounds
from ingest.engines.spark import Spark
from ingest.folding.fates import Fate
from ingest.folding.grouping import KEY
from ingest.folding.row_columns import NewRows, held_rows, with_rows
from ingest.folding.rows import Row, length_of, packed, unpacked, weight
from ingest.folding.verdicts import Held, Told, verdicts
from ingest.pipeline import import_paths
from ingest.record import QueryRecord
from lineage.errors import EngineUnavailable, UnreadableInput
from lineage.hash import graph_hash
from lineage.stores import open_store
from tests.engine_here import Here
from tests.trusted_logs import export, month, options

TEXTS = (
    "SELECT id FROM orders WHERE amount > 7",
    "SELECT id FROM orders WHERE amount > 1000",
    "INSERT INTO daily (day, total) SELECT now(), sum(amount) FROM orders",
    "SHOW TABLES",
    "USE SCHEMA other",
    "CREATE TEMPORARY TABLE t AS SELECT id, amount FROM orders",
    "SELECT id FROM t",
    "SELECT 'open FROM orders",
    "",
)
STARTS = (
    "2026-10-01 23:59:59.000 +0000", "2026-10-02 00:00:01.000 +0000",
    "2026-10-03 08:00:00.000 +0000", "2099-01-01 00:00:00.000 +0000", "", "never",
)  # fmt: skip
ROW = st.tuples(
    st.sampled_from([f"q{n}" for n in range(12)] * 3 + [""]),
    st.sampled_from(TEXTS[:3] * 4 + TEXTS),
    st.sampled_from(["ANA", "BEN"]),
    st.sampled_from(STARTS[:3] * 6 + STARTS),
    st.sampled_from(["s1", "s2", "s3", ""]),
    st.sampled_from(["SUCCESS"] * 8 + ["FAIL", "RUNNING"]),
)
GENERIC = ("query", "timestamp", "user", "session_id", "status")


def told(url, steps, **more):
    """What imports of these files leave behind: graph, reports and all that is kept beside them."""
    store = open_store(url, create=True)
    reports = [
        msgspec.structs.replace(import_paths(store, paths, options(**more)), seconds=0)
        for paths in steps
    ]
    assert all(report.balanced for report in reports)
    graph = graph_hash(store)
    store.close()
    database = sqlite3.connect(url.removeprefix("sqlite:///"))
    documents = set(
        database.execute("SELECT kind, key, body FROM documents WHERE kind != 'import'")
    )
    shards = set(database.execute("SELECT source, day, keys FROM shards"))
    database.close()
    return graph, reports, documents, shards


def without_ids(rows, path):
    """The rows as a log of which no other record tells."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(GENERIC)
        writer.writerows(
            [text, start, user, session, status] for _, text, user, start, session, status in rows
        )
    return str(path)


@settings(max_examples=20)
@given(
    st.lists(ROW, min_size=1, max_size=40),
    st.lists(ROW, max_size=20),
    st.integers(0, 40),
    st.integers(1, 5),
    st.sampled_from([0, 0, 0, 2]),
)
def test_it_tells_the_same(tmp_path_factory, first, second, overlap, parts, retain):
    """Duplicates, sessions, what nobody understands, what is in the store, and how it is parted."""
    folder = tmp_path_factory.mktemp("engines")
    files = [
        export(first, folder / "a.csv"),
        export([*first[:overlap], *second], folder / "b.csv"),
        without_ids(first, folder / "c.csv"),
        export(second + first, folder / "d.csv"),
    ]
    steps = [files[:1], files[1:3], files[3:], files]
    here = told(f"sqlite:///{folder}/here.db", steps, retain=retain)
    there = told(f"sqlite:///{folder}/there.db", steps, retain=retain, engine=Here(parts))
    assert there == here


def test_every_format_is_read_as_here(tmp_path, request):
    """One file of each, all in one import, and again."""
    cases = request.path.parent / "cases" / "formats"
    files = [str(one) for one in sorted(cases.glob("*/input*")) if "mapped" not in one.parts[-2]]
    here, there = (
        told(f"sqlite:///{tmp_path}/{name}.db", [files, files[::-1]], engine=engine)
        for name, engine in (("here", None), ("there", Here(2)))
    )
    # Events are read first, so none of their files stands behind a session.
    here, there = (
        (*one[:2], {d for d in one[2] if d[0] != "file"}, one[3]) for one in (here, there)
    )
    assert there == here
    assert here[1][0].read > 1000


def test_each_store_takes_it(fresh_url, tmp_path):
    """With sessions, dead letters and overlaps; the second time nothing is new."""
    rows = month()
    files = [export(rows[:60], tmp_path / "a.csv"), export(rows[40:], tmp_path / "b.csv")]
    found = []
    for engine in (None, Here()):
        store = open_store(fresh_url(), create=True)
        reports = [import_paths(store, files, options(engine=engine)) for _ in range(2)]
        found.append([graph_hash(store), *(msgspec.structs.replace(r, seconds=0) for r in reports)])
        store.close()
    assert found[0] == found[1]
    assert found[1][2].imported == 0


def test_a_killed_job_is_run_again(tmp_path, monkeypatch):
    """The rounds before the kill are in the store, with the ledger of what they counted."""
    monkeypatch.setattr(rounds, "ROUND", 1)
    rows = month(sessions=False)
    files = [export(rows[at : at + 20], tmp_path / f"{at}.csv") for at in range(0, 60, 20)]
    url = f"sqlite:///{tmp_path}/killed.db"
    store = open_store(url, create=True)
    with pytest.raises(ConnectionAbortedError):
        import_paths(store, files, options(engine=Here(fails=3)))
    store.close()
    killed = told(url, [files], engine=Here())
    clean = told(f"sqlite:///{tmp_path}/clean.db", [files])
    assert killed[0] == clean[0]
    assert killed[1][0].duplicate > 0
    assert killed[1][0].imported < clean[1][0].imported


def test_it_says_how_many_files_of_a_round_are_read(tmp_path, monkeypatch):
    """By number while they are read, and how much of all bytes; then each by name."""
    monkeypatch.setattr(rounds, "ROUND", 1)
    rows = month(sessions=False)
    files = [export(rows[at : at + 20], tmp_path / f"{at}.csv") for at in (0, 20)]
    seen = []
    store = open_store(f"sqlite:///{tmp_path}/a.db", create=True)
    import_paths(store, files, options(engine=Here()), seen.append)
    store.close()
    at = [(one.stage, one.file, one.done == one.total) for one in seen if one.file]
    assert at == [
        ("reading", "0 of 1 files", False), ("counting", "1 of 1 files", False),
        ("counting", files[0], False), ("reading", "0 of 1 files", False),
        ("counting", "1 of 1 files", True), ("counting", files[1], True),
    ]  # fmt: skip


def test_a_file_that_was_read_is_not_read_again(tmp_path):
    """Whoever reads it; its bytes decide."""
    file = export(month(sessions=False)[:4], tmp_path / "a.csv")
    url = f"sqlite:///{tmp_path}/a.db"
    told(url, [[file]])
    engine = Here()
    engine.count = None  # it is not asked
    _, (again,), _, _ = told(url, [[file]], engine=engine)
    assert again.duplicate == again.read == 4


def test_a_path_that_an_executor_does_not_see_is_an_error(tmp_path):
    """Nothing is imported, and the message says who sees what, and what to do."""
    file = export(month()[:6], tmp_path / "a.csv")

    class Elsewhere(Here):
        def tell(self, plan, done):
            (tmp_path / "a.csv").unlink()
            return super().tell(plan, done)

    store = open_store(f"sqlite:///{tmp_path}/a.db", create=True)
    with pytest.raises(UnreadableInput, match=r"executor \S+ cannot read .*a.csv.*: put it where"):
        import_paths(store, [file], options(engine=Elsewhere()))
    store.close()


def test_without_pyspark_it_says_what_to_install(tmp_path, monkeypatch):
    """Before anything is read."""
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with pytest.raises(EngineUnavailable, match=r"pip install 'lineage-usage\[spark\]'"):
        Spark()
    file = export(month()[:6], tmp_path / "a.csv")
    command = ["import", file, "--store", f"sqlite:///{tmp_path}/a.db", "--engine", "spark"]
    assert CliRunner().invoke(cli, command).exception.exit_code == 4
    assert CliRunner().invoke(cli, [*command, "--plan"]).exit_code == 2


KEYS = st.integers(0, 5).map(lambda n: bytes([n * 40] * 15 + [0]))
STATEMENT = st.tuples(
    KEYS, st.integers(0, 3), st.sampled_from([Fate.COUNTED, Fate.COUNTED, *Fate]), st.booleans(),
    st.sampled_from([b"a" * 16, b"b" * 16]), st.integers(1, 2), st.booleans(),
)  # fmt: skip


def judged(statements, held, doubtful):
    """The verdicts, each with the statement it is on."""
    key, day, fate, joins, variant, length, alone = (
        zip(*statements, strict=True) if statements else [()] * 7
    )
    start = np.array(day, np.int64) * 86_400_000_000
    joins, alone = np.array(joins, np.bool_), np.array(alone, np.bool_) & (np.array(length) == 2)
    user = np.zeros(len(key), np.int64)
    mine = Told(
        np.array(key, KEY), start, np.array(fate, np.int64), joins, np.array(variant, KEY),
        np.array(length, np.int64), user, alone,
    )  # fmt: skip
    keys, days, rows = zip(*held, strict=True) if held else [()] * 3
    day = np.array(days, np.int64)
    row = np.array(rows, np.bool_)
    none = np.zeros(len(day), np.int64)
    store = Held(np.array(keys, KEY), day, row, day * 86_400_000_000, none + 1, none, row & False)
    verdict, new = verdicts(mine, store, np.array(doubtful, KEY))
    return list(zip(statements, verdict.tolist(), new.tolist(), strict=True))


@given(
    st.lists(STATEMENT, max_size=30),
    st.lists(st.tuples(KEYS, st.integers(0, 3), st.booleans()), max_size=5),
    st.lists(KEYS, max_size=2),
    st.integers(1, 4),
)
def test_keys_can_be_judged_apart(statements, held, doubtful, parts):
    """What becomes of a statement hangs on those of its key alone, and every key is new once."""
    whole = judged(statements, held, doubtful)
    apart = []
    for part in range(parts):
        some = [[one for one in each if one[0][0] % parts == part] for each in (statements, held)]
        apart += judged(*some, [key for key in doubtful if key[0] % parts == part])
    assert sorted(whole) == sorted(apart)
    new = [(key, day) for (key, day, *_), _, is_new in whole if is_new]
    assert len(new) == len(set(new))


ROWS = st.dictionaries(
    st.integers(0, 255).map(lambda n: bytes([n] * 16)),
    st.builds(
        Row, st.integers(0, 99), st.integers(1, 2), st.sampled_from(["", "x", "y"]),
        st.integers(0, 9), st.sampled_from(["", "ANA", "BEN"]), void=st.booleans(),
        start_by_text=st.booleans(), runs=st.sampled_from([(), (), ("run",)]),
    ),
)  # fmt: skip


@given(ROWS, ROWS)
def test_rows_in_columns_are_rows(known, more):
    """Added to a document by column, they give the bytes that they give one by one."""
    more = {
        key: msgspec.structs.replace(row, runs=()) for key, row in more.items() if key not in known
    }
    kinds = [msgspec.structs.replace(row, start=-1, weight=0) for row in more.values()]
    added = NewRows(
        np.array([*more], KEY), np.array([row.start for row in more.values()], np.int64),
        np.array([row.weight for row in more.values()], np.int64), np.arange(len(more)), kinds,
    )  # fmt: skip
    body = with_rows(packed(known) if known else b"", [added] if more else [])
    assert body == packed(known | more)
    held = held_rows(body)
    assert held.start.tolist() == [row.start for row in unpacked(body).values()]
    assert [held.users[user] for user in held.user] == [row.user for row in unpacked(body).values()]


@given(st.integers(0, 10**6), st.booleans(), st.sampled_from(["", "DB"]), st.booleans())
def test_a_weight_tells_the_length(length, complete, database, schema):
    """Of the text that it is the weight of."""
    record = QueryRecord("x", 0, database=database, schema="s" if schema else "")
    assert length_of(weight(record, length, complete=complete)) == length

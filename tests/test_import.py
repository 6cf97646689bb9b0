"""An import can be trusted: exactly once, in any order, whatever happens, nothing silent."""

import csv
import gzip
import itertools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.declared.catalogs import Catalogue
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, import_paths
from lineage.hash import graph_hash
from lineage.model import EdgeType
from lineage.stores import open_store

HEADER = ("query_id", "query_text", "user_name", "start_time", "session_id", "execution_status")
NAMESPACE = "snowflake://shop"
COLUMNS = {"SHOP.PUBLIC.ORDERS": {"ID": "INT", "AMOUNT": "NUMBER", "STATUS": "VARCHAR"}}


def log(rows, path):
    """A Snowflake export with these (text, user, day, session) rows; the file it was written to."""
    opened = gzip.open if path.suffix == ".gz" else Path.open
    with opened(path, "wt", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows)
    return str(path)


def row(number, text, user="ANA", day=1, status="SUCCESS", session="s1"):
    """One row of the export."""
    start = f"2026-10-{day:02d} 08:00:{number % 60:02d}.{number // 60:03d} +0000"
    return (f"q{number}", text, user, start, session, status)


def month():
    """A small month: reads, writes, a view, a star over a table made in the log, temporaries."""
    texts = [
        "SELECT id, sum(amount) FROM orders WHERE status = 'x{n}' GROUP BY 1",
        "INSERT INTO daily (day, total) SELECT now(), sum(amount) FROM orders WHERE id > {n}",
        "CREATE OR REPLACE TABLE big AS SELECT * FROM orders WHERE amount > {n}",
        "SELECT * FROM big WHERE status = 'y{n}'",
        "CREATE OR REPLACE VIEW v AS SELECT id, amount AS a FROM orders",
        "SELECT a FROM v WHERE id = {n}",
        "MERGE INTO daily d USING big b ON d.day = b.id"
        " WHEN MATCHED THEN UPDATE SET total = b.amount",
    ]
    users = ["ANA", "BEN", "SVC_ETL"]
    numbers = itertools.count()
    return [
        row(next(numbers), text.format(n=n), users[(n + i) % 3], day=1 + (n * 7 + i) % 28)
        for n in range(40)
        for i, text in enumerate(texts)
    ]


def options(catalogues=(), workers=1):
    """Options of an import into the namespace of these tests."""
    flags = SourceFlags(namespace=NAMESPACE, default_db="SHOP", default_schema="PUBLIC")
    return ImportOptions(SourceBook.from_flags(flags), catalogues, workers=workers)


CATALOGUE = (Catalogue(NAMESPACE, COLUMNS),)


def graph_of(tmp_path, name, *imports, catalogues=CATALOGUE):
    """The hash after these imports, each a list of paths; and the last report."""
    store = open_store(f"sqlite:///{tmp_path / name}.db", create=True)
    for paths in imports:
        report = import_paths(store, paths, options(catalogues))
        assert report.balanced
    return graph_hash(store), report


@pytest.fixture
def whole(tmp_path):
    """The month in one file, and the hash of importing it once."""
    path = log(month(), tmp_path / "month.csv")
    return path, graph_of(tmp_path, "whole", [path])[0]


def test_the_same_file_twice_adds_nothing(tmp_path, whole):
    """A second import finds every statement counted and changes nothing."""
    path, expected = whole
    found, report = graph_of(tmp_path, "twice", [path], [path])
    assert found == expected
    assert (report.imported, report.duplicate) == (0, len(month()))


@pytest.mark.parametrize("seed", range(4))
def test_split_shuffled_overlapping_and_compressed_files_give_the_same_graph(tmp_path, whole, seed):
    """However the month is cut into files and imports, the graph is that of one clean import."""
    pick = random.Random(seed)
    rows = month()
    pick.shuffle(rows)
    cuts = sorted(pick.sample(range(1, len(rows)), 3))
    pieces = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    pieces[1] = pieces[1] + pieces[0][:20]  # an overlap
    suffixes = [".csv", ".csv.gz", ".csv", ".csv.gz"]
    paths = [log(p, tmp_path / f"{i}{suffixes[i]}") for i, p in enumerate(pieces)]
    found, _ = graph_of(tmp_path, "split", paths[:2], paths[2:3], [*paths[3:], paths[0]])
    assert found == whole[1]


def test_a_catalogue_that_comes_late_gives_the_graph_of_one_that_came_first(tmp_path, whole):
    """Stars that were unknown at first are expanded when the columns become known."""
    path, expected = whole
    store = open_store(f"sqlite:///{tmp_path / 'late'}.db", create=True)
    import_paths(store, [path], options())
    assert graph_hash(store) != expected
    import_paths(store, [path], options(CATALOGUE))
    assert graph_hash(store) == expected


def test_several_processes_give_the_graph_of_one(tmp_path, whole, monkeypatch):
    """The pool changes nothing but the time."""
    monkeypatch.setattr("ingest.deriving.analysing._WORTH_A_POOL", 1)
    store = open_store(f"sqlite:///{tmp_path / 'pool'}.db", create=True)
    import_paths(store, [whole[0]], options(CATALOGUE, workers=2))
    assert graph_hash(store) == whole[1]


def command(store, *arguments):
    """An import as a user runs it."""
    return [
        sys.executable, "-m", "app.cli", "import", *arguments, "--store", store, "--namespace",
        NAMESPACE, "--default-db", "SHOP", "--default-schema", "PUBLIC", "--format", "json",
    ]  # fmt: skip


def run(*arguments, store, check=True):
    """A finished import."""
    done = subprocess.run(command(store, *arguments), capture_output=True, text=True, check=False)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def test_temporary_tables_are_seen_through(tmp_path):
    """What a session fills a temporary table with feeds what it makes of the table."""
    rows = [
        row(1, "CREATE TEMPORARY TABLE t AS SELECT id, amount FROM orders", session="a"),
        row(2, "INSERT INTO daily (day, total) SELECT id, amount FROM t", session="a"),
        row(3, "CREATE TEMPORARY TABLE t AS SELECT id FROM customers", session="b"),
    ]
    store = open_store(f"sqlite:///{tmp_path / 'temp'}.db", create=True)
    import_paths(store, [log(rows, tmp_path / "t.csv")], options())
    datasets = {node.id.name for node in store.scan_nodes("Dataset")}
    assert datasets == {"SHOP.PUBLIC.ORDERS", "SHOP.PUBLIC.DAILY", "SHOP.PUBLIC.CUSTOMERS"}
    feeds = {
        (edge.key.source.name, edge.key.target.name) for edge in store.scan_edges([EdgeType.FEEDS])
    }
    assert feeds == {("ID", "DAY"), ("AMOUNT", "TOTAL")}
    readers = {
        (edge.key.source.name, type(edge.key.target).__name__)
        for edge in store.scan_edges([EdgeType.READ_BY])
    }
    assert readers == {("SHOP.PUBLIC.ORDERS", "JobId"), ("SHOP.PUBLIC.CUSTOMERS", "ConsumerId")}


def test_temporary_tables_in_overlapping_exports(tmp_path):
    """A session told twice, as overlapping exports do, is the session told once."""
    rows = [
        row(1, "CREATE TEMPORARY TABLE t AS SELECT id, amount FROM orders", session="a"),
        row(2, "INSERT INTO t SELECT id, total FROM returns", session="a"),
        row(3, "INSERT INTO daily (day, total) SELECT id, amount FROM t", session="a"),
    ]
    once, _ = graph_of(tmp_path, "once", [log(rows, tmp_path / "a.csv")])
    overlap = [log(rows[:2], tmp_path / "b.csv"), log(rows, tmp_path / "c.csv")]
    assert graph_of(tmp_path, "twice", overlap)[0] == once


def test_a_text_of_several_statements_ran_once(tmp_path):
    """A script counts once as run, also when a late catalogue derives it again."""
    script = "INSERT INTO daily (day, total) SELECT id, amount FROM orders; DELETE FROM daily"
    path = log([row(1, script)], tmp_path / "s.csv")
    store = open_store(f"sqlite:///{tmp_path / 'script'}.db", create=True)
    for catalogues in ((), CATALOGUE):
        import_paths(store, [path], options(catalogues))
        assert {edge.activity.total for edge in store.scan_edges([EdgeType.RAN])} == {1}


def test_use_holds_for_its_session_only(tmp_path):
    """USE changes what later names of the session mean, and of no other session."""
    rows = [
        row(1, "USE SCHEMA OTHER", session="a"),
        row(2, "SELECT id FROM t", session="a"),
        row(3, "SELECT id FROM t", session="b"),
    ]
    store = open_store(f"sqlite:///{tmp_path / 'use'}.db", create=True)
    import_paths(store, [log(rows, tmp_path / "u.csv")], options())
    assert {n.id.name for n in store.scan_nodes("Dataset")} == {"SHOP.OTHER.T", "SHOP.PUBLIC.T"}


def test_every_record_is_accounted_for(tmp_path):
    """Failed, without lineage, unparsable, from the future: each is counted with its reason."""
    rows = [
        row(1, "SELECT id FROM orders"),
        row(2, "SELECT nope FROM orders", status="FAIL"),
        row(3, "COMMIT"),
        row(4, "SELECT FROM WHERE ((("),
        ("q5", "SELECT id FROM orders", "ANA", "2999-01-01 00:00:00.000 +0000", "s", "SUCCESS"),
        row(6, "SELECT 'unclosed FROM orders"),
        ("q7", "SELECT id FROM orders", "ANA", "yesterday", "s", "SUCCESS"),
    ]
    _, report = graph_of(tmp_path, "funnel", [log(rows, tmp_path / "f.csv")])
    assert (report.read, report.imported) == (7, 1)
    assert report.ignored == {"failed": 1, "no_lineage": 1}
    assert sum(report.dead_letters.values()) == 4


BAD = {
    "missing": (["nowhere.csv"], 3, "nowhere.csv"),
    "empty": (["empty.csv"], 3, "nothing to read"),
    "unknown format": (["notes.txt"], 3, "unknown format"),
    "unknown --source": (["good.csv", "--source", "teradata"], 3, "no format 'teradata'"),
    "bad --map": (["good.csv", "--map", "text"], 2, "text=query"),
    "no such sources.yml": (["good.csv", "--sources", "no.yml"], 3, "no.yml"),
    "broken sources.yml": (["good.csv", "--sources", "broken.yml"], 3, "broken.yml"),
    "broken catalogue": (["good.csv", "--catalog", "notes.txt"], 3, "notes.txt"),
    "owners without columns": (["good.csv", "--owners", "notes.txt"], 3, "notes.txt"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_a_message_and_an_exit_code(tmp_path, monkeypatch, case):
    """What is wrong, where, and what to do; never a traceback."""
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "notes.txt").write_text("Dear diary,\ntoday I exported nothing.\n")
    (tmp_path / "broken.yml").write_text("sources: [\n")
    log([row(1, "SELECT id FROM orders")], tmp_path / "good.csv")
    arguments, code, message = BAD[case]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        command("sqlite:///graph.db", *arguments),
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_standard_input(tmp_path):
    """`-` reads standard input, and running it twice counts once."""
    data = Path(log(month(), tmp_path / "m.csv")).read_text()
    store = f"sqlite:///{tmp_path / 'stdin.db'}"
    for expected in (len(month()), 0):
        done = subprocess.run(
            command(store, "-"), input=data, capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout)["imported"] == expected


def test_no_literal_reaches_the_store(tmp_path):
    """Values stay out of the graph, of dead letters and of names, whatever became of the record."""
    secret = "s3cr3t-4711"
    rows = [
        row(1, f"SELECT id FROM orders WHERE status = '{secret}' -- {secret}"),
        row(2, f"INSERT INTO daily (day, total) VALUES ('{secret}', 47114711)"),
        row(3, f"SELECT FROM WHERE '{secret}' ((("),
        row(4, f"SELECT '{secret}"),
        row(5, f"CREATE TABLE big AS SELECT '{secret}' AS s, 47114711 AS n FROM orders"),
        row(6, f"SELECT id FROM orders WHERE nope = '{secret}'", status="FAIL"),
    ]
    path = tmp_path / "secret.csv"
    log(rows, path)
    with path.open("a") as file:
        file.write(f'q7,"SELECT {secret!r} FROM orders,ANA,broken')
    graph_of(tmp_path, "private", [str(path)])
    held = b"".join(file.read_bytes() for file in tmp_path.glob("private.db*"))
    assert b"ORDERS" in held
    assert secret.encode() not in held
    assert b"47114711" not in held

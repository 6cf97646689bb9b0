"""What a star stood for on each day: column lists in time, whatever order they were learned in."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest

from ingest.declared.catalogs import Catalogue, read_catalogue
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, import_paths
from lineage.calendar import day_of
from lineage.errors import UnreadableInput
from lineage.hash import graph_hash
from lineage.model import EdgeType
from lineage.stores import open_store

CASES = Path(__file__).parent / "cases" / "catalogues"
BEFORE_OCTOBER = day_of("2026-09-30")
NAMESPACE = "snowflake://shop"
HEADER = ("query_id", "query_text", "user_name", "start_time", "session_id", "execution_status")
ORDERS = Catalogue(NAMESPACE, {"SHOP.PUBLIC.ORDERS": {"ID": "INT", "AMOUNT": "NUMBER"}})


def log(path, rows):
    """A Snowflake export of (day of October 2026, hour, text, user) rows; its path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number, (day, hour, text, user) in enumerate(rows):
            start = f"2026-10-{day:02d} {hour:02d}:00:00.000 +0000"
            key = f"{day}.{hour}.{user}.{text}"
            writer.writerow((key, text, user, start, f"s{number}", "SUCCESS"))
    return str(path)


def events(path, lists):
    """OpenLineage events, each of a run that wrote a table of these columns; the path."""
    table = {"namespace": NAMESPACE, "name": "SHOP.PUBLIC.FED"}
    with path.open("w", encoding="utf-8") as file:
        for day, columns in lists:
            facet = {"schema": {"fields": [{"name": name, "type": "INT"} for name in columns]}}
            event = {
                "eventType": "COMPLETE", "eventTime": f"2026-10-{day:02d}T05:00:00Z",
                "run": {"runId": f"run-{day}"}, "job": {"namespace": "etl", "name": "feed"},
                "inputs": [], "outputs": [{**table, "facets": facet}],
            }  # fmt: skip
            file.write(json.dumps(event) + "\n")
    return str(path)


def filled(tmp_path, name, *imports):
    """A store after these imports, each (paths, catalogues)."""
    store = open_store(f"sqlite:///{tmp_path / name}.db", create=True)
    for paths, catalogues in imports:
        imported(store, paths, catalogues)
    return store


def imported(store, paths, catalogues=()):
    """Imports into a store, with nothing left unexplained."""
    flags = SourceFlags(namespace=NAMESPACE, default_db="SHOP", default_schema="PUBLIC")
    options = ImportOptions(SourceBook.from_flags(flags), tuple(catalogues), workers=1)
    report = import_paths(store, paths, options)
    assert report.balanced
    assert not report.dead_letters


def used(store, wanted=lambda edge: True, dataset="ORDERS"):
    """Column → days of October on which it was read."""
    found: dict[str, set[int]] = {}
    for edge in filter(wanted, store.scan_edges([EdgeType.USED_BY])):
        column = edge.key.source
        if column.dataset.name == f"SHOP.PUBLIC.{dataset}":
            days = {day - BEFORE_OCTOBER for day in edge.activity.days}
            found.setdefault(column.name, set()).update(days)
    return found


STAR = "SELECT * FROM orders"
MADE = (1, 6, "CREATE TABLE orders (id INT, amount NUMBER)", "DBA")
READ = [(day, 8, STAR, "ANA") for day in (2, 5, 8)]


def altered(day, what):
    """A change of the orders at noon of a day."""
    return (day, 12, f"ALTER TABLE orders {what}", "DBA")


def listed(day, *names):
    """An export of the orders at midnight of a day; without one for 0."""
    at = f"2026-10-{day:02d}T00:00:00.000000Z" if day else ""
    return Catalogue(NAMESPACE, {"SHOP.PUBLIC.ORDERS": dict.fromkeys(names, "INT")}, at)


# rows beside the three reads, catalogues, and the days on which a star stood for each column
TIMELINES = {
    "added": ([MADE, altered(4, "ADD note TEXT")], [],
              {"ID": {2, 5, 8}, "AMOUNT": {2, 5, 8}, "NOTE": {5, 8}}),
    "added before a read of the day": ([MADE, altered(5, "ADD note TEXT")], [],
                                       {"ID": {2, 5, 8}, "AMOUNT": {2, 5, 8}, "NOTE": {5, 8}}),
    "dropped": ([MADE, altered(6, "DROP COLUMN amount")], [],
                {"ID": {2, 5, 8}, "AMOUNT": {2, 5}}),
    "renamed": ([MADE, altered(4, "RENAME COLUMN amount TO total")], [],
                {"ID": {2, 5, 8}, "AMOUNT": {2}, "TOTAL": {5, 8}}),
    "dropped and made again": (
        [MADE, (4, 1, "DROP TABLE orders", "DBA"),
         (4, 2, "CREATE TABLE orders (number INT)", "DBA")], [],
        {"ID": {2}, "AMOUNT": {2}, "NUMBER": {5, 8}}),
    "made again, but only if it is not there": (
        [MADE, altered(2, "ADD note TEXT"),
         (4, 1, "CREATE TABLE IF NOT EXISTS orders (id INT)", "DBA")], [],
        {"ID": {2, 5, 8}, "AMOUNT": {2, 5, 8}, "NOTE": {2, 5, 8}}),
    "made again of columns that nobody told": (
        [MADE, (4, 1, "CREATE OR REPLACE TABLE orders AS SELECT * FROM unheard", "DBA")], [],
        {"ID": {2}, "AMOUNT": {2}, "*": {5, 8}}),
    "exchanged for another": (
        [MADE, (3, 1, "CREATE TABLE fresh (id INT, total INT)", "DBA"),
         altered(4, "SWAP WITH fresh")], [],
        {"ID": {2, 5, 8}, "AMOUNT": {2}, "TOTAL": {5, 8}}),
    "built beside and renamed": (
        [MADE, (4, 1, "CREATE TABLE tmp (id INT, total INT)", "DBA"),
         (4, 2, "DROP TABLE orders", "DBA"),
         (4, 3, "ALTER TABLE tmp RENAME TO orders", "DBA")], [],
        {"ID": {2, 5, 8}, "AMOUNT": {2}, "TOTAL": {5, 8}}),
    "copied from what another was then": (
        [(1, 1, "CREATE TABLE source (id INT)", "DBA"),
         (3, 1, "CREATE TABLE orders LIKE source", "DBA"),
         (4, 1, "ALTER TABLE source ADD note TEXT", "DBA")], [],
        {"*": {2}, "ID": {5, 8}}),
    "known only from later on": (
        [(9, 1, "CREATE TABLE orders (id INT)", "DBA")], [], {"ID": {2, 5, 8}}),
    "a catalogue of after the change": (
        [altered(4, "ADD note TEXT")], [listed(0, "ID", "NOTE")],
        {"ID": {2, 5, 8}, "NOTE": {5, 8}}),
    "a catalogue of before the change": (
        [altered(4, "ADD note TEXT")], [listed(0, "ID")], {"ID": {2, 5, 8}, "NOTE": {5, 8}}),
    "a catalogue of after a column was dropped": (
        [altered(4, "DROP COLUMN note")], [listed(0, "ID")], {"ID": {2, 5, 8}, "NOTE": {2}}),
    "a catalogue fills in what is told nowhere else": (
        [(4, 1, "CREATE OR REPLACE TABLE orders AS SELECT * FROM unheard", "DBA")],
        [listed(0, "ID")], {"ID": {2, 5, 8}}),
    "catalogues with their dates": (
        [], [listed(1, "ID"), listed(5, "ID", "NOTE"), listed(7, "NOTE")],
        {"ID": {2, 5}, "NOTE": {5, 8}}),
}  # fmt: skip


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("name", TIMELINES)
def test_a_star_stands_for_the_columns_of_its_day(tmp_path, name, late):
    """What was told of a table holds from its time on, also when it is imported last."""
    told, catalogues, expected = TIMELINES[name]
    reads = ([log(tmp_path / "reads.csv", READ)], [])
    news = ([log(tmp_path / "told.csv", [*told, (9, 9, "COMMIT", "DBA")])], catalogues)
    store = filled(tmp_path, "store", *([reads, news] if late else [news, reads]))
    assert used(store, lambda edge: edge.key.target.name == "ANA") == expected


def test_a_schema_that_events_carry_holds_from_its_event_on(tmp_path):
    """A star reads the columns that the job wrote last, whichever file came first."""
    reads = log(tmp_path / "r.csv", [(d, 8, "SELECT * FROM fed", "ANA") for d in (1, 3, 6)])
    written = events(tmp_path / "e.ndjson", [(2, ("A", "B")), (5, ("B", "C"))])
    store = filled(tmp_path, "s", ([reads], []), ([written], []))
    assert used(store, dataset="FED") == {"A": {1, 3}, "B": {1, 3, 6}, "C": {6}}


def test_a_table_that_is_built_out_of_itself_grows_by_the_day(tmp_path):
    """Each build met the columns that the last one left, not its own."""
    build = "CREATE OR REPLACE TABLE orders AS SELECT *, 1 AS one FROM orders"
    rows = [(3, 2, build, "DBA"), (4, 2, build, "DBA"), *READ]
    store = filled(tmp_path, "s", ([log(tmp_path / "r.csv", rows)], [ORDERS]))
    found = used(store, lambda edge: edge.key.target.name == "ANA")
    assert found == {"ID": {2, 5, 8}, "AMOUNT": {2, 5, 8}, "ONE": {5, 8}}


def test_a_column_that_came_back_is_not_dropped(tmp_path):
    """The facts of a column are those of today."""
    rows = [MADE, altered(2, "DROP COLUMN amount"), altered(3, "DROP COLUMN id"),
            altered(4, "ADD amount INT")]  # fmt: skip
    store = filled(tmp_path, "s", ([log(tmp_path / "r.csv", rows)], []))
    columns = {node.id.name: node.value("dropped") for node in store.scan_nodes("Column")}
    assert columns == {"ID": "true", "AMOUNT": "false"}


def test_the_fields_of_a_structure_are_no_columns_of_a_star(tmp_path):
    """They are in the graph with their path; a star stands for the structure."""
    catalogue = listed(0, "ID", "ADDRESS", "ADDRESS.CITY")
    store = filled(tmp_path, "s", ([log(tmp_path / "r.csv", READ)], [catalogue]))
    assert used(store) == {"ID": {2, 5, 8}, "ADDRESS": {2, 5, 8}}
    assert "ADDRESS.CITY" in {node.id.name for node in store.scan_nodes("Column")}


def test_a_change_of_today_leaves_what_was_derived_before(tmp_path, monkeypatch):
    """Work grows with what is new: nothing of the store is derived again for it."""
    store = filled(tmp_path, "s", ([log(tmp_path / "r.csv", [MADE, *READ])], []))
    monkeypatch.setattr("ingest.deriving.settling.cells_naming", None)
    new = log(tmp_path / "n.csv", [altered(9, "ADD note TEXT"), (9, 13, STAR, "ANA")])
    imported(store, [new])
    assert used(store)["NOTE"] == {9}


CHANGES = [
    "CREATE OR REPLACE TABLE orders (id INT, amount NUMBER, status TEXT)",
    "CREATE OR REPLACE TABLE orders (amount NUMBER, id INT)",
    "CREATE TABLE IF NOT EXISTS orders (id INT, other INT)",
    "ALTER TABLE orders ADD COLUMN note TEXT",
    "ALTER TABLE orders DROP COLUMN amount",
    "ALTER TABLE orders RENAME COLUMN note TO remark",
    "DROP TABLE orders",
    "CREATE OR REPLACE TABLE big AS SELECT * FROM orders",
    "CREATE OR REPLACE VIEW v AS SELECT * FROM big",
    "CREATE OR REPLACE TABLE fresh AS SELECT *, 1 AS one FROM v",
    "ALTER TABLE orders SWAP WITH fresh",
    "ALTER TABLE big RENAME TO orders",
    "CREATE TABLE spare LIKE orders",
]
READS = [
    "SELECT * FROM orders",
    "SELECT * FROM v WHERE id = 1",
    "INSERT INTO target SELECT * FROM big",
    "SELECT * FROM fresh JOIN orders USING (id)",
    "SELECT * FROM fed",
    "SELECT * FROM spare",
]


def story(pick):
    """A month of changes and of statements that every one of them may touch."""
    rows = {(pick.randint(1, 28), pick.randint(0, 23), text, "DBA")
            for text in CHANGES for _ in range(pick.choice((0, 1, 1, 2, 4)))}  # fmt: skip
    rows |= {(pick.randint(1, 28), pick.randint(0, 23), text, pick.choice(("ANA", "BEN")))
             for text in READS for _ in range(12)}  # fmt: skip
    lists = [("A", "B"), ("A",), ("B", "A", "C")]
    return sorted(rows), [(pick.randint(1, 28), pick.choice(lists)) for _ in range(5)]


@pytest.mark.parametrize("seed", range(12))
def test_the_order_in_which_columns_are_learned_never_shows(tmp_path, seed):
    """DDL, schemas and catalogues late, early, in pieces and overlapping give one graph."""
    pick = random.Random(seed)
    rows, lists = story(pick)
    catalogues = [ORDERS] if seed % 2 else []
    whole = [log(tmp_path / "all.csv", rows), events(tmp_path / "all.ndjson", lists)]
    expected = graph_hash(filled(tmp_path, "whole", (whole, catalogues)))
    pick.shuffle(rows)
    quarter = len(rows) // 4 + 1
    pieces = [
        [log(tmp_path / f"{start}.csv", [*rows[start : start + quarter], pick.choice(rows)])]
        for start in range(0, len(rows), quarter)
    ]
    pieces.append([events(tmp_path / "some.ndjson", lists[:2])])
    pieces.append([events(tmp_path / "rest.ndjson", lists[1:])])
    pick.shuffle(pieces)
    late = pick.randrange(len(pieces))
    imports = [(paths, catalogues if n == late else []) for n, paths in enumerate(pieces)]
    assert graph_hash(filled(tmp_path, "pieces", *imports)) == expected


def test_every_store_learns_the_same(tmp_path, fresh_urls):
    """Late DDL and late schemas give one graph on both stores."""
    rows, lists = story(random.Random(3))
    late = [log(tmp_path / "late.csv", rows[:40]), events(tmp_path / "e.ndjson", lists)]
    hashes = set()
    for url in fresh_urls():
        store = open_store(url, create=True)
        imported(store, [log(tmp_path / "first.csv", rows[40:])])
        imported(store, late, [ORDERS])
        hashes.add(graph_hash(store))
        store.close()
    assert len(hashes) == 1


def read_case(case):
    """The file of a case as `expected.json` has it."""
    (file,) = (one for one in case.iterdir() if one.name not in ("expected.json", "source.txt"))
    try:
        found = read_catalogue(file, NAMESPACE)
    except UnreadableInput as error:
        return {"error": str(error).replace(str(file), file.name)}
    tables = {name: [[*pair] for pair in columns.items()] for name, columns in found.tables.items()}
    return {"at": found.at, "tables": tables}


@pytest.mark.parametrize("case", sorted(case.name for case in CASES.iterdir()))
def test_a_catalogue_is_told_by_its_content(case):
    """Tables and columns in their order; a file that is none says what, where and what to do."""
    assert read_case(CASES / case) == json.loads((CASES / case / "expected.json").read_text())
    assert len((CASES / case / "source.txt").read_text()) > 20

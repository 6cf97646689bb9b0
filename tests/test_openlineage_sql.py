"""The sql facet: a text adds columns and roles to what events name, in any order."""

import itertools
import json
import random

import pytest

from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, import_paths
from lineage.hash import graph_hash
from lineage.model import EdgeType, Origin
from lineage.names import JobId
from lineage.stores import open_store

NAMESPACE = "postgres://shop:5432"
JOB = JobId("airflow", "daily.load")
BOOK = SourceBook.from_flags(SourceFlags(NAMESPACE, "postgres", "shop", "public"))
OPTIONS = ImportOptions(BOOK, workers=1)


@pytest.fixture
def importing(tmp_path):
    """Imports events, each list of them for itself, into one store."""
    numbers = itertools.count()
    opened = []

    def run(*imports, url=None):
        store = open_store(url or f"sqlite:///{tmp_path}/{next(numbers)}.db", create=True)
        opened.append(store)
        for events in imports:
            path = tmp_path / f"{next(numbers)}.ndjson"
            path.write_text("".join(json.dumps(event) + "\n" for event in events))
            report = import_paths(store, [str(path)], OPTIONS)
            assert report.balanced
        run.report = report
        return store

    yield run
    for store in opened:
        store.close()


def dataset(name, columns=(), namespace=NAMESPACE, **facets):
    """A dataset of an event."""
    if columns:
        facets["schema"] = {"fields": [{"name": one, "type": "int"} for one in columns]}
    return {"namespace": namespace, "name": name, "facets": facets}


def event(type_, minute, sql="", inputs=(), outputs=(), run="r1", job=JOB.name, **facets):
    """A RunEvent of the job."""
    facet = {"sql": {"query": sql, **facets}} if sql else {}
    return {
        "eventType": type_,
        "eventTime": f"2026-10-01T00:{minute:02d}:00Z",
        "run": {"runId": run},
        "job": {"namespace": JOB.namespace, "name": job, "facets": facet},
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


INSERT = (
    "INSERT INTO daily (day, total) SELECT o.day, sum(o.amount) FROM orders o"
    " JOIN customers c ON o.customer = c.id WHERE c.country = 'secret' GROUP BY o.day"
)
ORDERS, CUSTOMERS = dataset("shop.public.orders"), dataset("shop.public.customers")
DAILY = dataset("shop.public.daily")


def columns(store, job=None):
    """`dataset.column ROLE` of what jobs use, and `dataset.column > column` of what they feed."""
    found = set()
    for edge in store.scan_edges([EdgeType.USED_BY, EdgeType.FEEDS]):
        source = f"{edge.key.source.dataset.name}.{edge.key.source.name}"
        if job in (None, edge.key.target, edge.key.via):
            found.add(
                f"{source} > {edge.key.target.name}"
                if edge.key.type is EdgeType.FEEDS
                else f"{source} {edge.key.role}"
            )
    return found


EXPECTED = {
    "shop.public.orders.day > day",
    "shop.public.orders.amount > total",
    "shop.public.orders.day IDENTITY",
    "shop.public.orders.day GROUP_BY",
    "shop.public.orders.amount AGGREGATION",
    "shop.public.orders.customer JOIN",
    "shop.public.customers.id JOIN",
    "shop.public.customers.country FILTER",
}


def test_a_text_adds_columns_and_roles(importing):
    """Where no event tells columns, the text does, for the tables that the events name."""
    store = importing([event("COMPLETE", 1, INSERT, [ORDERS, CUSTOMERS], [DAILY])])
    assert columns(store) == EXPECTED
    (query,) = store.scan_nodes("Query")
    assert "secret" not in query.value("sql")
    (ran,) = store.scan_edges([EdgeType.RAN])
    assert (ran.key.source, ran.key.target, ran.activity.total) == (JOB, query.id, 1)
    for edge in store.scan_edges([EdgeType.USED_BY, EdgeType.FEEDS, EdgeType.READ_BY]):
        assert edge.activity.total == 1


def pieces():
    """What several events tell of three runs, the text apart from the tables."""
    star = "CREATE TABLE copy AS SELECT * FROM orders"
    wide = dataset("shop.public.orders", ["day", "amount", "customer"])
    return [
        event("START", 1, INSERT),
        event("RUNNING", 2, inputs=[ORDERS, CUSTOMERS]),
        event("COMPLETE", 3, INSERT, outputs=[DAILY]),
        event("START", 4, INSERT, [ORDERS], run="r2"),
        event("COMPLETE", 5, run="r2", outputs=[DAILY]),
        event("START", 6, star, [wide], run="r3", job="copies"),
        event("COMPLETE", 7, outputs=[dataset("shop.public.copy")], run="r3", job="copies"),
        event("COMPLETE", 8, outputs=[wide], run="r4", job="loads"),
        event("START", 9, "SELECT amount FROM orders", [ORDERS], run="r5", job="reads"),
        event("FAIL", 10, run="r5", job="reads"),
        event("START", 11, "SELECT day FROM orders WHERE amount > 7", run="r6", job="reads"),
        event("COMPLETE", 12, inputs=[ORDERS], run="r6", job="reads"),
    ]


def test_order_repetition_and_splits_never_show(importing):
    """Text, tables and columns may come in any order, in any number of imports."""
    events = pieces()
    expected = importing(events)
    assert columns(expected) > EXPECTED
    copied = {f"shop.public.orders.{name} > {name}" for name in ("day", "amount", "customer")}
    assert columns(expected) > copied
    whole = graph_hash(expected)
    for seed in range(3):
        pick = random.Random(seed)
        shuffled = events + pick.sample(events, 3)
        pick.shuffle(shuffled)
        cuts = sorted(pick.sample(range(len(shuffled)), seed))
        parts = [shuffled[a:b] for a, b in itertools.pairwise([0, *cuts, len(shuffled)])]
        assert graph_hash(importing(*parts)) == whole, (seed, parts)


def test_a_late_event_alone_in_its_import(importing):
    """Every event in an import of its own, forwards and backwards, gives the same graph."""
    events = pieces()
    whole = graph_hash(importing(events))
    assert graph_hash(importing(*([one] for one in events))) == whole
    assert graph_hash(importing(*([one] for one in reversed(events)))) == whole


def lineage(target, *sources):
    """A columnLineage facet of one column."""
    fields = [
        {"namespace": NAMESPACE, "name": "shop.public.orders", "field": one} for one in sources
    ]
    return {"columnLineage": {"fields": {target: {"inputFields": fields}}}}


def test_what_events_tell_of_columns_wins(importing):
    """An output with column lineage takes none from the text; the text stays as proof."""
    told = dataset("shop.public.daily", **lineage("total", "amount"))
    start = event("START", 1, INSERT, [ORDERS, CUSTOMERS], [DAILY])
    end = event("COMPLETE", 2, INSERT, [ORDERS, CUSTOMERS], [told])
    for imports in ([[start, end]], [[start], [end]], [[end], [start]]):
        store = importing(*imports)
        assert columns(store) == {
            "shop.public.orders.amount > total",
            "shop.public.orders.amount TRANSFORMATION",
        }
        assert [edge.key.source for edge in store.scan_edges([EdgeType.RAN])] == [JOB]


def test_one_output_with_column_lineage_and_one_without(importing):
    """The text tells of the output of which nobody else does."""
    two = "INSERT INTO daily SELECT day FROM orders; INSERT INTO other SELECT amount FROM orders"
    told = dataset("shop.public.daily", **lineage("day", "day"))
    store = importing([event("COMPLETE", 1, two, [ORDERS], [told, dataset("shop.public.other")])])
    assert {one for one in columns(store) if ">" in one} == {
        "shop.public.orders.day > day",
        "shop.public.orders.amount > amount",
    }


def tables(store):
    """The reads and writes of jobs, by the names of datasets."""
    found = store.scan_edges([EdgeType.READ_BY, EdgeType.WRITES])
    return {
        f"{edge.key.source.name} > {edge.key.target.name}"
        for edge in found
        if edge.key.origin in (Origin.PARSED, Origin.OPENLINEAGE)
    }


def test_the_tables_are_those_of_the_event(importing):
    """A table of the text that the events do not name is none; a bare SELECT fills the output."""
    text = "SELECT o.amount AS total FROM orders o JOIN scratch s ON s.id = o.customer"
    store = importing([event("COMPLETE", 1, text, [ORDERS], [DAILY])])
    assert tables(store) == {"shop.public.orders > daily.load", "daily.load > shop.public.daily"}
    assert columns(store) == {
        "shop.public.orders.amount > total",
        "shop.public.orders.amount IDENTITY",
        "shop.public.orders.customer JOIN",
    }


def test_a_side_that_no_event_names_is_told_by_the_text(importing):
    """Without inputs, those of the text are taken, in the namespace and schema of the outputs."""
    text = "INSERT INTO menus (id, title) SELECT id, name FROM tmp_menus"
    store = importing([event("COMPLETE", 1, text, (), [dataset("shop.public.menus")])])
    assert "shop.public.tmp_menus > daily.load" in tables(store)
    assert "shop.public.tmp_menus.name > title" in columns(store)


@pytest.mark.parametrize(
    ("text", "partial"),
    [
        ("INSERT INTO daily SELECT ((( FROM orders WHERE", 1),
        ("INSERT INTO daily SELECT 'never closed FROM orders", 1),
        ("BEGIN", 0),
        ("", 0),
    ],
)
def test_broken_sql_is_counted_and_costs_no_event(importing, text, partial):
    """An event whose text nobody understands is taken; the import says so."""
    store = importing([event("COMPLETE", 1, text, [ORDERS], [DAILY])])
    assert (importing.report.imported, importing.report.partial) == (1, partial)
    assert importing.report.dead_letters == {}
    assert {"shop.public.orders > daily.load", "daily.load > shop.public.daily"} <= tables(store)


def test_the_same_statement_in_a_log_is_the_same_query(importing, tmp_path):
    """Equal text, dialect and names give one Query, whether a log or an event tells of it."""
    store = importing([event("COMPLETE", 1, INSERT, [ORDERS, CUSTOMERS], [DAILY])])
    log = tmp_path / "log.csv"
    text = INSERT.replace("secret", "other")
    log.write_text(f'start,user,query\n2026-10-02T00:00:00Z,etl,"{text}"\n')
    import_paths(store, [str(log)], OPTIONS)
    assert len(list(store.scan_nodes("Query"))) == 1
    assert len(list(store.scan_edges([EdgeType.RAN]))) == 2


def test_the_newest_static_event_is_the_one_that_counts(importing):
    """A text that a producer no longer declares leaves the graph."""

    def declares(minute, text):
        static = event("COMPLETE", minute, text, [ORDERS], [DAILY])
        del static["run"], static["eventType"]
        return static

    old, new = (
        declares(minute, f"INSERT INTO daily SELECT {name} FROM orders")
        for minute, name in ((1, "day"), (2, "amount"))
    )
    for imports in ([[old], [new]], [[new], [old]], [[old, new]]):
        store = importing(*imports)
        assert {one for one in columns(store) if ">" in one} == {
            "shop.public.orders.amount > amount"
        }
        assert len(list(store.scan_nodes("Query"))) == 1


def test_columns_that_are_learned_later_fill_a_star(importing):
    """A text is read again when the columns of its tables become known."""
    copy = event("COMPLETE", 1, "INSERT INTO daily SELECT * FROM orders", [ORDERS], [DAILY])
    wide = dataset("shop.public.orders", ["day", "amount"])
    loads = event("COMPLETE", 0, outputs=[wide], job="loads", run="r0")
    expected = importing([loads, copy])
    assert "shop.public.orders.amount > amount" in columns(expected)
    assert graph_hash(importing([copy], [loads])) == graph_hash(expected)


def test_both_stores_hold_the_same(importing, fresh_urls):
    """What texts give is equal on SQLite and Neo4j, in however many imports it came."""
    told = dataset("shop.public.daily", **lineage("total", "amount"))
    events = [
        event("START", 1, INSERT, [ORDERS, CUSTOMERS], [DAILY]),
        event("COMPLETE", 2, INSERT, outputs=[dataset("shop.public.more")]),
        event("COMPLETE", 3, outputs=[told], run="r2"),
    ]
    imports = [[one] for one in events]
    hashes = {graph_hash(importing(*imports, url=url)) for url in fresh_urls()}
    assert hashes == {graph_hash(importing(events))}

"""externalQuery: a run and the statement of a log that it was are one, whichever came first."""

import csv
import itertools
import json

import pytest

from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, import_paths
from lineage.analyses.listening.coverage import Logs
from lineage.analyses.use.usage import who_uses
from lineage.hash import graph_hash
from lineage.model import EdgeType
from lineage.names import DatasetId, JobId
from lineage.stores import open_store

NAMESPACE = "snowflake://shop-prod"
JOB = JobId("airflow", "daily.load")
OPTIONS = ImportOptions(SourceBook.from_flags(SourceFlags(NAMESPACE)), workers=1)
ORDERS = DatasetId(NAMESPACE, "SHOP.PUBLIC.ORDERS")
TEXT = "INSERT INTO daily SELECT day, sum(amount) FROM orders WHERE id > 7 GROUP BY day"
HEAD = ("QUERY_ID", "QUERY_TEXT", "USER_NAME", "START_TIME", "SESSION_ID", "EXECUTION_STATUS",
        "DATABASE_NAME", "SCHEMA_NAME")  # fmt: skip


def statement(number, day=1, time="00:30:00", text=TEXT, status="SUCCESS"):
    """A row of QUERY_HISTORY."""
    start = f"2026-10-{day:02d} {time}.000 +0000"
    return [f"q{number}", text, "SVC_ETL", start, "s", status, "SHOP", "PUBLIC"]


def run(number, day=1, minute=29, query="", source=NAMESPACE, **more):
    """The START and COMPLETE of a run, the second with the id of its statement."""
    tables = {
        "inputs": [{"namespace": NAMESPACE, "name": ORDERS.name}],
        "outputs": [{"namespace": NAMESPACE, "name": "SHOP.PUBLIC.DAILY"}],
    }
    job = {"namespace": JOB.namespace, "name": JOB.name}
    facets = {"externalQuery": {"externalQueryId": query or f"q{number}", "source": source}}
    at = f"2026-10-{day:02d}T00"
    return [
        {"eventType": "START", "eventTime": f"{at}:{minute}:00Z", "run": {"runId": f"r{number}"},
         "job": job, **tables, **more},
        {"eventType": "COMPLETE", "eventTime": f"{at}:{minute + 2}:00Z",
         "run": {"runId": f"r{number}", "facets": facets}, "job": job, **tables, **more},
    ]  # fmt: skip


@pytest.fixture
def importing(tmp_path):
    """Imports files of events (dictionaries) and of a log (lists), one file after the other."""
    numbers = itertools.count()
    opened = []

    def importing(*imports, url=None):
        store = open_store(url or f"sqlite:///{tmp_path}/{next(numbers)}.db", create=True)
        opened.append(store)
        for files in imports:
            paths = []
            for records in files:
                paths.append(tmp_path / f"{next(numbers)}.log")
                with paths[-1].open("w", newline="") as file:
                    if isinstance(records[0], dict):
                        file.writelines(json.dumps(one) + "\n" for one in records)
                    else:
                        csv.writer(file).writerows([HEAD, *records])
            assert import_paths(store, [str(path) for path in paths], OPTIONS).balanced
        return store

    yield importing
    for store in opened:
        store.close()


EVENTS = [one for number in range(3) for one in run(number, 1 + number)]
LOG = [statement(number, 1 + number) for number in range(3)]
ORDERS_OF_ARRIVAL = {
    "one import": [[EVENTS, LOG]],
    "log first": [[LOG], [EVENTS]],
    "events first": [[EVENTS], [LOG]],
    "in pieces": [[EVENTS[:1]], [LOG[:2]], [EVENTS[1:4]], [LOG], [EVENTS]],
}


def edges(store, type_):
    """(source, target) and how often, of every edge of a type."""
    return {
        (edge.key.source.name, edge.key.target.name, edge.key.origin.value): edge.activity.total
        for edge in store.scan_edges([type_])
    }


@pytest.mark.parametrize("arrival", ORDERS_OF_ARRIVAL)
def test_one_statement_is_counted_once(importing, arrival):
    """The job of the run and the login of the log meet, and a read is one read."""
    store = importing(*ORDERS_OF_ARRIVAL[arrival])
    assert edges(store, EdgeType.RUN_BY) == {(JOB.name, "SVC_ETL", "parsed"): 3}
    answer = who_uses(store, ORDERS)
    (use,) = answer.consumers
    assert (use.reads, use.days) == (3, 3)
    assert use.principals == (f"{NAMESPACE}:SVC_ETL",)
    assert {edge.key.source for edge in store.scan_edges([EdgeType.RAN])} == {JOB}
    assert {edge.key.via == JOB for edge in store.scan_edges([EdgeType.FEEDS])} == {True}
    assert graph_hash(store) == graph_hash(importing([LOG, EVENTS]))


def test_both_stores_hold_the_same(importing, fresh_urls):
    """Whichever came first, on SQLite and on Neo4j."""
    arrivals = itertools.cycle(([[LOG], [EVENTS]], [[EVENTS], [LOG]]))
    hashes = {
        graph_hash(importing(*imports, url=url))
        for url, imports in zip(fresh_urls(), arrivals, strict=False)
    }
    assert hashes == {graph_hash(importing([LOG, EVENTS]))}


def test_without_the_log_the_run_counts(importing):
    """A run whose statement no log tells counts as it is, and no log is claimed to be read."""
    store = importing([EVENTS])
    (use,) = who_uses(store, ORDERS).consumers
    assert use.reads == 3
    assert NAMESPACE not in store.logged()
    assert Logs(store).as_of == importing([EVENTS]).counts().last


def test_a_text_in_the_event_gives_way_to_the_log(importing):
    """Where both quote the statement, it is counted by the log, and the graph is one."""
    quoted = [
        one
        for number in range(3)
        for one in run(number, 1 + number, job={
            "namespace": JOB.namespace, "name": JOB.name, "facets": {"sql": {"query": TEXT}},
        })
    ]  # fmt: skip
    whole = importing([quoted, LOG])
    counted = {
        edge.activity.total
        for edge in whole.scan_edges([EdgeType.USED_BY])
        if edge.key.target == JOB
    }
    assert counted == {3}
    for imports in ([[quoted], [LOG]], [[LOG], [quoted]], [[quoted[:3]], [LOG], [quoted]]):
        assert graph_hash(importing(*imports)) == graph_hash(whole)
    without = importing([quoted])
    (use,) = who_uses(without, ORDERS).consumers
    assert (use.reads, use.principals) == (3, ())


def test_a_failed_statement_leaves_the_run(importing):
    """A statement that the log calls failed counts for nobody; the run says what it says."""
    failed = [statement(0, status="FAIL")]
    for imports in ([[EVENTS[:2]], [failed]], [[failed], [EVENTS[:2]]]):
        (use,) = who_uses(importing(*imports), ORDERS).consumers
        assert (use.reads, use.principals) == (1, ())


@pytest.mark.parametrize("source", ["snowflake", "", NAMESPACE + "/", "SNOWFLAKE://shop-prod"])
def test_the_source_is_spelled_in_many_ways(importing, source):
    """A source that is no address is where the event's tables are."""
    store = importing([run(0, source=source)], [LOG[:1]])
    assert edges(store, EdgeType.RUN_BY) == {(JOB.name, "SVC_ETL", "parsed"): 1}

"""The sample logs are what their generator writes, and their truth agrees with them."""

import csv
import gzip
import io
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
import yaml

SAMPLE = Path(__file__).parent.parent / "sample_data"
LOGS = sorted(
    path
    for folder in ("finance", "lake", "openlineage", "postgres", "snowflake")
    for path in (SAMPLE / folder).iterdir()
)
TRUTH = json.loads((SAMPLE / "truth.json").read_text())
WAREHOUSE = "snowflake://modaloop-prod:"
SHOP = "postgres://orders-db:5432:"
LAKE = "trino://lake:8443:"


def text_of(path: Path) -> str:
    """The text of a log, unpacked."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


@cache
def query_history(folder: str) -> list[dict[str, str]]:
    """All rows of the exports in a folder."""
    texts = [text_of(path) for path in LOGS if path.parent.name == folder]
    return [row for text in texts for row in csv.DictReader(io.StringIO(text))]


@cache
def csvlog() -> list[list[str]]:
    """All records of the database log."""
    texts = [text_of(path) for path in LOGS if path.parent.name == "postgres"]
    return [row for text in texts for row in csv.reader(io.StringIO(text))]


def lines(folder: str) -> list[str]:
    """All lines of the logs in a folder."""
    texts = [text_of(path) for path in LOGS if path.parent.name == folder]
    return [line for text in texts for line in text.splitlines()]


def days_of(folder: str) -> set[date]:
    """The days in UTC that a log has records of."""
    match folder:
        case "postgres":
            stamps = [row[0] for row in csvlog()]
        case "lake":
            stamps = [json.loads(line)["timestamp"] for line in lines("lake") if line.endswith("}")]
        case "openlineage":
            stamps = [json.loads(line)["eventTime"] for line in lines("openlineage")]
        case _:
            stamps = [row["START_TIME"] for row in query_history(folder)]
    zones = {" UTC": "+00:00", " +": "+"}
    for written, iso in zones.items():
        stamps = [stamp.replace(written, iso) for stamp in stamps]
    return {datetime.fromisoformat(stamp).astimezone(UTC).date() for stamp in stamps}


def test_generator_writes_the_files_of_the_repository(tmp_path: Path) -> None:
    """The same seed gives the same logs, catalogues and truth, byte for byte."""
    command = [sys.executable, str(SAMPLE / "generate.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    written = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert {path.relative_to(tmp_path) for path in written} >= {
        path.relative_to(SAMPLE) for path in LOGS
    }
    for path in written:
        assert text_of(path) == text_of(SAMPLE / path.relative_to(tmp_path)), path.name
        # An archive that carried the time of writing would differ at each run.
        assert path.suffix != ".gz" or path.read_bytes()[4:8] == b"\0\0\0\0"


def test_sample_is_small() -> None:
    """Five megabytes at most, and something that opens without unpacking."""
    files = [path for path in SAMPLE.rglob("*") if path.is_file() and "cache" not in str(path)]
    assert sum(path.stat().st_size for path in files) <= 5_000_000
    assert 15_000 <= TRUTH["funnel"]["statements"] <= 25_000
    assert any(path.suffix == ".csv" for path in LOGS)


@pytest.mark.parametrize(
    ("folder", "span"),
    [("postgres", 100), ("snowflake", 100), ("lake", 100), ("openlineage", 100), ("finance", 450)],
)
def test_every_log_ends_together_and_reaches_back(folder: str, span: int) -> None:
    """All logs end with October."""
    days = days_of(folder)
    assert max(days) == date(2026, 10, 31)
    assert (max(days) - min(days)).days >= span


def test_sources_claim_every_log_once() -> None:
    """Each log has exactly one source, and every source has a log."""
    sources = yaml.safe_load((SAMPLE / "sources.yml").read_text())["sources"]
    claimed = Counter(
        path
        for source in sources.values()
        for glob in source["files"]
        for path in SAMPLE.glob(glob)
    )
    assert claimed == Counter(LOGS)


@pytest.mark.parametrize(("source", "folder"), [("warehouse", "snowflake"), ("finance", "finance")])
def test_funnel_counts_the_query_history(source: str, folder: str) -> None:
    """Records, repeated records and failures are those of the exported rows."""
    funnel = TRUTH["funnel"]["by_source"][source]
    rows = query_history(folder)
    unique = {row["QUERY_ID"]: row for row in rows}
    assert len(rows) == funnel["records"]
    assert len(rows) - len(unique) == funnel.get("duplicates", 0)
    assert len(unique) == funnel["statements"] + funnel["noise"]
    failed = [row for row in unique.values() if row["EXECUTION_STATUS"] == "FAIL"]
    assert len(failed) == funnel["failed"]


def test_funnel_counts_the_csvlog() -> None:
    """A statement is logged once, by its own or its execute record; failures by their error."""
    rows = csvlog()
    assert {len(row) for row in rows} == {26}
    messages = [row[13] for row in rows]
    companions = ("SET ", "BEGIN", "COMMIT", "FETCH ", "CLOSE ")
    statements = [message.partition("  statement: ")[2] for message in messages]
    simple = [text for text in statements if text and not text.startswith(companions)]
    executed = [message for message in messages if "  execute <unnamed>: " in message]
    failed = [row for row in rows if row[11] == "ERROR"]
    funnel = TRUTH["funnel"]["by_source"]["orders"]
    assert len(rows) == funnel["records"]
    assert len(simple) + len(executed) + len(failed) == funnel["statements"]
    assert len(failed) == funnel["failed"]


def test_csvlog_sessions_are_numbered_without_gaps() -> None:
    """Within a session the line numbers run 1, 2, 3 … in the order of the log."""
    seen: Counter[str] = Counter()
    for row in csvlog():
        if row[23] != "checkpointer":
            seen[row[5]] += 1
            assert int(row[6]) == seen[row[5]], row


def test_funnel_counts_the_lake() -> None:
    """All lines but the broken one are JSON objects with the same keys."""
    found = lines("lake")
    good = [json.loads(line) for line in found if line.endswith("}")]
    funnel = TRUTH["funnel"]["by_source"]["lake"]
    assert len(found) - len(good) == funnel["broken_lines"] == 1
    assert len(good) == funnel["statements"]
    assert sum(record["status"] == "FAILED" for record in good) == funnel["failed"]
    assert len({tuple(record) for record in good}) == 1


def test_funnel_counts_the_events() -> None:
    """Each run has a START and one terminal event; two events are declarations."""
    events = [json.loads(line) for line in lines("openlineage")]
    states = Counter(event.get("eventType") for event in events)
    funnel = TRUTH["funnel"]["by_source"]["events"]
    assert len(events) == funnel["records"]
    assert states["START"] == states["COMPLETE"] + states["FAIL"] == funnel["statements"]
    assert states["FAIL"] == funnel["failed"]
    assert states[None] == 2


def test_event_runs_point_at_statements_of_the_warehouse() -> None:
    """An external query id among the events is the id of a row of the query history."""
    events = [json.loads(line) for line in lines("openlineage")]
    facets = [event.get("run", {}).get("facets", {}).get("externalQuery") for event in events]
    named = {facet["externalQueryId"] for facet in facets if facet}
    rows = {row["QUERY_ID"]: row for row in query_history("snowflake")}
    assert len(named) > 500
    assert {rows[name]["USER_NAME"] for name in named} == {"SVC_DBT"}


def test_edges_join_known_datasets_and_columns() -> None:
    """Every end of an edge is in the list of datasets, every column one of its dataset's."""
    datasets = TRUTH["datasets"]
    columns = {
        f"{name}.{column}" for name, dataset in datasets.items() for column in dataset["columns"]
    }
    assert {end for edge in TRUTH["edges"] for end in edge} <= set(datasets)
    assert {end for edge in TRUTH["column_edges"] for end in edge} <= columns
    pairs = {tuple(edge) for edge in TRUTH["edges"]}
    behind = {(a.rpartition(".")[0], b.rpartition(".")[0]) for a, b in TRUTH["column_edges"]}
    assert behind <= pairs
    assert all(source != target for source, target in pairs)


def test_uses_are_possible() -> None:
    """A use has at least one day, no more days than reads, and columns that once existed."""
    dropped = {f"{WAREHOUSE}RAW.CRM.CONTACTS": {"FAX_NUMBER"}}
    for name, consumers in TRUTH["who_uses"].items():
        known = set(TRUTH["datasets"][name]["columns"]) | dropped.get(name, set())
        for use in consumers.values():
            assert 1 <= use["days"] <= use["reads"]
            assert use["first"] <= use["last"] <= TRUTH["as_of"]
            assert set(use["roles"]) <= known
            assert use["team"]


@pytest.mark.parametrize(
    ("dataset", "consumer", "mark"),
    [
        ("ANALYTICS.MART.DELIVERY_KPI", "metabase:dashboard/7", '"dashboardId":7,'),
        ("ANALYTICS.FRAUD.REVIEW_QUEUE", "metabase:dashboard/9", '"dashboardId":9,'),
        ("ANALYTICS.MARKETING.ATTRIBUTION", "looker:user/11", '{"user_id":11,'),
        ("ANALYTICS.MART.PRODUCTS", "app:storefront", "application='storefront'"),
        (
            "ANALYTICS.PRICING.MARKDOWN_CANDIDATES",
            "sigma:workbook/Markdown-Cockpit-5Sd96Rf9VnZ2",
            "/workbook/Markdown-Cockpit-5Sd96Rf9VnZ2?",
        ),
    ],
)
def test_reads_are_the_rows_that_carry_the_consumers_mark(
    dataset: str, consumer: str, mark: str
) -> None:
    """A tool's succeeded statements that name a table are its counted reads of it."""
    table = dataset.split(".")[-1]
    rows = {row["QUERY_ID"]: row for row in query_history("snowflake")}.values()
    reads = [
        row
        for row in rows
        if mark in row["QUERY_TEXT"]
        and table in row["QUERY_TEXT"].upper()
        and row["EXECUTION_STATUS"] == "SUCCESS"
    ]
    assert len(reads) == TRUTH["who_uses"][WAREHOUSE + dataset][consumer]["reads"]


def test_shared_table_has_fourteen_consumers_of_several_teams_and_no_owner() -> None:
    """Everyone uses it, nobody owns it."""
    name = f"{WAREHOUSE}ANALYTICS.SHARED.CUSTOMER_360"
    consumers = TRUTH["who_uses"][name].values()
    assert len(consumers) == 14
    assert len({use["team"] for use in consumers}) >= 6
    assert TRUTH["datasets"][name]["team"] is None


def test_quarterly_reader_is_silent_and_alive() -> None:
    """A reader of every quarter may be silent for more than ninety days."""
    readers = TRUTH["who_uses"][f"{WAREHOUSE}FINANCE.REPORTING.VAT_REPORT"]
    (use,) = readers.values()
    assert (date(2026, 10, 31) - date.fromisoformat(use["last"])).days > 90
    assert use["alive"]


def test_one_column_is_used_only_in_a_filter_of_one_dashboard() -> None:
    """Nothing else names it, so that only the dashboard fails without it."""
    name = f"{WAREHOUSE}ANALYTICS.MART.DELIVERY_KPI"
    users = {
        consumer: use["roles"]["IS_SALE_PERIOD"]
        for consumer, use in TRUTH["who_uses"][name].items()
        if "IS_SALE_PERIOD" in use["roles"]
    }
    assert users == {"metabase:dashboard/7": ["FILTER"]}
    assert not [edge for edge in TRUTH["column_edges"] if edge[0] == f"{name}.IS_SALE_PERIOD"]


def test_scanner_reads_every_table_and_is_nobodys_use() -> None:
    """A scanner in the log is no consumer in the truth."""
    rows = query_history("snowflake")
    scanned = {row["QUERY_TEXT"] for row in rows if row["USER_NAME"] == "SVC_CATALOG_SCANNER"}
    tables = [name for name in TRUTH["datasets"] if name.startswith(WAREHOUSE)]
    assert len(scanned) == len(tables)
    consumers = {consumer for uses in TRUTH["who_uses"].values() for consumer in uses}
    assert not [consumer for consumer in consumers if "scanner" in consumer.lower()]


@pytest.mark.parametrize(
    ("label", "dataset"),
    [
        ("unowned", f"{WAREHOUSE}ANALYTICS.SHARED.CUSTOMER_360"),
        ("dangling-owner", f"{WAREHOUSE}ANALYTICS.MARKETING.NEWSLETTER_AUDIENCE"),
        ("unproduced", f"{WAREHOUSE}FINANCE.CLOSE.FX_RATES"),
        ("unproduced", f"{SHOP}shop.fulfilment.warehouses"),
        ("write-only", f"{SHOP}shop.fulfilment.shipment_audit"),
        ("write-only", f"{LAKE}archive.bus.price_changed"),
        ("write-only", f"{WAREHOUSE}ANALYTICS.SANDBOX.COHORT_CURVES"),
        ("dead-branch", f"{WAREHOUSE}ANALYTICS.SANDBOX.COHORT_BASE"),
        ("dead-branch", f"{WAREHOUSE}ANALYTICS.SUPPLY.REORDER_HISTORY"),
        ("dead-branch", f"{WAREHOUSE}ANALYTICS.SANDBOX.SUMMER_SALE_2026"),
        ("stale-but-read", f"{WAREHOUSE}ANALYTICS.MARKETING.SPEND_LEGACY"),
        ("copy", f"{SHOP}shop.public.orders_backup_20260801"),
    ],
)
def test_traps_are_labelled(label: str, dataset: str) -> None:
    """Each trap of the story carries the label it was laid for."""
    assert dataset in TRUTH["orphans"][label]


def test_labels_of_absence_agree_with_edges_and_uses() -> None:
    """Nothing unproduced is written, nothing write-only is read."""
    written = {target for _, target in TRUTH["edges"]}
    read = {source for source, _ in TRUTH["edges"]} | set(TRUTH["who_uses"])
    orphans = TRUTH["orphans"]
    assert not written & set(orphans["unproduced"])
    assert not read & set(orphans["write-only"])
    assert set(orphans["dead-branch"]) <= read


def test_impacts_name_what_is_known_and_each_thing_once() -> None:
    """At least twelve changes; a consumer or dataset stands in its strongest ring only."""
    known = set(TRUTH["datasets"]) | {name for uses in TRUTH["who_uses"].values() for name in uses}
    assert len(TRUTH["impact"]) >= 12
    for impact in TRUTH["impact"]:
        items = [item for ring in ("fails", "wrong", "stale") for item in impact[ring]]
        assert set(items) <= known
        assert len(items) == len(set(items))
    assert {ring for impact in TRUTH["impact"] for ring in impact if impact[ring]} == {
        "change",
        "fails",
        "wrong",
        "stale",
    }

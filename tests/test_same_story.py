"""The same story in the logs of several warehouses: the same graph, up to namespace and case."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, import_paths
from lineage.hash import graph_hash
from lineage.model import EdgeType
from lineage.names import ColumnId, DatasetId
from lineage.stores import open_store

TEAM_LOGIN = "etl"
_DATABASE = re.compile(r"\bdb\.(?=\w+\.)")


class Told(msgspec.Struct, frozen=True):
    """A statement and what it touched: `schema.table` → columns, target column → source.

    beneath: the tables under the views among `reads`, where there are any.
    """

    number: int
    user: str
    day: int
    text: str
    reads: dict[str, list[str]]
    write: str = ""
    feeds: dict[str, str] = {}
    failed: bool = False
    beneath: dict[str, list[str]] = {}

    @property
    def scanned(self) -> dict[str, list[str]]:
        """What was read for it, as engines say that know of no views."""
        return self.beneath or self.reads

    @property
    def start(self) -> str:
        """In ISO 8601, with seconds and zone."""
        return f"2026-03-{self.day:02d}T08:00:{self.number:02d}.250Z"

    @property
    def kind(self) -> str:
        """As most warehouses call it."""
        if self.text.startswith("create view"):
            return "CREATE_VIEW"
        return "CREATE_TABLE_AS_SELECT" if self.write else "SELECT"


_BUILD = "create table mart.daily as select o.day, o.amount as revenue from raw.orders o"
_ASK = "select day, revenue from mart.daily where revenue > {}"
ORDERS, DAILY = {"raw.orders": ["day", "amount"]}, {"mart.daily": ["day", "revenue"]}
STORY = (
    Told(1, TEAM_LOGIN, 2, _BUILD, ORDERS, "mart.daily", {"day": "day", "revenue": "amount"}),
    Told(2, "ana", 2, _ASK.format(1), DAILY),
    Told(3, "ana", 3, _ASK.format(2), DAILY),
    Told(4, "bo", 3, "select nope from mart.daily", {}, failed=True),
    Told(5, TEAM_LOGIN, 2, "create view mart.v as select d.day as at from mart.daily d",
         {"mart.daily": ["day"]}, "mart.v", {"at": "day"}),
    Told(6, "cy", 4, "select v.at from mart.v v", {"mart.v": ["at"]},
         beneath={"mart.daily": ["day"]}),
)  # fmt: skip

BENEATH = {("mart.daily", "warehouse://one:cy"), ("mart.daily.day", "warehouse://one:cy")}

Written = dict[str, list[dict[str, object]]]  # file name → records


def _snowflake() -> Written:
    def table(name: str, columns: Iterable[dict[str, object]]) -> dict[str, object]:
        return {"objectDomain": "Table", "objectName": f"DB.{name.upper()}",
                "columns": list(columns)}  # fmt: skip

    def access(one: Told) -> dict[str, object]:
        (source,) = one.reads
        feeding = {"objectDomain": "Table", "objectName": f"DB.{source.upper()}"}
        filled = [
            {"columnName": c.upper(), "directSources": [{**feeding, "columnName": s.upper()}]}
            for c, s in one.feeds.items()
        ]
        return {
            "QUERY_ID": f"q{one.number}", "QUERY_START_TIME": one.start, "USER_NAME": one.user,
            "DIRECT_OBJECTS_ACCESSED": [
                table(name, ({"columnName": c.upper()} for c in columns))
                for name, columns in one.reads.items()
            ],
            "OBJECTS_MODIFIED": [table(one.write, filled)] if one.write else [],
        }  # fmt: skip

    history = [
        {"QUERY_ID": f"q{one.number}", "QUERY_TEXT": one.text, "START_TIME": one.start,
         "USER_NAME": one.user, "SESSION_ID": one.number, "DATABASE_NAME": "DB",
         "EXECUTION_STATUS": "FAIL" if one.failed else "SUCCESS", "QUERY_TYPE": one.kind}
        for one in STORY
    ]  # fmt: skip
    return {"history.csv": history, "access.jsonl": [access(s) for s in STORY if not s.failed]}


def _bigquery() -> Written:
    def table(name: str) -> dict[str, str]:
        dataset, table = name.split(".")
        return {"project_id": "db", "dataset_id": dataset, "table_id": table}

    def audited(one: Told, **about: object) -> dict[str, object]:
        place = "/tables/".join(next(iter(one.scanned), "raw.nothing").split("."))
        return {
            "insertId": f"i{one.number}", "timestamp": one.start,
            "protoPayload": {
                "authenticationInfo": {"principalEmail": one.user},
                "resourceName": f"projects/db/datasets/{place}",
                "metadata": {"@type": "google.cloud.audit.BigQueryAuditMetadata", **about},
            },
        }  # fmt: skip

    jobs = [
        {"creation_time": one.start, "start_time": one.start, "project_id": "db",
         "user_email": one.user, "job_id": f"j{one.number}", "job_type": "QUERY",
         "statement_type": one.kind, "query": one.text, "state": "DONE", "cache_hit": False,
         "error_result": {"reason": "invalidQuery"} if one.failed else None,
         "destination_table": table(one.write or "_0123456789abcdef.anon1"),
         "referenced_tables": [table(name) for name in one.scanned]}
        for one in STORY
    ]  # fmt: skip
    done = [
        audited(one, jobChange={"after": "DONE", "job": {
            "jobName": f"projects/db/jobs/j{one.number}",
            "jobConfig": {"queryConfig": {"query": one.text[:20], "queryTruncated": True}},
            "jobStatus": {"jobState": "DONE", "errorResult": {"code": 3} if one.failed else None},
            "jobStats": {"startTime": one.start}}})
        for one in STORY
    ]  # fmt: skip
    read = [
        audited(
            one, tableDataRead={"fields": columns, "jobName": f"projects/db/jobs/j{one.number}"}
        )
        for one in STORY
        for columns in one.scanned.values()
    ]
    return {"jobs.jsonl": jobs, "audit.jsonl": [*done, *read]}


def _redshift() -> Written:
    history = [
        {"query_id": one.number, "query_text": one.text[:4000], "usename": one.user,
         "query_label": "default", "session_id": one.number, "database_name": "db",
         "status": "failed" if one.failed else "success", "start_time": one.start}
        for one in STORY
    ]  # fmt: skip
    text = [
        {"user_id": 100, "query_id": one.number, "transaction_id": one.number, "session_id": 1,
         "start_time": one.start, "sequence": 0, "text": one.text}
        for one in STORY
    ]  # fmt: skip
    detail = [
        {"query_id": one.number, "step_name": step, "database": "db", "start_time": one.start,
         "schema": name.split(".")[0], "table_name": name.split(".")[1]}
        for one in STORY
        for step, name in [*(("scan", name) for name in one.scanned), ("insert", one.write)]
        if name
    ]  # fmt: skip
    return {"history.csv": history, "text.csv": text, "detail.csv": detail}


def _databricks() -> Written:
    history = [
        {"statement_id": f"s{one.number}", "statement_text": one.text, "executed_by": one.user,
         "session_id": one.number, "statement_type": one.kind, "start_time": one.start,
         "execution_status": "FAILED" if one.failed else "FINISHED"}
        for one in STORY
    ]  # fmt: skip

    def row(one: Told, source: str, **columns: str) -> dict[str, object]:
        return {"statement_id": f"s{one.number}", "event_time": one.start, "event_id": "e",
                "source_table_full_name": f"db.{source}", "created_by": one.user,
                "target_table_full_name": f"db.{one.write}" if one.write else None,
                **columns}  # fmt: skip

    columns = [
        row(one, name, source_column_name=source, target_column_name=target)
        for one in STORY
        for name in one.reads
        for target, source in one.feeds.items()
    ]
    tables = [row(one, name) for one in STORY for name in one.reads]
    return {"history.jsonl": history, "tables.jsonl": tables, "columns.jsonl": columns}


def _trino() -> Written:
    def place(name: str, key: str = "catalogName") -> dict[str, str]:
        schema, table = name.split(".")
        return {key: "db", "schema": schema, "table": table}

    def event(one: Told) -> dict[str, object]:
        fed = [
            {"columnName": target, "sourceColumns": [
                {**place(name, "catalog"), "columnName": source} for name in one.reads]}
            for target, source in one.feeds.items()
        ]  # fmt: skip
        return {
            "metadata": {
                "queryId": f"20260301_000000_0000{one.number}_a", "query": one.text,
                "queryState": "FAILED" if one.failed else "FINISHED",
                "tables": [
                    {**place(n, "catalog"), "directlyReferenced": True,
                     "columns": [{"column": c} for c in columns]}
                    for n, columns in one.reads.items()
                ],
            },
            "context": {"user": one.user, "catalog": "db", "schema": "raw"},
            "ioMetadata": {
                "inputs": [{**place(n), "columns": c} for n, c in one.reads.items()],
                "output": {**place(one.write), "columns": fed} if one.write else None,
            },
            "createTime": one.start,
        }  # fmt: skip

    return {"events.jsonl": [event(one) for one in STORY]}


def _athena() -> Written:
    executions = [
        {"QueryExecution": {
            "QueryExecutionId": f"e{one.number}", "Query": one.text, "StatementType": "DML",
            "QueryExecutionContext": {"Catalog": "db", "Database": "raw"},
            "Status": {"State": "FAILED" if one.failed else "SUCCEEDED",
                       "SubmissionDateTime": one.start}}}
        for one in STORY
    ]  # fmt: skip
    trail = [
        {"eventSource": "athena.amazonaws.com", "eventName": "StartQueryExecution",
         "eventTime": one.start, "userIdentity": {"userName": one.user},
         "requestParameters": {"queryString": "***OMITTED***"},
         "responseElements": {"queryExecutionId": f"e{one.number}"}}
        for one in STORY
    ]  # fmt: skip
    return {"executions.jsonl": executions, "trail.jsonl": trail}


def _clickhouse() -> Written:
    return {"log.jsonl": [
        {"type": "ExceptionBeforeStart" if one.failed else "QueryFinish", "event_time": one.start,
         "query_start_time_microseconds": one.start, "query": one.text, "user": one.user,
         "query_kind": "Create" if one.write else "Select", "query_id": f"c{one.number}",
         "current_database": "raw", "is_initial_query": 1, "views": [],
         "tables": [*one.reads, *one.beneath, *([one.write] if one.write else [])],
         "columns": [f"{name}.{c}" for name, columns in one.reads.items() for c in columns]}
        for one in STORY
    ]}  # fmt: skip


def _postgres() -> Written:
    def line(one: Told, **about: object) -> dict[str, object]:
        return {"timestamp": one.start.replace("T", " ").replace("Z", " UTC"), "user": one.user,
                "dbname": "db", "pid": 100 + one.number, "session_id": f"69a5.{one.number}",
                "line_num": 1, "error_severity": "LOG", "backend_type": "client backend",
                **about}  # fmt: skip

    return {"postgresql.json": [
        line(one, error_severity="ERROR", message="column does not exist", statement=one.text)
        if one.failed
        else line(one, message=f"statement: {one.text}")
        for one in STORY
    ]}  # fmt: skip


ENGINES: dict[str, Callable[[], Written]] = {
    "snowflake": _snowflake,
    "bigquery": _bigquery,
    "redshift": _redshift,
    "databricks": _databricks,
    "trino": _trino,
    "athena": _athena,
    "clickhouse": _clickhouse,
    "postgres": _postgres,
}


def _write(folder: Path, files: Written) -> list[str]:
    folder.mkdir()
    for name, records in files.items():
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            if name.endswith(".csv"):
                rows = csv.DictWriter(file, list(records[0]))
                rows.writeheader()
                rows.writerows(records)
            else:
                file.writelines(json.dumps(one) + "\n" for one in records)
    return [str(folder / name) for name in files]


def _store(folder: Path, name: str, *imports: list[str]):
    store = open_store(f"sqlite:///{folder / name}.db", create=True)
    options = ImportOptions(
        SourceBook.from_flags(SourceFlags(namespace="warehouse://one", default_db="db")), workers=1
    )
    for paths in imports:
        assert import_paths(store, paths, options).balanced
    return store


def _common(name: str) -> str:
    """A name without its database and case: two levels are what all engines have."""
    return _DATABASE.sub("", name.lower())


def _end(end: object) -> str:
    if isinstance(end, ColumnId):
        return f"{_common(end.dataset.name)}.{end.name.lower()}"
    return (
        _common(end.name) if isinstance(end, DatasetId) else f"{end.namespace}:{_common(end.name)}"
    )


def _told(store) -> set[tuple[object, ...]]:
    """The graph without namespaces, origins and roles that only some engines tell."""
    kinds = (EdgeType.READ_BY, EdgeType.WRITES, EdgeType.FEEDS, EdgeType.USED_BY)
    return {
        (one.key.type, _end(one.key.source), _end(one.key.target), one.key.role, *one.activity.days)
        for one in store.scan_edges(kinds)
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_story_makes_the_same_graph(engine: str, tmp_path: Path) -> None:
    """Datasets, columns, jobs, consumers, roles and days do not depend on whose log told them."""
    paths = _write(tmp_path / engine, ENGINES[engine]())
    found = _told(_store(tmp_path, engine, paths))
    reference = _told(_store(tmp_path, "other", _write(tmp_path / "other", _trino())))
    # ClickHouse lists views and what stands beneath them alike.
    beneath = {one for one in found if engine == "clickhouse" and one[1:3] in BENEATH}
    assert found - beneath == reference
    assert len(found) > 15


_TEXTS = {"QUERY_TEXT", "statement_text"}


@pytest.mark.parametrize("engine", ["snowflake", "databricks"])
def test_withheld_statements_keep_the_lineage_of_the_engine(engine: str, tmp_path: Path) -> None:
    """Where the log hides every text, the tables, their readers and column edges are the same."""
    files = ENGINES[engine]()
    for one in itertools.chain(*files.values()):
        one.update(dict.fromkeys(one.keys() & _TEXTS, "<REDACTED>"))
    hidden = _told(_store(tmp_path, "hidden", _write(tmp_path / "hidden", files)))
    clear = _told(_store(tmp_path, "clear", _write(tmp_path / "clear", ENGINES[engine]())))
    assert _untyped(hidden) == _untyped(clear)


def _untyped(told: set[tuple[object, ...]]) -> set[tuple[object, ...]]:
    """Without roles, which only a text tells, and without the names of jobs."""
    ends = {EdgeType.READ_BY: (1, 4), EdgeType.WRITES: (2, 4), EdgeType.FEEDS: (1, 2)}
    return {(one[0], *(one[place] for place in ends[one[0]])) for one in told if one[0] in ends}


@pytest.mark.parametrize("engine", [name for name, made in ENGINES.items() if len(made()) > 1])
def test_companions_come_in_any_order(engine: str, tmp_path: Path) -> None:
    """The files of one log in any order, in one import or several: one graph."""
    paths = _write(tmp_path / engine, ENGINES[engine]())
    orders = list(itertools.permutations(paths))
    made = {
        graph_hash(_store(tmp_path, f"{engine}{n}{together}", *(
            [list(order)] if together else [[path] for path in order])))
        for n, order in enumerate(orders)
        for together in (True, False)
    }  # fmt: skip
    assert len(made) == 1

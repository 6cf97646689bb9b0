"""SQL Server's Query Store: statements with their executions in an interval, as CSV or JSON.

It knows no login and no application; of a procedure it knows the name.
Source: https://learn.microsoft.com/sql/relational-databases/performance/monitoring-performance-by-using-the-query-store
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import read_table, table_columns
from ingest.files.wording import withheld
from ingest.record import Head, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "text": ("query_sql_text",),
    "start": ("last_execution_time", "first_execution_time", "start_time"),
    "count": ("count_executions",),
    "outcome": ("execution_type_desc", "execution_type"),
    "database": ("database_name", "db_name"),
    "query": ("query_id",),
    "plan": ("plan_id",),
    "interval": ("runtime_stats_id", "runtime_stats_interval_id", "start_time"),
    "object_schema": ("object_schema", "object_schema_name", "schema_name"),
    "object": ("object_name",),
}
_MARKS = {"query_sql_text", "count_executions"}
_OUTCOMES = {"regular": "ok", "0": "ok", "": "ok", "aborted": "cancelled", "3": "cancelled"}
# `(@p1 int,@p2 decimal(10,2))SELECT …`: the text begins with its parameters.
_PARAMETERS = re.compile(r"\s*\((?:\s*@[\w@#$]+ (?:[^()']|\([^()]*\))*)\)")


class SqlServerQueryStore:
    """The format."""

    name = "sqlserver-query-store"
    title = "SQL Server Query Store (CSV, JSON)"
    dialect = "tsql"
    export = (
        "SELECT DB_NAME() AS database_name, q.query_id, p.plan_id, rs.runtime_stats_id, "
        "rs.execution_type_desc, rs.count_executions, rs.last_execution_time, "
        "OBJECT_SCHEMA_NAME(q.object_id) AS object_schema, OBJECT_NAME(q.object_id) AS "
        "object_name, t.query_sql_text FROM sys.query_store_query_text t "
        "JOIN sys.query_store_query q ON q.query_text_id = t.query_text_id "
        "JOIN sys.query_store_plan p ON p.query_id = q.query_id "
        "JOIN sys.query_store_runtime_stats rs ON rs.plan_id = p.plan_id "
        "JOIN sys.query_store_runtime_stats_interval i ON i.runtime_stats_interval_id = "
        "rs.runtime_stats_interval_id WHERE i.end_time < SYSDATETIMEOFFSET() "
        "AND i.start_time >= '{since}'; import with --default-schema dbo, which no log tells"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.strip().lower() for column in table_columns(head.text)}
        return "it has query_sql_text and count_executions" if columns >= _MARKS else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """A record for each statement, plan and interval."""
        clock = Clock(options.timezone or "UTC")
        table = read_table(stream, _FIELDS, lambda row: row[1][:4].isdigit())
        for row in table.cells:
            yield row if isinstance(row, Rejected) else _record(*row, clock)
        clock.tell(options.notice)


def without_parameters(text: str) -> str:
    """The statement without the list of parameters that it was prepared with."""
    found = _PARAMETERS.match(text)
    return text[found.end() :].lstrip() if found else text


def _record(line: int, row: tuple[str, ...], clock: Clock) -> Read:
    text, start, count, outcome, database, query, plan, interval, object_schema, object_ = row
    refused = withheld(text, line)
    if refused:
        return refused
    try:
        micros = clock.micros(start)
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    known = query and plan and interval
    procedure = ".".join(part for part in (object_schema, object_) if part)
    return QueryRecord(
        text=without_parameters(text),
        start=micros,
        query_id=f"{database}/{query}/{plan}/{interval}/{outcome}".lower() if known else "",
        status=_OUTCOMES.get(outcome.lower(), "error"),
        database=database,
        schema=object_schema,
        hints={"procedure": procedure} if object_ else {},
        count=int(count) if count.isdecimal() else 1,
        line=line,
    )


FORMAT = SqlServerQueryStore()

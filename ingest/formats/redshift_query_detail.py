"""Redshift SYS_QUERY_DETAIL, STL_SCAN, STL_INSERT, STL_DELETE: the tables that each step touched.

Source: https://docs.aws.amazon.com/redshift/latest/dg/SYS_QUERY_DETAIL.html
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import IO

from ingest.files.clock import NO_TIME, Clock, UnreadableTime
from ingest.files.tables import Cells, read_table, table_columns
from ingest.formats.stated import canonical
from ingest.record import (
    Head,
    Ignored,
    QueryRecord,
    Read,
    ReadOptions,
    Rejected,
    Stated,
    StatedTable,
)
from lineage.names import parts

_FIELDS = {
    "query_id": ("query_id", "query"),
    "step": ("step_name", "step"),
    "table": ("table_name", "perm_table_name", "table"),
    "schema": ("schema_name", "table_schema", "schema"),
    "database": ("database_name", "table_catalog", "database"),
    "start": ("start_time", "starttime"),
    "user": ("user_name", "usename", "username", "user_id", "userid"),
}
_MARKS = {"step_name", "table_name"}
_READS, _WRITES = "scan", ("insert", "delete")


class RedshiftQueryDetail:
    """The format."""

    name = "redshift-query-detail"
    title = "Redshift SYS_QUERY_DETAIL, STL_SCAN and STL_INSERT with table names (CSV, JSON)"
    dialect = "redshift"
    export = (
        'UNLOAD (\'SELECT DISTINCT d.query_id, d.step_name, i."database", i."schema", i."table" '
        "AS table_name, d.user_id, MIN(d.start_time) OVER (PARTITION BY d.query_id) AS start_time "
        "FROM sys_query_detail d JOIN svv_table_info i ON i.table_id = d.table_id WHERE "
        "d.start_time >= ''{since}'' AND d.step_name IN (''scan'', ''insert'', ''delete'') "
        "ORDER BY 1') TO 's3://…' IAM_ROLE default FORMAT CSV HEADER GZIP; import it with "
        "SYS_QUERY_HISTORY"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.strip().lower() for column in table_columns(head.text)}
        known = columns >= _MARKS and columns & {"query_id", "query"}
        return "it has the columns step_name, table_name and a query id" if known else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """What each query touched, from its rows, which may lie apart."""
        clock = Clock(options.timezone or "UTC")
        table = read_table(stream, _FIELDS, lambda row: row[0].strip().isdigit())
        for query_id, rows in itertools.groupby(table.cells, _query_id):
            if query_id is None:
                yield from (row for row in rows if isinstance(row, Rejected))
            else:
                yield _record(query_id, [row for row in rows if isinstance(row, tuple)], clock)


def _query_id(row: Cells | Rejected) -> str | None:
    return None if isinstance(row, Rejected) else row[1][0].strip()


def _record(query_id: str, rows: list[Cells], clock: Clock) -> Read:
    line, (_, _, _, _, _, start, user) = rows[0]
    reads, writes = _tables(rows, (_READS,)), _tables(rows, _WRITES)
    if not reads and not writes:
        return Ignored("companion", line)
    try:
        micros = clock.micros(start) if start else NO_TIME
    except UnreadableTime:
        return Rejected("bad_time", line)
    return QueryRecord(
        text="",
        start=micros,
        user=user.strip(),
        query_id=query_id,
        line=line,
        stated=canonical(Stated(reads or None, writes or None, scope="beneath")),
        joins=True,
    )


def _tables(rows: list[Cells], steps: tuple[str, ...]) -> tuple[StatedTable, ...]:
    found = (_name(row) for _, row in rows if row[1].strip().lower() in steps)
    return tuple(StatedTable(name) for name in found if name)


def _name(row: tuple[str, ...]) -> tuple[str, ...]:
    """The name in full; none when the schema is not told, as in STL_SCAN by itself."""
    _, _, table, schema, database, _, _ = (cell.strip() for cell in row)
    name = parts(table)
    if len(name) == 1 and schema:
        name = (schema, *name)
    if len(name) == 2 and database:
        name = (database, *name)
    return name if len(name) > 1 else ()


FORMAT = RedshiftQueryDetail()

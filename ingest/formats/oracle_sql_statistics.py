"""Oracle's V$SQL, and DBA_HIST_SQLSTAT with DBA_HIST_SQLTEXT: statements with their executions.

V$SQL counts since a statement was loaded, the history (AWR) between two snapshots.
Source: https://docs.oracle.com/en/database/oracle/oracle-database/19/refrn/V-SQL.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import read_table, table_columns
from ingest.files.wording import withheld
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "text": ("sql_fulltext", "sql_text"),
    "start": ("last_active_time", "begin_interval_time", "end_interval_time"),
    "count": ("executions_delta", "executions"),
    "sql_id": ("sql_id",),
    "child": ("child_number", "plan_hash_value"),
    "instance": ("inst_id", "instance_number"),
    "snapshot": ("snap_id",),
    "schema": ("parsing_schema_name",),
    "module": ("module",),
    "action": ("action",),
    "service": ("service",),
    "command": ("command_type",),
}
_MARKS = {"sql_id", "parsing_schema_name"}
_TEXTS = {"sql_fulltext", "sql_text"}
_COUNTS = {"executions", "executions_delta"}
_KINDS = {"1": "CREATE TABLE", "2": "INSERT", "3": "SELECT", "6": "UPDATE", "7": "DELETE",
          "21": "CREATE VIEW", "47": "PL/SQL", "189": "MERGE"}  # fmt: skip
_CUT = 1000  # characters that SQL_TEXT of V$SQL has at most


class OracleSqlStatistics:
    """The format."""

    name = "oracle-sql-statistics"
    title = "Oracle V$SQL or DBA_HIST_SQLSTAT (CSV, JSON)"
    dialect = "oracle"
    export = (
        "in SQLcl: ALTER SESSION SET NLS_DATE_FORMAT='YYYY-MM-DD\"T\"HH24:MI:SS'; set sqlformat "
        "csv; spool sql.csv; SELECT inst_id, sql_id, child_number, sql_fulltext, executions, "
        "last_active_time, parsing_schema_name, module, action, service, command_type FROM "
        "gv$sql WHERE last_active_time >= TO_DATE('{since}', 'YYYY-MM-DD'); with the Diagnostics "
        "Pack better: SELECT s.snap_id, s.instance_number, s.sql_id, s.plan_hash_value, "
        "t.sql_text, s.executions_delta, n.begin_interval_time, s.parsing_schema_name, s.module, "
        "s.action, t.command_type FROM dba_hist_sqlstat s JOIN dba_hist_sqltext t USING (sql_id) "
        "JOIN dba_hist_snapshot n USING (snap_id, instance_number)"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.strip().lower() for column in table_columns(head.text)}
        found = columns >= _MARKS and columns & _TEXTS and columns & _COUNTS
        return "it has SQL_ID, PARSING_SCHEMA_NAME and executions" if found else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """A record for each statement, plan and snapshot."""
        clock = Clock(options.timezone)
        table = read_table(stream, _FIELDS, lambda row: bool(row[3]))
        cut = _CUT if table.matched.get("text", "").lower() == "sql_text" else 0
        cut = 0 if "snapshot" in table.matched else cut
        for row in table.cells:
            yield row if isinstance(row, Rejected) else _record(*row, clock, cut)
        clock.tell(options.notice)
        if "snapshot" not in table.matched:
            options.notice(
                "V$SQL counts since a statement was loaded: all its executions are on the day when "
                "it last ran, and two exports count some twice; DBA_HIST_SQLSTAT does not"
            )


def _record(line: int, row: tuple[str, ...], clock: Clock, cut: int) -> Read:
    (text, start, count, sql_id, child, instance, snapshot, schema, module, action, service,
     command) = row  # fmt: skip
    if count == "0":
        return Ignored("not_run", line)
    refused = withheld(text, line)
    if refused:
        return refused
    try:
        micros = clock.micros(start)
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    hints = {"module": module, "action": action, "service": service}
    return QueryRecord(
        text=text,
        start=micros,
        user=schema,
        query_id="/".join((sql_id, child, instance, snapshot or start)),
        kind=_KINDS.get(command, ""),
        schema=schema,
        hints={name: hint for name, hint in hints.items() if hint},
        complete=not cut or len(text) < cut,
        count=int(count) if count.isdecimal() else 1,
        line=line,
    )


FORMAT = OracleSqlStatistics()

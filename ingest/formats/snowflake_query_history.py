"""Snowflake ACCOUNT_USAGE.QUERY_HISTORY as CSV, JSON or JSON Lines.

Source: https://docs.snowflake.com/en/sql-reference/account-usage/query_history
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import RowForm, table_columns
from ingest.files.wording import status_of, withheld
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "text": ("query_text",),
    "start": ("start_time",),
    "user": ("user_name",),
    "query_id": ("query_id",),
    "session": ("session_id",),
    "status": ("execution_status",),
    "kind": ("query_type",),
    "database": ("database_name",),
    "schema": ("schema_name",),
    "client_generated": ("is_client_generated_statement",),
    "query_tag": ("query_tag",),
    "role": ("role_name",),
    "client": ("client_application_id",),
}
_MARKS = {"query_id", "query_text", "start_time"}
_OWN_MARKS = {"execution_status", "query_tag", "warehouse_name", "role_name", "release_version"}
# The kinds that touch no table; USE too, since each row states its database and schema.
_NO_LINEAGE = frozenset(
    {
        *("USE", "SHOW", "DESCRIBE", "DESC", "SET", "UNSET", "ALTER_SESSION", "GRANT", "REVOKE"),
        *("BEGIN_TRANSACTION", "COMMIT", "ROLLBACK", "EXPLAIN", "COMMENT"),
        *("LIST_FILES", "REMOVE_FILES", "GET_FILES", "PUT_FILES"),
    }
)
# Snowflake cuts at 100,000 characters; trimming may take a few more off.
_NEARLY_CUT = 99_990


def _record(line: int, row: tuple[str, ...], clock: Clock) -> Read:
    (text, start, user, query_id, session, status, kind, database, schema,
     client_generated, query_tag, role, client) = row  # fmt: skip
    if kind in _NO_LINEAGE or client_generated in ("TRUE", "true"):
        return Ignored("no_lineage", line)
    hidden = withheld(text, line)
    try:
        micros = clock.micros(start)
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    hints = {"role": role} if role else {}
    if query_tag:
        hints["query_tag"] = query_tag
    if client:
        hints["client_application"] = client
    return QueryRecord(
        text="" if hidden else text,
        start=micros,
        user=user,
        query_id=query_id,
        session=session,
        status=status_of(status),
        kind=kind,
        database=database,
        schema=schema,
        hints=hints,
        complete=not hidden and len(text) < _NEARLY_CUT,
        line=line,
        joins=True,
    )


class SnowflakeQueryHistory:
    """The format."""

    name = "snowflake-query-history"
    title = "Snowflake QUERY_HISTORY (CSV, JSON)"
    dialect = "snowflake"
    divisible = True
    rows = RowForm(_FIELDS, lambda row: row[1][:1].isdigit(), _record, longest=_NEARLY_CUT)
    export = (
        'snow sql --format csv -q "SELECT * FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY WHERE '
        "START_TIME >= '{since}' ORDER BY START_TIME\" > query_history.csv"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.strip().lower() for column in table_columns(head.text)}
        own = sorted(columns & _OWN_MARKS)
        if not columns >= _MARKS or not own:
            return ""
        return f"it has the columns QUERY_ID, QUERY_TEXT, START_TIME and {own[0].upper()}"

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        return self.rows.read(stream, options)


FORMAT = SnowflakeQueryHistory()

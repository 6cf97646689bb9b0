"""Redshift SYS_QUERY_HISTORY and STL_QUERY: who ran what, with the beginning of the text.

Source: https://docs.aws.amazon.com/redshift/latest/dg/SYS_QUERY_HISTORY.html
and …/r_STL_QUERY.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import RowForm, table_columns
from ingest.files.wording import status_of
from ingest.formats.redshift_query_text import label_hint, unescaped
from ingest.formats.stated import statement_text
from ingest.record import Head, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "text": ("query_text", "querytxt"),
    "start": ("start_time", "starttime"),
    "user": ("user_name", "usename", "username", "user_id", "userid"),
    "query_id": ("query_id", "query"),
    "session": ("session_id", "pid"),
    "status": ("status", "aborted"),
    "kind": ("query_type",),
    "database": ("database_name", "database"),
    "label": ("query_label", "label"),
}
_SYS_MARKS = {"query_id", "query_text"}
_SYS_OWN_MARKS = {"query_label", "result_cache_hit", "user_query_hash", "generic_query_hash"}
_STL_MARKS = {"query", "querytxt", "starttime"}
_CUT = 4_000  # characters; the rest is in SYS_QUERY_TEXT or STL_QUERYTEXT


def _record(line: int, row: tuple[str, ...], clock: Clock) -> Read:
    text, start, user, query_id, session, status, kind, database, label = row
    given = statement_text(text.rstrip())
    try:
        micros = clock.micros(start)
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    return QueryRecord(
        text=unescaped(given[0]),
        start=micros,
        user=user.strip(),
        query_id=query_id,
        session=session,
        status=status_of(status),
        kind=kind.strip().upper(),
        database=database.strip(),
        hints=label_hint(label.strip()),
        complete=given[1] and len(text) < _CUT,
        line=line,
        joins=True,
    )


class RedshiftQueryHistory:
    """The format."""

    name = "redshift-query-history"
    title = "Redshift SYS_QUERY_HISTORY, STL_QUERY (CSV, JSON)"
    dialect = "redshift"
    divisible = True
    rows = RowForm(_FIELDS, lambda row: row[1][:4].isdigit(), _record, timezone="UTC", longest=_CUT)
    export = (
        "UNLOAD ('SELECT h.*, u.usename FROM sys_query_history h JOIN pg_user u ON u.usesysid = "
        "h.user_id WHERE h.start_time >= ''{since}''') TO 's3://…' IAM_ROLE default FORMAT CSV "
        "HEADER GZIP; import it with SYS_QUERY_TEXT, which has the longer statements"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.strip().lower() for column in table_columns(head.text)}
        if columns >= _STL_MARKS:
            return "it has the columns query, querytxt and starttime"
        own = sorted(columns & _SYS_OWN_MARKS)
        return (
            f"it has the columns query_id, query_text and {own[0]}"
            if columns >= _SYS_MARKS and own
            else ""
        )

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        return self.rows.read(stream, options)


FORMAT = RedshiftQueryHistory()

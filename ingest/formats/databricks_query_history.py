"""Databricks system.query.history as JSON, JSON Lines or CSV.

Source: https://docs.databricks.com/en/admin/system-tables/query-history.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import read_table, table_columns
from ingest.files.wording import status_of
from ingest.formats.stated import statement_text
from ingest.record import Head, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "text": ("statement_text",),
    "start": ("start_time",),
    "user": ("executed_by",),
    "query_id": ("statement_id",),
    "session": ("session_id",),
    "status": ("execution_status",),
    "kind": ("statement_type",),
    "query_source": ("query_source",),
    "query_tag": ("query_tags",),
    "client_application": ("client_application",),
}
_HINTS = ("query_source", "query_tag", "client_application")
_MARKS = {"statement_text", "statement_id", "executed_by", "execution_status"}


class DatabricksQueryHistory:
    """The format."""

    name = "databricks-query-history"
    title = "Databricks system.query.history (JSON, CSV)"
    dialect = "databricks"
    divisible = True
    export = (
        "INSERT OVERWRITE DIRECTORY 's3://…/query-history' USING json SELECT * FROM "
        "system.query.history WHERE start_time >= '{since}', as an account admin or a member of "
        "databricks_pii_access: others get <REDACTED> in place of the statements"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.lower() for column in table_columns(head.text)}
        return f"it has {', '.join(sorted(_MARKS))}" if columns >= _MARKS else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        clock = Clock(options.timezone or "UTC")
        table = read_table(stream, _FIELDS, lambda row: row[1][:4].isdigit())
        redacted = False
        for row in table.cells:
            record = row if isinstance(row, Rejected) else _record(*row, clock)
            redacted |= isinstance(record, QueryRecord) and not record.text
            yield record
        if redacted:
            options.notice(
                "statements are <REDACTED>: export again as an account admin or a "
                "member of databricks_pii_access, or import system.access.table_lineage and "
                "column_lineage, too"
            )


def _record(line: int, row: tuple[str, ...], clock: Clock) -> Read:
    text, start, user, query_id, session, status, kind, *hints = row
    text, given = statement_text(text)
    try:
        micros = clock.micros(start)
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    return QueryRecord(
        text=text,
        start=micros,
        user=user,
        query_id=query_id,
        session=session,
        status=status_of(status),
        kind=kind,
        hints={
            name: hint for name, hint in zip(_HINTS, hints, strict=True) if hint and hint != "{}"
        },
        complete=given,
        line=line,
        joins=True,
    )


FORMAT = DatabricksQueryHistory()

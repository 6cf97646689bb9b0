"""Trino's own tables of queries: system.runtime.queries, and what its MySQL event listener fills.

Source: https://trino.io/docs/current/connector/system.html
and …/admin/event-listeners-mysql.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import NO_TIME, Clock, UnreadableTime
from ingest.files.tables import RowForm, table_columns
from ingest.files.wording import status_of
from ingest.formats.stated import decoded, statement_text
from ingest.formats.trino_tables import Input, Output, stated_of
from ingest.record import Head, QueryRecord, Read, ReadOptions, Rejected, Stated

_FIELDS = {
    "text": ("query",),
    "start": ("created", "create_time", "started"),
    "prepared": ("prepared_query",),
    "user": ("user",),
    "query_id": ("query_id",),
    "session": ("transaction_id",),
    "state": ("state", "query_state"),
    "update": ("update_type",),
    "type": ("query_type",),
    "error": ("error_code",),
    "catalog": ("catalog",),
    "schema": ("schema",),
    "inputs": ("inputs_json",),
    "output": ("output_json",),
    "source": ("source",),
    "client_tags": ("client_tags_json",),
    "client_info": ("client_info",),
    "user_agent": ("user_agent",),
}
_HINTS = ("source", "client_tags", "client_info", "user_agent")
_MARKS = {"query_id", "query", "user", "source"}
_OWN_MARKS = {"resource_group_id", "analysis_time_ms", "inputs_json", "query_state"}
_TIMED_ID = re.compile(r"(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})_")


def _record(line: int, row: tuple[str, ...], clock: Clock) -> Read:
    (query, start, prepared, user, query_id, session, state, update, type_, error, catalog,
     schema, inputs, output, *hints) = row  # fmt: skip
    text, given = statement_text(prepared or query)
    try:
        micros = clock.micros(start or _time_of(query_id)) if start or query_id else NO_TIME
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    return QueryRecord(
        text=text,
        start=micros,
        user=user,
        query_id=query_id,
        session=session,
        status="error" if error else status_of(state),
        kind=(update or type_).upper(),
        database=catalog,
        schema=schema,
        hints={
            name: hint for name, hint in zip(_HINTS, hints, strict=True) if hint not in ("", "[]")
        },
        complete=given,
        line=line,
        stated=_stated(inputs, output),
        joins=True,
    )


def _time_of(query_id: str) -> str:
    """The second of UTC in which a query began, which its id tells."""
    return _TIMED_ID.sub(r"\1-\2-\3T\4:\5:\6+00:00 ", query_id).partition(" ")[0]


def _stated(inputs: str, output: str) -> Stated | None:
    try:
        return stated_of((), decoded(inputs, list[Input]) or (), decoded(output, Output))
    except msgspec.MsgspecError:
        return None  # another version's shape; the text is still there


class TrinoQueries:
    """The format."""

    name = "trino-queries"
    title = "Trino system.runtime.queries, MySQL event listener (CSV, JSON)"
    dialect = "trino"
    divisible = True
    rows = RowForm(_FIELDS, lambda row: bool(_TIMED_ID.match(row[4])), _record, timezone="UTC")
    export = (
        "trino --output-format CSV_HEADER --execute 'SELECT * FROM system.runtime.queries' > "
        "queries.csv, every few minutes: it forgets; or SELECT * FROM trino_queries of the MySQL "
        "event listener"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.strip().lower() for column in table_columns(head.text)}
        own = sorted(columns & _OWN_MARKS)
        if not columns >= _MARKS or not own:
            return ""
        return f"it has the columns query_id, query, user, source and {own[0]}"

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        return self.rows.read(stream, options)


FORMAT = TrinoQueries()

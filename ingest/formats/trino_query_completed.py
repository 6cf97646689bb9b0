"""Trino's query-completed events, as the HTTP, Kafka and file event listeners write them.

Source: https://trino.io/docs/current/develop/event-listener.html
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.objects import JsonObject, json_objects, nested
from ingest.files.wording import status_of
from ingest.formats.stated import statement_text
from ingest.formats.trino_tables import Input, Output, Referenced, stated_of
from ingest.record import Head, QueryRecord, Read, ReadOptions, Rejected, Stated

_HINTS = {
    "source": "context.source",
    "client_tags": "context.clientTags",
    "client_info": "context.clientInfo",
    "user_agent": "context.userAgent",
}
_CANCELLED = frozenset({"USER_CANCELED", "ADMINISTRATIVELY_KILLED", "ADMINISTRATIVELY_PREEMPTED"})


class TrinoQueryCompleted:
    """The format."""

    name = "trino-query-completed"
    title = "Trino query-completed events (JSON)"
    dialect = "trino"
    export = (
        "in etc/event-listener.properties: event-listener.name=http, "
        "http-event-listener.log-completed=true, http-event-listener.connect-ingest-uri=…; "
        "keep each POST as one line"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        if head.text.lstrip()[:1] not in ("{", "["):
            return ""
        for one in json_objects(io.StringIO(), head.text):
            if isinstance(one, tuple) and nested(_event(one[1]), "metadata.queryId"):
                return "its JSON objects have metadata.queryId and context"
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        clock = Clock(options.timezone or "UTC")
        for one in json_objects(stream):
            yield one if isinstance(one, Rejected) else _record(one[0], _event(one[1]), clock)


def _event(found: JsonObject) -> JsonObject:
    """The event, out of its envelope when it came through Kafka."""
    inner = found.get("eventPayload")
    return inner if isinstance(inner, dict) else found


def _record(line: int, event: JsonObject, clock: Clock) -> Read:
    # Of EXECUTE, `query` is only the call.
    text, given = statement_text(
        nested(event, "metadata.preparedQuery") or nested(event, "metadata.query")
    )
    try:
        start = clock.micros(nested(event, "createTime"))
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    hints = {name: nested(event, path) for name, path in _HINTS.items()}
    return QueryRecord(
        text=text,
        start=start,
        user=nested(event, "context.user"),
        query_id=nested(event, "metadata.queryId"),
        session=nested(event, "metadata.transactionId"),
        status=_status(event),
        kind=(nested(event, "metadata.updateType") or nested(event, "context.queryType")).upper(),
        database=nested(event, "context.catalog"),
        schema=nested(event, "context.schema"),
        hints={name: hint for name, hint in hints.items() if hint and hint != "[]"},
        complete=given,
        line=line,
        stated=_stated(event),
        joins=True,
    )


def _stated(event: JsonObject) -> Stated | None:
    metadata, touched = event.get("metadata"), event.get("ioMetadata")
    tables = metadata.get("tables") if isinstance(metadata, dict) else None
    inputs, output = (
        (touched.get("inputs"), touched.get("output"))
        if isinstance(touched, dict)
        else (None, None)
    )
    try:
        return stated_of(
            msgspec.convert(tables or [], list[Referenced], strict=False),
            msgspec.convert(inputs or [], list[Input], strict=False),
            msgspec.convert(output, Output, strict=False) if output else None,
        )
    except msgspec.ValidationError:
        return None  # another version's shape; the text is still there


def _status(event: JsonObject) -> str:
    if event.get("failureInfo"):
        name = nested(event, "failureInfo.errorCode.name")
        return "cancelled" if name in _CANCELLED else "error"
    return status_of(nested(event, "metadata.queryState"))


FORMAT = TrinoQueryCompleted()

"""dbt's log in JSON: every statement as it was sent to the warehouse, with the node it is for.

Source: https://docs.getdbt.com/reference/events-logging
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.objects import JsonObject, json_objects, nested
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_QUERY, _STATUS, _FAILURE = "SQLQuery", "SQLQueryStatus", "AdapterEventDebug"
_FAILED = "error"  # in the message that an adapter logs when a statement fails


class DbtLog:
    """The format."""

    name = "dbt-log"
    title = "dbt's log (JSON Lines)"
    dialect = ""
    export = (
        "dbt --log-format-file json --log-level-file debug build; then logs/dbt.log; say --dialect "
        "and --namespace of the warehouse. Where the warehouse has a query log, that says more"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        if head.text.lstrip()[:1] != "{":
            return ""
        start = head.text[:20_000].replace('": ', '":')
        found = '"invocation_id":"' in start and '"category":"' in start
        return "its lines are events of dbt" if found else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Every statement when its result is known."""
        log = _Log(Clock(options.timezone or "UTC"))
        for one in json_objects(stream):
            if isinstance(one, Rejected):
                yield one
            else:
                yield from log.take(*one)
        yield from log.unfinished()


class _Log:
    """The statements whose result the log has not told yet, by connection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, tuple[int, JsonObject]] = {}

    def take(self, line: int, event: JsonObject) -> Iterator[Read]:
        """What is complete with this event."""
        name, thread = nested(event, "info.name"), _thread(event)
        if name == _QUERY:
            # No result was told of the one before: it failed.
            yield from self._closed(thread, "error")
            self._open[thread] = (line, event)
        elif name == _STATUS:
            yield from self._closed(thread, "ok", nested(event, "data.query_id"))
        elif name == _FAILURE and _FAILED in nested(event, "data.base_msg").lower():
            yield from self._closed(thread, "error")

    def unfinished(self) -> Iterator[Read]:
        """The statements whose result is not in the log."""
        for thread in list(self._open):
            yield from self._closed(thread, "running")

    def _closed(self, thread: str, status: str, query_id: str = "") -> Iterator[Read]:
        if thread in self._open:
            line, event = self._open.pop(thread)
            yield self._record(line, event, status, query_id)

    def _record(self, line: int, event: JsonObject, status: str, query_id: str) -> Read:
        text = nested(event, "data.sql").strip()
        if not text:
            return Ignored("no_statement", line)
        try:
            start = self._clock.micros(nested(event, "info.ts"))
        except UnreadableTime:
            return Rejected("bad_time", line, text)
        node = nested(event, "data.node_info.unique_id")
        return QueryRecord(
            text=text,
            start=start,
            query_id=query_id,
            session=f"{nested(event, 'info.invocation_id')}/{_thread(event)}",
            seq=line,
            status=status,
            hints={"unique_id": node} if node else {},
            database=nested(event, "data.node_info.node_relation.database"),
            schema=nested(event, "data.node_info.node_relation.schema"),
            line=line,
            joins=bool(query_id),
        )


def _thread(event: JsonObject) -> str:
    """The connection of an event; statements of one follow each other."""
    return nested(event, "info.thread")


FORMAT = DbtLog()

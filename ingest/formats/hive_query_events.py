"""Hive's query events (HiveProtoLoggingHook), as JSON of `sys.proto_hive_query_data`.

A statement is told when it is submitted, and its result when it is completed.
Source: https://cwiki.apache.org/confluence/display/Hive/HiveProtoLoggingHook, HiveEvents.proto
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import IO

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.objects import JsonObject, json_objects
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

_SUBMITTED, _COMPLETED = "QUERY_SUBMITTED", "QUERY_COMPLETED"
_MARKS = {"eventtype", "hivequeryid"}


class HiveQueryEvents:
    """The format."""

    name = "hive-query-events"
    title = "Hive query events (JSON)"
    dialect = "hive"
    export = (
        "with hive.exec.pre.hooks, post.hooks and failure.hooks = "
        "org.apache.hadoop.hive.ql.hooks.HiveProtoLoggingHook: INSERT OVERWRITE DIRECTORY … ROW "
        "FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe' SELECT * FROM "
        "sys.proto_hive_query_data WHERE `date` >= '{since}'"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        if head.text.lstrip()[:1] not in ("{", "["):
            return ""
        for one in json_objects(io.StringIO(), head.text):
            if isinstance(one, tuple) and {key.lower() for key in one[1]} >= _MARKS:
                return "its JSON objects have eventType and hiveQueryId"
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Every statement when it is completed, those that are not at the end."""
        clock = Clock(options.timezone or "UTC")
        submitted: dict[str, tuple[int, _Event]] = {}
        for one in json_objects(stream):
            if isinstance(one, Rejected):
                yield one
                continue
            event = _Event(one[1])
            if event.kind == _SUBMITTED:
                submitted[event.query_id] = (one[0], event)
            elif event.kind != _COMPLETED or event.query_id not in submitted:
                yield Ignored("companion", one[0])
            else:
                yield Ignored("companion", one[0])
                yield _record(*submitted.pop(event.query_id), event.status, clock)
        for line, event in submitted.values():
            yield _record(line, event, "running", clock)


class _Event:
    """An event, whatever the case of its keys and the form of its map."""

    def __init__(self, found: JsonObject) -> None:
        self.values = {key.lower(): one for key, one in found.items() if one is not None}
        self.kind = self.text("eventtype").upper()
        self.query_id = self.text("hivequeryid")
        self.other = _map(self.values.get("otherinfo"))

    def text(self, key: str) -> str:
        """The text of a value, empty when there is none."""
        value = self.values.get(key)
        return "" if value is None else str(value)

    @property
    def status(self) -> str:
        """How the statement ended."""
        return {"true": "ok", "false": "error"}.get(self.other.get("STATUS", "").lower(), "unknown")

    def tables(self, key: str) -> tuple[StatedTable, ...] | None:
        """The tables under a key; None when the key is not there."""
        value = self.values.get(key)
        if not isinstance(value, list):
            return None
        return tuple(StatedTable(tuple(str(one).split("."))) for one in value)


def _map(value: object) -> Mapping[str, str]:
    """The entries of a map, written as an object or as a list of keys and values."""
    if isinstance(value, dict):
        return {str(key).upper(): str(one) for key, one in value.items()}
    if isinstance(value, list):
        entries = [one for one in value if isinstance(one, dict)]
        return {str(one.get("key")).upper(): str(one.get("value")) for one in entries}
    return {}


def _record(line: int, event: _Event, status: str, clock: Clock) -> Read:
    text = _query_text(event.other.get("QUERY", ""))
    if not text:
        return Rejected("no_text", line)
    try:
        start = clock.micros(event.text("timestamp"))
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    hints = {"queue": event.text("queue"), "application_name": event.other.get("INVOKER_INFO", "")}
    return QueryRecord(
        text=text,
        start=start,
        user=event.text("requestuser") or event.text("user"),
        query_id=event.query_id,
        session=event.other.get("SESSION_ID", ""),
        status=status,
        hints={name: hint for name, hint in hints.items() if hint},
        line=line,
        stated=canonical(
            Stated(event.tables("tablesread"), event.tables("tableswritten"), scope="beneath")
        ),
    )


def _query_text(query: str) -> str:
    """The statement: in the JSON that the hook writes, or as it is."""
    if not query.startswith("{"):
        return query
    try:
        found = msgspec.json.decode(query, type=dict[str, object])
    except msgspec.MsgspecError:
        return ""
    return str(found.get("queryText") or "")


FORMAT = HiveQueryEvents()

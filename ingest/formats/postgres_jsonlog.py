"""PostgreSQL's jsonlog (from version 15), and the JSON records of CloudNativePG.

Source: https://www.postgresql.org/docs/current/runtime-config-logging.html
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock
from ingest.files.objects import JsonObject, cell, json_objects
from ingest.formats.pgaudit import written
from ingest.formats.postgres_executions import Executions
from ingest.formats.postgres_messages import Entry
from ingest.record import Head, Ignored, Read, ReadOptions, Rejected

# The names of the entry's fields, in jsonlog; CloudNativePG keeps those of csvlog.
_JSONLOG = (
    *("timestamp", "user", "dbname", "pid", "session_id", "line_num", "ps", "error_severity"),
    *("state_code", "message", "detail", "statement", "application_name"),
)


class PostgresJsonlog:
    """The format."""

    name = "postgres-jsonlog"
    title = "PostgreSQL jsonlog, CloudNativePG JSON log"
    dialect = "postgres"
    export = (
        "in postgresql.conf: logging_collector = on, log_destination = 'jsonlog', "
        "log_min_duration_statement = 0; then take the .json files of log_directory"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        for one in json_objects(io.StringIO(), head.text):
            if isinstance(one, tuple) and (found := _entry(one[1])) and found.error_severity:
                return "its JSON objects have error_severity, session_id and message"
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, in the order of each session."""
        executions = Executions(Clock(options.timezone))
        for one in json_objects(stream):
            if isinstance(one, Rejected):
                yield one
            elif entry := _entry(one[1]):
                yield from executions.take(entry, one[0])
            else:
                yield Ignored("no_statement", one[0])
        yield from executions.rest()


def _entry(found: JsonObject) -> Entry | None:
    record = found.get("record", found)
    if not isinstance(record, dict) or "session_id" not in record:
        return None
    audit = record.get("audit")
    if isinstance(audit, dict):
        record = {**record, "message": written({name: cell(audit[name]) for name in audit})}
    if "message" not in record:
        return None
    names = Entry._fields if "log_time" in record else _JSONLOG
    return Entry(*(cell(record.get(name)) for name in names))


FORMAT = PostgresJsonlog()

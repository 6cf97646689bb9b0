"""Spark's event log: the executions of SQL in it, with the tables that their plans name.

Only the SQL shell and the Thrift server log the text of a statement. For the rest a plan says what
was read and written. A record is one execution with all that it started.
Source: https://spark.apache.org/docs/latest/monitoring.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.objects import JsonObject, json_objects
from ingest.formats.spark_plan import stated_of
from ingest.formats.stated import canonical
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected, Stated

_SQL = "org.apache.spark.sql.execution.ui.SparkListenerSQL"
_START, _END = f"{_SQL}ExecutionStart", f"{_SQL}ExecutionEnd"
_APPLICATION = "SparkListenerApplicationStart"
# The classes through which text comes; elsewhere `description` is a place in a program.
_TEXT_FROM = ".thriftserver."
_MARKS = ('"Event":"SparkListener', '"Event":"org.apache.spark')
_CATALOG, _SCHEMA = "spark_catalog", "default"  # where a session of Spark begins


class SparkEventLog:
    """The format."""

    name = "spark-event-log"
    title = "Spark event log (JSON Lines, rolled folders too)"
    dialect = "spark"
    export = (
        "spark.eventLog.enabled=true and spark.eventLog.dir in spark-defaults.conf; then give the "
        "files of that folder. Plans name tables and files, and text only from SQL shell and "
        "Thrift server: spark.sql.maxPlanStringLength=10000000 keeps long plans whole"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        start = head.text[:1000].replace('": "', '":"')
        return "its first line is an event of Spark" if any(m in start for m in _MARKS) else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Every execution when it has ended, those that did not at the end of the log."""
        log = _Log()
        for one in json_objects(stream):
            if isinstance(one, Rejected):
                yield one
            else:
                yield from log.take(*one)
        yield from log.unfinished()


class _Execution:
    """An execution of SQL, and what it started."""

    def __init__(self, line: int, event: JsonObject) -> None:
        self.line = line
        self.event = event
        self.stated = Stated(scope="beneath")


class _Log:
    """The executions of one application that have not ended yet."""

    def __init__(self) -> None:
        self._application: JsonObject = {}
        self._open: dict[object, _Execution] = {}

    def take(self, line: int, event: JsonObject) -> Iterator[Read]:
        """What is complete with this event."""
        kind = event.get("Event")
        if kind == _APPLICATION:
            self._application = event
        elif kind == _START:
            yield from self._start(line, event)
        elif kind == _END:
            found = self._open.pop(event.get("executionId"), None)
            if found is not None:
                yield self._record(found, "error" if event.get("errorMessage") else "ok")

    def unfinished(self) -> Iterator[Read]:
        """The executions whose end the log does not have."""
        for found in self._open.values():
            yield self._record(found, "running")

    def _start(self, line: int, event: JsonObject) -> Iterator[Read]:
        own = event.get("executionId")
        root = self._open.get(event.get("rootExecutionId", own))
        if root is None:
            root = self._open[own] = _Execution(line, event)
        else:
            # The insert of a CREATE TABLE AS is an execution of its own.
            yield Ignored("companion", line)
        root.stated = root.stated.union(stated_of(str(event.get("physicalPlanDescription", ""))))

    def _record(self, found: _Execution, status: str) -> Read:
        event = found.event
        text = str(event.get("description", "")) if _TEXT_FROM in str(event.get("details")) else ""
        stated = canonical(_told(found.stated, text))
        start = event.get("time")
        if not isinstance(start, int):
            return Rejected("bad_time", found.line, text)
        if not text and (stated is None or not (stated.reads or stated.writes)):
            return Ignored("no_lineage", found.line)
        application = str(self._application.get("App ID", ""))
        name = str(self._application.get("App Name", ""))
        number = event.get("executionId")
        return QueryRecord(
            text=text,
            start=start * 1000,
            user=str(self._application.get("User", "")),
            query_id=f"{application}/{number}" if application else "",
            session=application,
            seq=number if isinstance(number, int) else 0,
            status=status,
            database=_CATALOG if text else "",
            schema=_SCHEMA if text else "",
            hints={"application_name": name, "spark_application": name} if name else {},
            line=found.line,
            stated=stated,
        )


def _told(stated: Stated, text: str) -> Stated:
    """What the plans say beyond the text, without the files of a table written by its name.

    Of a text, parsing tells more exactly than a plan which column goes where.
    """
    writes = stated.writes or ()
    tables = tuple(one for one in writes if one.kind == "table")
    if not tables:
        return stated if not text else msgspec.structs.replace(stated, edges=())
    edges = [msgspec.structs.replace(one, target=tables[0].parts) for one in stated.edges]
    sole = len(tables) == 1 and not text
    return Stated(stated.reads, tables, tuple(edges) if sole else (), stated.scope)


FORMAT = SparkEventLog()

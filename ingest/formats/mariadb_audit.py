"""The audit log of MariaDB's server_audit plugin, and of Aurora MySQL and RDS.

A statement is several lines with one query id: the tables that it opened, then its text.
Source: https://mariadb.com/kb/en/mariadb-audit-plugin-log-format/, Amazon's documentation of
advanced auditing, and logs of MariaDB 10.11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.wording import withheld
from ingest.formats.envelopes import Line, log_lines, sample_lines
from ingest.formats.mysql_messages import SYSTEM_SCHEMAS, is_preparation, unescaped
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

_LINE = re.compile(
    r"(?:(?P<time>\d{8} \d\d:\d\d:\d\d|\d{16}),)?(?P<server>[^,]*),(?P<user>[^,]*),(?P<host>[^,]*),"
    r"(?P<connection>\d+),(?P<query>\d+),(?P<event>[A-Z_]+),(?P<rest>.*)"
)
_EVENTS = frozenset({"READ", "WRITE", "CREATE", "ALTER", "RENAME", "DROP", "CONNECT", "DISCONNECT",
                     "FAILED_CONNECT"})  # fmt: skip
_TEXT = re.compile(r"(?P<schema>[^,]*),'?(?P<text>.*?)'?,(?P<code>\d*)$", re.DOTALL)
_TABLE = re.compile(r"(?P<schema>[^,]*),(?P<table>[^,]*),")
_PLAIN_TIME = re.compile(r"(\d{4})(\d\d)(\d\d) (.*)")
_LIMITS = (1021, 1024)  # bytes at which a text is cut by default; less where a character was split
_OPEN = 10_000  # statements whose text is still to come
_KEPT = 2_000


class _Opened(msgspec.Struct):
    """The tables that a statement opened."""

    first: re.Match[str]
    line: Line
    reads: set[StatedTable] = set()
    writes: set[StatedTable] = set()

    def stated(self) -> Stated | None:
        """What they state: of a view the tables beneath it, of a temporary table nothing."""
        if not self.reads and not self.writes:
            return None
        reads = tuple(sorted(self.reads)) or None
        return Stated(reads, tuple(sorted(self.writes)) or None, scope="beneath")


class MariaDbAudit:
    """The format."""

    name = "mariadb-audit"
    title = "MariaDB server_audit log, Aurora MySQL advanced audit"
    dialect = "mysql"
    export = (
        "INSTALL SONAME 'server_audit'; SET GLOBAL server_audit_events = 'CONNECT,QUERY,TABLE', "
        "server_audit_query_log_limit = 1048576, server_audit_logging = ON; then take "
        "server_audit.log. Aurora, RDS: aws logs filter-log-events of the audit log group"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        found = [_LINE.match(line.text) for line in sample_lines(head.text)]
        if any(one and _is_event(one["event"]) for one in found):
            return "its lines have user, connection, query id and an event such as QUERY"
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        log = _Log(Clock(options.timezone))
        for line in log_lines(stream):
            if isinstance(line, Rejected):
                yield line
                continue
            found = _LINE.match(line.text)
            if found and _is_event(found["event"]):
                yield from log.read(found, line)
            elif line.text.strip():
                yield Rejected("broken_record", line.number, line.text[:_KEPT])
        yield from log.rest()
        log.clock.tell(options.notice)


def _is_event(name: str) -> bool:
    return name in _EVENTS or name.startswith("QUERY")


class _Log:
    """The state of a log: the tables of the statements whose text is still to come."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._opened: dict[tuple[str, str], _Opened] = {}

    def read(self, found: re.Match[str], line: Line) -> Iterator[Read]:
        """The records that the line completes; over a whole log as many as there are lines."""
        place = found["connection"], found["query"]
        if found["event"].startswith("QUERY"):
            opened = self._opened.pop(place, None)
            if opened:
                yield Ignored("companion", opened.line.number)
            yield self._statement(found, line, opened)
        elif found["event"] in ("CREATE", "READ", "WRITE"):
            yield from self._table(place, found, line)
        else:
            if found["event"] == "DISCONNECT":
                yield from self._textless(found["connection"])
            yield Ignored("no_statement", line.number)

    def rest(self) -> Iterator[Read]:
        """The statements whose text never came: only the plugin's TABLE events are logged."""
        for opened in self._opened.values():
            yield self._statement(opened.first, opened.line, opened)
        self._opened.clear()

    def _table(self, place: tuple[str, str], found: re.Match[str], line: Line) -> Iterator[Read]:
        table = _TABLE.match(found["rest"])
        if not table or table["schema"].lower() in SYSTEM_SCHEMAS or found["event"] == "CREATE":
            yield Ignored("companion", line.number)
            return
        opened = self._opened.get(place)
        if opened:
            yield Ignored("companion", line.number)
        else:
            opened = self._opened[place] = _Opened(found, line)
        told = StatedTable((table["schema"], table["table"]))
        (opened.reads if found["event"] == "READ" else opened.writes).add(told)
        if len(self._opened) > _OPEN:
            oldest = self._opened.pop(next(iter(self._opened)))
            yield self._statement(oldest.first, oldest.line, oldest)

    def _textless(self, connection: str) -> Iterator[Read]:
        for place in [place for place in self._opened if place[0] == connection]:
            opened = self._opened.pop(place)
            yield self._statement(opened.first, opened.line, opened)

    def _statement(self, found: re.Match[str], line: Line, opened: _Opened | None) -> Read:
        told = _TEXT.match(found["rest"]) if found["event"].startswith("QUERY") else None
        text = unescaped(told["text"]) if told else ""
        if is_preparation(text):
            return Ignored("companion", line.number)
        refused = withheld(text, line.number)
        if refused and (told or not opened):
            return refused
        try:
            start = self.clock.micros(_PLAIN_TIME.sub(r"\1-\2-\3 \4", found["time"] or line.stamp))
        except UnreadableTime:
            return Rejected("bad_time", line.number, text)
        low, high = _LIMITS
        return QueryRecord(
            text=text,
            start=start,
            user=found["user"],
            query_id=f"{found['server']}:{found['connection']}:{found['query']}@{start}",
            session=found["connection"],
            status="error" if told and told["code"] not in ("", "0") else "ok",
            schema=told["schema"] if told else "",
            complete=not low <= len(text.encode()) <= high,
            line=line.number,
            stated=opened.stated() if opened else None,
        )


FORMAT = MariaDbAudit()

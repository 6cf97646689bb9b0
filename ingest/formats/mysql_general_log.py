"""The general log of MySQL and MariaDB. It tells neither duration nor whether a statement failed.

Source: https://dev.mysql.com/doc/refman/8.4/en/query-log.html, and logs of MariaDB 10.11
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import Clock, Ordinals, UnreadableTime
from ingest.files.wording import withheld
from ingest.formats.envelopes import log_lines, sample_lines
from ingest.formats.mysql_messages import (
    is_execution_by_name,
    is_preparation,
    schema_of_connect,
    user_of_connect,
)
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_ENTRY = re.compile(
    r"(?P<stamp>\d{4}-\d\d-\d\dT\S+|\d{6}\s+\d{1,2}:\d\d:\d\d)?\t+\s*(?P<thread>\d+) "
    r"(?P<command>Query|Execute|Prepare|Connect|Init DB|Quit|Close stmt|Reset stmt|Field List|"
    r"Change user|Statistics|Ping|Refresh|Shutdown|Processlist|Kill|Debug|Binlog Dump(?: GTID)?|"
    r"Register Slave|Long Data|Sleep|Set option|Fetch|Daemon|Error|Time)\t?(?P<text>.*)",
    re.DOTALL,
)
_OLD_STAMP = re.compile(r"(\d\d)(\d\d)(\d\d)\s+(\d{1,2})(:.*)")
_BANNER = re.compile(r".*started with:\s*$|Tcp port: |Time +Id Command|Time\t")


class _Entry(msgspec.Struct):
    """An entry; its text grows by the lines that follow."""

    line: int
    thread: str
    command: str
    text: str


class MySqlGeneralLog:
    """The format."""

    name = "mysql-general-log"
    title = "MySQL and MariaDB general log"
    dialect = "mysql"
    export = "SET GLOBAL log_output = 'FILE'; SET GLOBAL general_log = ON; then take the log file"

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        if any(_ENTRY.match(line.text) for line in sample_lines(head.text)):
            return "its lines have a thread and a command such as Query"
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        log = _Log(Clock(options.timezone))
        entry: _Entry | None = None
        for line in log_lines(stream):
            if isinstance(line, Rejected):
                yield line
                continue
            found = _ENTRY.match(line.text)
            if found:
                if entry:
                    yield log.read(entry)
                log.at(found["stamp"])
                entry = _Entry(line.number, found["thread"], found["command"], found["text"])
            elif entry and not _BANNER.match(line.text):
                entry.text += f"\n{line.text}"
        if entry:
            yield log.read(entry)
        log.clock.tell(options.notice)


class _Log:
    """The state of a log: the latest time, and the user and schema of each thread."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._stamp = ""
        self._users: dict[str, str] = {}
        self._schemas: dict[str, str] = {}
        self._ordinals = Ordinals()

    def at(self, stamp: str | None) -> None:
        """Takes note of the time; an entry without it is of the same second."""
        if stamp:
            old = _OLD_STAMP.fullmatch(stamp)
            self._stamp = "20{}-{}-{} {:0>2}{}".format(*old.groups()) if old else stamp

    def read(self, entry: _Entry) -> Read:
        """What the entry says, now that all its lines are there."""
        text = entry.text.rstrip("\r\n")
        match entry.command:
            case "Connect" | "Change user":
                self._connect(entry.thread, text)
            case "Quit":
                self._users.pop(entry.thread, None)
                self._schemas.pop(entry.thread, None)
            case "Init DB":
                self._schemas[entry.thread] = text.strip()
            case "Execute":
                return self._execution(entry, text)
            case "Query" if not (is_preparation(text) or is_execution_by_name(text)):
                return self._execution(entry, text)
            case "Prepare" | "Query":
                return Ignored("companion", entry.line)
        return Ignored("no_statement", entry.line)

    def _connect(self, thread: str, text: str) -> None:
        self._users[thread] = user_of_connect(text)
        self._schemas[thread] = schema_of_connect(text)

    def _execution(self, entry: _Entry, text: str) -> Read:
        refused = withheld(text, entry.line)
        if refused:
            return refused
        try:
            start = self.clock.micros(self._stamp)
        except UnreadableTime:
            return Rejected("bad_time", entry.line, text)
        return QueryRecord(
            text=text,
            start=start,
            user=self._users.get(entry.thread, ""),
            session=entry.thread,
            seq=self._ordinals.next(entry.thread, start),
            status="unknown",
            schema=self._schemas.get(entry.thread, ""),
            line=entry.line,
        )


FORMAT = MySqlGeneralLog()

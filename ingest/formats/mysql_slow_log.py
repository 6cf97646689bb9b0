"""The slow log of MySQL, MariaDB and Percona; with `long_query_time = 0` it has every statement.

Source: https://dev.mysql.com/doc/refman/8.4/en/slow-query-log.html, and logs of MariaDB 10.11
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import NO_TIME, Ordinals
from ingest.files.wording import withheld
from ingest.formats.envelopes import log_lines, sample_lines
from ingest.formats.mysql_messages import is_preparation
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_USER = re.compile(
    r"# User@Host: (?P<user>[^\[\s]*)\[(?P<as>[^\]]*)\] @ .*?(?:\bId:\s*(?P<id>\d+))?\s*$"
)
_FIELD = re.compile(r"(\w+): +([^\s:]*)(?=\s|$)")
_TIMESTAMP = re.compile(r"SET timestamp=(\d+)(?:\.(\d+))?;\s*$", re.IGNORECASE)
_USE = re.compile(r"use `?([^`;]+)`?;\s*$", re.IGNORECASE)
_ADMINISTRATOR = "# administrator command:"
_BANNER = re.compile(r".*started with:\s*$|Tcp port: |Time +Id Command|Time\t")


class _Block(msgspec.Struct):
    """One statement with the header in front of it."""

    line: int
    user: str = ""
    thread: str = ""
    schema: str = ""
    start: int = NO_TIME
    status: str = "unknown"  # only some servers tell
    text: str = ""


class MySqlSlowLog:
    """The format."""

    name = "mysql-slow-log"
    title = "MySQL, MariaDB and Percona slow log"
    dialect = "mysql"
    export = (
        "SET GLOBAL log_output = 'FILE'; SET GLOBAL slow_query_log = ON; "
        "SET GLOBAL long_query_time = 0; then take the log file"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        found = [line.text for line in sample_lines(head.text) if line.text.startswith("# ")]
        if any(map(_USER.match, found)) and any("# Query_time: " in line for line in found):
            return "it has lines of # User@Host and # Query_time"
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        block: _Block | None = None
        latest = [""]  # schema in the file: one that stays is not written again, for any session
        ordinals = Ordinals()
        for one in log_lines(stream):
            if isinstance(one, Rejected):
                yield one
                continue
            line = one.text
            user = _USER.match(line)
            if user:
                if block:
                    yield _record(block, ordinals)
                block = _Block(one.number, user["user"] or user["as"], user["id"] or "", latest[0])
            elif line.startswith("# Time:"):
                # Stands between two statements, when the second has changed.
                if block and block.text:
                    yield _record(block, ordinals)
                    block = None
            elif block and not _BANNER.match(line):
                _take(block, line, latest)
        if block:
            yield _record(block, ordinals)


def _take(block: _Block, line: str, latest: list[str]) -> None:
    """Adds a line to its block."""
    stamp = _TIMESTAMP.match(line)
    use = _USE.match(line)
    if line.startswith("#") and not block.text:
        fields = dict(_FIELD.findall(line))
        block.thread = fields.get("Thread_id", block.thread)
        errno = fields.get("Last_errno") or fields.get("Errno")
        if errno:
            block.status = "ok" if errno == "0" else "error"
        block.schema = fields.get("Schema", block.schema)
    elif stamp and not block.text:
        block.start = int(stamp[1]) * 1_000_000 + int(f"{stamp[2] or '0':0<6}"[:6])
    elif use and not block.text:
        block.schema = latest[0] = use[1]
    elif not line.startswith(_ADMINISTRATOR):
        block.text += f"\n{line}" if block.text else line


def _record(block: _Block, ordinals: Ordinals) -> Read:
    text = block.text.strip().removesuffix(";")
    if not text:
        return Ignored("no_statement", block.line)
    if is_preparation(text):
        return Ignored("companion", block.line)
    return withheld(text, block.line) or QueryRecord(
        text=text,
        start=block.start,
        user=block.user,
        session=block.thread,
        seq=ordinals.next(block.thread, block.start),
        status=block.status,
        schema=block.schema,
        line=block.line,
    )


FORMAT = MySqlSlowLog()

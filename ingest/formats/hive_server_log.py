"""The log of HiveServer2: the statements that it executed.

Source: org.apache.hadoop.hive.ql.Driver
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.wording import withheld
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

# 2026-01-02T03:04:05,123  INFO [HiveServer2-Background-Pool: Thread-47] ql.Driver: …
_LINE = re.compile(
    r"(?P<time>[0-9]{2,4}[-/][0-9]{2}[-/][0-9]{2}[T ][0-9:]{8}(?:[.,][0-9]+)?)\s+"
    r"(?:(?P<level>[A-Z]+)\s+)?(?:\[(?P<thread>[^\]]*)\]:?\s+)?(?P<message>.*)",
    re.DOTALL,
)
_COMMAND = re.compile(
    r"(?P<doing>Executing|Compiling) command\(queryId=(?P<id>[^)]+)\):\s?(?P<text>.*)", re.DOTALL
)
_COMPLETED = re.compile(r"Completed executing command\(queryId=(?P<id>[^)]+)\)")
_FAILED = re.compile(r"(?:^|[\s-])FAILED: ")
_LONGEST = 100_000  # lines of one statement


class HiveServerLog:
    """The format."""

    name = "hive-server-log"
    title = "HiveServer2 log"
    dialect = "hive"
    export = (
        "the log of HiveServer2 (hive.log.dir, by default /tmp/hive/hive.log) with level INFO; it "
        "tells no user: hive.exec.post.hooks with LineageLogger tells users and columns"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        return "it has lines `Executing command(queryId=…)`" if _COMMAND.search(head.text) else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Every execution when it has ended, those that did not at the end of the log."""
        log = _Log(Clock(options.timezone))
        for number, entry in _entries(stream):
            yield from log.take(number, entry)
        yield from log.unfinished()
        log.clock.tell(options.notice)


def _entries(lines: IO[str]) -> Iterator[tuple[int, re.Match[str]]]:
    """The entries of the log, each with the lines that go on without a time."""
    begin, kept = 0, list[str]()
    for number, line in enumerate(lines, 1):
        if line[:1].isdecimal() and _LINE.match(line):
            yield from _entry(begin, kept)
            begin, kept = number, [line]
        elif kept and len(kept) < _LONGEST:
            kept.append(line)
    yield from _entry(begin, kept)


def _entry(begin: int, kept: list[str]) -> Iterator[tuple[int, re.Match[str]]]:
    found = _LINE.match("".join(kept)) if kept else None
    if found:
        yield begin, found


class _Running:
    """A statement that is being executed."""

    def __init__(self, line: int, time: str, thread: str, text: str) -> None:
        self.line, self.time, self.thread, self.text = line, time, thread, text
        self.failed = False


class _Log:
    """The statements whose end the log has not told yet."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._running: dict[str, _Running] = {}

    def take(self, line: int, entry: re.Match[str]) -> Iterator[Read]:
        """What is complete with this entry."""
        message, thread = entry["message"], entry["thread"] or ""
        command = _COMMAND.search(message)
        if command and command["doing"] == "Compiling":
            yield Ignored("companion", line)
        elif command:
            text = command["text"].strip()
            self._running[command["id"]] = _Running(line, entry["time"], thread, text)
        elif _FAILED.search(message):
            for running in self._running.values():
                running.failed |= running.thread == thread
        else:
            completed = _COMPLETED.search(message)
            if completed and completed["id"] in self._running:
                running = self._running.pop(completed["id"])
                status = "error" if running.failed else "ok"
                yield self._record(completed["id"], running, status)

    def unfinished(self) -> Iterator[Read]:
        """The statements that were still running when the log ended."""
        for query_id, running in self._running.items():
            yield self._record(query_id, running, "error" if running.failed else "running")

    def _record(self, query_id: str, found: _Running, status: str) -> Read:
        refused = withheld(found.text, found.line)
        if refused:
            return refused
        try:
            start = self.clock.micros(found.time)
        except UnreadableTime:
            return Rejected("bad_time", found.line, found.text)
        return QueryRecord(
            text=found.text, start=start, query_id=query_id, status=status, line=found.line
        )


FORMAT = HiveServerLog()

"""Lines of a server's log out of what collectors wrap them in.

Syslog, the JSON of cloud logging and containers, the stamps that exports put before each line.
Source: RFC 3164 and 5424, documentation of CloudWatch Logs, Cloud Logging, Docker, Heroku, and
logs of each in pgbadger's tests.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

from ingest.files.objects import CHUNK, JsonObject, json_objects, lines_from, nested
from ingest.record import Rejected

# Where the JSON of collectors keeps the line, and when it was written.
_MESSAGES = ("textPayload", "properties.message", "message", "@message", "MESSAGE", "log")
_STAMPS = ("timestamp", "@timestamp", "time", "properties.timestamp")
_EVENTS = "events"  # CloudWatch's answer is one object around them
_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)"
_OLD = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
_COUNTER = r"(?: ?\[[A-Z]+\])?(?: \[\d+-(?P<part>\d+)\] ?)?"
_HEADS = tuple(
    re.compile(pattern)
    for pattern in (
        # rsyslog and Heroku: a program with its process, perhaps a counter of the lines of one text
        rf"(?:<\d+>)?(?:\d )?(?:(?P<stamp>{_ISO})|(?P<old>{_OLD})) (?:\S+ )?"
        rf"[\w./-]+\[(?:\w+\.)?(?P<process>\d+)\]:?{_COUNTER} ?",
        rf"(?P<stamp>{_ISO}) (?:stdout|stderr) (?P<piece>[FP]) ",
        # CloudWatch Logs in S3
        rf"(?P<stamp>{_ISO}) (?=\S)",
    )
)
_ESCAPED = {"#011": "\t", "#012": "\n", "#015": ""}
_CONTROL = re.compile("|".join(_ESCAPED))
_LOOKED_AT = 50  # lines that show how a file is wrapped
_SAMPLE = 1_000  # lines that show what log it is


class Line(NamedTuple):
    """A line of the log itself. number: in the file, from 1; text: without its end.

    stamp, process: when it was written and by which process, as far as the collector tells.
    glued: the collector cut it off the line before, so that no line end is between them.
    """

    number: int
    text: str
    stamp: str = ""
    process: str = ""
    glued: bool = False


def log_lines(stream: IO[str], year: str = "") -> Iterator[Line | Rejected]:
    """The lines of the log in a stream, in its order; what is broken is `broken_record`.

    year: of the first line, for the stamps of old syslog, which have none.
    """
    chunk = stream.read(CHUNK)
    if chunk.lstrip()[:1] in ("{", "["):
        return _of_objects(stream, chunk)
    lines = lines_from(chunk, stream)
    sample = list(itertools.islice(lines, _LOOKED_AT))
    head = _head_of(sample)
    numbered = enumerate(itertools.chain(sample, lines), 1)
    if head is None:
        return (Line(number, line.rstrip("\r\n")) for number, line in numbered)
    return _unwrapped(numbered, head, _Calendar(year))


def sample_lines(text: str) -> list[Line]:
    """The lines of the log at the beginning of a file."""
    found = itertools.islice(log_lines(io.StringIO(text, newline="")), _SAMPLE)
    return [one for one in found if isinstance(one, Line)]


def _head_of(sample: list[str]) -> re.Pattern[str] | None:
    """What many lines begin with; not all, where the collector keeps the lines of an event."""
    filled = [line for line in sample if line.strip()]
    return next((one for one in _HEADS if 3 * sum(map(bool, map(one.match, filled))) > len(filled)),
                None)  # fmt: skip


class _Calendar:
    """Dates the stamps that have no year: they go on, so after December comes the next."""

    def __init__(self, year: str) -> None:
        self._year = int(year) if year.isdecimal() else 0
        self._month = 0

    def dated(self, stamp: str) -> str:
        """`Feb  3 01:02:03` as ISO 8601; as it is when nobody said the year."""
        if not self._year:
            return stamp
        month = "JanFebMarAprMayJunJulAugSepOctNovDec".find(stamp[:3]) // 3 + 1
        self._year += month == 1 and self._month == 12
        self._month = month
        return f"{self._year}-{month:02}-{stamp[4:6].replace(' ', '0')} {stamp[7:]}"


def _unwrapped(
    numbered: Iterable[tuple[int, str]], head: re.Pattern[str], calendar: _Calendar
) -> Iterator[Line]:
    torn = False
    for number, line in numbered:
        found = head.match(line)
        if not found:
            yield Line(number, line.rstrip("\r\n"))
            continue
        said = found.groupdict()
        text = _CONTROL.sub(lambda one: _ESCAPED[one[0]], line[found.end() :].rstrip("\r\n"))
        later = (said.get("part") or "1") != "1"
        glued = torn or (later and not text.startswith(("\t", " " * 8)))
        torn = said.get("piece") == "P"
        stamp = said["stamp"] or (calendar.dated(said["old"]) if said.get("old") else "")
        yield Line(number, text, stamp, said.get("process") or "", glued)


def _of_objects(stream: IO[str], chunk: str) -> Iterator[Line | Rejected]:
    for one in json_objects(stream, chunk):
        if isinstance(one, Rejected):
            yield one
            continue
        number, found = one
        events = found.get(_EVENTS)
        for event in events if isinstance(events, list) else (found,):
            if isinstance(event, dict):
                yield from _of_object(number, event)


def _of_object(number: int, found: JsonObject) -> Iterator[Line]:
    message = next(filter(None, (nested(found, path) for path in _MESSAGES)), "")
    stamp = next(filter(None, (nested(found, path) for path in _STAMPS)), "")
    for text in message.splitlines() or [""]:
        yield Line(number, text, stamp)

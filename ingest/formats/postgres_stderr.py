"""PostgreSQL's log as text, with any `log_line_prefix`, as it is or in what collectors wrap it in.

Source: https://www.postgresql.org/docs/current/runtime-config-logging.html, logs of version 15, and
those of RDS, Cloud SQL, Heroku and syslog in pgbadger's tests.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import IO

import msgspec

from ingest.files.clock import Clock
from ingest.formats.envelopes import Line, log_lines, sample_lines
from ingest.formats.postgres_executions import Executions
from ingest.formats.postgres_messages import SEVERITIES, Entry
from ingest.formats.postgres_prefix import Prefix, begins_entry, learn, said_prefix
from ingest.record import Head, Ignored, Read, ReadOptions, Rejected

_OWN_WORDS = re.compile(r"\b(?:LOG|STATEMENT|FATAL|DETAIL): ")
_LEARNED_FROM = 2_000  # lines
_OPEN = 10_000  # processes whose latest entry may go on
_KEPT = 2_000  # characters of a line that is no log's


class _Entry(msgspec.Struct):
    """An entry that is being read; its parts grow by the lines that follow."""

    line: int
    fields: dict[str, str]
    parts: dict[str, list[str]]
    part: str

    def add(self, line: Line) -> None:
        """Takes in a line that goes on."""
        lines = self.parts[self.part]
        if line.glued:
            lines[-1] += line.text
        else:
            lines.append(line.text.removeprefix("\t"))

    def text(self, part: str) -> str:
        """A part of it: the message is named as the severity."""
        return "\n".join(self.parts.get(part, ()))


class PostgresStderr:
    """The format."""

    name = "postgres-stderr"
    title = "PostgreSQL log as text: stderr, syslog, RDS, Cloud SQL, Heroku; with pgaudit"
    dialect = "postgres"
    export = (
        "in postgresql.conf: log_min_duration_statement = 0, log_line_prefix = '%m [%p] %q%u@%d/%a "
        "'; then take the files of log_directory. RDS: aws logs filter-log-events or "
        "download-db-log-file-portion; Cloud SQL: gcloud logging read --order=asc --format=json. "
        "Another prefix than the usual: --map prefix='%m …'"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        entries = [line for line in sample_lines(head.text) if begins_entry(line.text)]
        # Other programs say ERROR, too.
        own = [line for line in entries if _OWN_WORDS.search(line.text)]
        if not any(line.stamp or line.process or _has_time(line.text) for line in own):
            return ""
        prefix = learn(line.text for line in entries).text
        return "its lines have a severity and a message" + (f" behind {prefix!r}" if prefix else "")

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, in the order of each session."""
        lines = log_lines(stream, options.columns.get("year", ""))
        ahead = list(itertools.islice(lines, _LEARNED_FROM))
        prefix = _prefix(ahead, options)
        clock = Clock(options.timezone)
        executions = Executions(clock)
        sessions = _Sessions()
        refused: str | None = None
        for found in _entries(itertools.chain(ahead, lines), prefix):
            if not isinstance(found, _Entry):
                yield found
                continue
            entry = sessions.entry(found)
            for read in executions.take(entry, found.line):
                if isinstance(read, Rejected) and read.reason == "bad_time":
                    refused = entry.log_time
                yield read
        yield from executions.rest()
        clock.tell(options.notice)
        _tell_times(refused, options)


def _has_time(line: str) -> bool:
    found = Prefix().read(line)
    return bool(found and found[0].keys() & {"time", "process", "session"})


def _prefix(ahead: Iterable[Line | Rejected], options: ReadOptions) -> Prefix:
    said = said_prefix(tuple(options.columns.items()))
    if said:
        return Prefix(said)
    prefix = learn(line.text for line in ahead if isinstance(line, Line))
    if not prefix.text:
        options.notice("log_line_prefix was guessed field by field: say --map prefix='%m [%p] …'")
    return prefix


def _tell_times(refused: str | None, options: ReadOptions) -> None:
    """Says what to do about a time that could not be read."""
    if refused == "":
        options.notice("the lines have no time: log_line_prefix should begin with %m")
    elif refused and refused[:1].isalpha():
        options.notice(f"syslog's {refused!r} has no year: say --map year=2026, its first line's")
    elif refused:
        options.notice(f"time {refused!r} cannot be read: say --timezone, or set log_timezone")


class _Assembly:
    """Puts the lines of an entry together: its message, DETAIL, STATEMENT and so on.

    Lines of several processes mingle in syslog: there each goes on with its own process.
    """

    def __init__(self, prefix: Prefix) -> None:
        self._prefix = prefix
        self._open: dict[str, _Entry] = {}
        self._torn = False  # the last line went on with an entry of an earlier file

    def take(self, line: Line) -> Iterator[_Entry | Ignored | Rejected]:
        """The entries that the line ends, and what belongs to none."""
        entry = self._open.get(line.process)
        head = None if line.glued and entry is None else self._prefix.read(line.text)
        if head is None:
            yield from self._go_on(line, entry)
            return
        self._torn = False
        fields, at = head
        severity, text = fields["severity"], line.text[at:]
        if entry and not _is_main(severity):
            entry.part = severity
            entry.parts[severity] = [text]
            return
        if entry:
            yield self._open.pop(line.process)
        if len(self._open) >= _OPEN:
            yield self._open.pop(next(iter(self._open)))
        fields.setdefault("time", line.stamp)
        fields.setdefault("process", line.process)
        self._open[line.process] = _Entry(line.number, fields, {severity: [text]}, severity)

    def rest(self) -> Iterator[_Entry]:
        """The entries that are open at the end."""
        yield from self._open.values()

    def _go_on(self, line: Line, entry: _Entry | None) -> Iterator[Ignored | Rejected]:
        goes_on = line.glued or line.text[:1] in ("", "\t", " ")
        if entry and goes_on:
            entry.add(line)
        elif not (self._torn and goes_on):  # what an earlier file began is one record
            yield _stray(line)
        self._torn = entry is None and goes_on


def _entries(
    lines: Iterable[Line | Rejected], prefix: Prefix
) -> Iterator[_Entry | Ignored | Rejected]:
    assembly = _Assembly(prefix)
    for line in lines:
        if isinstance(line, Rejected):
            yield line
        else:
            yield from assembly.take(line)
    yield from assembly.rest()


def _stray(line: Line) -> Ignored | Rejected:
    """A line that belongs to no entry: what a collector has from another program."""
    if line.process or line.stamp or not line.text:
        return Ignored("no_statement", line.number)
    return Rejected("broken_record", line.number, line.text[:_KEPT])


def _is_main(severity: str) -> bool:
    return severity.rstrip("12345") in SEVERITIES and severity not in ("DETAIL", "STATEMENT")


class _Sessions:
    """Names the session of each entry, where the prefix only tells the process.

    A process number comes again; so the second connection of one in a file is another session.
    """

    def __init__(self) -> None:
        self._connections: dict[str, int] = {}

    def entry(self, found: _Entry) -> Entry:
        """The entry in the words of csvlog."""
        fields = found.fields
        severity = fields["severity"]
        session, process = fields.get("session", ""), fields.get("process", "")
        message = found.text(severity)
        if session and not process:
            process = str(int(session.partition(".")[2], 16))
        return Entry(
            log_time=fields.get("time", ""),
            user_name=fields.get("user", ""),
            database_name=fields.get("database", ""),
            process_id=process,
            session_id=session or self._session(process, message),
            session_line_num=fields.get("number", ""),
            command_tag=fields.get("tag", ""),
            error_severity=severity,
            sql_state_code=fields.get("state", ""),
            message=message,
            detail=found.text("DETAIL"),
            query=found.text("STATEMENT"),
            application_name=fields.get("application", ""),
        )

    def _session(self, process: str, message: str) -> str:
        if message.startswith("connection received:"):
            self._connections[process] = self._connections.get(process, 0) + 1
        number = self._connections.get(process, 1)
        return process if number == 1 else f"{process}.{number}"


FORMAT = PostgresStderr()

"""Counts each execution in a log of PostgreSQL once, however many entries tell of it.

One run can be several entries: parse, bind and execute; a statement and its duration; a statement
and its error; the lines of pgaudit, before or after the statement itself. They become one record.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.wording import withheld
from ingest.formats.pgaudit import MARK, Audit, Touched, read_audit
from ingest.formats.postgres_messages import Entry, Said, executed, prepared, said
from ingest.record import Ignored, QueryRecord, Read, Rejected

_SESSIONS = 10_000  # that may have a statement waiting for its end
_NAMES = 50_000  # entries among which one may come again


class _Run(msgspec.Struct):
    """A statement of which more may be told. spoken: by an entry of its own, not only by pgaudit.

    numbers: those that pgaudit gave to its statements; outer: whether the text is that of the
    client, and not of a statement that a function or block ran. first: what pgaudit first said.
    """

    record: QueryRecord
    spoken: bool
    outer: bool = True
    numbers: set[str] = set()
    first: tuple[str, str, str] | None = None
    touched: Touched | None = None

    def is_of(self, text: str) -> bool:
        """Whether an entry with this text is about the same statement."""
        return not self.outer or not self.record.text or self.record.text == text

    def tells(self, audit: Audit) -> bool:
        """Whether the line of pgaudit is about this statement."""
        if audit.number in self.numbers:
            return True
        if not self.numbers:
            return audit.nested or not audit.text or self.is_of(prepared(audit.text))
        # Of several statements in one string, each has its number and the text of all.
        more = self.record.text.rstrip("; \t\r\n").count(";")
        again = not self.spoken and (len(self.numbers) > more or _what(audit) == self.first)
        return more > 0 and audit.text == self.record.text and not again

    def add(self, audit: Audit) -> None:
        """Takes in a line of pgaudit."""
        self.numbers.add(audit.number)
        self.first = self.first or _what(audit)
        self.touched = self.touched or Touched()
        self.touched.add(audit, self.record.database)

    def finished(self, status: str = "ok") -> Read:
        """The record of the statement, all told."""
        stated = self.touched.stated() if self.touched else None
        if not self.record.text and stated is None:
            return Rejected("redacted", self.record.line)
        return msgspec.structs.replace(self.record, status=status, stated=stated)


class Executions:
    """Turns the entries of one log into records, in the order of each session."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, _Run] = {}
        self._twins = _Twins()

    def take(self, entry: Entry, line: int) -> Iterator[Read]:
        """The records that the entry completes; over a whole log as many as there are entries."""
        if entry.message.startswith(MARK):
            yield from self._audited(entry, line)
        elif entry.error_severity != "LOG":
            yield from self._failure(entry, line)
        else:
            yield from self._told(entry, line)

    def rest(self) -> Iterator[Read]:
        """The statements that still wait when the log ends."""
        for run in self._open.values():
            yield run.finished()
        self._open.clear()

    def _audited(self, entry: Entry, line: int) -> Iterator[Read]:
        audit = read_audit(entry.message)
        if audit is None or audit.command == "PREPARE":
            yield Ignored("companion", line)
            return
        run = self._open.get(entry.session_id)
        if run and run.tells(audit):
            run.add(audit)
            yield Ignored("companion", line)
            return
        yield from self._release(entry.session_id)
        record = self._record(entry, prepared(audit.text), 0.0, line)
        if isinstance(record, QueryRecord):
            run = _Run(record, spoken=False, outer=not audit.nested)
            run.add(audit)
            yield from self._hold(entry.session_id, run)
        else:
            yield record

    def _told(self, entry: Entry, line: int) -> Iterator[Read]:
        message = said(entry.message)
        if message is None:
            if entry.message.startswith("disconnection:"):
                yield from self._release(entry.session_id)
            yield Ignored("no_statement", line)
        elif not message.text:
            run = self._open.get(entry.session_id)
            # Without text, a duration may be that of a bind, which pgaudit's lines come before.
            if message.milliseconds is not None and run and run.spoken:
                yield from self._release(entry.session_id)
            yield Ignored("companion", line)
        else:
            yield from self._execution(entry, message, line)

    def _execution(self, entry: Entry, message: Said, line: int) -> Iterator[Read]:
        text = executed(message.text, entry.detail)
        run = self._open.get(entry.session_id)
        if not text:
            yield from self._release(entry.session_id)
            yield Ignored("companion", line) if message.text.strip() else Rejected("no_text", line)
            return
        ended = message.milliseconds is not None
        if not (run and run.is_of(text) and (ended or not run.spoken)):
            yield from self._release(entry.session_id)
            run = None
        record = run.record if run and run.spoken else None
        found = record or self._record(entry, text, message.milliseconds or 0.0, line)
        if not isinstance(found, QueryRecord):
            yield found
            return
        if run:
            yield Ignored("companion", line)
            run.record, run.spoken, run.outer = found, True, True
        if ended:
            self._open.pop(entry.session_id, None)
            yield run.finished() if run else found
        else:
            yield from self._hold(entry.session_id, run or _Run(found, spoken=True))

    def _failure(self, entry: Entry, line: int) -> Iterator[Read]:
        status = entry.failed
        if not status:
            yield Ignored("no_statement", line)
            return
        text = executed(entry.query) or entry.query
        run = self._open.pop(entry.session_id, None)
        if run and run.is_of(text):
            if not run.spoken:
                run.record = msgspec.structs.replace(run.record, text=text)
            yield run.finished(status)
            yield Ignored("companion", line)
            return
        if run:
            yield run.finished()
        record = self._record(entry, text, 0.0, line)
        found = isinstance(record, QueryRecord)
        yield msgspec.structs.replace(record, status=status) if found else record

    def _hold(self, session: str, run: _Run) -> Iterator[Read]:
        """Waits for more of the statement."""
        if len(self._open) >= _SESSIONS and session not in self._open:
            yield from self._release(next(iter(self._open)))
        self._open[session] = run

    def _release(self, session: str) -> Iterator[Read]:
        run = self._open.pop(session, None)
        if run:
            yield run.finished()

    def _record(self, entry: Entry, text: str, milliseconds: float, line: int) -> Read:
        refused = withheld(text, line) if text else None
        if refused:
            return refused
        try:
            logged = self._clock.micros(entry.log_time)
        except UnreadableTime:
            return Rejected("bad_time", line, text)
        application = entry.application_name
        return QueryRecord(
            text=text,
            # The entry of a duration is written when the statement ends.
            start=logged - round(milliseconds * 1000),
            user=entry.user_name,
            query_id=self._twins.name(entry, logged),
            session=entry.session_id,
            seq=int(entry.session_line_num) if entry.session_line_num.isdecimal() else 0,
            kind=entry.command_tag.upper(),
            database=entry.database_name,
            hints={"application_name": application} if application else {},
            line=line,
        )


class _Twins:
    """Names entries by process, time and message, which all log forms of one server share.

    A server that writes csvlog and stderr writes each execution to both; the line numbers of the
    sessions are not the same in them.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int, int], int] = {}

    def name(self, entry: Entry, logged: int) -> str:
        """The name, told apart from the same message of the process at the same time."""
        process = entry.process_id or entry.session_id
        message = zlib.crc32(entry.message.encode("utf-8", "surrogatepass"))
        if len(self._counts) >= _NAMES:
            self._counts.clear()
        key = process, logged, message
        self._counts[key] = number = self._counts.get(key, 0) + 1
        return f"{process}@{logged}.{message:08x}.{number}"


def _what(audit: Audit) -> tuple[str, str, str]:
    return audit.class_, audit.command, audit.name

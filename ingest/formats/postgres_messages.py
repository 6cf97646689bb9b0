"""What PostgreSQL's log entries say of executed statements; shared by its log formats.

One run can be several entries: parse, bind and execute; a statement and its duration; a statement
and its error. They are counted once. Source: PostgreSQL documentation 20.8, and logs of version 15.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.wording import withheld
from ingest.record import Ignored, QueryRecord, Read, Rejected

SEVERITIES = frozenset(
    {"LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG", "STATEMENT", "DETAIL"}
)
_FAILURES = frozenset({"ERROR", "FATAL", "PANIC"})
_QUERY_CANCELED = "57014"
_PREPARED = re.compile(r"prepare:\s*PREPARE\s+\S+?\s*(?:\([^)]*\))?\s+AS\s+", re.IGNORECASE)
_SESSIONS = 10_000  # that may have a statement waiting for its duration


class Entry(NamedTuple):
    """One entry of a log, in the words of csvlog."""

    log_time: str
    user_name: str
    database_name: str
    session_id: str
    session_line_num: str
    command_tag: str
    error_severity: str
    sql_state_code: str
    message: str
    detail: str
    query: str
    application_name: str


class _Said(NamedTuple):
    """What a message says: of an execution (text), or of nothing that counts (text is empty)."""

    milliseconds: float | None
    text: str


class Executions:
    """Turns the entries of one log into records, in the order of each session."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Statements logged before they ran: the next entry of the session says how they ended.
        self._waiting: dict[str, QueryRecord] = {}

    def take(self, entry: Entry, line: int) -> Iterator[Read]:
        """The records that the entry completes."""
        if entry.error_severity != "LOG":
            yield from self._failure(entry, line)
            return
        said = _said(entry.message)
        if said is None:
            if entry.message.startswith("disconnection:"):
                yield from self._release(entry.session_id)
            yield Ignored("no_statement", line)
        elif not said.text:
            if said.milliseconds is not None:
                yield from self._release(entry.session_id)
            yield Ignored("companion", line)
        else:
            yield from self._execution(entry, said, line)

    def rest(self) -> Iterator[Read]:
        """The statements that still wait when the log ends."""
        yield from self._waiting.values()
        self._waiting.clear()

    def _execution(self, entry: Entry, said: _Said, line: int) -> Iterator[Read]:
        waiting = self._waiting.get(entry.session_id)
        yield from self._release(entry.session_id)
        record = self._record(entry, said, line)
        if said.milliseconds is None and isinstance(record, QueryRecord):
            if len(self._waiting) >= _SESSIONS:
                yield from self._release(next(iter(self._waiting)))
            self._waiting[entry.session_id] = record
        elif waiting and isinstance(record, QueryRecord) and waiting.text == record.text:
            yield Ignored("companion", line)
        else:
            yield record

    def _failure(self, entry: Entry, line: int) -> Iterator[Read]:
        if entry.error_severity not in _FAILURES or not entry.query:
            yield Ignored("no_statement", line)
            return
        status = "cancelled" if entry.sql_state_code == _QUERY_CANCELED else "error"
        waiting = self._waiting.pop(entry.session_id, None)
        if waiting and waiting.text == entry.query:
            yield msgspec.structs.replace(waiting, status=status)
            yield Ignored("companion", line)
            return
        if waiting:
            yield waiting
        yield self._record(entry, _Said(None, entry.query), line, status)

    def _release(self, session: str) -> Iterator[Read]:
        waiting = self._waiting.pop(session, None)
        if waiting:
            yield waiting

    def _record(self, entry: Entry, said: _Said, line: int, status: str = "ok") -> Read:
        text = said.text
        if entry.detail.startswith("prepare:"):
            text = _PREPARED.sub("", entry.detail, count=1)
        elif entry.command_tag == "PREPARE":
            return Ignored("companion", line)
        refused = withheld(text, line)
        if refused:
            return refused
        try:
            logged = self._clock.micros(entry.log_time)
        except UnreadableTime:
            return Rejected("bad_time", line, text)
        session, application = entry.session_id, entry.application_name
        return QueryRecord(
            text=text,
            # The entry of a duration is written when the statement ends.
            start=logged - round((said.milliseconds or 0.0) * 1000),
            user=entry.user_name,
            query_id=f"{session}:{entry.session_line_num}",
            session=session,
            seq=int(entry.session_line_num or 0),
            status=status,
            kind=entry.command_tag.upper(),
            database=entry.database_name,
            hints={"application_name": application} if application else {},
            line=line,
        )


def _said(message: str) -> _Said | None:
    """What the message says of a statement; None when it is about something else."""
    milliseconds = None
    if message.startswith("duration: "):
        number, _, message = message[10:].partition(" ms")
        try:
            milliseconds = float(number)
        except ValueError:
            return None
        message = message.lstrip(" ")
        if not message:
            return _Said(milliseconds, "")
    if message.startswith("statement: "):
        return _Said(milliseconds, message[11:])
    if message.startswith("execute "):
        name, _, text = message[8:].partition(": ")
        # A portal that is read on was counted when it was first executed.
        return _Said(milliseconds, "" if name.startswith("fetch from ") else text)
    if milliseconds is not None:  # parse, bind, a plan, a fast-path call
        return _Said(None, "")
    return _Said(None, "") if message.startswith("AUDIT: ") else None

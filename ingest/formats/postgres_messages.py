"""What PostgreSQL's log entries say of executed statements; shared by its log formats.

Source: PostgreSQL documentation 20.8, and logs of version 15.
"""

from __future__ import annotations

import re
from typing import NamedTuple

SEVERITIES = frozenset(
    {"LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG", "STATEMENT", "DETAIL"}
)
FAILURES = frozenset({"ERROR", "FATAL", "PANIC"})
_QUERY_CANCELED = "57014"
_CANCELED = "canceling statement"
_PREPARED = re.compile(
    r"(?:(?:prepare:\s*)?(?:\s|--[^\n]*\n|/\*.*?\*/)*)PREPARE\s+\S+?\s*(?:\([^)]*\))?\s+AS\s+",
    re.IGNORECASE | re.DOTALL,
)
_DETAIL = "prepare: "


class Entry(NamedTuple):
    """One entry of a log, in the words of csvlog."""

    log_time: str
    user_name: str
    database_name: str
    process_id: str
    session_id: str
    session_line_num: str
    command_tag: str
    error_severity: str
    sql_state_code: str
    message: str
    detail: str
    query: str
    application_name: str

    @property
    def failed(self) -> str:
        """How its statement ended, `error` or `cancelled`; empty when it did not fail."""
        if self.error_severity not in FAILURES or not self.query:
            return ""
        cancelled = self.sql_state_code == _QUERY_CANCELED or self.message.startswith(_CANCELED)
        return "cancelled" if cancelled else "error"


class Said(NamedTuple):
    """What a message says: of an execution (text), or of nothing that counts (text is empty).

    milliseconds: how long it took, None when the message does not end anything.
    """

    milliseconds: float | None
    text: str


def said(message: str) -> Said | None:
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
            return Said(milliseconds, "")
    if message.startswith("statement: "):
        return Said(milliseconds, message[11:])
    if message.startswith("execute "):
        name, _, text = message[8:].partition(": ")
        # A portal that is read on was counted when it was first executed.
        return Said(None, "") if name.startswith("fetch from ") else Said(milliseconds, text)
    # parse, bind, a plan, a fast-path call
    return Said(None, "") if milliseconds is not None else None


def executed(text: str, detail: str = "") -> str:
    """The statement that ran: of `EXECUTE name`, what was prepared; empty for PREPARE itself."""
    if detail.startswith(_DETAIL):
        return _PREPARED.sub("", detail, count=1)
    return "" if _PREPARED.match(text) else text


def prepared(text: str) -> str:
    """The statement that a PREPARE prepares; any other as it is."""
    return _PREPARED.sub("", text, count=1) if _PREPARED.match(text) else text

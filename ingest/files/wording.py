"""The many words in which logs say the same: how a statement ended, that its text is withheld."""

from __future__ import annotations

import re

from ingest.record import Rejected

_STATES = {
    "ok": "ok success succeeded successful finished done complete completed queryfinish false f 0 "
    "no n 00000",
    "error": "error fail failed failure incident failed_with_error failed_with_incident exception "
    "exceptionbeforestart exceptionwhileprocessing aborted abort true t 1 yes y",
    "cancelled": "cancelled canceled canceling cancelling killed user_canceled timeout timed_out",
    "running": "running queued started pending planning starting finishing resuming_warehouse "
    "compiling querystart submitted returning",
}
_STATE_OF = {word: state for state, words in _STATES.items() for word in words.split()}
_STATE_OF[""] = "ok"

_REDACTED = frozenset({"<redacted>", "***omitted***", "***redacted***", "<hidden>", "[redacted]"})
_LONGEST_MARK = max(map(len, _REDACTED))


def status_of(word: str) -> str:
    """How a statement ended: ok, error, cancelled, running or unknown; no word at all is ok.

    The words of a flag that says whether it was aborted (`true`, `0`) count too.
    """
    state = _STATE_OF.get(word)
    if state is None:
        state = _STATE_OF.get(word.strip().lower().replace(" ", "_"), "unknown")
    return state


def withheld(text: str, line: int) -> Rejected | None:
    """Why a record has no statement that could be read; None when it has one."""
    if len(text) > _LONGEST_MARK + 2:
        return None
    text = text.strip()
    if not text:
        return Rejected("no_text", line)
    return Rejected("redacted", line, text) if text.lower() in _REDACTED else None


_NAME_PART = re.compile(r'"((?:[^"]|"")+)"|`([^`]+)`|\[([^\]]+)\]|([^.]+)')


def name_parts(name: str) -> tuple[str, ...]:
    """The parts of a dotted name, without the quotes of any dialect that protect dots."""
    return tuple("".join(found).replace('""', '"') for found in _NAME_PART.findall(name.strip()))

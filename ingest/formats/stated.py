"""What the formats share that read an engine's own lineage."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ingest.files.wording import withheld
from ingest.record import Stated

_Shape = TypeVar("_Shape")
_NOTHING = Stated(scope="some")
_EMPTY = ("", "null", "\\N")


def canonical(stated: Stated) -> Stated | None:
    """The same in the order in which every log tells it; None when it says nothing.

    A table told twice is there once, with the columns of both.
    """
    if stated.reads is None and stated.writes is None and not stated.edges:
        return None
    return (stated if stated.reads is not None else _about_writes(stated)).union(_NOTHING)


def _about_writes(stated: Stated) -> Stated:
    # Who tells no reads must not vouch for the reads that another record tells.
    return msgspec.structs.replace(stated, scope="some")


def statement_text(text: str) -> tuple[str, bool]:
    """The text and whether the source gave it; no text when it was withheld or is not there."""
    return ("", False) if withheld(text, 0) else (text, True)


def decoded(text: str, shape: type[_Shape]) -> _Shape | None:
    """The value of a cell that holds JSON; None of an empty one and of null.

    Raises:
        msgspec.MsgspecError: it is no JSON of that shape.
    """
    if text.strip() in _EMPTY:
        return None
    return msgspec.json.decode(text, type=shape, strict=False)

"""Time stamps by column: those of one log are nearly always written alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ingest.files.clock import USUAL, Clock, UnreadableTime
from ingest.files.texts import Texts

UNREADABLE = -1
_ZERO, _NINE = ord("0"), ord("9")


def micros_of(stamps: Texts, clock: Clock) -> NDArray[np.int64]:
    """What `Clock.micros` makes of each stamp; UNREADABLE where it cannot read it."""
    square = stamps.square
    found = None if square is None else _alike(square, stamps[0], clock)
    if found is not None:
        return found
    return np.array([_micros(stamp, clock) for stamp in stamps.all()], np.int64)


def _micros(stamp: str, clock: Clock) -> int:
    try:
        return clock.micros(stamp)
    except UnreadableTime:
        return UNREADABLE


def _alike(square: NDArray[np.uint8], first: str, clock: Clock) -> NDArray[np.int64] | None:
    """The times of stamps that have digits where the first one has some in its minute and second.

    None when they do not, or are of no usual form.
    """
    usual = USUAL.fullmatch(first)
    if not usual or not first.isascii():
        return None
    begin, end = usual.span(2)
    is_digit = np.array([mark.isdigit() for mark in first])
    is_digit[end:] = False
    digits = square[:, is_digit]
    others = square[:, ~is_digit]
    if (digits < _ZERO).any() or (digits > _NINE).any() or (others != others[0]).any():
        return None
    if (square[:, begin] > ord("5")).any():
        return None
    minute = _number(square[:, np.flatnonzero(is_digit[:begin])])
    second = _number(square[:, begin + np.flatnonzero(is_digit[begin:end])])
    _, where, which = np.unique(minute, return_index=True, return_inverse=True)
    starts = [_micros(_whole(square[row], begin, end), clock) for row in where.tolist()]
    start = np.array(starts, np.int64)[which]
    fraction = usual.group(2).partition(".")[2]
    # As the clock does, to the last bit.
    micros = (second / 10 ** len(fraction) * 1_000_000 + 0.5).astype(np.int64)
    return np.where(start == UNREADABLE, UNREADABLE, start + micros)


def _whole(stamp: NDArray[np.uint8], begin: int, end: int) -> str:
    """The minute of a stamp, as a stamp."""
    text = stamp.tobytes().decode()
    return f"{text[:begin]}00{text[end:]}"


def _number(digits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The numbers that rows of digits stand for."""
    powers = 10 ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.int64)
    found: NDArray[np.int64] = (digits.astype(np.int64) - _ZERO) @ powers
    return found

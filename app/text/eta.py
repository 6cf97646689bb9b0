"""How long an import still takes, as far as its past tells."""

from __future__ import annotations

from collections import deque
from math import log
from typing import NamedTuple

# Before the first commit: for how many records' reading it takes to derive and write a cell, and,
# when nobody counts cells, how much longer analysing and writing take than reading.
_CELL, _CELL_OF_SERVER = 48.0, 200.0
_SLOW = 25e-6  # seconds a record: what takes longer is a start, or read row by row, and no measure
_REST = 1.18


class _Seen(NamedTuple):
    """How far the reading was, in bytes and in what was found by then, after so many seconds."""

    bytes_: int
    read: int
    cells: int
    seconds: float


class Eta:
    """Learns from where an import was when.

    Reading goes by bytes, as fast as the later half of what is read went: it begins slowly, while
    processes start and texts are new. Analysing and writing come at once, at each commit, for all
    the bytes since the one before; so what is read and not yet written still costs. What the first
    commit takes hangs on how many cells there are; fewer and fewer come as more is read.
    server: it writes to one, which takes longer.
    """

    def __init__(self, now: float, *, server: bool = False) -> None:
        self._now = now
        self._cell = _CELL_OF_SERVER if server else _CELL
        self._reading = self._rest = 0.0  # seconds
        self._written = 0  # bytes
        self._path: deque[_Seen] = deque([_Seen(0, 0, 0, 0.0)])
        self._committing = False

    def see(self, stage: str, done: int, now: float, read: int = 0, cells: int = 0) -> None:
        """Takes note of the stage that has just begun or goes on, and of how far the reading is.

        done: bytes; read: records; cells: those that the next commit will write.
        """
        passed, self._now = now - self._now, now
        if stage == "reading":
            # What passed before the first bytes after a commit was the commit.
            if self._committing:
                self._rest += passed
                self._written = self._path[-1].bytes_
            else:
                self._reading += passed
            done = max(self._path[-1].bytes_, done)
            self._path.append(_Seen(done, read, cells, self._reading))
            while len(self._path) > 1 and self._path[1].bytes_ <= done // 2:
                self._path.popleft()
        elif self._committing:
            self._rest += passed
        else:
            self._reading += passed
        self._committing = stage != "reading"

    def left(self, total: int) -> float | None:
        """Seconds left of reading so many bytes and writing what they say; None: unknown."""
        before, last = self._path[0], self._path[-1]
        if not last.bytes_ or not self._reading:
            return None
        per_byte = (self._reading - before.seconds) / max(1, last.bytes_ - before.bytes_)
        reading = per_byte * max(0, total - last.bytes_)
        if self._written:
            return reading + self._rest / self._written * max(0, total - self._written)
        if last.cells and last.read > before.read:
            per_record = (self._reading - before.seconds) / (last.read - before.read)
            return reading + min(per_record, _SLOW) * self._cell * _grown(before, last, total)
        return reading + per_byte * _REST * total


def _grown(before: _Seen, last: _Seen, total: int) -> float:
    """How many cells there will be, if they go on to grow as a power of what is read."""
    if not before.cells or last.bytes_ <= before.bytes_:
        return last.cells * total / last.bytes_
    power = log(last.cells / before.cells) / log(last.bytes_ / before.bytes_)
    return float(last.cells * (total / last.bytes_) ** min(1.0, max(0.0, power)))

"""How long an import still takes, as far as its past tells."""

from __future__ import annotations

from collections import deque

# Before the first commit: how much longer analysing and writing take than reading.
_REST = 1.18


class Eta:
    """Learns from where an import was when.

    Reading goes by bytes, as fast as the later half of what is read went: it begins slowly, while
    processes start and texts are new. Analysing and writing come at once, at each commit, for all
    the bytes since the one before; so what is read and not yet written still costs.
    """

    def __init__(self, now: float) -> None:
        self._now = now
        self._reading = self._rest = 0.0  # seconds
        self._done = self._written = 0  # bytes
        self._path: deque[tuple[int, float]] = deque([(0, 0.0)])  # bytes, and seconds until then
        self._committing = False

    def see(self, stage: str, done: int, now: float) -> None:
        """Takes note of the stage that has just begun or goes on, and of the bytes read so far."""
        passed, self._now = now - self._now, now
        if stage == "reading":
            # What passed before the first bytes after a commit was the commit.
            if self._committing:
                self._rest += passed
                self._written = self._done
            else:
                self._reading += passed
            self._done = max(self._done, done)
            self._path.append((self._done, self._reading))
            while len(self._path) > 1 and self._path[1][0] <= self._done // 2:
                self._path.popleft()
        elif self._committing:
            self._rest += passed
        else:
            self._reading += passed
        self._committing = stage != "reading"

    def left(self, total: int) -> float | None:
        """Seconds left of reading so many bytes and writing what they say; None: unknown."""
        if not self._done or not self._reading:
            return None
        bytes_, seconds = self._path[0]
        read = (self._reading - seconds) / max(1, self._done - bytes_)
        write = self._rest / self._written if self._written else read * _REST
        return read * max(0, total - self._done) + write * max(0, total - self._written)

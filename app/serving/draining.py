"""Applies what is in the inbox, in a process of its own: `python -m app.serving.draining`.

A transaction keeps a processor busy for a second; in the process that answers requests they would
all wait for it. This one may be killed at any time: what it was applying is applied again, and
counted once. It ends when its standard input does: when the server ends, however that ends.
"""

from __future__ import annotations

import gc
import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from app.serving.setting_aside import SettingAside
from app.serving.work import Consumed, Report, Work
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.openlineage.applying import Applier, RawEvent
from ingest.openlineage.inbox import Reader
from ingest.openlineage.topics import Topics
from lineage.errors import LineageError
from lineage.stores import open_store

if TYPE_CHECKING:
    from app.serving.consuming import Consuming

_MOST: Final = 1_000  # events a transaction
_BYTES: Final = 8 << 20  # of their bodies
_PAUSE: Final = 0.1  # seconds, at least, between two looks
_SHARE: Final = 0.25  # of the time that a transaction took: what comes meanwhile makes the next one
_LONGEST_WAIT: Final = 30.0  # seconds between two attempts at a store that does not answer


class Drain:
    """Applies batches of the inbox and of Kafka, and says what became of them."""

    def __init__(self, work: Work, tell: Callable[[Report | Consumed], object]) -> None:
        folder = Path(work.inbox)
        self._reader = Reader(folder, work.position)
        self._store = open_store(work.store, create=True)
        path, nothing = Path(work.sources), SourceFlags()
        book = SourceBook.load(path, nothing) if work.sources else SourceBook.from_flags(nothing)
        self._applier = Applier(self._store, book)
        self._aside = SettingAside(self._applier, self._store, folder)
        self._tell = tell
        self._kafka = _consuming(work.topics, self._aside.apply, tell) if work.topics else None

    def batch(self) -> float:
        """Applies a batch of each, and says how long to wait for the next; in seconds.

        Raises:
            StoreError: the store cannot be written; nothing that was not applied is lost.
        """
        wait = self._inbox_batch()
        return min(wait, self._kafka.batch(_MOST, _BYTES)) if self._kafka else wait

    def close(self) -> None:
        """Gives back the store, and the partitions."""
        if self._kafka:
            self._kafka.close()
        self._applier.close()
        self._store.close()

    def _inbox_batch(self) -> float:
        position = self._reader.position
        received = self._reader.read(_MOST, _BYTES)
        if not received:
            return _PAUSE
        started = time.monotonic()
        done = False
        try:
            events = [RawEvent(one.body, one.origin, one.at) for one in received]
            outcomes = self._aside.apply(events)
            done = True
        finally:
            if not done:
                self._reader.position = position
        seconds = time.monotonic() - started
        where, problem = self._reader.position, self._reader.take_problem()
        self._tell(Report(where, len(received), outcomes, seconds, received[-1].at, problem))
        return 0.0 if len(received) == _MOST else max(_PAUSE, _SHARE * seconds)


def _consuming(
    topics: Topics,
    apply: Callable[[Sequence[RawEvent]], dict[str, int]],
    tell: Callable[[Consumed], object],
) -> Consuming:
    from app.serving.consuming import Consuming  # its library is an extra

    return Consuming(topics, apply, tell)


def _ended(seconds: float) -> bool:
    """Waits so long; whether the server has ended meanwhile."""
    return bool(select.select([sys.stdin], [], [], seconds)[0])


def drain(work: Work, tell: Callable[[Report | Consumed], object]) -> None:
    """Applies what comes into the inbox until the server ends."""
    running: Drain | None = None
    wait, attempt = 0.0, 0
    while not _ended(wait):
        try:
            running = running or _begun(work, tell)
            wait, attempt = running.batch(), 0
        except LineageError as error:
            tell(Report(work.position, problem=str(error)[:1000]))
            wait, attempt = min(_LONGEST_WAIT, 0.5 * 2**attempt), min(attempt + 1, 10)
    if running:
        running.close()


def _begun(work: Work, tell: Callable[[Report | Consumed], object]) -> Drain:
    running = Drain(work, tell)
    tell(Report(work.position))  # the store answers
    return running


def main() -> None:
    """Applies what the one argument, a `Work` in JSON, says."""
    # The pipe is for reports: what anything else prints goes where warnings go.
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    os.nice(5)  # acknowledging goes before applying
    gc.set_threshold(100_000, 20, 100)  # as an import: records are in no cycle
    gc.freeze()
    work = msgspec.json.decode(sys.argv[1], type=Work)
    drain(work, lambda report: pipe.write(msgspec.json.encode(report) + b"\n"))


if __name__ == "__main__":
    main()

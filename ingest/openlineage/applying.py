"""Applies OpenLineage events to a store as they arrive, in many small transactions.

For whoever receives events one by one: an HTTP endpoint, a consumer of a topic. It is an import
that stays open, so what a whole import costs at its start is paid once, and what it remembers of
the store holds for as long as nobody else writes to it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import msgspec

from ingest.declared.sources import SourceBook
from ingest.openlineage.strict import decode_json
from ingest.pipeline import Import, ImportOptions
from ingest.report import Funnel
from lineage.errors import InvalidEvent, LedgerConflict
from lineage.store import Store

_RETRIES: Final = 20
# What an import remembers of the clock must not grow old; begun anew, it lets go of what it holds.
_HOUR: Final = 3600.0


class RawEvent(msgspec.Struct, frozen=True):
    """An event as it came: JSON in UTF-8.

    origin: where from, in words, as a file's name is for an import; number: which one of its
    origin. A letter of an event that cannot be read is kept under both.
    """

    body: bytes
    origin: str
    number: int = 0


class Applier:
    """Applies events to one store. Not to be used by two threads at a time."""

    def __init__(self, store: Store, book: SourceBook, workers: int = 1) -> None:
        self._store = store
        self._options = ImportOptions(book, workers=workers)
        self._open: Import | None = None
        self._version = -1
        self._since = 0.0

    def apply(self, events: Sequence[RawEvent]) -> Funnel:
        """What became of the events; they are in the graph now, all of them, once.

        An event that is there already counts as a duplicate; one that cannot be read becomes a dead
        letter.

        Raises:
            StoreError: the store cannot be written; none of the events was applied.
        """
        for attempt in range(_RETRIES):
            try:
                return self._applied(events)
            except LedgerConflict:
                # Another import committed the same days: what it counted is in the ledger now.
                if attempt == _RETRIES - 1:
                    raise
                time.sleep(min(1.0, 0.05 * attempt))
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Ends the processes that analyse; the store stays open."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _applied(self, events: Sequence[RawEvent]) -> Funnel:
        running = self._running()
        done = False
        try:
            funnel = running.arrived(
                (origin, _values(group)) for origin, group in groupby(events, _origin)
            )
            done = True
        finally:
            if not done:  # what it took in is in no store
                self.close()
        self._version += 1
        return funnel

    def _running(self) -> Import:
        """The open import; another one when somebody else has written to the store meanwhile."""
        version = self._store.version()
        late = time.monotonic() - self._since > _HOUR
        if self._open is None or version != self._version or late:
            self.close()
            self._open = Import(self._store, self._options)
            self._version, self._since = version, time.monotonic()
        return self._open


def _origin(event: RawEvent) -> str:
    return event.origin


def _values(events: Iterator[RawEvent]) -> Iterator[tuple[int, object]]:
    for event in events:
        try:
            yield event.number, decode_json(event.body)
        except InvalidEvent as error:
            yield event.number, error

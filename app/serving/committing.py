"""Puts events into the inbox: those that come together wait for the disk together.

The inbox belongs to one thread, since the disk makes it wait; the event loop only hands over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from ingest.openlineage.inbox import Inbox, Position, Received, oldest, waiting
from lineage.errors import InboxUnavailable

_GROUP: Final = 8 << 20  # bytes that are written at a time
_HANDED: Final = 64 << 20  # bytes that may wait in memory for the disk


class Handed:
    """Records that wait for the disk, and who is told when it has them."""

    def __init__(self, records: Sequence[Received], loop: asyncio.AbstractEventLoop) -> None:
        self.records = records
        self.size = sum(len(record.body) for record in records)
        self.done: asyncio.Future[None] = loop.create_future()

    def tell(self, error: InboxUnavailable | None) -> None:
        """Tells it, in the thread of the event loop."""
        if self.done.cancelled():  # the client went away
            return
        if error:
            self.done.set_exception(error)
        else:
            self.done.set_result(None)


class Committer:
    """Owns the inbox. All methods belong to the event loop that made it.

    most: bytes that may wait in the inbox.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._folder = folder
        self._most = most
        self._inbox = Inbox(folder)
        self._handed = 0
        self._queue: SimpleQueue[Handed | Position | None] = SimpleQueue()
        self.applied = self._inbox.applied
        self.number, _ = waiting(folder, self.applied)  # of events that wait
        self.bytes = self._inbox.bytes  # that wait on disk
        self.problem = ""  # why the last write failed; empty when it did not
        self._thread = Thread(target=self._run, name="inbox", daemon=True)
        self._thread.start()

    @property
    def full(self) -> bool:
        """Whether nothing more is taken for now."""
        return self._handed > _HANDED or self.bytes + self._handed > self._most

    async def append(self, records: Sequence[Received]) -> None:
        """Returns when the disk has the records.

        Raises:
            InboxUnavailable: it could not be written, or is full.
        """
        if self.full:
            raise InboxUnavailable(f"the inbox is full: {self.bytes} bytes wait to be applied")
        handed = Handed(records, self._loop)
        self._handed += handed.size
        self._queue.put(handed)
        try:
            await handed.done
        finally:
            self._handed -= handed.size

    def clear(self, applied: Position, number: int) -> None:
        """Takes note that so many events more, up to this position, are in the graph."""
        self.number = max(0, self.number - number)
        self._queue.put(applied)

    def oldest(self) -> int:
        """When the oldest event that waits came (microseconds since 1970-01-01); 0: none does."""
        return oldest(self._folder, self.applied)

    async def close(self) -> None:
        """Writes what was handed over, and gives the inbox back."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._inbox.close()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group = self._group(first)
            handed = [one for one in group if isinstance(one, Handed)]
            applied = [one for one in group if isinstance(one, Position)]
            error = self._written(handed)
            unnoted = self._noted(applied)
            state = self._inbox.applied, self._inbox.bytes, error or unnoted
            self._loop.call_soon_threadsafe(self._tell, handed, error, *state)

    def _written(self, handed: list[Handed]) -> InboxUnavailable | None:
        try:
            if handed:
                self._inbox.append([record for one in handed for record in one.records])
        except InboxUnavailable as error:
            return error
        return None

    def _noted(self, applied: list[Position]) -> InboxUnavailable | None:
        try:
            if applied:
                self._inbox.clear(max(applied))
        except InboxUnavailable as error:
            return error
        return None

    def _group(self, first: Handed | Position) -> list[Handed | Position]:
        """This and what has come meanwhile, as far as it is written at a time."""
        group: list[Handed | Position] = [first]
        size = 0
        while size < _GROUP:
            try:
                one = self._queue.get_nowait()
            except Empty:
                break
            if one is None:
                self._queue.put(None)
                break
            group.append(one)
            size += one.size if isinstance(one, Handed) else 0
        return group

    def _tell(
        self,
        handed: list[Handed],
        error: InboxUnavailable | None,
        applied: Position,
        size: int,
        problem: InboxUnavailable | None,
    ) -> None:
        self.applied, self.bytes = applied, size
        self.problem = str(problem) if problem else ""
        if not error:
            self.number += sum(len(one.records) for one in handed)
        if not size:
            self.number = 0
        for one in handed:
            one.tell(error)

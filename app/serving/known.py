"""Which events came before: so that one that changes nothing can be told from one that does.

It is a courtesy to the sender; that nothing is counted twice is decided when events are applied.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from ingest.folding.ledger import EVENTS, PackedKeys
from lineage.errors import StoreError
from lineage.store import Store

_DAYS: Final = 100  # whose keys are held at a time
_PATIENCE: Final = 0.2  # seconds that a sender waits for the store's answer
_PAUSE: Final = 5.0  # seconds that a store which did not answer is left alone


class Known:
    """The keys of the events of some days: those in the store, and those accepted since."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._days: dict[int, PackedKeys] = {}
        self._asked: dict[int, asyncio.Future[None]] = {}
        self._store_thread = ThreadPoolExecutor(1, "ledger")
        self._not_before = 0.0

    async def holds(self, day: int, key: bytes) -> bool:
        """Whether the event was accepted before; False where the store did not tell in time."""
        if day not in self._days:
            await self._ask(day)
        keys = self._days.get(day)
        return keys is not None and key in keys

    def accepted(self, day: int, key: bytes) -> None:
        """Takes note that an event is safe."""
        keys = self._days.get(day)
        if keys is not None and key not in keys:
            keys.add(key)

    def close(self) -> None:
        """Ends the thread that asks the store, unless it waits for an answer."""
        self._store_thread.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, day: int) -> None:
        if time.monotonic() < self._not_before:
            return
        if day not in self._asked:
            self._asked[day] = asyncio.ensure_future(self._load(day))
        try:
            await asyncio.wait_for(asyncio.shield(self._asked[day]), _PATIENCE)
        except TimeoutError:
            self._not_before = time.monotonic() + _PAUSE

    async def _load(self, day: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._days[day] = await loop.run_in_executor(self._store_thread, self._stored, day)
        except StoreError:
            self._not_before = time.monotonic() + _PAUSE
        finally:
            del self._asked[day]
        while len(self._days) > _DAYS:
            del self._days[next(iter(self._days))]

    def _stored(self, day: int) -> PackedKeys:
        place = EVENTS, day
        return PackedKeys(self._open_store().shards([place])[place].keys)

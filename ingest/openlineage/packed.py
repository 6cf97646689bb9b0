"""The ledger of a process that lives long: keys stay packed, 16 bytes each, and few days are held.

An import holds the keys of its days as sets, which is quick and takes a hundred bytes a key. Here a
day can have millions, and one of them is asked for at a time.
"""

from __future__ import annotations

from typing import Final

from ingest.folding.ledger import WIDTH, Ledger
from lineage.model import Shard
from lineage.store import Store

EVENTS: Final = "openlineage"  # the source of events in the ledger
_FRESH: Final = 8_192  # keys of a day held as a set before they are packed
_HELD: Final = 64 << 20  # bytes of packed keys after which days that are not in use are let go

Place = tuple[str, int]  # a source and a UTC day


class PackedKeys:
    """A set of keys that only grows."""

    __slots__ = ("_fresh", "_packed")

    def __init__(self, packed: bytes = b"") -> None:
        self._packed = packed  # sorted
        self._fresh: set[bytes] = set()

    def __contains__(self, key: bytes) -> bool:
        if key in self._fresh:
            return True
        at = _place(self._packed, key, 0)
        return self._packed[at : at + WIDTH] == key

    def add(self, key: bytes) -> None:
        """Adds a key that is not there."""
        self._fresh.add(key)
        if len(self._fresh) >= _FRESH:
            self.packed()

    def update(self, keys: bytes) -> None:
        """Adds packed keys that are not there, in any order."""
        import numpy as np  # most processes do without it

        together = np.frombuffer(self.packed() + keys, f"S{WIDTH}")
        self._packed = np.sort(together).tobytes()

    def packed(self) -> bytes:
        """All keys, sorted, one after the other."""
        if self._fresh:
            pieces: list[bytes] = []
            start = 0
            for key in sorted(self._fresh):
                at = _place(self._packed, key, start)
                pieces += (self._packed[start:at], key)
                start = at
            self._packed = b"".join((*pieces, self._packed[start:]))
            self._fresh.clear()
        return self._packed


class PackedLedger(Ledger):
    """A ledger that may be kept for months."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._shards: dict[Place, PackedKeys] = {}

    def holds(self, source: str, day: int, key: bytes) -> bool:
        """Whether the statement is there."""
        return key in self._shard((source, day))

    def add(self, source: str, day: int, key: bytes) -> bool:
        """Whether the statement was not there yet; it is now."""
        keys = self._shard((source, day))
        if key in keys:
            return False
        keys.add(key)
        self._dirty.add((source, day))
        return True

    def add_all(self, source: str, day: int, keys: bytes) -> None:
        """Adds packed keys that are not there, in any order."""
        self._shard((source, day)).update(keys)
        self._dirty.add((source, day))

    def keys(self, source: str, day: int) -> bytes:
        """The keys of a day, packed and sorted."""
        return self._shard((source, day)).packed()

    def touch(self, source: str, day: int) -> None:
        """Takes note that what stands beside the shard has changed: its version must be checked."""
        self._shard((source, day))
        self._dirty.add((source, day))

    def days(self, source: str) -> set[int]:
        """The days of a source that have a shard."""
        return self._logged.get(source, set()) | {day for at, day in self._dirty if at == source}

    def pending(self) -> tuple[Shard, ...]:
        """The shards that have grown since the last commit."""
        return tuple(
            Shard(*place, self._versions[place], self._shards[place].packed())
            for place in sorted(self._dirty)
        )

    def committed(self) -> None:
        """Takes note that the pending shards are in the store."""
        super().committed()
        while len(self._shards) > 1 and sum(map(_size, self._shards.values())) > _HELD:
            place = next(iter(self._shards))
            del self._shards[place], self._versions[place]

    def _shard(self, place: Place) -> PackedKeys:
        known = self._shards.pop(place, None)
        if known is None:
            shard = self._store.shards([place])[place]
            known = PackedKeys(shard.keys)
            self._versions[place] = shard.version
        self._shards[place] = known  # the least recently used is the first to go
        return known


def _size(keys: PackedKeys) -> int:
    return len(keys.packed())


def _place(packed: bytes, key: bytes, start: int) -> int:
    """Where the key is, or would be, in these packed keys, from `start` on; in bytes."""
    low, high = start // WIDTH, len(packed) // WIDTH
    while low < high:
        middle = (low + high) // 2
        if packed[middle * WIDTH : (middle + 1) * WIDTH] < key:
            low = middle + 1
        else:
            high = middle
    return low * WIDTH

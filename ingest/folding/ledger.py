"""Which statements are already counted: exact keys, one shard per source and UTC day.

A key is 16 bytes, in the store and here: keys stay packed, and few days are held. Shards are read
when their day is first met and written with the batch, so that what is counted and what is known to
be counted can never differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from lineage.model import Shard
from lineage.store import Store

WIDTH: Final = 16
EVENTS: Final = "openlineage"  # the source of events
UNTIMED: Final = -1  # the day of records that have no time
_FRESH: Final = 8_192  # keys of a day held as a set before they are packed
_HELD: Final = 64 << 20  # bytes of packed keys after which days that are not in use are let go

Place = tuple[str, int]  # a source and a UTC day


def statement_key(*parts: str) -> bytes:
    """The key of a statement: the parts that make it the same one."""
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=WIDTH).digest()


def statement_keys(namespace: str, names: Iterable[bytes]) -> list[bytes]:
    """What `statement_key` makes of a namespace and each of these names, given in UTF-8."""
    begun = blake2b(f"{namespace}\x1f".encode("utf-8", "surrogatepass"), digest_size=WIDTH)
    keys = []
    for name in names:
        key = begun.copy()
        key.update(name)
        keys.append(key.digest())
    return keys


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

        from ingest.folding.grouping import KEY, ordered

        together = np.frombuffer(self.packed() + keys, KEY)
        self._packed = together[ordered(together)].tobytes()

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


class Ledger:
    """The statements counted so far, as far as this import has met their days."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._logged = {source: set(seen.days) for source, seen in store.logged().items()}
        self._shards: dict[Place, PackedKeys] = {}
        self._versions: dict[Place, int] = {}
        self._dirty: set[Place] = set()

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
        for place in self._dirty:
            self._versions[place] += 1
            self._logged.setdefault(place[0], set()).add(place[1])
        self._dirty.clear()
        while len(self._shards) > 1 and sum(map(_size, self._shards.values())) > _HELD:
            place = next(iter(self._shards))
            del self._shards[place], self._versions[place]

    def read(self, source: str, days: Iterable[int]) -> None:
        """Reads the shards of these days together: a round trip costs more than a shard."""
        missing = [(source, day) for day in days if (source, day) not in self._shards]
        for place, shard in self._store.shards(missing).items() if missing else ():
            self._shards[place] = PackedKeys(shard.keys)
            self._versions[place] = shard.version

    def _shard(self, place: Place) -> PackedKeys:
        if place not in self._shards:
            self.read(place[0], [place[1]])
        # The least recently used is the first to go.
        known = self._shards[place] = self._shards.pop(place)
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

"""Which statements are already counted: exact keys, one shard per source and UTC day.

A key is 16 bytes. Shards are read when their day is first met and written with the batch, so that
what is counted and what is known to be counted can never differ.
"""

from __future__ import annotations

from hashlib import blake2b

from lineage.model import Shard
from lineage.store import Store

WIDTH = 16
_BLOCK = 32  # days whose shards are read together: a round trip costs more than a shard
_TOGETHER = 500_000  # keys of such days
_HELD = 1_000_000  # keys that stay in memory once they are in the store
UNTIMED = -1  # the day of records that have no time


def statement_key(*parts: str) -> bytes:
    """The key of a statement: the parts that make it the same one."""
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=WIDTH).digest()


class Ledger:
    """The statements counted so far, as far as this import has met their days."""

    def __init__(self, store: Store) -> None:
        self._store = store
        logged = store.logged()
        self._logged = {source: set(seen.days) for source, seen in logged.items()}
        self._counts = {  # of the keys that a shard had when this import began
            (source, day): count
            for source, seen in logged.items()
            for day, count in zip(seen.days, seen.counts, strict=True)
        }
        self._keys: dict[tuple[str, int], set[bytes]] = {}
        self._versions: dict[tuple[str, int], int] = {}
        self._dirty: set[tuple[str, int]] = set()

    def holds(self, source: str, day: int, key: bytes) -> bool:
        """Whether the statement is there."""
        place = (source, day)
        keys = self._keys.get(place)
        return key in (self._load(place) if keys is None else keys)

    def add(self, source: str, day: int, key: bytes) -> bool:
        """Whether the statement was not there yet; it is now."""
        if self.holds(source, day, key):
            return False
        self._keys[source, day].add(key)
        self._dirty.add((source, day))
        return True

    def touch(self, source: str, day: int) -> None:
        """Takes note that what stands beside the shard has changed: its version must be checked."""
        if (source, day) not in self._keys:
            self._load((source, day))
        self._dirty.add((source, day))

    def days(self, source: str) -> set[int]:
        """The days of a source that have a shard, in the store or since this import began."""
        met = {day for known, day in self._keys if known == source}
        return met | self._logged.get(source, set())

    def pending(self) -> tuple[Shard, ...]:
        """The shards that have grown since the last commit."""
        return tuple(
            Shard(*place, self._versions[place], b"".join(sorted(self._keys[place])))
            for place in sorted(self._dirty)
        )

    def committed(self) -> None:
        """Takes note that the pending shards are in the store."""
        for place in self._dirty:
            self._versions[place] += 1
            self._logged.setdefault(place[0], set()).add(place[1])
        self._dirty.clear()
        if sum(map(len, self._keys.values())) > _HELD:
            self._keys.clear()

    def _load(self, place: tuple[str, int]) -> set[bytes]:
        """The keys of a shard; those of the days around it are read with it."""
        source, day = place
        first = day - day % _BLOCK
        # A day without a statement may have a shard: what stands beside it was written.
        wanted, keys = [place], 0
        for near in range(first, first + _BLOCK):
            count = self._counts.get((source, near), 0)
            keys += count
            if count and keys <= _TOGETHER and near != day and (source, near) not in self._keys:
                wanted.append((source, near))
        for found, shard in self._store.shards(wanted).items():
            packed = shard.keys
            self._keys[found] = {packed[i : i + WIDTH] for i in range(0, len(packed), WIDTH)}
            self._versions[found] = shard.version
        return self._keys[place]

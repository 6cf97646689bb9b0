"""An engine in this process: the stages as Spark runs them, parted as a test wants it."""

from __future__ import annotations

import random

import msgspec

from ingest.engines.batches import FileTold, Found, Kind, batch, bodies, numbers, of_kinds
from ingest.engines.counting import count, merge
from ingest.engines.telling import tell
from ingest.files.columnar import pyarrow


class Here:
    """Runs each stage in so many parts, and mixes the batches of each.

    fails: the round that does not come to its end, from 1; rounds: how many were begun.
    """

    def __init__(self, parts: int = 3, fails: int = 0) -> None:
        self.parts = parts
        self.fails = fails
        self.rounds = 0
        self._random = random.Random(parts)

    def tell(self, plan, done):
        """What there is to say of each file."""
        self.rounds += 1
        places = list(range(len(plan.files)))
        self._random.shuffle(places)
        ids = pyarrow().table({"id": places}).to_batches()
        self._rows = list(tell(plan, ids))
        done(len(places))
        return list(bodies(self._rows, Kind.FILE, FileTold))

    def count(self, terms, held):
        """What all files told, counted."""
        if self.rounds == self.fails:
            raise ConnectionAbortedError("killed")
        mine = of_kinds(self._rows, Kind.STATEMENT, Kind.OTHER)
        stored = [(route, msgspec.msgpack.encode(keys)) for route, keys in held]
        mine += [batch(kind=Kind.HELD, route=[route], body=[body]) for route, body in stored]
        counted = [row for part in self._parted(mine) for row in count(terms, iter(part))]
        counted += of_kinds(self._rows, Kind.VARIANT)
        for part in self._parted(counted):
            yield from bodies(merge(iter(part)), Kind.FOUND, Found)

    def _parted(self, rows):
        for part in range(self.parts):
            masks = [numbers(one, "route") % self.parts == part for one in rows]
            pairs = zip(rows, masks, strict=True)
            some = [one.filter(pyarrow().array(mask)) for one, mask in pairs if mask.any()]
            self._random.shuffle(some)
            yield some

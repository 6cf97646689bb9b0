"""How far back the ledger remembers: behind its low-water mark nothing is counted, none twice.

A user who need not import old logs again sets a retention. The keys of older statements are dropped
then, and records of those days are refused, since nobody could tell whether they are counted.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ingest.folding.cells import DAY
from ingest.folding.joined import STATEMENTS, name_of
from lineage.model import Document, Shard
from lineage.store import Store

_MARK = "ledger_low"  # the kind of the document with the first day that a ledger still holds
# Two imports that move a mark at the same time would overwrite each other's.
_LOCK = ("lineage:retention", -1)


class Retention:
    """The low-water marks of the ledger, one a namespace.

    days: how many days the ledger shall remember from now on; 0 leaves the marks where they are.
    """

    def __init__(self, store: Store, days: int) -> None:
        self._store = store
        self._days = days
        self._version = store.shards([_LOCK])[_LOCK].version  # first: what changes is a conflict
        self._low = {
            document.key: msgspec.json.decode(document.body, type=int)
            for document in store.documents(_MARK)
        }

    def low(self, namespace: str) -> int:
        """The time (microseconds since 1970-01-01 UTC) before which records are refused."""
        return self._low.get(namespace, 0) * DAY

    def advance(
        self, counted: Iterable[Shard], *, last: bool
    ) -> tuple[list[Shard], list[Document]]:
        """The shards of this commit without what the retention drops, and what it drops besides.

        counted: the shards that this commit writes. last: the mark moves when all is read, so that
        the order of the files does not matter.
        """
        shards = {(one.source, one.day): one for one in counted}
        if not self._days or not last:
            return list(shards.values()), []
        days = {source: set(seen.days) for source, seen in self._store.logged().items()}
        for source, day in shards:
            if day >= 0:
                days.setdefault(source, set()).add(day)
        documents: list[Document] = []
        for source, logged in days.items():
            low = max(logged) - self._days + 1
            if low > self._low.get(source, 0):
                self._low[source] = low
                documents.append(Document(_MARK, source, msgspec.json.encode(low)))
                old = [(source, day) for day in logged if day < low]
                shards |= self._closed(old, shards)
                documents += [Document(STATEMENTS, name_of(place), b"") for place in old]
        if documents:
            shards[_LOCK] = Shard(*_LOCK, self._version, b"")
        return list(shards.values()), documents

    def _closed(
        self, places: list[tuple[str, int]], pending: dict[tuple[str, int], Shard]
    ) -> dict[tuple[str, int], Shard]:
        """The shards of these places without their keys, as far as they have any."""
        stored = self._store.shards([place for place in places if place not in pending])
        return {
            place: shard.close()
            for place in places
            if (shard := pending.get(place) or stored[place]).keys
        }

"""How much is in a store, and from when to when."""

from __future__ import annotations

import msgspec

from lineage.calendar import iso_or_none
from lineage.hash import graph_hash
from lineage.store import Store


class Stats(msgspec.Struct, frozen=True):
    """What a store holds; `window`: the first and last active day, ISO dates."""

    datasets: int
    columns: int
    jobs: int
    consumers: int
    teams: int
    queries: int
    edges: dict[str, int]
    window: dict[str, str | None]
    graph_hash: str | None


def stats(store: Store, hashed: Store | None = None) -> Stats:
    """The counts of a store.

    hashed: the store as it is kept, when its order-free hash is wanted too, which reads all of it.
    """
    counts = store.counts()
    nodes = counts.nodes
    return Stats(
        nodes.get("Dataset", 0),
        nodes.get("Column", 0),
        nodes.get("Job", 0),
        nodes.get("Consumer", 0),
        nodes.get("Team", 0),
        nodes.get("Query", 0),
        dict(sorted(counts.edges.items())),
        {"first": iso_or_none(counts.first), "last": iso_or_none(counts.last)},
        graph_hash(hashed) if hashed else None,
    )

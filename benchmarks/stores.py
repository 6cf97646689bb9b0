"""How fast a store takes and gives a random graph: `python benchmarks/stores.py URL…`.

By default 100,000 nodes and 700,000 edges. The graph has no locality, which is the worst case.
Each URL must be a store that does not exist yet or is empty.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice

from lineage.hash import graph_hash
from lineage.model import (
    FLOW,
    Activity,
    Batch,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Fact,
    Node,
    Sample,
)
from lineage.names import DatasetId, JobId, QueryId
from lineage.store import Direction, Store
from lineage.stores import open_store

STEP = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--edges", type=int, default=700_000)
    options = parser.parse_args()
    for url in options.urls:
        store = open_store(url, create=True)
        print(f"\n{store.url}: {options.nodes:,} nodes, {options.edges:,} edges")
        try:
            measure(store, options.nodes, options.edges)
        finally:
            store.close()


def measure(store: Store, nodes: int, edges: int) -> None:
    chance = random.Random(1)
    datasets = [DatasetId("pg", f"shop.public.t{number}") for number in range(nodes // 2)]
    jobs = [JobId("dbt", f"job_{number}") for number in range(nodes // 2)]
    facts = {"kind": Fact("2026-01-01T00:00:00Z", "table")}
    batches = _batches(random_edges(chance, datasets, jobs), edges)

    with timed("apply, new nodes", nodes):
        store.apply(Batch(tuple(Node(dataset, facts) for dataset in datasets)))
        store.apply(Batch(tuple(Node(job, facts) for job in jobs)))
    kept = list(islice(batches, 5))
    apply_all(store, "apply, new edges", chain(kept, batches))
    apply_all(store, "apply, merged edges", kept)
    for size in (1, 1_000):
        asked = chance.sample(datasets, size)
        with timed(f"edges() of {size:,} datasets"):
            store.edges(asked, Direction.DOWN, FLOW)
    for size in (1, 10):
        asked = chance.sample(datasets, size)
        with timed(f"reach() from {size} datasets"):
            store.reach(asked, Direction.DOWN, FLOW)
    with timed("counts()"):
        store.counts()
    with timed("graph_hash()", nodes + edges):
        graph_hash(store)


def random_edges(
    chance: random.Random, datasets: list[DatasetId], jobs: list[JobId]
) -> Iterator[Edge]:
    while True:
        dataset, job = chance.choice(datasets), chance.choice(jobs)
        key = chance.choice(
            [EdgeKey(EdgeType.READ_BY, dataset, job), EdgeKey(EdgeType.WRITES, job, dataset)]
        )
        first = chance.randrange(20_000, 20_090)
        query = QueryId("pg", f"{chance.randrange(20_000):016x}")
        yield Edge(
            key,
            Activity((first, first + 1, first + 7), (1, 2, 3)),
            Evidence.of(),
            Sample("2026-01-01T00:00:00Z", f"{chance.randrange(10**9):032x}", query),
        )


def _batches(edges: Iterator[Edge], total: int) -> Iterator[Batch]:
    for start in range(0, total, STEP):
        yield Batch(edges=tuple(islice(edges, min(STEP, total - start))))


def apply_all(store: Store, what: str, batches: Iterable[Batch]) -> None:
    seconds, edges = 0.0, 0
    for batch in batches:
        start = time.perf_counter()
        store.apply(batch)
        seconds += time.perf_counter() - start
        edges += len(batch.edges)
    show(what, seconds, edges)


@contextmanager
def timed(what: str, amount: int = 0) -> Iterator[None]:
    start = time.perf_counter()
    yield
    show(what, time.perf_counter() - start, amount)


def show(what: str, seconds: float, amount: int) -> None:
    rate = f"{amount / seconds:12,.0f}/s" if amount else ""
    print(f"  {what:26s} {seconds:10.3f} s {rate}", flush=True)


if __name__ == "__main__":
    main()

"""How long questions about a large store take: `python -m benchmarks.impact_speed URL`.

By default 100,000 datasets with 600,000 columns and two million column edges, as a large company
has them: domains of 200 datasets in eight layers, from which a dataset takes one to three of the
layer before, one in ten from another domain; every fifth job is a view; a dashboard on every third
dataset. The store is made when it is empty.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice

from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.analyses.breaking.impact import impact
from lineage.analyses.disuse.orphans import orphans
from lineage.analyses.proof.prove import prove_unused
from lineage.analyses.reach.walk import downstream
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Fact, Node, Role, Sample, Shard
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, PrincipalId, QueryId
from lineage.store import Store
from lineage.stores import open_store

COLUMNS = 6
DOMAIN, LAYERS = 200, 8
DAY = 20_000
ISSUED = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(DAY)
SEEN = Activity(tuple(range(DAY - 30, DAY)), (1,) * 30)
STEP = 1_000  # datasets a batch
_DIRECT = (Role.IDENTITY, Role.IDENTITY, Role.TRANSFORMATION, Role.AGGREGATION)
_INDIRECT = (Role.FILTER, Role.JOIN, Role.GROUP_BY)
_KINDS = (ChangeKind.DROP_COLUMN, ChangeKind.MEANING_COLUMN)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("url", metavar="URL")
    parser.add_argument("--datasets", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=200)
    options = parser.parse_args()
    store = open_store(options.url, create=True)
    try:
        if not store.counts().nodes.get("Dataset"):
            build(store, options.datasets)
        measure(store, options.datasets, options.asked)
    finally:
        store.close()


def build(store: Store, datasets: int) -> None:
    """Fills an empty store."""
    started, chance = time.perf_counter(), random.Random(1)
    numbers = iter(range(datasets))
    while block := list(islice(numbers, STEP)):
        nodes: dict[NodeId, Node] = {}
        edges: dict[EdgeKey, Edge] = {}
        for number in block:
            for item in (*made(chance, number), *read(chance, number)):
                if isinstance(item, Node):
                    nodes[item.id] = item
                else:
                    edges[item.key] = item
        shards = (Shard("db", DAY, 0, bytes(16)),) if block[0] == 0 else ()
        store.apply(Batch(tuple(nodes.values()), tuple(edges.values()), shards=shards))
    print(f"built in {time.perf_counter() - started:.0f} s: {store.counts().edges}", flush=True)


def made(chance: random.Random, number: int) -> Iterator[Node | Edge]:
    """A dataset, the job that makes it of earlier ones, and how its columns come about."""
    dataset = _dataset(number)
    is_view = number % 5 == 4
    yield Node(dataset, {"kind": Fact("", "view" if is_view else "table")})
    columns = [ColumnId(dataset, f"c{place}") for place in range(COLUMNS)]
    for place, column in enumerate(columns):
        yield Node(column, {"ordinal": Fact("", str(place)), "type": Fact("", "BIGINT")})
        yield Edge(EdgeKey(EdgeType.HAS_COLUMN, dataset, column))
    if not _layer(number):
        return
    job = JobId("dbt", f"make_{number}")
    yield Node(job, {"kind": Fact("", "view" if is_view else "job")})
    sources = sorted({_dataset(_earlier(chance, number)) for _ in range(chance.randint(1, 3))})
    verb = "create view" if is_view else "insert into"
    sample, ran = _ran(job, f"{verb} {dataset.name} select … from {sources[0].name}", sources)
    yield from ran
    yield Edge(EdgeKey(EdgeType.WRITES, job, dataset), SEEN, sample=sample)
    for source in sources:
        yield Edge(EdgeKey(EdgeType.READ_BY, source, job), SEEN, sample=sample)
    for column in columns:
        for _ in range(chance.choice((1, 1, 2))):
            origin = ColumnId(chance.choice(sources), f"c{chance.randrange(COLUMNS)}")
            role = chance.choice(_DIRECT)
            yield Edge(EdgeKey(EdgeType.FEEDS, origin, column, role, job), SEEN, sample=sample)
            yield Edge(EdgeKey(EdgeType.USED_BY, origin, job, role), SEEN, sample=sample)
    for source in sources:
        steering = ColumnId(source, f"c{chance.randrange(COLUMNS)}")
        role = chance.choice(_INDIRECT)
        yield Edge(EdgeKey(EdgeType.USED_BY, steering, job, role), SEEN, sample=sample)


def read(chance: random.Random, number: int) -> Iterator[Node | Edge]:
    """A dashboard on every third dataset."""
    if number % 3:
        return
    board = ConsumerId("bi", f"board_{number}")
    yield Node(board, {"kind": Fact("", "dashboard")})
    source = _dataset(number)
    sample, ran = _ran(board, f"select … from {source.name}", [source])
    yield from ran
    yield Edge(EdgeKey(EdgeType.READ_BY, source, board), SEEN, sample=sample)
    for place in range(4):
        role = Role.IDENTITY if place else Role.FILTER
        key = EdgeKey(EdgeType.USED_BY, ColumnId(source, f"c{place}"), board, role)
        yield Edge(key, SEEN, sample=sample)


def _ran(
    process: JobId | ConsumerId, sql: str, sources: list[DatasetId]
) -> tuple[Sample, list[Node | Edge]]:
    query = QueryId("db", f"q {process.name}")
    login = PrincipalId("db", f"svc_{len(process.name)}")
    sample = Sample("2024-10-04T00:00:00Z", process.name, query)
    return sample, [
        Node(query, {"sql": Fact("", sql), "parse": Fact("", "full")}),
        Node(login),
        Edge(EdgeKey(EdgeType.RAN, process, query, via=login), SEEN, sample=sample),
        Edge(EdgeKey(EdgeType.RUN_BY, process, login), SEEN),
        *(Edge(EdgeKey(EdgeType.NAMED_IN, source, query)) for source in sources),
    ]


def _layer(number: int) -> int:
    return number % DOMAIN * LAYERS // DOMAIN


def _earlier(chance: random.Random, number: int) -> int:
    """One of the layer before, mostly of the same domain."""
    domain = number // DOMAIN
    if chance.random() < 0.1:
        domain = chance.randrange(domain + 1)
    width = DOMAIN // LAYERS
    return domain * DOMAIN + (_layer(number) - 1) * width + chance.randrange(width)


def _dataset(number: int) -> DatasetId:
    return DatasetId("db", f"shop.layer.t{number}")


def measure(store: Store, datasets: int, asked: int) -> None:
    """Prints how long questions about uniformly drawn columns take, and how much they find."""
    chance = random.Random(2)
    drawn = [(chance.randrange(datasets), chance.randrange(COLUMNS)) for _ in range(asked)]
    for kind in _KINDS:
        changes = (Change(kind, f"t{table}.c{column}") for table, column in drawn)
        _time(f"impact {kind.value}", (partial(_impact, store, one) for one in changes))
    columns = (ColumnId(_dataset(table), f"c{column}") for table, column in drawn)
    _time("three hops down", (partial(_reached, store, column) for column in columns))
    _time("certificate", (partial(_proved, store, _dataset(table)) for table, _ in drawn))
    _time("orphans of the store", [lambda: len(orphans(store).datasets)])


def _impact(store: Store, change: Change) -> int:
    answer = impact(store, [change])
    assert not answer.truncated
    return len(answer.items)


def _reached(store: Store, column: ColumnId) -> int:
    return len(downstream(store, column, 3).nodes)


def _proved(store: Store, dataset: DatasetId) -> int:
    return len(prove_unused(store, [dataset], issued=ISSUED).set)


def _time(what: str, questions: Iterable[Callable[[], int]]) -> None:
    seconds, found, used = [], [], time.process_time()
    for question in questions:
        start = time.perf_counter()
        found.append(question())
        seconds.append(time.perf_counter() - start)
    used = (time.process_time() - used) / len(found)
    times = sorted(seconds)
    p50, p95 = (times[int(len(times) * share)] for share in (0.5, 0.95))
    print(
        f"{what:24} p50 {p50:.3f} s  p95 {p95:.3f} s  worst {times[-1]:.3f} s, of which the client"
        f" computes {used:.3f} s on average; found p50 {sorted(found)[len(found) // 2]},"
        f" most {max(found)}, in all {sum(found)}",
        flush=True,
    )


if __name__ == "__main__":
    main()

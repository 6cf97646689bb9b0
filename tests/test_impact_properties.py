"""What must hold of every kind of change on any graph of columns: cycles, diamonds, duplicates."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.analyses.breaking.impact import Impact, impact
from lineage.analyses.reach.walk import downstream
from lineage.model import (
    DIRECT,
    Activity,
    Batch,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Fact,
    Node,
    Origin,
    Role,
    Shard,
)
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId
from lineage.store import Store
from lineage.stores import open_store

DAY = 20_000
SEEN = Activity((DAY,), (1,))
SIZE = 5
COLUMNS = ("x", "y")
KINDS = [kind for kind in ChangeKind if kind not in (
    ChangeKind.STOP_JOB, ChangeKind.REPLACE_DATASET)]  # fmt: skip
ARGUMENTS = {ChangeKind.DELAY_DATASET: "6h", ChangeKind.RETAIN_DATASET: "9d"}
RANK = ["fails", "wrong", "stale"]


class Use(NamedTuple):
    """A process of a kind takes a column of one dataset in a role; the first two write another."""

    kind: str  # job, view, consumer
    source: int
    target: int
    column: str
    into: str
    role: Role
    named: bool
    certainty: float

    @property
    def process(self) -> JobId | ConsumerId:
        """Who takes it; several uses of one process belong together."""
        if self.kind == "consumer":
            return ConsumerId("bi", f"c{self.target}")
        return JobId("jobs", f"{self.kind} {self.target}")


USES = st.lists(
    st.builds(
        Use,
        st.sampled_from(["job", "view", "consumer"]),
        st.integers(0, SIZE),
        st.integers(0, SIZE),
        st.sampled_from(COLUMNS),
        st.sampled_from(COLUMNS),
        st.sampled_from(list(Role)),
        st.booleans(),
        st.sampled_from([1.0, 0.95, 0.7, 0.5]),
    ),
    max_size=12,
)
CHANGES = st.builds(
    lambda kind, number, column: _change(kind, number, column),
    st.sampled_from(KINDS),
    st.integers(0, SIZE),
    st.sampled_from(COLUMNS),
)


def _dataset(number: int) -> DatasetId:
    return DatasetId("db", f"d{number}")


def _change(kind: ChangeKind, number: int, column: str) -> Change:
    subject = f"db:d{number}.{column}" if kind.of_column else f"db:d{number}"
    return Change(kind, subject, ARGUMENTS.get(kind, "int"))


def _edges(use: Use, origin: Origin) -> Iterator[Edge]:
    process, evidence = use.process, Evidence.of(provenance=use.certainty)
    source, column = _dataset(use.source), ColumnId(_dataset(use.source), use.column)

    def edge(key: EdgeKey, named: bool = True) -> Edge:
        return Edge(msgspec.structs.replace(key, origin=origin), SEEN, evidence, named=named)

    yield edge(EdgeKey(EdgeType.READ_BY, source, process))
    yield edge(EdgeKey(EdgeType.USED_BY, column, process, use.role), use.named)
    if isinstance(process, JobId):
        target = _dataset(use.target)
        yield edge(EdgeKey(EdgeType.WRITES, process, target))
        if use.role in DIRECT:
            fed = ColumnId(target, use.into)
            yield edge(EdgeKey(EdgeType.FEEDS, column, fed, use.role, process))


def _batch(uses: Iterable[Use], origins: Iterable[Origin] = (Origin.PARSED,)) -> Batch:
    nodes = {_dataset(n): Node(_dataset(n)) for n in range(SIZE + 1)}
    found: dict[EdgeKey, Edge] = {}
    columns = [ColumnId(dataset, name) for dataset in nodes for name in COLUMNS]
    every = [*nodes.values(), *map(Node, columns)]
    for column in columns:
        key = EdgeKey(EdgeType.HAS_COLUMN, column.dataset, column)
        found[key] = Edge(key)
    for use in uses:
        every.append(Node(use.process, {"kind": Fact("", use.kind)}))
        for origin in origins:
            for edge in _edges(use, origin):
                known = found.get(edge.key)
                found[edge.key] = edge if known is None else _surer(known, edge)
    unique = {node.id: node for node in every}
    shards = (Shard("db", DAY, 0, bytes(16)),)
    return Batch(tuple(unique.values()), tuple(found.values()), shards=shards)


def _surer(one: Edge, other: Edge) -> Edge:
    best = max(one.evidence, other.evidence)
    return msgspec.structs.replace(one, evidence=best, named=one.named or other.named)


@contextmanager
def _store(batch: Batch) -> Iterator[Store]:
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/x.db", create=True)
        store.apply(batch)
        yield store
        store.close()


def _asked(batch: Batch, change: Change) -> Impact:
    with _store(batch) as store:
        return impact(store, [change])


def _rings(found: Impact) -> dict[str, str]:
    return {item.id: item.ring.value for item in found.items}


@settings(deadline=None, max_examples=25)
@given(USES, USES, CHANGES)
def test_to_know_more_never_hides_an_item(uses: list[Use], more: list[Use], change: Change) -> None:
    """An edge more takes nothing off the list, nor makes it less severe."""
    before = _rings(_asked(_batch(uses), change))
    after = _rings(_asked(_batch([*uses, *more]), change))
    for name, ring in before.items():
        assert RANK.index(after[name]) <= RANK.index(ring)


@settings(deadline=None, max_examples=15)
@given(USES, CHANGES)
def test_what_two_origins_say_is_one_edge(uses: list[Use], change: Change) -> None:
    """Duplicate edges of another origin change no ring, base or certainty."""
    once = _asked(_batch(uses), change)
    twice = _asked(_batch(uses, (Origin.PARSED, Origin.OPENLINEAGE)), change)
    assert twice.items == once.items
    assert twice.teams == once.teams


@settings(deadline=None, max_examples=15)
@given(USES, CHANGES)
def test_every_item_has_a_way_that_is_in_the_graph(uses: list[Use], change: Change) -> None:
    """A path leads from the subject to the item, and each of its steps is an edge."""
    batch = _batch(uses)
    steps = {(str(edge.key.source), str(edge.key.target)) for edge in batch.edges}
    steps |= {(str(e.key.source), str(e.key.via)) for e in batch.edges if e.key.via}
    steps |= {(str(e.key.via), str(e.key.target)) for e in batch.edges if e.key.via}
    for item in _asked(batch, change).items:
        assert item.path[0] in (change.subject, change.subject.rpartition(".")[0])
        written = item.path[-1] == item.id or item.path[-1].startswith(f"{item.id}.")
        assert written
        pairs = list(zip(item.path, item.path[1:], strict=False))
        # A change of a column also fails who fills it: that step goes up.
        assert all(pair in steps or pair[::-1] in steps or _fills(pair, steps) for pair in pairs)


def _fills(pair: tuple[str, str], steps: set[tuple[str, str]]) -> bool:
    return (pair[1], pair[0].rpartition(".")[0]) in steps


@settings(deadline=None, max_examples=15)
@given(USES, CHANGES)
def test_who_is_not_downstream_is_not_on_the_list(uses: list[Use], change: Change) -> None:
    """The list is within the reach of the dataset and those who write it; no neighbour is on it."""
    number = int(change.subject[4])
    batch = _batch(uses)
    with _store(batch) as store:
        listed = {item.id for item in impact(store, [change]).items}
        reach = {node.id for node in downstream(store, _dataset(number)).nodes}
    writers = {
        str(edge.key.source)
        for edge in batch.edges
        if edge.key.type is EdgeType.WRITES and edge.key.target == _dataset(number)
    }
    assert listed <= reach | writers


@settings(deadline=None, max_examples=15)
@given(USES, st.integers(0, SIZE), st.sampled_from(COLUMNS))
def test_all_who_name_a_dropped_column_fail(uses: list[Use], number: int, column: str) -> None:
    """Whoever names it in any role fails, certain or not."""
    change = _change(ChangeKind.DROP_COLUMN, number, column)
    rings = _rings(_asked(_batch(uses), change))
    for use in uses:
        if (use.source, use.column, use.named) == (number, column, True) and use.kind != "view":
            assert rings[str(use.process)] == "fails"


@settings(deadline=None, max_examples=25)
@given(USES, CHANGES)
def test_the_changes_of_a_list_are_as_bad_as_the_worst(uses: list[Use], change: Change) -> None:
    """Two changes at once: each item in its worst ring, and none is lost."""
    other = Change(ChangeKind.DROP_DATASET, "db:d0")
    batch = _batch(uses)
    with _store(batch) as store:
        both = _rings(impact(store, [change, other]))
        alone = [_rings(impact(store, [one])) for one in (change, other)]
    subjects = {"db:d0", change.subject, change.subject.rpartition(".")[0]}
    for rings in alone:
        for name, ring in rings.items():
            assert name in subjects or RANK.index(both[name]) <= RANK.index(ring)


def _random_uses(seed: int) -> list[Use]:
    chance = random.Random(seed)
    return [
        Use(
            chance.choice(["job", "view", "consumer"]),
            chance.randrange(SIZE + 1),
            chance.randrange(SIZE + 1),
            chance.choice(COLUMNS),
            chance.choice(COLUMNS),
            chance.choice(list(Role)),
            chance.random() < 0.7,
            chance.choice([1.0, 0.95, 0.7, 0.5]),
        )
        for _ in range(18)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_both_stores_answer_alike(seed: int, fresh_urls: Callable[[], list[str]]) -> None:
    """SQLite and Neo4j give the same items, paths, teams and doubts for every kind of change."""
    answers: list[list[object]] = []
    for url in fresh_urls():
        store = open_store(url, create=True)
        store.apply(_batch(_random_uses(seed)))
        asked = [_change(kind, seed, column) for kind in KINDS for column in COLUMNS]
        answers.append([msgspec.to_builtins(impact(store, [change])) for change in asked])
        store.close()
    assert answers[0] == answers[1]
    assert any(answer["items"] for answer in answers[0] if isinstance(answer, dict))

"""What must hold of impact, walks and orphans on any graph: cycles, diamonds and all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.analyses.answers import ANSWERS, schema_of, shipped_schema
from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.analyses.breaking.impact import Impact, impact
from lineage.analyses.disuse.orphans import Label, orphans
from lineage.analyses.listening.coverage import quiet_weekdays
from lineage.analyses.reach.walk import downstream, upstream
from lineage.analyses.use.usage import who_uses
from lineage.calendar import weekday
from lineage.model import (
    Activity,
    Batch,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Fact,
    Node,
    Role,
    Shard,
)
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId
from lineage.store import Store
from lineage.stores import open_store

DAY = 20_000
SEEN = Activity((DAY,), (1,))
# (kind, from, to, certainty): a job, a view or a consumer reads `from`; the first two write `to`.
Hop = tuple[str, int, int, float]
SIZE = 7
HOPS = st.lists(
    st.tuples(
        st.sampled_from(["job", "view", "consumer"]),
        st.integers(0, SIZE),
        st.integers(0, SIZE),
        st.sampled_from([1.0, 0.95, 0.7, 0.5]),
    ),
    max_size=14,
    unique_by=lambda hop: hop[:3],
)


def _dataset(number: int) -> DatasetId:
    return DatasetId("db", f"d{number}")


def _process(hop: Hop) -> JobId | ConsumerId:
    kind, source, target, _ = hop
    if kind == "consumer":
        return ConsumerId("bi", f"c{target}")
    return JobId("jobs", f"{kind} {source} {target}")


def _edges(hop: Hop) -> Iterator[Edge]:
    _, source, target, certainty = hop
    process, evidence = _process(hop), Evidence.of(provenance=certainty)
    yield Edge(EdgeKey(EdgeType.READ_BY, _dataset(source), process), SEEN, evidence)
    column = ColumnId(_dataset(source), "x")
    yield Edge(EdgeKey(EdgeType.HAS_COLUMN, column.dataset, column))
    used = EdgeKey(EdgeType.USED_BY, column, process, Role.IDENTITY)
    yield Edge(used, SEEN, evidence)
    if isinstance(process, JobId):
        yield Edge(EdgeKey(EdgeType.WRITES, process, _dataset(target)), SEEN, evidence)
        fed = ColumnId(_dataset(target), "x")
        feeds = EdgeKey(EdgeType.FEEDS, column, fed, Role.IDENTITY, process)
        yield Edge(feeds, SEEN, evidence)
        yield Edge(EdgeKey(EdgeType.HAS_COLUMN, fed.dataset, fed))


@contextmanager
def _store(hops: Iterable[Hop]) -> Iterator[Store]:
    nodes = [Node(_dataset(number)) for number in range(SIZE + 1)]
    nodes += [Node(ColumnId(_dataset(number), "x")) for number in range(SIZE + 1)]
    edges: dict[EdgeKey, Edge] = {}
    for hop in hops:
        process = _process(hop)
        nodes.append(Node(process, {"kind": Fact("", hop[0])}))
        edges |= {edge.key: edge for edge in _edges(hop)}
    unique = {node.id: node for node in nodes}
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/x.db", create=True)
        shards = (Shard("db", DAY, 0, bytes(16)),)
        store.apply(Batch(tuple(unique.values()), tuple(edges.values()), shards=shards))
        yield store
        store.close()


def _drop(number: int, kind: ChangeKind = ChangeKind.DROP_DATASET) -> Change:
    name = f"db:d{number}.x" if kind.of_column else f"db:d{number}"
    return Change(kind, name)


def _rings(found: Impact) -> dict[str, str]:
    return {item.id: item.ring.value for item in found.items}


def _expected(hops: list[Hop], dropped: int) -> dict[str, str]:
    """The rings of a dropped dataset, by the plainest reading of the rule."""
    broken, stale = {dropped}, set[int]()
    failing: set[Hop] = set()
    aging: set[Hop] = set()
    for _ in range(len(hops) + 1):
        writers = {hop for hop in hops if hop[0] != "consumer" and hop[2] == dropped}
        failing = {hop for hop in hops if hop[1] in broken} | writers
        broken |= {hop[2] for hop in failing if hop[0] == "view"}
        stale |= {hop[2] for hop in failing if hop[0] == "job"}
        aging = {hop for hop in hops if hop[1] in stale}
        stale |= {hop[2] for hop in aging if hop[0] != "consumer"}
    rings = {str(_dataset(number)): "stale" for number in stale}
    rings |= {str(_process(hop)): "stale" for hop in aging if hop[0] != "view"}
    rings |= {str(_dataset(number)): "fails" for number in broken}
    rings |= {str(_process(hop)): "fails" for hop in failing if hop[0] != "view"}
    return {name: ring for name, ring in rings.items() if name != str(_dataset(dropped))}


@settings(deadline=None, max_examples=30)
@given(HOPS, st.integers(0, SIZE))
def test_the_list_is_the_closure(hops: list[Hop], dropped: int) -> None:
    """Everything behind a dropped dataset is listed once, in its worst ring, and nothing else."""
    with _store(hops) as store:
        found = impact(store, [_drop(dropped)])
    assert _rings(found) == _expected(hops, dropped)
    assert len(found.items) == len(_rings(found))
    assert sum(len(team.items) for team in found.teams) == len(found.items)


@settings(deadline=None, max_examples=20)
@given(
    HOPS,
    HOPS,
    st.integers(0, SIZE),
    st.sampled_from([kind for kind in ChangeKind if kind not in (
        ChangeKind.STOP_JOB, ChangeKind.ADD_COLUMN)]),
)  # fmt: skip
def test_an_edge_more_never_hides_an_item(
    hops: list[Hop], more: list[Hop], number: int, kind: ChangeKind
) -> None:
    """Knowing more never takes an item off the list, nor makes it less severe in its ring."""
    argument = "6h" if kind is ChangeKind.DELAY_DATASET else "int"
    change = Change(kind, str(_drop(number, kind).subject), argument)
    with _store(hops) as store:
        before = _rings(impact(store, [change]))
    with _store([*more, *hops]) as store:
        after = _rings(impact(store, [change]))
    order = ["fails", "wrong", "stale"]
    for name, ring in before.items():
        assert order.index(after[name]) <= order.index(ring)


@settings(deadline=None, max_examples=15)
@given(HOPS, st.integers(0, SIZE))
def test_what_is_not_connected_changes_nothing(hops: list[Hop], number: int) -> None:
    """A change of a dataset does not touch what cannot be reached from it or from its writers."""
    with _store(hops) as store:
        found = impact(store, [_drop(number, ChangeKind.DROP_COLUMN)])
        reach = {node.id for node in downstream(store, _dataset(number)).nodes}
    assert {item.id for item in found.items} <= reach


@settings(deadline=None, max_examples=20)
@given(HOPS, st.integers(0, SIZE))
def test_certainty_is_the_weakest_edge_of_the_best_path(hops: list[Hop], number: int) -> None:
    """No other path to a consumer of a stopped dataset is surer than the one that is told."""
    sure: dict[NodeId, float] = {_dataset(number): 1.0}
    for _ in range(2 * len(hops)):
        for hop in hops:
            via = min(sure.get(_dataset(hop[1]), 0.0), hop[3])
            ends: list[NodeId] = [_process(hop)]
            if hop[0] != "consumer":
                ends.append(_dataset(hop[2]))
            for end in ends:
                sure[end] = max(sure.get(end, 0.0), via)
    with _store(hops) as store:
        found = impact(store, [_drop(number, ChangeKind.STOP_DATASET)])
    expected = {str(node): certainty for node, certainty in sure.items()}
    for item in found.items:
        assert item.certainty == expected[item.id]
        assert item.path[0] == str(_dataset(number))
        assert item.path[-1] == item.id


@settings(deadline=None, max_examples=20)
@given(HOPS, st.integers(0, SIZE), st.integers(0, SIZE))
def test_up_and_down_are_mirrors(hops: list[Hop], one: int, other: int) -> None:
    """What is downstream of A has A upstream, at the same distance."""
    with _store(hops) as store:
        down = {n.id: n.distance for n in downstream(store, _dataset(one)).nodes}
        up = {n.id: n.distance for n in upstream(store, _dataset(other)).nodes}
        column = ColumnId(_dataset(one), "x")
        columns = {n.id for n in downstream(store, column).nodes if n.label == "Column"}
        uses = who_uses(store, _dataset(one))
    assert down.get(str(_dataset(other))) == up.get(str(_dataset(one)))
    datasets = {name for name in down if name.startswith("db:")}
    assert columns == {f"{name}.x" for name in datasets}
    assert {use.consumer for use in uses.consumers} <= down.keys()


@settings(deadline=None, max_examples=20)
@given(HOPS)
def test_a_dataset_that_reaches_a_consumer_is_no_orphan(hops: list[Hop]) -> None:
    """Dead branches and write-only datasets are those from which no consumer is reached."""
    with _store(hops) as store:
        found = orphans(store, [Label.WRITE_ONLY, Label.DEAD_BRANCH])
        live = set()
        for number in range(SIZE + 1):
            nodes = downstream(store, _dataset(number)).nodes
            if any(node.label == "Consumer" for node in nodes):
                live.add(str(_dataset(number)))
    used = {str(_dataset(hop[1])) for hop in hops}
    written = {str(_dataset(hop[2])) for hop in hops if hop[0] != "consumer"}
    dead = (used | written) - live
    common = {note.partition(" datasets ")[0] for note in found.notes}
    listed = {row.dataset for row in found.datasets}
    assert listed <= dead
    assert listed == dead or common or _reads_itself(hops, dead - listed)


def _reads_itself(hops: list[Hop], names: set[str]) -> bool:
    """Whether only the writers of these datasets read them, and nothing writes them else."""
    return all(
        all(hop[1] == hop[2] for hop in hops if str(_dataset(hop[1])) == name) for name in names
    )


def test_a_budget_that_bites_says_so() -> None:
    """An answer that was cut short keeps what it found, and says that there is more."""
    hops: list[Hop] = [("job", number, number + 1, 1.0) for number in range(SIZE)]
    with _store(hops) as store:
        cut = impact(store, [_drop(0)], budget=1)
        walk = downstream(store, _dataset(0), limit=3)
        whole = impact(store, [_drop(0)])
    assert cut.truncated
    assert "cut short" in cut.verdict
    assert 0 < len(cut.items) < len(whole.items)
    assert not whole.truncated
    assert walk.truncated
    assert (len(walk.nodes), walk.total) == (3, 2 * SIZE + 1)


@given(st.sets(st.integers(0, 6), min_size=1, max_size=4), st.integers(0, 6))
def test_quiet_weekdays_are_learned(quiet: set[int], start: int) -> None:
    """Weekdays on which a source never logs are expected to be silent; no others."""
    days = [day for day in range(DAY + start, DAY + start + 60) if weekday(day) not in quiet]
    edges = {day for day in range(days[0], days[-1] + 1) if weekday(day) in quiet}
    assert quiet_weekdays(Activity.of(dict.fromkeys(days, 1))) == {weekday(day) for day in edges}


def test_a_source_without_a_rhythm_has_no_quiet_days() -> None:
    """Where a log is kept a few days a year, silence stays unexplained."""
    assert quiet_weekdays(Activity.of(dict.fromkeys(range(DAY, DAY + 400, 28), 1))) == frozenset()


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_shipped_schemas_are_current(answer: str) -> None:
    """The schema in the package is the one of the records; `lineage.analyses.answers` writes it."""
    assert shipped_schema(answer) == schema_of(answer)
    assert json.loads(shipped_schema(answer))["title"] == answer


def test_an_answer_on_a_store_without_logs_says_that_nothing_is_logged() -> None:
    """A store that holds names only answers, and sells no silence as evidence."""
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder)}/x.db", create=True)
        store.apply(Batch(nodes=(Node(_dataset(0)),)))
        found = impact(store, [_drop(0)])
        labels = orphans(store)
        store.close()
    assert msgspec.to_builtins(found.window) == {"first": None, "last": None, "days": 0}
    assert found.coverage.text == "nothing is logged"
    assert [note for note in labels.notes if "the logs have holes" in note]

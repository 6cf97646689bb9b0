"""What an answer reads: what it is about, however much else its users do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from lineage.analyses.breaking.change import parse_change
from lineage.analyses.breaking.impact import impact
from lineage.analyses.use.usage import who_uses
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Fact, Node, Role, Shard
from lineage.names import ColumnId, ConsumerId, DatasetId, NodeId, PrincipalId, QueryId
from lineage.store import Direction, Store
from lineage.stores import open_store

DAY = 20_000
SEEN = Activity((DAY,), (1,))
SERVICE, LOGIN = ConsumerId("bi", "service"), PrincipalId("db", "service")
BUSY, ALONE = DatasetId("db", "t0"), DatasetId("db", "alone")
CHANGES = (
    "drop dataset db:t0", "drop column db:t0.id", "retype column db:t0.id to int",
    "nullable column db:t0.id", "filter dataset db:t0", "grain dataset db:t0",
    "meaning column db:t0.id removes 'x'", "retain dataset db:t0 9d", "add column db:t0.new",
)  # fmt: skip


def _statement(number: int, *tables: DatasetId) -> Iterator[EdgeKey]:
    """The service joins these tables by their ids."""
    query = QueryId("db", f"q{number}")
    yield EdgeKey(EdgeType.RAN, SERVICE, query, via=LOGIN)
    for table in tables:
        column = ColumnId(table, "id")
        yield EdgeKey(EdgeType.NAMED_IN, table, query)
        yield EdgeKey(EdgeType.READ_BY, table, SERVICE)
        yield EdgeKey(EdgeType.HAS_COLUMN, table, column)
        yield EdgeKey(EdgeType.USED_BY, column, SERVICE, Role.JOIN)


def _service(folder: Path, statements: int) -> Store:
    """A store in which a service runs so many statements: three of them over the two datasets."""
    tables = [DatasetId("db", f"t{number}") for number in range(statements + 3)]
    keys = {*_statement(0, BUSY, tables[1]), *_statement(1, BUSY, tables[2]), *_statement(2, ALONE)}
    for number in range(3, statements):
        keys.update(_statement(number, tables[number], tables[number + 1]))
    ends: set[NodeId] = {end for key in keys for end in (key.source, key.target)}
    ends.add(LOGIN)
    nodes = [Node(end, {"sql": Fact("", "SELECT 1")}) for end in ends]
    store = open_store(f"sqlite:///{folder}/{statements}.db", create=True)
    edges = tuple(Edge(key, SEEN) for key in keys)
    store.apply(Batch(tuple(nodes), edges, shards=(Shard("db", DAY, 0, bytes(16)),)))
    return store


def _read(store: Store, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Store], object]) -> int:
    """How many edges are read for an answer."""
    edges, counted = store.edges, 0

    def counting(
        ids: Collection[NodeId],
        direction: Direction,
        types: Collection[EdgeType],
        role: Role | None = None,
    ) -> list[Edge]:
        nonlocal counted
        found = edges(ids, direction, types, role)
        counted += len(found)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(store, "edges", counting)
        ask(store)
    return counted


ASKED: dict[str, Callable[[Store], object]] = {
    "who-uses": lambda store: who_uses(store, BUSY),
    "who-uses of a column": lambda store: who_uses(store, BUSY, "id"),
    "who-uses of what is read alone": lambda store: who_uses(store, ALONE),
    **{
        change: lambda store, change=change: impact(store, [parse_change(change)])  # type: ignore[misc]
        for change in CHANGES
    },
}


@pytest.mark.parametrize("question", ASKED)
def test_what_a_service_does_elsewhere_is_not_read(
    question: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user with ten times as many statements over other tables costs not one edge more."""
    read = []
    for statements in (20, 200):
        store = _service(tmp_path, statements)
        read.append(_read(store, monkeypatch, ASKED[question]))
        store.close()
    assert read[0] == read[1] > 0

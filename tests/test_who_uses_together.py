"""What a dataset is used together with, and by which columns: on any statements, at what cost."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.analyses.reach.graph import Graph
from lineage.analyses.use.together import used_together
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Node, Role
from lineage.names import (
    ColumnId,
    ConsumerId,
    DatasetId,
    NodeId,
    PrincipalId,
    ProcessId,
    QueryId,
)
from lineage.store import Store
from lineage.stores import open_store

DAY = 20_000
SEEN = Activity((DAY,), (1,))
TABLES, USERS = 4, 2
COLUMNS = ("id", "ID", "a", "b")
LOGIN = PrincipalId("db", "login")
BASE = DatasetId("db", "t0")
Keys = dict[str, tuple[set[str], set[str]]]  # other dataset → by which columns of both


class Statement(NamedTuple):
    """A user reads these tables in one statement; each with the column that it is joined by."""

    user: int
    tables: dict[int, str | None]


STATEMENTS = st.lists(
    st.builds(
        Statement,
        st.integers(0, USERS - 1),
        st.dictionaries(
            st.integers(0, TABLES - 1), st.sampled_from([*COLUMNS, None]), min_size=1, max_size=3
        ),
    ),
    max_size=7,
)


def _table(number: int) -> DatasetId:
    return DatasetId("db", f"t{number}")


def _user(number: int) -> ConsumerId:
    return ConsumerId("bi", f"u{number}")


def _edges(number: int, statement: Statement) -> Iterator[EdgeKey]:
    user, query = _user(statement.user), QueryId("db", f"q{number}")
    yield EdgeKey(EdgeType.RAN, user, query, via=LOGIN)
    for table, joined in statement.tables.items():
        dataset = _table(table)
        yield EdgeKey(EdgeType.NAMED_IN, dataset, query)
        yield EdgeKey(EdgeType.READ_BY, dataset, user)
        for name, role in ((joined, Role.JOIN), ("a", Role.FILTER)):
            if name:
                yield EdgeKey(EdgeType.HAS_COLUMN, dataset, ColumnId(dataset, name))
                yield EdgeKey(EdgeType.USED_BY, ColumnId(dataset, name), user, role)


def _batch(statements: Sequence[Statement]) -> Batch:
    edges = {key for number, one in enumerate(statements) for key in _edges(number, one)}
    ends: set[NodeId] = {end for key in edges for end in (key.source, key.target)}
    ends |= {BASE, LOGIN}
    return Batch(tuple(Node(end) for end in ends), tuple(Edge(key, SEEN) for key in edges))


def _by_the_words(statements: Sequence[Statement]) -> Keys:
    """What `Together` promises, read off the statements one by one."""
    found: Keys = {}
    for met in statements:
        for other in met.tables.keys() - {0} if 0 in met.tables else ():
            mine = [one.tables.items() for one in statements if one.user == met.user]
            joins = {(table, name) for tables in mine for table, name in tables if name}
            near = {name for table, name in joins if table == 0}
            far = {name for table, name in joins if table == other}
            common = {name.lower() for name in near} & {name.lower() for name in far}
            if common:
                near = {name for name in near if name.lower() in common}
                far = {name for name in far if name.lower() in common}
            elif {table for table, _ in joins} != {0, other}:
                near, far = set(), set()
            ours, theirs = found.setdefault(str(_table(other)), (set(), set()))
            ours |= near
            theirs |= far
    return found


def _answer(store: Store, statements: Sequence[Statement]) -> Keys:
    users: dict[ProcessId, Activity] = {
        _user(one.user): SEEN for one in statements if 0 in one.tables
    }
    found = used_together(Graph(store), [BASE], users, DAY, DAY)
    return {one.dataset: (set(one.columns), set(one.other_columns)) for one in found}


@given(STATEMENTS)
def test_joined_by_what_the_users_join_by(statements: list[Statement]) -> None:
    """Columns of one name meet; others only when their user joins nothing else at all."""
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/x.db", create=True)
        store.apply(_batch(statements))
        assert _answer(store, statements) == _by_the_words(statements)
        store.close()


def _random_statements(seed: int) -> list[Statement]:
    chance = random.Random(seed)
    return [
        Statement(
            chance.randrange(USERS),
            {
                table: chance.choice([*COLUMNS, None])
                for table in chance.sample(range(TABLES), chance.randint(1, 3))
            },
        )
        for _ in range(7)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_both_stores_join_alike(seed: int, fresh_urls: Callable[[], list[str]]) -> None:
    """SQLite and Neo4j give what the statements say."""
    statements = _random_statements(seed)
    for url in fresh_urls():
        store = open_store(url, create=True)
        store.apply(_batch(statements))
        assert _answer(store, statements) == _by_the_words(statements)
        store.close()


def test_what_a_service_does_elsewhere_is_not_read(store: Store) -> None:
    """A service joins hundreds of tables; who uses one of them costs no more than that one."""
    elsewhere = [Statement(0, {n: "id", n + 1: "id"}) for n in range(10, 310)]
    statements = [*elsewhere, Statement(0, {0: "a", 1: "a", 2: "b"})]
    store.apply(_batch(statements))
    graph = Graph(store)
    near, far = used_together(graph, [BASE], {_user(0): SEEN}, DAY, DAY)
    assert (near.columns, near.other_columns, far.columns) == (("a",), ("a",), ())
    assert graph.loaded < 30

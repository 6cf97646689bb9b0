"""What edges share is kept once, in a batch and in a SQLite store, and answers do not show it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import reduce
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.edges import EdgeSet
from lineage.hash import graph_hash
from lineage.model import (
    Activity,
    Batch,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Node,
    Origin,
    Role,
    Runs,
    Sample,
    Sighting,
)
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, QueryId
from lineage.stores import open_store
from lineage.stores.migrations import pending
from lineage.stores.sqlite_rows import NUMBERS

_DATASETS = [DatasetId("pg", name) for name in ("orders", "mart")]
_JOBS = [JobId("dbt", name) for name in ("load", "build")]
_NODES: list[NodeId] = [
    *_DATASETS,
    *_JOBS,
    *(ColumnId(dataset, "id") for dataset in _DATASETS),
    ConsumerId("pg", "ann"),
]


def _of(key: EdgeKey, seen: Sighting) -> Edge:
    """The edge of that key of which this was seen; not every type has a clock."""
    return seen.runs.seen(key.type, seen.evidence, named=seen.named).of(key)


_activity = st.dictionaries(st.integers(20000, 20003), st.integers(1, 3), max_size=3).map(
    Activity.of
)
_told = st.builds(
    Edge,
    st.builds(
        EdgeKey,
        st.sampled_from([EdgeType.USED_BY, EdgeType.READ_BY, EdgeType.FEEDS]),
        st.sampled_from(_NODES),
        st.sampled_from(_NODES),
        st.sampled_from([None, Role.FILTER]),
        st.sampled_from([None, *_JOBS]),
        st.sampled_from([Origin.PARSED, Origin.ENGINE]),
    ),
    _activity,
    st.sampled_from([Evidence.of(), Evidence.of(parse=0.95)]),
    st.sampled_from([None, *(Sample(start, "k", QueryId("pg", "f")) for start in "ab")]),
    st.booleans(),
    _activity,
)
_edge = _told.map(lambda edge: _of(edge.key, edge.sighting))
_edges = st.lists(_edge, max_size=20)
_batch = st.builds(
    Batch,
    edges=_edges,
    retract=st.lists(
        st.tuples(st.sampled_from(_NODES), st.sampled_from([Origin.PARSED, Origin.ENGINE])),
        max_size=2,
    ),
    undone=st.lists(_edge.map(lambda edge: edge.key), max_size=2),
)


def _merged(edges: list[Edge]) -> dict[EdgeKey, Edge]:
    found: dict[EdgeKey, Edge] = {}
    for edge in edges:
        found[edge.key] = found[edge.key].merge(edge) if edge.key in found else edge
    return found


@given(_edges, _edges)
@settings(max_examples=30, deadline=None)
def test_a_set_of_edges_is_its_edges_merged(one: list[Edge], other: list[Edge]) -> None:
    """One edge a key, which knows what all of that key know, however they came together."""
    known = _merged([*one, *other])
    together = EdgeSet(one)
    together.update(EdgeSet(other))
    assert len(together) == len(known)
    assert {edge.key: edge for edge in together} == known
    assert set(together.edge_keys()) == known.keys()
    assert all(together.get(key) == edge and edge in together for key, edge in known.items())


def test_asking_for_an_edge_adds_no_node() -> None:
    """A key that is not there is none of an edge, and its ends are no ends."""
    edges = EdgeSet()
    assert edges.get(EdgeKey(EdgeType.READ_BY, _DATASETS[0], _JOBS[0])) is None
    assert not edges.nodes


@given(st.lists(_batch, max_size=4))
@settings(max_examples=20, deadline=None)
def test_every_sighting_counts_the_edges_that_share_it(
    tmp_path_factory: pytest.TempPathFactory, batches: list[Batch]
) -> None:
    """Whatever is added, merged and taken back: no sighting without an edge, none too few."""
    path = tmp_path_factory.mktemp("shared") / "a.db"
    store = open_store(f"sqlite:///{path}", create=True)
    for batch in batches:
        store.apply(batch)
    store.close()
    assert _shared(path) == _counted(path)


def _shared(path: Path) -> list[tuple[int, int]]:
    sql = "SELECT runs, count(*) FROM edges GROUP BY runs ORDER BY runs"
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def _counted(path: Path) -> list[tuple[int, int]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT id, edges FROM runs ORDER BY id").fetchall()


_KEYS = [
    EdgeKey(EdgeType.USED_BY, ColumnId(dataset, name), job, role)
    for dataset in _DATASETS
    for name in ("id", "at")
    for job in _JOBS
    for role in (Role.FILTER, Role.JOIN)
]
_seen = _told.map(lambda edge: edge.sighting)
# What was seen of some edges alike, as of all columns that a statement uses.
_alike = st.tuples(st.sets(st.sampled_from(_KEYS), min_size=1), _seen)


@given(st.lists(st.lists(_alike, max_size=3), max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_edges_that_share_may_grow_together_or_one_by_one(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[tuple[set[EdgeKey], Sighting]]],
    chance: Random,
) -> None:
    """Whatever edges share, and however they are put into batches, each is the sum of its own."""
    folder = tmp_path_factory.mktemp("grown")
    edges = [[_of(key, seen) for keys, seen in batch for key in keys] for batch in batches]
    single = [[edge] for batch in edges for edge in batch]
    known = _merged([edge for (edge,) in single])
    chance.shuffle(single)
    for name, split in (("together", edges), ("single", single)):
        store = open_store(f"sqlite:///{folder}/{name}.db", create=True)
        for some in split:
            store.apply(Batch(edges=EdgeSet(some)))
        assert {edge.key: edge for edge in store.scan_edges()} == known
        store.close()
        assert _shared(folder / f"{name}.db") == _counted(folder / f"{name}.db")


def test_edges_that_are_seen_again_alike_keep_their_row(tmp_path: Path) -> None:
    """When all edges that share a sighting are seen again alike, they go on sharing its row."""
    path = tmp_path / "a.db"
    store = open_store(f"sqlite:///{path}", create=True)
    first, later = (Sighting(Activity((day,), (1,))) for day in (20000, 20001))
    store.apply(Batch(edges=[first.of(key) for key in _KEYS]))
    ((shared, _),) = _counted(path)
    store.apply(Batch(edges=[later.of(key) for key in _KEYS]))
    assert _counted(path) == [(shared, len(_KEYS))]
    store.apply(Batch(edges=[later.of(_KEYS[0])]))
    (left, alone) = _counted(path)
    assert (left, alone[1]) == ((shared, len(_KEYS) - 1), 1)
    store.close()


def test_a_large_batch_leaves_every_index(tmp_path: Path) -> None:
    """A store that began with a large batch has the indexes of one that began with a small one."""
    found = []
    for size in (1, 20_000):
        path = tmp_path / f"{size}.db"
        store = open_store(f"sqlite:///{path}", create=True)
        ann = ConsumerId("pg", "ann")
        datasets = (DatasetId("pg", f"d{number}") for number in range(size))
        keys = [EdgeKey(EdgeType.READ_BY, dataset, ann) for dataset in datasets]
        store.apply(Batch(edges=list(map(Edge, keys))))
        store.close()
        with closing(sqlite3.connect(path)) as db:
            schema = "SELECT name, sql FROM sqlite_schema ORDER BY name"
            found.append(db.execute(schema).fetchall())
            checked = db.execute("PRAGMA integrity_check").fetchall()
            assert checked == [("ok",)]
    assert found[0] == found[1]


def test_equal_sightings_are_kept_once(tmp_path: Path) -> None:
    """Edges that were seen the same way share a row, and so do the sums of equal sightings."""
    store = open_store(f"sqlite:///{tmp_path}/a.db", create=True)
    reads = [EdgeKey(EdgeType.READ_BY, dataset, job) for dataset in _DATASETS for job in _JOBS]
    for day in (20000, 20001):
        store.apply(Batch(edges=[Edge(key, Activity((day,), (2,))) for key in reads]))
    store.close()
    db = sqlite3.connect(tmp_path / "a.db")
    rows = db.execute("SELECT activity, total, edges FROM runs").fetchall()
    assert rows == [("[[20000,20001],[2,2]]", 4, 4)]
    db.close()


def test_all_edges_of_a_run_share_a_row(tmp_path: Path) -> None:
    """What was read, ran and was used, by name or not, has one row; only some tell the hour."""
    store = open_store(f"sqlite:///{tmp_path}/a.db", create=True)
    ran = Runs(Activity((20000,), (2,)), Sample("b", "k", QueryId("pg", "f")), Activity((7,), (2,)))
    orders, load, ann = _DATASETS[0], _JOBS[0], ConsumerId("pg", "ann")
    seen = [
        (EdgeKey(EdgeType.READ_BY, orders, ann), Evidence.of(), True),
        (EdgeKey(EdgeType.USED_BY, ColumnId(orders, "id"), ann, Role.JOIN), Evidence.of(), True),
        (EdgeKey(EdgeType.USED_BY, ColumnId(orders, "at"), ann), Evidence.of(parse=0.95), False),
        (EdgeKey(EdgeType.WRITES, load, orders), Evidence.of(parse=0.7), True),
    ]
    batch = EdgeSet()
    for key, evidence, named in seen:
        batch.add(Edge(key, ran.activity, evidence, ran.sample, named, ran.clock))
    store.apply(Batch(edges=batch))
    assert [count for _, count in _counted(tmp_path / "a.db")] == [len(seen)]
    edges = {edge.key: edge for edge in store.scan_edges()}
    assert [(edges[key].evidence, edges[key].named) for key, *_ in seen] == [
        (evidence, named) for _, evidence, named in seen
    ]
    assert [bool(edges[key].clock.days) for key, *_ in seen] == [True, False, False, True]
    store.close()


def test_the_words_of_a_store_are_those_of_the_program(tmp_path: Path) -> None:
    """Types, roles and origins are numbers in the store; every one has its word there."""
    open_store(f"sqlite:///{tmp_path}/a.db", create=True).close()
    db = sqlite3.connect(tmp_path / "a.db")
    words = dict(db.execute("SELECT word, id FROM words").fetchall())
    assert words == {word.value if word else "": number for word, number in NUMBERS.items()}
    assert {*EdgeType, *Role, *Origin} == set(NUMBERS) - {None}
    db.close()


_OLD_EDGE = "INSERT INTO edges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OLD_NODE = "INSERT INTO nodes VALUES (?, ?, 'pg', ?, ?, ?, '{}')"
_OLD_SAMPLE = (
    '{"start":"2024-10-06","key":"k","query":{"label":"Query","namespace":"pg","name":"f"}}'
)
_OLD_EVIDENCE = '{"certainty":0.95,"provenance":1.0,"parse":0.95,"resolve":1.0}'


def test_a_store_of_schema_6_is_brought_up_to_date(tmp_path: Path) -> None:
    """What an older version wrote is the same graph after the migration, and goes on from there."""
    path = tmp_path / "old.db"
    _write_schema_6(path)
    with pytest.raises(Exception, match="lineage migrate"):
        open_store(f"sqlite:///{path}")
    store = open_store(f"sqlite:///{path}", create=True)
    orders, ann, job = DatasetId("pg", "orders"), ConsumerId("pg", "ann"), JobId("pg", "load")
    read = Edge(
        EdgeKey(EdgeType.READ_BY, orders, ann),
        Activity((20000, 20002), (1, 4)),
        Evidence.of(parse=0.95),
        Sample("2024-10-06", "k", QueryId("pg", "f")),
        clock=Activity((3,), (5,)),
    )
    column, copy = ColumnId(orders, "id"), ColumnId(orders, "copy")
    fed = EdgeKey(EdgeType.FEEDS, column, copy, Role.IDENTITY, job, Origin.ENGINE)
    expected = [read, Edge(fed, named=False), *(Edge(_has(one)) for one in (column, copy))]
    assert {edge.key: edge for edge in store.scan_edges()} == _merged(expected)
    store.apply(Batch(edges=(read,)))
    fresh = open_store(f"sqlite:///{tmp_path}/fresh.db", create=True)
    nodes = tuple(Node(node.id) for node in store.scan_nodes())
    fresh.apply(Batch(nodes, (*expected, read)))
    assert graph_hash(store) == graph_hash(fresh)
    store.close()
    fresh.close()


def _has(column: ColumnId) -> EdgeKey:
    return EdgeKey(EdgeType.HAS_COLUMN, column.dataset, column)


def _write_schema_6(path: Path) -> None:
    db = sqlite3.connect(path)
    scripts = [one for number, one in pending("sqlite", "", 0, migrate=True) if number <= 6]
    for statement in reduce(list.__add__, scripts):
        db.execute(statement)
    db.execute("PRAGMA user_version = 6")
    db.execute(f"PRAGMA application_id = {0x4C494E47}")
    db.execute("UPDATE meta SET version = 1")
    nodes = [
        (1, "Dataset", "", "orders", "orders"),
        (2, "Consumer", "", "ann", "ann"),
        (3, "Column", "orders", "id", "id"),
        (4, "Column", "orders", "copy", "copy"),
        (5, "Job", "", "load", "load"),
    ]
    db.executemany(_OLD_NODE, nodes)
    sure = _OLD_EVIDENCE.replace("0.95", "1.0")
    nothing = (None, None, 0, "[]", "[]", sure, None)
    seen = (20000, 20002, 5, "[20000,20002]", "[1,4]", _OLD_EVIDENCE, _OLD_SAMPLE)
    edges = [
        (1, "READ_BY", 2, "", 0, "parsed", *seen, 1, "[[3],[5]]"),
        (1, "HAS_COLUMN", 3, "", 0, "parsed", *nothing, 1, None),
        (1, "HAS_COLUMN", 4, "", 0, "parsed", *nothing, 1, None),
        (3, "FEEDS", 4, "IDENTITY", 5, "engine", *nothing, 0, None),
    ]
    db.executemany(_OLD_EDGE, edges)
    db.commit()
    db.close()

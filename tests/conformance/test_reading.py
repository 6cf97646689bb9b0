"""What the questions to a store give back."""

from __future__ import annotations

from itertools import pairwise

from lineage.model import (
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
    Sample,
)
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, QueryId
from lineage.store import Counts, Direction, Store

RAW, MART = DatasetId("pg", "raw"), DatasetId("pg", "mart")
JOB, ANN = JobId("dbt", "mart"), ConsumerId("pg", "ann")
COLUMN = ColumnId(RAW, "id")
EDGES = (
    Edge(
        EdgeKey(EdgeType.READ_BY, RAW, JOB),
        Activity((20000, 20003), (1, 2)),
        clock=Activity((8, 95), (2, 1)),
    ),
    Edge(EdgeKey(EdgeType.WRITES, JOB, MART), Activity((20001,), (1,))),
    Edge(EdgeKey(EdgeType.READ_BY, MART, ANN), Activity((19999,), (7,))),
    Edge(EdgeKey(EdgeType.HAS_COLUMN, RAW, COLUMN)),
    Edge(
        EdgeKey(EdgeType.USED_BY, COLUMN, JOB, Role.FILTER),
        Activity((20001,), (1,)),
        Evidence.of(0.9, 0.95, 0.5),
        Sample("2024-10-05T00:00:00Z", "k", QueryId("pg", "f")),
        named=False,
    ),
)


def test_edges_of_a_frontier(store: Store) -> None:
    """Exactly the edges of these types that leave or enter these nodes, whole."""
    store.apply(Batch(edges=EDGES))
    read_raw, write, read_mart, has_column, used = EDGES

    def ask(ids: list, direction: Direction, *types: EdgeType) -> dict:
        return {edge.key: edge for edge in store.edges(ids, direction, types)}

    def keyed(*edges: Edge) -> dict:
        return {edge.key: edge for edge in edges}

    every = tuple(EdgeType)
    assert ask([RAW], Direction.DOWN, *every) == keyed(read_raw, has_column)
    assert ask([RAW], Direction.DOWN, EdgeType.READ_BY) == keyed(read_raw)
    assert ask([JOB], Direction.UP, *every) == keyed(read_raw, used)
    assert ask([RAW, MART, COLUMN], Direction.DOWN, *every) == keyed(
        read_raw, has_column, read_mart, used
    )
    assert ask([MART, ANN], Direction.UP, *every) == keyed(write, read_mart)
    assert ask([RAW], Direction.UP, *every) == {}
    assert ask([RAW], Direction.DOWN) == {}
    assert ask([], Direction.DOWN, *every) == {}
    assert ask([DatasetId("pg", "nowhere")], Direction.DOWN, *every) == {}


def test_an_edge_is_given_once(store: Store) -> None:
    """A node that is asked for twice gives its edges once."""
    store.apply(Batch(edges=EDGES))
    assert len(store.edges([RAW, RAW], Direction.DOWN, [EdgeType.READ_BY])) == 1


def test_scans(store: Store) -> None:
    """A scan gives everything, or everything of a label or of some types."""
    nodes = (Node(RAW, {"kind": Fact("2026", "table")}), Node(DatasetId("pg", "lonely")))
    store.apply(Batch(nodes, EDGES))
    assert {node.id for node in store.scan_nodes("Dataset")} == {RAW, MART, nodes[1].id}
    assert {node.id for node in store.scan_nodes()} == {RAW, MART, JOB, ANN, COLUMN, nodes[1].id}
    assert list(store.scan_nodes("Team")) == []
    assert list(store.scan_edges([EdgeType.WRITES])) == [EDGES[1]]
    assert {edge.key for edge in store.scan_edges()} == {edge.key for edge in EDGES}
    assert list(store.scan_edges([])) == []


def test_nodes_that_exist(store: Store) -> None:
    """Only what exists is given back, with its facts."""
    known = Node(RAW, {"kind": Fact("2026", "table")})
    store.apply(Batch((known,)))
    assert store.nodes([RAW, RAW, MART, JobId("pg", "raw")]) == {RAW: known}
    assert store.nodes([]) == {}


def test_counts(store: Store) -> None:
    """Nodes by label, edges by type, and the first and last active day; nothing when empty."""
    assert store.counts() == Counts({}, {}, None, None)
    store.apply(Batch(edges=EDGES))
    assert store.counts() == Counts(
        {"Dataset": 2, "Column": 1, "Job": 1, "Consumer": 1},
        {"READ_BY": 2, "WRITES": 1, "HAS_COLUMN": 1, "USED_BY": 1},
        19999,
        20003,
    )


def test_a_big_batch(store: Store) -> None:
    """A batch of many thousand nodes and edges is one transaction, and merges with itself.

    Also right after a tiny graph, by which a server may have planned its statements.
    """
    for _ in range(2):
        store.apply(Batch(edges=EDGES[:1]))
    store.apply(Batch(retract=((RAW, Origin.PARSED),)))
    tables = [DatasetId("pg", f"shop.t{number}") for number in range(10_500)]
    links = tuple(
        Edge(EdgeKey(EdgeType.SAME_AS, one, other), Activity((20000,), (1,)))
        for one, other in pairwise(tables)
    )
    for _ in range(2):
        store.apply(Batch(edges=links))
    assert store.version() == 5
    assert store.counts() == Counts({"Dataset": 10_500}, {"SAME_AS": 10_499}, 20000, 20000)
    found = store.edges(tables, Direction.DOWN, [EdgeType.SAME_AS])
    assert {edge.activity for edge in found} == {Activity((20000,), (2,))}
    assert len(found) == 10_499
    assert len(store.nodes(tables)) == 10_500


def test_a_long_walk(store: Store) -> None:
    """A walk over hundreds of edges in depth ends, from one start and from two."""
    tables = [DatasetId("pg", f"t{number}") for number in range(300)]
    links = tuple(
        Edge(EdgeKey(EdgeType.SAME_AS, one, other))
        for at, one in enumerate(tables)
        for other in tables[at + 1 : at + 4]
    )
    store.apply(Batch(edges=links))
    for starts in (tables[:1], tables[:2]):
        reached = store.reach(starts, Direction.DOWN, [EdgeType.SAME_AS])
        assert len(reached) == 300
        assert reached[tables[-1]] == 100

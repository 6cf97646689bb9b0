"""What the questions to a store give back."""

from __future__ import annotations

from itertools import pairwise

from lineage.model import (
    Activity,
    Batch,
    Document,
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


def test_edges_of_a_role(store: Store) -> None:
    """Only those in the role that is asked for, in either direction; others have none."""
    other = Edge(EdgeKey(EdgeType.USED_BY, COLUMN, JOB, Role.JOIN))
    store.apply(Batch(edges=(*EDGES, other)))
    for ids, direction in (([COLUMN], Direction.DOWN), ([JOB], Direction.UP)):
        assert store.edges(ids, direction, list(EdgeType), Role.JOIN) == [other]
        assert store.edges(ids, direction, list(EdgeType), Role.FILTER) == [EDGES[-1]]
        assert store.edges(ids, direction, [EdgeType.READ_BY], Role.JOIN) == []


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


def test_pages_of_names(store: Store) -> None:
    """A page of the ids of a label in their order, of one namespace or of all, by a part or not."""
    named = ("pg:a", "pg:Orders", "pg:orders_old", "s3://lake:orders", "zz:É")
    ids = [DatasetId(*text.rsplit(":", 1)) for text in named]
    column = ColumnId(ids[0], "orders")
    store.apply(Batch(tuple(map(Node, [*ids, JobId("pg", "orders"), column]))))
    by_order = sorted(ids)
    assert store.names("Dataset", None, 10) == by_order
    assert store.names("Dataset", None, 2, 1) == by_order[1:3]
    assert store.names("Dataset", "pg", 10) == [ids[1], ids[0], ids[2]]
    assert store.names("Dataset", "pg", 10, 3) == store.names("Dataset", "nowhere", 10) == []
    assert store.names("Dataset", None, 10, part="RDER") == [ids[1], ids[2], ids[3]]
    assert store.names("Dataset", "pg", 1, 1, part="order") == [ids[2]]
    assert store.names("Dataset", None, 10, part="é") == [ids[4]]
    assert store.names("Dataset", None, 10, part="%") == []
    assert store.names("Column", "pg", 10) == [column]
    assert store.namespaces("Dataset") == {"pg": 3, "s3://lake": 1, "zz": 1}
    assert store.namespaces("Team") == {}


def test_pages_of_documents(store: Store) -> None:
    """Pages of documents by their keys, of several spans at once, forwards and backwards."""
    keys = ["a-1", "a-2", "a-3", "b-1", "b-2"]
    kept = [Document("event", key, key.encode()) for key in keys]
    store.apply(Batch(documents=(*kept[::-1], Document("other", "a-2", b"x"))))
    spans = [("a-", "a."), ("b-", "b-2"), ("c", "d")]
    assert store.pages("event", spans, 2) == [kept[0:2], [kept[3]], []]
    assert store.pages("event", spans, 2, 1, backwards=True) == [[kept[1], kept[0]], [], []]
    assert store.pages("event", [("", "~")], 9, 3) == [kept[3:]]
    assert store.pages("event", [], 9) == []
    assert store.count_documents("event", "a-2", "b-2") == 3
    assert store.count_documents("event", "c", "d") == 0


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


def test_spans_tell_of_every_edge_when_it_was_last_active(store: Store) -> None:
    """Each edge of the types by its whole key, and its last day; none for what has no days."""
    store.apply(Batch(edges=EDGES))
    found = dict(store.scan_spans(list(EdgeType)))
    assert found == {edge.key: edge.activity.last for edge in EDGES}
    assert dict(store.scan_spans([EdgeType.WRITES])) == {EDGES[1].key: 20001}

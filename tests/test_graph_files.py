"""The graph as a file of another program's format: nothing lost, nothing that it would choke on."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

from app.graph_files import WRITERS
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Fact, Node, Role
from lineage.names import ColumnId, ConsumerId, DatasetId, product
from lineage.store import Store
from lineage.stores import open_store

ODD = DatasetId("db", "a\"b'<c>&d")
COLUMN, BOARD = ColumnId(ODD, "x"), ConsumerId("bi", "board")
ABOUT = 'two\nlines, a "quote", ]]> and \x0b'
EDGES = (
    Edge(EdgeKey(EdgeType.READ_BY, ODD, BOARD), Activity((20_000, 20_002), (1, 2))),
    Edge(EdgeKey(EdgeType.HAS_COLUMN, ODD, COLUMN)),
    Edge(EdgeKey(EdgeType.USED_BY, COLUMN, BOARD, Role.FILTER), named=False),
    Edge(EdgeKey(EdgeType.USED_BY, COLUMN, BOARD, Role.JOIN)),
    Edge(EdgeKey(EdgeType.EXPOSES, product("sales"), ODD)),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A dataset of an odd name, that a board reads and a product exposes."""
    opened = open_store(f"sqlite:///{tmp_path}/x.db", create=True)
    facts = {"description": Fact("", ABOUT), "kind": Fact("", "table")}
    nodes = (Node(ODD, facts), Node(COLUMN), Node(BOARD), Node(product("sales")))
    opened.apply(Batch(nodes, EDGES))
    yield opened
    opened.close()


def test_graphml_holds_what_json_holds(store: Store) -> None:
    """Every node with its facts, every edge with its own; what XML cannot hold is left out."""
    graph = nx.read_graphml(io.BytesIO(WRITERS[".graphml"](store).encode()))
    whole = json.loads(WRITERS[".json"](store))
    nodes = {node.pop("id"): node for node in whole["nodes"]}
    nodes[str(ODD)]["description"] = ABOUT.replace("\x0b", "")
    assert dict(graph.nodes(data=True)) == nodes
    told = [{k: v for k, v in edge.items() if v is not None} for edge in whole["edges"]]
    read = [{"source": a, "target": b, **facts} for a, b, facts in graph.edges(data=True)]
    assert sorted(map(_spelled, read)) == sorted(map(_spelled, told))


def _spelled(edge: dict[str, object]) -> str:
    return str(sorted(edge.items()))


def test_every_end_of_an_edge_is_a_node(store: Store) -> None:
    """A program that reads the file knows each node that an edge names."""
    whole = json.loads(WRITERS[".json"](store))
    known = {node["id"] for node in whole["nodes"]}
    assert {edge[end] for edge in whole["edges"] for end in ("source", "target")} <= known
    assert WRITERS[".graphml"](store).count("<node id=") == len(known)

"""How Neo4j means to run our Cypher: by index and element id, never over everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import neo4j
import pytest

from lineage.model import FLOW, Batch, Edge, EdgeKey, EdgeType, Role
from lineage.names import DatasetId
from lineage.store import Direction
from lineage.stores import cypher, open_store

_STATEMENTS = {
    "FIND_NODE": cypher.FIND_NODE["Dataset"],
    "GET_NODE": cypher.GET_NODE["Column"],
    "GET_FACTS": cypher.GET_FACTS,
    "SET_FACTS": cypher.SET_FACTS,
    "NAMED": cypher.NAMED["Dataset"],
    "FIND_EDGES": cypher.FIND_EDGES,
    "ADD_EDGES": cypher.ADD_EDGES,
    "CHANGE_EDGES": cypher.CHANGE_EDGES,
    "RETRACT": cypher.RETRACT["Job"],
    "RETRACT_VIA": cypher.RETRACT_VIA,
    "SWEEP": cypher.SWEEP["Principal"],
    "PUT_DOCUMENTS": cypher.PUT_DOCUMENTS,
    "DOCUMENTS_OF": cypher.DOCUMENTS_OF,
    "PUT_SHARDS": cypher.PUT_SHARDS,
    "SHARDS": cypher.SHARDS,
    "names": cypher.names("Dataset", every=False),
    "pages": cypher.pages(backwards=True),
    "COUNT_DOCUMENTS": cypher.COUNT_DOCUMENTS,
    "edges_of": cypher.edges_of(Direction.UP, FLOW)["Job"],
    "edges_of a role": cypher.edges_of(Direction.DOWN, [EdgeType.USED_BY], Role.JOIN)["Column"],
    "step": cypher.step(Direction.DOWN, FLOW),
}
_PARAMETERS = {
    "rows": [],
    "keys": [],
    **dict.fromkeys(("kind", "last", "namespace", "part", "first", "end"), ""),
    **dict.fromkeys(("limit", "offset"), 1),
}


# The planner plans by what there is: of an empty graph it would scan everything.
_SOMETHING = Batch(
    edges=tuple(
        Edge(EdgeKey(EdgeType.SAME_AS, DatasetId("pg", str(number)), DatasetId("pg", "hub")))
        for number in range(100)
    )
)


def _operators(plan: dict) -> Iterator[str]:
    yield plan["operatorType"]
    for child in plan.get("children", ()):
        yield from _operators(child)


@pytest.fixture
def explain(
    neo4j_url: str, run_cypher: Callable[..., neo4j.EagerResult]
) -> Callable[[str], list[str]]:
    """Gives the operators by which Neo4j would run a statement."""
    store = open_store(neo4j_url, create=True)
    store.apply(_SOMETHING)
    store.close()
    run_cypher("CALL db.clearQueryCaches()")

    def ask(statement: str) -> list[str]:
        statement = statement.removeprefix("CYPHER replan=force ")
        plan = run_cypher(f"EXPLAIN {statement}", **_PARAMETERS).summary.plan
        return list(_operators(plan))

    return ask


@pytest.mark.parametrize("name", _STATEMENTS)
def test_nothing_is_scanned(explain: Callable[[str], list[str]], name: str) -> None:
    """A statement that names what it wants finds it by an index or an element id."""
    operators = explain(_STATEMENTS[name])
    assert any("Seek" in operator for operator in operators)
    assert not [operator for operator in operators if "Scan" in operator]


@pytest.mark.parametrize(
    "name", ["FIND_NODE", "GET_NODE", "RETRACT", "SWEEP", "names", "pages", "edges_of"]
)
def test_a_plan_made_on_an_empty_store_scans_no_label(
    neo4j_url: str, run_cypher: Callable[..., neo4j.EagerResult], name: str
) -> None:
    """It is kept while the store grows, so it must be good for a large one."""
    open_store(neo4j_url, create=True).close()
    run_cypher("CALL db.clearQueryCaches()")
    plan = run_cypher(f"EXPLAIN {_STATEMENTS[name]}", **_PARAMETERS).summary.plan
    operators = list(_operators(plan))
    assert any("IndexSeek" in operator for operator in operators)
    assert not [operator for operator in operators if "LabelScan" in operator]


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("hops", [None, 3])
def test_a_walk_is_pruned(
    explain: Callable[[str], list[str]], direction: Direction, hops: int | None
) -> None:
    """The server walks breadth first and visits a node once; it never lists paths."""
    operators = explain(cypher.walk(direction, FLOW, hops))
    assert any("VarLengthExpand(Pruning,BFS" in operator for operator in operators)


def test_known_edges_are_found_between_their_ends(explain: Callable[[str], list[str]]) -> None:
    """The edges of a pair are not searched among all edges of one end, which may be a hub."""
    assert any("Expand(Into)" in operator for operator in explain(_STATEMENTS["FIND_EDGES"]))

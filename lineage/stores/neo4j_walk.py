"""How far edges lead in Neo4j, walked by the server."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lineage.model import EdgeType
from lineage.names import NodeId
from lineage.store import Direction
from lineage.stores import cypher
from lineage.stores.codec import unspell
from lineage.stores.neo4j_rows import id_row
from lineage.stores.neo4j_run import Runner, by_label, run


def reach(
    tx: Runner,
    starts: Collection[NodeId],
    direction: Direction,
    types: Collection[EdgeType],
    hops: int | None,
) -> dict[NodeId, int]:
    """Every node reached over these edge types and its distance in edges; starts are 0."""
    elements = _elements(tx, starts)
    distance = dict.fromkeys(elements, 0)
    if not types or hops == 0:
        return distance
    if len(elements) == 1:
        walk = cypher.walk(direction, types, hops)
        for hop, *group in run(tx, walk, list(elements.values())):
            for node in _group(*group):
                distance[node] = min(hop, distance.get(node, hop))
        return distance
    # Several starts: a walk from each would go over the same ground again and again.
    step = cypher.step(direction, types)
    frontier = list(elements.values())
    hop = 0
    while frontier and hop != hops:
        hop += 1
        found = {
            node: element
            for *group, elements_ in run(tx, step, frontier)
            for node, element in zip(_group(*group), elements_, strict=True)
            if node not in distance
        }
        distance.update(dict.fromkeys(found, hop))
        frontier = list(found.values())
    return distance


def _elements(tx: Runner, nodes: Collection[NodeId]) -> dict[NodeId, str]:
    """The element ids of those of the nodes that exist."""
    found = {}
    for label, some in by_label(set(nodes)).items():
        asked = [[*id_row(node), place] for place, node in enumerate(some)]
        for place, element in run(tx, cypher.FIND_NODE[label], asked):
            found[some[place]] = element
    return found


def _group(label: str, namespace: str, dataset: str, names: Iterable[str]) -> list[NodeId]:
    return [unspell(label, namespace, dataset, name) for name in names]

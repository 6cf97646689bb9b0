"""Writing the edges of a batch into Neo4j: found between their ends, added, merged, taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import TypeVar

from neo4j import ManagedTransaction

from lineage.model import Edge, EdgeKey, EdgeType
from lineage.names import NodeId
from lineage.stores import cypher
from lineage.stores.neo4j_rows import (
    Kind,
    Seen,
    edge,
    kind,
    kind_properties,
    proof,
    seen,
    seen_properties,
)
from lineage.stores.neo4j_run import Rows, steps, write

_Value = TypeVar("_Value", bound=Hashable)
Known = dict[EdgeKey, tuple[str, Edge]]  # edges that are there, each with its element id


class _Places(dict[_Value, int]):
    """Where each value stands in a list that is sent once, however many rows have it."""

    def __missing__(self, value: _Value) -> int:
        self[value] = place = len(self)
        return place


class _Bodies:
    """What the edges of a statement have in common, each thing once."""

    def __init__(self) -> None:
        self._kinds, self._seen = _Places[Kind](), _Places[Seen]()
        self._proofs = _Places[tuple[str, ...] | None]()

    def row(self, edge: Edge) -> list[int]:
        """Where its parts stand."""
        return [self._kinds[kind(edge)], self._seen[seen(edge)], self._proofs[proof(edge)]]

    def parts(self) -> Mapping[str, list[object]]:
        """The parts of all rows."""
        return {
            "kinds": [*map(kind_properties, self._kinds)],
            "seen": [*map(seen_properties, self._seen)],
            "proofs": [*self._proofs],
        }


def write_edges(
    tx: ManagedTransaction, edges: Mapping[EdgeKey, Edge], rows: Rows, new: Collection[NodeId]
) -> None:
    """Adds the edges that are not there and merges those that are; `new` nodes have none yet."""
    changed: list[tuple[str, Edge]] = []
    for type_, some in _by_type(edges).items():
        old = [key for key in some if key.source not in new and key.target not in new]
        known = _find(tx, type_, old, rows)
        _add(tx, type_, [edges[key] for key in some if key not in known], rows)
        merged = ((at, before, before.merge(edges[key])) for key, (at, before) in known.items())
        changed += [(at, after) for at, before, after in merged if after != before]
    _change(tx, changed)


def undo_edges(tx: ManagedTransaction, undone: Collection[EdgeKey], rows: Rows) -> None:
    """Deletes these edges; those whose ends are not in `rows` are not there."""
    there = (key for key in undone if key.source in rows and key.target in rows)
    for type_, keys in _by_type(there).items():
        write(tx, cypher.DROP_EDGES, [[at] for at, _ in _find(tx, type_, keys, rows).values()])


def _by_type(edges: Iterable[EdgeKey]) -> Mapping[EdgeType, list[EdgeKey]]:
    found: dict[EdgeType, list[EdgeKey]] = defaultdict(list)
    for key in edges:
        found[key.type].append(key)
    return found


def _find(tx: ManagedTransaction, type_: EdgeType, edges: Collection[EdgeKey], rows: Rows) -> Known:
    """Those of the edges that are there."""
    pairs = {(rows[key.source], rows[key.target]): key for key in edges}
    wanted = set(edges)
    found: Known = {}
    for step in steps(pairs):
        nodes = _Places[str]()
        asked = [[nodes[one], nodes[other], at] for at, (one, other) in enumerate(step)]
        for place, at, *row in tx.run(cypher.FIND_EDGES[type_], rows=asked, nodes=list(nodes)):
            pair = pairs[step[place]]
            known = edge(type_, pair.source, pair.target, row)
            if known.key in wanted:
                found[known.key] = at, known
    return found


def _add(tx: ManagedTransaction, type_: EdgeType, edges: Iterable[Edge], rows: Rows) -> None:
    for step in steps(edges):
        nodes, bodies = _Places[str](), _Bodies()
        added = [
            [nodes[rows[one.key.source]], nodes[rows[one.key.target]], *bodies.row(one)]
            for one in step
        ]
        write(tx, cypher.ADD_EDGES[type_], added, nodes=list(nodes), **bodies.parts())


def _change(tx: ManagedTransaction, edges: Iterable[tuple[str, Edge]]) -> None:
    for step in steps(edges):
        bodies = _Bodies()
        changed = [[at, *bodies.row(one)] for at, one in step]
        write(tx, cypher.CHANGE_EDGES, changed, **bodies.parts())

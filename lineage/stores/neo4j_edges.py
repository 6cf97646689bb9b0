"""Writing the edges of a batch into Neo4j: found between their ends, added, merged, taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import TypeVar

from neo4j import ManagedTransaction

from lineage.model import EdgeKey, EdgeType, Sighting
from lineage.names import NodeId
from lineage.stores import cypher
from lineage.stores.neo4j_rows import (
    Kind,
    Properties,
    Seen,
    changed_kind,
    changed_seen,
    edge_key,
    kind,
    kind_properties,
    proof,
    seen,
    seen_properties,
    sighting,
)
from lineage.stores.neo4j_run import Rows, run, steps, write

_Value = TypeVar("_Value", bound=Hashable)
Known = dict[EdgeKey, tuple[str, Sighting]]  # edges that are there, each with its element id


class _Places(dict[_Value, int]):
    """Where each value stands in a list that is sent once, however many rows have it."""

    def __missing__(self, value: _Value) -> int:
        self[value] = place = len(self)
        return place


class _Bodies:
    """What the edges of a statement have in common, each thing once."""

    def __init__(self) -> None:
        self._kinds, self._seen = _Places[Kind | None](), _Places[Seen]()
        self._proofs = _Places[tuple[str, ...] | None]()
        self._rows: dict[tuple[object, ...], tuple[int, int, int]] = {}

    def row(
        self, key: EdgeKey, what: Sighting, before: Sighting | None = None
    ) -> tuple[int, int, int]:
        """Where the parts of an edge stand, of one that was seen before those that may change.

        What was seen of many edges is one object, and must stay so until all rows are made.
        """
        alike = (id(what), id(before), key.source.namespace, key.role, key.via, key.origin)
        row = self._rows.get(alike)
        if row is None:
            same = before and (before.evidence, before.named) == (what.evidence, what.named)
            row = self._rows[alike] = (
                self._kinds[None if same else kind(key, what)],
                self._seen[seen(what)],
                self._proofs[proof(key, what)],
            )
        return row

    def parts(
        self, kinds: Callable[[Kind], Properties], seen_: Callable[[Seen], Properties]
    ) -> Mapping[str, list[object]]:
        """The parts of all rows; what sets the properties of a kind, and of what was seen."""
        return {
            "kinds": [kinds(kind) if kind else {} for kind in self._kinds],
            "seen": [*map(seen_, self._seen)],
            "proofs": [*self._proofs],
        }


def write_edges(
    tx: ManagedTransaction, edges: Mapping[EdgeKey, Sighting], rows: Rows, new: Collection[NodeId]
) -> None:
    """Adds the edges that are not there and merges those that are; `new` nodes have none yet."""
    old = [key for key in edges if key.source not in new and key.target not in new]
    known = _find(tx, old, rows)
    _add(tx, (key for key in edges if key not in known), edges, rows)
    sums = _Sums()
    merged = ((at, key, before, sums.of(before, edges[key])) for key, (at, before) in known.items())
    _change(tx, (one for one in merged if one[3] is not one[2]))


class _Sums:
    """What each two sightings are together, the first itself if the other adds nothing."""

    def __init__(self) -> None:
        # By identity, since many edges share one of each; the arguments live as long as this.
        self._known: dict[tuple[int, int], Sighting] = {}

    def of(self, before: Sighting, new: Sighting) -> Sighting:
        """The sum of both."""
        both = id(before), id(new)
        found = self._known.get(both)
        if found is None:
            after = before.merge(new)
            found = self._known[both] = before if after == before else after
        return found


def undo_edges(tx: ManagedTransaction, undone: Collection[EdgeKey], rows: Rows) -> None:
    """Deletes these edges; those whose ends are not in `rows` are not there."""
    there = [key for key in undone if key.source in rows and key.target in rows]
    write(tx, cypher.DROP_EDGES, [[at] for at, _ in _find(tx, there, rows).values()])


def _find(tx: ManagedTransaction, edges: Collection[EdgeKey], rows: Rows) -> Known:
    """Those of the edges that are there."""
    pairs = {(rows[key.source], rows[key.target]): key for key in edges}
    wanted = set(edges)
    found: Known = {}
    for step in steps(pairs):
        nodes = _Places[str]()
        asked = [[nodes[one], nodes[other], at] for at, (one, other) in enumerate(step)]
        for alike, type_, *row in run(tx, cypher.FIND_EDGES, asked, nodes=nodes):
            seen_from: dict[str, Sighting] = {}  # by the namespace of the source
            for place, at in alike:
                pair = pairs[step[place]]
                key = edge_key(EdgeType(type_), pair.source, pair.target, row)
                if key in wanted:
                    namespace = pair.source.namespace
                    if namespace not in seen_from:
                        seen_from[namespace] = sighting(namespace, row)
                    found[key] = at, seen_from[namespace]
    return found


def _add(
    tx: ManagedTransaction,
    keys: Iterable[EdgeKey],
    edges: Mapping[EdgeKey, Sighting],
    rows: Rows,
) -> None:
    for step in steps(keys):
        nodes, types, bodies = _Places[str](), _Places[EdgeType](), _Bodies()
        added = [
            [
                nodes[rows[key.source]],
                nodes[rows[key.target]],
                types[key.type],
                *bodies.row(key, edges[key]),
            ]
            for key in step
        ]
        parts = bodies.parts(kind_properties, seen_properties)
        write(tx, cypher.ADD_EDGES, added, nodes=nodes, types=types, **parts)


def _change(
    tx: ManagedTransaction, edges: Iterable[tuple[str, EdgeKey, Sighting, Sighting]]
) -> None:
    for step in steps(edges):
        bodies = _Bodies()
        changed = [[at, *bodies.row(key, after, before)] for at, key, before, after in step]
        write(tx, cypher.CHANGE_EDGES, changed, **bodies.parts(changed_kind, changed_seen))

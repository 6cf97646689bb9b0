"""What of a batch too large for one transaction of a server is done in which of the next ones.

The first transaction checks the ledger and writes all but nodes and edges; those it writes down as
steps, so that from then on the store has the whole batch. Each further transaction does a step, and
takes it away. Whoever writes next does first what another has left: see `Neo4jStore.apply`.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import msgspec

from lineage.edges import KINDS, EdgeSet, kind
from lineage.model import EdgeKey, Node, Sighting
from lineage.names import ColumnId, NodeId

AT_ONCE: int = 50_000  # nodes and edges of a transaction: 5 KB each of the server's heap
_FAST: Final = 1
_Item = TypeVar("_Item")


class Step(NamedTuple):
    """Nodes to merge in, then edges; fresh: none of the edges is there yet.

    touched: nodes that a retraction may have left bare, and that go then, but for those to `keep`.
    """

    nodes: Sequence[Node] = ()
    edges: Sequence[tuple[EdgeKey, Sighting]] = ()
    fresh: bool = False
    touched: Sequence[NodeId] = ()
    keep: Sequence[NodeId] = ()


class _Packed(msgspec.Struct, array_like=True):
    """A step with what edges have in common once.

    edges: kind, places of source, target and via (-1 for none) in `ends`, place in `seen`.
    """

    nodes: Sequence[Node]
    ends: Sequence[NodeId]
    seen: Sequence[Sighting]
    edges: Sequence[tuple[int, int, int, int, int]]
    fresh: bool
    touched: Sequence[NodeId]
    keep: Sequence[NodeId]


_decoder: Final = msgspec.msgpack.Decoder(_Packed)


def steps(
    nodes: Iterable[Node],
    edges: EdgeSet,
    new: Collection[NodeId],
    touched: Collection[NodeId],
    keep: Collection[NodeId],
) -> Iterator[Step]:
    """The steps of a batch; `new` nodes have no edges yet. touched, keep: see `Step`."""
    for some in _many(nodes):
        yield Step(nodes=some)
    waiting: dict[bool, list[tuple[EdgeKey, Sighting]]] = {True: [], False: []}
    for edge in edges.sightings():
        fresh = edge[0].source in new or edge[0].target in new
        waiting[fresh].append(edge)
        if len(waiting[fresh]) == AT_ONCE:
            yield Step(edges=waiting[fresh], fresh=fresh)
            waiting[fresh] = []
    for fresh, left in waiting.items():
        if left:
            yield Step(edges=left, fresh=fresh)
    datasets = {one.dataset for one in touched if isinstance(one, ColumnId)}
    yield Step(touched=list(touched), keep=[one for one in {*touched, *datasets} if one in keep])


def packed(step: Step) -> bytes:
    """The step as bytes."""
    ends: dict[NodeId | None, int] = {None: -1}
    seen: dict[int, int] = {}  # by identity: what edges share is one object
    edges = []
    for key, sighting in step.edges:
        number = kind(key.type, key.role, key.origin)
        source, target, via = (
            ends.setdefault(end, len(ends) - 1) for end in (key.source, key.target, key.via)
        )
        edges.append((number, source, target, via, seen.setdefault(id(sighting), len(seen))))
    there = [end for end in ends if end]
    shared = {id(sighting): sighting for _, sighting in step.edges}
    body = _Packed(
        step.nodes, there, [*map(shared.__getitem__, seen)], edges, step.fresh, step.touched,
        step.keep,
    )  # fmt: skip
    return zlib.compress(msgspec.msgpack.encode(body), _FAST)


def unpacked(body: bytes) -> Step:
    """The step that became these bytes."""
    found = _decoder.decode(zlib.decompress(body))
    ends = [*found.ends, None]  # the last one is at -1
    edges = []
    for number, source, target, via, seen in found.edges:
        type_, role, origin = KINDS[number]
        key = EdgeKey(type_, ends[source], ends[target], role, ends[via], origin)  # type: ignore[arg-type]  # packed as such ends
        edges.append((key, found.seen[seen]))
    return Step(found.nodes, edges, found.fresh, found.touched, found.keep)


def _many(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    rest = iter(items)
    return iter(lambda: list(islice(rest, AT_ONCE)), [])

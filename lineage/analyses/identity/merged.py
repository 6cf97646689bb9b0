"""A store as answers see it: every dataset once, by one name, whatever identifiers it has.

The store keeps identifiers and what was said of them; here what follows from it is applied to all
that is read, so that no analysis has to know. A view is good for one question, since it remembers
what it has found out. A store in which nothing is called the same costs nothing, and of another no
more is looked at than a question touches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from msgspec.structs import replace

from lineage.analyses.identity.aligned import Names
from lineage.analyses.identity.sameness import Same
from lineage.errors import InvalidName
from lineage.model import (
    Activity,
    Batch,
    Document,
    Edge,
    EdgeKey,
    EdgeType,
    Node,
    Origin,
    Role,
    Shard,
)
from lineage.names import DatasetId, NodeId
from lineage.store import Counts, Direction, Store

Spelled = Callable[[str, str], DatasetId]
_MERGED_LABELS = (None, "Dataset", "Column")


def merged(store: Store, spelled: Spelled | None = None) -> Store:
    """The store with every dataset under the name that answers use; good for one question.

    `nodes` of any identifier gives the node under that name; `named` and `names` give identifiers,
    so that each of them finds it. spelled: the one spelling of a namespace and name as people type
    them; it may raise InvalidName.
    """
    return _Merged(store, spelled)


class _Merged:
    """A `lineage.store.Store` over another."""

    def __init__(self, store: Store, spelled: Spelled | None) -> None:
        self._store = store
        self._spelled = spelled

    @cached_property
    def _names(self) -> Names:
        return Names(self._store)

    @property
    def url(self) -> str:
        """The URL of the store."""
        return self._store.url

    def version(self) -> int:
        """The version of the store."""
        return self._store.version()

    def apply(self, batch: Batch) -> None:
        """Apply the batch to the store as it is; what was found out before is forgotten."""
        self._store.apply(batch)
        self.__dict__.pop("_names", None)

    def nodes(self, ids: Collection[NodeId]) -> dict[NodeId, Node]:
        """The nodes of these ids that exist, each with all that is known under any identifier."""
        found = self._nodes(ids)
        unknown = [one for one in ids if isinstance(one, DatasetId) and one not in found]
        respelled = dict(self._respelled(unknown))
        known = self._nodes(set(respelled.values())) if respelled else {}
        return found | {one: known[other] for one, other in respelled.items() if other in known}

    def _nodes(self, ids: Collection[NodeId]) -> dict[NodeId, Node]:
        if not self._names.look_up(ids):
            return self._store.nodes(ids)
        every = {one: self._names.every(one) for one in ids}
        nodes = self._store.nodes({one for some in every.values() for one in some})
        known = {one: [nodes[end] for end in some if end in nodes] for one, some in every.items()}
        return {one: _united(self._names.shown(one), some) for one, some in known.items() if some}

    def _respelled(self, datasets: Iterable[DatasetId]) -> Iterator[tuple[DatasetId, DatasetId]]:
        for one in datasets:
            try:
                other = self._spelled(one.namespace, one.name) if self._spelled else one
            except InvalidName:
                continue
            if other != one:
                yield one, other

    def named(self, label: str, last: str) -> list[NodeId]:
        """The identifiers whose last name part equals `last`, compared without case."""
        return self._store.named(label, last)

    def names(
        self, label: str, namespace: str | None, limit: int, offset: int = 0, part: str = ""
    ) -> list[NodeId]:
        """A page of the identifiers of a label."""
        return self._store.names(label, namespace, limit, offset, part)

    def namespaces(self, label: str) -> dict[str, int]:
        """How many identifiers of that label there are in each namespace."""
        return self._store.namespaces(label)

    def scan_nodes(self, label: str | None = None) -> Iterator[Node]:
        """Every node, or every node of a label, once; in no particular order."""
        if label not in _MERGED_LABELS or self._names.plain:
            yield from self._store.scan_nodes(label)
            return
        self._names.look_up_all()
        several: dict[NodeId, list[Node]] = {}
        for node in self._store.scan_nodes(label):
            if self._names.is_one_of_several(node.id):
                several.setdefault(self._names.shown(node.id), []).append(node)
            elif node.id not in self._names.bare_places:
                yield node
        yield from (_united(shown, nodes) for shown, nodes in several.items())

    def scan_edges(self, types: Collection[EdgeType] | None = None) -> Iterator[Edge]:
        """Every edge, or every edge of these types; in no particular order.

        A SAME_AS leads from another identifier of a dataset to the one that answers use.
        """
        wanted = set(EdgeType if types is None else types)
        every = self._names.look_up_all()
        if not every:
            yield from self._store.scan_edges(types)
            return
        yield from self._rewritten(self._store.scan_edges(wanted - {EdgeType.SAME_AS}))
        if EdgeType.SAME_AS in wanted:
            yield from map(Edge, _same_as(every))

    def scan_spans(self, types: Collection[EdgeType]) -> Iterator[tuple[EdgeKey, int | None]]:
        """Every edge of these types by its key, and the last day that it was active, if any."""
        every = self._names.look_up_all()
        if not every:
            yield from self._store.scan_spans(types)
            return
        several: dict[EdgeKey, int] = {}
        for key, last in self._store.scan_spans(set(types) - {EdgeType.SAME_AS}):
            if self._is_of_several(key):
                shown = self._shown(key)
                several[shown] = max(several.get(shown, -1), -1 if last is None else last)
            else:
                yield key, last
        yield from ((key, last if last >= 0 else None) for key, last in several.items())
        if EdgeType.SAME_AS in types:
            yield from ((key, None) for key in _same_as(every))

    def edges(
        self,
        ids: Collection[NodeId],
        direction: Direction,
        types: Collection[EdgeType],
        role: Role | None = None,
    ) -> list[Edge]:
        """The edges of these types that leave (DOWN) or enter (UP) the nodes of these ids."""
        wanted = self._every(ids)
        if self._names.plain:
            return self._store.edges(wanted, direction, types, role)
        lineage = [one for one in types if one is not EdgeType.SAME_AS]
        found = self._lineage(ids, wanted, direction, lineage, role) if lineage else []
        same = self._same_as(ids, direction) if EdgeType.SAME_AS in types and not role else ()
        return [*found, *same]

    def _lineage(
        self,
        ids: Collection[NodeId],
        wanted: Collection[NodeId],
        direction: Direction,
        types: Collection[EdgeType],
        role: Role | None,
    ) -> list[Edge]:
        found = self._store.edges(wanted, direction, types, role)
        ends = {end for edge in found for end in (edge.key.source, edge.key.target)}
        if not self._names.look_up(ends):
            return found
        return list(self._as_asked(self._rewritten(found), ids, direction))

    def reach(
        self,
        starts: Collection[NodeId],
        direction: Direction,
        types: Collection[EdgeType],
        hops: int | None = None,
    ) -> dict[NodeId, int]:
        """Every node reached over these edge types and its distance in edges; starts are 0."""
        if self._names.plain:
            return self._store.reach(starts, direction, types, hops)
        frontier = self._shown_of(self._store.nodes(self._every(starts)))
        found, hop = dict.fromkeys(frontier, 0), 0
        while frontier and hop != hops:
            hop += 1
            reached = self._store.reach(self._every(frontier), direction, types, 1)
            frontier = self._shown_of(reached) - found.keys()
            found.update(dict.fromkeys(frontier, hop))
        return found

    def _every(self, ids: Collection[NodeId]) -> Collection[NodeId]:
        if not self._names.look_up(ids):
            return ids
        return {end for one in ids for end in self._names.every(one)}

    def _shown_of(self, ids: Collection[NodeId]) -> set[NodeId]:
        return set(map(self._names.shown, ids)) if self._names.look_up(ids) else set(ids)

    def _rewritten(self, edges: Iterable[Edge]) -> Iterator[Edge]:
        """The edges between what is shown; those that are one now have what each of them had."""
        several: dict[EdgeKey, Edge] = {}
        for edge in edges:
            if not self._is_of_several(edge.key):
                yield edge
                continue
            moved = replace(edge, key=self._shown(edge.key))
            known = several.get(moved.key)
            several[moved.key] = known.merge(moved) if known else moved
        yield from several.values()

    def _same_as(self, ids: Iterable[NodeId], direction: Direction) -> Iterator[Edge]:
        """Of the name that answers use its other names, and of each of those that one."""
        for one in dict.fromkeys(ids):
            for key in _same_as(self._names.of(one)):
                if one == (key.source if direction is Direction.DOWN else key.target):
                    yield Edge(key)

    def _as_asked(
        self, edges: Iterable[Edge], ids: Iterable[NodeId], direction: Direction
    ) -> Iterator[Edge]:
        """The edges of each id that was asked about, by whichever identifier that was."""
        asked: dict[NodeId, list[NodeId]] = {}
        for one in dict.fromkeys(ids):
            asked.setdefault(self._names.shown(one), []).append(one)
        near = "source" if direction is Direction.DOWN else "target"
        for edge in edges:
            shown = getattr(edge.key, near)
            for one in asked[shown]:
                key = edge.key if one == shown else replace(edge.key, **{near: one})
                yield edge if key is edge.key else replace(edge, key=key)

    def _is_of_several(self, key: EdgeKey) -> bool:
        several = self._names.is_one_of_several
        return several(key.source) or several(key.target)

    def _shown(self, key: EdgeKey) -> EdgeKey:
        shown = self._names.shown
        return EdgeKey(
            key.type, shown(key.source), shown(key.target), key.role, key.via, key.origin
        )

    def documents(self, kind: str, keys: Collection[str] | None = None) -> Iterator[Document]:
        """The documents of a kind, or those of these keys."""
        return self._store.documents(kind, keys)

    def pages(
        self,
        kind: str,
        spans: Sequence[tuple[str, str]],
        limit: int,
        offset: int = 0,
        *,
        backwards: bool = False,
    ) -> list[list[Document]]:
        """Of each span a page of the documents of a kind, in the order of their keys."""
        return self._store.pages(kind, spans, limit, offset, backwards=backwards)

    def count_documents(self, kind: str, first: str, end: str) -> int:
        """How many documents of a kind have a key from `first` on, and before `end`."""
        return self._store.count_documents(kind, first, end)

    def shards(self, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], Shard]:
        """The ledger's shards of these (source, day); one that is not there has version 0."""
        return self._store.shards(keys)

    def logged(self) -> Mapping[str, Activity]:
        """Per source, the days of its ledger and how many statements each holds."""
        return self._store.logged()

    def counts(self) -> Counts:
        """How many nodes and edges there are, a dataset once, and from when to when."""
        counts = self._store.counts()
        spare = self._names.spare
        if not spare:
            return counts
        return replace(counts, nodes=counts.nodes | {"Dataset": counts.nodes["Dataset"] - spare})

    def close(self) -> None:
        """Give back the store's connections."""
        self._store.close()


def _united(shown: NodeId, nodes: Iterable[Node]) -> Node:
    """The node of that id that knows what each of these does."""
    united = Node(shown)
    for node in nodes:
        united = united.merge(node)
    return united


def _same_as(every: Iterable[Same]) -> Iterator[EdgeKey]:
    """From each other identifier of a dataset to the one that answers use."""
    for same in every:
        for member in same.members:
            if member != same.shown:
                yield EdgeKey(EdgeType.SAME_AS, member, same.shown, origin=Origin.MANUAL)

"""Collects the nodes and edges of one batch, merging as it goes."""

from __future__ import annotations

from lineage.edges import EdgeSet, aim, kind
from lineage.model import (
    CERTAIN,
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
    Runs,
    Sample,
    Shard,
)
from lineage.names import ColumnId, DatasetId, JobId, NodeId, PrincipalId

NEVER = Activity()
ColumnList = tuple[tuple[str, str], ...]  # (column, type) in the order of the table
_DATE = len("2026-01-31")
_HAS_COLUMN = {origin: kind(EdgeType.HAS_COLUMN, None, origin) for origin in Origin}
_NOTHING = Runs()


class Additions:
    """What a batch will add; the order of the calls does not matter."""

    def __init__(self) -> None:
        self.nodes: dict[NodeId, dict[str, Fact]] = {}
        self.edges = EdgeSet()
        # All the columns of a dataset, by the day that it was told → when on that day, the last.
        self.lists: dict[tuple[DatasetId, ColumnList, str], str] = {}
        # What was said before and no longer holds: it goes before anything is added.
        self.undone: dict[EdgeKey, None] = {}
        self.unsaid: list[Node] = []
        self._columns: dict[DatasetId, dict[str, int]] = {}

    def node(self, node: NodeId, at: str = "", **facts: str) -> None:
        """Adds a node, and facts that hold from `at`; empty values say nothing."""
        known = self.nodes.setdefault(node, {})
        for name, value in facts.items():
            if value:
                fact = Fact(at, value)
                known[name] = max(known[name], fact) if name in known else fact

    def facts(self, node: Node) -> None:
        """Adds a node with its facts."""
        known = Node(node.id, self.nodes.get(node.id, {}))
        self.nodes[node.id] = known.merge(node).facts

    def edge(
        self,
        type_: EdgeType,
        source: NodeId,
        target: NodeId,
        *,
        role: Role | None = None,
        via: JobId | PrincipalId | None = None,
        origin: Origin = Origin.PARSED,
        activity: Activity = NEVER,
        evidence: Evidence = CERTAIN,
        sample: Sample | None = None,
        named: bool = True,
        clock: Activity = NEVER,
    ) -> None:
        """Adds an edge and, where they are not there yet, its ends."""
        key = EdgeKey(type_, source, target, role, via, origin)
        self.take(Edge(key, activity, evidence, sample, named, clock))

    def take(self, edge: Edge) -> None:
        """Adds an edge that is already made."""
        self.nodes.setdefault(edge.key.source, {})
        self.nodes.setdefault(edge.key.target, {})
        if edge.key.via is not None:
            self.nodes.setdefault(edge.key.via, {})
        self.edges.add(edge)

    def end(self, node: NodeId) -> int:
        """Adds a node to which an edge will lead, or from which; its place in `edges`."""
        place = self.edges.nodes.get(node)
        if place is None:
            self.nodes.setdefault(node, {})
            place = self.edges.place(node)
        return place

    def column(self, column: ColumnId, origin: Origin = Origin.PARSED) -> int:
        """Adds a column and ties it to its dataset; its place in `edges`."""
        source, place = self.end(column.dataset), self.end(column)
        self.edges.put(source, aim(place) | _HAS_COLUMN[origin], self.edges.ran(_NOTHING))
        if origin is Origin.PARSED:
            self.columns(column.dataset)[column.name] = place
        return place

    def columns(self, dataset: DatasetId) -> dict[str, int]:
        """The places in `edges` of the parsed columns of a dataset, as far as added."""
        return self._columns.setdefault(dataset, {})

    def listed(self, dataset: DatasetId, columns: ColumnList, at: str) -> None:
        """Adds that these are all the columns of a dataset; `at` is empty when no time is told."""
        if columns:
            key = (dataset, columns, at[:_DATE])
            self.lists[key] = max(self.lists.get(key, at), at)

    def absorb(self, other: Additions) -> None:
        """Adds all that another collected."""
        for node, facts in other.nodes.items():
            self.facts(Node(node, facts))
        self.edges.update(other.edges)
        for (dataset, columns, _), at in other.lists.items():
            self.listed(dataset, columns, at)
        self.undone |= other.undone
        self.unsaid += other.unsaid

    def batch(
        self,
        retract: tuple[tuple[NodeId, Origin], ...] = (),
        documents: tuple[Document, ...] = (),
        shards: tuple[Shard, ...] = (),
    ) -> Batch:
        """The batch of all that was added."""
        return Batch(
            tuple(Node(node, facts) for node, facts in self.nodes.items()),
            self.edges,
            retract,
            documents,
            shards,
            tuple(self.undone),
            tuple(self.unsaid),
        )

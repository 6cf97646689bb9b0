"""The port to where the graph is kept. Two adapters: `stores/sqlite.py` and `stores/neo4j.py`.

A store keeps nodes, edges, documents and the ledger; it knows nothing of lineage. What merging
means is decided by `lineage.model`; a store reads what it has, merges, and writes, in one
transaction. One conformance suite (`tests/conformance`) says what each method must do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from lineage.model import Activity, Batch, Document, Edge, EdgeKey, EdgeType, Node, Role, Shard
from lineage.names import NodeId


class Direction(StrEnum):
    """Along the flow of the data, or against it."""

    DOWN = "down"  # out-edges: from a node to what depends on it
    UP = "up"  # in-edges


class Counts(msgspec.Struct, frozen=True):
    """How much is in the store; `first` and `last` are the days that any edge was active."""

    nodes: dict[str, int]  # by label
    edges: dict[str, int]  # by type
    first: int | None
    last: int | None


class Store(Protocol):
    """A graph that is written in batches and read by frontier."""

    @property
    def url(self) -> str:
        """The URL it was opened with, without a password."""

    def version(self) -> int:
        """A number that grows with every applied batch; caches are keyed by it."""

    def apply(self, batch: Batch) -> None:
        """Apply all of the batch, or nothing.

        What is too much for one transaction of a server may take several: then the batch is in the
        store from the first one on, and who writes next goes on with what was left.

        In this order: the shards are checked against their versions; edges of the retracted
        nodes (as source, target or via, of that origin), undone edges and unsaid facts go; nodes,
        edges and documents are merged in; nodes that a retraction left bare go (no edge left, or a
        column whose only edge is a parsed HAS_COLUMN); the shards are written with their version
        raised by one.

        Raises:
            LedgerConflict: a shard's version is not the one in the store.
            StoreUnavailable: the store does not answer; nothing was applied, or the rest is left.
        """

    def nodes(self, ids: Collection[NodeId]) -> dict[NodeId, Node]:
        """The nodes of these ids that exist."""

    def named(self, label: str, last: str) -> list[NodeId]:
        """The ids of that label whose last name part equals `last`, compared without case.

        The last part is `lineage.names.parts(name)[-1]`.
        """

    def names(
        self, label: str, namespace: str | None, limit: int, offset: int = 0, part: str = ""
    ) -> list[NodeId]:
        """A page of the ids of a label, of one namespace or of all, sorted as ids are.

        part: only of names that hold this text, compared without case.
        """

    def namespaces(self, label: str) -> dict[str, int]:
        """How many nodes of that label there are in each namespace."""

    def scan_nodes(self, label: str | None = None) -> Iterator[Node]:
        """Every node, or every node of a label; in no particular order."""

    def scan_edges(self, types: Collection[EdgeType] | None = None) -> Iterator[Edge]:
        """Every edge, or every edge of these types; in no particular order."""

    def scan_spans(self, types: Collection[EdgeType]) -> Iterator[tuple[EdgeKey, int | None]]:
        """Every edge of these types by its key, and the last day that it was active, if any.

        What a question about a whole store can afford, where `scan_edges` would read every day.
        """

    def edges(
        self,
        ids: Collection[NodeId],
        direction: Direction,
        types: Collection[EdgeType],
        role: Role | None = None,
    ) -> list[Edge]:
        """The edges of these types that leave (DOWN) or enter (UP) the nodes of these ids.

        role: only those in that role.
        """

    def reach(
        self,
        starts: Collection[NodeId],
        direction: Direction,
        types: Collection[EdgeType],
        hops: int | None = None,
    ) -> dict[NodeId, int]:
        """Every node reached over these edge types and its distance in edges; starts are 0."""

    def documents(self, kind: str, keys: Collection[str] | None = None) -> Iterator[Document]:
        """The documents of a kind, or those of these keys."""

    def pages(
        self,
        kind: str,
        spans: Sequence[tuple[str, str]],
        limit: int,
        offset: int = 0,
        *,
        backwards: bool = False,
    ) -> list[list[Document]]:
        """Of each span a page of the documents of a kind, in the order of their keys.

        A span begins with its first key and ends before its second.
        """

    def count_documents(self, kind: str, first: str, end: str) -> int:
        """How many documents of a kind have a key from `first` on, and before `end`."""

    def shards(self, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], Shard]:
        """The ledger's shards of these (source, day); one that is not there has version 0."""

    def logged(self) -> Mapping[str, Activity]:
        """Per source, the days of its ledger and how many statements each holds."""

    def counts(self) -> Counts:
        """How many nodes and edges there are, and from when to when."""

    def close(self) -> None:
        """Give back connections; the store is not used afterwards."""

"""All that was looked at for a proof, read once: the set, its logs, its gaps, its neighbours."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from lineage.analyses.breaking.impacted import is_person
from lineage.analyses.proof.closure import Closure, closure_of
from lineage.analyses.proof.gaps import Unexplained, Unread, unexplained, unread
from lineage.analyses.proof.heard import Heard, heard
from lineage.analyses.reach.graph import Graph, Link
from lineage.model import EdgeType
from lineage.names import ConsumerId, DatasetId, JobId, NodeId
from lineage.store import Store

_PATHS = frozenset({"s3", "gs", "abfss", "wasbs", "hdfs", "file", "dbfs"})
_PAGE = 1000


class Looked(msgspec.Struct, frozen=True):
    """What was looked at, up to the day `as_of`; decisions up to the day `decided`.

    below: (member, dataset outside that lies under its path). above: the reads, in the silence, of
    datasets outside whose path holds a member. people: whether persons are named.
    """

    graph: Graph
    asked: tuple[DatasetId, ...]
    closure: Closure
    heard: Heard
    unread: tuple[Unread, ...]
    unexplained: tuple[Unexplained, ...]
    below: tuple[tuple[DatasetId, DatasetId], ...]
    above: tuple[Link, ...]
    as_of: int
    decided: int
    people: bool

    def called(self, node: NodeId) -> str:
        """The id of a node for an answer: of a person only that it is one, unless asked for."""
        person = isinstance(node, ConsumerId) and is_person(self.graph.nodes([node])[node])
        return "a person" if person and not self.people else str(node)

    def is_gone(self, dataset: DatasetId) -> bool:
        """Whether a dataset was dropped already."""
        return self.graph.nodes([dataset])[dataset].value("dropped") == "true"

    def short(self, node: NodeId) -> str:
        """The name of a dataset or job without its namespace, anything else as it is called."""
        return node.name if isinstance(node, DatasetId | JobId) else self.called(node)

    @property
    def members(self) -> tuple[DatasetId, ...]:
        """The set; when it is refuted only what was asked for, since the rest is not known."""
        if self.closure.root is not None:
            return self.asked
        return tuple(sorted(self.closure.members))


def last_day(store: Store) -> int | None:
    """The greatest logged day; without a log, the last day that anything was active."""
    days = [seen.days[-1] for seen in store.logged().values() if seen.days]
    return max(days) if days else store.counts().last


def look(
    store: Store, asked: Sequence[DatasetId], as_of: int, decided: int, least: int, *, people: bool
) -> Looked:
    """Reads all that bears on deleting these datasets."""
    graph = Graph(store, as_of)
    found = closure_of(graph, asked, as_of, decided, least)
    members = tuple(asked) if found.root is not None else tuple(sorted(found.members))
    first = found.since
    sources = heard(graph, members, found.aliases, first, as_of)
    names = {source.name for source in sources.sources}
    return Looked(
        graph,
        tuple(asked),
        found,
        sources,
        tuple(unread(store, members, names, first, as_of)),
        tuple(unexplained(store, members, names, first, as_of)),
        tuple((one, other) for one in members for other in _below(store, one, members)),
        tuple(_above(graph, members, found)),
        as_of,
        decided,
        people,
    )


def _below(store: Store, member: DatasetId, members: Collection[DatasetId]) -> list[DatasetId]:
    """The datasets outside that lie under the path of a member."""
    if not is_path(member):
        return []
    folder = "" if member.name == "/" else f"{member.name.rstrip('/')}/"
    found, offset = list[NodeId](), 0
    while page := store.names("Dataset", member.namespace, _PAGE, offset, folder):
        found += page
        offset += _PAGE
    known = {member, *members}
    return [
        one
        for one in found
        if isinstance(one, DatasetId) and one.name.startswith(folder) and one not in known
    ]


def _above(graph: Graph, members: Collection[DatasetId], found: Closure) -> list[Link]:
    """The reads, in the silence, of datasets outside whose path holds a member."""
    holders = {
        DatasetId(member.namespace, member.name[:place] or "/")
        for member in members
        if is_path(member)
        for place, letter in enumerate(member.name)
        if letter == "/" and member.name != "/"
    }
    reads = graph.out(sorted(holders - set(members)), EdgeType.READ_BY)
    return [
        link for link in reads if link.activity.last is None or link.activity.last >= found.since
    ]


def is_path(dataset: DatasetId) -> bool:
    """Whether a dataset is a folder or file, whose name may be the beginning of others."""
    return dataset.namespace.partition("://")[0].lower() in _PATHS

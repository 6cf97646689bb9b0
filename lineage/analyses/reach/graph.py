"""The part of the graph that a question needs, loaded frontier by frontier, each node once.

A store keeps one edge per origin. A question wants to know that A feeds B, and how sure that is:
here the origins of an edge become one `Link`, as it was known on a day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

import msgspec

from lineage.analyses.corrections import Corrections, corrections
from lineage.model import Activity, Edge, EdgeType, Evidence, Node, Origin, Role, Sample
from lineage.names import ColumnId, DatasetId, JobId, NodeId, PrincipalId
from lineage.store import Direction, Store

ANY_COLUMN = "*"  # stands for every column of a dataset whose columns nobody told us
_LinkKey = tuple[EdgeType, NodeId, NodeId, Role | None, JobId | PrincipalId | None]
_Asked = tuple[Direction, tuple[EdgeType, ...], Role | None]


class Link(msgspec.Struct, frozen=True):
    """An edge over all its origins: the best evidence, every day that any of them witnessed."""

    type: EdgeType
    source: NodeId
    target: NodeId
    role: Role | None
    via: JobId | PrincipalId | None
    activity: Activity
    evidence: Evidence
    sample: Sample | None
    named: bool
    origins: tuple[Origin, ...]
    clock: Activity = Activity()

    @property
    def certainty(self) -> float:
        """The certainty of its best origin, 0.0 to 1.0."""
        return self.evidence.certainty

    @property
    def job(self) -> JobId | None:
        """The job that the edge belongs to; None for the read of a consumer."""
        for end in (self.via, self.target, self.source):
            if isinstance(end, JobId):
                return end
        return None

    @property
    def key(self) -> _LinkKey:
        """What makes it one link."""
        return (self.type, self.source, self.target, self.role, self.via)

    def for_column(self, name: str) -> Link:
        """What a link of `*`, every column of a dataset, means for the column of that name."""
        ends = [
            ColumnId(end.dataset, name)
            if isinstance(end, ColumnId) and end.name == ANY_COLUMN
            else end
            for end in (self.source, self.target)
        ]
        return msgspec.structs.replace(self, source=ends[0], target=ends[1])


# A logged statement is told by its engine or parsed, never both: their counts add up. The other
# origins witness the same runs again.
_LOGGED = (Origin.ENGINE, Origin.PARSED)


def links(edges: Iterable[Edge], as_of: int | None = None) -> list[Link]:
    """One link per edge whatever its origins, as known at the end of `as_of`.

    An edge that was first active later did not exist; an edge without days is a declaration.
    """
    found: dict[_LinkKey, list[Edge]] = {}
    for edge in edges:
        last = edge.activity.last
        if as_of is not None and last is not None and last > as_of:
            edge = msgspec.structs.replace(edge, activity=edge.activity.between(None, as_of))
            if not edge.activity.days:
                continue
        key = edge.key
        place = (key.type, key.source, key.target, key.role, key.via)
        found.setdefault(place, []).append(edge)
    return [_link(place, mine) for place, mine in found.items()]


def _link(place: _LinkKey, edges: Sequence[Edge]) -> Link:
    if len(edges) == 1:
        (edge,) = edges
        return Link(
            *place, edge.activity, edge.evidence, edge.sample, edge.named, (edge.key.origin,),
            edge.clock,
        )  # fmt: skip
    logged, witnessed, clock = Activity(), Activity(), Activity()
    for edge in edges:
        clock = clock.plus(edge.clock)
        if edge.key.origin in _LOGGED:
            logged = logged.plus(edge.activity)
        else:
            witnessed = witnessed.union(edge.activity)
    samples = [edge.sample for edge in edges if edge.sample is not None]
    return Link(
        *place,
        logged.union(witnessed),
        max(edge.evidence for edge in edges),
        max(samples, default=None),
        any(edge.named for edge in edges),
        tuple(sorted(edge.key.origin for edge in edges)),
        clock,
    )


def _order(link: Link) -> tuple[str, ...]:
    return str(link.source), str(link.target), link.role or "", str(link.via)


class Graph:
    """A store as it was known on a day, read frontier by frontier and remembered.

    loaded: how many edges have been read so far, for budgets.
    """

    def __init__(self, store: Store, as_of: int | None = None) -> None:
        self.store = store
        self.as_of = as_of
        self.loaded = 0
        self._links: dict[_Asked, dict[NodeId, list[Link]]] = {}
        self._nodes: dict[NodeId, Node] = {}
        self._newest: dict[JobId, int] = {}

    @cached_property
    def corrections(self) -> Corrections:
        """The edges that somebody took out by hand; no link is made of them."""
        return corrections(self.store)

    def out(self, ids: Iterable[NodeId], *types: EdgeType, role: Role | None = None) -> list[Link]:
        """The links of these types that leave the nodes; role: only those in that role."""
        return self._load(ids, (Direction.DOWN, types, role))

    def into(self, ids: Iterable[NodeId], *types: EdgeType, role: Role | None = None) -> list[Link]:
        """The links of these types that enter the nodes; role: only those in that role."""
        return self._load(ids, (Direction.UP, types, role))

    def _load(self, ids: Iterable[NodeId], asked: _Asked) -> list[Link]:
        wanted = list(dict.fromkeys(ids))
        known = self._links.setdefault(asked, {})
        missing = [node for node in wanted if node not in known]
        if missing:
            edges = self.store.edges(missing, *asked)
            self.loaded += len(edges)
            known.update((node, []) for node in missing)
            # Stores give edges in any order; of two equal ways an answer takes the first.
            standing = self.corrections.kept(edges)
            for link in sorted(links(standing, self.as_of), key=_order):
                known[link.source if asked[0] is Direction.DOWN else link.target].append(link)
        return [link for node in wanted for link in known[node]]

    def out_of_columns(self, columns: Collection[ColumnId], type_: EdgeType) -> list[Link]:
        """The links that leave the columns, those of a `SELECT *` over unknown columns too."""
        found = self.out(columns, type_)
        return found + self._of_stars(columns, Direction.DOWN, type_)

    def into_columns(self, columns: Collection[ColumnId], type_: EdgeType) -> list[Link]:
        """The links that enter the columns, those of a `SELECT *` over unknown columns too."""
        found = self.into(columns, type_)
        return found + self._of_stars(columns, Direction.UP, type_)

    def _of_stars(
        self, columns: Collection[ColumnId], direction: Direction, type_: EdgeType
    ) -> list[Link]:
        stars = dict.fromkeys(ColumnId(column.dataset, ANY_COLUMN) for column in columns)
        asked = (direction, (type_,), None)
        self._load(stars, asked)
        known = self._links[asked]
        return [
            link.for_column(column.name)
            for column in columns
            if column.name != ANY_COLUMN
            for link in known[ColumnId(column.dataset, ANY_COLUMN)]
        ]

    def nodes(self, ids: Iterable[NodeId]) -> dict[NodeId, Node]:
        """The nodes of these ids; one that is not in the store has no facts."""
        wanted = dict.fromkeys(ids)
        missing = [node for node in wanted if node not in self._nodes]
        if missing:
            self._nodes.update((node, Node(node)) for node in missing)
            self._nodes.update(self.store.nodes(missing))
        return {node: self._nodes[node] for node in wanted}

    def current(self, found: Sequence[Link]) -> list[Link]:
        """The links that a later version of their job has not superseded.

        A job's templates are its versions: a link last seen before the first day of a later
        template is of a version that runs no more.
        """
        self._load_newest({link.job for link in found if link.job})
        return [link for link in found if not self.superseded(link)]

    def superseded(self, link: Link) -> bool:
        """Whether a later version of its job no longer has this link."""
        job = link.job
        if job is None or link.activity.last is None:
            return False
        self._load_newest({job})
        return link.activity.last < self._newest[job]

    def _load_newest(self, jobs: Collection[JobId]) -> None:
        missing = [job for job in jobs if job not in self._newest]
        if not missing:
            return
        starts: dict[JobId, dict[NodeId, int]] = {job: {} for job in missing}
        for link in self.out(missing, EdgeType.RAN):
            if isinstance(link.source, JobId) and link.activity.first is not None:
                mine = starts[link.source]
                first = mine.get(link.target, link.activity.first)
                mine[link.target] = min(first, link.activity.first)
        for job, queries in starts.items():
            self._newest[job] = max(queries.values(), default=0)

    def is_view(self, node: NodeId) -> bool:
        """Whether a job defines a view, or a dataset is one."""
        return self.nodes([node])[node].value("kind").lower() == "view"

    def is_production(self, dataset: DatasetId) -> bool:
        """Whether a dataset belongs to the environment that answers show."""
        return is_production(self.nodes([dataset])[dataset])

    def is_elsewhere(self, node: NodeId) -> bool:
        """Whether it belongs to another environment; a job that writes only there does."""
        if isinstance(node, ColumnId):
            return not self.is_production(node.dataset)
        if isinstance(node, DatasetId):
            return not self.is_production(node)
        if not isinstance(node, JobId):
            return False
        written = [link.target for link in self.out([node], EdgeType.WRITES)]
        outputs = [target for target in written if isinstance(target, DatasetId)]
        return bool(outputs) and not any(map(self.is_production, outputs))


def is_production(node: Node) -> bool:
    """Whether a dataset belongs to the environment that answers show."""
    return node.value("environment", "prod").lower() in PRODUCTION


PRODUCTION = frozenset({"prod", "production"})

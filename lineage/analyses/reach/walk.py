"""What lies downstream or upstream of a dataset or a column, hop by hop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from lineage.analyses.breaking.weights import weights
from lineage.analyses.listening.coverage import Coverage, Logs, Window, coverage
from lineage.analyses.reach.graph import Graph, Link
from lineage.analyses.stewardship.people import owners, profiles
from lineage.analyses.wording import listed, not_shown, quantity
from lineage.calendar import iso_or_none
from lineage.model import EdgeType, Origin, Role
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, ProcessId
from lineage.store import Direction, Store

# Nodes in one answer; more is a picture that nobody reads. The count behind it stays exact.
LIMIT = 10_000


class WalkNode(msgspec.Struct, frozen=True):
    """A node of a walk. distance: in datasets from the start; a consumer is one further.

    kind: of a dataset, job or consumer as its source calls it; empty when not known.
    """

    id: str
    label: str
    name: str
    kind: str
    title: str
    team: str | None
    distance: int


class WalkEdge(msgspec.Struct, frozen=True):
    """An edge in the direction of the flow. role and job: of column edges.

    first, last: ISO dates of its activity, None when it is only declared. query: the template
    that stands as proof. superseded: a later version of the job no longer has it.
    """

    source: str
    target: str
    type: EdgeType
    role: Role | None
    job: str | None
    certainty: float
    band: str
    cause: str
    origins: tuple[Origin, ...]
    first: str | None
    last: str | None
    total: int
    query: str | None
    superseded: bool


class Walk(msgspec.Struct, frozen=True):
    """What lies in one direction. total: how many nodes there are beyond a limit that bit.

    elsewhere: nodes of other environments where the walk down from production ends; they and what
    lies behind them are not in it.
    """

    start: str
    direction: Direction
    depth: int | None
    verdict: str
    nodes: tuple[WalkNode, ...]
    edges: tuple[WalkEdge, ...]
    truncated: bool
    total: int
    elsewhere: int
    window: Window
    coverage: Coverage


def downstream(
    store: Store,
    start: DatasetId | ColumnId,
    depth: int | None = None,
    *,
    all_roles: bool = False,
    as_of: int | None = None,
    limit: int = LIMIT,
) -> Walk:
    """What is made of a dataset or column, and who reads it.

    depth: how many datasets far; all of it when None. all_roles: of a column, also what it
    filters, joins or groups: whole datasets, and what lies behind them. Of production, what other
    environments make is counted and not walked.
    """
    return _walk(store, start, Direction.DOWN, depth, all_roles, as_of, limit)


def upstream(
    store: Store,
    start: DatasetId | ColumnId,
    depth: int | None = None,
    *,
    all_roles: bool = False,
    as_of: int | None = None,
    limit: int = LIMIT,
) -> Walk:
    """What a dataset or column is made of; the parameters are those of `downstream`.

    In whatever environment: what feeds production is of it, whatever its name says.
    """
    return _walk(store, start, Direction.UP, depth, all_roles, as_of, limit)


def _walk(
    store: Store,
    start: DatasetId | ColumnId,
    direction: Direction,
    depth: int | None,
    all_roles: bool,
    as_of: int | None,
    limit: int,
) -> Walk:
    logs = Logs(store, as_of)
    graph = Graph(store, logs.as_of)
    dataset = start if isinstance(start, DatasetId) else start.dataset
    span, heard = coverage(graph, logs, [dataset])
    steps = _Steps(graph, direction, all_roles)
    steps.run(start, depth, limit)
    nodes, links = _nodes(graph, steps.distance), steps.links
    graph.current(links)
    elsewhere = len(steps.elsewhere)
    return Walk(
        str(start),
        direction,
        depth,
        _verdict(start, direction, nodes, steps.truncated) + not_shown(elsewhere, "node"),
        nodes,
        tuple(walk_edge(graph, link) for link in links),
        steps.truncated,
        _total(store, start, direction, len(nodes), steps.truncated),
        elsewhere,
        span,
        heard,
    )


class _Steps:
    """A breadth-first walk that counts datasets; the process between two belongs to the farther."""

    def __init__(self, graph: Graph, direction: Direction, all_roles: bool) -> None:
        self.graph = graph
        self.down = direction is Direction.DOWN
        self.all_roles = all_roles
        self.distance: dict[NodeId, int] = {}
        self._links: dict[object, Link] = {}
        self.truncated = False
        self.elsewhere: set[NodeId] = set()

    @property
    def links(self) -> list[Link]:
        """The links between the nodes that were reached."""
        return [
            link
            for link in self._links.values()
            if link.source in self.distance and link.target in self.distance
        ]

    def run(self, start: NodeId, depth: int | None, limit: int) -> None:
        """Walks until nothing is left, the depth is reached, or the limit bites."""
        self.distance[start] = 0
        walks_production = self.down and not self.graph.is_elsewhere(start)
        frontier, hop = [start], 0
        while frontier and (depth is None or hop < depth):
            hop += 1
            reached = self._hop(frontier)
            fresh = [n for n in dict.fromkeys(reached) if n not in self.distance]
            if walks_production:
                fresh = self._of_production(fresh)
            room = limit - len(self.distance)
            self.truncated = self.truncated or len(fresh) > room
            fresh = fresh[:room]
            self.distance.update((node, hop) for node in fresh)
            frontier = [node for node in fresh if not isinstance(node, JobId | ConsumerId)]

    def _of_production(self, fresh: list[NodeId]) -> list[NodeId]:
        """Those of the nodes that are not of another environment; the others are counted."""
        graph = self.graph
        graph.nodes(node.dataset if isinstance(node, ColumnId) else node for node in fresh)
        graph.out(_jobs(fresh), EdgeType.WRITES)
        left_out = {node for node in fresh if graph.is_elsewhere(node)}
        self.elsewhere |= left_out
        return [node for node in fresh if node not in left_out]

    def _hop(self, frontier: list[NodeId]) -> list[NodeId]:
        """The processes and the datasets or columns one hop further."""
        datasets = [node for node in frontier if isinstance(node, DatasetId)]
        columns = [node for node in frontier if isinstance(node, ColumnId)]
        found = self._datasets(datasets) if datasets else []
        return found + (self._columns(columns) if columns else [])

    def _datasets(self, datasets: Sequence[NodeId]) -> list[NodeId]:
        near, far = EdgeType.READ_BY, EdgeType.WRITES
        if not self.down:
            near, far = far, near
        processes = self._follow(datasets, near)
        return processes + self._follow(_jobs(processes), far)

    def _columns(self, columns: Sequence[ColumnId]) -> list[NodeId]:
        graph = self.graph
        if self.down:
            reached = self._take(graph.out_of_columns(columns, EdgeType.FEEDS))
            uses = graph.out_of_columns(columns, EdgeType.USED_BY)
            processes = self._take([use for use in uses if self._wanted(use)])
            return reached + processes + self._follow(_jobs(processes), EdgeType.WRITES)
        reached = self._take(graph.into_columns(columns, EdgeType.FEEDS))
        if not self.all_roles:
            return reached
        jobs = _jobs(self._follow({column.dataset for column in columns}, EdgeType.WRITES))
        uses = graph.into(jobs, EdgeType.USED_BY)
        return reached + jobs + self._take([use for use in uses if not _direct(use)])

    def _wanted(self, use: Link) -> bool:
        """Values reach a consumer; what a job makes of them is said by the columns it feeds."""
        if _direct(use):
            return isinstance(use.target, ConsumerId)
        return self.all_roles

    def _follow(self, nodes: Iterable[NodeId], type_: EdgeType) -> list[NodeId]:
        return self._take(
            self.graph.out(nodes, type_) if self.down else self.graph.into(nodes, type_)
        )

    def _take(self, found: list[Link]) -> list[NodeId]:
        self._links.update((link.key, link) for link in found)
        return [link.target if self.down else link.source for link in found]


def _direct(use: Link) -> bool:
    return use.role is not None and use.role.direct


def _jobs(nodes: Iterable[NodeId]) -> list[NodeId]:
    return [node for node in nodes if isinstance(node, JobId)]


def walk_edge(graph: Graph, link: Link) -> WalkEdge:
    """A link as an answer shows it."""
    return WalkEdge(
        source=str(link.source),
        target=str(link.target),
        type=link.type,
        role=link.role,
        job=str(link.via) if link.via else None,
        certainty=link.certainty,
        band=weights().band(link.certainty),
        cause=link.evidence.weakest,
        origins=link.origins,
        first=iso_or_none(link.activity.first),
        last=iso_or_none(link.activity.last),
        total=link.activity.total,
        query=str(link.sample.query) if link.sample else None,
        superseded=graph.superseded(link),
    )


def _nodes(graph: Graph, distance: dict[NodeId, int]) -> tuple[WalkNode, ...]:
    known = graph.nodes(distance)
    processes: list[ProcessId] = [n for n in distance if isinstance(n, JobId | ConsumerId)]
    datasets = [node for node in distance if isinstance(node, DatasetId)]
    teams: dict[NodeId, str] = {n: team.name for n, team in owners(graph, datasets).items()}
    for process, profile in profiles(graph, processes).items():
        if profile.team:
            teams[process] = profile.team.name
    return tuple(
        WalkNode(
            str(node),
            type(node).__name__.removesuffix("Id"),
            node.name,
            known[node].value("kind"),
            known[node].value("title"),
            teams.get(node),
            hops,
        )
        for node, hops in distance.items()
    )


def _total(store: Store, start: NodeId, direction: Direction, shown: int, truncated: bool) -> int:
    """How many nodes there are; counted by the store when the walk was cut short."""
    if not truncated:
        return shown
    types = [EdgeType.FEEDS] if isinstance(start, ColumnId) else [EdgeType.READ_BY, EdgeType.WRITES]
    return max(shown, len(store.reach([start], direction, types)))


def _verdict(
    start: DatasetId | ColumnId, direction: Direction, nodes: tuple[WalkNode, ...], cut: bool
) -> str:
    counts = Counter(node.label.lower() for node in nodes[1:])
    said = [quantity(count, noun) for noun, count in sorted(counts.items())]
    where = "downstream" if direction is Direction.DOWN else "upstream"
    what = start.name if isinstance(start, DatasetId) else f"{start.dataset.name}.{start.name}"
    if not said:
        return f"Nothing was seen {where} of {what}."
    return f"{listed(said)} {where} of {what}{', and more' if cut else ''}."

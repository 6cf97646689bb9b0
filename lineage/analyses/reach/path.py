"""How one thing reaches another, with the statement that proves each step."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from lineage.analyses.breaking.lateness import Lateness, lateness
from lineage.analyses.breaking.weights import weights
from lineage.analyses.listening.coverage import Coverage, Logs, Window, coverage
from lineage.analyses.reach.between import between, passed_by_all
from lineage.analyses.reach.graph import Graph, Link
from lineage.analyses.reach.walk import WalkEdge, walk_edge
from lineage.analyses.wording import quantity
from lineage.model import FLOW, EdgeType
from lineage.names import ColumnId, DatasetId, NodeId
from lineage.store import Store

_COLUMN_TYPES = (EdgeType.FEEDS, EdgeType.USED_BY, EdgeType.WRITES, EdgeType.READ_BY)
_FOREVER = 10 * 365 * 24 * 60  # minutes: a delay that no slack uses up


class Step(msgspec.Struct, frozen=True):
    """One edge of a path and the masked statement that was seen to make it."""

    edge: WalkEdge
    statement: str | None


class Point(msgspec.Struct, frozen=True):
    """A dataset, column or job that every way passes: without it nothing arrives."""

    id: str
    kind: str


class LateStep(msgspec.Struct, frozen=True):
    """A step of the critical way; `late`: by how many minutes the node it leads to is late."""

    edge: WalkEdge
    statement: str | None
    late: int


class Delay(msgspec.Struct, frozen=True):
    """What a delay of the source, in minutes, does to the target.

    late: minutes by which the target is late. spare: how late the source may be without that;
    None when no way is known whose times are. steps: the way by which it gets latest, without
    regard to how late it is. untimed: readers on a way whose times nobody knows.
    """

    minutes: int
    late: int
    spare: int | None
    steps: tuple[LateStep, ...]
    untimed: tuple[str, ...]


class Path(msgspec.Struct, frozen=True):
    """The shortest way; of several as short, the surest. No steps when there is none.

    reversed: there is a way only against the order asked for: the second feeds the first.
    certainty: of the weakest step; cause: what makes it weak, empty when nothing does.
    points: what all ways pass, in the order of the flow. other_ways: whether there is another way.
    delay: when one was asked about.
    """

    source: str
    target: str
    verdict: str
    reversed: bool
    steps: tuple[Step, ...]
    certainty: float
    band: str
    cause: str
    window: Window
    coverage: Coverage
    points: tuple[Point, ...]
    other_ways: bool
    delay: Delay | None


def path(
    store: Store,
    source: NodeId,
    target: NodeId,
    as_of: int | None = None,
    delay: int | None = None,
) -> Path:
    """How `source` reaches `target`, or, when it does not, the other way round.

    Both may be datasets, columns, jobs or consumers. From a column the way goes along columns as
    long as values travel, and along datasets once the column only filters or joins.
    delay: by how many minutes the source is late; what it does to the target is part of the
    answer when there is a way and the source is a dataset or a column.
    """
    logs = Logs(store, as_of)
    graph = Graph(store, logs.as_of)
    ends = [node for node in (source, target) if isinstance(node, DatasetId | ColumnId)]
    datasets = [node if isinstance(node, DatasetId) else node.dataset for node in ends]
    span, heard = coverage(graph, logs, datasets)
    found = _way(graph, source, target)
    backwards = [] if found else _way(graph, target, source)
    first, second = (target, source) if backwards else (source, target)
    ways = _ways(graph, first, second) if found or backwards else []
    points = passed_by_all(ways, first, _end(first, second))
    nodes = {node for link in ways for node in (link.source, link.target)}
    steps = _steps(graph, found or backwards)
    certainty = min((step.edge.certainty for step in steps), default=0.0)
    weakest = [step.edge.cause for step in steps if step.edge.certainty == certainty]
    return Path(
        str(source),
        str(target),
        _verdict(source, target, steps, bool(backwards)),
        bool(backwards),
        steps,
        certainty,
        weights().band(certainty) if steps else "",
        weakest[0] if weakest else "",
        span,
        heard,
        tuple(Point(str(node), type(node).__name__.removesuffix("Id").lower()) for node in points),
        len(nodes) > len(points) + 2,
        _delay(graph, first, second, nodes, delay) if found and delay is not None else None,
    )


def _way(graph: Graph, source: NodeId, target: NodeId) -> list[Link]:
    """The links of the shortest way, breadth first; current versions of jobs only."""
    types = _types(source)
    target = _end(source, target)
    before: dict[NodeId, Link] = {}
    sure: dict[NodeId, float] = {source: 1.0}
    frontier: list[NodeId] = [source]
    while frontier and target not in before:
        arriving: dict[NodeId, Link] = {}
        certainty: dict[NodeId, float] = {}
        for link in graph.current(graph.out(frontier, *types)):
            weakest = min(sure[link.source], link.certainty)
            if link.target not in sure and weakest > certainty.get(link.target, -1.0):
                arriving[link.target], certainty[link.target] = link, weakest
        before |= arriving
        sure |= certainty
        frontier = list(arriving)
    way: list[Link] = []
    while target in before and target != source:
        way.append(before[target])
        target = before[target].source
    return way[::-1]


def _types(source: NodeId) -> tuple[EdgeType, ...]:
    return _COLUMN_TYPES if isinstance(source, ColumnId) else FLOW


def _end(source: NodeId, target: NodeId) -> NodeId:
    """Nothing leads from whole datasets to one column: there the way ends at its dataset."""
    if isinstance(target, ColumnId) and not isinstance(source, ColumnId):
        return target.dataset
    return target


def _ways(graph: Graph, source: NodeId, target: NodeId) -> list[Link]:
    return between(graph, source, _end(source, target), _types(source))


def _delay(
    graph: Graph, source: NodeId, target: NodeId, nodes: Collection[NodeId], minutes: int
) -> Delay | None:
    """Slack is used up whatever the delay, so one so great that nothing absorbs it tells of all."""
    start, end = _dataset(source), _dataset(target)
    if not isinstance(start, DatasetId):
        return None
    if isinstance(source, ColumnId) or isinstance(target, ColumnId):
        ways = between(graph, start, end, FLOW)
        nodes = {node for link in ways for node in (link.source, link.target)}
    found = lateness(graph, start, _FOREVER, nodes)
    untimed = tuple(sorted(str(node) for node in found.untimed if node in nodes))
    if end not in found.late:
        return Delay(minutes, 0, None, (), untimed)

    def late(node: NodeId) -> int:
        return max(0, minutes - (_FOREVER - found.late[node].minutes))

    way = _late_way(found, end)
    steps = tuple(
        LateStep(step.edge, step.statement, late(link.target))
        for step, link in zip(_steps(graph, way), way, strict=True)
    )
    return Delay(minutes, late(end), _FOREVER - found.late[end].minutes, steps, untimed)


def _late_way(found: Lateness, end: NodeId) -> list[Link]:
    way: list[Link] = []
    how = found.late[end]
    while how.link is not None and how.before is not None:
        way.append(how.link)
        how = found.late[how.before]
    return way[::-1]


def _dataset(node: NodeId) -> NodeId:
    return node.dataset if isinstance(node, ColumnId) else node


def _steps(graph: Graph, way: Sequence[Link]) -> tuple[Step, ...]:
    queries = graph.nodes(link.sample.query for link in way if link.sample)
    return tuple(
        Step(
            walk_edge(graph, link),
            queries[link.sample.query].value("sql") or None if link.sample else None,
        )
        for link in way
    )


def _verdict(source: NodeId, target: NodeId, steps: Sequence[Step], backwards: bool) -> str:
    if not steps:
        return f"No way was seen between {source.name} and {target.name}."
    first, second = (target, source) if backwards else (source, target)
    return f"{first.name} reaches {second.name} in {quantity(len(steps), 'step')}."

"""How one thing reaches another, with the statement that proves each step."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lineage.analyses.coverage import Coverage, Logs, Window, coverage
from lineage.analyses.graph import Graph, Link
from lineage.analyses.walk import WalkEdge, walk_edge
from lineage.analyses.weights import weights
from lineage.analyses.wording import quantity
from lineage.model import EdgeType
from lineage.names import ColumnId, DatasetId, NodeId
from lineage.store import Store

_TYPES = (EdgeType.READ_BY, EdgeType.WRITES)
_COLUMN_TYPES = (EdgeType.FEEDS, EdgeType.USED_BY, EdgeType.WRITES, EdgeType.READ_BY)


class Step(msgspec.Struct, frozen=True):
    """One edge of a path and the masked statement that was seen to make it."""

    edge: WalkEdge
    statement: str | None


class Path(msgspec.Struct, frozen=True):
    """The shortest way; of several as short, the surest. No steps when there is none.

    reversed: there is a way only against the order asked for: the second feeds the first.
    certainty: of the weakest step; cause: what makes it weak, empty when nothing does.
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


def path(store: Store, source: NodeId, target: NodeId, as_of: int | None = None) -> Path:
    """How `source` reaches `target`, or, when it does not, the other way round.

    Both may be datasets, columns, jobs or consumers. From a column the way goes along columns as
    long as values travel, and along datasets once the column only filters or joins.
    """
    logs = Logs(store, as_of)
    graph = Graph(store, logs.as_of)
    ends = [node for node in (source, target) if isinstance(node, DatasetId | ColumnId)]
    datasets = [node if isinstance(node, DatasetId) else node.dataset for node in ends]
    span, heard = coverage(graph, logs, datasets)
    found = _way(graph, source, target)
    backwards = [] if found else _way(graph, target, source)
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
    )


def _way(graph: Graph, source: NodeId, target: NodeId) -> list[Link]:
    """The links of the shortest way, breadth first; current versions of jobs only."""
    types = _COLUMN_TYPES if isinstance(source, ColumnId) else _TYPES
    if isinstance(target, ColumnId) and not isinstance(source, ColumnId):
        target = target.dataset  # nothing leads from whole datasets to one column
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

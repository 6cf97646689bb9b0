"""Which datasets, jobs and consumers a picture holds: grown hop by hop, never more than fit.

Depth counts datasets. Bots, superseded edges and data of other environments stay out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from app.canvas import Direction
from lineage.analyses.reach.graph import Graph, Link
from lineage.analyses.stewardship.people import profiles
from lineage.model import FLOW
from lineage.names import ConsumerId, DatasetId, JobId, NodeId

MOST_CARDS: Final = 150

Member = DatasetId | JobId | ConsumerId
Step = tuple[Member, Direction]  # a card whose hidden neighbours were asked for


def far_end(link: Link, direction: Direction) -> NodeId:
    """Where a link leads when it is walked in that direction."""
    return link.target if direction == "down" else link.source


def flows(graph: Graph, starts: Iterable[NodeId], direction: Direction) -> list[Link]:
    """The links that lead on from these nodes today."""
    found = graph.out(starts, *FLOW) if direction == "down" else graph.into(starts, *FLOW)
    ends = {far_end(link, direction) for link in found}
    processes = [end for end in ends if isinstance(end, JobId | ConsumerId)]
    hidden: set[NodeId] = {
        process for process, profile in profiles(graph, processes).items() if profile.system
    }
    datasets = [end for end in ends if isinstance(end, DatasetId)]
    graph.nodes(datasets)  # one look-up for all that the next line asks one by one
    hidden.update(end for end in datasets if not graph.is_production(end))
    return [link for link in graph.current(found) if far_end(link, direction) not in hidden]


def neighbourhood(
    graph: Graph, focus: DatasetId, up: int, down: int, steps: Sequence[Step] = ()
) -> list[Member]:
    """What is at most so many datasets upstream and downstream, and what was opened by hand."""
    members: dict[Member, None] = {focus: None}
    _grow(graph, members, [focus], "down", down)
    _grow(graph, members, [focus], "up", up)
    for start, direction in steps:
        _grow(graph, members, [start], direction, 1)
    return list(members)


def _grow(
    graph: Graph, members: dict[Member, None], starts: list[Member], direction: Direction, hops: int
) -> None:
    frontier = starts
    for _ in range(hops):
        near = _step(graph, members, frontier, direction)
        jobs = [node for node in near if isinstance(node, JobId)]
        beyond = _step(graph, members, jobs, direction)
        frontier = [node for node in (*near, *beyond) if isinstance(node, DatasetId)]


def _step(
    graph: Graph, members: dict[Member, None], starts: Sequence[Member], direction: Direction
) -> list[Member]:
    """The far ends of one step; the busiest enter the picture first, as long as they fit."""
    found = flows(graph, starts, direction)
    found.sort(key=lambda link: (-link.activity.total, str(far_end(link, direction))))
    ends = dict.fromkeys(far_end(link, direction) for link in found)
    reached = [end for end in ends if isinstance(end, DatasetId | JobId | ConsumerId)]
    for end in reached:
        if len(members) < MOST_CARDS:
            members[end] = None
    return [end for end in reached if end in members]

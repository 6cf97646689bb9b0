"""How much a consumer matters, and a job by whom it serves."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

from lineage.analyses.breaking.weights import weights
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.people import Profile, profiles
from lineage.calendar import Cadence, alive, cadence
from lineage.model import FLOW, Activity
from lineage.names import ConsumerId, JobId, NodeId, ProcessId


@lru_cache(maxsize=4096)
def rhythm_of(activity: Activity, as_of: int) -> Cadence:
    """The rhythm of an activity; many readers of a hub share theirs to the day."""
    return cadence(activity, as_of)


def importance_of(profile: Profile, activity: Activity, as_of: int) -> float:
    """The importance of a consumer by its tier, its use of what it reads, and its rhythm."""
    rhythm = rhythm_of(activity, as_of)
    return weights().importance_of(activity, rhythm, profile.tier, as_of)


def is_alive(profile: Profile, activity: Activity, as_of: int) -> bool:
    """Whether the next read of a consumer may still come; a declared one is always alive."""
    if not activity.days:
        return True
    rhythm = rhythm_of(activity, as_of)
    return alive(activity, as_of, seasonal=profile.seasonal, rhythm=rhythm)


def importance_of_jobs(
    graph: Graph, jobs: Collection[JobId], as_of: int, budget: int
) -> tuple[dict[JobId, float], bool]:
    """The greatest importance among the alive consumers that each job reaches.

    The second part is whether the budget, a number of edges, ended the walk early.
    """
    before: dict[NodeId, set[NodeId]] = {job: set() for job in jobs}
    reads: dict[ProcessId, Activity] = {}
    frontier: list[NodeId] = list(jobs)
    limit = graph.loaded + budget
    while frontier and graph.loaded < limit:
        found = graph.current(graph.out(frontier, *FLOW))
        frontier = [n for n in dict.fromkeys(link.target for link in found) if n not in before]
        for link in found:
            before.setdefault(link.target, set()).add(link.source)
            if isinstance(link.target, ConsumerId):
                reads[link.target] = reads.get(link.target, Activity()).union(link.activity)
    known = profiles(graph, reads)
    weighed = {
        reader: importance_of(known[reader], activity, as_of)
        for reader, activity in reads.items()
        if not known[reader].system and is_alive(known[reader], activity, as_of)
    }
    best = greatest_behind(weighed.items(), before)
    return {job: best.get(job, 0.0) for job in jobs}, bool(frontier)


def greatest_behind(
    weighed: Iterable[tuple[NodeId, float]], before: dict[NodeId, set[NodeId]]
) -> dict[NodeId, float]:
    """For every node, the greatest weight among those it leads to; `before` are predecessors."""
    best: dict[NodeId, float] = {}
    for start, weight in sorted(weighed, key=lambda item: -item[1]):
        stack = [start]
        while stack:
            node = stack.pop()
            if node not in best:
                best[node] = weight
                stack.extend(before.get(node, ()))
    return best

"""What can go together: closed sets of dead datasets, in an order in which nothing fails.

A set is closed: whatever is made of a member is a member too. What nothing is made of goes first,
with the jobs that write it; a loop goes at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec
import networkx as nx

from lineage.analyses.disuse.cost import Cost
from lineage.analyses.disuse.liveness import Flow
from lineage.analyses.disuse.sizes import Sizes
from lineage.analyses.wording import quantity
from lineage.names import DatasetId, JobId


class Removal(msgspec.Struct, frozen=True):
    """One step of taking a branch away: stop these jobs, then drop these datasets."""

    datasets: tuple[str, ...]
    jobs: tuple[str, ...]


class DeadBranch(msgspec.Struct, frozen=True):
    """Datasets that nobody needs and that hang together, and how to take them away.

    steps: in their order. bytes: of those whose size is known; unsized: how many have none. cost:
    an estimate a month, None when nothing is known. owners, domains: of the members.
    """

    verdict: str
    datasets: tuple[str, ...]
    steps: tuple[Removal, ...]
    owners: tuple[str, ...]
    domains: tuple[str, ...]
    bytes: int
    unsized: int
    cost: float | None
    currency: str | None


def dead_branches(
    flow: Flow, sizes: Sizes, dead: Collection[DatasetId], costs: Mapping[DatasetId, Cost]
) -> tuple[DeadBranch, ...]:
    """The closed sets among these dead datasets, the most expensive first.

    A dataset whose dead dependants are not all among them is in no set: it is not known of all
    that they are dead.
    """
    graph = _closed(flow, set(dead))
    found = [
        _branch(flow, sizes, members, _order(graph.subgraph(members)), costs)
        for members in nx.weakly_connected_components(graph)
    ]
    found.sort(key=lambda one: (-(one.cost or 0), -one.bytes, -len(one.datasets), one.datasets))
    return tuple(found)


def _closed(flow: Flow, dead: set[DatasetId]) -> nx.DiGraph[DatasetId]:
    """The dead datasets without those of which something outside is made; edges as data flows."""
    feeds = {dataset: flow.feeds(dataset) - flow.needed for dataset in dead}
    open_ = [dataset for dataset, made in feeds.items() if not made <= dead]
    while open_:
        leaving = open_.pop()
        if leaving in feeds:
            del feeds[leaving]
            open_ += flow.sources(leaving) & feeds.keys()
    graph: nx.DiGraph[DatasetId] = nx.DiGraph()
    graph.add_nodes_from(feeds)
    graph.add_edges_from((dataset, made) for dataset, some in feeds.items() for made in some)
    return graph


def _branch(
    flow: Flow,
    sizes: Sizes,
    members: Collection[DatasetId],
    order: Iterable[list[DatasetId]],
    costs: Mapping[DatasetId, Cost],
) -> DeadBranch:
    steps = tuple(_steps(flow, order))
    told = [sizes.bytes_of(flow.traffic[one].node) for one in members]
    priced = [costs[one] for one in members if one in costs]
    owners = {flow.domains.owner[one].name for one in members if one in flow.domains.owner}
    places = {place.name for one in members if (place := flow.domains.of(one))}
    return DeadBranch(
        _verdict(members, sum(len(step.jobs) for step in steps)),
        tuple(sorted(map(str, members))),
        steps,
        tuple(sorted(owners)),
        tuple(sorted(places)),
        sum(size or 0 for size in told),
        told.count(None),
        round(sum(cost.total for cost in priced), 2) if priced else None,
        priced[0].currency if priced else None,
    )


def _order(graph: nx.DiGraph[DatasetId]) -> Iterable[list[DatasetId]]:
    """The datasets of a branch, those first of which nothing is made; a loop comes as one."""
    if len(graph) == 1:
        return [list(graph)]
    loops = [sorted(members) for members in nx.strongly_connected_components(graph)]
    place = {one: number for number, members in enumerate(loops) for one in members}
    behind = nx.DiGraph((place[made], place[one]) for one, made in graph.edges)
    behind.remove_edges_from(nx.selfloop_edges(behind))
    behind.add_nodes_from(range(len(loops)))
    return [loops[i] for i in nx.lexicographical_topological_sort(behind, loops.__getitem__)]


def _steps(flow: Flow, order: Iterable[list[DatasetId]]) -> Iterable[Removal]:
    stopped: set[JobId] = set()
    for members in order:
        jobs = {job for one in members for job in flow.traffic[one].writers if _ends(flow, job)}
        yield Removal(tuple(map(str, members)), tuple(map(str, sorted(jobs - stopped))))
        stopped |= jobs


def _ends(flow: Flow, job: JobId) -> bool:
    """Whether a job writes nothing that is needed, so that all of it may stop."""
    return flow.outputs[job].isdisjoint(flow.needed)


def _verdict(members: Collection[DatasetId], jobs: int) -> str:
    what = quantity(len(members), "dataset")
    return f"{what} and {quantity(jobs, 'job')} can go together." if jobs else f"{what} can go."

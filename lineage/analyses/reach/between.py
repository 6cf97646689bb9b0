"""All ways from one node to another, and what every one of them passes."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import networkx as nx

from lineage.analyses.reach.graph import Graph, Link
from lineage.model import EdgeType
from lineage.names import NodeId


def between(
    graph: Graph, source: NodeId, target: NodeId, types: Collection[EdgeType]
) -> list[Link]:
    """The links of these types on any way from one node to the other; current versions only.

    Walks from both ends, the smaller frontier first, until one end has been walked out: as much
    work as the smaller of what lies behind the one and before the other.
    """
    down, up = _Walked(source), _Walked(target)
    while down.frontier and up.frontier:
        if len(down.frontier) <= len(up.frontier):
            found = graph.current(graph.out(down.frontier, *types))
            down.step(found, [link.target for link in found])
        else:
            found = graph.current(graph.into(up.frontier, *types))
            up.step(found, [link.source for link in found])
    walked = down.links if not down.frontier else up.links
    behind = _reached(source, [(link.source, link.target) for link in walked])
    before = _reached(target, [(link.target, link.source) for link in walked])
    both = behind & before
    return [link for link in walked if link.source in both and link.target in both]


class _Walked:
    """What was reached from one end, the links taken, and where to go on."""

    def __init__(self, start: NodeId) -> None:
        self.frontier: list[NodeId] = [start]
        self.links: list[Link] = []
        self._seen: set[NodeId] = {start}

    def step(self, found: Iterable[Link], reached: Iterable[NodeId]) -> None:
        """Takes the links that leave the frontier, and the nodes at their other ends."""
        self.links += found
        self.frontier = [node for node in dict.fromkeys(reached) if node not in self._seen]
        self._seen.update(self.frontier)


def _reached(start: NodeId, steps: Iterable[tuple[NodeId, NodeId]]) -> set[NodeId]:
    after: dict[NodeId, list[NodeId]] = {}
    for one, other in steps:
        after.setdefault(one, []).append(other)
    seen, waiting = {start}, [start]
    while waiting:
        fresh = [node for node in after.get(waiting.pop(), ()) if node not in seen]
        seen.update(fresh)
        waiting += fresh
    return seen


def passed_by_all(links: Iterable[Link], source: NodeId, target: NodeId) -> list[NodeId]:
    """The nodes that every way passes, in the order of the flow; not the two ends themselves.

    Whichever of them is lost, nothing arrives. Empty when there is no way.
    """
    ways = nx.DiGraph((link.source, link.target) for link in links)
    if source not in ways or target not in ways:
        return []
    before = nx.immediate_dominators(ways, source)
    found: list[NodeId] = []
    node = before.get(target)
    while node is not None and node != source:
        found.append(node)
        node = before[node]
    return found[::-1]

"""Single points of failure: what cuts consumers off from every source when it is lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
import networkx as nx

from lineage.analyses.listening.coverage import Coverage, Logs, Window
from lineage.analyses.reach.graph import Graph, is_production, links
from lineage.analyses.stewardship.people import Profile, profiles
from lineage.analyses.use.importance import importance_of, is_alive
from lineage.analyses.use.rollup import domains
from lineage.analyses.wording import quantity
from lineage.errors import UnknownName
from lineage.model import FLOW, Activity, EdgeType
from lineage.names import ConsumerId, DatasetId, JobId, NodeId, ProcessId
from lineage.store import Store

LIMIT = 25  # points of a domain in one answer; how many there are is said
_START = DatasetId("", "")  # stands before every source; no dataset is called so


class CutConsumer(msgspec.Struct, frozen=True):
    """A consumer that would be cut off."""

    consumer: str
    title: str
    team: str | None
    importance: float


class Chokepoint(msgspec.Struct, frozen=True):
    """Datasets and jobs, one after the other in the flow, each of which cuts off the same.

    cut: the alive consumers to which nothing more arrives, the most important first. importance:
    the sum of theirs. behind: how many alive consumers are anywhere behind it: those that lose a
    part of their data are among them.
    """

    nodes: tuple[str, ...]
    importance: float
    cut: tuple[CutConsumer, ...]
    behind: int


class DomainPoints(msgspec.Struct, frozen=True):
    """The points of one domain, the worst first; None is what belongs to none. total: of all."""

    domain: str | None
    points: tuple[Chokepoint, ...]
    total: int


class Chokepoints(msgspec.Struct, frozen=True):
    """Single points of failure by domain."""

    verdict: str
    domains: tuple[DomainPoints, ...]
    window: Window
    coverage: Coverage


def chokepoints(store: Store, domain: str | None = None, as_of: int | None = None) -> Chokepoints:
    """The datasets and jobs whose loss cuts alive consumers off from all that feeds them.

    These are the dominators in the flow from the sources to the consumers; what bots read and
    what other environments hold is left out. At most 25 points a domain; `total` says of how many.

    Raises:
        UnknownName: there is no such domain.
    """
    logs = Logs(store, as_of)
    graph = Graph(store, logs.as_of)
    if domain is not None:
        domain = _domain(store, domain)
    flow, reads = _flow(graph)
    known = profiles(graph, reads)
    weights = _weights(known, reads, logs.as_of or 0)
    found = _by_domain(graph, _cuts(flow, weights), weights, domain)
    shown = tuple(
        DomainPoints(name, tuple(_points(flow, mine[:LIMIT], weights, known)), len(mine))
        for name, mine in found.items()
    )
    sources = set(logs.logged)
    return Chokepoints(
        _verdict(shown),
        tuple(sorted(shown, key=lambda one: (one.domain is None, _worst(one), one.domain))),
        logs.window(sources),
        logs.coverage((), sources, 0, 0),
    )


_Chain = tuple[list[NodeId], tuple[ConsumerId, ...]]  # nodes, and whom each of them cuts off


def _domain(store: Store, text: str) -> str:
    known = sorted(node.id.name for node in store.scan_nodes("Domain"))
    for name in known:
        if name.casefold() == text.strip().casefold():
            return name
    raise UnknownName("domain", text, tuple(known[:8]))


def _flow(graph: Graph) -> tuple[nx.DiGraph[NodeId], dict[ConsumerId, Activity]]:
    """The flow in production, current versions of jobs only; and what each consumer reads."""
    kept = graph.corrections.kept(list(graph.store.scan_edges(FLOW)))
    found = graph.current(links(kept, graph.as_of))
    ends = {end for link in found for end in (link.source, link.target)}
    nodes = graph.nodes(end for end in ends if isinstance(end, DatasetId))
    elsewhere = {dataset for dataset, node in nodes.items() if not is_production(node)}
    found = [x for x in found if x.source not in elsewhere and x.target not in elsewhere]
    reads: dict[ConsumerId, Activity] = {}
    for link in found:
        if isinstance(link.target, ConsumerId):
            reads[link.target] = reads.get(link.target, Activity()).union(link.activity)
    return nx.DiGraph((link.source, link.target) for link in found), reads


def _weights(
    known: Mapping[ProcessId, Profile], reads: Mapping[ConsumerId, Activity], as_of: int
) -> dict[ConsumerId, float]:
    """The importance of the consumers that are alive and no bots."""
    return {
        reader: importance_of(known[reader], activity, as_of)
        for reader, activity in reads.items()
        if not known[reader].system and is_alive(known[reader], activity, as_of)
    }


def _cuts(
    flow: nx.DiGraph[NodeId], weights: Mapping[ConsumerId, float]
) -> dict[NodeId, list[ConsumerId]]:
    """For each node on every way to some consumer, those consumers."""
    before = _dominators(flow)
    found: dict[NodeId, list[ConsumerId]] = defaultdict(list)
    for consumer in sorted(weights):
        node = before.get(consumer)
        while node is not None and node != _START:
            found[node].append(consumer)
            node = before.get(node)
    return found


def _dominators(flow: nx.DiGraph[NodeId]) -> dict[NodeId, NodeId | None]:
    """The last node before each that all ways from all sources pass.

    A source is what nothing feeds; of a loop that nothing feeds, any part may be where it begins.
    """
    ways = flow.copy()
    ways.add_edges_from((_START, node) for node, fed in flow.in_degree() if not fed)
    ways.add_node(_START)
    unfed = ways.subgraph(ways.nodes - nx.descendants(ways, _START) - {_START})
    loops = nx.condensation(unfed)
    for number in [number for number, fed in loops.in_degree() if not fed]:
        ways.add_edges_from((_START, node) for node in loops.nodes[number]["members"])
    return dict(nx.immediate_dominators(ways, _START))


def _by_domain(
    graph: Graph,
    cuts: Mapping[NodeId, Sequence[ConsumerId]],
    weights: Mapping[ConsumerId, float],
    only: str | None,
) -> dict[str | None, list[_Chain]]:
    """By domain, the chains of nodes that cut off the same consumers; the worst first."""
    places = _places(graph, cuts)
    chains: dict[tuple[str | None, tuple[ConsumerId, ...]], list[NodeId]] = defaultdict(list)
    for node, consumers in cuts.items():
        if only in (None, places.get(node)):
            chains[places.get(node), tuple(consumers)].append(node)
    found: dict[str | None, list[_Chain]] = defaultdict(list)
    for (place, consumers), nodes in chains.items():
        # A climb from a consumer meets them against the flow.
        found[place].append((nodes[::-1], consumers))
    for mine in found.values():
        mine.sort(key=lambda chain: (-sum(map(weights.__getitem__, chain[1])), str(chain[0][0])))
    return found


def _places(graph: Graph, nodes: Iterable[NodeId]) -> dict[NodeId, str]:
    """The domain of each dataset, and of each job that of what it writes."""
    wanted = list(nodes)
    written = graph.out([node for node in wanted if isinstance(node, JobId)], EdgeType.WRITES)
    found = domains(graph, {*wanted, *(link.target for link in written)})
    outputs = {link.source: found[link.target] for link in written if link.target in found}
    return outputs | found


def _points(
    flow: nx.DiGraph[NodeId],
    chains: Sequence[_Chain],
    weights: Mapping[ConsumerId, float],
    known: Mapping[ProcessId, Profile],
) -> Iterator[Chokepoint]:
    for nodes, consumers in chains:
        cut = sorted(consumers, key=lambda one: (-weights[one], one))
        yield Chokepoint(
            tuple(map(str, nodes)),
            round(sum(weights[one] for one in cut), 3),
            tuple(_cut(known[one], weights[one]) for one in cut),
            sum(node in weights for node in nx.descendants(flow, nodes[0])),
        )


def _cut(profile: Profile, importance: float) -> CutConsumer:
    team = profile.team.name if profile.team else None
    return CutConsumer(str(profile.process), profile.title, team, importance)


def _worst(one: DomainPoints) -> float:
    return -max((point.importance for point in one.points), default=0.0)


def _verdict(found: Sequence[DomainPoints]) -> str:
    count = sum(one.total for one in found)
    if not count:
        return "Nothing stands alone between a living consumer and its sources."
    lost = {cut.consumer for one in found for point in one.points for cut in point.cut}
    points = quantity(count, "single point of failure", "single points of failure")
    return f"{points}; losing one cuts off some of {quantity(len(lost), 'consumer')}."

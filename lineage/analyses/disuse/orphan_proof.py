"""What the labels of a dataset rest on: who writes it and reads it, when, by which statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from lineage.analyses.disuse.liveness import Flow
from lineage.analyses.reach.graph import Graph, Link
from lineage.analyses.stewardship.parties import Parties
from lineage.calendar import cadence, iso_or_none
from lineage.model import EdgeType, Node
from lineage.names import ConsumerId, DatasetId, JobId, NodeId
from lineage.store import Store

MOST = 20  # witnesses of each kind that are kept of a dataset, the latest first


class Witness(msgspec.Struct, frozen=True):
    """A job or consumer that writes or reads a dataset.

    counts: empty when it counts as it is; else why it does not. first, last: ISO dates; times: over
    the whole history. statement: the latest, masked; query: its id.
    """

    process: str
    does: str
    kind: str
    team: str | None
    first: str | None
    last: str | None
    times: int
    cadence: str
    counts: str
    statement: str
    query: str | None


class Proof(msgspec.Struct, frozen=True):
    """What is known of the traffic of a dataset; more: how many witnesses are not listed."""

    dataset: str
    witnesses: tuple[Witness, ...]
    more: int


def proofs(
    store: Store, flow: Flow, parties: Parties, datasets: Collection[DatasetId]
) -> dict[DatasetId, Proof]:
    """The witnesses of each of these datasets: writers first, then readers, the latest first."""
    graph = Graph(store, flow.as_of)
    links = {
        dataset: [*graph.into([dataset], EdgeType.WRITES), *graph.out([dataset], EdgeType.READ_BY)]
        for dataset in datasets
    }
    queries = {one.sample.query for some in links.values() for one in some if one.sample}
    processes = {end for some in links.values() for one in some for end in (one.source, one.target)}
    nodes = graph.nodes([*queries, *(one for one in processes if not isinstance(one, DatasetId))])
    return {one: _proof(flow, parties, nodes, one, some) for one, some in links.items()}


def _proof(
    flow: Flow,
    parties: Parties,
    nodes: Mapping[NodeId, Node],
    dataset: DatasetId,
    links: Iterable[Link],
) -> Proof:
    found: dict[EdgeType, list[Link]] = {EdgeType.WRITES: [], EdgeType.READ_BY: []}
    for link in sorted(links, key=lambda one: (-(one.activity.last or 0), str(one.source))):
        found[link.type].append(link)
    kept = [link for some in found.values() for link in some[:MOST]]
    more = sum(max(0, len(some) - MOST) for some in found.values())
    witnesses = tuple(_witness(flow, parties, nodes, dataset, link) for link in kept)
    return Proof(str(dataset), witnesses, more)


def _witness(
    flow: Flow, parties: Parties, nodes: Mapping[NodeId, Node], dataset: DatasetId, link: Link
) -> Witness:
    writes = link.type is EdgeType.WRITES
    process = link.source if writes else link.target
    assert isinstance(process, JobId | ConsumerId)
    team, sample = parties.team(process), link.sample
    return Witness(
        str(process),
        "writes" if writes else "reads",
        "job" if isinstance(process, JobId) else nodes[process].value("kind", "consumer"),
        team.name if team else None,
        iso_or_none(link.activity.first),
        iso_or_none(link.activity.last),
        link.activity.total,
        cadence(link.activity, flow.as_of).kind if link.activity.days else "declared",
        "" if writes else _discount(flow, dataset, process),
        nodes[sample.query].value("sql") if sample else "",
        sample.query.name if sample else None,
    )


def _discount(flow: Flow, dataset: DatasetId, reader: JobId | ConsumerId) -> str:
    """Why a reader does not count; empty when it does."""
    traffic = flow.traffic[dataset]
    if reader not in traffic.readers:
        return "a system, whose reads do not count"
    if reader in traffic.writers:
        return "writes the dataset itself"
    if reader not in traffic.current:
        return "silent for longer than its rhythm allows"
    if isinstance(reader, JobId) and flow.outputs.get(reader, set()).isdisjoint(flow.needed):
        return "nothing that it writes is needed"
    return ""

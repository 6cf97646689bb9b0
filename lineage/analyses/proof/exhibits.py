"""What a certificate rests on, piece by piece, each with its digest: the evidence subgraph.

Persons stand in it as such, so that a snapshot without people gives the same digests; what was
imported after the day in question changes none of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lineage.analyses.proof.certificate import Exhibit, exhibit
from lineage.analyses.proof.heard import ranges
from lineage.analyses.proof.looked import Looked
from lineage.analyses.reach.graph import Link
from lineage.analyses.wording import quantity
from lineage.calendar import iso_day
from lineage.model import EdgeType
from lineage.names import ConsumerId, JobId, NodeId

_NOT_OF_THE_DATA = frozenset({"owner"})  # a person, who does not leave the house


def exhibits(looked: Looked) -> tuple[Exhibit, ...]:
    """Everything that was looked at, in order."""
    found = [*_nodes(looked), *_edges(looked), *_logs(looked), *_gaps(looked), *_said(looked)]
    return tuple(sorted(found))


def _nodes(looked: Looked) -> Iterator[Exhibit]:
    for member, node in looked.graph.nodes(looked.members).items():
        facts = {k: fact.value for k, fact in node.facts.items() if k not in _NOT_OF_THE_DATA}
        yield exhibit(str(member), node.value("kind", "dataset"), facts)


def _edges(looked: Looked) -> Iterator[Exhibit]:
    graph, members = looked.graph, looked.members
    reads = graph.out(members, EdgeType.READ_BY)
    jobs = sorted({link.target for link in reads}, key=str)
    links = [
        *reads,
        *graph.out(jobs, EdgeType.WRITES),
        *graph.into(members, EdgeType.WRITES),
        *graph.out(members, EdgeType.SAME_AS),
        *graph.into(members, EdgeType.SAME_AS),
        *graph.into(members, EdgeType.OWNS),
        *(looked.closure.root.links if looked.closure.root else ()),
        *looked.above,
    ]
    for link in {link.key: link for link in links}.values():
        yield _edge(looked, link)


def _edge(looked: Looked, link: Link) -> Exhibit:
    anonymous = msgspec.structs.replace(looked, people=False)
    seen = link.activity
    times = f"{quantity(seen.total, 'time')} on {quantity(len(seen.days), 'day')}"
    last = f", last on {iso_day(seen.last)}" if seen.last is not None else ""
    what = f"{link.type} {anonymous.called(link.source)} → {anonymous.called(link.target)}"
    return exhibit(
        what,
        times + last if seen.days else "declared",
        seen.days,
        seen.counts,
        msgspec.structs.astuple(link.evidence),
        link.origins,
        looked.graph.superseded(link),
        _marks(looked, link.target),
    )


def _marks(looked: Looked, reader: NodeId) -> tuple[bool, ...]:
    """What decides whether the reads of a job or consumer count, and for how long it is waited."""
    if isinstance(reader, JobId | ConsumerId) and reader in looked.closure.profiles:
        profile = looked.closure.profiles[reader]
        return profile.system, profile.seasonal
    return ()


def _logs(looked: Looked) -> Iterator[Exhibit]:
    yield exhibit("silence", f"{looked.closure.silence.days} days", looked.closure.silence.why)
    for source in looked.heard.sources:
        expected = len(source.days) + len(source.holes)
        said = [(one.schedule, one.unlogged) for one in source.said]
        text = f"{len(source.days)} of {expected} days"
        yield exhibit(f"log of {source.name}", text, source.days, ranges(source.holes), said)
    for member in looked.heard.unheard:
        yield exhibit(f"log of {member.namespace}", "none")


def _gaps(looked: Looked) -> Iterator[Exhibit]:
    for one in looked.unread:
        what = f"record {one.key} that may name {one.dataset}"
        yield exhibit(what, one.reason, one.day, one.words, one.count, one.line)
    for other in looked.unexplained:
        last = min(other.dynamic.last, looked.as_of)
        days = f"{iso_day(other.dynamic.first)} to {iso_day(last)}"
        yield exhibit(f"dynamic SQL {other.key} on {other.dataset}", days, other.why)
    for member, below in looked.below:
        yield exhibit(f"{below} under the path of {member}", "dataset")


def _said(looked: Looked) -> Iterator[Exhibit]:
    for member in looked.members:
        standing = looked.closure.standing[member]
        said = [*standing.claims, *standing.waits, standing.agreed or "nobody agreed"]
        yield exhibit(f"decisions about {member}", ", ".join(said))

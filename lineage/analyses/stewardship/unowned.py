"""The datasets that nobody owns, or whose owner is gone, with who should own them."""

from __future__ import annotations

import msgspec

from lineage.analyses.disuse.liveness import Flow
from lineage.analyses.disuse.orphan_policy import Label, OrphanPolicy
from lineage.analyses.disuse.orphans import Survey
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.ownership import Proposal, proposals
from lineage.analyses.stewardship.people import owners
from lineage.calendar import iso_or_none
from lineage.names import ConsumerId, DatasetId, TeamId
from lineage.store import Store

MOST = 2_000  # datasets that owners are proposed for, the most used first


class Unowned(msgspec.Struct, frozen=True):
    """A dataset without an owner. gone: the team that is said to own it and is no more.

    consumers, jobs: that still use it; last_read: an ISO date. proposals: the best first.
    """

    dataset: str
    gone: str | None
    consumers: int
    jobs: int
    last_read: str | None
    proposals: tuple[Proposal, ...] = ()


def survey_of_owners(store: Store, as_of: int | None) -> Survey:
    """The datasets as they were on a day, with those whose owner is no more."""
    return Survey(store, as_of, OrphanPolicy(classes=(Label.DANGLING_OWNER,)))


def unowned(graph: Graph, survey: Survey, *, propose: bool) -> tuple[Unowned, ...]:
    """Every dataset of production without an owner that is there, the most used first.

    graph, survey: of one day. propose: say who should own the first `MOST` of them.
    """
    flow = survey.flow
    known = owners(graph, survey.looked_at)
    gone = {
        one
        for one, found in survey.found.items()
        if any(label is Label.DANGLING_OWNER for label, _ in found)
    }
    rows = [one for one in survey.looked_at if one not in known or one in gone]
    rows.sort(key=lambda one: (-len(flow.traffic[one].current), one))
    out = {known[one] for one in rows if one in known}
    made = proposals(graph, rows[:MOST], out) if propose else {}
    return tuple(_row(flow, one, known.get(one), made.get(one, ())) for one in rows)


def _row(
    flow: Flow, dataset: DatasetId, gone: TeamId | None, made: tuple[Proposal, ...]
) -> Unowned:
    traffic = flow.traffic[dataset]
    consumers = sum(isinstance(reader, ConsumerId) for reader in traffic.current)
    return Unowned(
        str(dataset),
        gone.name if gone else None,
        consumers,
        len(traffic.current) - consumers,
        iso_or_none(traffic.last_read),
        made,
    )

"""Use rolled up by team and by domain; people are counted, not named."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

import msgspec

from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.people import Profile
from lineage.calendar import iso_or_none
from lineage.model import Activity, EdgeType
from lineage.names import DomainId, JobId, NodeId, PrincipalId, ProcessId

PERSON = "person"
FEWER: Literal["fewer than 5"] = "fewer than 5"
_GROUP = 5  # so many people that their count says nothing about one of them
People = int | Literal["fewer than 5"]


class Share(msgspec.Struct, frozen=True):
    """What one team or domain uses; `name` is None for those of whom nobody said it.

    reads: in the window. consumers, jobs: who was ever seen to use it. people: how many persons
    are behind them. last, next: ISO dates of the last read and of the next that is expected.
    within: of a team its domain; of a domain its teams.
    """

    name: str | None
    reads: int
    consumers: int
    jobs: int
    people: People
    last: str | None
    next: str | None
    within: tuple[str, ...]


class Member(msgspec.Struct, frozen=True):
    """One use as it counts for its team. reads: in the window; people: who is behind it."""

    profile: Profile
    domain: str | None
    reads: int
    people: frozenset[PrincipalId | ProcessId]
    activity: Activity
    next: str | None

    @property
    def team(self) -> str | None:
        """The name of the team, None when nobody knows it."""
        return self.profile.team.name if self.profile.team else None


def by_team(members: Sequence[Member]) -> tuple[Share, ...]:
    """What each team uses, most reads first."""
    return _shares(members, lambda one: one.team, lambda one: one.domain)


def by_domain(members: Sequence[Member]) -> tuple[Share, ...]:
    """What each domain uses, most reads first."""
    return _shares(members, lambda one: one.domain, lambda one: one.team)


def domains_of(graph: Graph, known: Mapping[ProcessId, Profile]) -> dict[ProcessId, str]:
    """The domain of each job or consumer: of its team, of a job else that of what it writes."""
    written = graph.out([p for p in known if isinstance(p, JobId)], EdgeType.WRITES)
    teams = {profile.team for profile in known.values() if profile.team}
    places = domains(graph, {*teams, *(link.target for link in written)})
    outputs = {link.source: places[link.target] for link in written if link.target in places}
    found = {
        process: places.get(profile.team) if profile.team else outputs.get(process)
        for process, profile in known.items()
    }
    return {process: place for process, place in found.items() if place}


def domains(graph: Graph, nodes: Collection[NodeId]) -> dict[NodeId, str]:
    """The domain of each of these teams and datasets that has one."""
    found: dict[NodeId, str] = {}
    for link in graph.out(nodes, EdgeType.IN_DOMAIN):
        if isinstance(link.target, DomainId):
            found[link.source] = min(link.target.name, found.get(link.source, link.target.name))
    return found


def people_behind(
    graph: Graph, known: Mapping[ProcessId, Profile]
) -> dict[ProcessId, frozenset[PrincipalId | ProcessId]]:
    """The persons who were ever seen to run each job or consumer, whatever it read for them."""
    nodes = graph.nodes({login for profile in known.values() for login in profile.principals})
    persons = {login for login, node in nodes.items() if node.value("class") == PERSON}
    found: dict[ProcessId, frozenset[PrincipalId | ProcessId]] = {}
    for process, profile in known.items():
        alone = profile.kind == PERSON and not profile.principals
        mine = [login for login in profile.principals if login in persons]
        found[process] = frozenset({process}) if alone else frozenset(mine)
    return found


def guarded(people: People) -> People:
    """A number of people as it may be passed on."""
    return FEWER if isinstance(people, int) and 0 < people < _GROUP else people


def _shares(
    members: Sequence[Member],
    key: Callable[[Member], str | None],
    other: Callable[[Member], str | None],
) -> tuple[Share, ...]:
    groups: dict[str | None, list[Member]] = {}
    for member in members:
        groups.setdefault(key(member), []).append(member)
    found = [_share(name, mine, other) for name, mine in groups.items()]
    return tuple(sorted(found, key=lambda one: (-one.reads, one.name is None, one.name or "")))


def _share(
    name: str | None,
    mine: Sequence[Member],
    other: Callable[[Member], str | None],
) -> Share:
    jobs = sum(isinstance(one.profile.process, JobId) for one in mine)
    return Share(
        name,
        sum(one.reads for one in mine),
        len(mine) - jobs,
        jobs,
        len({person for one in mine for person in one.people}),
        iso_or_none(max((d for one in mine if (d := one.activity.last) is not None), default=None)),
        min((one.next for one in mine if one.next), default=None),
        tuple(sorted({said for one in mine if (said := other(one))})),
    )

"""How far producers stand in for their datasets, and where that and the use of them differ.

Two lists come of it: what is used and nobody chose to support, and what is supported and unused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from lineage.analyses.disuse.liveness import Flow, Traffic
from lineage.analyses.listening.coverage import Coverage, Logs, Window
from lineage.analyses.reach.graph import Graph, is_production
from lineage.analyses.stewardship.deciding import Actor, decide, owner_of, team_of
from lineage.analyses.stewardship.deprecation import deprecate
from lineage.analyses.stewardship.lifecycle import State
from lineage.analyses.stewardship.people import owners, profiles
from lineage.analyses.stewardship.stewardship import (
    SUPPORT,
    UNDECIDED,
    Level,
    Stewardship,
    Support,
    stewardship_of,
)
from lineage.analyses.wording import listed, quantity
from lineage.calendar import day_of, iso_day, iso_or_none
from lineage.errors import InvalidDecision
from lineage.names import ConsumerId, DatasetId, JobId, NodeId, ProcessId, TeamId
from lineage.store import Store

_UNDECIDED = (State.ACTIVE, State.CANDIDATE, State.PROPOSED)


class Gap(msgspec.Struct, frozen=True):
    """A dataset whose support does not fit its use.

    teams: other than the owner, that rely on it; consumers, jobs: how many of theirs and of teams
    that nobody named are alive. last_read: by anybody but bots, an ISO date.
    """

    dataset: str
    owner: str | None
    support: Support
    teams: tuple[str, ...]
    consumers: int
    jobs: int
    last_read: str | None


class SupportLists(msgspec.Struct, frozen=True):
    """Where support and use differ. levels: how many datasets have each level.

    used_unsupported: relied on by others than the owner, below best-effort; the most teams first.
    supported_unused: supported or guaranteed, and nobody but the owner uses it.
    """

    verdict: str
    levels: dict[str, int]
    used_unsupported: tuple[Gap, ...]
    supported_unused: tuple[Gap, ...]
    window: Window
    coverage: Coverage


def support(
    store: Store, dataset: DatasetId, level: Level, actor: Actor, until: str | None = None
) -> Stewardship:
    """Writes down how far the producer stands in for a dataset; what holds then.

    until: the ISO day up to which that is promised. To decline one begins its deprecation.

    Raises:
        InvalidDecision: it is declined without a day, or somebody else than the owner is informed.
    """
    day = iso_day(day_of(until)) if until else None
    if level is Level.DECLINED and day is None:
        raise InvalidDecision("say up to which day it is still there: --until DATE")
    if level is Level.INFORMED:
        _check_owner(store, dataset, actor)
    decide(store, SUPPORT, dataset, actor, level=level.value, until=day)
    known = stewardship_of(store, [dataset])[dataset]
    if level is Level.DECLINED and known.deprecation.state in _UNDECIDED:
        deprecate(store, dataset, State.PROPOSED, actor, day)
        return stewardship_of(store, [dataset])[dataset]
    return known


def support_lists(store: Store, as_of: int | None = None, window: int = 90) -> SupportLists:
    """What is used without support, and supported without use."""
    logs = Logs(store, as_of, window)
    flow = Flow(store, logs.as_of or 0)
    nodes = {d: traffic.node for d, traffic in flow.traffic.items() if is_production(traffic.node)}
    known = stewardship_of(store, None, as_of, nodes)
    reliance = _Reliance(store, flow, logs.as_of, nodes)
    counts = dict.fromkeys(Level, 0)
    used: list[Gap] = []
    unused: list[Gap] = []
    for dataset in nodes:
        said = known.get(dataset, UNDECIDED).support
        counts[said.level] += 1
        if said.level.accepted and not said.level.relied_on:
            continue
        gap = reliance.of(dataset, said)
        if not said.level.accepted and gap.consumers + gap.jobs:
            used.append(gap)
        elif said.level.relied_on and not gap.consumers + gap.jobs:
            unused.append(gap)
    used.sort(key=lambda one: (-len(one.teams), -one.consumers, -one.jobs, one.dataset))
    unused.sort(key=lambda one: (one.last_read or "", one.dataset))
    sources = set(logs.logged)
    return SupportLists(
        _verdict(used, unused, counts),
        {level.value: count for level, count in counts.items() if count},
        tuple(used),
        tuple(unused),
        logs.window(sources),
        logs.coverage((), sources, 0, 0),
    )


class _Reliance:
    """Who relies on each dataset without owning it: living consumers, and jobs that are needed."""

    def __init__(
        self, store: Store, flow: Flow, as_of: int | None, datasets: Collection[DatasetId]
    ) -> None:
        self._flow = flow
        graph = Graph(store, as_of)
        self._owner: Mapping[NodeId, TeamId] = owners(graph, datasets)
        self._jobs = {one: _needed_jobs(flow, one) for one in datasets}
        readers: set[ProcessId] = set()
        for one in datasets:
            readers |= flow.traffic[one].living | self._jobs[one]
        known = profiles(graph, readers)
        self._team = {who: one.team for who, one in known.items() if not one.system}

    def of(self, dataset: DatasetId, said: Support) -> Gap:
        traffic: Traffic = self._flow.traffic[dataset]
        owner = self._owner.get(dataset)
        others = self._outside(traffic.living, owner)
        jobs = self._outside(self._jobs[dataset], owner)
        teams = {team.name for who in (*others, *jobs) if (team := self._team[who])}
        return Gap(
            str(dataset),
            owner.name if owner else None,
            said,
            tuple(sorted(teams)),
            len(others),
            len(jobs),
            iso_or_none(traffic.last_read),
        )

    def _outside(
        self, readers: Collection[ConsumerId] | Collection[JobId], owner: TeamId | None
    ) -> list[ProcessId]:
        return [
            who
            for who in readers
            if who in self._team and (owner is None or self._team[who] != owner)
        ]


def _needed_jobs(flow: Flow, dataset: DatasetId) -> set[JobId]:
    """The jobs that read a dataset, not its own, for something that a consumer needs."""
    traffic = flow.traffic[dataset]
    return {
        who
        for who in traffic.current - traffic.writers
        if isinstance(who, JobId) and not flow.served.isdisjoint(flow.outputs.get(who, ()))
    }


def _check_owner(store: Store, dataset: DatasetId, actor: Actor) -> None:
    owner, team = owner_of(store, dataset), team_of(store, actor)
    if owner is None:
        raise InvalidDecision(
            f"nobody owns {dataset.name}: lineage owners claim {dataset.name} TEAM"
        )
    if team != owner:
        raise InvalidDecision(
            f"only its owner, {owner}, can be informed of {dataset.name};"
            f" {actor.name} is of {team or 'no known team'}: --team {owner}"
        )


def _verdict(used: list[Gap], unused: list[Gap], counts: dict[Level, int]) -> str:
    chosen = sum(count for level, count in counts.items() if level.accepted)
    total = sum(counts.values())
    if not chosen:
        text = f"No dataset of {total:,} is supported by anybody's choice"
    else:
        verb = "is" if chosen == 1 else "are"
        text = f"{chosen:,} of {quantity(total, 'dataset')} {verb} supported by choice"
    teams = {team for one in used for team in one.teams}
    said = []
    if used:
        what = quantity(len(used), "other is", "others are") if chosen else f"{len(used):,} are"
        does = "does" if len(teams) == 1 else "do"
        said.append(f"{what} relied on by {quantity(len(teams), 'team')} that {does} not own them")
    if unused:
        said.append(f"{quantity(len(unused), 'supported dataset')} nobody else uses")
    return f"{text}; {listed(said)}." if said else f"{text}."

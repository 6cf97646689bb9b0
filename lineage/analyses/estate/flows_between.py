"""Who uses whose data: the flow from domain to domain, and what should become a product."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from lineage.analyses.estate.estate import Estate
from lineage.analyses.reach.graph import Link, links
from lineage.analyses.stewardship.parties import count_of
from lineage.calendar import usage
from lineage.model import EdgeType
from lineage.names import ConsumerId, DatasetId, DomainId, JobId, ProcessId, TeamId
from lineage.store import Store

CANDIDATES = 20
_TEAMS = 2  # so many others make it worth while


class FlowBetween(msgspec.Struct, frozen=True):
    """What one domain reads of another, of those that still read; None is who belongs to none.

    private: how many of the datasets their domain does not expose. reads: in the window.
    """

    source: str | None
    reader: str | None
    datasets: int
    private: int
    consumers: int
    jobs: int
    reads: int


class Candidate(msgspec.Struct, frozen=True):
    """A dataset that others rely on, and that is no product and not supported.

    teams: of those who rely on it, without its owner. usage: the sum of theirs, each active day
    once, halved every 30 days of age.
    """

    dataset: str
    owner: str | None
    domain: str | None
    level: str | None
    teams: tuple[str, ...]
    domains: tuple[str, ...]
    consumers: int
    jobs: int
    usage: float


class Reads:
    """The reads of all datasets by those who still read them."""

    def __init__(self, store: Store, known: Estate, start: int) -> None:
        self._known = known
        self._count: dict[tuple[DatasetId, ProcessId], int] = {}
        self._usage: dict[tuple[DatasetId, ProcessId], float] = {}
        as_of = known.flow.as_of
        for link in links(store.scan_edges([EdgeType.READ_BY]), as_of):
            if pair := self._pair(link):
                self._count[pair] = link.activity.between(start, as_of).total
                self._usage[pair] = usage(link.activity, as_of)

    def _pair(self, link: Link) -> tuple[DatasetId, ProcessId] | None:
        dataset, reader = link.source, link.target
        if not isinstance(dataset, DatasetId) or not isinstance(reader, JobId | ConsumerId):
            return None
        traffic = self._known.flow.traffic[dataset]
        counts = reader in traffic.current and reader not in traffic.writers
        return (dataset, reader) if counts else None

    def between(self) -> tuple[FlowBetween, ...]:
        """Every flow from one domain to another, the widest first."""
        cells: dict[tuple[DomainId | None, DomainId | None], list[tuple[DatasetId, ProcessId]]] = {}
        domains, parties = self._known.flow.domains, self._known.parties
        looked_at = set(self._known.survey.looked_at)
        for dataset, reader in self._count:
            if dataset in looked_at:
                ends = domains.of(dataset), parties.domain(reader)
                if ends[0] != ends[1]:
                    cells.setdefault(ends, []).append((dataset, reader))
        found = [self._flow(source, reader, pairs) for (source, reader), pairs in cells.items()]
        found.sort(key=lambda one: (-one.datasets, -one.reads, one.source or "", one.reader or ""))
        return tuple(found)

    def _flow(
        self,
        source: DomainId | None,
        reader: DomainId | None,
        pairs: list[tuple[DatasetId, ProcessId]],
    ) -> FlowBetween:
        datasets = {dataset for dataset, _ in pairs}
        consumers, jobs = count_of({process for _, process in pairs})
        private = sum(self._known.flow.domains.is_private(one) for one in datasets)
        return FlowBetween(
            source.name if source else None,
            reader.name if reader else None,
            len(datasets),
            private,
            consumers,
            jobs,
            sum(self._count[pair] for pair in pairs),
        )

    def candidates(self) -> tuple[Candidate, ...]:
        """What should become a product: the first few, those of most teams first."""
        by_dataset: dict[DatasetId, list[ProcessId]] = {}
        for dataset, reader in self._count:
            by_dataset.setdefault(dataset, []).append(reader)
        found = [
            made
            for dataset in self._known.survey.looked_at
            if (made := self._candidate(dataset, by_dataset.get(dataset, [])))
        ]
        found.sort(key=lambda one: (-len(one.teams), -one.usage, one.dataset))
        return tuple(found[:CANDIDATES])

    def _candidate(self, dataset: DatasetId, readers: list[ProcessId]) -> Candidate | None:
        known, domains = self._known, self._known.flow.domains
        level = known.level(dataset)
        if len(readers) < _TEAMS or dataset in domains.exposed or (level and level.relied_on):
            return None
        owner = domains.owner.get(dataset)
        others = _others(known.parties.team, readers, owner)
        teams = {team for team in others.values() if team}
        if len(teams) < _TEAMS:
            return None
        consumers, jobs = count_of(others)
        place = domains.of(dataset)
        places = {there.name for team in teams if (there := domains.of(team))}
        return Candidate(
            str(dataset),
            owner.name if owner else None,
            place.name if place else None,
            level.value if level else None,
            tuple(sorted(team.name for team in teams)),
            tuple(sorted(places)),
            consumers,
            jobs,
            round(sum(self._usage[dataset, one] for one in others), 2),
        )


def _others(
    team_of: Callable[[ProcessId], TeamId | None], readers: list[ProcessId], owner: TeamId | None
) -> Mapping[ProcessId, TeamId | None]:
    """The readers that are not of the owner's team, each with its own."""
    teams = {reader: team_of(reader) for reader in readers}
    return {reader: team for reader, team in teams.items() if owner is None or team != owner}

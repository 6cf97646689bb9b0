"""Who should own what nobody owns: by who writes it, mends it and reads it, and where it is from.

What is carried as it is by a platform job, an archiver or replicator that serves many domains, is
looked for where the data comes from: who runs such a job stores the data, and does not make it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator

import msgspec

from lineage.analyses.reach.graph import Graph, Link
from lineage.analyses.stewardship.people import Profile, owners, profiles
from lineage.analyses.use.importance import is_alive
from lineage.analyses.use.rollup import PERSON, domains
from lineage.analyses.wording import quantity
from lineage.model import EdgeType, Role
from lineage.names import (
    ColumnId,
    ConsumerId,
    DatasetId,
    JobId,
    NodeId,
    PrincipalId,
    ProcessId,
    TeamId,
    parts,
)

# How much each kind of evidence weighs, when it speaks for one team alone.
_JOB, _LOGIN, _ORIGIN, _MENDS = 0.6, 0.5, 0.5, 0.3
_NAME, _SCHEMA, _READS, _INPUTS = 0.3, 0.25, 0.2, 0.15
_PLATFORM = 3  # domains, or teams where no domain is known: who serves so many owns none of it
_FAR = 8  # carriers on the way upstream
_AFTER = 2  # days after a failure in which a write by hand mends it
_RUNS = 500  # of a job that are looked at for failures
_SIBLINGS = 2  # datasets of a schema with an owner, from which on they say something
_FAILED = ("FAIL", "ABORT")
_RUN = "run"  # the kind of the documents of runs
_MICROSECONDS = 86_400 * 10**6  # of a day


class Reason(msgspec.Struct, frozen=True):
    """Why a team. weight: 0.0 to 1.0."""

    weight: float
    said: str


class Proposal(msgspec.Struct, frozen=True):
    """A team that should own a dataset. score: 0.0 to 1.0, the weights of the reasons together."""

    team: str
    score: float
    reasons: tuple[Reason, ...]


_Voice = tuple[TeamId, float, str]  # for whom evidence speaks, how much, and what it is


class _Run(msgspec.Struct, frozen=True):
    """What is read of a kept run: (rank, end, tie-break, type) and when it was first seen."""

    state: tuple[int, int, int, str]
    seen: int


def proposals(
    graph: Graph, datasets: Collection[DatasetId], gone: Collection[TeamId] = ()
) -> dict[DatasetId, tuple[Proposal, ...]]:
    """For each of these datasets the teams that should own it, the best first.

    An owner that a dataset has counts for its neighbours, never for itself. gone: teams that are
    no more, and are not proposed.
    """
    evidence = _Evidence(graph, datasets)
    out = {team.name for team in gone}
    return {
        dataset: tuple(one for one in evidence.weighed(dataset) if one.team not in out)
        for dataset in datasets
    }


class _Evidence:
    """What is known around the datasets; each kind of edge is read for all of them at once."""

    def __init__(self, graph: Graph, datasets: Collection[DatasetId]) -> None:
        self._graph = graph
        self._breadth: dict[NodeId, int] = {}
        teams = [node.id for node in graph.store.scan_nodes("Team")]
        self._teams = {team.name.lower(): team for team in teams if isinstance(team, TeamId)}
        schemas = {_schema(dataset) for dataset in datasets}
        self._schemas: dict[tuple[str, str], list[DatasetId]] = {}
        for node in graph.store.scan_nodes("Dataset"):
            if isinstance(node.id, DatasetId) and (place := _schema(node.id)) in schemas:
                self._schemas.setdefault(place, []).append(node.id)
        jobs = {link.source for link in graph.into(datasets, EdgeType.WRITES)}
        logins = {link.target for link in graph.out(jobs, EdgeType.RUN_BY)}
        theirs = {link.source for link in graph.into(logins, EdgeType.RUN_BY)}
        read = {link.source for link in graph.into(theirs, EdgeType.READ_BY)}
        written = {link.target for link in graph.out(theirs, EdgeType.WRITES)}
        siblings = {one for found in self._schemas.values() for one in found}
        graph.into({*read, *written, *siblings, *jobs}, EdgeType.OWNS)
        self._votes: dict[tuple[str, str], Counter[TeamId]] = {
            place: Counter(owners(graph, found).values()) for place, found in self._schemas.items()
        }
        self._profiles = self._of_readers(datasets)

    def _of_readers(self, datasets: Collection[DatasetId]) -> dict[ProcessId, Profile]:
        """Who reads the datasets now; what their jobs carry is read for all of them at once."""
        reads = self._graph.current(self._graph.out(datasets, EdgeType.READ_BY))
        readers = {one.target for one in reads if isinstance(one.target, ConsumerId | JobId)}
        jobs = [one for one in readers if isinstance(one, JobId)]
        written = {link.target for link in self._graph.out(jobs, EdgeType.WRITES)}
        held = self._graph.out(written, EdgeType.HAS_COLUMN)
        self._graph.into({link.target for link in held}, EdgeType.FEEDS)
        return profiles(self._graph, readers)

    def weighed(self, dataset: DatasetId) -> tuple[Proposal, ...]:
        """The teams that the evidence speaks for."""
        kinds = (
            self._writers(dataset), self._origins(dataset, _FAR), self._menders(dataset),
            self._neighbours(dataset), self._named(dataset), self._readers(dataset),
            self._inputs(dataset),
        )  # fmt: skip
        reasons: dict[str, list[Reason]] = {}
        for team, weight, said in (one for kind in kinds for one in kind):
            reasons.setdefault(team.name, []).append(Reason(round(weight, 2), said))
        found = [
            Proposal(team, round(min(1.0, sum(one.weight for one in mine)), 2), tuple(mine))
            for team, mine in reasons.items()
        ]
        return tuple(sorted(found, key=lambda one: (-one.score, one.team)))

    def _writers(self, dataset: DatasetId) -> Iterator[_Voice]:
        """Who owns the jobs that write it, else whose login runs them; platforms say nothing."""
        writes = self._writes(dataset)
        days = sum(len(link.activity.days) for link in writes)
        voices: dict[tuple[TeamId, str], float] = {}
        for link in writes:
            share = len(link.activity.days) / days if days else 1 / len(writes)
            mine = owners(self._graph, [link.source]).get(link.source)
            if mine is not None:
                said = f"owns {link.source.name}, which writes it"
                voices[mine, said] = voices.get((mine, said), 0.0) + _JOB * share
                continue
            for login in self._logins(link.source):
                team = self._team(login)
                if team is not None and not self._serves_many(login):
                    said = f"{self._called(login)} of it writes it"
                    voices[team, said] = voices.get((team, said), 0.0) + _LOGIN * share
        yield from ((team, weight, said) for (team, said), weight in voices.items())

    def _origins(self, dataset: DatasetId, far: int) -> Iterator[_Voice]:
        """Whose data it is that a platform job carries here as it is."""
        for link in self._writes(dataset) if far else ():
            source = self._carried(link.source, dataset)
            if source is None:
                continue
            owner = owners(self._graph, [source]).get(source)
            if owner is None:
                yield from self._origins(source, far - 1)
                continue
            agents = [one for one in self._agents(link.source) if self._serves_many(one)]
            by = f", carried as it is by {agents[0].name}" if agents else ", copied as it is"
            many = f" for {self._breadth[agents[0]]} domains" if agents else ""
            yield owner, _ORIGIN, f"its data comes from {source.name}{by}{many}"

    def _menders(self, dataset: DatasetId) -> Iterator[_Voice]:
        """Who writes it by hand what a service else writes; most of all after a failure."""
        writes = self._writes(dataset)
        failed: set[int] = set()
        by_hand: dict[TeamId, set[int]] = {}
        for link in writes:
            people = [one for one in self._logins(link.source) if self._is_person(one)]
            teams = {team for one in people if (team := self._team(one))}
            if not people:
                failed |= self._failures(link.source)
            for team in teams:
                by_hand.setdefault(team, set()).update(link.activity.days)
        if all(self._by_people(link.source) for link in writes):
            return
        for team, days in by_hand.items():
            mended = sum(any(0 <= day - one <= _AFTER for one in failed) for day in days)
            said = f"people of it wrote it by hand on {quantity(len(days), 'day')}"
            said += f", {mended} of them after a failure" if mended else ""
            yield team, _MENDS * min(1.0, (len(days) + 2 * mended) / 4), said

    def _neighbours(self, dataset: DatasetId) -> Iterator[_Voice]:
        place = _schema(dataset)
        siblings = len(self._schemas[place]) - 1
        own = owners(self._graph, [dataset])
        votes = self._votes[place] - Counter(own.values())
        if place[1] and votes.total() >= _SIBLINGS:
            for team, count in votes.items():
                said = f"owns {count} of {siblings} other datasets in {place[1]}"
                yield team, _SCHEMA * count / siblings, said

    def _readers(self, dataset: DatasetId) -> Iterator[_Voice]:
        reads = self._graph.current(self._graph.out([dataset], EdgeType.READ_BY))
        days: Counter[TeamId] = Counter()
        for link in reads:
            if not isinstance(link.target, ConsumerId | JobId):
                continue
            reader = self._profiles[link.target]
            living = is_alive(reader, link.activity, self._graph.as_of or 0)
            carrier = isinstance(link.target, JobId) and self._carries(link.target)
            if reader.team is not None and not reader.system and living and not carrier:
                days[reader.team] += len(link.activity.days)
        total = sum(days.values())
        for team, count in days.items():
            if count > total / 4:
                yield team, _READS * count / total, f"does {count / total:.0%} of the reading"

    def _inputs(self, dataset: DatasetId) -> Iterator[_Voice]:
        """Whose data it is made of."""
        jobs = [link.source for link in self._writes(dataset)]
        made = [job for job in jobs if self._carried(job, dataset) is None]
        sources = {link.source for link in self._graph.into(made, EdgeType.READ_BY)} - {dataset}
        known = owners(self._graph, sources)
        for team, count in Counter(known.values()).items():
            some = f"{count} of the {quantity(len(sources), 'dataset')}"
            said = f"owns {'all' if count == len(sources) else some} it is made of"
            yield team, _INPUTS * count / len(sources), said

    def _named(self, dataset: DatasetId) -> Iterator[_Voice]:
        """Whose name the schema or folder bears."""
        for level in _levels(_schema(dataset)[1]):
            if (team := self._teams.get(level)) is not None:
                yield team, _NAME, f"its name says {level}"

    def _carries(self, job: JobId) -> bool:
        """Whether a platform job copies what it reads."""
        written = (link.target for link in self._graph.out([job], EdgeType.WRITES))
        return any(self._carried(job, one) for one in written if isinstance(one, DatasetId))

    def _carried(self, job: NodeId, dataset: DatasetId) -> DatasetId | None:
        """The one dataset that a platform job copies into this one as it is."""
        columns = [link.target for link in self._graph.out([dataset], EdgeType.HAS_COLUMN)]
        feeds = [link for link in self._graph.into(columns, EdgeType.FEEDS) if link.via == job]
        if any(link.role is not Role.IDENTITY for link in feeds):
            return None
        sources = {link.source.dataset for link in feeds if isinstance(link.source, ColumnId)}
        if not sources:
            read = (link.source for link in self._graph.into([job], EdgeType.READ_BY))
            sources = {one for one in read if isinstance(one, DatasetId)}
        sources -= {dataset}
        agents = self._agents(job)
        if len(sources) != 1 or not (any(map(self._serves_many, agents)) or not agents):
            return None
        return sources.pop()

    def _serves_many(self, agent: NodeId) -> bool:
        """Whether what somebody or something runs touches the data of many domains."""
        if agent not in self._breadth:
            type_ = EdgeType.RUN_BY if isinstance(agent, PrincipalId) else EdgeType.PART_OF
            jobs = {one.source for one in self._graph.into([agent], type_)}
            jobs = {job for job in jobs if isinstance(job, JobId)}
            ends = {link.source for link in self._graph.into(jobs, EdgeType.READ_BY)}
            ends |= {link.target for link in self._graph.out(jobs, EdgeType.WRITES)}
            teams = set(owners(self._graph, ends).values())
            places = domains(self._graph, teams)
            self._breadth[agent] = len({places.get(team, team.name) for team in teams})
        return self._breadth[agent] >= _PLATFORM

    def _writes(self, dataset: DatasetId) -> list[Link]:
        return self._graph.current(self._graph.into([dataset], EdgeType.WRITES))

    def _logins(self, job: NodeId) -> list[PrincipalId]:
        found = self._graph.out([job], EdgeType.RUN_BY)
        return [link.target for link in found if isinstance(link.target, PrincipalId)]

    def _agents(self, job: NodeId) -> list[NodeId]:
        """Who or what runs a job: logins, else the jobs that it is part of."""
        parents = [link.target for link in self._graph.out([job], EdgeType.PART_OF)]
        return [*self._logins(job)] or parents

    def _team(self, login: PrincipalId) -> TeamId | None:
        found = (link.target for link in self._graph.out([login], EdgeType.MEMBER_OF))
        return min((one for one in found if isinstance(one, TeamId)), default=None)

    def _is_person(self, login: PrincipalId) -> bool:
        return self._graph.nodes([login])[login].value("class") == PERSON

    def _by_people(self, job: NodeId) -> bool:
        logins = self._logins(job)
        return bool(logins) and all(map(self._is_person, logins))

    def _called(self, login: PrincipalId) -> str:
        return "a person" if self._is_person(login) else login.name

    def _failures(self, job: NodeId) -> set[int]:
        """The days on which a run of a job failed, as events told."""
        prefix = f"{job.namespace}\x1f{job.name}"
        (runs,) = self._graph.store.pages(_RUN, [(f"{prefix}\x1f", f"{prefix} ")], _RUNS)
        found = (msgspec.json.decode(one.body, type=_Run) for one in runs)
        return {run.seen // _MICROSECONDS for run in found if run.state[3] in _FAILED}


def _schema(dataset: DatasetId) -> tuple[str, str]:
    """The namespace and the schema or folder of a dataset."""
    levels = parts(dataset.name)
    inside = ".".join(levels[:-1]) if len(levels) > 1 else dataset.name.rpartition("/")[0]
    return dataset.namespace, inside


def _levels(schema: str) -> set[str]:
    """The names that a schema or folder is made of, in lower case."""
    return {level for level in re.split(r"[./]", schema.lower()) if level}

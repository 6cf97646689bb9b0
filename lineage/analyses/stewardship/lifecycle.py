"""How far a dataset is on its way out: what was decided, and the reads that took it back.

A counted read in a grace state takes a dataset back to *proposed*. Nobody writes that down: it
follows from the journal and the logs, so a log that comes late, or another day to look from, gives
what it must. An act that continued from the state that the read had ended is void.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

import msgspec

from lineage.analyses.journal import ACKNOWLEDGE, NOTICES, Entry, entries
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.people import Profile, owners, profiles
from lineage.analyses.use.readers import Readers
from lineage.calendar import day_of, iso_day
from lineage.model import EdgeType
from lineage.names import DatasetId, JobId, ProcessId, TeamId


class State(StrEnum):
    """Where a dataset is on its way out."""

    ACTIVE = "active"
    CANDIDATE = "candidate"
    PROPOSED = "proposed"
    TOMBSTONED = "tombstoned"
    ACCESS_REMOVED = "access-removed"
    ARCHIVED = "archived"
    DELETED = "deleted"

    @property
    def grace(self) -> bool:
        """Whether a counted read takes it back to `PROPOSED`."""
        return self in (State.TOMBSTONED, State.ACCESS_REMOVED, State.ARCHIVED)

    @property
    def following(self) -> tuple[State, ...]:
        """The states that it may go to from here, onward first."""
        return _FOLLOWING[self]


_FOLLOWING: Mapping[State, tuple[State, ...]] = {
    State.ACTIVE: (State.CANDIDATE, State.PROPOSED),
    State.CANDIDATE: (State.PROPOSED, State.ACTIVE),
    State.PROPOSED: (State.TOMBSTONED, State.ACTIVE),
    State.TOMBSTONED: (State.ACCESS_REMOVED, State.PROPOSED, State.ACTIVE),
    State.ACCESS_REMOVED: (State.ARCHIVED, State.PROPOSED, State.ACTIVE),
    State.ARCHIVED: (State.DELETED, State.PROPOSED, State.ACTIVE),
    State.DELETED: (State.ACTIVE,),
}
_Steps = Mapping["DatasetId", tuple["Step", ...]]
_BACK = frozenset({State.PROPOSED, State.ACTIVE})
_DATE = len("2026-01-31")


class Reader(msgspec.Struct, frozen=True):
    """Who read a dataset in a grace state first. day: an ISO date."""

    consumer: str
    title: str
    kind: str
    team: str | None
    day: str

    @property
    def said(self) -> str:
        """The read in words."""
        of = f" of {self.team}" if self.team else ""
        return f"{self.title or self.consumer}{of} read it on {self.day}"


class Step(msgspec.Struct, frozen=True):
    """One step of a deprecation. since: ISO 8601. until: an ISO date. by: a pseudonym.

    team: on whose behalf. entry: its number in the journal; None when a reader took it back.
    notice: of the announcement that went with it. void: an act that a read had overtaken.
    """

    state: State
    since: str
    until: str | None = None
    by: str = ""
    team: str | None = None
    reason: str = ""
    entry: int | None = None
    notice: int | None = None
    reader: Reader | None = None
    void: bool = False


class Deprecation(msgspec.Struct, frozen=True):
    """How far a deprecation has got. since, until: ISO dates; until: when it is to go.

    agreed: the team of the owner, when it acted itself or acknowledged the notice; else None.
    returned: who read it in a grace state, while it is back at `PROPOSED` for that reason.
    notice: the number of its notice. history: every step, the latest last.
    """

    state: State = State.ACTIVE
    since: str | None = None
    until: str | None = None
    agreed: str | None = None
    returned: Reader | None = None
    notice: int | None = None
    history: tuple[Step, ...] = ()

    @property
    def standing(self) -> tuple[Step, ...]:
        """The steps that were not void."""
        return tuple(step for step in self.history if not step.void)

    @property
    def tombstones(self) -> int:
        """How often it was tombstoned; another date is no other tombstone."""
        states = [State.ACTIVE, *(step.state for step in self.standing)]
        into = State.TOMBSTONED
        return sum(one is not into and other is into for one, other in pairwise(states))

    @property
    def taken_back(self) -> int:
        """How often a grace state ended in `PROPOSED` or `ACTIVE`: false alarms."""
        steps = pairwise(self.standing)
        return sum(one.state.grace and other.state in _BACK for one, other in steps)


def lifecycles(
    graph: Graph,
    acts: Mapping[DatasetId, Sequence[Entry]],
    datasets: Collection[DatasetId] | None = None,
) -> dict[DatasetId, Deprecation]:
    """How far these datasets, or all, have got, by their acts in order and the logs."""
    reads = _Reads(graph)
    todo = acts.keys() if datasets is None else acts.keys() & set(datasets)
    steps = {one: tuple(_steps(one, mine, None, {})) for one, mine in acts.items()} if todo else {}
    # A job is no outsider while all that it writes goes too. That is believed, so that a dead loop
    # can go, until a reader of what it writes takes that back.
    for _ in range(2 * len(acts) + 1):
        now = steps | {one: tuple(_steps(one, acts[one], reads, steps)) for one in sorted(todo)}
        more = (reads.written & acts.keys()) - todo
        if now == steps and not more:
            break
        steps, todo = now, todo | more
    teams = owners(graph, todo)
    known = _acknowledged(graph) if todo else {}
    return {one: _deprecation(steps[one], teams.get(one), known) for one in todo}


def since_of(entry: Entry) -> str:
    """When an act holds from, ISO 8601: when it was written, or the day it was dated back to."""
    return entry.details.get("since") or entry.at


def _deprecation(
    steps: tuple[Step, ...], owner: TeamId | None, known: Mapping[int, set[str]]
) -> Deprecation:
    standing = [step for step in steps if not step.void]
    last = standing[-1]
    begun = max((i for i, step in enumerate(standing) if step.state is State.ACTIVE), default=-1)
    current = standing[begun + 1 :]  # of the deprecation that runs now
    since = last.since
    for step in reversed(current):
        if step.state is not last.state:
            break
        since = step.since
    notices = [step.notice for step in current if step.notice is not None]
    said = {step.team for step in current} | {
        team for number in notices for team in known.get(number, ())
    }
    return Deprecation(
        last.state,
        since[:10],
        next((step.until for step in reversed(current) if step.until), None),
        owner.name if owner and owner.name in said else None,
        last.reader,
        notices[-1] if notices else None,
        steps,
    )


def _steps(
    dataset: DatasetId, acts: Iterable[Entry], reads: _Reads | None, known: _Steps
) -> Iterator[Step]:
    """The steps of a dataset; reads: None when nobody is taken to read. known: of all datasets."""
    state, since = State.ACTIVE, ""
    for entry in acts:
        step = _step(entry)
        if reads and state.grace and (reader := reads.first(dataset, since, step.since, known)):
            yield Step(State.PROPOSED, reader.day, reader=reader)
            state, since = State.PROPOSED, reader.day
        if step.state in (*state.following, state):
            yield step
            state, since = step.state, since if step.state is state and since else step.since
        else:
            yield msgspec.structs.replace(step, void=True)
    if reads and state.grace and (reader := reads.first(dataset, since, None, known)):
        yield Step(State.PROPOSED, reader.day, reader=reader)


def _step(entry: Entry) -> Step:
    said = entry.details
    return Step(
        State(said["to"]),
        since_of(entry),
        said.get("until"),
        entry.actor,
        said.get("team"),
        entry.reason,
        entry.number,
        int(said["notice"]) if "notice" in said else None,
    )


def _acknowledged(graph: Graph) -> dict[int, set[str]]:
    """The teams that acknowledged each notice."""
    found: dict[int, set[str]] = {}
    for entry in entries(graph.store, NOTICES):
        known = graph.as_of is None or day_of(entry.at) <= graph.as_of
        if known and entry.act == ACKNOWLEDGE and entry.about is not None:
            found.setdefault(entry.about, set()).add(entry.details["team"])
    return found


def _goes(steps: _Steps, dataset: DatasetId, day: str) -> bool:
    """Whether a dataset was in a grace state or deleted on a day (ISO)."""
    mine = steps.get(dataset, ())
    before = [step.state for step in mine if not step.void and step.since[:_DATE] <= day]
    return bool(before) and (before[-1].grace or before[-1] is State.DELETED)


class _Read(msgspec.Struct, frozen=True):
    """Who reads a dataset: on which days, the moment of the last one, and what it writes."""

    profile: Profile
    days: tuple[int, ...]
    last: str
    outputs: tuple[DatasetId, ...]


class _Reads:
    """The counted reads of datasets, each looked up once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[DatasetId, list[_Read]] = {}

    @property
    def written(self) -> set[DatasetId]:
        """What the readers that were met write."""
        return {one for reads in self._known.values() for read in reads for one in read.outputs}

    def first(
        self, dataset: DatasetId, after: str, before: str | None, steps: _Steps
    ) -> Reader | None:
        """The first counted read between two moments; that of a job whose outputs go is none."""
        if dataset not in self._known:
            self._known[dataset] = list(self._of(dataset))
        found = [
            (day, str(read.profile.process), read)
            for read in self._known[dataset]
            for day in _between(read, after, before)
            if not read.outputs or not all(_goes(steps, one, iso_day(day)) for one in read.outputs)
        ]
        if not found:
            return None
        day, name, read = min(found, key=lambda one: one[:2])
        profile = read.profile
        team = profile.team.name if profile.team else None
        return Reader(name, profile.title, profile.kind, team, iso_day(day))

    def _of(self, dataset: DatasetId) -> Iterator[_Read]:
        readers = Readers(self._graph, dataset, None)
        outputs = self._outputs(readers.processes)
        for process, profile in profiles(self._graph, readers.processes).items():
            if not profile.system:
                links = [link for found in readers.touches[process].values() for link in found]
                last = max((link.sample.start for link in links if link.sample), default="")
                days = readers.activity(process).days
                yield _Read(profile, days, last, outputs.get(process, ()))

    def _outputs(self, processes: Sequence[ProcessId]) -> dict[ProcessId, tuple[DatasetId, ...]]:
        found: dict[ProcessId, tuple[DatasetId, ...]] = {}
        jobs = [process for process in processes if isinstance(process, JobId)]
        for link in self._graph.out(jobs, EdgeType.WRITES):
            if isinstance(link.source, JobId) and isinstance(link.target, DatasetId):
                found[link.source] = (*found.get(link.source, ()), link.target)
        return found


def _between(read: _Read, after: str, before: str | None) -> list[int]:
    """The days of a reader between two moments.

    Counts are by day: on the day of the act itself the moment of the last read decides, and a day
    that is dated back counts whole.
    """
    start, end = day_of(after), day_of(before) if before else None
    whole = len(after) == _DATE
    later = read.last[:_DATE] == after[:_DATE] and _moment(read.last) > _moment(after)
    return [
        day
        for day in read.days
        if (end is None or day <= end) and (day > start or (day == start and (whole or later)))
    ]


def _moment(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)

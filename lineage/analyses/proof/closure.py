"""Which datasets must go together, and who outside still needs one of them.

From the datasets asked for, along the flow: whoever reads a member and writes another dataset ties
that one to the set. Either nobody needs it, and it goes with the set, or it leads to a root.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import ceil

import msgspec

from lineage.analyses.proof.standing import Standing, standings
from lineage.analyses.reach.graph import Graph, Link
from lineage.analyses.stewardship.people import Profile, profiles, seasonal_datasets
from lineage.analyses.use.importance import rhythm_of
from lineage.calendar import QUIET_TIMES
from lineage.model import Activity, EdgeType
from lineage.names import ConsumerId, DatasetId, JobId, NodeId, ProcessId

_RETURNS = 1.5  # a silence says nothing until it is so much longer than one that ended


class Silence(msgspec.Struct, frozen=True, order=True):
    """How many days without a read it takes, and why."""

    days: int
    why: str


class Root(msgspec.Struct, frozen=True):
    """Who needs a member. links: the way to it, in the direction of the flow.

    at: the consumer, job or dataset that it ends in. claim: why that dataset must stay; empty for
    a consumer or job, whose read is the last link.
    """

    at: NodeId
    links: tuple[Link, ...]
    claim: str = ""


class Closure(msgspec.Struct, frozen=True):
    """The set, as far as it was walked: to the end, or to the nearest root.

    members: each with why it was added; empty for those asked for. aliases: those of them that are
    other names. flows: the reads that make another member. outside: every read by anybody else,
    however old; bots: those that never count.
    """

    members: dict[DatasetId, str]
    aliases: frozenset[DatasetId]
    root: Root | None
    flows: tuple[Link, ...]
    outside: tuple[Link, ...]
    bots: tuple[Link, ...]
    silence: Silence
    since: int
    standing: dict[DatasetId, Standing]
    profiles: dict[ProcessId, Profile]


def closure_of(
    graph: Graph, asked: Sequence[DatasetId], as_of: int, decided: int, least: int
) -> Closure:
    """The closure of these datasets, and the silence that it takes to prove anything of it.

    decided: the day up to which decisions count. least: days of silence it takes at least.
    """
    silence = Silence(
        max(least, QUIET_TIMES.days), "as asked for" if least > QUIET_TIMES.days else ""
    )
    while True:
        found = _Walk(graph, as_of, decided, silence).run(asked)
        if found.root is not None:
            return found
        needed = max((silence, *_needed(graph, found, as_of)))
        if needed.days <= silence.days:
            return found
        silence = needed


def _needed(graph: Graph, found: Closure, as_of: int) -> Iterator[Silence]:
    """The silences that the readers of the set ask for."""
    together: dict[NodeId, Activity] = {}
    reads = [link for link in found.flows if not graph.is_view(link.target)]
    for link in (*found.outside, *reads):
        yield from _asked_by(f"one reader of {link.source.name}", link.activity, as_of)
        known = together.get(link.source, Activity())
        together[link.source] = known.union(link.activity)
    for dataset, activity in together.items():
        yield from _asked_by(f"somebody of the readers of {dataset.name}", activity, as_of)
    marked = seasonal_datasets(graph, found.members)
    marked |= {who for who, profile in found.profiles.items() if profile.seasonal}
    if marked:
        yield Silence(QUIET_TIMES.seasonal, "a member or reader is marked seasonal, or of finance")


def _asked_by(who: str, activity: Activity, as_of: int) -> Iterator[Silence]:
    rhythm = rhythm_of(activity, as_of)
    if rhythm.period is not None:
        days = ceil(QUIET_TIMES.periods * rhythm.period)
        yield Silence(days, f"{QUIET_TIMES.periods:g} periods of {who}: {rhythm.kind}")
    silence = max((other - one for one, other in pairwise(activity.days)), default=0)
    days = min(QUIET_TIMES.seasonal, ceil(_RETURNS * silence))
    yield Silence(days, f"{who} came back after {silence} days")


class _Walk:
    """One walk along the flow, with a given length of silence."""

    def __init__(self, graph: Graph, as_of: int, decided: int, silence: Silence) -> None:
        self.graph = graph
        self.decided = decided
        self.silence = silence
        self.since = as_of - silence.days + 1
        self.members: dict[DatasetId, str] = {}
        self.aliases: set[DatasetId] = set()
        self.came: dict[NodeId, Link] = {}
        self.standing: dict[DatasetId, Standing] = {}
        self.profiles: dict[ProcessId, Profile] = {}
        self.makes: dict[NodeId, list[Link]] = {}
        self.flows: list[Link] = []
        self.others: list[Link] = []
        self.bots: list[Link] = []

    def run(self, asked: Sequence[DatasetId]) -> Closure:
        """Walks until somebody outside is met, or nothing is left to add."""
        frontier = self._add((one, "", None) for one in asked)
        root = None
        while frontier and root is None:
            reads = self.graph.out(frontier, EdgeType.READ_BY)
            self._meet(reads)
            written = [link for read in reads for link in self._take(read)]
            root = self._latest([read for read in self.others if not self.makes.get(read.target)])
            if root is None:
                frontier = self._add(self._tied(link) for link in written)
                root = self._claimed(frontier)
        inside = tuple(read for read in self.others if self._is_inside(read))
        outside = tuple(read for read in self.others if not self._is_inside(read))
        return Closure(
            self.members, frozenset(self.aliases), root or self._latest(outside),
            (*self.flows, *inside), outside, tuple(self.bots), self.silence, self.since,
            self.standing, self.profiles,
        )  # fmt: skip

    def _meet(self, reads: Sequence[Link]) -> None:
        """Learns who reads, and what they write."""
        readers = {n for link in reads if isinstance(n := link.target, JobId | ConsumerId)}
        readers -= self.profiles.keys()
        self.profiles |= profiles(self.graph, readers)
        jobs = [reader for reader in readers if isinstance(reader, JobId)]
        for link in self.graph.current(self.graph.out(jobs, EdgeType.WRITES)):
            self.makes.setdefault(link.source, []).append(link)
        self.graph.current(reads)

    def _take(self, read: Link) -> list[Link]:
        """Puts a read where it belongs; the links to what is made with it, if that still runs."""
        view = self.graph.is_view(read.target)
        runs = not self.graph.superseded(read) and (view or self._is_timely(read))
        if runs and (makes := self.makes.get(read.target)):
            self.flows.append(read)
            self.came.setdefault(read.target, read)
            return makes
        if self._is_bot(read.target):
            self.bots.append(read)
        elif not view:  # one that is gone, or defined otherwise by now, reads nothing
            self.others.append(read)
        return []

    def _is_bot(self, reader: NodeId) -> bool:
        return isinstance(reader, ConsumerId | JobId) and self.profiles[reader].system

    def _is_timely(self, link: Link) -> bool:
        """Whether it was seen in the silence, or is declared and so may be at any time."""
        return link.activity.last is None or link.activity.last >= self.since

    def _is_inside(self, read: Link) -> bool:
        """Whether all that its reader makes belongs to the set."""
        makes = self.makes.get(read.target, [])
        return bool(makes) and all(link.target in self.members for link in makes)

    def _tied(self, written: Link) -> tuple[DatasetId, str, Link]:
        """What a job that reads a member writes, and why it belongs to the set."""
        assert isinstance(written.target, DatasetId)
        source = self.came[written.source].source
        how = "is a view over" if self.graph.is_view(written.source) else "is made from"
        why = f"{how} {source.name}, and nobody else needs it"
        return written.target, why, written

    def _add(self, datasets: Iterable[tuple[DatasetId, str, Link | None]]) -> list[DatasetId]:
        """Adds datasets, each with its other names; those that are new."""
        new: list[DatasetId] = []
        for dataset, why, link in datasets:
            if dataset not in self.members:
                self.members[dataset] = why
                new.append(dataset)
                if link is not None:
                    self.came.setdefault(dataset, link)
        if not new:
            return []
        self.standing |= standings(self.graph, new, self.decided)
        same = [
            *self.graph.out(new, EdgeType.SAME_AS),
            *map(_turned, self.graph.into(new, EdgeType.SAME_AS)),
        ]
        names = [
            (link.target, f"is another name of {link.source.name}", link)
            for link in same
            if isinstance(link.target, DatasetId) and link.target not in self.members
        ]
        self.aliases |= {name for name, _, _ in names}
        return new + self._add(names)

    def _claimed(self, datasets: list[DatasetId]) -> Root | None:
        """The first of these that people want to stay."""
        for dataset in datasets:
            if claims := self.standing[dataset].claims:
                return Root(dataset, self._way(dataset), claims[0])
        return None

    def _latest(self, reads: Sequence[Link]) -> Root | None:
        """The latest of these reads in the silence."""
        timely = [link for link in reads if self._is_timely(link)]
        if not timely:
            return None
        last = max(timely, key=lambda link: (link.activity.last or 0, str(link.target)))
        return Root(last.target, (*self._way(last.source), last))

    def _way(self, node: NodeId) -> tuple[Link, ...]:
        """The links from a dataset that was asked for."""
        way: list[Link] = []
        while node in self.came:
            way.append(self.came[node])
            node = way[-1].source
        return tuple(reversed(way))


def _turned(link: Link) -> Link:
    """An alias in the other direction: both names are one dataset."""
    return msgspec.structs.replace(link, source=link.target, target=link.source)

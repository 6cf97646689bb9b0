"""How late everything behind a dataset gets when it arrives later than it uses to.

What is late is what is read before it arrives. Between the usual arrival of a dataset and the
usual read stands some slack, which uses up delay; what is left is handed on with the reader's
output. Several ways to a node count by the latest arrival. Where nobody knows when something
arrives or is read, all of the delay may be left.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection

import msgspec

from lineage.analyses.reach.graph import Graph, Link
from lineage.calendar import cadence
from lineage.model import Activity, EdgeType
from lineage.names import DatasetId, JobId, NodeId

_DAY = 96  # quarters of an hour
_QUARTER = 15  # minutes
_RECENT = 30  # days in which a read without a rhythm may come again
UNTIMED = "when it arrives or is read is not known"
_USUAL = 0.1  # of the count of the most frequent time: what makes a time a usual one


class Late(msgspec.Struct, frozen=True):
    """How late a node is and why.

    minutes: after its usual time. link: the read or write that hands the delay on; None for the
    dataset that is delayed. before: the node it comes from.
    """

    minutes: int
    link: Link | None = None
    before: NodeId | None = None


class Lateness(msgspec.Struct, frozen=True):
    """What a delay does. late: latest arrival first. untimed: readers whose times nobody knows.

    perhaps: what is late if no slack uses the delay up on its way through those readers.
    """

    late: dict[NodeId, Late]
    untimed: tuple[NodeId, ...]
    perhaps: dict[NodeId, Late]


def usual_times(clock: Activity) -> tuple[int, ...]:
    """The quarters of an hour of the UTC day, 0 to 95, at which something usually happens."""
    least = _USUAL * max(clock.counts, default=0)
    return tuple(
        quarter
        for quarter, count in zip(clock.days, clock.counts, strict=True)
        if count >= least and count > 0
    )


def slack(arrives: tuple[int, ...], read: tuple[int, ...]) -> int | None:
    """Minutes from an arrival to the next read, the least of all; None when a time is unknown.

    Who reads all day long has none: each read is soon after some arrival.
    """
    gaps = [(reading - arrival) % _DAY for reading in read for arrival in arrives]
    return min(gaps) * _QUARTER if gaps else None


def lateness(
    graph: Graph, dataset: DatasetId, minutes: int, within: Collection[NodeId] | None = None
) -> Lateness:
    """How late each reader and dataset behind gets when the dataset arrives minutes later.

    within: the nodes that are asked about; what lies beside them is not walked.
    """
    spread = _Spread(graph, within)
    spread.hand_on(dataset, Late(minutes))
    spread.run()
    late = dict(spread.late)
    untimed = tuple(one for one in spread.untimed if one not in late)
    spread.run_in_the_dark()
    perhaps = {node: how for node, how in spread.late.items() if node not in late}
    return Lateness(late, untimed, perhaps)


class _Spread:
    """Hands a delay on, the greatest first: what is met once can be reached no later."""

    def __init__(self, graph: Graph, within: Collection[NodeId] | None = None) -> None:
        self.late: dict[NodeId, Late] = {}
        self.untimed: dict[NodeId, Late] = {}
        self._dark = False
        self._graph = graph
        self._within = within
        self._arrivals: dict[DatasetId, tuple[int, ...]] = {}
        self._waiting: list[tuple[int, int, NodeId, Late]] = []
        self._order = itertools.count()

    def hand_on(self, node: NodeId, how: Late) -> None:
        """A way by which a node gets late."""
        if self._within is None or node in self._within:
            heapq.heappush(self._waiting, (-how.minutes, next(self._order), node, how))

    def run(self) -> None:
        """Goes on until nothing more gets late."""
        while self._waiting:
            _, _, node, how = heapq.heappop(self._waiting)
            if node not in self.late:
                self.late[node] = how
                if isinstance(node, JobId):
                    self._from_job(node, how)
                elif isinstance(node, DatasetId):
                    self._from_dataset(node, how)

    def run_in_the_dark(self) -> None:
        """Goes on from the readers whose times nobody knows, as if they read at once."""
        self._dark = True
        for node, how in self.untimed.items():
            self.hand_on(node, how)
        self.run()

    def _from_job(self, job: JobId, how: Late) -> None:
        for link in self._graph.current(self._graph.out([job], EdgeType.WRITES)):
            view = link.target
            if isinstance(view, DatasetId) and isinstance(how.before, DatasetId):
                if self._graph.is_view(job):  # it is as new as what it shows
                    self._arrivals[view] = self._arrivals[how.before]
                self.hand_on(view, Late(how.minutes, link, job))

    def _from_dataset(self, dataset: DatasetId, how: Late) -> None:
        arrival = self._arrival(dataset)
        for link in self._graph.current(self._graph.out([dataset], EdgeType.READ_BY)):
            if self._is_over(link):
                continue
            spare = slack(arrival, usual_times(link.clock))
            if self._graph.is_view(link.target):
                spare = 0
            if spare is None:
                at_once = Late(how.minutes, link, dataset)
                self.untimed.setdefault(link.target, at_once)
                if self._dark:
                    self.hand_on(link.target, at_once)
            elif how.minutes > spare:
                self.hand_on(link.target, Late(how.minutes - spare, link, dataset))

    def _is_over(self, link: Link) -> bool:
        """Whether a read was for once, or ended: nothing of it can be late."""
        as_of, last = self._graph.as_of, link.activity.last
        if as_of is None or last is None or as_of - last <= _RECENT:
            return False
        return not self._graph.is_view(link.target) and not cadence(
            link.activity, as_of
        ).expects_by(as_of)

    def _arrival(self, dataset: DatasetId) -> tuple[int, ...]:
        """When a dataset usually has new data."""
        if dataset not in self._arrivals:
            clock = Activity()
            for link in self._graph.current(self._graph.into([dataset], EdgeType.WRITES)):
                clock = clock.plus(link.clock)
            self._arrivals[dataset] = usual_times(clock)
        return self._arrivals[dataset]

"""Runs: what all events of a run say together, merged so that their order never matters.

A run is a base fact kept beside the graph. When a later event changes it, what the run stood for
before is taken back from the counts and what it stands for now is added.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ingest.folding.cells import day_of, quarter_of
from ingest.openlineage.events import Event
from ingest.openlineage.facets import ColumnFlow, ColumnUse, column_lineage
from lineage.model import Activity, Document, Edge, EdgeKey, EdgeType, Evidence, Origin
from lineage.names import DatasetId, JobId

DOCUMENT = "run"
_RANK = {"OTHER": 0, "START": 1, "RUNNING": 2, "COMPLETE": 3, "ABORT": 3, "FAIL": 3}
_NEVER = Activity()
_TIE = {"COMPLETE": 0, "ABORT": 1, "FAIL": 2}


class RunFact(msgspec.Struct, frozen=True):
    """What is known of a run.

    state: (rank, time when terminal, tie-break, type); the greatest wins, so that a late START
    never undoes a COMPLETE. start: the least time of a START, else of any event (microseconds).
    """

    job: JobId
    run_id: str
    state: tuple[int, int, int, str]
    started: int | None
    seen: int
    inputs: frozenset[DatasetId] = frozenset()
    outputs: frozenset[DatasetId] = frozenset()
    flows: frozenset[ColumnFlow] = frozenset()
    uses: frozenset[ColumnUse] = frozenset()

    @classmethod
    def of(cls, event: Event) -> RunFact:
        """What one event says of its run."""
        assert event.job is not None
        rank = _RANK[event.type]
        told = [column_lineage(output) for output in event.outputs]
        return cls(
            event.job,
            event.run_id,
            (rank, event.time if rank == 3 else 0, _TIE.get(event.type, 0), event.type),
            event.time if event.type == "START" else None,
            event.time,
            frozenset(dataset.id for dataset in event.inputs),
            frozenset(dataset.id for dataset in event.outputs),
            frozenset(flow for flows, _ in told for flow in flows),
            frozenset(use for _, uses in told for use in uses),
        )

    def merge(self, other: RunFact) -> RunFact:
        """What both know; an event with empty lists never removes anything."""
        starts = [start for start in (self.started, other.started) if start is not None]
        return RunFact(
            self.job,
            self.run_id,
            max(self.state, other.state),
            min(starts, default=None),
            min(self.seen, other.seen),
            self.inputs | other.inputs,
            self.outputs | other.outputs,
            self.flows | other.flows,
            self.uses | other.uses,
        )

    @property
    def key(self) -> str:
        """The key of the run's document; one run id may, wrongly, come with two jobs."""
        return f"{self.job.namespace}\x1f{self.job.name}\x1f{self.run_id}"

    @property
    def document(self) -> Document:
        """The run as the store keeps it."""
        return Document(DOCUMENT, self.key, msgspec.json.encode(self, order="sorted"))

    @property
    def activity(self) -> Activity:
        """One on the day that it started; nothing when it failed: its edges stay, uncounted."""
        if self.state[3] in ("FAIL", "ABORT"):
            return Activity()
        start = self.started if self.started is not None else self.seen
        return Activity((day_of(start),), (1,))

    def edges(self) -> Iterator[Edge]:
        """The edges that the run witnesses."""
        activity, clocks = self.activity, self.clocks
        yield from edges_of(self, Origin.OPENLINEAGE, activity, Evidence.of(), *clocks)

    @property
    def clocks(self) -> tuple[Activity, Activity]:
        """When in the day it read, at its start, and wrote, at its end."""
        if not self.activity.days:
            return Activity(), Activity()
        start = self.started if self.started is not None else self.seen
        end = self.state[1] or start
        return Activity((quarter_of(start),), (1,)), Activity((quarter_of(end),), (1,))


def edges_of(
    fact: RunFact,
    origin: Origin,
    activity: Activity,
    evidence: Evidence,
    read_at: Activity = _NEVER,
    written_at: Activity = _NEVER,
) -> Iterator[Edge]:
    """The edges of a job's inputs, outputs and column lineage."""
    clocks = {EdgeType.READ_BY: read_at, EdgeType.WRITES: written_at}
    job = fact.job
    keys = [EdgeKey(EdgeType.READ_BY, d, job, origin=origin) for d in fact.inputs]
    keys += [EdgeKey(EdgeType.WRITES, job, d, origin=origin) for d in fact.outputs]
    keys += [EdgeKey(EdgeType.USED_BY, c, job, role, origin=origin) for c, role in fact.uses]
    keys += [EdgeKey(EdgeType.FEEDS, s, t, role, job, origin) for s, t, role in fact.flows]
    columns = {column for column, _ in fact.uses} | {target for _, target, _ in fact.flows}
    for key in keys:
        yield Edge(key, activity, evidence, clock=clocks.get(key.type, _NEVER))
    for column in columns:
        yield Edge(EdgeKey(EdgeType.HAS_COLUMN, column.dataset, column, origin=origin))


def difference(before: RunFact | None, after: RunFact) -> Iterator[Edge]:
    """The edges that make the graph know `after` where it knew `before`."""
    yield from after.edges()
    if before is not None:
        for edge in before.edges():
            back, clock = _taken_back(edge.activity), _taken_back(edge.clock)
            yield Edge(edge.key, back, edge.evidence, clock=clock)


def _taken_back(activity: Activity) -> Activity:
    return Activity(activity.days, tuple(-count for count in activity.counts))

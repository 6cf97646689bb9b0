"""Runs: what all events of a run say together, merged so that their order never matters.

A run is a base fact kept beside the graph. When a later event changes it, what the run stood for
before is taken back from the counts and what it stands for now is added.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from ingest.folding.cells import day_of, quarter_of
from ingest.openlineage.events import DatasetRef, Event, Json, mapping, text
from ingest.openlineage.facets import number, trouble
from ingest.openlineage.flows import ColumnFlow, ColumnUse
from ingest.openlineage.keeping import without_values
from lineage.model import Activity, Document, Edge, EdgeKey, EdgeType, Evidence, Origin
from lineage.names import ColumnId, DatasetId, JobId, PrincipalId, clean

DOCUMENT = "run"
_RANK = {"OTHER": 0, "START": 1, "RUNNING": 2, "COMPLETE": 3, "ABORT": 3, "FAIL": 3}
_TERMINAL = 3
_FAILED = ("FAIL", "ABORT")
_NEVER = Activity()
_TIE = {"COMPLETE": 0, "ABORT": 1, "FAIL": 2}
_ENDLESS = frozenset({"STREAMING", "SERVICE"})
_APART = "\x1f"  # between the parts of a key
_MOST_TEXT = 500  # characters of an error

_Told = tuple[int, str]  # when and what; the latest wins


class Amount(msgspec.Struct, frozen=True, array_like=True, order=True):
    """How much a run read from or wrote to a dataset on a day: as last told, and altogether."""

    time: int
    rows: int
    size: int
    all_rows: int
    all_size: int

    def merge(self, other: Amount) -> Amount:
        """What both know, of different events."""
        last = max(self, other)
        rows, size = self.all_rows + other.all_rows, self.all_size + other.all_size
        return Amount(last.time, last.rows, last.size, rows, size)


class RunFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a run. Times are microseconds since 1970-01-01 UTC.

    state: (rank, time when terminal, tie-break, type); the greatest wins, so that a late START
    never undoes a COMPLETE. start: the least time of a START, else of any event.
    last: (time, rank, type) of the newest event: the state of a run that is not meant to end.
    days: those on which an event told that it was well. facts: what its facets say, by name; among
    them parent_namespace, parent_job, parent_run, root_…, nominal_start, nominal_end, engine, error
    and incomplete. people: the logins that it ran as. amounts: by `in` or `out`, day and dataset.
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
    last: tuple[int, int, str] = (0, 0, "")
    streaming: bool = False
    days: frozenset[int] = frozenset()
    facts: dict[str, _Told] = {}
    people: frozenset[str] = frozenset()
    amounts: dict[str, Amount] = {}

    @classmethod
    def of(
        cls,
        event: Event,
        job: JobId,
        inputs: Collection[DatasetId] = (),
        outputs: Collection[DatasetId] = (),
    ) -> RunFact:
        """What an event says of a run of this job, which read and wrote these datasets."""
        rank, time = _RANK[event.type], event.time
        return cls(
            job,
            event.run_id,
            (rank, time if rank == _TERMINAL else 0, _TIE.get(event.type, 0), event.type),
            time if event.type == "START" else None,
            time,
            frozenset(inputs),
            frozenset(outputs),
            last=(time, rank, event.type),
            streaming=_processing(event.job_facets) in _ENDLESS,
            days=frozenset() if event.type in _FAILED else frozenset((day_of(time),)),
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
            max(self.last, other.last),
            self.streaming or other.streaming,
            self.days | other.days,
            _newest(self.facts, other.facts),
            self.people | other.people,
            _summed(self.amounts, other.amounts),
        )

    @property
    def key(self) -> str:
        """The key of the run's document; one run id may, wrongly, come with two jobs."""
        return _APART.join((self.job.namespace, self.job.name, self.run_id))

    @property
    def document(self) -> Document:
        """The run as the store keeps it."""
        return Document(DOCUMENT, self.key, msgspec.json.encode(self))

    @property
    def type(self) -> str:
        """The state: START, RUNNING, COMPLETE, FAIL, ABORT or OTHER.

        A stream is what its newest event says; START after COMPLETE opens it again.
        """
        return self.last[2] if self.streaming and self.last[2] else self.state[3]

    @property
    def start(self) -> int:
        """When it started, as far as was told."""
        return self.started if self.started is not None else self.seen

    @property
    def end(self) -> int | None:
        """When it ended; None while it runs."""
        return self.state[1] or None if _RANK[self.type] == _TERMINAL else None

    @property
    def activity(self) -> Activity:
        """One on the day that it started; nothing when it failed: its edges stay, uncounted.

        Of a stream one on each day that it was well, whatever became of it.
        """
        if self.streaming:
            days = sorted(self.days)
            return Activity(tuple(days), (1,) * len(days))
        if self.state[3] in _FAILED:
            return _NEVER
        return Activity((day_of(self.start),), (1,))

    @property
    def columns(self) -> set[ColumnId]:
        """The columns that its column lineage names."""
        targets = {target for _, target, _ in self.flows}
        return targets.union(column for column, _ in self.uses)

    @property
    def clocks(self) -> tuple[Activity, Activity]:
        """When in the day it read, at its start, and wrote, at its end; a stream at no time."""
        if self.streaming or not self.activity.days:
            return _NEVER, _NEVER
        end = self.state[1] or self.start
        return Activity((quarter_of(self.start),), (1,)), Activity((quarter_of(end),), (1,))

    def edges(self) -> Iterator[Edge]:
        """The edges that the run witnesses."""
        return self.counting(self.activity, *self.clocks)

    def counting(
        self, activity: Activity, read_at: Activity, written_at: Activity
    ) -> Iterator[Edge]:
        """The edges that the run witnesses, with another activity than its own."""
        yield from edges_of(self, Origin.OPENLINEAGE, activity, Evidence.of(), read_at, written_at)
        for name in self.people:
            login = PrincipalId(self.job.namespace, name)
            key = EdgeKey(EdgeType.RUN_BY, self.job, login, origin=Origin.OPENLINEAGE)
            yield Edge(key, activity)

    def written(self) -> Iterator[tuple[DatasetId, int, int, int]]:
        """(dataset, day, rows, bytes) of what it wrote: what was told last; of a stream, every day.

        Nothing when it failed.
        """
        last: dict[DatasetId, Amount] = {}
        for key, amount in self.amounts.items() if self.activity.days else ():
            side, _, namespace, name = key.split(_APART)
            dataset = DatasetId(namespace, name)
            if side == "out" and self.streaming:
                yield dataset, day_of(amount.time), amount.all_rows, amount.all_size
            elif side == "out":
                last[dataset] = max(last.get(dataset, amount), amount)
        for dataset, amount in last.items():
            yield dataset, day_of(amount.time), amount.rows, amount.size


def _newest(one: dict[str, _Told], other: dict[str, _Told]) -> dict[str, _Told]:
    if not one or not other:
        return one or other
    return {name: max(one.get(name, (0, "")), other.get(name, (0, ""))) for name in one | other}


def _summed(one: dict[str, Amount], other: dict[str, Amount]) -> dict[str, Amount]:
    both = one.keys() & other.keys()
    return {**one, **other, **{name: one[name].merge(other[name]) for name in both}}


def _processing(job_facets: Json) -> str:
    return text(mapping(job_facets.get("jobType")).get("processingType")).upper()


def facts_of(event: Event) -> dict[str, _Told]:
    """What the facets of a run say of it, by name."""
    facets = event.run_facets
    parent = mapping(facets.get("parent")) or mapping(facets.get("parentRun"))
    nominal, engine = mapping(facets.get("nominalTime")), mapping(facets.get("processing_engine"))
    said = {
        **_of_parent("parent", parent),
        **_of_parent("root", mapping(parent.get("root"))),
        "nominal_start": text(nominal.get("nominalStartTime")),
        "nominal_end": text(nominal.get("nominalEndTime")),
        "engine": f"{text(engine.get('name'))} {text(engine.get('version'))}".strip(),
        "error": without_values(text(mapping(facets.get("errorMessage")).get("message"))),
        "incomplete": trouble(facets),
    }
    return {name: (event.time, clean(value)[:_MOST_TEXT]) for name, value in said.items() if value}


def _of_parent(name: str, said: Json) -> dict[str, str]:
    job, run = mapping(said.get("job")), mapping(said.get("run"))
    return {
        f"{name}_namespace": text(job.get("namespace")),
        f"{name}_job": text(job.get("name")),
        f"{name}_run": text(run.get("runId")),
    }


# Where integrations say as whom a run ran: facet, then the way to the name.
_LOGINS = (
    ("hive_session", "username"),
    ("spark_applicationDetails", "userName"),
    ("trino_query_context", "user"),
    ("environment-properties", "environment-properties", "user"),
    ("airflow", "dagRun", "triggering_user_name"),
)


def people_of(facets: Json) -> frozenset[str]:
    """The logins that the facets of a run name; what was redacted names nobody."""
    found = set()
    for facet, *way in _LOGINS:
        value: object = facets.get(facet)
        for step in way:
            value = mapping(value).get(step)
        name = clean(text(value))
        if any(letter.isalnum() for letter in name):
            found.add(name)
    return frozenset(found)


def amounts_of(event: Event) -> dict[str, Amount]:
    """How much was read and written, as the statistics facets of an event say."""
    sides = (("in", "inputStatistics", event.inputs), ("out", "outputStatistics", event.outputs))
    found: dict[str, Amount] = {}
    for side, name, datasets in sides:
        for dataset in datasets:
            amount = _amount(dataset, name, event.time)
            if amount:
                day = str(day_of(event.time))
                found[_APART.join((side, day, dataset.id.namespace, dataset.id.name))] = amount
    return found


def _amount(dataset: DatasetRef, name: str, time: int) -> Amount | None:
    facet = mapping(dataset.facets.get(name))
    rows, size = number(facet.get("rowCount")), number(facet.get("size"))
    if rows is None and size is None:
        return None
    return Amount(time, rows or 0, size or 0, rows or 0, size or 0)


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
    for key in keys:
        yield Edge(key, activity, evidence, clock=clocks.get(key.type, _NEVER))
    for column in fact.columns:
        yield Edge(EdgeKey(EdgeType.HAS_COLUMN, column.dataset, column, origin=origin))


def difference(before: RunFact | None, after: RunFact) -> Iterator[Edge]:
    """The edges that make the graph know `after` where it knew `before`."""
    if before is None:
        yield from after.edges()
        return
    new = msgspec.structs.replace(
        after,
        inputs=after.inputs - before.inputs,
        outputs=after.outputs - before.outputs,
        flows=after.flows - before.flows,
        uses=after.uses - before.uses,
        people=after.people - before.people,
    )
    yield from new.edges()
    activity = _change(before.activity, after.activity)
    read_at, written_at = map(_change, before.clocks, after.clocks)
    known = (
        before
        if activity.days
        else msgspec.structs.replace(before, flows=frozenset(), uses=frozenset())
    )
    for edge in known.counting(activity, read_at, written_at):
        if edge.activity.days or edge.clock.days:
            yield edge


def _change(before: Activity, after: Activity) -> Activity:
    back = Activity(before.days, tuple(-count for count in before.counts))
    return after.plus(back)

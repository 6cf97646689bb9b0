"""What one event says of its runs: usually of one, of several when it says which input feeds what.

When a lineage facet says that an output comes from other datasets than those that the event reads
as a whole, the output has a job of its own, a part of the event's job: so the inputs of one output
never seem to feed another.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ingest.deriving.additions import Additions
from ingest.folding.cells import day_of
from ingest.identity import canonical
from ingest.openlineage.events import DatasetRef, Event, Json, mapping, text
from ingest.openlineage.facets import OF_DATASET, SCHEMA
from ingest.openlineage.flows import Columns, Stated, column_lineage, stated_lineage
from ingest.openlineage.runs import RunFact, amounts_of, facts_of, people_of
from lineage.calendar import iso_day
from lineage.errors import InvalidName
from lineage.model import EdgeType, Fact, Node, Origin, Role
from lineage.names import ColumnId, DatasetId, JobId


def runs_of(event: Event, job: JobId, add: Additions) -> list[RunFact]:
    """What an event says of the run of its job, of the parts of it, and of runs of other jobs."""
    stated = stated_lineage(event)
    told = _Told(event, job)
    for output in event.outputs:
        columns = column_lineage(output)
        if not any(one.target == output.id and one.says_columns for one in stated):
            told.columns(columns, output.id)
        told.renamed(output)
    for one in stated:
        told.stated(one)
    return told.runs(add)


def declared_of_dataset(event: Event, add: Additions) -> Iterator[tuple[DatasetId, list[RunFact]]]:
    """What an event without a job says of what feeds its dataset; the job is called by it.

    A deleted facet says that nothing does any more.
    """
    for dataset in event.outputs:
        facets = [mapping(dataset.facets.get(name)) for name in ("lineage", "columnLineage")]
        if not any(facets):
            continue
        stated = [one for one in stated_lineage(event) if one.target == dataset.id]
        columns = [one.columns for one in stated] or [column_lineage(dataset)]
        sources = {source for one in stated for source in one.datasets}
        sources |= {column.dataset for one in columns for column, _ in one.uses}
        if any(facet.get("_deleted") is True for facet in facets) and not sources:
            yield dataset.id, []
            continue
        told = _Told(event, JobId(dataset.id.namespace, f"dataset {dataset.id.name}"))
        told.inputs |= sources
        for one in columns:
            told.columns(one, dataset.id)
        yield dataset.id, told.runs(add)


class _Told:
    """The jobs of one event with what they read and write, as it is put together."""

    def __init__(self, event: Event, job: JobId) -> None:
        self.inputs = {dataset.id for dataset in event.inputs}
        self._event = event
        self._job = job
        self._outputs = {dataset.id for dataset in event.outputs}
        self._columns: dict[DatasetId, list[Columns]] = {}
        self._sources: dict[DatasetId, set[DatasetId]] = {}
        self._read_by: dict[JobId, set[DatasetId]] = {}
        self._written_by: dict[JobId, set[DatasetId]] = {}

    def columns(self, columns: Columns, output: DatasetId) -> None:
        """Takes in how columns flow into an output."""
        self._columns.setdefault(output, []).append(columns)

    def renamed(self, output: DatasetRef) -> None:
        """Takes in that what the old name held is what the new one holds."""
        facet = mapping(output.facets.get("lifecycleStateChange"))
        old = (
            previous_name(facet)
            if text(facet.get("lifecycleStateChange")).upper() == "RENAME"
            else None
        )
        if old is None or old == output.id:
            return
        self.inputs.add(old)
        rows = OF_DATASET[SCHEMA](mapping(output.facets.get(SCHEMA)))
        pairs = [(ColumnId(old, row[0]), ColumnId(output.id, row[0])) for row in rows]
        flows = tuple((before, after, Role.IDENTITY) for before, after in pairs)
        uses = tuple((before, Role.IDENTITY) for before, _ in pairs)
        self.columns(Columns(flows, uses), output.id)

    def stated(self, one: Stated) -> None:
        """Takes in what is explicitly said to feed a target."""
        if isinstance(one.target, JobId):
            self._feed_job(one.target, one)
            return
        target = one.target
        self._outputs.add(target)
        self.columns(one.columns, target)
        for source in one.jobs - {self._job}:
            self._written_by.setdefault(source, set()).add(target)
        if one.whole:
            self._sources.setdefault(target, set()).update(one.datasets)
        else:
            self.inputs |= one.datasets

    def _feed_job(self, target: JobId, one: Stated) -> None:
        read = self.inputs if target == self._job else self._read_by.setdefault(target, set())
        read |= one.datasets
        for source in one.jobs - {target}:
            between = DatasetId(f"inmemory://{source.namespace}", source.name)
            if source == self._job:
                self._outputs.add(between)
            else:
                self._written_by.setdefault(source, set()).add(between)
            read.add(between)

    def runs(self, add: Additions) -> list[RunFact]:
        """The runs; the event's own job comes first."""
        apart = {
            target: sources for target, sources in self._sources.items() if sources != self.inputs
        }
        inputs, outputs = self.inputs, self._outputs - apart.keys()
        if apart and not outputs:
            inputs = inputs.difference(*apart.values())
        event = self._event
        own = self._run(self._job, inputs, outputs, add)
        amounts = amounts_of(event)
        runs = [msgspec.structs.replace(own, facts=facts_of(event), amounts=amounts)]
        for target, sources in apart.items():
            part = JobId(self._job.namespace, f"{self._job.name} -> {target.name}")
            add.node(part, kind="job")
            add.edge(EdgeType.PART_OF, part, self._job, origin=Origin.OPENLINEAGE)
            runs.append(self._run(part, sources, {target}, add))
        for job in sorted(self._read_by.keys() | self._written_by.keys()):
            read, written = self._read_by.get(job, set()), self._written_by.get(job, set())
            add.node(job, kind="job")
            runs.append(RunFact.of(event, job, read, written))
        return runs

    def _run(
        self, job: JobId, inputs: set[DatasetId], outputs: set[DatasetId], add: Additions
    ) -> RunFact:
        columns = [one for output in outputs for one in self._columns.get(output, ())]
        masked = Fact(iso_day(day_of(self._event.time)), "true")
        for column in (column for one in columns for column in one.masked):
            add.facts(Node(column, {"masked": masked}))
        fact = RunFact.of(self._event, job, inputs, outputs)
        return msgspec.structs.replace(
            fact,
            flows=frozenset(flow for one in columns for flow in one.flows),
            uses=frozenset(use for one in columns for use in one.uses),
            people=people_of(self._event.run_facets),
        )


def previous_name(lifecycle: Json) -> DatasetId | None:
    """What a renamed dataset was called before."""
    previous = mapping(lifecycle.get("previousIdentifier"))
    try:
        return canonical(text(previous.get("namespace")), text(previous.get("name")))
    except InvalidName:
        return None

"""OpenLineage events, made with the classes of openlineage-python."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import NotRequired, TypedDict

from attribution import node_id, uuid
from openlineage.client import event_v2 as ol
from openlineage.client import facet_v2 as facets
from openlineage.client.generated import base
from openlineage.client.serde import Serde
from plan import NAMESPACES, ROLES, STORY, Catalogue, Dataset, Reference, Shape
from run import Execution
from schedule import FIRST_DAY, moments
from volumes import Row as Told
from volumes import assertions, read_volumes, statistics, symlinks
from writers import Row, snowflake_query_id

_PRODUCERS = {
    "airflow": "https://github.com/apache/airflow/tree/providers-openlineage/1.14.0",
    "spark": "https://github.com/OpenLineage/OpenLineage/tree/1.33.0/integration/spark",
    "dbt": "https://github.com/OpenLineage/OpenLineage/tree/1.33.0/integration/dbt",
}
_ENGINES = {"airflow": "2.10.5", "spark": "3.5.1", "dbt": "1.8.9"}
_KINDS = {"airflow": "TASK", "spark": "SQL_JOB", "dbt": "MODEL"}
_JOB_NAMESPACES = {"airflow": "airflow", "spark": "spark", "dbt": "dbt"}
_FAILURE_RATE = 0.012


@dataclass(frozen=True)
class EventJob:
    """A job that is seen through events: what it reads, writes, and which column goes where."""

    integration: str
    name: str
    inputs: tuple[str, ...]
    output: str
    references: tuple[Reference, ...]
    schedule: str = ""


@dataclass(frozen=True)
class EventRun:
    """One run of a job; `query`: the warehouse's id of the statement that did the work."""

    job: EventJob
    at: datetime
    failed: bool = False
    query: str = ""


@dataclass(frozen=True)
class Volumes:
    """What the story says of how much datasets hold."""

    seed: int
    told: Mapping[str, Told]

    def of(self, dataset: Dataset) -> Told:
        """What it says of one of them; nothing where it is silent."""
        return self.told.get(dataset.id, {})


class _Entry(TypedDict):
    """A job of `story/events.json`.

    `columns`: output column → marks `ROLE:[place of the input.]column`; `dataset`: marks of what
    steers the whole output; `copies`: every column goes to the one of the same name.
    """

    integration: str
    name: str
    at: str
    inputs: list[str]
    output: str
    copies: NotRequired[bool]
    columns: NotRequired[dict[str, list[str]]]
    dataset: NotRequired[list[str]]


def read_jobs(catalogue: Catalogue) -> list[EventJob]:
    """The jobs of `story/events.json`."""
    entries: list[_Entry] = json.loads((STORY / "events.json").read_text())
    return [_job(entry, catalogue) for entry in entries]


def _job(entry: _Entry, catalogue: Catalogue) -> EventJob:
    inputs = tuple(entry["inputs"])
    columns = entry.get("columns", {})
    if entry.get("copies"):
        written = {column.lower(): column for column in catalogue[entry["output"]].column_names}
        names = [name for name in catalogue[inputs[0]].column_names if name in written]
        columns = {written[name]: [f"I:{name}"] for name in names}
    references = [
        _reference(mark, inputs, (target,)) for target, marks in columns.items() for mark in marks
    ]
    references += [_reference(mark, inputs, ()) for mark in entry.get("dataset", [])]
    return EventJob(
        entry["integration"],
        entry["name"],
        inputs,
        entry["output"],
        tuple(references),
        entry["at"],
    )


def _reference(mark: str, inputs: tuple[str, ...], targets: tuple[str, ...]) -> Reference:
    role, _, column = mark.partition(":")
    place, dot, name = column.partition(".")
    dataset, column = (inputs[int(place)], name) if dot else (inputs[0], column)
    return Reference(dataset, column, ROLES[role], targets)


def job_runs(jobs: list[EventJob], seed: int) -> list[EventRun]:
    """Every run of every job, a few of them failed."""
    runs: list[EventRun] = []
    for job in jobs:
        stream = random.Random(f"{seed}:openlineage:{job.name}")
        times = moments({"at": job.schedule}, "openlineage", stream)
        runs += [EventRun(job, at, stream.random() < _FAILURE_RATE) for at in times]
    return runs


def dbt_runs(executions: Iterable[Execution], inputs: Mapping[str, EventJob]) -> list[EventRun]:
    """The runs of the dbt models that report events, each with the id of its statement."""
    return [
        EventRun(inputs[name], execution.at, query=snowflake_query_id(execution))
        for execution in executions
        if execution.shape.flag("externalquery")
        and (name := node_id(execution.shape.options)) in inputs
        and execution.at.date() >= FIRST_DAY["openlineage"]
    ]


def dbt_jobs(shapes: Iterable[Shape], catalogue: Catalogue) -> dict[str, EventJob]:
    """The dbt models that report events, by node; a model's temporary step is not shown."""
    makers = {shape.target: shape for shape in shapes if shape.target}
    found = {}
    for shape in shapes:
        if shape.flag("externalquery") and shape.target:
            steps = [makers[name] for name in shape.reads if catalogue[name].kind == "temporary"]
            inner = steps[0] if steps else shape
            name = node_id(shape.options)
            found[name] = EventJob("dbt", name, inner.reads, shape.target, inner.references)
    return found


def run_rows(runs: Iterable[EventRun], catalogue: Catalogue, seed: int) -> list[Row]:
    """The START and terminal event of each run, in the order they were sent."""
    volumes = Volumes(seed, read_volumes())
    rows = [row for run in runs for row in _run_rows(run, catalogue, volumes)]
    return sorted(rows, key=lambda row: (row.at, row.line))


def _run_rows(run: EventRun, catalogue: Catalogue, volumes: Volumes) -> Iterator[Row]:
    stream = random.Random(f"{volumes.seed}:run:{run.job.name}:{run.at}")
    identifier = uuid(stream)
    end = run.at + timedelta(seconds=stream.randint(4, 400), milliseconds=stream.randrange(1000))
    last = ol.RunState.FAIL if run.failed else ol.RunState.COMPLETE
    base.set_producer(_PRODUCERS[run.job.integration])
    for at, state in ((run.at, ol.RunState.START), (end, last)):
        event = _event(run, at, state, identifier, catalogue, volumes)
        yield Row(at, Serde.to_json(event) + "\n", noise=state is ol.RunState.START)


def _event(
    run: EventRun,
    at: datetime,
    state: ol.RunState,
    identifier: str,
    catalogue: Catalogue,
    volumes: Volumes,
) -> ol.RunEvent:
    job, integration = run.job, run.job.integration
    done = state is not ol.RunState.START
    full = done and not run.failed
    day = run.at.date()
    return ol.RunEvent(
        eventTime=_iso(at),
        eventType=state,
        producer=_PRODUCERS[integration],
        run=ol.Run(runId=identifier, facets=_run_facets(run, done)),
        job=ol.Job(_JOB_NAMESPACES[integration], job.name, _job_facets(integration)),
        inputs=[_input(catalogue[name], job, volumes, day, full=full) for name in job.inputs],
        outputs=[_output(job, catalogue, volumes, day, full=full)],
    )


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _run_facets(run: EventRun, done: bool) -> dict[str, base.RunFacet]:
    job = run.job
    found: dict[str, base.RunFacet] = {
        "processing_engine": facets.processing_engine_run.ProcessingEngineRunFacet(
            version=_ENGINES[job.integration],
            name=job.integration.capitalize() if job.integration == "airflow" else job.integration,
            openlineageAdapterVersion="1.33.0",
        ),
        "parent": facets.parent_run.ParentRunFacet(
            run=facets.parent_run.Run(runId=_parent_id(run)),
            job=facets.parent_run.Job(_JOB_NAMESPACES[job.integration], _parent_name(job)),
        ),
    }
    if job.integration == "airflow":
        found["nominalTime"] = facets.nominal_time_run.NominalTimeRunFacet(
            nominalStartTime=run.at.strftime("%Y-%m-%dT%H:%M:00Z")
        )
    if run.query and done:
        found["externalQuery"] = facets.external_query_run.ExternalQueryRunFacet(
            externalQueryId=run.query, source=NAMESPACES["warehouse"]
        )
    if run.failed and done:
        found["errorMessage"] = facets.error_message_run.ErrorMessageRunFacet(
            message="Task failed: connection reset by peer", programmingLanguage="PYTHON"
        )
    return found


def _parent_name(job: EventJob) -> str:
    return "dbt-run-modaloop" if job.integration == "dbt" else job.name.split(".")[0]


def _parent_id(run: EventRun) -> str:
    digest = blake2b(
        f"{_parent_name(run.job)}|{run.at.date()}".encode(), digest_size=16
    ).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"


def _job_facets(integration: str) -> dict[str, base.JobFacet]:
    return {
        "jobType": facets.job_type_job.JobTypeJobFacet(
            processingType="BATCH",
            integration=integration.upper(),
            jobType=_KINDS[integration],
        )
    }


def _input(
    dataset: Dataset, job: EventJob, volumes: Volumes, day: date, *, full: bool
) -> ol.InputDataset:
    """An input; the tasks of Airflow look at what they read."""
    looks = full and job.integration == "airflow"
    return ol.InputDataset(
        dataset.namespace,
        dataset.name,
        facets={"schema": _schema(dataset)},
        inputFacets=assertions(volumes.of(dataset), day, volumes.seed) if looks else {},
    )


def _output(
    job: EventJob, catalogue: Catalogue, volumes: Volumes, day: date, *, full: bool
) -> ol.OutputDataset:
    dataset = catalogue[job.output]
    told = volumes.of(dataset)
    found: dict[str, base.DatasetFacet] = {"schema": _schema(dataset)} | symlinks(told)
    if full and job.references:
        found["columnLineage"] = _column_lineage(job, catalogue)
    written = statistics(told, dataset, day, volumes.seed) if full else {}
    return ol.OutputDataset(dataset.namespace, dataset.name, facets=found, outputFacets=written)


def _schema(dataset: Dataset) -> facets.schema_dataset.SchemaDatasetFacet:
    return facets.schema_dataset.SchemaDatasetFacet(
        fields=[
            facets.schema_dataset.SchemaDatasetFacetFields(name=name, type=_TYPES[kind])
            for name, kind in dataset.columns
        ]
    )


_TYPES = {
    "n": "DECIMAL",
    "t": "VARCHAR",
    "d": "DATE",
    "s": "TIMESTAMP",
    "b": "BOOLEAN",
    "f": "DOUBLE",
}


def _column_lineage(
    job: EventJob, catalogue: Catalogue
) -> facets.column_lineage_dataset.ColumnLineageDatasetFacet:
    lineage = facets.column_lineage_dataset
    by_target: dict[str, list[lineage.InputField]] = {}
    indirect: list[lineage.InputField] = []
    for reference in job.references:
        source = catalogue[reference.dataset]
        kind = "DIRECT" if reference.targets else "INDIRECT"
        entry = lineage.InputField(
            source.namespace,
            source.name,
            reference.column,
            [lineage.Transformation(kind, reference.role, "", False)],
        )
        for target in reference.targets:
            by_target.setdefault(target, []).append(entry)
        if not reference.targets:
            indirect.append(entry)
    fields = {target: lineage.Fields(inputFields=entries) for target, entries in by_target.items()}
    return lineage.ColumnLineageDatasetFacet(fields=fields, dataset=indirect)


def declared_rows() -> list[Row]:
    """What is declared, not observed: a JobEvent of the shop, a DatasetEvent with an owner."""
    at = datetime.fromisoformat("2026-07-01T09:00:00+00:00")
    base.set_producer("https://modaloop.example/service-catalogue")
    job = ol.JobEvent(
        eventTime=_iso(at),
        job=ol.Job(
            "services",
            "storefront.order-events",
            {
                "ownership": facets.ownership_job.OwnershipJobFacet(
                    owners=[facets.ownership_job.Owner("team:checkout", "MAINTAINER")]
                ),
                "jobType": facets.job_type_job.JobTypeJobFacet(
                    processingType="SERVICE", integration="SERVICE_CATALOGUE", jobType="SERVICE"
                ),
            },
        ),
        inputs=[ol.InputDataset(NAMESPACES["postgres"], DECLARED_EDGE[0].split(":")[-1])],
        outputs=[ol.OutputDataset(NAMESPACES["kafka"], DECLARED_EDGE[1].split(":")[-1])],
    )
    namespace, _, name = OWNED_BY_EVENT[0].rpartition(":")
    dataset = ol.DatasetEvent(
        eventTime=_iso(at + timedelta(seconds=1)),
        dataset=ol.StaticDataset(
            namespace,
            name,
            facets={
                "ownership": facets.ownership_dataset.OwnershipDatasetFacet(
                    owners=[facets.ownership_dataset.Owner(f"team:{OWNED_BY_EVENT[1]}", "OWNER")]
                ),
                "documentation": facets.documentation_dataset.DocumentationDatasetFacet(
                    description="First touch of each visitor, sessionised by the data science guild"
                ),
            },
        ),
    )
    return [Row(at, Serde.to_json(event) + "\n") for event in (job, dataset)]


DECLARED_EDGE = (
    "postgres://orders-db:5432:shop.checkout.orders",
    "kafka://bus:9092:checkout.order-placed",
)
OWNED_BY_EVENT = ("trino://lake:8443:archive.sandbox.mira_sessions", "fraud")

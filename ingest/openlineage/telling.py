"""What one event tells: of its runs, of its datasets and its job, and of how jobs hang together.

Everything follows from the one event, so that the order in which events come cannot matter; how
what several told is put together is in `runs.py` and `entities.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from ingest.deriving.additions import Additions
from ingest.folding.cells import iso
from ingest.identity import canonical
from ingest.openlineage.entities import APART, Declaration, Entities, Entity, Said
from ingest.openlineage.events import (
    DatasetRef,
    Event,
    Json,
    items,
    job_id,
    mapping,
    producer_family,
    text,
)
from ingest.openlineage.facets import (
    OF_JOB,
    OF_RUN,
    OWNERSHIP,
    SCHEMA,
    Rows,
    dataset_says,
    test_results,
    told,
    trouble,
)
from ingest.openlineage.runs import RunFact
from ingest.openlineage.told_runs import declared_of_dataset, previous_name, runs_of
from lineage.errors import InvalidEvent, InvalidName
from lineage.model import EdgeType, Origin
from lineage.names import ColumnId, DatasetId, JobId, team

_BAD_END = ("FAIL", "ABORT")
_Life = tuple[tuple[int, str] | None, int | None]  # lapse and intact of an Entity


def tell(event: Event, add: Additions, entities: Entities) -> list[RunFact]:
    """What an event says of its runs; what else it says is added, or taken in by the entities."""
    for dataset in event.inputs:
        _dataset(event, dataset, add, entities, written=False)
    for dataset in event.outputs:
        _dataset(event, dataset, add, entities, written=True)
    if event.job is None:
        for target, runs in declared_of_dataset(event, add):
            entities.take(target, _declaration(event, runs, add))
        return []
    _job(event, event.job, add, entities)
    _hierarchy(event, event.job, add)
    _control_flow(event, event.job, add)
    runs = runs_of(event, event.job, add)
    if event.kind == "run":
        return runs
    entities.take(event.job, _declaration(event, runs, add))
    return []


def _declaration(event: Event, runs: list[RunFact], add: Additions) -> Entity:
    for fact in runs:
        # What was named stays, also when another declaration takes the edges back.
        add.node(fact.job)
        for named in (fact.inputs, fact.outputs, fact.columns):
            for node in named:
                add.node(node)
    declaration = Declaration(event.time, event.key, tuple(runs))
    return Entity(declared={producer_family(event.producer): declaration})


def _dataset(
    event: Event, dataset: DatasetRef, add: Additions, entities: Entities, *, written: bool
) -> None:
    """Takes in what the facets of a dataset say of it."""
    time, id_ = event.time, dataset.id
    says = dataset_says(dataset.facets)
    add.node(id_)
    for column in says.columns:
        add.column(ColumnId(id_, column), Origin.OPENLINEAGE)
    said = _said(event, says.facets, add)
    columns = next((rows for facet, rows in says.facets if facet == SCHEMA), None) or ()
    if written:
        listed = tuple((name, type_) for name, type_, _, place in columns if place)
        add.listed(id_, listed, iso(time))
    else:
        said.pop(SCHEMA, None)
    _aliases(id_, dataset.facets, add)
    lapse, intact = _life(event, dataset, entities) if written else (None, None)
    checks = _checks(time, says.assertions)
    read = {} if written else {name: (time, type_, about) for name, type_, about, _ in columns}
    news = Entity(said, read=read, checks=checks, lapse=lapse, intact=intact)
    if news != _NOTHING:
        entities.take(id_, news)


_NOTHING = Entity()


def _said(
    event: Event, told_rows: Iterable[tuple[str, Rows | None]], add: Additions
) -> dict[str, dict[str, Said]]:
    """What facets say, as this producer's word of this moment."""
    producer = producer_family(event.producer)
    said = {facet: {producer: Said(event.time, rows)} for facet, rows in told_rows}
    for owners in said.get(OWNERSHIP, {}).values():
        for name, kind in owners.rows or ():
            # A person is a team of one, whom his name reaches.
            add.node(team(name), contact=name if kind == "user" else "")
    return said


def _checks(time: int, results: Iterable[tuple[str, str, bool]]) -> dict[str, tuple[int, bool]]:
    return {f"{name}{APART}{column}": (time, not passed) for name, column, passed in results}


def _aliases(dataset: DatasetId, facets: Json, add: Additions) -> None:
    for link in items(mapping(facets.get("symlinks")).get("identifiers")):
        try:
            other = canonical(text(link.get("namespace")), text(link.get("name")))
        except InvalidName:
            continue
        if other != dataset:
            add.edge(EdgeType.SAME_AS, dataset, other, origin=Origin.OPENLINEAGE)


def _life(event: Event, dataset: DatasetRef, entities: Entities) -> _Life:
    """When the dataset was dropped, when it was there; what it was called before is no more."""
    facet = mapping(dataset.facets.get("lifecycleStateChange"))
    change = text(facet.get("lifecycleStateChange")).upper()
    if event.type in _BAD_END or event.kind == "job":
        return None, None
    if change == "DROP":
        return (event.time, ""), None
    if change == "RENAME":
        previous = previous_name(facet)
        if previous and previous != dataset.id:
            entities.take(previous, Entity(lapse=(event.time, str(dataset.id))))
    there = change or (event.kind == "run" and event.type != "START")
    return None, event.time if there else None


def _job(event: Event, job: JobId, add: Additions, entities: Entities) -> None:
    """Takes in what the facets of a job and its run say of the job."""
    add.node(job, kind="job")
    rows = (*told(event.job_facets, OF_JOB), *told(event.run_facets, OF_RUN))
    said = _said(event, rows, add)
    lapse, intact = _extracted(event)
    tests = _checks(event.time, test_results(event.run_facets))
    if tests and len(event.inputs) == 1:  # what is tested is what is read
        tested = event.inputs[0].id
        for _, column, _ in test_results(event.run_facets):
            if column:
                add.column(ColumnId(tested, column), Origin.OPENLINEAGE)
        entities.take(tested, Entity(checks=tests))
        tests = {}
    news = Entity(said, checks=tests, lapse=lapse, intact=intact)
    if news != _NOTHING:
        entities.take(job, news)


def _extracted(event: Event) -> _Life:
    """When the lineage of the job was incomplete, and why; when it was whole."""
    why = trouble(event.run_facets)
    if why and not event.inputs and not event.outputs:
        return (event.time, why), None
    return None, event.time if event.type == "COMPLETE" else None


def _hierarchy(event: Event, job: JobId, add: Additions) -> None:
    """Adds what the job is a part of: its parent, and the parent of the root of them all."""
    facet = mapping(event.run_facets.get("parent")) or mapping(event.run_facets.get("parentRun"))
    parent = _named(mapping(facet.get("job")))
    root = _named(mapping(mapping(facet.get("root")).get("job")))
    above = [one for one in dict.fromkeys((parent, root)) if one is not None and one != job]
    for part, whole in zip((job, *above), above, strict=False):
        add.node(whole, kind="job")
        add.edge(EdgeType.PART_OF, part, whole, origin=Origin.OPENLINEAGE)


def _control_flow(event: Event, job: JobId, add: Additions) -> None:
    """Adds which job waits for which."""
    dependencies = mapping(event.run_facets.get("jobDependencies"))
    for said in items(dependencies.get("upstream")):
        _precedes(_named(mapping(said.get("job"))), job, add)
    for said in items(dependencies.get("downstream")):
        _precedes(job, _named(mapping(said.get("job"))), add)
    # Airflow tells of the tasks of a DAG; the job of a task is called by both.
    for task, about in mapping(mapping(event.job_facets.get("airflow")).get("tasks")).items():
        after = mapping(about).get("downstream_task_ids")
        for other in after if isinstance(after, list) else ():
            _precedes(_task(job, task), _task(job, text(other)), add)


def _task(dag: JobId, task: str) -> JobId | None:
    return _named({"namespace": dag.namespace, "name": f"{dag.name}.{task}"}) if task else None


def _precedes(before: JobId | None, after: JobId | None, add: Additions) -> None:
    if before is not None and after is not None and before != after:
        for job in (before, after):
            add.node(job, kind="job")
        add.edge(EdgeType.PRECEDES, before, after, origin=Origin.OPENLINEAGE)


def _named(said: Json) -> JobId | None:
    try:
        return job_id(said, "$")
    except InvalidEvent:
        return None

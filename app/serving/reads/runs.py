"""Runs as Marquez shows them, found by id, or the last ones of a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from app.serving.reads.asking import missing, time_text
from app.serving.reads.shapes import DatasetOfRun, Json, Run, RunVersion
from app.serving.reads.versions import version_of_job
from ingest.openlineage.run_index import BY_ID, BY_JOB, called, run_key, runs_of
from ingest.openlineage.runs import DOCUMENT, RunFact
from lineage.model import Document
from lineage.names import DatasetId, JobId
from lineage.store import Store

_STATES = {
    "START": "RUNNING",
    "RUNNING": "RUNNING",
    "COMPLETE": "COMPLETED",
    "FAIL": "FAILED",
    "ABORT": "ABORTED",
}
_TWICE = 100  # runs of one id that are looked at
# The facets of a run of which the graph keeps something: of each the fields, and by which name.
_FACETS = {
    "errorMessage": {"message": "error"},
    "processing_engine": {"name": "engine"},
    "nominalTime": {"nominalStartTime": "nominal_start", "nominalEndTime": "nominal_end"},
}


class _Run(RunFact, frozen=True):
    """A run without its columns, which are most of it and which no answer here shows."""

    flows: msgspec.Raw = msgspec.Raw()  # type: ignore[assignment]
    uses: msgspec.Raw = msgspec.Raw()  # type: ignore[assignment]


_decode = msgspec.json.Decoder(_Run).decode


def last_runs(
    store: Store, jobs: Sequence[JobId], limit: int, offset: int = 0, *, until: int | None = None
) -> dict[JobId, list[RunFact]]:
    """The last runs of each job, the newest first; until: that started before (microseconds)."""
    spans = [runs_of(job, until=until) for job in jobs]
    pages = store.pages(BY_JOB, spans, limit, offset, backwards=True)
    keys = [[run_key(found) for found in page] for page in pages]
    runs = _runs(store, [key for page in keys for key in page])
    return {
        job: [runs[key] for key in page if key in runs]
        for job, page in zip(jobs, keys, strict=True)
    }


def count_runs(store: Store, job: JobId) -> int:
    """How many runs of a job are known."""
    return store.count_documents(BY_JOB, *runs_of(job))


def find_run(store: Store, run_id: str) -> RunFact:
    """The run of that id; the one that was heard of last where a producer used it twice.

    Raises:
        HTTPException: 404, there is none.
    """
    (found,) = store.pages(BY_ID, [called(run_id)], _TWICE)
    runs = _runs(store, map(run_key, found)).values()
    if not runs:
        raise missing("Run", run_id)
    return max(runs, key=lambda run: (run.seen, run.job))


def _runs(store: Store, keys: Iterable[str]) -> dict[str, RunFact]:
    wanted = list(keys)
    found: Iterable[Document] = store.documents(DOCUMENT, wanted) if wanted else ()
    return {one.key: _decode(one.body) for one in found}


def state_of(run: RunFact) -> str:
    """The state of a run as Marquez calls it; NEW when no event said one."""
    return _STATES.get(run.type, "NEW")


def run_shape(run: RunFact) -> Run:
    """A run as Marquez shows it, with the facets that the graph keeps."""
    facts = {name: value for name, (_, value) in run.facts.items()}
    ended = run.end
    return Run(
        id=run.run_id,
        created_at=time_text(run.seen),
        updated_at=time_text(max(run.seen, run.last[0], ended or 0)),
        nominal_start_time=facts.get("nominal_start"),
        nominal_end_time=facts.get("nominal_end"),
        state=state_of(run),
        started_at=time_text(run.start),
        ended_at=time_text(ended),
        duration_ms=None if ended is None else max(0, ended - run.start) // 1000,
        args={},
        job_version=RunVersion(
            run.job.namespace, run.job.name, version_of_job(run.job, run.inputs, run.outputs)
        ),
        input_dataset_versions=_datasets(run.inputs),
        output_dataset_versions=_datasets(run.outputs),
        facets=_facets(facts),
        parent=_relative("parent", facts),
        root=_relative("root", facts),
    )


def _datasets(datasets: Iterable[DatasetId]) -> tuple[DatasetOfRun, ...]:
    return tuple(
        DatasetOfRun(RunVersion(one.namespace, one.name, None), {}) for one in sorted(datasets)
    )


def _facets(facts: Mapping[str, str]) -> Json:
    found = {
        facet: {field: facts[name] for field, name in fields.items() if name in facts}
        for facet, fields in _FACETS.items()
    }
    return {facet: fields for facet, fields in found.items() if fields}


def _relative(which: str, facts: Mapping[str, str]) -> Json | None:
    """The parent or root of a run, as far as it was named."""
    parts = {"namespace": "namespace", "name": "job", "runId": "run"}
    found = {part: facts.get(f"{which}_{name}") for part, name in parts.items()}
    return found if any(found.values()) else None

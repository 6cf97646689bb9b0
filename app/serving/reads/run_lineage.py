"""`/runlineage/upstream`: the runs that had made what a run read, and what those had read."""

from __future__ import annotations

from collections.abc import Iterable

from app.serving.reads.asking import Ask, time_text
from app.serving.reads.runs import find_run, last_runs, state_of
from app.serving.reads.shapes import RunInput, RunJob, RunLineage, RunSummary, UpstreamRun
from app.serving.reads.versions import version_of_job
from ingest.openlineage.runs import RunFact
from lineage.analyses.reach.graph import Graph
from lineage.model import EdgeType
from lineage.names import DatasetId, JobId

_MOST_RUNS = 1_000
_DEEPEST = 1_000
_LOOKED_AT = 20  # runs of a writer before a moment, among which is the one that wrote


def upstream_runs(ask: Ask) -> RunLineage:
    """The runs upstream of `runId`, itself first, then by distance.

    What a run read had been made by the last run that wrote it, did not fail and had ended before.
    """
    start = find_run(ask.store, ask.needed("runId"))
    depth = ask.number("depth", 20, _DEEPEST)
    graph = Graph(ask.store)
    found: dict[str, RunFact] = {start.key: start}
    makers: dict[tuple[str, DatasetId], RunFact] = {}
    frontier, truncated = [start], False
    while frontier and depth > 0:
        depth -= 1
        made = {(run.key, one): maker for run in frontier for one, maker in _makers(graph, run)}
        makers |= made
        fresh = {run.key: run for run in made.values() if run.key not in found}
        truncated = truncated or len(found) + len(fresh) > _MOST_RUNS
        frontier = list(fresh.values())[: _MOST_RUNS - len(found)]
        found.update((run.key, run) for run in frontier)
    return RunLineage(tuple(_shape(run, makers) for run in found.values()), truncated)


def _makers(graph: Graph, run: RunFact) -> Iterable[tuple[DatasetId, RunFact]]:
    """The run that had made each input of a run, where one is known."""
    links = graph.into(run.inputs, EdgeType.WRITES)
    writers = {link.source for link in links if isinstance(link.source, JobId)}
    last = last_runs(graph.store, sorted(writers), _LOOKED_AT, until=run.start)
    for dataset in sorted(run.inputs):
        candidates = [
            maker
            for link in links
            if link.target == dataset and isinstance(link.source, JobId)
            for maker in last[link.source]
            if dataset in maker.outputs and _wrote_before(maker, run)
        ]
        if candidates:
            yield dataset, max(candidates, key=lambda maker: (maker.end or maker.start, maker.key))


def _wrote_before(maker: RunFact, run: RunFact) -> bool:
    """Whether it had written when the run began; a stream writes all the time."""
    return maker.streaming or (maker.type == "COMPLETE" and (maker.end or maker.start) <= run.start)


def _shape(run: RunFact, makers: dict[tuple[str, DatasetId], RunFact]) -> UpstreamRun:
    made = {dataset: makers.get((run.key, dataset)) for dataset in sorted(run.inputs)}
    return UpstreamRun(
        RunJob(run.job.namespace, run.job.name, version_of_job(run.job, run.inputs, run.outputs)),
        RunSummary(run.run_id, time_text(run.start), time_text(run.end), state_of(run)),
        tuple(
            RunInput(dataset.namespace, dataset.name, None, maker.run_id if maker else None)
            for dataset, maker in made.items()
        ),
    )

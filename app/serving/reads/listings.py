"""Lists and single entries: namespaces, sources, tags, datasets, jobs, runs; and the search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from app.serving.reads.asking import Ask, bad, missing
from app.serving.reads.describing import (
    columns_of,
    datasets,
    jobs,
    seen,
    source_type,
    tags_of,
)
from app.serving.reads.graphs import column_inputs
from app.serving.reads.nodes import find_dataset, find_job, node_id
from app.serving.reads.runs import count_runs, find_run, last_runs, run_shape
from app.serving.reads.shapes import (
    Dataset,
    Datasets,
    Field,
    Found,
    Job,
    Jobs,
    Namespace,
    Namespaces,
    Run,
    Runs,
    SearchResult,
    Source,
    Sources,
    Tag,
    Tags,
    Version,
    Versions,
)
from app.serving.reads.versions import told_lists, version_of_columns
from ingest.canonical import canonical_namespace
from lineage.analyses.reach.graph import Graph
from lineage.names import DatasetId, JobId
from lineage.store import Store

_T = TypeVar("_T")
_LAST_RUNS = 10  # of each job, as Marquez gives them
_MANY = 100  # jobs beyond which each comes with its last run only
_MOST_FOUND = 10_000  # names that a search looks at
_SEARCHED = {"DATASET": "Dataset", "JOB": "Job"}


def namespaces(ask: Ask) -> Namespaces:
    """The namespaces of datasets and jobs, sorted."""
    known = sorted({*ask.store.namespaces("Dataset"), *ask.store.namespaces("Job")})
    return Namespaces(tuple(Namespace(name) for name in _page(ask, known)), len(known))


def namespace(ask: Ask) -> Namespace:
    """A namespace of datasets or jobs."""
    return Namespace(_namespace(ask, ("Dataset", "Job"))[0])


def sources(ask: Ask) -> Sources:
    """The namespaces of datasets, as the sources that hold them."""
    known = sorted(ask.store.namespaces("Dataset"))
    return Sources(tuple(map(_source, _page(ask, known))), len(known))


def source(ask: Ask) -> Source:
    """A source: a namespace of datasets."""
    return _source(_namespace(ask, ("Dataset",), "source")[0])


def tags(ask: Ask) -> Tags:
    """The tags of datasets, columns and jobs, sorted."""
    labels = ("Dataset", "Column", "Job")
    nodes = (node for label in labels for node in ask.store.scan_nodes(label))
    known = sorted({tag for node in nodes for tag in tags_of(node)})
    return Tags(tuple(map(Tag, _page(ask, known))), len(known))


def datasets_of(ask: Ask) -> Datasets:
    """The datasets of a namespace, sorted by name."""
    name, total = _namespace(ask, ("Dataset", "Job"))
    ids = [
        id_
        for id_ in ask.store.names("Dataset", name, ask.limit, ask.offset)
        if isinstance(id_, DatasetId)
    ]
    found = datasets(Graph(ask.store), ids)
    return Datasets(tuple(found[id_] for id_ in ids), total[0])


def dataset(ask: Ask) -> Dataset:
    """A dataset, with the columns that its own are made of."""
    id_ = find_dataset(ask.store, ask.path["namespace"], ask.path["dataset"])
    graph = Graph(ask.store)
    found = datasets(graph, [id_])[id_]
    return msgspec.structs.replace(found, column_lineage=column_inputs(graph, id_))


def versions(ask: Ask) -> Versions:
    """What a dataset was each time another list of columns was told, the newest first."""
    found = _versions(ask)
    return Versions(tuple(_page(ask, found)), len(found))


def version(ask: Ask) -> Version:
    """A version of a dataset."""
    wanted = ask.path["version"]
    for found in _versions(ask):
        if found.version == wanted:
            return found
    raise missing("Version", wanted)


def jobs_of(ask: Ask) -> Jobs:
    """The jobs of a namespace, sorted by name; of at most 100 of them the last ten runs."""
    name, total = _namespace(ask, ("Job", "Dataset"))
    return _jobs(ask, name, total[0])


def all_jobs(ask: Ask) -> Jobs:
    """The jobs of every namespace, sorted; of at most 100 of them the last ten runs."""
    return _jobs(ask, None, sum(ask.store.namespaces("Job").values()))


def job(ask: Ask) -> Job:
    """A job with its last ten runs."""
    id_ = find_job(ask.store, ask.path["namespace"], ask.path["job"])
    return jobs(Graph(ask.store), [id_], _LAST_RUNS)[id_]


def runs(ask: Ask) -> Runs:
    """The runs of a job, the newest first."""
    id_ = find_job(ask.store, ask.path["namespace"], ask.path["job"])
    found = last_runs(ask.store, [id_], ask.limit, ask.offset)[id_]
    return Runs(tuple(map(run_shape, found)), count_runs(ask.store, id_))


def run(ask: Ask) -> Run:
    """A run by its id."""
    return run_shape(find_run(ask.store, ask.path["run"]))


def search(ask: Ask) -> SearchResult:
    """Datasets and jobs whose name holds `q`, compared without case."""
    part = ask.needed("q")
    kind = ask.one_of("filter", tuple(_SEARCHED))
    by_time = ask.one_of("sort", ("NAME", "UPDATE_AT")) == "UPDATE_AT"
    namespace = ask.text("namespace") or None
    labels = [_SEARCHED[kind]] if kind else list(_SEARCHED.values())
    ids = [
        id_
        for label in labels
        for id_ in ask.store.names(label, namespace, _MOST_FOUND, part=part)
        if isinstance(id_, DatasetId | JobId)
    ]
    ids.sort(key=lambda id_: (id_.name, id_.namespace))
    shown = ids if by_time else ids[: ask.number("limit", 10, _MOST_FOUND)]
    results = _found(ask.store, shown)
    if by_time:
        results.sort(key=lambda one: one.updated_at or "", reverse=True)
    return SearchResult(tuple(results[: ask.number("limit", 10, _MOST_FOUND)]), len(ids))


def _found(store: Store, ids: Sequence[DatasetId | JobId]) -> list[Found]:
    when = seen(Graph(store), ids)
    return [
        Found(
            "DATASET" if isinstance(id_, DatasetId) else "JOB",
            id_.name,
            when[id_][1],
            id_.namespace,
            node_id(id_),
        )
        for id_ in ids
    ]


def _namespace(
    ask: Ask, labels: Sequence[str], what: str = "namespace"
) -> tuple[str, tuple[int, ...]]:
    """The namespace in the path, as it is called, and how many of each label it has."""
    given = ask.path[what]
    counts = [ask.store.namespaces(label) for label in labels]
    for name in dict.fromkeys((given, canonical_namespace(given))):
        if any(name in count for count in counts):
            return name, tuple(count.get(name, 0) for count in counts)
    raise missing(what.capitalize(), given)


def _jobs(ask: Ask, namespace: str | None, total: int) -> Jobs:
    if ask.text("lastRunStates"):
        raise bad("lastRunStates is not supported here: take latestRun.state of each job")
    names = ask.store.names("Job", namespace, ask.limit, ask.offset)
    ids = [id_ for id_ in names if isinstance(id_, JobId)]
    found = jobs(Graph(ask.store), ids, _LAST_RUNS if ask.limit <= _MANY else 1)
    return Jobs(tuple(found[id_] for id_ in ids), total)


def _source(name: str) -> Source:
    return Source(source_type(name), name, None, None, name)


def _versions(ask: Ask) -> list[Version]:
    id_ = find_dataset(ask.store, ask.path["namespace"], ask.path["dataset"])
    now = datasets(Graph(ask.store), [id_])[id_]
    found = [_version(now, now.updated_at, now.fields)]
    for told in told_lists(ask.store, id_):
        fields = tuple(Field(name, type_ or None, (), None) for name, type_ in told.columns)
        before = _version(now, told.since or None, fields)
        if before.version == found[-1].version:
            found[-1] = msgspec.structs.replace(found[-1], created_at=before.created_at)
        else:
            found.append(before)
    return found


def _version(now: Dataset, since: str | None, fields: tuple[Field, ...]) -> Version:
    id_ = DatasetId(now.namespace, now.name)
    return Version(
        id=now.id,
        type=now.type,
        name=now.name,
        physical_name=now.physical_name,
        created_at=since,
        version=version_of_columns(id_, columns_of(fields)),
        namespace=now.namespace,
        source_name=now.source_name,
        fields=fields,
        tags=now.tags,
        lifecycle_state=now.last_lifecycle_state,
        description=now.description,
        created_by_run=None,
        facets={},
    )


def _page(ask: Ask, rows: Sequence[_T]) -> Sequence[_T]:
    return rows[ask.offset : ask.offset + ask.limit]

"""Datasets and jobs as Marquez shows them, from what the graph knows of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from app.serving.reads.runs import last_runs, run_shape
from app.serving.reads.shapes import Dataset, Field, Job, Name, Run
from app.serving.reads.versions import version_of_columns, version_of_job
from lineage.analyses.reach.graph import ANY_COLUMN, Graph, Link
from lineage.calendar import iso_day
from lineage.model import EdgeType, Node
from lineage.names import DatasetId, JobId, NodeId
from lineage.store import Direction

Seen = Mapping[NodeId, tuple[str | None, str | None]]
_DATE = len("2026-10-31")
_LAST = 1_000_000  # columns whose place in the table is not known come last
_STREAMS = frozenset({"kafka", "pubsub", "kinesis", "pulsar", "eventhubs", "stream", "topic"})
_PROCESSING = {"STREAMING": "STREAM", "SERVICE": "SERVICE"}
_SOURCES = {"postgres": "POSTGRESQL"}
_WITHOUT_ADDRESS = frozenset({"bigquery", "file", "dbfs", "pubsub", "arn"})
# The facets of datasets and jobs of which the graph keeps something: the fields, and by which name.
_OF_DATASET = {
    "documentation": {"description": "description"},
    "datasetType": {"datasetType": "kind", "subType": "subkind"},
    "dataSource": {"name": "source", "uri": "source_uri"},
    "lifecycleStateChange": {"lifecycleStateChange": "lifecycle"},
    "version": {"datasetVersion": "version"},
    "storage": {"storageLayer": "storage", "fileFormat": "file_format"},
}
_OF_JOB = {
    "documentation": {"description": "description"},
    "jobType": {
        "processingType": "processing", "integration": "integration", "jobType": "kind",
    },
    "sourceCodeLocation": {"url": "url", "repoUrl": "repository", "version": "source_version"},
}  # fmt: skip
_CODES = frozenset({"datasetType", "subType", "lifecycleStateChange", "processingType",
                    "integration", "jobType"})  # fmt: skip


def datasets(graph: Graph, ids: Collection[DatasetId]) -> dict[DatasetId, Dataset]:
    """Each of these datasets."""
    nodes, fields, owners = graph.nodes(ids), fields_of(graph, ids), _owners(graph, ids)
    written = _days((link.target, link) for link in graph.into(ids, EdgeType.WRITES))
    when = seen(graph, ids)
    return {
        id_: _dataset(
            nodes[id_], id_, fields[id_], owners.get(id_, []), when[id_], written.get(id_, [])
        )
        for id_ in ids
    }


def fields_of(graph: Graph, ids: Collection[DatasetId]) -> dict[DatasetId, tuple[Field, ...]]:
    """The columns of each dataset in the order of the table, without dropped ones.

    Also those that no schema lists and only a lineage names.
    """
    # Not by `graph.out`: a link says more than that a column is there, and costs more.
    edges = graph.store.edges(ids, Direction.DOWN, [EdgeType.HAS_COLUMN])
    held = {(edge.key.target, edge.key.source) for edge in graph.corrections.kept(edges)}
    nodes = graph.nodes(column for column, _ in held)
    found: dict[NodeId, list[tuple[int, str, Field]]] = {id_: [] for id_ in ids}
    for column, dataset in held:
        node = nodes[column]
        if column.name != ANY_COLUMN and node.value("dropped") != "true":
            place = node.value("ordinal")
            field = Field(
                column.name, node.value("type") or None, tags_of(node),
                node.value("description") or None,
            )  # fmt: skip
            rank = int(place) if place.isdecimal() else _LAST
            found[dataset].append((rank, column.name, field))
    return {id_: tuple(field for _, _, field in sorted(found[id_])) for id_ in ids}


def tags_of(node: Node) -> tuple[str, ...]:
    """The tags of a dataset, column or job."""
    tags = node.value("tags")
    return tuple(tags.split(", ")) if tags else ()


def dataset_type(dataset: DatasetId, kind: str = "") -> str:
    """What Marquez calls a dataset: STREAM or DB_TABLE."""
    return "STREAM" if {kind.lower(), _scheme(dataset.namespace)} & _STREAMS else "DB_TABLE"


def source_type(namespace: str) -> str:
    """What Marquez calls the platform of a namespace, in capitals."""
    scheme = _scheme(namespace)
    if "://" not in namespace and scheme not in _WITHOUT_ADDRESS:
        return "UNKNOWN"
    return _SOURCES.get(scheme, scheme.upper())


def seen(graph: Graph, ids: Collection[DatasetId | JobId]) -> Seen:
    """When each of these was first and last heard of, as ISO times, where anybody said."""
    datasets = [id_ for id_ in ids if isinstance(id_, DatasetId)]
    jobs = [id_ for id_ in ids if isinstance(id_, JobId)]
    out = graph.out(datasets, EdgeType.READ_BY) + graph.out(jobs, EdgeType.WRITES)
    into = graph.into(datasets, EdgeType.WRITES) + graph.into(jobs, EdgeType.READ_BY)
    days = _days([(link.source, link) for link in out] + [(link.target, link) for link in into])
    found: dict[NodeId, tuple[str | None, str | None]] = {}
    for id_, node in graph.nodes(ids).items():
        mine = days.get(id_, ())
        times = [fact.at for fact in node.facts.values() if fact.at]
        times = [_time(at) for at in times + [iso_day(day) for day in {*mine[:1], *mine[-1:]}]]
        found[id_] = (min(times), max(times)) if times else (None, None)
    return found


def _dataset(
    node: Node, id_: DatasetId, fields: tuple[Field, ...], owners: list[str],
    seen: tuple[str | None, str | None], written: Collection[int],
) -> Dataset:  # fmt: skip
    facets = {**_facets(node, _OF_DATASET), **_ownership(owners)}
    if fields:
        facets["schema"] = {"fields": fields}
    return Dataset(
        id=Name.of(id_),
        type=dataset_type(id_, node.value("kind")),
        name=id_.name,
        physical_name=id_.name,
        created_at=seen[0],
        updated_at=seen[1],
        namespace=id_.namespace,
        source_name=id_.namespace,
        fields=fields,
        tags=tags_of(node),
        last_modified_at=_time(iso_day(max(written))) if written else None,
        last_lifecycle_state=node.value("lifecycle").upper() or None,
        description=node.value("description") or None,
        current_version=version_of_columns(id_, columns_of(fields)),
        column_lineage=None,
        facets=facets,
        deleted=node.value("dropped") == "true",
    )


def columns_of(fields: Iterable[Field]) -> tuple[tuple[str, str], ...]:
    """Names and types of columns, without the parts of nested ones."""
    return tuple((field.name, field.type or "") for field in fields if "." not in field.name)


def jobs(graph: Graph, ids: Sequence[JobId], runs: int) -> dict[JobId, Job]:
    """Each of these jobs, with so many of its last runs."""
    nodes, owners = graph.nodes(ids), _owners(graph, ids)
    read = graph.current(graph.into(ids, EdgeType.READ_BY))
    written = graph.current(graph.out(ids, EdgeType.WRITES))
    inputs = _ends((link.target, link.source) for link in read)
    outputs = _ends((link.source, link.target) for link in written)
    parents = _ends((link.source, link.target) for link in graph.out(ids, EdgeType.PART_OF))
    last, when = last_runs(graph.store, ids, runs), seen(graph, ids)
    return {
        id_: _job(
            nodes[id_],
            id_,
            (inputs.get(id_, []), outputs.get(id_, [])),
            parents.get(id_, []),
            tuple(map(run_shape, last[id_])),
            when[id_],
            owners.get(id_, []),
        )
        for id_ in ids
    }


def _job(
    node: Node, id_: JobId, data: tuple[list[NodeId], list[NodeId]], parents: list[NodeId],
    runs: tuple[Run, ...], seen: tuple[str | None, str | None], owners: list[str],
) -> Job:  # fmt: skip
    inputs, outputs = (tuple(Name(one.namespace, one.name) for one in side) for side in data)
    parent = parents[0] if parents else None
    return Job(
        id=Name.of(id_),
        type=_PROCESSING.get(node.value("processing").upper(), "BATCH"),
        name=id_.name,
        simple_name=id_.name,
        parent_job_name=parent.name if parent else None,
        parent_job_uuid=None,
        created_at=seen[0],
        updated_at=runs[0].updated_at if runs else seen[1],
        namespace=id_.namespace,
        inputs=inputs,
        outputs=outputs,
        location=node.value("url") or None,
        description=node.value("description") or None,
        latest_run=runs[0] if runs else None,
        latest_runs=runs,
        facets={**_facets(node, _OF_JOB), **_ownership(owners)},
        current_version=version_of_job(id_, *data),
        labels=(),
        tags=tags_of(node),
        parent=Name(parent.namespace, parent.name) if parent else None,
    )


def _ends(pairs: Iterable[tuple[NodeId, NodeId]]) -> dict[NodeId, list[NodeId]]:
    """What the links of each node lead to, sorted."""
    found: dict[NodeId, set[NodeId]] = {}
    for near, far in pairs:
        found.setdefault(near, set()).add(far)
    return {near: sorted(ends, key=str) for near, ends in found.items()}


def _days(links: Iterable[tuple[NodeId, Link]]) -> dict[NodeId, list[int]]:
    """The days on which the links of each node were active first or last, sorted."""
    found: dict[NodeId, list[int]] = {}
    for node, link in links:
        for day in (link.activity.first, link.activity.last):
            if day is not None:
                found.setdefault(node, []).append(day)
    return {node: sorted(days) for node, days in found.items()}


def _owners(graph: Graph, ids: Collection[NodeId]) -> dict[NodeId, list[str]]:
    found: dict[NodeId, list[str]] = {}
    for link in graph.into(ids, EdgeType.OWNS):
        found.setdefault(link.target, []).append(link.source.name)
    return found


def _ownership(owners: Iterable[str]) -> dict[str, object]:
    teams = [{"name": name} for name in sorted(set(owners))]
    return {"ownership": {"owners": teams}} if teams else {}


def _facets(node: Node, known: Mapping[str, Mapping[str, str]]) -> dict[str, object]:
    """What the graph keeps of the facets of a node, by the names of OpenLineage."""
    found: dict[str, object] = {}
    for facet, fields in known.items():
        said = dict(_said(node, fields))
        if said:
            found[facet] = said
    return found


def _said(node: Node, fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for field, name in fields.items():
        value = node.value(name)
        if value:
            yield field, value.upper() if field in _CODES else value


def _scheme(namespace: str) -> str:
    return namespace.partition("://")[0].partition(":")[0].lower()


def _time(at: str) -> str:
    return f"{at}T00:00:00Z" if len(at) == _DATE else at

"""The JSON of Marquez's API, field by field: what its clients read. Times are ISO 8601, UTC.

Source: the answers of Marquez 0.50 as its Python client 0.50.0 and its web pages use them. A field
that we know nothing for is null or empty; fields that Marquez has not are at the end of a record.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lineage.names import DatasetId, JobId

Json = Mapping[str, object]


class Name(msgspec.Struct, frozen=True, gc=False):
    """A dataset or job by its namespace and name."""

    namespace: str
    name: str

    @classmethod
    def of(cls, node: DatasetId | JobId) -> Name:
        """The name of that node."""
        return cls(node.namespace, node.name)


class Namespace(msgspec.Struct, frozen=True, rename="camel"):
    """A namespace of datasets or jobs."""

    name: str
    created_at: str | None = None
    updated_at: str | None = None
    owner_name: str = "anonymous"
    description: str | None = None
    is_hidden: bool = False


class Source(msgspec.Struct, frozen=True, rename="camel"):
    """Where datasets are kept: the namespace of datasets."""

    type: str
    name: str
    created_at: str | None
    updated_at: str | None
    connection_url: str
    description: str | None = None


class Tag(msgspec.Struct, frozen=True):
    """A tag of datasets, columns or jobs."""

    name: str
    description: str | None = None


class Field(msgspec.Struct, frozen=True, gc=False):
    """A column of a dataset; one of a nested field is spelled by its path."""

    name: str
    type: str | None
    tags: tuple[str, ...]
    description: str | None


class InputField(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A column that another is made of.

    transformations: every role in which it is; the first is `transformation_type`.
    """

    namespace: str
    dataset: str
    dataset_version: str | None
    field: str
    transformation_description: str | None
    transformation_type: str | None
    transformations: tuple[str, ...] = ()


class ColumnInputs(msgspec.Struct, frozen=True, rename="camel"):
    """What a column of a dataset is made of."""

    name: str
    input_fields: tuple[InputField, ...]


class Dataset(msgspec.Struct, frozen=True, rename="camel"):
    """A dataset. last_modified_at: known to the day. column_lineage: only of a single dataset."""

    id: Name
    type: str
    name: str
    physical_name: str
    created_at: str | None
    updated_at: str | None
    namespace: str
    source_name: str
    fields: tuple[Field, ...]
    tags: tuple[str, ...]
    last_modified_at: str | None
    last_lifecycle_state: str | None
    description: str | None
    current_version: str
    column_lineage: tuple[ColumnInputs, ...] | None
    facets: Json
    deleted: bool


class RunVersion(msgspec.Struct, frozen=True, gc=False):
    """Which version of a job or dataset a run had to do with; null where it is not known."""

    namespace: str
    name: str
    version: str | None


class DatasetOfRun(msgspec.Struct, frozen=True, rename="camel"):
    """An input or output of a run."""

    dataset_version_id: RunVersion
    facets: Json


class Run(msgspec.Struct, frozen=True, rename="camel"):
    """A run. parent, root: in the namespaces that the producer gave, null when it gave none."""

    id: str
    created_at: str | None
    updated_at: str | None
    nominal_start_time: str | None
    nominal_end_time: str | None
    state: str
    started_at: str | None
    ended_at: str | None
    duration_ms: int | None
    args: Json
    job_version: RunVersion
    input_dataset_versions: tuple[DatasetOfRun, ...]
    output_dataset_versions: tuple[DatasetOfRun, ...]
    facets: Json
    parent: Json | None = None
    root: Json | None = None


class Version(msgspec.Struct, frozen=True, rename="camel"):
    """A dataset while it had one list of columns."""

    id: Name
    type: str
    name: str
    physical_name: str
    created_at: str | None
    version: str
    namespace: str
    source_name: str
    fields: tuple[Field, ...]
    tags: tuple[str, ...]
    lifecycle_state: str | None
    description: str | None
    created_by_run: Run | None
    facets: Json


class Job(msgspec.Struct, frozen=True, rename="camel"):
    """A job. inputs, outputs: over all its runs. parent: in the namespace its producer gave it."""

    id: Name
    type: str
    name: str
    simple_name: str
    parent_job_name: str | None
    parent_job_uuid: str | None
    created_at: str | None
    updated_at: str | None
    namespace: str
    inputs: tuple[Name, ...]
    outputs: tuple[Name, ...]
    location: str | None
    description: str | None
    latest_run: Run | None
    latest_runs: tuple[Run, ...]
    facets: Json
    current_version: str
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    parent: Name | None = None


class ColumnData(msgspec.Struct, frozen=True, rename="camel"):
    """A column of the column lineage."""

    namespace: str
    dataset: str
    dataset_version: str | None
    field: str
    field_type: str | None
    transformation_description: str | None
    transformation_type: str | None
    input_fields: tuple[InputField, ...]
    output_fields: tuple[InputField, ...]


class GraphEdge(msgspec.Struct, frozen=True, gc=False):
    """An edge, by node ids, in the direction in which the data flows."""

    origin: str
    destination: str


class GraphNode(msgspec.Struct, frozen=True, rename="camel"):
    """A node of the graph. data: a `Dataset` or a `Job`."""

    id: str
    type: str
    data: object
    in_edges: tuple[GraphEdge, ...]
    out_edges: tuple[GraphEdge, ...]


class ColumnNode(msgspec.Struct, frozen=True, rename="camel"):
    """A node of the column lineage."""

    id: str
    type: str
    data: ColumnData
    in_edges: tuple[GraphEdge, ...]
    out_edges: tuple[GraphEdge, ...]


class Lineage(msgspec.Struct, frozen=True):
    """A graph. truncated: it is not all; the limit on nodes was reached."""

    graph: tuple[GraphNode, ...]
    truncated: bool = False


class ColumnLineage(msgspec.Struct, frozen=True):
    """A graph of columns. truncated: it is not all; the limit on nodes was reached."""

    graph: tuple[ColumnNode, ...]
    truncated: bool = False


class Found(msgspec.Struct, frozen=True, rename="camel"):
    """A dataset or job that a search found."""

    type: str
    name: str
    updated_at: str | None
    namespace: str
    node_id: str


class Namespaces(msgspec.Struct, frozen=True, rename="camel"):
    """A page of namespaces, and how many there are."""

    namespaces: tuple[Namespace, ...]
    total_count: int


class Sources(msgspec.Struct, frozen=True, rename="camel"):
    """A page of sources, and how many there are."""

    sources: tuple[Source, ...]
    total_count: int


class Tags(msgspec.Struct, frozen=True, rename="camel"):
    """A page of tags, and how many there are."""

    tags: tuple[Tag, ...]
    total_count: int


class Datasets(msgspec.Struct, frozen=True, rename="camel"):
    """A page of datasets, and how many there are."""

    datasets: tuple[Dataset, ...]
    total_count: int


class Versions(msgspec.Struct, frozen=True, rename="camel"):
    """A page of versions of a dataset, the newest first, and how many there are."""

    versions: tuple[Version, ...]
    total_count: int


class Jobs(msgspec.Struct, frozen=True, rename="camel"):
    """A page of jobs, and how many there are."""

    jobs: tuple[Job, ...]
    total_count: int


class Runs(msgspec.Struct, frozen=True, rename="camel"):
    """A page of runs, the newest first, and how many there are."""

    runs: tuple[Run, ...]
    total_count: int


class SearchResult(msgspec.Struct, frozen=True, rename="camel"):
    """What a search found, and how many it found in all, up to 10,000 of a kind."""

    results: tuple[Found, ...]
    total_count: int


class Events(msgspec.Struct, frozen=True, rename="camel"):
    """A page of events as they came, values masked, and how many there are."""

    events: tuple[msgspec.Raw, ...]
    total_count: int


class RunFacets(msgspec.Struct, frozen=True, rename="camel"):
    """The facets of a run, or of its job as that run's events told them.

    truncated: only the last events of the run were looked at.
    """

    run_id: str
    facets: Json
    truncated: bool = False


class RunJob(msgspec.Struct, frozen=True):
    """The job of a run, and its version."""

    namespace: str
    name: str
    version: str


class RunSummary(msgspec.Struct, frozen=True):
    """A run in short."""

    id: str
    start: str | None
    end: str | None
    status: str


class RunInput(msgspec.Struct, frozen=True, rename="camel"):
    """What a run read, and the run that had made it; null when none is known."""

    namespace: str
    name: str
    version: str | None
    produced_by_run_id: str | None


class UpstreamRun(msgspec.Struct, frozen=True):
    """A run with its job and its inputs."""

    job: RunJob
    run: RunSummary
    inputs: tuple[RunInput, ...]


class RunLineage(msgspec.Struct, frozen=True):
    """Runs upstream of one, itself first. truncated: there are more."""

    runs: tuple[UpstreamRun, ...]
    truncated: bool = False

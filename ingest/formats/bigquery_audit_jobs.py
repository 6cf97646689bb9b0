"""A job in an audit log of BigQuery, in the new shape (jobChange) and the old (jobCompletedEvent).

Source: https://cloud.google.com/bigquery/docs/reference/auditlogs/rest/Shared.Types/BigQueryAuditMetadata
and …/rest/Shared.Types/AuditData
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ingest.files.objects import JsonObject
from ingest.formats.bigquery_tables import TableName, Touched, of_path

_CANCELLED = 1  # google.rpc.Code


class Job(msgspec.Struct, frozen=True):
    """What an audit record tells of a job; start as the log writes it."""

    project: str
    name: str
    start: str
    kind: str
    status: str
    query: str = ""
    cut: bool = False
    default_project: str = ""
    default_dataset: str = ""
    parent: str = ""
    labels: Mapping[str, str] = {}
    touched: Touched = Touched()
    ended: bool = True
    is_query: bool = True

    @property
    def id(self) -> str:
        """As JOBS has it."""
        return f"{self.project}:{self.name}"


class _Error(msgspec.Struct, frozen=True):
    code: int = 0


class _Query(msgspec.Struct, frozen=True, rename="camel"):
    query: str = ""
    query_truncated: bool = False
    destination_table: str = ""
    default_dataset: str = ""
    statement_type: str = ""


class _Moved(msgspec.Struct, frozen=True, rename="camel"):
    """The configuration of a load, an extract or a copy."""

    source_uris: list[str] = []
    destination_uris: list[str] = []
    source_table: str = ""
    source_tables: list[str] = []
    destination_table: str = ""


class _Config(msgspec.Struct, frozen=True, rename="camel"):
    type: str = ""
    query_config: _Query | None = None
    load_config: _Moved | None = None
    extract_config: _Moved | None = None
    table_copy_config: _Moved | None = None
    labels: dict[str, str] = {}


class _QueryStats(msgspec.Struct, frozen=True, rename="camel"):
    referenced_tables: list[str] = []
    referenced_views: list[str] = []
    cache_hit: bool = False


class _Stats(msgspec.Struct, frozen=True, rename="camel"):
    create_time: str = ""
    start_time: str = ""
    parent_job_name: str = ""
    query_stats: _QueryStats = _QueryStats()


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    job_state: str = ""
    error_result: _Error | None = None


class _Job(msgspec.Struct, frozen=True, rename="camel"):
    job_name: str
    job_config: _Config = _Config()
    job_status: _Status = _Status()
    job_stats: _Stats = _Stats()


def job_of(metadata: JsonObject, payload: JsonObject) -> Job | None:
    """The job that an audit record is about; None when it is about something else.

    Raises:
        msgspec.ValidationError: it has not the shape of a job.
    """
    change = metadata.get("jobChange") or metadata.get("jobInsertion")
    if isinstance(change, dict):
        found = msgspec.convert(_told(change.get("job")), _Job, strict=False)
        return _job(found, ended="jobChange" in metadata and found.job_status.job_state == "DONE")
    data = payload.get("serviceData") or payload.get("servicedata_v1_bigquery")
    event = data.get("jobCompletedEvent") if isinstance(data, dict) else None
    if not isinstance(event, dict):
        return None
    return _old_job(msgspec.convert(_told(event.get("job")), _OldJob, strict=False))


def job_name(path: str) -> tuple[str, str]:
    """Project and id of `projects/p/jobs/j`; empty when it is none."""
    project, _, name = path.removeprefix("projects/").partition("/jobs/")
    return (project, name) if name else ("", "")


def _job(found: _Job, *, ended: bool) -> Job:
    config, stats = found.job_config, found.job_stats
    query = config.query_config or _Query()
    project, name = job_name(found.job_name)
    default = of_path(f"{query.default_dataset}/tables/-")
    return Job(
        project=project,
        name=name,
        start=stats.start_time or stats.create_time,
        kind=query.statement_type or config.type,
        status=_status(found.job_status.error_result),
        query=query.query,
        cut=query.query_truncated,
        default_project=default.project if default else "",
        default_dataset=default.dataset if default else "",
        parent=job_name(stats.parent_job_name)[1],
        labels=config.labels,
        touched=_touched(config, query, stats.query_stats),
        ended=ended,
        is_query=config.query_config is not None,
    )


def _status(error: _Error | None) -> str:
    if error is None:
        return "ok"
    return "cancelled" if error.code == _CANCELLED else "error"


def _touched(config: _Config, query: _Query, stats: _QueryStats) -> Touched:
    moved = config.load_config or config.extract_config or config.table_copy_config or _Moved()
    # Views are no tables of their own to who has the text; without it they are all there is.
    views = stats.referenced_views if query.query_truncated or not query.query else []
    return Touched(
        query.statement_type,
        _names([*stats.referenced_tables, *views, moved.source_table, *moved.source_tables]),
        _names([query.destination_table, moved.destination_table]),
        moved.source_uris,
        moved.destination_uris,
        stats.cache_hit,
    )


def _names(paths: Iterable[str]) -> list[TableName]:
    return [name for name in map(of_path, paths) if name]


class _OldTable(msgspec.Struct, frozen=True, rename="camel"):
    project_id: str = ""
    dataset_id: str = ""
    table_id: str = ""


class _OldQuery(msgspec.Struct, frozen=True, rename="camel"):
    query: str = ""
    destination_table: _OldTable = _OldTable()
    default_dataset: _OldTable = _OldTable()
    statement_type: str = ""


class _OldMoved(msgspec.Struct, frozen=True, rename="camel"):
    source_uris: list[str] = []
    destination_uris: list[str] = []
    source_table: _OldTable = _OldTable()
    source_tables: list[_OldTable] = []
    destination_table: _OldTable = _OldTable()


class _OldConfig(msgspec.Struct, frozen=True, rename="camel"):
    query: _OldQuery | None = None
    load: _OldMoved | None = None
    extract: _OldMoved | None = None
    table_copy: _OldMoved | None = None
    labels: dict[str, str] = {}


class _OldStats(msgspec.Struct, frozen=True, rename="camel"):
    create_time: str = ""
    start_time: str = ""
    referenced_tables: list[_OldTable] = []
    referenced_views: list[_OldTable] = []


class _OldStatus(msgspec.Struct, frozen=True):
    state: str = ""
    error: _Error | None = None


class _OldName(msgspec.Struct, frozen=True, rename="camel"):
    project_id: str
    job_id: str


class _OldJob(msgspec.Struct, frozen=True, rename="camel"):
    job_name: _OldName
    job_configuration: _OldConfig = _OldConfig()
    job_status: _OldStatus = _OldStatus()
    job_statistics: _OldStats = _OldStats()


def _old_job(found: _OldJob) -> Job:
    """An old job, of which the query is always there in full."""
    config, stats = found.job_configuration, found.job_statistics
    query = config.query or _OldQuery()
    moved = config.load or config.extract or config.table_copy or _OldMoved()
    sources = [*stats.referenced_tables, moved.source_table, *moved.source_tables]
    error = found.job_status.error
    return Job(
        project=found.job_name.project_id,
        name=found.job_name.job_id,
        start=stats.start_time or stats.create_time,
        kind=query.statement_type,
        status=_status(error if error and error.code else None),
        query=query.query,
        default_project=query.default_dataset.project_id,
        default_dataset=query.default_dataset.dataset_id,
        labels=config.labels,
        touched=Touched(
            query.statement_type,
            _old_names(sources),
            _old_names([query.destination_table, moved.destination_table]),
            moved.source_uris,
            moved.destination_uris,
        ),
        ended=found.job_status.state == "DONE",
        is_query=config.query is not None,
    )


def _old_names(tables: Iterable[_OldTable]) -> list[TableName]:
    return [
        TableName(one.project_id, one.dataset_id, one.table_id) for one in tables if one.table_id
    ]


def _told(value: object) -> object:
    """The value without nulls, which exported tables have for everything that is not there."""
    if isinstance(value, dict):
        return {key: _told(one) for key, one in value.items() if one is not None}
    return [_told(one) for one in value] if isinstance(value, list) else value

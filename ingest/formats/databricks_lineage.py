"""Databricks system.access.table_lineage and column_lineage as JSON, JSON Lines or CSV.

Source: https://docs.databricks.com/aws/en/admin/system-tables/lineage
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from typing import IO

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import Cells, read_table, table_columns
from ingest.formats.stated import canonical, decoded
from ingest.record import (
    Head,
    Ignored,
    QueryRecord,
    Read,
    ReadOptions,
    Rejected,
    Stated,
    StatedEdge,
    StatedTable,
)
from lineage.names import parts

_FIELDS = {
    "start": ("event_time",),
    "user": ("created_by",),
    "statement": ("statement_id",),
    "event": ("event_id", "record_id"),
    "entity_type": ("entity_type",),
    "entity": ("entity_id",),
    "metadata": ("entity_metadata",),
    **{
        f"{side}_{field}": (f"{side}_{column}",)
        for side in ("source", "target")
        for field, column in (
            ("name", "table_full_name"), ("path", "path"), ("type", "type"),
            ("column", "column_name"),
        )
    },
}  # fmt: skip
_MARKS = {"source_table_full_name", "target_table_full_name", "event_time"}
# Where query_source of system.query.history has what entity_type says.
_PLACES = {
    "JOB": ("job_info", "job_id"),
    "PIPELINE": ("pipeline_info", "pipeline_id"),
    "NOTEBOOK": ("notebook_id",),
    "DASHBOARD_V3": ("dashboard_id",),
    "DBSQL_DASHBOARD": ("legacy_dashboard_id",),
    "DBSQL_QUERY": ("sql_query_id",),
    "ALERT": ("alert_id",),
    "GENIE": ("genie_space_id",),
}
_Side = tuple[str, str, str, str]  # name in full, path, type, column


class _JobInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    job_id: str | None = None


class _PipelineInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    pipeline_id: str | None = None


class _Pipeline(msgspec.Struct, frozen=True):
    dlt_pipeline_id: str | None = None


class _Metadata(msgspec.Struct, frozen=True):
    """The column entity_metadata; ids of a run are left out, they would make each its own."""

    job_info: _JobInfo | None = None
    dashboard_id: str | None = None
    legacy_dashboard_id: str | None = None
    notebook_id: str | None = None
    sql_query_id: str | None = None
    alert_id: str | None = None
    genie_space_id: str | None = None
    dlt_pipeline_info: _Pipeline | None = None


class DatabricksLineage:
    """The format."""

    name = "databricks-lineage"
    title = "Databricks system.access.table_lineage, column_lineage (JSON, CSV)"
    dialect = "databricks"
    export = (
        "INSERT OVERWRITE DIRECTORY 's3://…/table-lineage' USING json SELECT * FROM "
        "system.access.table_lineage WHERE event_time >= '{since}'; the same for column_lineage; "
        "import both with system.query.history"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.strip().lower() for column in table_columns(head.text)}
        return f"it has {', '.join(sorted(_MARKS))}" if columns >= _MARKS else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """What each statement or event touched, from its rows, which may lie apart."""
        clock = Clock(options.timezone or "UTC")
        table = read_table(stream, _FIELDS, lambda row: row[0][:4].isdigit())
        for statement, rows in itertools.groupby(table.cells, _statement):
            if statement is None:
                yield from (row for row in rows if isinstance(row, Rejected))
            else:
                yield _record(statement, [row for row in rows if isinstance(row, tuple)], clock)


def _statement(row: Cells | Rejected) -> str | None:
    """What ran it: on classic compute no statement, only the event is known."""
    return None if isinstance(row, Rejected) else row[1][2] or row[1][3]


def _record(statement: str, rows: list[Cells], clock: Clock) -> Read:
    line, (start, user, _, _, entity_type, entity, metadata, *_) = rows[0]
    stated = _stated([row for _, row in rows])
    if not stated:
        return Ignored("companion", line)
    try:
        return QueryRecord(
            text="",
            start=clock.micros(start),
            user=user,
            query_id=statement,
            hints=_hints(entity_type.upper(), entity, metadata),
            line=line,
            stated=stated,
            joins=True,
        )
    except UnreadableTime:
        return Rejected("bad_time", line, statement)
    except msgspec.MsgspecError:
        return Rejected("broken_record", line, statement)


def _stated(rows: list[tuple[str, ...]]) -> Stated | None:
    """What the rows tell together, which is perhaps not all that the statement did."""
    sources = [_side(row[7:11]) for row in rows]
    targets = [_side(row[11:15]) for row in rows]
    pairs = zip(sources, targets, strict=True)
    return canonical(
        Stated(
            tuple(filter(None, map(_table, sources))) or None,
            tuple(filter(None, map(_table, targets))) or None,
            tuple(filter(None, (_edge(source, target) for source, target in pairs))),
            "some",
        )
    )


def _side(cells: tuple[str, ...]) -> _Side:
    name, path, type_, column = cells
    return name, path, type_, column


def _table(side: _Side) -> StatedTable | None:
    name, path, type_, column = side
    columns = (column,) if column else ()
    if name and type_.upper() != "PATH":
        return StatedTable(parts(name.replace("`", '"')), columns=columns)
    return StatedTable((path,), "path", columns) if path else None


def _edge(source: _Side, target: _Side) -> StatedEdge | None:
    one, other = _table(source), _table(target)
    if not (one and one.columns and other and other.columns):
        return None
    return StatedEdge(one.parts, source[3], other.parts, target[3])


@lru_cache(maxsize=10_000)
def _hints(entity_type: str, entity: str, metadata: str) -> dict[str, str]:
    """The use or the job, as query_source of system.query.history has it."""
    found = decoded(metadata, _Metadata) or _Metadata()
    known: dict[str, object] = {
        field: value
        for field, value in msgspec.structs.asdict(found).items()
        if isinstance(value, str)
    }
    if found.job_info and found.job_info.job_id:
        known["job_info"] = found.job_info
    if found.dlt_pipeline_info:
        known["pipeline_info"] = _PipelineInfo(found.dlt_pipeline_info.dlt_pipeline_id)
    place = _PLACES.get(entity_type)
    if place and entity:
        known.setdefault(place[0], {place[1]: entity} if len(place) > 1 else entity)
    return {"query_source": msgspec.json.encode(known).decode()} if known else {}


FORMAT = DatabricksLineage()

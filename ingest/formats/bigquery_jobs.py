"""BigQuery INFORMATION_SCHEMA.JOBS as JSON Lines, a JSON array or CSV.

Source: https://cloud.google.com/bigquery/docs/information-schema-jobs
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import IO

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import read_table, table_columns
from ingest.files.wording import status_of
from ingest.formats.bigquery_tables import TableName, Touched, orchestrated
from ingest.formats.stated import decoded, statement_text
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected, Stated

_FIELDS = {
    "text": ("query",),
    "start": ("start_time", "creation_time"),
    "created": ("creation_time",),
    "user": ("user_email",),
    "project": ("project_id",),
    "job": ("job_id",),
    "parent": ("parent_job_id",),
    "session": ("session_info",),
    "type": ("job_type",),
    "kind": ("statement_type",),
    "state": ("state",),
    "error": ("error_result",),
    "cached": ("cache_hit",),
    "destination": ("destination_table",),
    "referenced": ("referenced_tables",),
    "labels": ("labels",),
}
_MARKS = {"job_id", "user_email", "creation_time"}
_OWN_MARKS = {"job_type", "statement_type", "referenced_tables", "destination_table", "labels"}
_CANCELLED = frozenset({"stopped"})


class _Table(msgspec.Struct, frozen=True):
    project_id: str
    dataset_id: str
    table_id: str

    def name(self) -> TableName:
        return TableName(self.project_id, self.dataset_id, self.table_id)


class _Label(msgspec.Struct, frozen=True):
    key: str
    value: str | None = None


class _Error(msgspec.Struct, frozen=True):
    reason: str | None = None


class _Session(msgspec.Struct, frozen=True):
    session_id: str | None = None


class BigQueryJobs:
    """The format."""

    name = "bigquery-jobs"
    title = "BigQuery INFORMATION_SCHEMA.JOBS (JSON, CSV)"
    dialect = "bigquery"
    divisible = True
    export = (
        "bq query --format=json --nouse_legacy_sql --max_rows=1000000 'SELECT * FROM `region-eu`."
        'INFORMATION_SCHEMA.JOBS WHERE creation_time >= TIMESTAMP("{since}")\' > jobs.json'
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.lower() for column in table_columns(head.text)}
        own = sorted(columns & _OWN_MARKS)
        if not columns >= _MARKS or not own:
            return ""
        return f"it has job_id, user_email, creation_time and {own[0]}"

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order.

        A script counts by its children; a job without SQL (load, copy, extract) by what the
        engine says it touched.
        """
        clock = Clock(options.timezone or "UTC")
        table = read_table(stream, _FIELDS, lambda row: row[1][:4].isdigit())
        for row in table.cells:
            yield row if isinstance(row, Rejected) else _record(*row, clock)


def _record(line: int, row: tuple[str, ...], clock: Clock) -> Read:
    (query, start, created, user, project, job, parent, session, type_, kind, state, error,
     cached, destination, referenced, labels) = row  # fmt: skip
    if kind == "SCRIPT":
        return Ignored("companion", line)
    text, given = statement_text(query)
    try:
        stated = _stated(kind, cached, destination, referenced)
        if type_ not in ("", "QUERY") and not stated:
            return Ignored("no_statement", line)
        return QueryRecord(
            text=text,
            start=clock.micros(start or created),
            user=user,
            query_id=f"{project}:{job}",
            session=_session(session) or parent,
            status=_status(state, error),
            kind=kind or type_,
            database=project,
            hints=orchestrated(job) | _hints(labels, parent and f"{project}:{parent}"),
            complete=given or type_ not in ("", "QUERY"),
            line=line,
            stated=stated,
            joins=True,
        )
    except UnreadableTime:
        return Rejected("bad_time", line, query)
    except msgspec.MsgspecError:
        return Rejected("broken_record", line, query)


@lru_cache(maxsize=10_000)  # the same statement touches the same tables every day
def _stated(kind: str, cached: str, destination: str, referenced: str) -> Stated | None:
    target, sources = decoded(destination, _Table), decoded(referenced, list[_Table])
    return Touched(
        kind,
        [one.name() for one in sources or ()],
        [target.name()] if target else None,
        cached=cached.lower() == "true",
    ).stated()


def _status(state: str, error: str) -> str:
    # A job that failed is DONE, too.
    failure = decoded(error, _Error)
    if failure:
        return "cancelled" if failure.reason in _CANCELLED else "error"
    return status_of(state)


def _session(session: str) -> str:
    found = decoded(session, _Session)
    return (found and found.session_id) or ""


def _hints(labels: str, parent: str) -> dict[str, str]:
    """The labels, from a list of `{key, value}` or from a map, and the script it belongs to."""
    if labels.lstrip().startswith("["):
        pairs = {one.key: one.value for one in decoded(labels, list[_Label]) or ()}
    else:
        pairs = decoded(labels, dict[str, str | None]) or {}
    hints = {f"label.{key}": value or "" for key, value in pairs.items()}
    return {**hints, "parent_query_id": parent} if parent else hints


FORMAT = BigQueryJobs()

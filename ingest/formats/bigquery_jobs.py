"""BigQuery INFORMATION_SCHEMA.JOBS as JSON Lines or a JSON array.

Source: https://cloud.google.com/bigquery/docs/information-schema-jobs
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.objects import JsonObject, cell, json_objects, nested
from ingest.files.tables import table_columns
from ingest.files.wording import status_of, withheld
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_MARKS = {"job_id", "user_email", "creation_time"}
_OWN_MARKS = {"job_type", "statement_type", "referenced_tables", "destination_table", "labels"}
_CANCELLED = frozenset({"stopped"})


class BigQueryJobs:
    """The format."""

    name = "bigquery-jobs"
    title = "BigQuery INFORMATION_SCHEMA.JOBS (JSON)"
    dialect = "bigquery"
    export = (
        "bq query --format=json --nouse_legacy_sql --max_rows=1000000 'SELECT * FROM `region-eu`."
        'INFORMATION_SCHEMA.JOBS WHERE creation_time >= TIMESTAMP("{since}")\' > jobs.json'
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = set(table_columns(head.text))
        own = sorted(columns & _OWN_MARKS)
        if not columns >= _MARKS or not own:
            return ""
        return f"its JSON objects have job_id, user_email, creation_time and {own[0]}"

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order.

        A script counts by its children; jobs without SQL (load, copy, extract) are left out.
        """
        clock = Clock(options.timezone or "UTC")
        for one in json_objects(stream):
            yield one if isinstance(one, Rejected) else _record(*one, clock)


def _record(line: int, job: JsonObject, clock: Clock) -> Read:
    text = cell(job.get("query"))
    if cell(job.get("job_type")) not in ("", "QUERY"):
        return Ignored("no_statement", line)
    if job.get("statement_type") == "SCRIPT":
        return Ignored("companion", line)
    refused = withheld(text, line)
    if refused:
        return refused
    try:
        start = clock.micros(cell(job.get("start_time")) or cell(job.get("creation_time")))
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    project = cell(job.get("project_id"))
    return QueryRecord(
        text=text,
        start=start,
        user=cell(job.get("user_email")),
        query_id=f"{project}:{cell(job.get('job_id'))}",
        session=nested(job, "session_info.session_id") or cell(job.get("parent_job_id")),
        status=_status(job),
        kind=cell(job.get("statement_type")),
        database=project,
        hints=_labels(job.get("labels")),
        line=line,
    )


def _status(job: JsonObject) -> str:
    # A job that failed is DONE, too.
    if job.get("error_result"):
        return "cancelled" if nested(job, "error_result.reason") in _CANCELLED else "error"
    return status_of(cell(job.get("state")))


def _labels(labels: object) -> Mapping[str, str]:
    """The labels as hints, from a list of `{key, value}` or from a map."""
    if isinstance(labels, list):
        pairs = {cell(one.get("key")): one.get("value") for one in labels if isinstance(one, dict)}
    else:
        pairs = labels if isinstance(labels, dict) else {}
    return {f"label.{key}": cell(value) for key, value in pairs.items()}


FORMAT = BigQueryJobs()

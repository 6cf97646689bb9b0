"""BigQuery jobs as DataHub's BigQuery source keeps them (`query_log.json`), JSON or JSON Lines.

Source: https://github.com/datahub-project/datahub,
bigquery_v2/queries_extractor.py
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import read_table, table_columns
from ingest.formats.bigquery_tables import TableName, Touched
from ingest.formats.stated import decoded, statement_text
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "text": ("query",),
    "start": ("timestamp",),
    "user": ("user",),
    "session": ("session_id",),
    "project": ("default_db",),
    "dataset": ("default_schema",),
    "hash": ("query_hash",),
    "extra": ("extra_info",),
}
_MARKS = {"query", "timestamp", "default_db", "query_hash", "extra_info"}
_USER = "urn:li:corpuser:"
_NO_DATASET = "_SESSION"  # what DataHub puts there for the temporary tables of a session


class _Table(msgspec.Struct, frozen=True):
    project_id: str
    dataset_id: str
    table_id: str

    def name(self) -> TableName:
        return TableName(self.project_id, self.dataset_id, self.table_id)


class _Extra(msgspec.Struct, frozen=True):
    job_id: str = ""
    statement_type: str = ""
    destination_table: _Table | None = None
    referenced_tables: list[_Table] = []


class BigQueryDataHub:
    """The format."""

    name = "bigquery-datahub"
    title = "BigQuery jobs in DataHub's query log (JSON)"
    dialect = "bigquery"
    export = (
        "the file of statements that DataHub's BigQuery source leaves with "
        "use_queries_v2 and local_temp_path; better JOBS itself, see bigquery-jobs"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        known = set(table_columns(head.text)) >= _MARKS
        return f"its objects have {', '.join(sorted(_MARKS))}" if known else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        clock = Clock(options.timezone or "UTC")
        table = read_table(stream, _FIELDS, lambda row: row[1][:4].isdigit())
        for row in table.cells:
            yield row if isinstance(row, Rejected) else _record(*row, clock)


def _record(line: int, row: tuple[str, ...], clock: Clock) -> Read:
    query, start, user, session, project, dataset, hash_, extra = row
    text, given = statement_text(query)
    try:
        job = decoded(extra, _Extra) or _Extra()
        if job.statement_type == "SCRIPT":
            return Ignored("companion", line)
        return QueryRecord(
            text=text,
            start=clock.micros(start),
            user=user.removeprefix(_USER),
            query_id=f"{project}:{job.job_id}" if job.job_id else "",
            session=session,
            kind=job.statement_type,
            database=project,
            schema="" if dataset == _NO_DATASET else dataset,
            complete=given,
            line=line,
            # What came from the cache has no hash.
            stated=_touched(job, cached=not hash_).stated(),
            joins=bool(job.job_id),
        )
    except UnreadableTime:
        return Rejected("bad_time", line, query)
    except msgspec.MsgspecError:
        return Rejected("broken_record", line, query)


def _touched(job: _Extra, *, cached: bool) -> Touched:
    target = job.destination_table
    return Touched(
        job.statement_type,
        [one.name() for one in job.referenced_tables],
        [target.name()] if target else None,
        cached=cached,
    )


FORMAT = BigQueryDataHub()

"""BigQuery's Cloud audit logs: BigQueryAuditMetadata, and AuditData of older logs.

Source: https://cloud.google.com/bigquery/docs/reference/auditlogs
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import IO

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.objects import JsonObject, json_objects, nested
from ingest.formats.bigquery_audit_jobs import Job, job_name, job_of
from ingest.formats.bigquery_tables import of_path, orchestrated
from ingest.formats.stated import canonical, decoded, statement_text
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected, Stated

_PAYLOADS = ("protoPayload", "protopayload_auditlog")  # of the log, of a sink to BigQuery
_AUDITED = ("metadata.@type", "metadataJson", "serviceData.@type", "servicedata_v1_bigquery")


class _TableData(msgspec.Struct, frozen=True, rename="camel"):
    """What a job, or nobody's job, read or changed of a table."""

    fields: list[str] | None = None
    job_name: str | None = None


class BigQueryAuditLog:
    """The format."""

    name = "bigquery-audit-log"
    title = "BigQuery audit log (Cloud Logging JSON, exported tables)"
    dialect = "bigquery"
    export = (
        'gcloud logging read \'protoPayload.serviceName="bigquery.googleapis.com" AND timestamp >= '
        '"{since}"\' --format=json > bigquery-audit.json, or the files of a log sink; import it '
        "with JOBS, which has the longer statements"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        if head.text.lstrip()[:1] not in ("{", "["):
            return ""
        for one in json_objects(io.StringIO(), head.text):
            payload = _payload(one[1]) if isinstance(one, tuple) else {}
            if any("bigquery" in nested(payload, path).lower() for path in _AUDITED):
                return "its JSON objects are audit records of BigQuery"
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order.

        A job counts where it ended; what it read and wrote may stand in records of their own.
        """
        clock = Clock(options.timezone or "UTC")
        for one in json_objects(stream):
            yield one if isinstance(one, Rejected) else _record(*one, clock)


def _payload(entry: JsonObject) -> JsonObject:
    found = next((entry[name] for name in _PAYLOADS if name in entry), entry)
    return found if isinstance(found, dict) else {}


def _record(line: int, entry: JsonObject, clock: Clock) -> Read:
    payload = _payload(entry)
    try:
        metadata = _metadata(payload)
        job = job_of(metadata, payload)
        if job:
            return _of_job(line, job, payload, clock)
        return _of_data(line, entry, payload, metadata, clock)
    except UnreadableTime:
        return Rejected("bad_time", line)
    except msgspec.MsgspecError:
        return Rejected("broken_record", line)


def _metadata(payload: JsonObject) -> JsonObject:
    """What the record is about, which exported tables keep as text."""
    found = payload.get("metadata")
    if isinstance(found, dict):
        return found
    return decoded(nested(payload, "metadataJson"), dict[str, object]) or {}


def _of_job(line: int, job: Job, payload: JsonObject, clock: Clock) -> Read:
    if not job.ended or job.kind == "SCRIPT":
        return Ignored("companion", line)
    text, given = statement_text(job.query)
    stated = job.touched.stated()
    if not job.is_query and not stated:
        return Ignored("no_statement", line)
    return QueryRecord(
        text=text,
        start=clock.micros(job.start),
        user=nested(payload, "authenticationInfo.principalEmail"),
        query_id=job.id,
        session=job.parent,
        status=job.status,
        kind=job.kind,
        database=job.default_project or job.project,
        schema=job.default_dataset,
        hints=_hints(job, payload),
        complete=(given and not job.cut) or not job.is_query,
        line=line,
        stated=stated,
        joins=True,
    )


def _hints(job: Job, payload: JsonObject) -> Mapping[str, str]:
    labels = {f"label.{key}": value for key, value in job.labels.items()}
    hints = orchestrated(job.id.rpartition(":")[2]) | labels | _agent(payload)
    if job.parent:
        hints["parent_query_id"] = f"{job.project}:{job.parent}"
    return hints


def _agent(payload: JsonObject) -> dict[str, str]:
    agent = nested(payload, "requestMetadata.callerSuppliedUserAgent")
    return {"user_agent": agent} if agent else {}


def _of_data(
    line: int, entry: JsonObject, payload: JsonObject, metadata: JsonObject, clock: Clock
) -> Read:
    """A record of one table that was read or changed, by a job or through the API."""
    table = of_path(nested(payload, "resourceName"))
    read, changed = (metadata.get(name) for name in ("tableDataRead", "tableDataChange"))
    about = read or changed
    if not table or not isinstance(about, dict):
        return Ignored("companion", line)
    data = msgspec.convert(about, _TableData)
    found = table.stated(tuple(data.fields or ()))
    if not found:
        return Ignored("no_lineage", line)
    stated = Stated(reads=(found,)) if read else Stated(writes=(found,))
    project, job = job_name(data.job_name or "")
    return QueryRecord(
        text="",
        start=clock.micros(nested(entry, "timestamp")),
        user=nested(payload, "authenticationInfo.principalEmail"),
        query_id=f"{project}:{job}" if job else nested(entry, "insertId"),
        hints=_agent(payload),
        line=line,
        stated=canonical(msgspec.structs.replace(stated, scope="some")),
        joins=bool(job),
    )


FORMAT = BigQueryAuditLog()

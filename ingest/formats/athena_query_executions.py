"""Athena's GetQueryExecution answers, and CloudTrail records that say who ran them.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecution.html
and https://docs.aws.amazon.com/athena/latest/ug/monitor-with-cloudtrail.html
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.objects import JsonObject, json_objects, nested
from ingest.files.wording import status_of
from ingest.formats.stated import statement_text
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_USERS = (
    "userIdentity.sessionContext.sessionIssuer.userName",
    "userIdentity.userName",
    "userIdentity.arn",
)
_GLUE = "awsdatacatalog"
_SERVICE, _STARTED = "athena.amazonaws.com", "StartQueryExecution"


class AthenaQueryExecutions:
    """The format."""

    name = "athena-query-executions"
    title = "Athena query executions, and CloudTrail for their users (JSON)"
    dialect = "athena"
    export = (
        "aws athena list-query-executions --query 'QueryExecutionIds' | … | "
        "aws athena batch-get-query-execution --query-execution-ids … > executions.json; "
        "import the CloudTrail files of the same days with it: only they name the users"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        if head.text.lstrip()[:1] not in ("{", "["):
            return ""
        for one in json_objects(io.StringIO(), head.text):
            if isinstance(one, tuple) and "QueryExecutionId" in _execution(one[1]):
                return "its JSON objects have QueryExecutionId"
            if isinstance(one, tuple) and one[1].get("eventSource") == _SERVICE:
                return f"its JSON objects are CloudTrail records of {_SERVICE}"
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        clock = Clock(options.timezone or "UTC")
        for one in json_objects(stream):
            if isinstance(one, Rejected):
                yield one
                continue
            line, found = one
            try:
                if "eventName" in found:
                    yield _started(line, found, clock)
                else:
                    yield _executed(line, _execution(found), clock)
            except UnreadableTime:
                yield Rejected("bad_time", line)


def _execution(found: JsonObject) -> JsonObject:
    inner = found.get("QueryExecution")
    return inner if isinstance(inner, dict) else found


def _catalog(said: str) -> str:
    """The catalogue of names that have none; in any spelling, or unsaid, it is that of Glue."""
    return _GLUE if said.lower() in ("", _GLUE) else said


def _executed(line: int, execution: JsonObject, clock: Clock) -> Read:
    text, given = statement_text(nested(execution, "Query"))
    group = nested(execution, "WorkGroup")
    return QueryRecord(
        text=text,
        start=clock.micros(nested(execution, "Status.SubmissionDateTime")),
        query_id=nested(execution, "QueryExecutionId"),
        status=status_of(nested(execution, "Status.State")),
        kind=(nested(execution, "SubstatementType") or nested(execution, "StatementType")).upper(),
        database=_catalog(nested(execution, "QueryExecutionContext.Catalog")),
        schema=nested(execution, "QueryExecutionContext.Database"),
        hints={"work_group": group} if group else {},
        complete=given,
        line=line,
        joins=True,
    )


def _started(line: int, event: JsonObject, clock: Clock) -> Read:
    """Who started an execution; the statement, when CloudTrail does not keep it back."""
    called = nested(event, "responseElements.queryExecutionId")
    if nested(event, "eventName") != _STARTED or not called:
        return Ignored("companion", line)
    text, given = statement_text(nested(event, "requestParameters.queryString"))
    agent = nested(event, "userAgent")
    return QueryRecord(
        text=text,
        start=clock.micros(nested(event, "eventTime")),
        user=next(filter(None, (nested(event, path) for path in _USERS)), ""),
        query_id=called,
        status="unknown",
        database=_catalog(nested(event, "requestParameters.queryExecutionContext.catalog")),
        schema=nested(event, "requestParameters.queryExecutionContext.database"),
        hints={"user_agent": agent} if agent else {},
        complete=given,
        line=line,
        joins=True,
    )


FORMAT = AthenaQueryExecutions()

"""Athena's GetQueryExecution answers, and CloudTrail records that say who ran them.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecution.html
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.objects import JsonObject, json_objects, nested
from ingest.files.wording import status_of, withheld
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_WAITING = 50_000  # executions that may wait for the record of their user
_USERS = (
    "userIdentity.sessionContext.sessionIssuer.userName",
    "userIdentity.userName",
    "userIdentity.arn",
)


class AthenaQueryExecutions:
    """The format."""

    name = "athena-query-executions"
    title = "Athena query executions (JSON), with CloudTrail for the users"
    dialect = "athena"
    export = (
        "aws athena list-query-executions --query 'QueryExecutionIds' | … | "
        "aws athena batch-get-query-execution --query-execution-ids … > executions.json; "
        "add the CloudTrail files to the same file for the users"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        if head.text.lstrip()[:1] not in ("{", "["):
            return ""
        for one in json_objects(io.StringIO(), head.text):
            if isinstance(one, tuple) and "QueryExecutionId" in _execution(one[1]):
                return "its JSON objects have QueryExecutionId"
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream; an execution comes when its user is known, else at the end."""
        clock = Clock(options.timezone or "UTC")
        users: dict[str, str] = {}
        waiting: OrderedDict[str, QueryRecord] = OrderedDict()
        for one in json_objects(stream):
            if isinstance(one, Rejected):
                yield one
                continue
            line, found = one
            called = nested(found, "responseElements.queryExecutionId")
            if "eventName" in found:
                if called:
                    users[called] = next(filter(None, (nested(found, p) for p in _USERS)), "")
                yield Ignored("companion", line)
                continue
            record = _record(line, _execution(found), clock)
            if isinstance(record, QueryRecord):
                waiting[record.query_id] = record
            else:
                yield record
            if len(waiting) > _WAITING:
                yield _with_user(waiting.popitem(last=False)[1], users)
        for record in waiting.values():
            yield _with_user(record, users)


def _with_user(record: QueryRecord, users: dict[str, str]) -> QueryRecord:
    return msgspec.structs.replace(record, user=users.get(record.query_id, ""))


def _execution(found: JsonObject) -> JsonObject:
    inner = found.get("QueryExecution")
    return inner if isinstance(inner, dict) else found


def _record(line: int, execution: JsonObject, clock: Clock) -> Read:
    text = nested(execution, "Query")
    refused = withheld(text, line)
    if refused:
        return refused
    try:
        start = clock.micros(nested(execution, "Status.SubmissionDateTime"))
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    group = nested(execution, "WorkGroup")
    return QueryRecord(
        text=text,
        start=start,
        query_id=nested(execution, "QueryExecutionId"),
        status=status_of(nested(execution, "Status.State")),
        kind=(nested(execution, "SubstatementType") or nested(execution, "StatementType")).upper(),
        database=nested(execution, "QueryExecutionContext.Catalog"),
        schema=nested(execution, "QueryExecutionContext.Database"),
        hints={"work_group": group} if group else {},
        line=line,
    )


FORMAT = AthenaQueryExecutions()

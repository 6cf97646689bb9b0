"""Redshift's user activity log, as audit logging writes it to S3 or CloudWatch.

Source: https://docs.aws.amazon.com/redshift/latest/mgmt/db-auditing.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, Ordinals, UnreadableTime
from ingest.files.wording import withheld
from ingest.record import Head, QueryRecord, Read, ReadOptions, Rejected

_ENTRY = re.compile(
    r"'?(?P<time>[0-9-]{10}T[0-9:.]+Z?) (?P<zone>\S+) \[ db=(?P<db>.*?) user=(?P<user>.*?) "
    r"pid=(?P<pid>\d+) userid=\d+ xid=\d+ \]'? LOG: ?(?P<text>.*)",
    re.DOTALL,
)
_BEGINS = re.compile(r"'?[0-9]{4}-[0-9]{2}-[0-9]{2}T")
_LONGEST = 200_000  # lines of one statement; more is a file that is no log


class RedshiftUserActivityLog:
    """The format."""

    name = "redshift-user-activity-log"
    title = "Redshift user activity log (audit files in S3)"
    dialect = "redshift"
    export = (
        "set enable_user_activity_logging in the parameter group and audit logging to S3, then "
        "aws s3 cp --recursive s3://…/AWSLogs/ . --exclude '*' --include '*useractivitylog*'"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        known = any(_ENTRY.match(line) for line in head.text.splitlines()[:100])
        return "its lines begin '… UTC [ db=… user=… pid=… userid=… xid=… ]' LOG:" if known else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order.

        The log tells nothing of how a statement ended.
        """
        clock, ordinals = Clock(options.timezone), Ordinals()
        for line, text in _entries(stream):
            yield _record(line, text, clock, ordinals)


def _entries(stream: IO[str]) -> Iterator[tuple[int, str]]:
    """The entries with the line where each begins; a statement may go over several lines."""
    begun, lines = 1, list[str]()
    for number, line in enumerate(stream, 1):
        if lines and (_BEGINS.match(line) or len(lines) >= _LONGEST):
            yield begun, "".join(lines)
            begun, lines = number, []
        if lines or line.strip():
            begun = begun if lines else number
            lines.append(line)
    if lines:
        yield begun, "".join(lines)


def _record(line: int, entry: str, clock: Clock, ordinals: Ordinals) -> Read:
    found = _ENTRY.match(entry)
    if not found:
        return Rejected("broken_record", line, entry[:2_000])
    text = found["text"].strip()
    refused = withheld(text, line)
    if refused:
        return refused
    try:
        start = clock.micros(f"{found['time'].removesuffix('Z')} {found['zone']}")
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    return QueryRecord(
        text=text,
        start=start,
        user=found["user"],
        session=found["pid"],
        seq=ordinals.next(found["pid"], start),
        status="unknown",
        database=found["db"],
        line=line,
    )


FORMAT = RedshiftUserActivityLog()

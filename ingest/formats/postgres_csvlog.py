"""PostgreSQL's csvlog: 23 columns before version 13, 24 in 13, 26 from 14; no header.

Source: https://www.postgresql.org/docs/current/runtime-config-logging.html
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from operator import itemgetter
from typing import IO

from ingest.files.clock import Clock
from ingest.files.delimited import csv_rows
from ingest.formats.postgres_executions import Executions
from ingest.formats.postgres_messages import SEVERITIES, Entry
from ingest.record import Head, Read, ReadOptions, Rejected

_WIDTHS = frozenset({23, 24, 26})
_SEVERITY = 11
# log_time, user_name, database_name, process_id, session_id, session_line_num, command_tag,
# error_severity, sql_state_code, message, detail, query, application_name
_ENTRY = itemgetter(0, 1, 2, 3, 5, 6, 7, _SEVERITY, 12, 13, 14, 19, 22)
_FIRST_ROWS = 20


class PostgresCsvlog:
    """The format."""

    name = "postgres-csvlog"
    title = "PostgreSQL csvlog"
    dialect = "postgres"
    export = (
        "in postgresql.conf: logging_collector = on, log_destination = 'csvlog', "
        "log_min_duration_statement = 0; then take the .csv files of log_directory"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        rows = csv_rows(io.StringIO(head.text, newline=""), _WIDTHS, _plausible)
        for row in itertools.islice(rows, _FIRST_ROWS):
            if not isinstance(row, Rejected) and _plausible(row[1]):
                return f"it has {len(row[1])} columns without header, the 12th is a log severity"
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, in the order of each session."""
        executions = Executions(Clock(options.timezone))
        for row in csv_rows(stream, _WIDTHS, _plausible):
            if isinstance(row, Rejected):
                yield row
            else:
                yield from executions.take(Entry(*_ENTRY(row[1])), row[0])
        yield from executions.rest()


def _plausible(row: list[str]) -> bool:
    return row[0][:4].isdigit() and row[_SEVERITY].rstrip("12345") in SEVERITIES


FORMAT = PostgresCsvlog()

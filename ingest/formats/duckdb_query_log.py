"""DuckDB's query log: `duckdb_logs` as CSV. Only starts are logged, so that failures count too.

Source: https://duckdb.org/docs/stable/operations_manual/logging/overview
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import read_table, table_columns
from ingest.files.wording import withheld
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "text": ("message",),
    "start": ("timestamp",),
    "type": ("type",),
    "session": ("connection_id",),
    "seq": ("query_id",),
}
_MARKS = {"context_id", "timestamp", "type", "log_level", "message"}


class DuckDbQueryLog:
    """The format."""

    name = "duckdb-query-log"
    title = "DuckDB query log (CSV of duckdb_logs)"
    dialect = "duckdb"
    export = (
        "CALL enable_logging('QueryLog', storage='memory'); …; "
        "COPY (SELECT * FROM duckdb_logs) TO 'queries.csv'"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = set(table_columns(head.text))
        return "it has the columns of duckdb_logs" if columns >= _MARKS else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        clock = Clock(options.timezone)
        table = read_table(stream, _FIELDS, lambda row: row[1][:4].isdigit())
        for row in table.cells:
            yield row if isinstance(row, Rejected) else record(*row, clock)
        clock.tell(options.notice)


def record(line: int, row: tuple[str, ...], clock: Clock) -> Read:
    """The record of an entry: text, time, type, connection and number of the query."""
    text, start, type_, session, seq = row
    if type_ != "QueryLog":
        return Ignored("no_statement", line)
    refused = withheld(text, line)
    if refused:
        return refused
    try:
        micros = clock.micros(start)
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    return QueryRecord(
        text=text,
        start=micros,
        session=session,
        seq=int(seq) if seq.isdecimal() else 0,
        status="unknown",
        line=line,
    )


FORMAT = DuckDbQueryLog()

"""DuckDB's query log on files: entries and contexts, two tables that are one log.

Source: https://duckdb.org/docs/stable/operations_manual/logging/overview
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock
from ingest.files.delimited import csv_rows
from ingest.formats.duckdb_query_log import record
from ingest.record import Head, Read, ReadOptions, Rejected

_CONTEXTS = ["context_id", "scope", "connection_id", "transaction_id", "query_id", "thread_id"]
_ENTRIES = ["context_id", "timestamp", "type", "log_level", "message"]


class DuckDbLogFiles:
    """The format."""

    name = "duckdb-log-files"
    title = "DuckDB query log on files (a folder of two CSVs)"
    dialect = "duckdb"
    export = (
        "CALL enable_logging('QueryLog', storage='file', storage_config={'path': 'FOLDER'}); give "
        "the folder, one of a process, since the numbers of its contexts start anew"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        first = head.text.partition("\n")[0].strip().split(",")
        return "it begins with DuckDB's log contexts" if first == _CONTEXTS else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Every entry, with the connection that its context names."""
        clock = Clock(options.timezone)
        contexts: dict[str, tuple[str, str]] = {}
        widths = (len(_CONTEXTS), len(_ENTRIES))
        for one in csv_rows(stream, widths, lambda row: row[0].isdecimal()):
            if isinstance(one, Rejected):
                yield one
                continue
            line, row = one
            if row in (_CONTEXTS, _ENTRIES):
                continue
            if len(row) == len(_CONTEXTS):
                contexts[row[0]] = (row[2], row[4])
                continue
            _, start, kind, _, text = row
            session, number = contexts.get(row[0], ("", ""))
            yield record(line, (text, start, kind, session, number), clock)
        clock.tell(options.notice)


FORMAT = DuckDbLogFiles()

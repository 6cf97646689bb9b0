"""The tables mysql.general_log and mysql.slow_log (`log_output = TABLE`), exported.

The files `general_log.CSV` and `slow_log.CSV` of the server's own folder have no header; they are
read too. Source: https://dev.mysql.com/doc/refman/8.4/en/log-destinations.html, and tables of
MariaDB 10.11.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import IO, cast

from ingest.files.clock import Clock, Ordinals, UnreadableTime
from ingest.files.delimited import CsvStyle, csv_rows
from ingest.files.tables import Cells, match_columns, read_table, table_columns
from ingest.files.wording import status_of, withheld
from ingest.formats.mysql_messages import (
    is_execution_by_name,
    is_preparation,
    schema_of_connect,
    unescaped,
    unhexed,
    user_of,
)
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "time": ("event_time", "start_time"),
    "user_host": ("user_host",),
    "thread": ("thread_id",),
    "command": ("command_type",),
    "text": ("argument", "sql_text"),
    "schema": ("db",),
    "errno": ("errno", "last_errno"),
}
_STAMP = r'"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?","[^"]*\[[^"]*\] @ [^"]*",'
# The server's own files have no header: the places of the fields, -1 for those that are not there,
# and how many columns there are; MariaDB's slow log has one more.
_OWN = (
    (re.compile(_STAMP + r'\d+,\d+,"[A-Z][A-Za-z ]+","'), (0, 1, 2, 4, 5, -1, -1), (6,)),
    (re.compile(_STAMP + r'"[-\d:.]+","[-\d:.]+",'), (0, 1, 11, -1, 10, 6, -1), (12, 13)),
)
_OWN_STYLE = CsvStyle(",", backslash=True)
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


class MySqlLogTables:
    """The format."""

    name = "mysql-log-tables"
    title = "MySQL and MariaDB tables mysql.general_log, mysql.slow_log"
    dialect = "mysql"
    export = (
        "SET GLOBAL log_output = 'TABLE'; then mysql --batch -e \"SET time_zone = '+00:00'; "
        'SELECT * FROM mysql.general_log" (or slow_log) > general_log.tsv; or any CSV or JSON of '
        "it; or the file general_log.CSV in the data folder of the server"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        if _own_columns(head.text):
            return "it is the server's own CSV of general_log or slow_log, without header"
        matched = match_columns(table_columns(head.text), _FIELDS)
        if {"time", "user_host", "thread", "text"} <= matched.keys():
            return "it has the columns " + ", ".join(matched.values())
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        first = stream.readline()
        own = _own_columns(first)
        log = _Log(Clock(options.timezone), batch="\t" in first)
        if own:
            rows = _own_rows(itertools.chain((first,), stream), *own)
        else:
            whole = cast("IO[str]", _Whole(first, stream))
            rows = read_table(whole, _FIELDS, lambda row: row[0][:4].isdigit()).cells
        for row in rows:
            yield row if isinstance(row, Rejected) else log.read(*row)
        log.clock.tell(options.notice)


def _own_columns(text: str) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Places and numbers of columns of a file without header; None when it has one."""
    found = (one[1:] for one in _OWN if one[0].match(text))
    return next(found, None)


def _own_rows(
    lines: Iterable[str], places: tuple[int, ...], widths: tuple[int, ...]
) -> Iterator[Cells | Rejected]:
    def plausible(row: list[str]) -> bool:
        return row[0][:4].isdigit()

    pick = itemgetter(*places)
    # To the reader, a backslash only takes the meaning off the next character.
    plain = (_PAIR.sub(lambda one: _CONTROLS.get(one[1], one[0]), line) for line in lines)
    for row in csv_rows(plain, widths, plausible, _OWN_STYLE):
        yield row if isinstance(row, Rejected) else (row[0], pick([*row[1], ""]))


class _Whole(io.TextIOBase):
    """A stream with the line that was already read of it."""

    def __init__(self, first: str, stream: IO[str]) -> None:
        self._first, self._stream = first, stream

    def read(self, size: int | None = -1, /) -> str:
        first, self._first = self._first, ""
        return first + self._stream.read(-1 if size is None else size)

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        return self._stream.readline(size)

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        return iter(self._stream)


class _Log:
    """The state of a log: the user and the schema of each thread."""

    def __init__(self, clock: Clock, *, batch: bool) -> None:
        self.clock = clock
        self._batch = batch  # the client escapes line ends, and writes NULL
        self._schemas: dict[str, str] = {}
        self._ordinals = Ordinals()

    def read(self, line: int, row: tuple[str, ...]) -> Read:
        """What a row says."""
        time, user_host, thread, command, text, schema, errno = row
        if self._batch:
            text, schema = unescaped(text), schema.removeprefix("NULL")
        text = unhexed(text)
        if command == "Init DB":
            self._schemas[thread] = text.strip()
        elif command == "Connect":
            self._schemas[thread] = schema_of_connect(text)
        elif command == "Quit":
            self._schemas.pop(thread, None)
        if command not in ("", "Query", "Execute"):
            return Ignored("companion" if command == "Prepare" else "no_statement", line)
        # The general log has a row of the statement that an EXECUTE runs, the slow log only that.
        if is_preparation(text) or (command and is_execution_by_name(text)):
            return Ignored("companion", line)
        refused = withheld(text, line)
        if refused:
            return refused
        try:
            start = self.clock.micros(time)
        except UnreadableTime:
            return Rejected("bad_time", line, text)
        return QueryRecord(
            text=text.rstrip().removesuffix(";"),
            start=start,
            user=user_of(user_host),
            session=thread,
            seq=self._ordinals.next(thread, start),
            status=status_of(errno) if errno else "unknown",
            schema=schema or self._schemas.get(thread, ""),
            line=line,
        )


FORMAT = MySqlLogTables()

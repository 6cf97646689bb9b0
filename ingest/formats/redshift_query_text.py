"""Redshift SYS_QUERY_TEXT and STL_QUERYTEXT: statements in chunks, to be put together again.

Source: https://docs.aws.amazon.com/redshift/latest/dg/SYS_QUERY_TEXT.html
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import NO_TIME, Clock, UnreadableTime
from ingest.files.tables import read_table, table_columns
from ingest.files.wording import status_of, withheld
from ingest.record import Head, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "query_id": ("query_id", "query"),
    "sequence": ("sequence",),
    "text": ("text",),
    "start": ("start_time", "starttime"),
    "session": ("session_id", "pid"),
    "user": ("user_name", "usename", "username", "user_id", "userid"),
    "database": ("database_name", "database"),
    "status": ("status",),
    "kind": ("query_type",),
    "query_label": ("query_label", "label"),
}
_WIDTH, _STL_WIDTH = 4000, 200  # characters of a chunk
_WAITING = 50_000  # statements that may wait for more chunks
_ESCAPED = re.compile(r"'(?:[^'\\]|''|\\.)*'|--(?:(?!\\n).)*|\\[nrt]", re.DOTALL)
_CONTROL = {"\\n": "\n", "\\r": "\r", "\\t": "\t"}


class _Chunks(msgspec.Struct):
    """What is there of a statement: its chunks by sequence, and the row of one of them."""

    line: int
    row: tuple[str, ...]
    chunks: dict[int, str]


class RedshiftQueryText:
    """The format."""

    name = "redshift-query-text"
    title = "Redshift SYS_QUERY_TEXT, STL_QUERYTEXT (CSV, JSON)"
    dialect = "redshift"
    export = (
        "UNLOAD ('SELECT t.*, h.status, h.database_name, h.query_type, u.usename FROM "
        "sys_query_text t JOIN sys_query_history h USING (query_id) JOIN pg_user u ON u.usesysid "
        "= h.user_id WHERE t.start_time >= ''{since}'' ORDER BY t.query_id, t.sequence') "
        "TO 's3://…' IAM_ROLE default FORMAT CSV HEADER GZIP"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.lower() for column in table_columns(head.text)}
        known = columns >= {"sequence", "text"} and columns & {"query_id", "query"}
        return "it has the columns sequence, text and a query id" if known else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Every statement once all its chunks are there, in any order of the rows."""
        clock = Clock(options.timezone or "UTC")
        table = read_table(stream, _FIELDS, lambda row: row[0].isdigit() and row[1].isdigit())
        stl = not {"start_time", "starttime"} & {column.lower() for column in table.columns}
        width = _STL_WIDTH if stl else _WIDTH
        waiting: OrderedDict[str, _Chunks] = OrderedDict()
        for one in table.cells:
            if isinstance(one, Rejected):
                yield one
                continue
            line, row = one
            known = waiting.setdefault(row[0], _Chunks(line, row, {}))
            known.chunks[int(row[1] or 0)] = row[2]
            waiting.move_to_end(row[0])
            if len(waiting) > _WAITING:
                yield _record(waiting.popitem(last=False)[1], width, clock)
        for known in waiting.values():
            yield _record(known, width, clock)


def _record(found: _Chunks, width: int, clock: Clock) -> Read:
    query_id, _, _, start, session, user, database, status, kind, label = found.row
    text = _stitched(found.chunks, width)
    refused = withheld(text, found.line)
    if refused:
        return refused
    try:
        micros = clock.micros(start) if start else NO_TIME
    except UnreadableTime:
        return Rejected("bad_time", found.line, text)
    return QueryRecord(
        text=text,
        start=micros,
        user=user,
        query_id=query_id,
        session=session,
        status=status_of(status),
        kind=kind.upper(),
        database=database,
        hints={"query_label": label} if label and label != "default" else {},
        complete=sorted(found.chunks) == list(range(len(found.chunks))),
        line=found.line,
    )


def _stitched(chunks: dict[int, str], width: int) -> str:
    """The text of the chunks in their order.

    Exports trim the blanks at the end of a chunk, and write control characters with a backslash;
    inside a string a backslash may be its own.
    """
    *whole, last = (chunks[place] for place in sorted(chunks))
    text = "".join(chunk.ljust(width) for chunk in whole) + last
    return _ESCAPED.sub(lambda found: _CONTROL.get(found.group(), found.group()), text)


FORMAT = RedshiftQueryText()

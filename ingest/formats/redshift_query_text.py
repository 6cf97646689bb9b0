"""Redshift SYS_QUERY_TEXT, STL_QUERYTEXT, STL_DDLTEXT, STL_UTILITYTEXT: statements in chunks.

Source: https://docs.aws.amazon.com/redshift/latest/dg/SYS_QUERY_TEXT.html
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import IO

import msgspec

from ingest.files.clock import NO_TIME, Clock, UnreadableTime
from ingest.files.tables import read_table, table_columns
from ingest.files.wording import status_of, withheld
from ingest.record import Head, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "query_id": ("query_id", "query"),
    "transaction": ("xid", "transaction_id"),
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
_STL_MARKS = frozenset({"query", "xid", "starttime"})
_WAITING = 50_000  # statements that may wait for more chunks
_ESCAPED = re.compile(r"'(?:[^'\\]|''|\\.)*'|--(?:(?!\\n).)*|\\[nrt]", re.DOTALL)
_CONTROL = {"\\n": "\n", "\\r": "\r", "\\t": "\t"}


class _Chunks(msgspec.Struct):
    """What is there of a statement: its chunks by sequence, and the row of one of them."""

    line: int
    query_id: str
    row: list[str]
    chunks: dict[int, str]


class RedshiftQueryText:
    """The format."""

    name = "redshift-query-text"
    title = "Redshift SYS_QUERY_TEXT, STL_QUERYTEXT, STL_DDLTEXT, STL_UTILITYTEXT (CSV, JSON)"
    dialect = "redshift"
    export = (
        "UNLOAD ('SELECT * FROM sys_query_text WHERE start_time >= ''{since}''') TO 's3://…' "
        "IAM_ROLE default FORMAT CSV HEADER GZIP; import it with SYS_QUERY_HISTORY, which has "
        "the users, databases and results"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.lower() for column in table_columns(head.text)}
        known = columns >= {"sequence", "text"} and columns & {"query_id", "query", "xid"}
        return "it has the columns sequence, text and an id of the statement" if known else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Every statement once all its chunks are there, in any order of the rows."""
        clock = Clock(options.timezone or "UTC")
        table = read_table(stream, _FIELDS, lambda row: row[2].isdigit())
        columns = {column.lower() for column in table.columns}
        width = _STL_WIDTH if columns & _STL_MARKS and "query_id" not in columns else _WIDTH
        waiting: OrderedDict[tuple[str, ...], _Chunks] = OrderedDict()
        for one in table.cells:
            if isinstance(one, Rejected):
                yield one
                continue
            line, (query_id, transaction, sequence, text, *row) = one
            # What has no query, as DDL, is known by its transaction, start and process.
            key = (query_id,) if query_id else (transaction, *row[:2])
            known = waiting.setdefault(key, _Chunks(line, query_id, row, {}))
            known.chunks[int(sequence) if sequence.isdecimal() else 0] = text
            waiting.move_to_end(key)
            if len(waiting) > _WAITING:
                yield _record(waiting.popitem(last=False)[1], width, clock)
        for known in waiting.values():
            yield _record(known, width, clock)


def _record(found: _Chunks, width: int, clock: Clock) -> Read:
    start, session, user, database, status, kind, label = found.row
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
        query_id=found.query_id,
        session=session,
        status=status_of(status),
        kind=kind.upper(),
        database=database,
        hints=label_hint(label),
        complete=sorted(found.chunks) == list(range(len(found.chunks))),
        line=found.line,
        joins=bool(found.query_id),
    )


def label_hint(label: str) -> Mapping[str, str]:
    """The hint that a query group gives; none when nobody set one."""
    return {"query_label": label} if label and label != "default" else {}


def _stitched(chunks: dict[int, str], width: int) -> str:
    """The text of the chunks in their order; exports trim the blanks at the end of a chunk."""
    *whole, last = (chunks[place] for place in sorted(chunks))
    return unescaped("".join(chunk.ljust(width) for chunk in whole) + last)


def unescaped(text: str) -> str:
    """The text with control characters in place of their backslash forms, outside of strings.

    Inside a string a backslash may be its own.
    """
    return _ESCAPED.sub(lambda found: _CONTROL.get(found.group(), found.group()), text)


FORMAT = RedshiftQueryText()

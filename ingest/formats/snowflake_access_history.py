"""Snowflake ACCOUNT_USAGE.ACCESS_HISTORY as JSON, JSON Lines or CSV: its own column lineage.

Source: https://docs.snowflake.com/en/sql-reference/account-usage/access_history
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import read_table, table_columns
from ingest.formats.snowflake_objects import ddl_text, stated_of
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "query_id": ("query_id",),
    "start": ("query_start_time", "start_time"),
    "user": ("user_name",),
    "direct": ("direct_objects_accessed",),
    "base": ("base_objects_accessed",),
    "modified": ("objects_modified",),
    "ddl": ("object_modified_by_ddl",),
    "parent": ("parent_query_id",),
    "root": ("root_query_id",),
}
_OWN_MARKS = {"direct_objects_accessed", "objects_modified"}


class SnowflakeAccessHistory:
    """The format."""

    name = "snowflake-access-history"
    title = "Snowflake ACCESS_HISTORY (JSON, CSV)"
    dialect = "snowflake"
    divisible = True
    export = (
        'snow sql --format json -q "SELECT * FROM SNOWFLAKE.ACCOUNT_USAGE.ACCESS_HISTORY WHERE '
        "QUERY_START_TIME >= '{since}'\" > access_history.json; import it with QUERY_HISTORY, "
        "which has the statements"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.strip().lower() for column in table_columns(head.text)}
        own = sorted(columns & _OWN_MARKS)
        if "query_id" not in columns or not own:
            return ""
        return f"it has the columns QUERY_ID and {own[0].upper()}"

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        clock = Clock(options.timezone)
        table = read_table(stream, _FIELDS, lambda row: row[1][:4].isdigit())
        for row in table.cells:
            yield row if isinstance(row, Rejected) else _record(*row, clock)
        clock.tell(options.notice)


def _record(line: int, row: tuple[str, ...], clock: Clock) -> Read:
    query_id, start, user, direct, base, modified, ddl, parent, root = row
    try:
        text, stated = ddl_text(ddl), stated_of(direct, base, modified)
        if not text and not stated:
            return Ignored("no_lineage", line)
        return QueryRecord(
            text=text,
            start=clock.micros(start),
            user=user,
            query_id=query_id,
            hints=_hints(parent, root),
            line=line,
            stated=stated,
            joins=True,
        )
    except UnreadableTime:
        return Rejected("bad_time", line, query_id)
    except msgspec.MsgspecError:
        return Rejected("broken_record", line, query_id)


def _hints(parent: str, root: str) -> dict[str, str]:
    """The statement that called the procedure that ran this one."""
    caller = parent or root
    return {"parent_query_id": caller} if caller else {}


FORMAT = SnowflakeAccessHistory()

"""ClickHouse system.query_log as JSONEachRow, CSVWithNames or TSVWithNames.

Source: https://clickhouse.com/docs/operations/system-tables/query_log
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import RowForm, table_columns
from ingest.files.wording import status_of, withheld
from ingest.formats.clickhouse_tables import stated_of
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "text": ("query",),
    "start": (
        *("query_start_time_microseconds", "event_time_microseconds", "query_start_time"),
        "event_time",
    ),
    "event_time": ("event_time",),
    "type": ("type",),
    "user": ("user",),
    "query_id": ("query_id",),
    "kind": ("query_kind",),
    "database": ("current_database",),
    "initial": ("is_initial_query",),
    "code": ("exception_code",),
    "tables": ("tables",),
    "columns": ("columns",),
    "views": ("views",),
    "privileges": ("used_privileges",),
    "log_comment": ("log_comment",),
    "http_referer": ("http_referer",),
    "http_user_agent": ("http_user_agent",),
    "client_name": ("client_name",),
}
_HINTS = ("log_comment", "http_referer", "http_user_agent", "client_name")
_MARKS = {"type", "query", "event_time", "query_id"}
_OWN_MARKS = {"current_database", "query_kind", "is_initial_query", "normalized_query_hash"}
_CANCELLED = "394"  # QUERY_WAS_CANCELLED
_CUT = 99_900  # log_queries_cut_to_length is 100,000 bytes, and cuts a little earlier


def _record(line: int, row: tuple[str, ...], clock: Clock) -> Read:
    (text, start, event_time, type_, user, query_id, kind, database, initial, code,
     tables, columns, views, privileges, *hints) = row  # fmt: skip
    if type_ in ("QueryStart", "1") or initial in ("0", "false"):
        return Ignored("companion", line)
    refused = withheld(text, line)
    if refused:
        return refused
    try:
        micros = clock.micros(start or event_time)
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    return QueryRecord(
        text=text,
        start=micros,
        user=user,
        query_id=query_id,
        status="cancelled" if code == _CANCELLED else status_of(type_),
        kind=kind.upper(),
        # A database is what other platforms call a schema: there is no level above.
        schema=database,
        hints={name: hint for name, hint in zip(_HINTS, hints, strict=True) if hint},
        complete=len(text) < _CUT,
        line=line,
        stated=stated_of(kind.upper(), tables, columns, views, privileges),
    )


class ClickHouseQueryLog:
    """The format."""

    name = "clickhouse-query-log"
    title = "ClickHouse system.query_log (JSONEachRow, CSVWithNames)"
    dialect = "clickhouse"
    divisible = True
    rows = RowForm(
        _FIELDS, lambda row: row[1][:4].isdigit(), _record, stand_ins=("event_time",), longest=_CUT
    )
    export = (
        "clickhouse-client -q \"SELECT * FROM clusterAllReplicas('default', system.query_log) "
        "WHERE event_date >= '{since}' FORMAT JSONEachRow\" | gzip > query_log.jsonl.gz"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = set(table_columns(head.text))
        own = sorted(columns & _OWN_MARKS)
        if not columns >= _MARKS or not own:
            return ""
        return f"it has the columns type, query, event_time, query_id and {own[0]}"

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order.

        A statement counts where it ended; its start, and its parts on other shards, do not.
        """
        return self.rows.read(stream, options)


FORMAT = ClickHouseQueryLog()

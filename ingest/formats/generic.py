"""Any table of statements, CSV, JSON, Parquet or Arrow, by the usual names of its columns.

Reads the files that OpenMetadata (CSV) and DataHub (`sql-queries` JSON Lines) take, too.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import IO

import msgspec

from ingest.files.clock import NO_TIME, Clock, UnreadableTime
from ingest.files.tables import Table, match_columns, plain_name, read_table, table_columns
from ingest.files.wording import status_of, withheld
from ingest.record import Head, QueryRecord, Read, ReadOptions, Rejected
from lineage.errors import UnreadableInput

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "text": (
        *("query", "query_text", "sql", "sql_text", "sqltext", "statement", "statement_text"),
        *("querytxt", "query_string", "argument", "message", "text"),
    ),
    "start": (
        *("start_time", "starttime", "query_start_time", "started_at", "start", "timestamp", "ts"),
        *("event_time", "creation_time", "created_at", "executed_at", "log_time", "time", "date"),
    ),
    "user": (
        *("user", "user_name", "username", "user_email", "email", "db_user", "usename"),
        *("executed_by", "principal", "login", "login_name"),
    ),
    "query_id": ("query_id", "queryid", "statement_id", "job_id", "execution_id"),
    "session": ("session_id", "session", "sessionid", "pid", "connection_id", "thread_id"),
    "seq": ("seq", "sequence", "session_line_num", "line_num"),
    "status": ("status", "state", "execution_status", "query_state", "aborted"),
    "kind": ("query_type", "statement_type", "operation_type", "command_tag"),
    "database": (
        *("database", "database_name", "default_db", "default_database", "db", "catalog"),
        *("catalog_name", "dbname"),
    ),
    "schema": ("schema", "schema_name", "default_schema"),
    "count": ("count", "calls", "executions", "execution_count"),
}
# Columns that may name the consumer; they keep their names as hints.
_HINTS = (
    *("application_name", "application", "app_name", "client", "client_name", "client_application"),
    *("client_app_name", "program_name", "source", "user_agent", "query_tag", "query_tags", "tags"),
    *("labels", "query_label", "label", "log_comment", "http_referer", "role", "role_name"),
    "query_source",
)
# Names of a column of statements that may as well be one of anything else.
_VAGUE = frozenset({"message", "argument", "text"})
_SQL = re.compile(
    r"\s*(?:--|/\*|\(|(?:select|with|insert|update|delete|merge|create|alter|drop|truncate|copy|"
    r"replace|set|use|show|begin|commit|explain|call|grant)\b)",
    re.IGNORECASE,
)
_DATAHUB_USER = "urn:li:corpuser:"


class Generic:
    """The format."""

    name = "generic"
    title = "any CSV, TSV, JSON, Parquet or Arrow file with a column of statements"
    dialect = ""
    export = (
        "export your query history with at least the columns query, user, timestamp (ISO 8601 "
        "with zone); better with database, schema, session_id, status, application_name"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = table_columns(head.text)
        matched = match_columns(columns, _FIELDS)
        if "text" not in matched or not matched.keys() & {"start", "user", "session", "query_id"}:
            return ""
        if matched["text"].lower() in _VAGUE and not _has_sql(head.text):
            return ""
        return "it has the columns " + ", ".join(matched.values())

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order.

        Raises:
            UnreadableInput: a mapping names no field of ours or no column of the file, or nothing
                in the file looks like a column of statements.
        """
        fields = _mapped(options.columns)
        table = read_table(stream, fields, lambda row: bool(row[0]), _HINTS)
        _check(table, options)
        records = _Records(table.extras, Clock(options.timezone))
        for row in table.cells:
            yield row if isinstance(row, Rejected) else records.record(*row)
        records.report(options, table)


def looks_like_sql(text: str) -> bool:
    """Whether a text begins as a statement or a comment of SQL does."""
    return bool(_SQL.match(text))


def _has_sql(text: str) -> bool:
    table = read_table(io.StringIO(text, newline=""), {"text": _FIELDS["text"]}, bool)
    return any(isinstance(row, tuple) and looks_like_sql(row[1][0]) for row in table.cells)


class _Records:
    """Makes records of rows; remembers what the user should hear at the end."""

    def __init__(self, hints: tuple[str, ...], clock: Clock) -> None:
        self._hints = hints
        self._clock = clock

    def record(self, line: int, row: tuple[str, ...]) -> Read:
        """The record of a row."""
        (text, start, user, query_id, session, seq, status, kind, database, schema, count,
         *hints) = row  # fmt: skip
        refused = withheld(text, line)
        if refused:
            return refused
        try:
            micros = self._clock.micros(start) if start else NO_TIME
        except UnreadableTime:
            return Rejected("bad_time", line, text)
        return QueryRecord(
            text=text,
            start=micros,
            user=user.removeprefix(_DATAHUB_USER),
            query_id=query_id,
            session=session,
            seq=int(seq) if seq.isdecimal() else 0,
            status=status_of(status),
            kind=kind.upper(),
            database=database,
            schema=schema,
            hints=_hints(self._hints, hints) if hints else {},
            count=int(count) if count.isdecimal() else 1,
            line=line,
            joins=bool(query_id) and micros >= 0,  # an event may say whose run it was
        )

    def report(self, options: ReadOptions, table: Table) -> None:
        """Tells what was matched, assumed and refused."""
        options.notice(
            "columns: " + ", ".join(f"{field}={column}" for field, column in table.matched.items())
        )
        if "start" not in table.matched:
            options.notice("no column of times: these statements count, but on no day")
        self._clock.tell(options.notice)


def _hints(names: tuple[str, ...], values: list[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in zip(names, values, strict=True):
        if value.startswith("{"):
            found |= _flat(name, value)
        elif value:
            found[name] = value
    return found


def _flat(name: str, value: str) -> dict[str, str]:
    """The entries of a JSON object of labels as hints of their own, beside the whole."""
    try:
        entries = msgspec.json.decode(value, type=dict[str, str])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return {name: value}
    return {name: value, **{f"label.{key}": label for key, label in entries.items()}}


def _mapped(columns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Our fields with their names, those that the user maps to one column first."""
    fields = dict(_FIELDS)
    field_of = {name: field for field, names in _FIELDS.items() for name in (field, *names)}
    for said, column in columns.items():
        field = field_of.get(said.strip().lower())
        if field is None:
            raise UnreadableInput(f"--map knows {', '.join(_FIELDS)}; not {said!r}")
        fields[field] = (column,)
    return fields


def _check(table: Table, options: ReadOptions) -> None:
    has = ", ".join(table.columns) or "none"
    for said, column in options.columns.items():
        if plain_name(column) not in map(plain_name, table.columns):
            raise UnreadableInput(f"--map {said}={column}: the file has the columns {has}")
    if "text" not in table.matched:
        raise UnreadableInput(
            f"no column of statements among {has}: say which, --map text=COLUMN,user=COLUMN"
        )


FORMAT = Generic()

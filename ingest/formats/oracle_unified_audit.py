"""Oracle's UNIFIED_AUDIT_TRAIL: a row for each object that a statement touched, as CSV or JSON.

Source: https://docs.oracle.com/en/database/oracle/oracle-database/19/refrn/UNIFIED_AUDIT_TRAIL.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import read_table, table_columns
from ingest.files.wording import withheld
from ingest.formats.stated import canonical
from ingest.record import (
    Head,
    Ignored,
    QueryRecord,
    Read,
    ReadOptions,
    Rejected,
    Stated,
    StatedTable,
)

_FIELDS = {
    "time": ("event_timestamp_utc",),
    "local_time": ("event_timestamp",),
    "login": ("dbusername",),
    "current": ("current_user",),
    "session": ("sessionid",),
    "entry": ("entry_id",),
    "statement": ("statement_id",),
    "instance": ("instance_id",),
    "action": ("action_name",),
    "schema": ("object_schema",),
    "object": ("object_name",),
    "text": ("sql_text",),
    "code": ("return_code",),
    "program": ("client_program_name",),
    "client": ("client_identifier",),
}
_MARKS = {"sessionid", "action_name", "object_name", "return_code"}
_READS = frozenset({"SELECT"})
_WRITES = frozenset(
    {
        *("INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE TABLE", "CREATE TABLE"),
        *("CREATE VIEW", "CREATE MATERIALIZED VIEW"),
    }
)
_DDL = ("CREATE ", "ALTER ", "DROP ", "RENAME")
_SESSIONS = 10_000  # that are open at a time


class _Row(msgspec.Struct, frozen=True):
    """A row; `key` is of the statement."""

    line: int
    time: int
    key: tuple[str, ...]
    login: str
    current: str
    session: str
    entry: str
    action: str
    schema: str
    object: str
    text: str
    ok: bool
    hints: dict[str, str]
    query_id: str


class OracleUnifiedAudit:
    """The format."""

    name = "oracle-unified-audit"
    title = "Oracle UNIFIED_AUDIT_TRAIL (CSV, JSON)"
    dialect = "oracle"
    export = (
        "in SQLcl: ALTER SESSION SET NLS_TIMESTAMP_FORMAT='YYYY-MM-DD\"T\"HH24:MI:SS.FF6'; "
        "set sqlformat csv; spool audit.csv; SELECT event_timestamp_utc, dbusername, "
        "current_user, sessionid, entry_id, statement_id, instance_id, action_name, "
        "object_schema, object_name, sql_text, return_code, client_program_name, "
        "client_identifier FROM unified_audit_trail WHERE event_timestamp_utc >= "
        "DATE '{since}' ORDER BY sessionid, statement_id, entry_id"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.strip().lower() for column in table_columns(head.text)}
        return "it has SESSIONID, ACTION_NAME and RETURN_CODE" if columns >= _MARKS else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """A record for each statement; the further rows of one are companions."""
        clock = Clock(options.timezone)
        utc = Clock("UTC")
        sessions = _Sessions()
        for found in read_table(stream, _FIELDS, lambda row: bool(row[4])).cells:
            row = found if isinstance(found, Rejected) else _row(*found, utc, clock)
            if isinstance(row, _Row):
                yield from sessions.take(row)
            else:
                yield row
        yield from sessions.rest()
        clock.tell(options.notice)
        utc.tell(options.notice)


class _Sessions:
    """The rows of the statement that each session ran last."""

    def __init__(self) -> None:
        self._open: dict[str, list[_Row]] = {}

    def take(self, row: _Row) -> Iterator[Read]:
        """What is complete with this row."""
        rows = self._open.pop(row.session, [])
        if rows and rows[0].key != row.key:
            yield _record(rows)
            rows = []
        elif rows:
            yield Ignored("companion", row.line)
        self._open[row.session] = [*rows, row]
        if len(self._open) > _SESSIONS:
            yield _record(self._open.pop(next(iter(self._open))))

    def rest(self) -> Iterator[Read]:
        """The statements that are still open."""
        for rows in self._open.values():
            yield _record(rows)


def _row(line: int, cells: tuple[str, ...], utc: Clock, local: Clock) -> _Row | Read:
    (time, local_time, login, current, session, entry, statement, instance, action, schema,
     object_, text, code, program, client) = cells  # fmt: skip
    action = action.upper()
    if action not in _READS | _WRITES and not action.startswith(_DDL):
        return Ignored("no_statement", line)
    try:
        start = utc.micros(time) if time else local.micros(local_time)
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    # Without a number of the statement, rows of one are told by their text and second.
    key = (instance, session, statement) if statement else (session, text, str(start // 1_000_000))
    hints = {"program_name": program, "client_identifier": client}
    return _Row(
        line, start, key, login, current, session, entry, action, schema, object_,
        text, code in ("", "0"), {name: hint for name, hint in hints.items() if hint},
        "/".join(key) if statement else "",
    )  # fmt: skip


def _record(rows: list[_Row]) -> Read:
    first = min(rows, key=lambda row: row.line)
    text = max((row.text for row in rows), key=len)
    refused = withheld(text, first.line)
    stated = _stated(rows)
    if refused and stated is None:
        return refused
    return QueryRecord(
        text="" if refused else text,
        start=min(row.time for row in rows),
        user=first.login,
        query_id=first.query_id,
        session=first.session,
        seq=int(first.entry) if first.entry.isdecimal() else 0,
        status="ok" if all(row.ok for row in rows) else "error",
        kind=first.action if len({row.action for row in rows}) == 1 else "",
        schema=first.current or first.login,
        hints=first.hints,
        line=first.line,
        stated=stated,
    )


def _stated(rows: list[_Row]) -> Stated | None:
    reads = [_table(row) for row in rows if row.action in _READS and row.object]
    writes = [_table(row) for row in rows if row.action in _WRITES and row.object]
    if not (reads or writes):
        return None
    return canonical(Stated(tuple(reads), tuple(writes), scope="some"))


def _table(row: _Row) -> StatedTable:
    return StatedTable(tuple(part for part in (row.schema, row.object) if part))


FORMAT = OracleUnifiedAudit()

"""SQL Server Audit: a row for each object that a statement touched, as CSV or JSON.

A long statement goes on in the rows of the next sequence numbers.
Source: https://learn.microsoft.com/sql/relational-databases/system-functions/sys-fn-get-audit-file-transact-sql
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import Clock, Ordinals, UnreadableTime
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
    "time": ("event_time",),
    "sequence": ("sequence_number",),
    "action": ("action_id",),
    "succeeded": ("succeeded",),
    "session": ("session_id",),
    "login": ("session_server_principal_name", "server_principal_name"),
    "database": ("database_name",),
    "schema": ("schema_name",),
    "object": ("object_name",),
    "class": ("class_type",),
    "text": ("statement",),
    "program": ("application_name",),
}
_MARKS = {"event_time", "sequence_number", "action_id", "statement"}
_READS, _WRITES = frozenset({"SL"}), frozenset({"IN", "UP", "DL"})
_TABLES = frozenset({"U", "V", "IT", "SN", ""})
_NO_STATEMENT = frozenset({"LGIS", "LGIF", "LGO", "LGSD", "AUSC", "BA", "EX"})
_SAME_STATEMENT = 1_000_000  # microseconds between the rows of one execution at most
_SESSIONS = 10_000  # that are open at a time


class _Row(msgspec.Struct):
    """A row, with all of its statement."""

    line: int
    time: int
    action: str
    ok: bool
    session: str
    login: str
    database: str
    schema: str
    object: str
    class_: str
    text: str
    program: str
    last: int  # the sequence number that came last
    complete: bool

    @property
    def place(self) -> tuple[str, ...]:
        """What was touched and how."""
        return (self.action, self.database, self.schema, self.object)


class SqlServerAudit:
    """The format."""

    name = "sqlserver-audit"
    title = "SQL Server Audit (CSV, JSON)"
    dialect = "tsql"
    export = (
        "SELECT event_time, sequence_number, action_id, succeeded, session_id, "
        "server_principal_name, database_name, schema_name, object_name, class_type, statement, "
        "application_name FROM sys.fn_get_audit_file('*.sqlaudit', DEFAULT, DEFAULT) WHERE "
        "event_time >= '{since}' ORDER BY event_time, sequence_number; import with "
        "--default-schema dbo"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        columns = {column.strip().lower() for column in table_columns(head.text)}
        return "it has action_id, sequence_number and statement" if columns >= _MARKS else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """A record for each statement; the further rows of one are companions."""
        clock = Clock(options.timezone or "UTC")
        sessions = _Sessions()
        for found in read_table(stream, _FIELDS, lambda row: row[0][:4].isdigit()).cells:
            row = found if isinstance(found, Rejected) else _row(*found, clock)
            if isinstance(row, _Row):
                yield from sessions.take(row)
            else:
                yield row
        yield from sessions.rest()
        clock.tell(options.notice)


class _Sessions:
    """The rows of the statement that each session ran last."""

    def __init__(self) -> None:
        self._open: dict[str, list[_Row]] = {}
        self._ordinals = Ordinals()

    def take(self, row: _Row) -> Iterator[Read]:
        """What is complete with this row."""
        rows = self._open.pop(row.session, [])
        if rows and row.last > 1:
            yield _appended(rows, row)
        elif rows and not _same(rows, row):
            yield self._record(rows)
            rows = [row]
        else:
            if rows:
                yield Ignored("companion", row.line)
            rows.append(row)
        self._open[row.session] = rows
        if len(self._open) > _SESSIONS:
            yield self._record(self._open.pop(next(iter(self._open))))

    def rest(self) -> Iterator[Read]:
        """The statements that are still open."""
        for rows in self._open.values():
            yield self._record(rows)

    def _record(self, rows: list[_Row]) -> Read:
        first = rows[0]
        refused = withheld(first.text, first.line)
        stated = _stated(rows)
        if refused and stated is None:
            return refused
        return QueryRecord(
            text="" if refused else first.text,
            start=first.time,
            user=first.login,
            session=first.session,
            seq=self._ordinals.next(first.session, first.time),
            status="ok" if all(row.ok for row in rows) else "error",
            database=first.database,
            hints={"application_name": first.program} if first.program else {},
            complete=all(row.complete for row in rows),
            line=first.line,
            stated=stated,
        )


def _row(line: int, cells: tuple[str, ...], clock: Clock) -> _Row | Read:
    (time, sequence, action, succeeded, session, login, database, schema, object_, class_, text,
     program) = cells  # fmt: skip
    action = action.strip()
    if action in _NO_STATEMENT:
        return Ignored("no_statement", line)
    try:
        start = clock.micros(time)
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    number = int(sequence) if sequence.isdecimal() else 1
    ok = succeeded.strip().lower() not in ("0", "false")
    return _Row(line, start, action, ok, session, login, database, schema, object_, class_.strip(),
                text, program, number, complete=number == 1)  # fmt: skip


def _appended(rows: list[_Row], row: _Row) -> Ignored:
    """Puts more of a statement behind what is there of it."""
    before = next((r for r in rows if (r.place, r.last + 1) == (row.place, row.last)), None)
    if before is None:
        rows[0].complete = False
    else:
        before.text, before.last = before.text + row.text, row.last
    return Ignored("companion", row.line)


def _same(rows: list[_Row], row: _Row) -> bool:
    """Whether the row is of the same execution: its text may go on in rows that follow."""
    first = rows[0]
    return (
        first.text.startswith(row.text)
        and row.time - first.time < _SAME_STATEMENT
        and row.place not in {one.place for one in rows}
    )


def _stated(rows: list[_Row]) -> Stated | None:
    found: dict[str, list[StatedTable]] = {"reads": [], "writes": []}
    for row in rows:
        parts = tuple(part for part in (row.database, row.schema, row.object) if part)
        if row.object and row.class_ in _TABLES:
            kind = "reads" if row.action in _READS else "writes" if row.action in _WRITES else ""
            if kind:
                found[kind].append(StatedTable(parts))
    if not any(found.values()):
        return None
    return canonical(Stated(tuple(found["reads"]), tuple(found["writes"]), scope="some"))


FORMAT = SqlServerAudit()

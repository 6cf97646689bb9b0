"""Snapshots of PostgreSQL's pg_stat_statements: how often each statement ran since a reset.

There is no time of a run in it, and none is made up. What a file can tell:

- two snapshots of one statement: it ran that many times between them, dated the later one;
- `stats_since` (version 17): one run, the first one that was counted, at that time;
- a reset at most a day before the snapshot: it ran that many times on that day.

Comments are those of the first run of all that were folded into one, so they are dropped.
Source: https://www.postgresql.org/docs/current/pgstatstatements.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import NO_TIME, Clock, UnreadableTime
from ingest.files.tables import match_columns, read_table, table_columns
from ingest.files.wording import withheld
from ingest.masking.lexer import lexis, pieces
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected
from lineage.errors import UnreadableInput

_FIELDS = {
    "text": ("query",),
    "calls": ("calls",),
    "queryid": ("queryid",),
    "user": ("rolname", "usename", "user_name", "userid"),
    "database": ("datname", "database_name", "dbid"),
    "top": ("toplevel",),
    "at": ("snapshot_at", "captured_at", "collected_at", "snapshot_time"),
    "since": ("stats_since",),
    "reset": ("stats_reset",),
}
_WITHHELD = "<insufficient privilege>"
_A_DAY = 25 * 3600 * 1_000_000  # with an hour for what runs late
_LEXIS = lexis("postgres")


class _Row(msgspec.Struct, frozen=True):
    """A statement in a snapshot. at, since, reset: microseconds, -1 when it does not say."""

    line: int
    text: str
    calls: int
    name: str
    user: str
    database: str
    at: int
    since: int
    reset: int


class PgStatStatements:
    """The format."""

    name = "pg-stat-statements"
    title = "PostgreSQL pg_stat_statements, snapshots (CSV, JSON)"
    dialect = "postgres"
    export = (
        'every day, into one growing file: psql --csv -c "SELECT now() AS snapshot_at, '
        "i.stats_reset, r.rolname, d.datname, s.* FROM pg_stat_statements s JOIN pg_roles r ON "
        'r.oid = s.userid JOIN pg_database d ON d.oid = s.dbid, pg_stat_statements_info i"; '
        "better csvlog: snapshots know neither sessions nor tools"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        matched = match_columns(table_columns(head.text), _FIELDS)
        if {"text", "calls", "queryid"} <= matched.keys():
            return "it has the columns " + ", ".join(matched.values())
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order.

        Raises:
            UnreadableInput: the user says a time that cannot be read.
        """
        clock = Clock(options.timezone)
        table = read_table(stream, _FIELDS, lambda row: row[1].isdecimal())
        snapshots = _Snapshots()
        said = _said(options, clock)
        for found in table.cells:
            if isinstance(found, Rejected):
                yield found
            elif found[1][0].lower() == "query" and found[1][1].lower() == "calls":
                yield Ignored("header", found[0])  # of the next export in the same file
            else:
                row = _row(*found, clock, said)
                yield snapshots.take(row) if isinstance(row, _Row) else row
        if snapshots.undated:
            options.notice(
                f"{snapshots.undated} statements have no day: one snapshot does not tell when they "
                "ran. Export again later into the same file, with now() AS snapshot_at; or say the "
                "day of all: --map snapshot_at=2026-01-02T23:00Z,stats_reset=2026-01-02T00:00Z"
            )
        clock.tell(options.notice)


class _Snapshots:
    """Tells runs by comparing the snapshots of a file, which follow each other in time."""

    def __init__(self) -> None:
        self.undated = 0
        self._calls: dict[str, int] = {}
        self._first = self._latest = NO_TIME

    def take(self, row: _Row) -> Read:
        """What a row tells that the earlier snapshots did not."""
        if row.at > self._latest:
            self._first = row.at if self._first == NO_TIME else self._first
            self._latest = row.at
        before = self._calls.get(row.name)
        self._calls[row.name] = row.calls
        later = row.at > self._first >= 0
        if before is not None or later:
            # Fewer than before: there was a reset in between, and all are new.
            new = row.calls - (before or 0) if row.calls >= (before or 0) else row.calls
            return _ran(row, row.at, new) if new else Ignored("unchanged", row.line)
        if row.at >= 0 and 0 <= row.at - max(row.since, row.reset) <= _A_DAY:
            return _ran(row, row.at, row.calls)
        if row.since >= 0:
            return _ran(row, row.since, 1)
        self.undated += 1
        return Rejected("no_time", row.line, row.text)


def _said(options: ReadOptions, clock: Clock) -> tuple[int, int]:
    """When the snapshot was taken and the counts began, as the user says; -1 when he does not."""
    stamps = (options.columns.get(name, "") for name in ("snapshot_at", "stats_reset"))
    try:
        at, reset = (clock.micros(stamp) if stamp else NO_TIME for stamp in stamps)
    except UnreadableTime as error:
        raise UnreadableInput(f"--map: {error}") from None
    return at, reset


def _row(line: int, cells: tuple[str, ...], clock: Clock, said: tuple[int, int]) -> _Row | Read:
    text, calls, queryid, user, database, top, at, since, reset = cells
    if text.strip() == _WITHHELD:
        return Rejected("redacted", line, text)
    refused = withheld(text, line)
    if refused:
        return refused
    if not calls.isdecimal():
        return Rejected("broken_record", line, text)
    try:
        defaults = (said[0], NO_TIME, said[1])
        times = [
            clock.micros(stamp) if stamp else default
            for stamp, default in zip((at, since, reset), defaults, strict=True)
        ]
    except UnreadableTime:
        return Rejected("bad_time", line, text)
    bare = "".join(" " if one.startswith(("--", "/*")) else one for one in pieces(text, _LEXIS))
    name = "/".join((database, user, queryid, top))
    return _Row(line, bare.strip(), int(calls), name, user, database, *times)


def _ran(row: _Row, start: int, count: int) -> QueryRecord:
    return QueryRecord(
        text=row.text,
        start=start,
        user=row.user,
        query_id=f"{row.name}@{start}",
        database="" if row.database.isdecimal() else row.database,
        count=count,
        line=row.line,
    )


FORMAT = PgStatStatements()

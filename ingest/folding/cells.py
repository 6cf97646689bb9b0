"""Fold cells: (template, issuer, principal) → counts by UTC day. The base facts of a query log."""

from __future__ import annotations

import datetime as dt
import time

import msgspec

from ingest.attribution import Issuer
from ingest.sql import Context
from lineage.model import Activity, Sample
from lineage.names import PrincipalId, QueryId

DAY = 86_400_000_000  # microseconds


def day_of(micros: int) -> int:
    """The UTC day (days since 1970-01-01) of microseconds since 1970-01-01 UTC."""
    return micros // DAY


def latest_start() -> int:
    """The latest time that a record may tell: a clock may be a day off, not more."""
    return int(time.time() * 1e6) + DAY


def iso(micros: int) -> str:
    """ISO 8601 in UTC, to the microsecond, of microseconds since 1970-01-01 UTC."""
    moment = dt.datetime.fromtimestamp(micros // 1_000_000, dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{micros % 1_000_000:06d}Z"


class Template(msgspec.Struct, frozen=True):
    """Statements equal up to value literals, comments and white space, in one name context."""

    id: QueryId
    sql: str  # masked
    dialect: str
    context: Context


class CellKey(msgspec.Struct, frozen=True):
    """Which template, on whose behalf, by which login."""

    template: Template
    issuer: Issuer
    principal: PrincipalId


class Cell:
    """How often on which day, and the statement that stands as proof."""

    __slots__ = ("by_day", "last_key", "last_start")

    def __init__(self) -> None:
        self.by_day: dict[int, int] = {}
        self.last_start = -1
        self.last_key = ""

    def add(self, start: int, key: str, count: int) -> None:
        """Counts a statement that started at `start` (microseconds since 1970-01-01 UTC)."""
        day = start // DAY
        self.by_day[day] = self.by_day.get(day, 0) + count
        if (start, key) > (self.last_start, self.last_key):
            self.last_start, self.last_key = start, key


class FoldedCell(msgspec.Struct, frozen=True):
    """A cell that is done counting."""

    key: CellKey
    activity: Activity
    sample: Sample


def folded(key: CellKey, cell: Cell) -> FoldedCell:
    """The finished form of a cell."""
    sample = Sample(iso(cell.last_start), cell.last_key, key.template.id)
    return FoldedCell(key, Activity.of(cell.by_day), sample)

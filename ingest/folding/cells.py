"""Fold cells: (template, issuer, principal) → counts by UTC day. The base facts of a query log."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from ingest.attribution import Issuer
from ingest.masking.template import fingerprint
from ingest.record import Stated
from ingest.sql import Context
from lineage.model import Activity, Node, Sample
from lineage.names import PrincipalId, QueryId

DAY = 86_400_000_000  # microseconds
QUARTER = DAY // 96  # of an hour
_ROUTINE = re.compile(
    r"""\W*(?:create|alter|replace)(?:\s+(?!as\b|view\b|table\b)[\w@=`'"%.*-]+){0,5}?\s+"""
    r"""(?P<kind>procedure|proc|function|trigger|package|event|task|pipe|rule)\s+"""
    r"""(?:body\s+)?(?:if\s+not\s+exists\s+)?(?P<name>[\w.$"`\[\]]+)""",
    re.IGNORECASE,
)


def day_of(micros: int) -> int:
    """The UTC day (days since 1970-01-01) of microseconds since 1970-01-01 UTC."""
    return micros // DAY


def quarter_of(micros: int) -> int:
    """The quarter of an hour of the UTC day, 0 to 95, of microseconds since 1970-01-01 UTC."""
    return micros % DAY // QUARTER


def latest_start() -> int:
    """The latest time that a record may tell: a clock may be a day off, not more."""
    return int(time.time() * 1e6) + DAY


def iso(micros: int) -> str:
    """ISO 8601 in UTC, to the microsecond, of microseconds since 1970-01-01 UTC."""
    moment = dt.datetime.fromtimestamp(micros // 1_000_000, dt.UTC)
    return f"{moment.isoformat()[:19]}.{micros % 1_000_000:06d}Z"


class Template(msgspec.Struct, frozen=True, cache_hash=True):
    """Statements equal up to value literals, comments and white space, in one name context.

    stated: what the engine itself told of them, the same of each. sql: masked; empty when only the
    engine's word is known.
    """

    id: QueryId
    sql: str
    dialect: str
    context: Context
    stated: Stated | None = None

    @property
    def routine(self) -> str:
        """Kind and name of the routine that the text defines; empty when it runs what it says."""
        found = _ROUTINE.match(self.sql)
        return f"{found['kind'].lower()} {found['name']}" if found else ""

    def told(self, stated: Stated | None) -> Template:
        """The template of those statements of this text of which the engine told this."""
        if stated is None:
            return self
        word = msgspec.json.encode(stated).decode()
        query = QueryId(self.id.namespace, fingerprint(self.id.name, word))
        return msgspec.structs.replace(self, id=query, stated=stated)


@lru_cache(maxsize=50_000)
def template(namespace: str, sql: str, dialect: str, context: Context) -> Template:
    """The template of a masked text in a namespace and name context."""
    names = (context.default_db, context.default_schema, *context.search_path)
    return Template(QueryId(namespace, fingerprint(sql, dialect, *names)), sql, dialect, context)


def textless(namespace: str, dialect: str) -> Template:
    """The template of the statements of a namespace whose text is not known."""
    return Template(QueryId(namespace, ""), "", dialect, Context())


def template_of(query: Node) -> Template:
    """The template that a Query node stands for."""
    assert isinstance(query.id, QueryId)
    path = query.value("search_path")
    context = Context(
        query.value("default_db"),
        query.value("default_schema"),
        tuple(path.split(",")) if path else (),
    )
    word = query.value("stated")
    stated = msgspec.json.decode(word, type=Stated) if word else None
    return Template(query.id, query.value("sql"), query.value("dialect"), context, stated)


class CellKey(msgspec.Struct, frozen=True, cache_hash=True):
    """Which template, on whose behalf, by which login; None when only a run told of it.

    The person who looks makes a cell of its own only until it is derived: the graph keeps who the
    people of a consumer are, and not how often each of them looked.
    """

    template: Template
    issuer: Issuer
    principal: PrincipalId | None


class Cell:
    """How often on which day, and the statement that stands as proof."""

    __slots__ = ("by_day", "by_quarter", "key", "last_key", "last_start")

    def __init__(self, key: CellKey) -> None:
        self.key = key
        self.by_day: dict[int, int] = {}
        self.by_quarter: dict[int, int] = {}
        self.last_start = -1
        self.last_key = ""

    def add(self, start: int, key: str, count: int) -> None:
        """Counts a statement that started at `start` (microseconds since 1970-01-01 UTC)."""
        day, time = divmod(start, DAY)
        self.by_day[day] = self.by_day.get(day, 0) + count
        quarter = time // QUARTER
        self.by_quarter[quarter] = self.by_quarter.get(quarter, 0) + count
        if (start, key) > (self.last_start, self.last_key):
            self.last_start, self.last_key = start, key

    def add_many(
        self, by_day: Mapping[int, int], by_quarter: Mapping[int, int], start: int, key: str
    ) -> None:
        """Counts statements by UTC day and quarter of an hour; the last one started at `start`."""
        for mine, theirs in ((self.by_day, by_day), (self.by_quarter, by_quarter)):
            if mine:
                theirs = {when: mine.get(when, 0) + count for when, count in theirs.items()}
            mine |= theirs
        if (start, key) > (self.last_start, self.last_key):
            self.last_start, self.last_key = start, key


class FoldedCell(msgspec.Struct, frozen=True):
    """A cell that is done counting; `clock` counts by quarter of an hour of the UTC day."""

    key: CellKey
    activity: Activity
    sample: Sample
    clock: Activity = Activity()


def folded(cell: Cell) -> FoldedCell:
    """The finished form of a cell."""
    sample = Sample(iso(cell.last_start), cell.last_key, cell.key.template.id)
    return FoldedCell(cell.key, Activity.of(cell.by_day), sample, Activity.of(cell.by_quarter))

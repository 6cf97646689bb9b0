"""What is known of a dataset or job across events: its facets, until its producer says otherwise.

Kept as a base fact beside the graph, by facet and producer, so that two producers do not fight over
one key, what a producer deletes is only its own, and the order of events never matters. What an
entity stands for in the graph (`standing.py`) follows from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from ingest.openlineage.facets import SCHEMA, Rows
from ingest.openlineage.runs import RunFact
from lineage.model import Document
from lineage.names import DatasetId, JobId
from lineage.stores.codec import spell

FACETS = "facets"
EntityId = DatasetId | JobId
APART = "\x1f"  # between the parts of a key
_MOST_CHECKS = 500  # of one dataset; the newest are kept
_MOST_DAYS = 800  # of the trend of what is written

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T", int, tuple[int, str])


class Said(msgspec.Struct, frozen=True, array_like=True):
    """A facet as a producer last said it; no rows when he deleted it."""

    time: int
    rows: Rows | None

    @property
    def rank(self) -> tuple[int, bool, Rows]:
        """The greatest is the newest; of two at one time, what is said goes before a deletion."""
        return self.time, self.rows is not None, self.rows or ()


class Declaration(msgspec.Struct, frozen=True):
    """The newest static event of a producer: it replaces what that producer said before."""

    time: int
    key: bytes
    facts: tuple[RunFact, ...]


class Entity(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that events said of a dataset or job. Times are microseconds since 1970-01-01 UTC.

    said: by facet and producer. past: by producer, the columns that his newest list no longer has,
    and when it last had them. read: columns that readers named, as (time, type, description).
    checks: by name and column, (time, whether it failed). lapse: when a dataset was last dropped,
    and its new name if it was renamed; when the lineage of a job was last incomplete, and why.
    intact: when it was last seen to be neither. written: by day, (runs, rows, bytes). declared: by
    producer.
    """

    said: dict[str, dict[str, Said]] = {}
    past: dict[str, dict[str, int]] = {}
    read: dict[str, tuple[int, str, str]] = {}
    checks: dict[str, tuple[int, bool]] = {}
    lapse: tuple[int, str] | None = None
    intact: int | None = None
    written: dict[int, tuple[int, int, int]] = {}
    declared: dict[str, Declaration] = {}

    def merge(self, other: Entity) -> Entity:
        """What both know."""
        return Entity(
            _each(self.said, other.said, lambda one, two: _each(one, two, _newer)),
            _past(self, other),
            _each(self.read, other.read, max),
            _newest(_each(self.checks, other.checks, max)),
            _later(self.lapse, other.lapse),
            _later(self.intact, other.intact),
            _last(_each(self.written, other.written, _added)),
            _each(self.declared, other.declared, _declared),
        )


class Entities:
    """What events say of datasets and jobs since the last flush."""

    def __init__(self) -> None:
        self.news: dict[EntityId, Entity] = {}

    def take(self, entity: EntityId, news: Entity) -> None:
        """Takes in what an event says of an entity."""
        known = self.news.get(entity)
        self.news[entity] = known.merge(news) if known else news

    def count(self, before: RunFact | None, after: RunFact) -> None:
        """Takes in how much a run wrote, where `before` was known."""
        counted: dict[tuple[DatasetId, int], tuple[int, int, int]] = {}
        for run, sign in ((after, 1), (before, -1)):
            for dataset, day, rows, size in run.written() if run else ():
                known = counted.get((dataset, day), (0, 0, 0))
                counted[dataset, day] = _added(known, (sign, sign * rows, sign * size))
        for (dataset, day), more in counted.items():
            if any(more):
                self.take(dataset, Entity(written={day: more}))


def key_of(entity: EntityId) -> str:
    """The key of an entity's document."""
    return APART.join(spell(entity))


def document(entity: EntityId, known: Entity) -> Document:
    """The entity as the store keeps it."""
    return Document(FACETS, key_of(entity), msgspec.json.encode(known))


def entity_of(document: Document) -> Entity:
    """What a document keeps of an entity."""
    return msgspec.json.decode(document.body, type=Entity)


def _each(one: dict[K, V], two: dict[K, V], merge: Callable[[V, V], V]) -> dict[K, V]:
    """Both, and what stands in both merged."""
    if not one or not two:
        return one or two
    return {**one, **two, **{key: merge(one[key], two[key]) for key in one.keys() & two.keys()}}


def _newer(one: Said, two: Said) -> Said:
    return one if one.rank >= two.rank else two


def _declared(one: Declaration, two: Declaration) -> Declaration:
    return max(one, two, key=lambda declaration: (declaration.time, declaration.key))


def _later(one: T | None, two: T | None) -> T | None:
    if one is None or two is None:
        return two if one is None else one
    return max(one, two)


def _added(one: tuple[int, int, int], two: tuple[int, int, int]) -> tuple[int, int, int]:
    return one[0] + two[0], one[1] + two[1], one[2] + two[2]


def _newest(checks: dict[str, tuple[int, bool]]) -> dict[str, tuple[int, bool]]:
    if len(checks) <= _MOST_CHECKS:
        return checks
    return dict(sorted(checks.items(), key=lambda check: (check[1], check[0]))[-_MOST_CHECKS:])


def _last(written: dict[int, tuple[int, int, int]]) -> dict[int, tuple[int, int, int]]:
    if len(written) <= _MOST_DAYS:
        return written
    return dict(sorted(written.items())[-_MOST_DAYS:])


def _past(one: Entity, two: Entity) -> dict[str, dict[str, int]]:
    """The columns that the newest list of each producer no longer has."""
    lists, more = one.said.get(SCHEMA, {}), two.said.get(SCHEMA, {})
    past = _each(one.past, two.past, lambda mine, other: _each(mine, other, max))
    for producer in lists.keys() & more.keys():
        newest = _newer(lists[producer], more[producer])
        older = more[producer] if newest is lists[producer] else lists[producer]
        if older.rows == newest.rows and producer not in past:
            continue
        there = {row[0] for row in newest.rows or ()}
        listed = {row[0]: older.time for row in older.rows or ()}
        known = _each(past.get(producer, {}), listed, max)
        past = {**past, producer: {name: at for name, at in known.items() if name not in there}}
    return {producer: columns for producer, columns in past.items() if columns}

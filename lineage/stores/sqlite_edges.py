"""Edges of the SQLite store, written and read: seven numbers each, what was seen of them apart."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from itertools import chain, repeat
from operator import itemgetter
from sqlite3 import Connection, Cursor
from typing import Any, Final

import msgspec

from lineage.edges import KINDS, EdgeSet, parts
from lineage.model import Edge, EdgeKey, Sighting
from lineage.names import NodeId
from lineage.stores.codec import unspell
from lineage.stores.sqlite_bulk import find_rows, put_rows
from lineage.stores.sqlite_rows import BODY, NUMBERS, ORIGINS, ROLES, TYPES, sighting
from lineage.stores.sqlite_sightings import Pair, SightingWriter

Row = tuple[int, int, int, int, int, int, int]

_CHUNK: Final = 5_000  # rows fetched at once
_NAMES_KEPT: Final = 1_000_000  # ids remembered before starting over
_SIGHTINGS_KEPT: Final = 50_000
_WORTH_SORTING: Final = 10_000  # edges whose indexes are better made at once

_KINDS: Final = [(NUMBERS[type_], NUMBERS[role], NUMBERS[origin]) for type_, role, origin in KINDS]
_FIND: Final = """SELECT column1, sighting FROM {} CROSS JOIN edges
    ON src = column2 AND type = column3 AND dst = column4
    AND role = column5 AND via = column6 AND origin = column7"""
_PUT: Final = "INSERT INTO edges VALUES {} ON CONFLICT DO UPDATE SET sighting = excluded.sighting"
_GET_ALL: Final = f"""SELECT sightings.id, {BODY} FROM json_each(?) wanted
    CROSS JOIN sightings ON sightings.id = wanted.value"""  # noqa: S608 - constant
_INDEXES: Final = """SELECT name, sql FROM sqlite_schema
    WHERE type = 'index' AND tbl_name = 'edges' AND sql IS NOT NULL"""
_NAMES: Final = """SELECT nodes.id, label, namespace, dataset, name FROM json_each(?) wanted
    CROSS JOIN nodes ON nodes.id = wanted.value"""


def write_edges(
    db: Connection,
    edges: EdgeSet,
    rows: Mapping[NodeId, int],
    first_new: int,
    sightings: SightingWriter,
) -> None:
    """Adds edges, or merges them with those that are there.

    rows: of all their nodes; from `first_new` on, they have no edges yet.
    """
    laid = _Laid(edges, [0, *(rows[node] for node in edges.nodes)], first_new)
    seen = array("q", bytes(laid.asked * 8))
    for start, found in find_rows(db, _FIND, laid.keys(), 6):
        for place, row in found:
            seen[start + place] = row
    pairs = laid.pairs(seen)
    becomes = sightings.merge(edges, pairs)
    added = sum(count for (row, _), count in pairs.items() if not row)
    with _indexed_after(db, added):
        put_rows(db, _PUT, laid.rows(seen, becomes), 7)


@contextmanager
def _indexed_after(db: Connection, added: int) -> Iterator[None]:
    """Makes the indexes of the edges anew at the end, if more are added than there are."""
    limited = "SELECT count(*) FROM (SELECT 1 FROM edges LIMIT ?)"
    worth = added > _WORTH_SORTING and db.execute(limited, (added,)).fetchone()[0] < added
    indexes = db.execute(_INDEXES).fetchall() if worth else []
    for name, _ in indexes:
        db.execute(f"DROP INDEX {name}")
    yield
    for _, statement in indexes:
        db.execute(statement)


class _Laid:
    """The edges of a batch as rows of the table, in its order; places: the rows of their nodes."""

    def __init__(self, edges: EdgeSet, places: Sequence[int], first_new: int) -> None:
        leaving = zip(places, edges.out, strict=True)
        self._out = sorted(((row, links) for row, links in leaving if links), key=itemgetter(0))
        self._spelled = _Spelled(places)
        self._old = bisect_left(self._out, first_new, key=itemgetter(0))

    @property
    def asked(self) -> int:
        """How many edges may be there already: they leave a node that is."""
        return sum(len(links) for _, links in self._out[: self._old])

    def keys(self) -> Iterator[tuple[int, ...]]:
        """The keys of those."""
        spelled = self._spelled
        for source, links in self._out[: self._old]:
            for link in links:
                yield source, *spelled[link]

    def pairs(self, seen: Iterable[int]) -> Counter[Pair]:
        """How many edges have which sighting, and which in the batch; seen: of `keys`, else 0."""
        numbers = chain.from_iterable(links.values() for _, links in self._out)
        return Counter(zip(chain(seen, repeat(0)), numbers, strict=False))

    def rows(self, seen: Iterable[int], becomes: Mapping[Pair, int]) -> Iterator[tuple[int, ...]]:
        """The rows of the edges that do not keep their sighting."""
        spelled, before = self._spelled, chain(seen, repeat(0))
        for source, links in self._out:
            found = [
                (source, *spelled[link], row)
                for (link, number), known in zip(links.items(), before, strict=False)
                if (row := becomes[known, number]) != known
            ]
            found.sort()
            yield from found


class _Spelled(dict[int, tuple[int, int, int, int, int]]):
    """The columns of each link; one of a column is one of many more."""

    def __init__(self, places: Sequence[int]) -> None:
        self._places = places

    def __missing__(self, link: int) -> tuple[int, int, int, int, int]:
        number, target, via = parts(link)
        type_, role, origin = _KINDS[number]
        self[link] = ends = type_, self._places[target], role, self._places[via], origin
        return ends


class EdgeReader:
    """Turns rows into edges; the nodes and sightings that many of them share are read once."""

    def __init__(self, db: Connection, names: dict[int, NodeId] | None = None) -> None:
        self._db = db
        self._names = names or {}
        self._sightings: dict[int, Sighting] = {}

    def edges(self, cursor: Cursor) -> Iterator[Edge]:
        """The edges of rows that are KEY and the sighting."""
        for rows in self._fetched(cursor):
            seen = self._seen({row[6] for row in rows})
            for row in rows:
                yield seen[row[6]].of(self._key(row))

    def keys(self, cursor: Cursor) -> Iterator[tuple[EdgeKey, Any]]:
        """The key of each row, which begins with KEY, and what comes next in it."""
        for rows in self._fetched(cursor):
            for row in rows:
                yield self._key(row), row[6]

    def _fetched(self, cursor: Cursor) -> Iterator[list[Any]]:
        """The rows, many at a time, all of whose nodes are known by then."""
        while rows := cursor.fetchmany(_CHUNK):
            if len(self._names) > _NAMES_KEPT:
                self._names.clear()
            mentioned = {node for row in rows for node in (row[0], row[2], row[4]) if node}
            self._names |= names(self._db, mentioned - self._names.keys())
            yield rows

    def _seen(self, wanted: Set[int]) -> dict[int, Sighting]:
        if len(self._sightings) > _SIGHTINGS_KEPT:
            self._sightings.clear()
        missing = msgspec.json.encode(list(wanted - self._sightings.keys())).decode()
        for row, *body in self._db.execute(_GET_ALL, (missing,)):
            self._sightings[row] = sighting(body)
        return self._sightings

    def _key(self, row: Row) -> EdgeKey:
        source, type_, target, role, via, origin, _ = row
        known = self._names
        return EdgeKey(
            TYPES[type_],
            known[source],
            known[target],
            ROLES[role],
            known[via] if via else None,  # type: ignore[arg-type]  # written as a via
            ORIGINS[origin],
        )


def names(db: Connection, rows: Iterable[int]) -> dict[int, NodeId]:
    """The ids of the nodes in these rows."""
    wanted = msgspec.json.encode(list(rows)).decode()
    return {row: unspell(*spelled) for row, *spelled in db.execute(_NAMES, (wanted,))}

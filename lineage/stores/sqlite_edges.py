"""Edges of the SQLite store, written and read: seven numbers each, what was seen of them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from sqlite3 import Connection, Cursor
from typing import Any, Final

import msgspec

from lineage.edges import KINDS, EdgeSet, parts
from lineage.model import Edge, EdgeKey, Sighting
from lineage.names import NodeId
from lineage.stores.codec import unspell
from lineage.stores.sqlite_rows import (
    BODY,
    NUMBERS,
    ORIGINS,
    ROLES,
    TYPES,
    sighting,
    sighting_row,
)

Row = tuple[int, int, int, int, int, int, int]

_CHUNK: Final = 5_000  # rows fetched at once
_NAMES_KEPT: Final = 1_000_000  # ids remembered before starting over
_SIGHTINGS_KEPT: Final = 50_000

_KINDS: Final = [(NUMBERS[type_], NUMBERS[role], NUMBERS[origin]) for type_, role, origin in KINDS]
_PUT_EDGE: Final = (
    "INSERT INTO edges VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET sighting = merged(sighting, excluded.sighting)"
)
_GET: Final = f"SELECT {BODY} FROM sightings WHERE id = ?"  # noqa: S608 - constant
_GET_ALL: Final = f"""SELECT sightings.id, {BODY} FROM json_each(?) wanted
    CROSS JOIN sightings ON sightings.id = wanted.value"""  # noqa: S608 - constant
_ADD: Final = f"INSERT INTO sightings VALUES (?{', ?' * 15})"  # noqa: S608 - marks
_NAMES: Final = """SELECT nodes.id, label, namespace, dataset, name FROM json_each(?) wanted
    CROSS JOIN nodes ON nodes.id = wanted.value"""


class EdgeWriter:
    """Adds edges, and keeps count of how many share what was seen of them."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        newest = db.execute("SELECT ifnull(max(id), 0) FROM sightings").fetchone()[0]
        self._next: int = newest + 1
        self._added: dict[int, Sighting] = {}
        self._merged: dict[tuple[int, int], int] = {}
        self._more: Counter[int] = Counter()  # edges that share a sighting, than there were

    def lose(self, sightings: Iterable[int]) -> None:
        """Takes note of edges that were deleted: the sighting of each."""
        self._more.subtract(sightings)

    def write(self, edges: EdgeSet, rows: Mapping[NodeId, int]) -> None:
        """Adds edges, or merges them with those that are there; rows: of all their nodes."""
        shared: Counter[int] = Counter()
        for out in edges.out:
            shared.update(out.values())
        first = self._next
        self._next += max(shared, default=0) + 1
        self._added = {first + number: edges.sighting(number) for number in shared}
        self._more.update({first + number: count for number, count in shared.items()})
        places = [0, *(rows[node] for node in edges.nodes)]
        self._db.create_function("merged", 2, self._merge)
        self._db.executemany(_PUT_EDGE, _rows(edges, places, first))

    def finish(self) -> None:
        """Writes the sightings that came, and deletes those that no edge has any more."""
        added = {row for row in self._added if self._more[row]}
        self._db.executemany(
            _ADD, ((row, *sighting_row(self._added[row]), self._more[row]) for row in sorted(added))
        )
        changed = [(more, row) for row, more in self._more.items() if more and row not in added]
        self._db.executemany("UPDATE sightings SET edges = edges + ? WHERE id = ?", changed)
        gone = [(row,) for more, row in changed if more < 0]
        self._db.executemany("DELETE FROM sightings WHERE id = ? AND edges = 0", gone)

    def _merge(self, known: int, new: int) -> int:
        """The row of the sum of two sightings, when an edge of the first is seen again."""
        row = self._merged.get((known, new))
        if row is None:
            row = self._merged[known, new] = self._sum(known, self._added[new])
        more = self._more
        more[known] -= 1
        more[new] -= 1
        more[row] += 1
        return row

    def _sum(self, known: int, new: Sighting) -> int:
        before = sighting(self._db.execute(_GET, (known,)).fetchone())
        after = before.merge(new)
        if after == before:
            return known
        row, self._next = self._next, self._next + 1
        self._added[row] = after
        return row


def _rows(edges: EdgeSet, places: Sequence[int], first: int) -> Iterator[tuple[int, ...]]:
    """The rows of edges in the order of the table; places: the rows of their nodes."""
    spelled: dict[int, tuple[int, ...]] = {}  # a link of one column is one of many more
    for place in sorted(range(len(places)), key=places.__getitem__):
        source, found = places[place], []
        for link, number in edges.out[place].items():
            ends = spelled.get(link)
            if ends is None:
                kind, target, via = parts(link)
                type_, role, origin = _KINDS[kind]
                ends = spelled[link] = type_, places[target], role, places[via], origin
            type_, end, role, through, origin = ends
            found.append((source, type_, end, role, through, origin, first + number))
        found.sort()
        yield from found


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

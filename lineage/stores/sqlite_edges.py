"""Edges of the SQLite store, read: eight numbers each, what they share apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from sqlite3 import Connection, Cursor
from typing import Any, Final

import msgspec

from lineage.model import Edge, EdgeKey, Runs, Sure
from lineage.names import NodeId
from lineage.stores.codec import unspell
from lineage.stores.sqlite_rows import BODY, ORIGINS, ROLES, SURE, TYPES, runs, sure

Row = tuple[int, ...]

_CHUNK: Final = 5_000  # rows fetched at once
_NAMES_KEPT: Final = 1_000_000  # ids remembered before starting over
_RUNS_KEPT: Final = 50_000

_GET_ALL: Final = f"""SELECT runs.id, {BODY} FROM json_each(?) wanted
    CROSS JOIN runs ON runs.id = wanted.value"""  # noqa: S608 - constant
_NAMES: Final = """SELECT nodes.id, label, namespace, dataset, name FROM json_each(?) wanted
    CROSS JOIN nodes ON nodes.id = wanted.value"""


class EdgeReader:
    """Turns rows into edges; the nodes and runs that many of them share are read once."""

    def __init__(self, db: Connection, names: dict[int, NodeId] | None = None) -> None:
        self._db = db
        self._names = names or {}
        self._runs: dict[int, Runs] = {}
        self._sure: dict[int, Sure] = {}

    def edges(self, cursor: Cursor) -> Iterator[Edge]:
        """The edges of rows that are KEY, the runs and the evidence."""
        self._sure = self._sure or sures(self._db)
        for rows in self._fetched(cursor):
            ran = self._ran({row[6] for row in rows})
            for row in rows:
                evidence, named = self._sure[row[7]]
                key = self._key(row)
                yield ran[row[6]].seen(key.type, evidence, named=named).of(key)

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

    def _ran(self, wanted: Set[int]) -> dict[int, Runs]:
        if len(self._runs) > _RUNS_KEPT:
            self._runs.clear()
        missing = msgspec.json.encode(list(wanted - self._runs.keys())).decode()
        for row, *body in self._db.execute(_GET_ALL, (missing,)):
            self._runs[row] = runs(body)
        return self._runs

    def _key(self, row: Row) -> EdgeKey:
        source, type_, target, role, via, origin, *_ = row
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


def sures(db: Connection) -> dict[int, Sure]:
    """How sure edges are, by row."""
    found = db.execute(f"SELECT id, {SURE} FROM evidence")  # noqa: S608 - constant
    return {row: sure(body) for row, *body in found}

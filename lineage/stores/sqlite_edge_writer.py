"""Edges of the SQLite store, written: those of a batch in columns, in the order of the table."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from sqlite3 import Connection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lineage.edges import KIND_BITS, KINDS, PLACE_BITS, SURE_BITS, EdgeSet
from lineage.model import surer
from lineage.names import NodeId
from lineage.stores.sqlite_bulk import find_rows, put_blocks, rows_at_once
from lineage.stores.sqlite_edges import sures
from lineage.stores.sqlite_rows import NUMBERS, sure_row
from lineage.stores.sqlite_runs import Pair, RunsWriter

Numbers = NDArray[np.int64]

_WORTH_SORTING: Final = 10_000  # edges whose indexes are better made at once

_KINDS: Final = [(NUMBERS[type_], NUMBERS[role], NUMBERS[origin]) for type_, role, origin in KINDS]
_FIND: Final = """SELECT column1, runs, evidence FROM {} CROSS JOIN edges
    ON src = column2 AND type = column3 AND dst = column4
    AND role = column5 AND via = column6 AND origin = column7"""
_PUT: Final = """INSERT INTO edges VALUES {}
    ON CONFLICT DO UPDATE SET runs = excluded.runs, evidence = excluded.evidence"""
_ADD_SURE: Final = "INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?)"
_INDEXES: Final = """SELECT name, sql FROM sqlite_schema
    WHERE type = 'index' AND tbl_name = 'edges' AND sql IS NOT NULL"""


def write_edges(
    db: Connection,
    edges: EdgeSet,
    rows: Mapping[NodeId, int],
    first_new: int,
    runs: RunsWriter,
) -> None:
    """Adds edges, or merges them with those that are there.

    rows: of all their nodes; from `first_new` on, they have no edges yet.
    """
    keys, seen = _laid(edges, np.array([0, *(rows[node] for node in edges.nodes)]))
    ran, sure = _known(db, keys, first_new)
    pairs, of = _paired(ran, seen >> SURE_BITS)
    ran_now = _each(pairs, runs.merge(pairs))[of]
    pairs, of = _paired(sure, seen & (1 << SURE_BITS) - 1)
    sure_now = _each(pairs, _surer(db, edges, pairs))[of]
    changed = np.flatnonzero((ran_now != ran) | (sure_now != sure))
    indexes = _dropped_indexes(db, int(np.count_nonzero(ran[changed] == 0)))
    _put(db, (*keys, ran_now, sure_now), changed)
    with ThreadPoolExecutor(1) as beside:  # SQLite sorts without Python
        made = [beside.submit(db.execute, statement) for statement in indexes]
        runs.sum_up()
        for index in made:
            index.result()


def _laid(edges: EdgeSet, rows: Numbers) -> tuple[list[Numbers], Numbers]:
    """The columns of KEY of all edges, sorted, and what was seen of each; rows: of each place."""
    places, links, seen = edges.columns()
    types, roles, origins = np.array(_KINDS)[links & (1 << KIND_BITS) - 1].T
    ends = links >> KIND_BITS
    targets, vias = rows[ends >> PLACE_BITS], rows[ends & (1 << PLACE_BITS) - 1]
    order = np.lexsort((targets, types, rows[places]))
    keys = (rows[places], types, targets, roles, vias, origins)
    return [column[order] for column in keys], seen[order]


def _known(db: Connection, keys: Sequence[Numbers], first_new: int) -> tuple[Numbers, Numbers]:
    """Of each edge the rows of its runs and its evidence, 0 where it is not there."""
    ran, sure = (array("q", bytes(8 * len(keys[0]))) for _ in range(2))
    old = np.arange(np.searchsorted(keys[0], first_new))
    asked = chain.from_iterable(some.tolist() for some in _blocks(keys, old))
    for start, found in find_rows(db, _FIND, asked, len(keys)):
        for place, *both in found:
            ran[start + place], sure[start + place] = both
    return np.frombuffer(ran, np.int64), np.frombuffer(sure, np.int64)


def _paired(rows: Numbers, numbers: Numbers) -> tuple[dict[Pair, int], Numbers]:
    """How many edges have which row and which number, and which of these pairs each has."""
    size = int(numbers.max(initial=0)) + 1
    pairs, of, counts = np.unique(rows * size + numbers, return_inverse=True, return_counts=True)
    each = zip((pairs // size).tolist(), (pairs % size).tolist(), strict=True)
    return dict(zip(each, counts.tolist(), strict=True)), of


def _each(pairs: Iterable[Pair], becomes: Mapping[Pair, int]) -> Numbers:
    return np.array([becomes[pair] for pair in pairs], np.int64)


def _surer(db: Connection, edges: EdgeSet, pairs: Iterable[Pair]) -> dict[Pair, int]:
    """The row of evidence for both of each pair."""
    known = sures(db)
    rows = {sure: row for row, sure in known.items()}
    found = {}
    for row, number in pairs:
        sure = edges.sures[number]
        sure = surer(known[row], sure) if row else sure
        if sure not in rows:
            rows[sure] = max(rows.values(), default=0) + 1
            db.execute(_ADD_SURE, (rows[sure], *sure_row(sure)))
        found[row, number] = rows[sure]
    return found


def _put(db: Connection, columns: Sequence[Numbers], places: Numbers) -> None:
    """Puts the edges at these places."""
    width, many = len(columns), rows_at_once(len(columns))
    blocks = (
        some[start : start + many].ravel().tolist()
        for some in _blocks(columns, places)
        for start in range(0, len(some), many)
    )
    put_blocks(db, _PUT, blocks, width)


def _blocks(columns: Sequence[Numbers], places: Numbers) -> Iterator[Numbers]:
    """The rows at these places, many at a time."""
    size = 100 * rows_at_once(len(columns))
    for start in range(0, len(places), size):
        some = places[start : start + size]
        yield np.column_stack([column[some] for column in columns])


def _dropped_indexes(db: Connection, added: int) -> list[str]:
    """What makes the indexes that are dropped, if more edges are added than there are."""
    limited = "SELECT count(*) FROM (SELECT 1 FROM edges LIMIT ?)"
    worth = added > _WORTH_SORTING and db.execute(limited, (added,)).fetchone()[0] < added
    indexes = db.execute(_INDEXES).fetchall() if worth else []
    for name, _ in indexes:
        db.execute(f"DROP INDEX {name}")
    return [statement for _, statement in indexes]

"""Runs of the SQLite store, written: a row for what edges share, which counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from sqlite3 import Connection
from typing import Any, Final

from lineage.edges import EdgeSet
from lineage.stores.sqlite_bulk import find_rows, put_rows
from lineage.stores.sqlite_rows import BODY, runs, runs_row

Pair = tuple[int, int]  # the row of runs, 0 for none, and the number of some in a batch

_FIND: Final = f"""SELECT id, edges, {BODY} FROM {{}} CROSS JOIN runs
    ON id = column2"""  # noqa: S608 - constant
_PUT: Final = "INSERT OR REPLACE INTO runs VALUES {}"
_WIDTH: Final = 11


class RunsWriter:
    """Adds up the runs of edges, and keeps count of how many share them."""

    def __init__(self, db: Connection, edges: EdgeSet) -> None:
        self._db = db
        self._edges = edges
        newest = db.execute("SELECT ifnull(max(id), 0) FROM runs").fetchone()[0]
        self._next: int = newest + 1
        self._new: dict[int, Pair] = {}  # rows: the number of their runs, and by how many edges
        self._more: Counter[int] = Counter()  # edges that share a row, than it says

    def lose(self, rows: Iterable[int]) -> None:
        """Takes note of edges that were deleted: the row of each."""
        self._more.subtract(rows)

    def merge(self, pairs: Mapping[Pair, int]) -> dict[Pair, int]:
        """The row of the sum of each pair, of which there are so many edges.

        What grew is written as it is found: as many days as a store has would fill the memory.
        """
        becomes = {pair: pair[0] for pair in pairs}
        numbers: dict[int, list[int]] = {}
        for row, number in pairs:
            numbers.setdefault(row, []).append(number)
        for number in numbers.pop(0, []):
            becomes[0, number] = row = self._add()
            self._new[row] = number, pairs[0, number]
        put_rows(self._db, _PUT, self._merged(numbers, pairs, becomes), _WIDTH)
        return becomes

    def _merged(
        self,
        numbers: Mapping[int, Sequence[int]],
        pairs: Mapping[Pair, int],
        becomes: dict[Pair, int],
    ) -> Iterator[tuple[Any, ...]]:
        """The rows that grew; those whose place is another one `become` that."""
        for _, found in find_rows(self._db, _FIND, ((row,) for row in sorted(numbers)), 1):
            for row, shared, *body in found:
                before = runs(body)
                sums = {number: before.merge(self._edges.runs(number)) for number in numbers[row]}
                grown = {number: after for number, after in sums.items() if after != before}
                edges = {number: pairs[row, number] for number in grown}
                for number, place in self._grow(row, shared, edges).items():
                    becomes[row, number] = place
                    yield place, *runs_row(grown[number]), edges[number]

    def _grow(self, row: int, shared: int, edges: Mapping[int, int]) -> dict[int, int]:
        """The place of each sum that differs from the row, by its number; so many edges have it.

        Where the batch touches every edge that shares the row, the row itself gets the sum that
        most of them have, so that these edges need not be written.
        """
        rarest_first = sorted(edges, key=edges.__getitem__)
        stay = shared + self._more[row] - sum(edges.values())
        most = rarest_first.pop() if edges and not stay else None
        places = {number: self._add() for number in rarest_first}
        if most is None:
            self._more[row] -= sum(edges.values())
            return places
        del self._more[row]
        return places | {most: row}

    def sum_up(self) -> None:
        """Works out what `finish` will write, without the database."""
        for number, _ in self._new.values():
            self._edges.runs(number)

    def finish(self) -> None:
        """Writes the rows that came, and deletes those that no edge has any more."""
        came = (
            (row, *runs_row(self._edges.runs(number)), edges)
            for row, (number, edges) in self._new.items()
        )
        put_rows(self._db, _PUT, came, _WIDTH)
        changed = [(more, row) for row, more in self._more.items() if more]
        self._db.executemany("UPDATE runs SET edges = edges + ? WHERE id = ?", changed)
        gone = [(row,) for more, row in changed if more < 0]
        self._db.executemany("DELETE FROM runs WHERE id = ? AND edges = 0", gone)

    def _add(self) -> int:
        row, self._next = self._next, self._next + 1
        return row

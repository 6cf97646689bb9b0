"""Runs of the SQLite store, written: a row for what edges share, which counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from sqlite3 import Connection
from typing import Any, Final

from lineage.edges import EdgeSet
from lineage.model import Runs
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
        self._new: dict[int, int] = {}  # the numbers of those that have a row of their own
        self._put: dict[int, Runs] = {}
        self._shared: dict[int, int] = {}  # by how many edges, before; of rows that are put again
        self._more: Counter[int] = Counter()  # edges that share a row, than there were

    def lose(self, rows: Iterable[int]) -> None:
        """Takes note of edges that were deleted: the row of each."""
        self._more.subtract(rows)

    def merge(self, pairs: Mapping[Pair, int]) -> dict[Pair, int]:
        """The row of the sum of each pair, of which there are so many edges.

        Where the batch touches every edge that shares a row, the row itself gets the sum that most
        of them have, so that these edges need not be written.
        """
        numbers: dict[int, list[int]] = {}
        for row, number in pairs:
            numbers.setdefault(row, []).append(number)
        new = numbers.pop(0, [])
        becomes = {(0, number): row for row, number in enumerate(new, self._next)}
        self._new = dict(enumerate(new, self._next))
        self._next += len(new)
        for _, found in find_rows(self._db, _FIND, ((row,) for row in sorted(numbers)), 1):
            for row, shared, *body in found:
                before = runs(body)
                sums = {number: before.merge(self._edges.runs(number)) for number in numbers[row]}
                grown = {number: after for number, after in sums.items() if after != before}
                becomes |= {(row, number): row for number in sums}
                becomes |= self._grow(row, shared, grown, pairs)
        self._count(pairs, becomes)
        return becomes

    def _grow(
        self, row: int, shared: int, sums: Mapping[int, Runs], pairs: Mapping[Pair, int]
    ) -> dict[Pair, int]:
        """The row of each sum that differs from the row, which so many edges share."""
        rarest_first = sorted(sums, key=lambda number: pairs[row, number])
        stay = shared + self._more[row] - sum(pairs[row, number] for number in sums)
        if sums and not stay:
            self._put[row], self._shared[row] = sums[rarest_first.pop()], shared
        return {(row, number): self._add(sums[number]) for number in rarest_first}

    def _count(self, pairs: Mapping[Pair, int], becomes: Mapping[Pair, int]) -> None:
        for pair, count in pairs.items():
            if becomes[pair] != pair[0]:
                self._more[pair[0]] -= count
                self._more[becomes[pair]] += count
        del self._more[0]

    def sum_up(self) -> None:
        """Works out what `finish` will write, without the database."""
        self._put |= {row: self._edges.runs(number) for row, number in self._new.items()}

    def finish(self) -> None:
        """Writes the rows that came or grew, and deletes those that no edge has any more."""
        put_rows(self._db, _PUT, self._rows(), _WIDTH)
        changed = [(more, row) for row, more in self._more.items() if more and row not in self._put]
        self._db.executemany("UPDATE runs SET edges = edges + ? WHERE id = ?", changed)
        gone = [(row,) for row, more in self._more.items() if more <= 0]
        self._db.executemany("DELETE FROM runs WHERE id = ? AND edges = 0", gone)

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        for row in sorted(self._put):
            shared = self._shared.get(row, 0) + self._more[row]
            yield row, *runs_row(self._put[row]), shared

    def _add(self, some: Runs) -> int:
        row, self._next = self._next, self._next + 1
        self._put[row] = some
        return row

"""Many rows a statement, for SQLite: with one statement a row, they take twice as long or more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, islice
from sqlite3 import Connection
from typing import Any, Final

Row = Sequence[Any]

_VALUES: Final = 999  # that a statement may have, whichever SQLite it is
_FEW: Final = 10  # rows that are asked for at a time, where there are not many


def put_rows(db: Connection, insert: str, rows: Iterable[Row], width: int) -> None:
    """Runs an INSERT for rows of that many values; `{}` in it stands for them."""
    rest = iter(rows)
    steps = iter(lambda: list(islice(rest, rows_at_once(width))), [])
    put_blocks(db, insert, (list(chain.from_iterable(step)) for step in steps), width)


def put_blocks(db: Connection, insert: str, blocks: Iterable[list[Any]], width: int) -> None:
    """The same, of the values of `rows_at_once(width)` rows a block; only the last has fewer."""
    many, left = rows_at_once(width), list[Any]()

    def full() -> Iterator[list[Any]]:
        for block in blocks:
            if len(block) == many * width:
                yield block
            else:
                left.extend(block)

    db.executemany(insert.format(", ".join([_marks(width)] * many)), full())
    rows = (left[start : start + width] for start in range(0, len(left), width))
    db.executemany(insert.format(_marks(width)), rows)


def rows_at_once(width: int) -> int:
    """How many rows of that many values are put with one statement."""
    return _VALUES // width


def find_rows(
    db: Connection, select: str, rows: Iterable[Row], width: int
) -> Iterator[tuple[int, list[Row]]]:
    """What a SELECT finds for rows of that many values, many at a time.

    Each time, how many rows were asked for before these, and what was found for them.
    select: `{}` stands for a table of the rows: `column1` is the place of a row among these, from
    0, its values are `column2` and so on. No value may be NULL.
    """
    rest, start = iter(rows), 0
    while step := list(islice(rest, rows_at_once(width))):
        size = rows_at_once(width) if len(step) > _FEW else _FEW
        values = list(chain.from_iterable(step))
        values += [None] * (size * width - len(values))
        yield start, db.execute(_asking(select, width, size), values).fetchall()
        start += len(step)


@cache
def _asking(select: str, width: int, size: int) -> str:
    rows = (f"({place}, {_marks(width)[1:]}" for place in range(size))
    return select.format(f"(VALUES {', '.join(rows)}) asked")


def _marks(width: int) -> str:
    return f"({', '.join('?' * width)})"

"""A CSV without a flaw as columns; whatever is broken in one, who reads row by row finds it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.files.columnar import pyarrow
from ingest.files.delimited import csv_style
from ingest.files.pieces import Piece
from ingest.files.tables import NULLS, Fields, match_columns
from ingest.files.texts import Texts

_QUOTE, _LF, _CR = (ord(mark) for mark in '"\n\r')


class Columns(NamedTuple):
    """The columns of some rows, by field as far as the file has them.

    lines: where each row begins, in the piece. fields: all that may be there, in order.
    """

    lines: NDArray[np.int64]
    texts: Mapping[str, Texts]
    fields: tuple[str, ...]

    def rows(self, places: Sequence[int]) -> list[tuple[int, tuple[str, ...]]]:
        """Line and cells of these rows, as `read_table` gives them."""
        nothing = [""] * len(places)
        cells = [self.texts[f].at(places) if f in self.texts else nothing for f in self.fields]
        return [
            (int(self.lines[place]), tuple("" if cell in NULLS else cell for cell in row))
            for place, *row in zip(places, *cells, strict=True)
        ]


def csv_columns(piece: Piece, fields: Fields) -> Columns | None:
    """The columns of a piece of CSV; None when it is none, or not every row is whole."""
    delimiter = csv_style([piece.header]).delimiter
    if not piece.header or delimiter == "\t":
        return None
    body, marks = piece.rows, np.frombuffer(piece.rows, np.uint8)
    if not _is_strict(marks, ord(delimiter)):
        return None
    header = next(csv.reader(io.StringIO(piece.header, newline=""), delimiter=delimiter), [])
    spelled = match_columns(header, fields)
    places = {field: header.index(column) for field, column in spelled.items()}
    lines = np.count_nonzero(marks == _LF) + (not body.endswith(b"\n"))
    for wanted in (set(places.values()), set(range(len(header)))):
        found = _parsed(body, delimiter, len(header), sorted(wanted))
        if found is None:
            return None
        taken = np.sum([texts.newlines for texts in found.values()], axis=0, dtype=np.int64) + 1
        if taken.sum() == lines:
            begins: NDArray[np.int64] = piece.header.count("\n") + 1 + np.cumsum(taken) - taken
            texts = {field: found[place] for field, place in places.items()}
            return Columns(begins, texts, tuple(fields))
    return None  # blank lines


def _is_strict(body: NDArray[np.uint8], delimiter: int) -> bool:
    """Whether every quote begins or ends a cell, or is doubled in one; see `csv.Dialect.strict`."""
    quotes = np.flatnonzero(body == _QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = body[opening[opening > 0] - 1]
    after = body[closing[closing < len(body) - 1] + 1]
    returns = np.flatnonzero(body == _CR)
    return bool(
        np.isin(before, (delimiter, _LF, _QUOTE)).all()
        and np.isin(after, (delimiter, _LF, _CR, _QUOTE)).all()
        and (not len(returns) or returns[-1] < len(body) - 1)
        and (body[returns + 1] == _LF).all()
    )


def _parsed(body: bytes, delimiter: str, width: int, wanted: list[int]) -> dict[int, Texts] | None:
    """These columns of rows that have so many cells; None when a row has not."""
    arrow, read = pyarrow(), pyarrow(".csv")
    names = [str(place) for place in range(width)]
    try:
        table = read.read_csv(
            arrow.BufferReader(body),
            read_options=read.ReadOptions(
                column_names=names, use_threads=False, block_size=len(body) + 1
            ),
            parse_options=read.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=read.ConvertOptions(
                column_types=dict.fromkeys(names, arrow.string()),
                include_columns=[names[place] for place in wanted],
                strings_can_be_null=False,
            ),
        )
    except arrow.ArrowInvalid:
        return None
    columns = (table.column(place).combine_chunks() for place in range(len(wanted)))
    return dict(zip(wanted, map(Texts, columns), strict=True))

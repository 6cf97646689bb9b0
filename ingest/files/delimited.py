"""Rows of CSV out of lines of text, whatever is broken between them."""

from __future__ import annotations

import csv
import itertools
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from ingest.record import Rejected

if TYPE_CHECKING:
    from _csv import Reader

Row = tuple[int, list[str]]

_FIELD_LIMIT = 64 * 1024 * 1024  # characters of one cell; more is a quote that was never closed
_BLOCK = 1_000  # lines read together
_KEPT = 2_000  # characters of a broken record that are kept
# A doubled-quote file has no single \" before an ordinary character: the quote would be doubled.
BACKSLASHED = re.compile(r'(?<!\\)\\"(?=[^",;|\t\r\n])')

_NULL = re.compile(r"(?<![^,;|\t])\\N(?![^,;|\t\r\n])")


class CsvStyle(msgspec.Struct, frozen=True):
    """How a file separates cells, and whether it quotes by a backslash or by doubled quotes."""

    delimiter: str = ","
    backslash: bool = False


COMMAS = CsvStyle()


def csv_style(sample: Sequence[str]) -> CsvStyle:
    """The style of the lines at the beginning of a file; the first that is not blank is its header.

    The delimiter is the most frequent of comma, semicolon, tab and bar in the header.
    """
    header = next((line for line in sample if line.strip()), "")
    delimiter = max(",;\t|", key=header.count)
    return CsvStyle(delimiter, any(BACKSLASHED.search(line) for line in sample))


def csv_rows(
    lines: Iterable[str],
    widths: Collection[int] | None,
    plausible: Callable[[list[str]], bool],
    style: CsvStyle = COMMAS,
) -> Iterator[Row | Rejected]:
    """The rows of a CSV with the line where each begins; blank lines are left out.

    A row that has none of the `widths` (None: that of the first row), or a quote where none may be,
    is `broken_record`. When it ran over several lines, as after a quote that was never closed,
    reading goes on with the next line of it that begins a `plausible` row: what was swallowed
    comes out again.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    feed = _Feed(lines)
    reader = _reader(feed.lines, style)
    line = 1
    recovering = False
    while True:
        before = reader.line_num
        try:
            row = next(reader, [])
        except csv.Error:
            row = []
        count = reader.line_num - before
        if not count:
            return
        if widths is None and row:
            widths = {len(row)}
        if row and len(row) in (widths or ()) and not (recovering and not plausible(row)):
            recovering = False
            feed.pass_by(count)
            yield line, row
            line += count
            continue
        taken = feed.taken(count)
        if row or count > 1 or taken[0].strip():
            if not recovering:
                yield Rejected("broken_record", line, taken[0][:_KEPT])
            if count > 1:
                recovering = True
                feed.give_back(taken[1:])
                reader = _reader(feed.lines, style)
        line += 1


class _Feed:
    """The lines of a file. What a reader took can be looked at, and given back.

    Nothing here is done line by line in Python as long as the records are whole.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._rest = iter(lines)
        self._blocks: deque[list[str]] = deque()  # from the first one with a line not left behind
        self._passed = 0  # lines of that block
        self.lines = itertools.chain.from_iterable(self._read())

    def pass_by(self, count: int) -> None:
        """Leaves behind the lines that a record took."""
        self._passed += count
        while self._blocks and self._passed >= len(self._blocks[0]):
            self._passed -= len(self._blocks.popleft())

    def taken(self, count: int) -> list[str]:
        """The lines that a record took; they are left behind."""
        found: list[str] = []
        while len(found) < count and self._blocks:
            part = self._blocks[0][self._passed : self._passed + count - len(found)]
            found += part
            self.pass_by(len(part))
        return found

    def give_back(self, lines: Sequence[str]) -> None:
        """Lets the lines come again; the reader of `lines` must be made anew."""
        ahead = list(itertools.chain.from_iterable(self._blocks))[self._passed :]
        self._rest = itertools.chain(lines, ahead, self._rest)
        self._blocks.clear()
        self._passed = 0
        self.lines = itertools.chain.from_iterable(self._read())

    def _read(self) -> Iterator[list[str]]:
        while block := list(itertools.islice(self._rest, _BLOCK)):
            self._blocks.append(block)
            yield block


def _reader(lines: Iterator[str], style: CsvStyle) -> Reader:
    if style.backslash:
        # The reader would take the backslash off a cell of \N, which stands for null.
        lines = (_NULL.sub("", line) for line in lines)
        return csv.reader(
            lines, delimiter=style.delimiter, escapechar="\\", doublequote=False, strict=True
        )
    return csv.reader(lines, delimiter=style.delimiter, strict=True)

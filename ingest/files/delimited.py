"""Rows of CSV out of lines of text, whatever is broken between them."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import msgspec

from ingest.record import Rejected

Row = tuple[int, list[str]]

_FIELD_LIMIT = 64 * 1024 * 1024  # characters of one cell
_LONGEST = 200_000  # lines of one record; more is a quote that was never closed
_KEPT = 2_000  # characters of a broken record that are kept
# A doubled-quote file has no single \" before an ordinary character: the quote would be doubled.
_BACKSLASHED = re.compile(r'(?<!\\)\\"(?=[^",;|\t\r\n])')

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
    return CsvStyle(delimiter, any(_BACKSLASHED.search(line) for line in sample))


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
    reader = _reader(iter(feed), style)
    line = 1
    recovering = False
    while True:
        feed.taken.clear()
        try:
            row = next(reader, [])
        except csv.Error:
            row = []
        if not feed.taken:
            return
        if widths is None and row:
            widths = {len(row)}
        if row and len(row) in (widths or ()) and not (recovering and not plausible(row)):
            recovering = False
            yield line, row
        elif row or not feed.blank:
            if not recovering:
                yield Rejected("broken_record", line, feed.taken[0][:_KEPT])
            if len(feed.taken) > 1:
                recovering = True
                feed.give_back()
                reader = _reader(iter(feed), style)
        line += len(feed.taken)


class _Feed:
    """The lines of a file; those taken for one record can be given back, all but the first."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.taken: list[str] = []
        self._lines = iter(lines)
        self._ahead: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        taken, ahead = self.taken, self._ahead
        while len(taken) < _LONGEST:
            line = ahead.popleft() if ahead else next(self._lines, None)
            if line is None:
                return
            taken.append(line)
            yield line

    @property
    def blank(self) -> bool:
        """Whether the record is one blank line."""
        return len(self.taken) == 1 and not self.taken[0].strip()

    def give_back(self) -> None:
        """All lines but the first come again."""
        self._ahead.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def _reader(lines: Iterator[str], style: CsvStyle) -> Iterator[list[str]]:
    if style.backslash:
        # The reader would take the backslash off a cell of \N, which stands for null.
        lines = (_NULL.sub("", line) for line in lines)
        return csv.reader(
            lines, delimiter=style.delimiter, escapechar="\\", doublequote=False, strict=True
        )
    return csv.reader(lines, delimiter=style.delimiter, strict=True)

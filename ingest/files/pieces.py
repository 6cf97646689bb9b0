"""Long files of rows cut between two rows, so that several processes can read one.

Where a file cannot be cut, or no longer, it must be read from its start: what a quote that was
never closed has swallowed is only found that way.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.delimited import BACKSLASHED, csv_rows, csv_style
from ingest.files.objects import is_lines
from ingest.record import Rejected

PIECE = 16 * 1024 * 1024  # characters, of the longest; the first ones are shorter
_SAMPLE = 200  # lines


class Piece(msgspec.Struct, frozen=True):
    """Whole rows, and the header that stands at the beginning of their file.

    skipped: how many lines of the file stand between the two.
    """

    header: str
    rows: str
    skipped: int

    @property
    def text(self) -> str:
        """The piece as a file of its own."""
        return self.header + self.rows

    @property
    def is_whole(self) -> bool:
        """Whether all of its quotes are closed, and stand where they may."""
        if not self.header:
            return True
        style = csv_style([self.header])
        rows = csv.reader(
            io.StringIO(self.text, newline=""), delimiter=style.delimiter, strict=True
        )
        try:
            return all(True for _ in rows)
        except csv.Error:
            return False


def pieces(stream: IO[str]) -> Iterator[Piece | None]:
    """The pieces of a file, read from its start; None, at the end, when the rest cannot be cut.

    The first ones are short, so that work begins at once, and a file of one piece is not cut.
    """
    size = max(1, PIECE // 8)
    start, more = stream.read(size), stream.read(size)
    header = _header(start)
    if header is None or not more:
        yield None
        return
    text, skipped = start[len(header) :], 0
    while text or more:
        end = _end(text, quoted=header != "") if more else len(text)
        piece = Piece(header, text[:end], skipped)
        if not _is_like_its_file(piece):
            yield None
            return
        if end:
            yield piece
        skipped += text.count("\n", 0, end)
        text = text[end:] + more
        size = min(PIECE, 2 * size)
        more = stream.read(size) if more else ""


def _header(start: str) -> str | None:
    """The first row of a CSV, nothing for JSON Lines; None for what cannot be cut."""
    if start.lstrip()[:1] in ("{", "["):
        return "" if is_lines(start) else None
    end = _first_row(start)
    style = csv_style(io.StringIO(start[: 64 * 1024], newline="").readlines()[:_SAMPLE])
    if not end or style.backslash:
        return None
    row = next(csv_rows(io.StringIO(start[:end], newline=""), None, bool, style), None)
    return None if row is None or isinstance(row, Rejected) or row[0] > 1 else start[:end]


def _first_row(text: str) -> int:
    end = text.find("\n") + 1
    while end and text.count('"', 0, end) % 2:
        end = text.find("\n", end) + 1
    return end


def _end(text: str, *, quoted: bool) -> int:
    """Where the last whole row of a text ends; 0 when there is none."""
    quotes = text.count('"') if quoted else 0
    end = len(text)
    while end:
        before = text.rfind("\n", 0, end) + 1
        quotes -= text.count('"', before, end) if quoted else 0
        if quotes % 2 == 0:
            return before
        end = before - 1
    return 0


def _is_like_its_file(piece: Piece) -> bool:
    """Whether the piece, read by itself, is taken for the same kind of file."""
    if not piece.header:
        return is_lines(piece.rows)
    if csv_style([piece.header]).delimiter == "\t":
        return "\\" not in piece.rows
    return "\\" not in piece.rows or not BACKSLASHED.search(piece.rows)

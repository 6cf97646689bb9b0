"""Long files of rows cut between two rows, so that several processes can read one.

Where a file cannot be cut, or no longer, it must be read from its start: what a quote that was
never closed has swallowed is only found that way.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ingest.files.delimited import BACKSLASHED, csv_rows, csv_style
from ingest.files.objects import is_lines
from ingest.files.reading import Utf8, as_text
from ingest.record import Rejected
from lineage.errors import UnreadableInput

PIECE = 16 * 1024 * 1024  # bytes, of the longest; the first ones are shorter
_STYLE = 64 * 1024  # bytes that show how a file is made
_SAMPLE = 200  # lines
_BACKSLASHED = re.compile(BACKSLASHED.pattern.encode())
_FIRST_LINE = re.compile(rb"\s*[^\n]*\n?")


class Extent(msgspec.Struct, frozen=True):
    """Bytes of a file, where they lie."""

    path: Path
    start: int
    size: int

    def read(self) -> bytes:
        """The bytes.

        Raises:
            UnreadableInput: they are no longer there.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.start)
                found = file.read(self.size)
        except OSError as error:
            raise UnreadableInput(f"{self.path}: {error.strerror or error}") from error
        if len(found) < self.size:
            raise UnreadableInput(f"{self.path} became shorter while it was read: import it again")
        return found


class Piece(msgspec.Struct, frozen=True):
    """Whole rows, and the header that stands at the beginning of their file.

    body: the rows in UTF-8, or where they lie so. skipped: how many lines of the file stand between
    header and rows.
    """

    header: str
    body: bytes | Extent
    skipped: int

    @property
    def rows(self) -> bytes:
        """The rows in UTF-8; they are read where they lie.

        Raises:
            UnreadableInput: they are no longer there.
        """
        return self.body.read() if isinstance(self.body, Extent) else self.body

    @property
    def text(self) -> str:
        """The piece as a file of its own."""
        return self.header + self.rows.decode()

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


def pieces(log: Utf8) -> Iterator[Piece | None]:
    """The pieces of a log, read from its start; None, at the end, when the rest cannot be cut.

    The first ones are short, so that work begins at once, and a file of one piece is not cut.
    """
    size = max(1, PIECE // 8)
    start, more = log.read(size), log.read(size)
    found = _header(start)
    if found is None or not more:
        yield None
        return
    header, begin = found
    rows, skipped = start[begin:], 0
    while rows or more:
        end = _end(rows, quoted=header != "") if more else len(rows)
        whole = rows[:end]
        sound = _sound(whole)
        if not _is_like_its_file(header, sound):
            yield None
            return
        if end:
            lies = Extent(log.path, begin, end) if log.path and sound is whole else sound
            yield Piece(header, lies, skipped)
        skipped += _count(sound, b"\n")
        begin += end
        rows = rows[end:] + more
        size = min(PIECE, 2 * size)
        more = log.read(size) if more else b""


def _header(start: bytes) -> tuple[str, int] | None:
    """The first row of a CSV, nothing for JSON Lines; and its bytes. None for what is not cut."""
    if start.lstrip()[:1] in (b"{", b"["):
        return ("", 0) if is_lines(start.decode(errors="replace")) else None
    end = _first_row(start)
    sample = start[:_STYLE].decode(errors="replace")
    style = csv_style(io.StringIO(sample, newline="").readlines()[:_SAMPLE])
    if not end or style.backslash:
        return None
    header = as_text(start[:end])
    row = next(csv_rows(io.StringIO(header, newline=""), None, bool, style), None)
    return None if row is None or isinstance(row, Rejected) or row[0] > 1 else (header, end)


def _first_row(rows: bytes) -> int:
    end = rows.find(b"\n") + 1
    while end and rows.count(b'"', 0, end) % 2:
        end = rows.find(b"\n", end) + 1
    return end


def _end(rows: bytes, *, quoted: bool) -> int:
    """Where the last whole row ends; 0 when there is none."""
    quotes = _count(rows, b'"') if quoted else 0
    end = len(rows)
    while end:
        before = rows.rfind(b"\n", 0, end) + 1
        quotes -= rows.count(b'"', before, end) if quoted else 0
        if quotes % 2 == 0:
            return before
        end = before - 1
    return 0


def _count(rows: bytes, mark: bytes) -> int:
    """How often a byte is there; `bytes.count` takes twice as long where there are many."""
    import numpy as np  # most processes do without it

    return int(np.count_nonzero(np.frombuffer(rows, np.uint8) == ord(mark)))


def _sound(rows: bytes) -> bytes:
    """The same without bytes that are no text."""
    if rows.isascii():
        return rows
    text = as_text(rows)
    return text.encode() if "\N{REPLACEMENT CHARACTER}" in text else rows


def _is_like_its_file(header: str, rows: bytes) -> bool:
    """Whether a piece, read by itself, is taken for the same kind of file."""
    if not header:
        first = _FIRST_LINE.match(rows)
        return first is None or is_lines(first[0].decode())
    if csv_style([header]).delimiter == "\t":
        return b"\\" not in rows
    return b"\\" not in rows or not _BACKSLASHED.search(rows)

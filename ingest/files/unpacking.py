"""The bytes of a log as text has them: unpacked, and columnar files as JSON Lines.

What a file is, its first bytes tell, never its name.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import tempfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

from ingest.files import columnar
from ingest.files.blocks import LZ4_BLOCK, Lz4Blocks
from ingest.files.columnar import ColumnarLines, pyarrow
from ingest.files.encodings import encoding_of
from lineage.errors import UnreadableInput

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_START = 1024  # bytes that tell what a file is
_AT_ONCE = 8192  # unpacked bytes
_DAMAGE = (OSError, EOFError, ValueError, OverflowError, lzma.LZMAError, zlib.error)
_OFFICE = b"[Content_Types].xml"
_TAR = slice(257, 262)
_CONTROL = frozenset(range(32)) - set(b"\t\n\r\f\x1b\x1e")
_BINARY = 0.1  # share of control characters from which on it is no text

# What is no log, by its first bytes, and what to do.
_REFUSED = (
    (b"PK\x03\x04", "a zip archive: unpack it, then import the folder"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it, then import the folder"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it, then import the folder"),
    (b"\xff\x06\x00\x00sNaPpY", "packed with Snappy: unpack it, or pack it with gzip or zstd"),
    (b"\x82SNAPPY", "packed with Snappy: unpack it, or pack it with gzip or zstd"),
    (b"\x1f\x9d", "packed with compress: unpack it with uncompress"),
    (b"\xd0\xcf\x11\xe0", "an Office document: save the sheet as CSV (UTF-8)"),
    (b"%PDF-", "a PDF document, no log"),
    (b"\x89PNG", "a PNG image, no log"),
    (b"\xff\xd8\xff", "a JPEG image, no log"),
    (b"GIF8", "a GIF image, no log"),
    (b"SQLite format 3\x00", "an SQLite database: export its table of statements as CSV"),
    (b"Obj\x01", "an Avro file: export as Parquet, JSON or CSV"),
    (b"FEA1", "a Feather file of version 1: write it as Feather 2 or Parquet"),
)


class _ReadsOnce(Protocol):
    """What is used of an opened packed file."""

    def read1(self, size: int, /) -> bytes:
        """What is next, without waiting for more."""


class Unpacked(io.RawIOBase):
    """The content of files that are one log, one behind the other.

    What a damaged file has before the damage is read; `damage` says what is lost. Damage at the
    very start is an error, and so is a file that is no log.

    Args:
        name: as the user knows the log.
        parts: at least one file.

    Raises:
        OSError: a file cannot be opened. UnreadableInput: see above.
    """

    def __init__(self, name: str, parts: Sequence[Path]) -> None:
        self.damage = ""
        self.name = name
        self._parts = list(parts)
        self._only = parts[0] if len(parts) == 1 else None
        self._passed = 0  # bytes of the files that are read to their end
        self._given = b""  # the last byte that was given
        self._open(self._parts.pop(0))

    @property
    def position(self) -> int:
        """How far the files are read, in bytes on disk."""
        if self._lines is not None and self._lines.progress:
            return self._passed + int(self._size * self._lines.progress)
        return self._passed + self._file.tell()

    @property
    def path(self) -> Path | None:
        """The file that has the content as it is; None where it is packed, or in several."""
        return self._only if self._content is self._file else None

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fills the buffer with what is next; 0 at the end."""
        place = memoryview(buffer).cast("B")
        count = self._next(place)
        while not count and self._parts:
            if not self._open_next():
                continue
            if self._given not in (b"\n", b""):
                place[0], self._given = ord("\n"), b"\n"
                return 1
            count = self._next(place)
        if count:
            self._given = bytes(place[count - 1 : count])
        return count

    def close(self) -> None:
        """Closes the file that is open."""
        self._content.close()
        self._file.close()
        super().close()

    def _open_next(self) -> bool:
        """Opens the next file; false when it cannot be read."""
        self._passed += self._size
        self._content.close()
        self._file.close()
        try:
            self._open(self._parts.pop(0))
        except UnreadableInput as error:
            self.damage = str(error)
            return False
        return True

    def _next(self, place: memoryview) -> int:
        try:
            return self._content.readinto1(place)
        except _DAMAGE as error:
            if not self._given:
                raise UnreadableInput(f"{self.name} is damaged: {error}") from error
            self.damage = f"{self.name} is damaged, what follows is lost: {error}"
            return 0

    def _open(self, path: Path) -> None:
        self._file = path.open("rb")
        self._size = path.stat().st_size
        self._lines: ColumnarLines | None = None
        try:
            self._content = self._unpacked()
        except _DAMAGE as error:
            self._file.close()
            raise UnreadableInput(f"{self.name} is damaged: {error}") from error
        except UnreadableInput as error:
            self._file.close()
            raise UnreadableInput(f"{self.name} is {error}") from None

    def _unpacked(self) -> io.BufferedReader:
        content = self._file
        start = content.peek(_START)[:_START]
        opener = next((open_ for mark, open_ in _OPENERS if start.startswith(mark)), None)
        if opener:
            content = io.BufferedReader(_Gently(opener(self._file)))
            start = content.peek(_START)[:_START]
        if start.startswith(columnar.MAGIC):
            if opener:
                content = _spooled(content)
            self._lines = ColumnarLines(content, start)
            return io.BufferedReader(self._lines)
        what = _no_text(start)
        if what:
            raise UnreadableInput(what)
        return content


class _Gently(io.RawIOBase):
    """Reads little at a time, so that damage costs little of what came before it."""

    def __init__(self, content: _ReadsOnce) -> None:
        self._content = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        place = memoryview(buffer).cast("B")
        found = self._content.read1(min(len(place), _AT_ONCE))
        place[: len(found)] = found
        return len(found)


def _spooled(content: IO[bytes]) -> io.BufferedReader:
    """A copy of a packed file that allows random access."""
    copy = tempfile.TemporaryFile(prefix="lineage-input-")  # noqa: SIM115 - closed with its reader
    shutil.copyfileobj(content, copy)
    copy.seek(0)
    return cast("io.BufferedReader", copy)


def _no_text(start: bytes) -> str:
    """What a file is that begins so, if it is no text, and what to do; empty for text."""
    for mark, what in _REFUSED:
        if start.startswith(mark):
            office = mark == b"PK\x03\x04" and _OFFICE in start
            return "an Office document: save the sheet as CSV (UTF-8)" if office else what
    if start[_TAR] == b"ustar":
        return "a tar archive: unpack it, then import the folder"
    text = start.decode(encoding_of(start), "ignore")
    control = sum(ord(one) in _CONTROL for one in text)
    return "binary, no log that is known" if control > _BINARY * len(text) else ""


def _open_zstandard(file: IO[bytes]) -> _ReadsOnce:
    return cast("_ReadsOnce", pyarrow().CompressedInputStream(file, "zstd"))


def _open_lz4(file: IO[bytes]) -> _ReadsOnce:
    return cast("_ReadsOnce", pyarrow().CompressedInputStream(file, "lz4"))


_OPENERS: tuple[tuple[bytes, Callable[[IO[bytes]], _ReadsOnce]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
    (b"\x28\xb5\x2f\xfd", _open_zstandard),
    (b"\x04\x22\x4d\x18", _open_lz4),
    (LZ4_BLOCK, Lz4Blocks),
)

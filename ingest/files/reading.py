"""Files, folders, globs and standard input, as streams of text.

Compression is told by the first bytes, never by the name; so is the encoding. Nothing is held in
memory but the buffer of the stream.
"""

from __future__ import annotations

import bz2
import codecs
import glob
import gzip
import importlib
import io
import lzma
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import msgspec

from ingest.record import Head
from lineage.errors import UnreadableInput

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_HEAD = 64 * 1024  # characters
_BUFFER = 128 * 1024  # bytes
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Input(msgspec.Struct, frozen=True, order=True):
    """A file to read. name: as the user knows it; path: where its bytes are."""

    name: str
    path: Path


class _Undecodable:
    """Replaces bytes that are no text by U+FFFD, and counts them."""

    name = "replace-and-count"

    def __init__(self) -> None:
        self.count = 0
        codecs.register_error(self.name, self._replace)

    def _replace(self, error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        self.count += error.end - error.start
        return "\N{REPLACEMENT CHARACTER}", error.end


_UNDECODABLE = _Undecodable()
_KEPT: list[IO[bytes]] = []  # copies of standard input and pipes, until the process ends


def find_inputs(paths: Iterable[str]) -> list[Input]:
    """The files that the paths mean: files, folders with all below, globs, `-` for standard input.

    In the order of the paths, each folder and glob sorted by name; no file twice; hidden files and
    folders are skipped unless named. Standard input and pipes are copied to a temporary file, since
    an input is read twice: once to find its format.

    Raises:
        UnreadableInput: a path is missing or means no file.
    """
    found: dict[Path, Input] = {}
    for path in paths:
        for one in _inputs(path):
            found.setdefault(one.path.resolve(), one)
    return list(found.values())


def open_text(source: Input) -> IO[str]:
    """The decompressed, decoded content, line ends untouched, byte order mark removed.

    gzip, bzip2, xz and Zstandard (where the `zstandard` package is installed); UTF-8, or UTF-16 and
    UTF-32 with a byte order mark. Bytes that are no text become U+FFFD: see `undecodable_bytes`.

    Raises:
        UnreadableInput: the file cannot be opened.
    """
    try:
        raw = io.BufferedReader(_Bytes(source), _BUFFER)
    except OSError as error:
        raise UnreadableInput(f"{source.name}: {error.strerror or error}") from error
    start = raw.peek(4)
    encoding = next((name for mark, name in _ENCODINGS if start.startswith(mark)), "utf-8")
    return io.TextIOWrapper(raw, encoding=encoding, errors=_UNDECODABLE.name, newline="")


def head(source: Input) -> Head:
    """The first 64 Ki characters, for finding the format.

    Raises:
        UnreadableInput: the file cannot be opened, or its compression is damaged from the start.
    """
    before = _UNDECODABLE.count
    with open_text(source) as stream:
        text = stream.read(_HEAD)
    _UNDECODABLE.count = before
    return Head(source.name, text)


def bytes_read(stream: IO[str]) -> int:
    """How far a stream of `open_text` is in its file, in bytes as they lie on disk."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw.position if isinstance(raw, _Bytes) else 0


def undecodable_bytes() -> int:
    """How many bytes this process has replaced so far because they were no text."""
    return _UNDECODABLE.count


def _inputs(path: str) -> Iterator[Input]:
    place = Path(path).expanduser()
    if path == "-":
        yield _copy(sys.stdin.buffer, path)
        return
    if place.is_fifo():
        with place.open("rb") as pipe:
            yield _copy(pipe, path)
        return
    if place.is_dir():
        files = _below(place)
    elif place.exists():
        files = [place]
    else:
        matches = sorted(Path(match) for match in glob.glob(str(place), recursive=True))  # noqa: PTH207
        files = [
            file for match in matches for file in (_below(match) if match.is_dir() else [match])
        ]
    if not files:
        why = "it has no files" if place.is_dir() else "no such file, folder or glob match"
        raise UnreadableInput(f"{path}: {why}")
    for file in files:
        yield Input(str(file), file)


def _below(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(p.startswith(".") for p in file.relative_to(folder).parts)
    )


def _copy(stream: IO[bytes], name: str) -> Input:
    copy = tempfile.NamedTemporaryFile(prefix="lineage-input-")  # noqa: SIM115 - kept open
    _KEPT.append(copy)
    shutil.copyfileobj(stream, copy)
    copy.flush()
    return Input(name, Path(copy.name))


class _Bytes(io.RawIOBase):
    """The decompressed bytes of a file; damage is an UnreadableInput that names the file."""

    def __init__(self, source: Input) -> None:
        self._name = source.name
        self._file = source.path.open("rb")
        magic = self._file.peek(6)[:6]
        opener = next((open_ for mark, open_ in _OPENERS if magic.startswith(mark)), None)
        try:
            content = opener(self._file) if opener else self._file
        except UnreadableInput:
            self._file.close()
            raise
        self._content = cast("io.BufferedIOBase", content)

    @property
    def position(self) -> int:
        """How far the file is read, in bytes on disk."""
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            return self._content.readinto(buffer)
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise UnreadableInput(f"{self._name} is damaged: {error}") from error

    def close(self) -> None:
        self._content.close()
        self._file.close()
        super().close()


def _open_zstandard(file: IO[bytes]) -> IO[bytes]:
    try:
        module = importlib.import_module("zstandard")
    except ImportError:
        raise UnreadableInput(
            f"{file.name} is Zstandard: pip install zstandard, or unpack it with unzstd"
        ) from None
    return cast("IO[bytes]", module.open(file))


_OPENERS = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
    (b"\x28\xb5\x2f\xfd", _open_zstandard),
)

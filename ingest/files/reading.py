"""Files, folders, globs and standard input, as streams of text.

Compression is told by the first bytes, never by the name; so is the encoding. Nothing is held in
memory but the buffer of the stream.
"""

from __future__ import annotations

import glob
import io
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from ingest.files.encodings import Undecodable, encoding_of
from ingest.files.parts import logs_of
from ingest.files.unpacking import Unpacked
from ingest.record import Head
from lineage.errors import UnreadableInput

_HEAD = 64 * 1024  # characters
_LONG_LINE = 1024 * 1024  # characters of a first record that is longer than the head
_BUFFER = 128 * 1024  # bytes
_NEXT_OBJECT = re.compile(r"\}\s*,\s*\{")


class Input(msgspec.Struct, frozen=True, order=True):
    """A log to read. name: as the user knows it; path: where its bytes are; more: those behind."""

    name: str
    path: Path
    more: tuple[Path, ...] = ()

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in (self.path, *self.more))


class _Text(io.TextIOWrapper):
    """The text of a log; remembers what of it could not be read."""

    def __init__(self, source: Input) -> None:
        self.unpacked = Unpacked(source.name, (source.path, *source.more))
        self.raw = io.BufferedReader(self.unpacked, _BUFFER)
        self.undecodable_before = _UNDECODABLE.count
        encoding = encoding_of(self.raw.peek(_BUFFER))
        super().__init__(self.raw, encoding=encoding, errors=_UNDECODABLE.name, newline="")


_UNDECODABLE = Undecodable()
_KEPT: list[IO[bytes]] = []  # copies of standard input and pipes, until the process ends


def find_inputs(paths: Iterable[str]) -> list[Input]:
    """The files that the paths mean: files, folders with all below, globs, `-` for standard input.

    In the order of the paths, each folder and glob sorted by name; no file twice; files that are
    one log are one input; hidden files and folders are skipped unless named. Standard input and
    pipes are copied to a temporary file, since an input is read twice: once to find its format.

    Raises:
        UnreadableInput: a path is missing or means no file.
    """
    found: dict[Path, Input] = {}
    for path in paths:
        for one in _inputs(path):
            found.setdefault(one.path.resolve(), one)
    names = {one.path: one.name for one in found.values()}
    return [Input(names[file], file, tuple(more)) for file, *more in logs_of(list(names))]


def open_text(source: Input) -> IO[str]:
    """The decompressed, decoded content, line ends untouched, byte order mark removed.

    gzip, bzip2, xz, Zstandard and LZ4; UTF-8, UTF-16 and UTF-32; Parquet and Arrow as JSON Lines.
    Bytes that are no text become U+FFFD, and a damaged file ends where the damage begins: `losses`
    tells.

    Raises:
        UnreadableInput: the file cannot be opened, is damaged from the start, or is no text: the
            message says what it is and what to do.
    """
    try:
        return _Text(source)
    except OSError as error:
        raise UnreadableInput(f"{source.name}: {error.strerror or error}") from error


class Utf8(NamedTuple):
    """A log in UTF-8. read: its next so many bytes, or a few more; path: where they lie as such."""

    read: Callable[[int], bytes]
    path: Path | None


def utf8(stream: IO[str]) -> Utf8:
    """The bytes of a stream of `open_text` that nobody has read yet.

    Where they have a path nobody has looked whether they are text: see `as_text`.
    """
    if isinstance(stream, _Text) and stream.encoding == "utf-8":
        return Utf8(lambda size: stream.raw.read(size), stream.unpacked.path)
    return Utf8(lambda size: stream.read(size).encode(), None)


def as_text(block: bytes) -> str:
    """The text of some bytes, with U+FFFD for what is none; `losses` tells of that, too."""
    return block.decode("utf-8", _UNDECODABLE.name)


def head(source: Input) -> Head:
    """The first 64 Ki characters, or a first record that is longer, for finding the format.

    Raises:
        UnreadableInput: as of `open_text`.
    """
    before = _UNDECODABLE.count
    with open_text(source) as stream:
        text = stream.read(_HEAD)
        if "\n" not in text and not _NEXT_OBJECT.search(text):
            text += stream.readline(_LONG_LINE)
    _UNDECODABLE.count = before
    return Head(source.name, text)


def bytes_read(stream: IO[str]) -> int:
    """How far a stream of `open_text` is in its file, in bytes as they lie on disk."""
    return stream.unpacked.position if isinstance(stream, _Text) else 0


def losses(stream: IO[str]) -> tuple[str, ...]:
    """Sentences for the user on what of a stream of `open_text` could not be read so far."""
    if not isinstance(stream, _Text):
        return ()
    found = [stream.unpacked.damage] if stream.unpacked.damage else []
    replaced = _UNDECODABLE.count - stream.undecodable_before
    if replaced:
        found.append(
            f"{stream.unpacked.name}: {replaced} bytes are not UTF-8 and were replaced: "
            "convert it, for example with iconv"
        )
    return tuple(found)


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

"""The durable inbox: events that were acknowledged and are not yet in the graph.

A folder of segments, files that only grow. A record is its length and CRC (two little-endian
32-bit words), when it came (microseconds since 1970-01-01 UTC, 64 bits), the length of its origin
(16 bits), the origin, the body. One process owns the folder and appends; who applies only reads. A
segment in which a write failed is never written to again, so a torn record can only be the last
of its segment, and nobody was told that it was accepted.

Segments were measured against SQLite (WAL, synchronous=FULL): the same wait for the disk, a third
of the processor time a record, no pauses for checkpoints.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import msgspec

from lineage.errors import InboxUnavailable

_FRAME: Final = struct.Struct("<II")  # length of what follows, CRC-32 of it
_HEAD: Final = struct.Struct("<qH")  # when it came, length of the origin
_SEGMENT: Final = 16 << 20  # bytes after which a new segment is begun
_SUFFIX: Final = ".events"
_APPLIED: Final = "applied"  # the file with the position up to which all is in the graph
_LOCK: Final = "lock"
_sync: Final = getattr(os, "fdatasync", os.fsync)  # macOS has only the latter


class Position(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A place between two records: the number of a segment, and bytes from its start."""

    segment: int = 0
    offset: int = 0


class Received(msgspec.Struct, frozen=True):
    """An event as it came. at: microseconds since 1970-01-01 UTC; origin: who sent it."""

    at: int
    origin: str
    body: bytes


class Inbox:
    """The folder, for the process that owns it.

    Raises:
        InboxUnavailable: the folder cannot be written, or another process owns it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = _locked(folder)
        self._file = -1  # the descriptor of the open segment; -1 when there is none
        self.applied = _read_applied(folder)
        self._sizes = {one: _path(folder, one).stat().st_size for one in _segments(folder)}
        # Behind all that an earlier process left: its last segment may end in a torn record.
        self._end = Position(max([*self._sizes, self.applied.segment]) + 1)

    @property
    def end(self) -> Position:
        """The place behind the last record that is safe on disk."""
        return self._end

    @property
    def bytes(self) -> int:
        """How much waits, in bytes on disk."""
        first = self.applied
        sizes = sum(size for one, size in self._sizes.items() if one >= first.segment)
        return sizes - (first.offset if first.segment in self._sizes else 0)

    def append(self, records: Sequence[Received]) -> None:
        """Writes the records and waits until the disk has them.

        Raises:
            InboxUnavailable: it has not; the records may be there or not.
        """
        data = b"".join(map(_framed, records))
        try:
            if self._file < 0 or self._end.offset >= _SEGMENT:
                self._begin()
            _write(self._file, data)
            _sync(self._file)
        except OSError as error:
            self._give_up()
            raise _unwritable(self._folder, error) from error
        self._end = Position(self._end.segment, self._end.offset + len(data))
        self._sizes[self._end.segment] = self._end.offset

    def clear(self, applied: Position) -> None:
        """Takes note that all up to this position is in the graph; what is not needed goes.

        Raises:
            InboxUnavailable: the folder cannot be written; the note is taken all the same.
        """
        self.applied = max(self.applied, applied)
        if self.applied == self._end:  # what is in the graph need not lie here in the clear
            self._finish()
            self.applied = self._end
        try:
            # Not waited for: without the note, a crash has events applied again, as duplicates.
            note = self._folder / f"{_APPLIED}.new"
            note.write_bytes(msgspec.json.encode(self.applied))
            note.replace(self._folder / _APPLIED)
            for segment in [one for one in self._sizes if one < self.applied.segment]:
                _path(self._folder, segment).unlink(missing_ok=True)
                del self._sizes[segment]
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def close(self) -> None:
        """Gives the folder back."""
        self._finish()
        os.close(self._lock)

    def _begin(self) -> None:
        """Opens the next segment; its name must be on disk before a record in it counts."""
        self._finish()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(_path(self._folder, self._end.segment), flags, 0o600)
        self._sizes[self._end.segment] = 0
        _sync_folder(self._folder)

    def _give_up(self) -> None:
        """Leaves a segment with a failed write, without its torn end as far as that can be done."""
        with suppress(OSError):  # then the torn end stays, and readers stop before it
            if self._file >= 0:
                os.ftruncate(self._file, self._end.offset)
        with suppress(OSError):
            if not self._end.offset:
                _path(self._folder, self._end.segment).unlink(missing_ok=True)
        self._finish()

    def _finish(self) -> None:
        """Ends the open segment; the next record begins another."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._end = Position(self._end.segment + 1)


class Reader:
    """Reads the records of a folder from a position on, as they come; owns nothing."""

    def __init__(self, folder: Path, position: Position) -> None:
        self._folder = folder
        self.position = position
        self._problem = ""

    def read(self, most: int, size: int) -> list[Received]:
        """The next records, at most so many, and not many more than `size` bytes of bodies."""
        found: list[Received] = []
        while most > len(found) and size > 0:
            # Asked before reading: what a finished segment holds is then all there.
            following = self._following()
            before = self.position
            for record, position in self._records():
                found.append(record)
                size -= len(record.body)
                self.position = position
                if len(found) == most or size <= 0:
                    break
            if self.position == before:
                if following is None:
                    break
                self._keep_torn()
                self.position = Position(following)
        return found

    def take_problem(self) -> str:
        """A sentence when a segment ended in what is no record since the last call."""
        problem, self._problem = self._problem, ""
        return problem

    def _keep_torn(self) -> None:
        """Keeps a segment that ends in what is no record: a crash tore it, or the disk is bad."""
        path = _path(self._folder, self.position.segment)
        kept = path.with_suffix(".torn")
        with suppress(FileNotFoundError):
            if path.stat().st_size > self.position.offset:
                with suppress(FileExistsError):
                    kept.hardlink_to(path)
                self._problem = (
                    f"{kept} ends in {path.stat().st_size - self.position.offset} bytes that are"
                    " no record: after a crash they were never acknowledged, else check the disk"
                )

    def _following(self) -> int | None:
        later = [one for one in _segments(self._folder) if one > self.position.segment]
        return min(later, default=None)

    def _records(self) -> Iterator[tuple[Received, Position]]:
        segment, offset = self.position.segment, self.position.offset
        try:
            with _path(self._folder, segment).open("rb") as stream:
                stream.seek(offset)
                while (payload := _payload(stream)) is not None:
                    offset += _FRAME.size + len(payload)
                    yield _received(payload), Position(segment, offset)
        except FileNotFoundError:
            return


def waiting(folder: Path, position: Position) -> tuple[int, int]:
    """How many records wait behind a position, and since when (microseconds; 0: none)."""
    reader, number, oldest = Reader(folder, position), 0, 0
    while records := reader.read(1_000, 4 << 20):
        oldest = oldest or records[0].at
        number += len(records)
    return number, oldest


def oldest(folder: Path, position: Position) -> int:
    """When the first record behind a position came (microseconds since 1970-01-01); 0: none."""
    return next((one.at for one in Reader(folder, position).read(1, 1)), 0)


def _payload(stream: IO[bytes]) -> bytes | None:
    """The next record without its frame; None at the end, and where a record is torn."""
    frame = stream.read(_FRAME.size)
    if len(frame) < _FRAME.size:
        return None
    length, crc = _FRAME.unpack(frame)
    payload = stream.read(length)
    whole = len(payload) == length >= _HEAD.size and zlib.crc32(payload) == crc
    return payload if whole else None


def _framed(record: Received) -> bytes:
    origin = record.origin.encode("utf-8", "replace")[:0xFFFF]
    payload = _HEAD.pack(record.at, len(origin)) + origin + record.body
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def _received(payload: bytes) -> Received:
    at, length = _HEAD.unpack_from(payload)
    body = _HEAD.size + length
    return Received(at, payload[_HEAD.size : body].decode("utf-8", "replace"), payload[body:])


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _path(folder: Path, segment: int) -> Path:
    return folder / f"{segment:010d}{_SUFFIX}"


def _segments(folder: Path) -> list[int]:
    names = (path.name.removesuffix(_SUFFIX) for path in folder.glob(f"*{_SUFFIX}"))
    return sorted(int(name) for name in names if name.isdigit())


def _read_applied(folder: Path) -> Position:
    try:
        return msgspec.json.decode((folder / _APPLIED).read_bytes(), type=Position)
    except (FileNotFoundError, msgspec.DecodeError):
        return Position()  # from the start: what is in the graph already is a duplicate


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(folder: Path) -> int:
    """The descriptor of a lock that ends with this process, however that ends."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise InboxUnavailable(
            f"the inbox {folder} belongs to another running `lineage serve`:"
            " stop that one, or name another folder with --inbox"
        ) from error
    return lock


def _unwritable(folder: Path, error: OSError) -> InboxUnavailable:
    return InboxUnavailable(
        f"the inbox {folder} cannot be written ({error.strerror}): free space on its disk,"
        " check its permissions, or name another folder with --inbox"
    )

"""Parquet and Arrow files (IPC file, IPC stream, Feather) as JSON Lines, which every format reads.

Times with a zone become ISO 8601 with Z, those without stay without; nested values become JSON.
Nothing is held in memory but one batch of rows. pyarrow is loaded when such a file is met.
"""

from __future__ import annotations

import datetime as dt
import importlib
import io
import uuid
from collections.abc import Iterator
from types import ModuleType
from typing import IO, TYPE_CHECKING, Protocol

import msgspec

from lineage.errors import UnreadableInput

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PARQUET = b"PAR1"
ARROW_FILE = b"ARROW1"
ARROW_STREAM = b"\xff\xff\xff\xff"
MAGIC = (PARQUET, ARROW_FILE, ARROW_STREAM)

_ROWS = 512  # of a batch; a statement may have 100,000 characters
_AS_THEY_ARE = frozenset({"string", "large_string", "bool", "int32", "int64", "double"})
_PAGE = 1024 * 1024  # bytes that are read of one column at a time


class _Column(Protocol):
    """What is used of a column."""

    type: object

    def to_pylist(self) -> list[object]:
        """Its values."""


class _Batch(Protocol):
    """What is used of a record batch."""

    num_rows: int
    column_names: list[str]
    columns: list[_Column]

    def slice(self, offset: int, length: int) -> _Batch:
        """Some of its rows."""


_Progressing = Iterator[tuple[float, _Batch]]  # how far the file is read then, 0 to 1


class ColumnarLines(io.RawIOBase):
    """The rows of a columnar file as lines of JSON, a line a row, in UTF-8.

    Args:
        file: of random access, except an IPC stream.
        start: its first bytes.

    Raises:
        UnreadableInput: pyarrow is missing. OSError, ValueError: the file is damaged.
    """

    def __init__(self, file: IO[bytes], start: bytes) -> None:
        self.progress = 0.0
        pyarrow()
        self._file = file
        self._batches = _batches(file, start)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fills the buffer with what is next; 0 at the end."""
        while not self._left:
            found = next(self._batches, None)
            if found is None:
                self.progress = 1.0
                return 0
            self.progress, batch = found
            self._left = memoryview(_json_lines(batch))
        place = memoryview(buffer).cast("B")
        count = min(len(place), len(self._left))
        place[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def close(self) -> None:
        """Closes the file, too."""
        self._file.close()
        super().close()


def pyarrow(part: str = "") -> ModuleType:
    """pyarrow, or a part of it.

    Raises:
        UnreadableInput: it is not installed.
    """
    try:
        return importlib.import_module(f"pyarrow{part}")
    except ImportError:
        raise UnreadableInput(
            "readable only with pyarrow: pip install pyarrow, or unpack it and export as CSV"
        ) from None


def _batches(file: IO[bytes], start: bytes) -> _Progressing:
    if start.startswith(PARQUET):
        return _parquet(file)
    return _ipc_file(file) if start.startswith(ARROW_FILE) else _ipc_stream(file)


def _parquet(file: IO[bytes]) -> _Progressing:
    opened = pyarrow(".parquet").ParquetFile(file, buffer_size=_PAGE, pre_buffer=False)
    rows, done = opened.metadata.num_rows, 0
    for batch in opened.iter_batches(batch_size=_ROWS):
        done += batch.num_rows
        yield done / rows, batch


def _ipc_file(file: IO[bytes]) -> _Progressing:
    opened = pyarrow(".ipc").open_file(file)
    for number in range(opened.num_record_batches):
        yield from _sliced((number + 1) / opened.num_record_batches, opened.get_batch(number))


def _ipc_stream(file: IO[bytes]) -> _Progressing:
    for batch in pyarrow(".ipc").open_stream(file):
        yield from _sliced(0.0, batch)


def _sliced(progress: float, batch: _Batch) -> _Progressing:
    for offset in range(0, batch.num_rows, _ROWS):
        yield progress, batch.slice(offset, _ROWS)


def _json_lines(batch: _Batch) -> bytes:
    names = batch.column_names
    rows = zip(*map(_values, batch.columns), strict=True)
    return _ENCODER.encode_lines([dict(zip(names, row, strict=True)) for row in rows])


def _values(column: _Column) -> list[object]:
    values = column.to_pylist()
    return values if str(column.type) in _AS_THEY_ARE else [_plain(one) for one in values]


def _plain(value: object) -> object:
    """The value as JSON has it."""
    if isinstance(value, str | int | None):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        # Arrow has the entries of a map as pairs.
        if value and all(isinstance(one, tuple) and len(one) == 2 for one in value):
            return {str(key): _plain(one) for key, one in value}
        return [_plain(one) for one in value]
    if isinstance(value, dt.datetime):
        return _moment(value)
    return _text(value) if isinstance(value, bytes) else value


def _moment(value: dt.datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat(" ")
    return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat() + "Z"


def _text(value: bytes) -> str:
    """Bytes that some engines write for text; else the identifier or number that they are."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return str(uuid.UUID(bytes=value)) if len(value) == 16 else value.hex()


_ENCODER = msgspec.json.Encoder(enc_hook=str, decimal_format="string")

"""What travels between the stages of a round: rows by column, and what is packed in a row."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from enum import IntEnum
from typing import Protocol, TypeVar, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.files.columnar import pyarrow
from ingest.folding.grouping import KEY, Keys, Numbers
from ingest.folding.ledger import WIDTH
from ingest.folding.portions import One, Variant
from ingest.planning import Planned
from ingest.read_before import Read

# The columns of a row; each kind of row fills some. The types are both Spark's and Arrow's.
COLUMNS: Mapping[str, str] = {
    "kind": "int", "route": "int", "file": "int", "place": "long", "line": "long", "key": "binary",
    "start": "long", "session": "binary", "variant": "binary", "fate": "int", "joins": "int",
    "reason": "string", "count": "long", "weight": "long", "user": "long", "body": "binary",
}  # fmt: skip
ROUTES = 256  # rows of one route meet
_ARROW = {"int": "int32", "long": "int64", "binary": "binary", "string": "string"}
_Body = TypeVar("_Body")


class Kind(IntEnum):
    """What a row is."""

    STATEMENT = 0
    OTHER = 1  # a record that is not counted before somebody has looked at it; body: `One`
    VARIANT = 2  # body: `Variant`
    FILE = 3  # body: `FileTold`
    HELD = 4  # what the store holds of some keys; body: `HeldKeys`
    COUNT = 5  # when statements of a variant were, and how many; body: pairs of numbers
    WANTED = 6  # a variant that somebody must look at
    FOUND = 7  # body: `Found`


class Batch(Protocol):
    """What is used of a `pyarrow.RecordBatch`."""

    @property
    def num_rows(self) -> int:
        """How many rows it has."""

    def column(self, name: str) -> Column:
        """The values of a column."""

    def filter(self, mask: object) -> Batch:
        """The rows that a mask names."""

    def take(self, places: object) -> Batch:
        """The rows at these places."""


class Column(Protocol):
    """What is used of a `pyarrow.Array`."""

    offset: int

    def __len__(self) -> int: ...

    def cast(self, type_: object) -> Column:
        """The same values as another type."""

    def buffers(self) -> list[bytes]:
        """Where its values are."""

    def to_pylist(self) -> list[object]:
        """Its values as objects."""

    def to_numpy(self, *, zero_copy_only: bool) -> NDArray[np.int64]:
        """Its values as numbers."""


class Plan(msgspec.Struct, frozen=True):
    """What whoever reads a file must know of it and of the import.

    files: their paths are absolute; sizes: of each, in bytes. low: by namespace, the time before
    which records are refused; latest: after which they lie in the future (both microseconds since
    1970-01-01 UTC). known: the files that were read before, by digest.
    version: of this program.
    """

    files: tuple[Planned, ...]
    columns: tuple[Mapping[str, str], ...]
    sizes: tuple[int, ...]
    latest: int
    low: Mapping[str, int]
    known: Mapping[str, bytes]
    version: str


class FileTold(msgspec.Struct, frozen=True):
    """What there is to say of a file beside its records.

    digest: of all that decides what it tells. problem: why it could not be read; then nothing else
    holds. before: what it told when it was read before; then nothing of it was read. newest: the
    latest start. ignored: how many records, by reason, of the `read` ones; they are no rows.
    days: UTC days of its statements. moved: sessions in which one changes what later ones mean.
    joins: whether other records may tell more of any statement.
    """

    file: int
    problem: str = ""
    digest: str = ""
    before: Read | None = None
    read: int = 0
    newest: int = -1
    ignored: dict[str, int] = {}
    days: tuple[int, ...] = ()
    moved: tuple[bytes, ...] = ()
    joins: bool = False
    notices: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()


class Terms(msgspec.Struct, frozen=True):
    """What whoever counts statements must know of the import.

    namespaces: of each file, by place. moved: sessions in which a statement changes what later ones
    mean. doubtful: packed keys of statements that something else is told of.
    """

    namespaces: tuple[str, ...]
    moved: tuple[bytes, ...]
    doubtful: bytes


class HeldKeys(msgspec.Struct, frozen=True):
    """What the store holds, in columns: keys of the ledger or, when there are starts, rows."""

    keys: bytes
    days: bytes
    starts: bytes = b""
    weights: bytes = b""
    users: bytes = b""
    void: bytes = b""


class NewKeys(msgspec.Struct, frozen=True):
    """Keys of a day that are new; their columns too, where other records may tell more.

    kinds: which of `variants` each is of; an empty one is void.
    """

    namespace: str
    day: int
    keys: bytes
    starts: bytes = b""
    weights: bytes = b""
    kinds: bytes = b""
    variants: tuple[bytes, ...] = ()


class Alone(msgspec.Struct, frozen=True):
    """A record that somebody must look at: a statement of a variant, or `other`, pickled."""

    file: int
    place: int
    line: int = 0
    start: int = 0
    weight: int = 0
    key: bytes = b""
    session: bytes = b""
    variant: bytes = b""
    other: bytes = b""


class Outcomes(msgspec.Struct):
    """How many records of a file were counted, and as what."""

    imported: int = 0
    duplicate: int = 0
    ignored: dict[str, int] = {}


class VariantCount(msgspec.Struct, frozen=True):
    """A variant, pickled, and its statements that count; file, place, line: of the first one.

    Without a file it was only asked for.
    """

    id: bytes
    body: bytes
    file: int = -1
    place: int = 0
    line: int = 0
    days: dict[int, int] = {}
    quarters: dict[int, int] = {}
    start: int = -1
    key: bytes = b""


class Found(msgspec.Struct, frozen=True):
    """A part of what a round found."""

    outcomes: dict[int, Outcomes] = {}  # by file
    keys: list[NewKeys] = []
    alone: list[Alone] = []
    counts: list[VariantCount] = []


def batch(**columns: object) -> Batch:
    """Rows with these columns: arrays, lists, or one value for all; the other columns are null."""
    arrow = pyarrow()
    count = max(len(values) for values in columns.values() if isinstance(values, Sized))
    arrays = [
        _array(columns.get(name), getattr(arrow, _ARROW[type_])(), count)
        for name, type_ in COLUMNS.items()
    ]
    return cast("Batch", arrow.RecordBatch.from_arrays(arrays, names=list(COLUMNS)))


def _array(values: object, type_: object, count: int) -> object:
    arrow = pyarrow()
    if values is None:
        return arrow.nulls(count, type_)
    if isinstance(values, int):
        return arrow.repeat(arrow.scalar(values, type_), count)
    if isinstance(values, np.ndarray) and values.dtype.kind == "S":
        width = values.dtype.itemsize
        buffer = arrow.py_buffer(np.ascontiguousarray(values))
        fixed = arrow.FixedSizeBinaryArray.from_buffers(arrow.binary(width), count, [None, buffer])
        return fixed.cast(type_)
    if isinstance(values, np.ndarray | list):
        return arrow.array(values, type_)
    return values


def slices(packed: bytes, ends: Numbers) -> object:
    """An Arrow array of parts of these bytes, from each of `ends` to the next."""
    arrow = pyarrow()
    offsets = arrow.py_buffer(ends.astype(np.int32))
    return arrow.BinaryArray.from_buffers(
        arrow.binary(), len(ends) - 1, [None, offsets, arrow.py_buffer(packed)]
    )


def taken(values: Sequence[bytes] | Sequence[str], places: Numbers, type_: str) -> object:
    """An Arrow array of the values at these places."""
    arrow = pyarrow()
    return arrow.array(values, getattr(arrow, type_)()).take(arrow.array(places))


def together(rows: Iterable[Batch]) -> Batch:
    """All of the rows; there must be a batch, be it empty."""
    table = pyarrow().Table.from_batches(list(rows)).combine_chunks()
    parts = table.to_batches()
    return cast("Batch", parts[0]) if parts else batch(kind=[])


def of_kinds(rows: Iterable[Batch], *kinds: Kind) -> list[Batch]:
    """The rows of these kinds, batch by batch."""
    mask = pyarrow().array
    return [some.filter(mask(np.isin(numbers(some, "kind"), kinds))) for some in rows]


def matches(rows: Batch, name: str, values: Sequence[bytes]) -> NDArray[np.bool_]:
    """Which rows have one of the values in a column."""
    arrow = pyarrow()
    wanted = arrow.array(values, arrow.binary())
    found = pyarrow(".compute").is_in(rows.column(name), value_set=wanted)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)


def numbers(rows: Batch, name: str) -> Numbers:
    """A column of numbers."""
    return rows.column(name).to_numpy(zero_copy_only=False).astype(np.int64)


def keys(rows: Batch, name: str) -> Keys:
    """A column of 16 bytes each."""
    fixed = rows.column(name).cast(pyarrow().binary(WIDTH))
    if not len(fixed):
        return np.array([], KEY)
    return np.frombuffer(fixed.buffers()[1], KEY)[fixed.offset : fixed.offset + len(fixed)]


def bytes_of(rows: Batch, name: str) -> list[bytes]:
    """A column of bytes, as objects."""
    return cast("list[bytes]", rows.column(name).to_pylist())


def bodies(rows: Iterable[Batch], kind: Kind, type_: type[_Body]) -> Iterator[_Body]:
    """What is packed in the rows of a kind."""
    for some in of_kinds(rows, kind):
        for body in bytes_of(some, "body"):
            yield msgspec.msgpack.decode(body, type=type_)


def pickled(what: One | Variant) -> bytes:
    """A record in bytes, whatever its text has: half of a character is no UTF-8."""
    return pickle.dumps(what, pickle.HIGHEST_PROTOCOL)


def one_of(body: bytes) -> One:
    """The record that `pickled` made bytes of, in a process of the same import."""
    return cast("One", pickle.loads(body))  # noqa: S301 - see above


def variant_of(body: bytes) -> Variant:
    """The variant that `pickled` made bytes of, in a process of the same import."""
    return cast("Variant", pickle.loads(body))  # noqa: S301 - see above

"""Rows (`rows.py`) by column: so many at a time that an object a statement would be too much."""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.folding.grouping import KEY, Flags, Keys, Numbers, ordered
from ingest.folding.rows import PackedRows, Row, flags_of

_FIELDS = 6  # count, text, user, issuer, stated, flags
_VOID = 1
_EMPTY = PackedRows(b"", b"", b"", b"", (), (), (), ())


class NewRows(NamedTuple):
    """Rows of statements that were not there; kind: the place of what they share in `kinds`."""

    key: Keys
    start: Numbers
    weight: Numbers
    kind: Numbers
    kinds: Sequence[Row]


class HeldRows(NamedTuple):
    """What decides whether a record tells more than a row; user: its place in `users`."""

    key: Keys
    start: Numbers
    weight: Numbers
    void: Flags
    user: Numbers
    users: tuple[str, ...]


def held_rows(body: bytes) -> HeldRows:
    """The rows of a document."""
    found = _decoded(body)
    numbers, kind = _table(found)
    return HeldRows(
        np.frombuffer(found.keys, KEY),
        np.frombuffer(found.starts, np.int64),
        np.frombuffer(found.weights, np.int64),
        (numbers[:, 5] & _VOID == _VOID)[kind],
        numbers[kind, 2],
        found.users,
    )


def with_rows(body: bytes, added: Sequence[NewRows]) -> bytes:
    """The document with these rows, too: the bytes that `packed` makes of all of them."""
    found = _decoded(body)
    shared: list[list[Hashable]] = [
        list(column) for column in (found.texts, found.users, found.issuers, found.stated)
    ]
    keys = np.concatenate([np.frombuffer(found.keys, KEY), *(one.key for one in added)])
    order = ordered(keys)
    numbers, kind = _table(found)
    kinds: dict[tuple[int, ...], int] = {}
    parts = [_places(kinds, numbers.tolist())[kind]]
    parts += (_places(kinds, _numbers(one, shared))[one.kind] for one in added)
    starts = [np.frombuffer(found.starts, np.int64), *(one.start for one in added)]
    weights = [np.frombuffer(found.weights, np.int64), *(one.weight for one in added)]
    used, kind = _renumbered(np.concatenate(parts)[order])
    table = np.array(list(kinds), np.int64).reshape(-1, _FIELDS)[used]
    tables = []
    for column, values in enumerate(shared, start=1):
        mine, table[:, column] = _renumbered(table[:, column])
        tables.append(tuple(values[place] for place in mine.tolist()))
    now = np.empty_like(order)
    now[order] = np.arange(len(order))
    columns = (
        keys[order].tobytes(),
        np.concatenate(starts)[order].tobytes(),
        table.tobytes(),
        np.concatenate(weights)[order].tobytes(),
        *tables,
        dict(sorted((int(now[place]), runs) for place, runs in found.runs.items())),
        kind.astype(np.int32).tobytes(),
    )
    return zlib.compress(msgspec.msgpack.encode(columns), 1)  # as `PackedRows`, an array


def _decoded(body: bytes) -> PackedRows:
    return msgspec.msgpack.decode(zlib.decompress(body), type=PackedRows) if body else _EMPTY


def _table(found: PackedRows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of each kind of row, and the kind of each row."""
    numbers = np.frombuffer(found.numbers, np.int64).reshape(-1, _FIELDS)
    if not found.kinds:  # each is a kind of its own
        return numbers, np.arange(len(numbers))
    return numbers, np.frombuffer(found.kinds, np.int32).astype(np.int64)


def _numbers(one: NewRows, shared: Sequence[list[Hashable]]) -> Iterable[Sequence[int]]:
    """The numbers of kinds of new rows; what they share is added to what the others share."""
    fields = zip(*((row.text, row.user, row.issuer, row.stated) for row in one.kinds), strict=True)
    places = []
    for known, values in zip(shared, fields, strict=True):
        at = {value: place for place, value in enumerate(known)}
        places.append([at.setdefault(value, len(at)) for value in values])
        known[:] = at
    counts, flags = [row.count for row in one.kinds], [flags_of(row) for row in one.kinds]
    return zip(counts, *places, flags, strict=True)


def _places(known: dict[tuple[int, ...], int], values: Iterable[Sequence[int]]) -> Numbers:
    """The place of each value among the known ones, where it is added."""
    return np.array([known.setdefault(tuple(value), len(known)) for value in values], np.int64)


def _renumbered(values: Numbers) -> tuple[Numbers, Numbers]:
    """The different values by where they are first met, and each value's place among those."""
    used, first, which = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return used[order], place[which]

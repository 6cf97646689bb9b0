"""Rows (`rows.py`) by column: so many at a time that an object a statement would be too much."""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.folding.grouping import KEY, Flags, Keys, Numbers
from ingest.folding.rows import PackedRows, Row, flags_of

_FIELDS = 6  # count, text, user, issuer, stated, flags
_VOID = 1
_EMPTY = PackedRows(b"", b"", b"", b"", (), (), (), ())
_Value = TypeVar("_Value", bound=Hashable)


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
    numbers = _numbers(found)
    return HeldRows(
        np.frombuffer(found.keys, KEY),
        np.frombuffer(found.starts, np.int64),
        np.frombuffer(found.weights, np.int64),
        numbers[:, 5] & _VOID == _VOID,
        numbers[:, 2],
        found.users,
    )


def with_rows(body: bytes, added: Sequence[NewRows]) -> bytes:
    """The document with these rows, too: the bytes that `packed` makes of all of them."""
    found = _decoded(body)
    shared: list[list[Hashable]] = [
        list(column) for column in (found.texts, found.users, found.issuers, found.stated)
    ]
    keys = np.concatenate([np.frombuffer(found.keys, KEY), *(one.key for one in added)])
    order = np.argsort(keys)
    numbers = np.concatenate([_numbers(found), *(_placed(one, shared) for one in added)])[order]
    starts = [np.frombuffer(found.starts, np.int64), *(one.start for one in added)]
    weights = [np.frombuffer(found.weights, np.int64), *(one.weight for one in added)]
    tables = [_renumber(numbers, place, values) for place, values in enumerate(shared, start=1)]
    now = np.empty_like(order)
    now[order] = np.arange(len(order))
    columns = (
        keys[order].tobytes(),
        np.concatenate(starts)[order].tobytes(),
        numbers.tobytes(),
        np.concatenate(weights)[order].tobytes(),
        *tables,
        dict(sorted((int(now[place]), runs) for place, runs in found.runs.items())),
    )
    return zlib.compress(msgspec.msgpack.encode(columns), 1)  # as `PackedRows`, an array


def _decoded(body: bytes) -> PackedRows:
    return msgspec.msgpack.decode(zlib.decompress(body), type=PackedRows) if body else _EMPTY


def _numbers(found: PackedRows) -> NDArray[np.int64]:
    return np.frombuffer(found.numbers, np.int64).reshape(-1, _FIELDS)


def _placed(one: NewRows, shared: Sequence[list[Hashable]]) -> NDArray[np.int64]:
    """The numbers of new rows; what they share is added to what the others share."""
    fields = zip(*((row.text, row.user, row.issuer, row.stated) for row in one.kinds), strict=True)
    places = [_places(known, values) for known, values in zip(shared, fields, strict=True)]
    counts = [row.count for row in one.kinds]
    table = np.array([counts, *places, [flags_of(row) for row in one.kinds]], np.int64).T
    return table[one.kind]


def _places(known: list[Hashable], values: Iterable[Hashable]) -> list[int]:
    at = {value: place for place, value in enumerate(known)}
    found = [at.setdefault(value, len(at)) for value in values]
    known[:] = at
    return found


def _renumber(
    numbers: NDArray[np.int64], column: int, values: Sequence[_Value]
) -> tuple[_Value, ...]:
    """The values of a column that are still used, by where they are first met."""
    used, first, which = np.unique(numbers[:, column], return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    numbers[:, column] = place[which]
    return tuple(values[int(one)] for one in used[order])

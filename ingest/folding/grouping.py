"""Columns of numbers and keys, grouped: what equal values have in common."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ingest.folding.ledger import WIDTH

KEY = f"S{WIDTH}"
Keys = NDArray[np.bytes_]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_HALF = 8  # bytes, of a key


def numbered(keys: Keys) -> Numbers:
    """A number for each key, from 0; equal keys have the same."""
    halves = np.ascontiguousarray(keys).view(np.uint64).reshape(-1, WIDTH // _HALF)
    front, back = np.ascontiguousarray(halves.T)
    order = np.argsort(front)  # by one number is quick; two keys hardly ever share half of a key
    differs = front[order[1:]] != front[order[:-1]]
    if (back[order[1:]] != back[order[:-1]])[~differs].any():
        order = np.lexsort((back, front))
        differs = (halves[order[1:]] != halves[order[:-1]]).any(axis=1)
    found = np.zeros(len(keys), np.int64)
    found[order[1:]] = np.cumsum(differs)
    return found


def ordered(keys: Keys) -> Numbers:
    """The places of the keys in their order as bytes."""
    front = np.ascontiguousarray(keys).view(">u8")[:: WIDTH // _HALF].astype(np.uint64)
    order = np.argsort(front)
    if (front[order[1:]] == front[order[:-1]]).any():
        return np.argsort(keys)
    return order


def groups_of(values: Numbers) -> Iterator[Numbers]:
    """The places of each value, in order of the values."""
    order = np.argsort(values, kind="stable")
    ends = np.flatnonzero(np.diff(values[order])) + 1
    yield from (one for one in np.split(order, ends) if len(one))


def first_in(group: Numbers, size: int) -> Numbers:
    """Where each group, from 0, is first met; -1 where it is nowhere."""
    found = np.full(size, -1, np.int64)
    found[group[::-1]] = np.arange(len(group) - 1, -1, -1)
    return found


def last_in(group: Numbers, major: Numbers, minor: Keys | Numbers, size: int) -> Numbers:
    """Where each group, from 0, is greatest; -1 where it is nowhere."""
    found = np.full(size, -1, np.int64)
    order = np.argsort(major)
    found[group[order]] = order
    # Few of a group are as great as its greatest: only those need be told apart by the rest.
    ties = np.flatnonzero((major == major[found[group]]) & (found[group] != np.arange(len(group))))
    if len(ties):
        some = np.concatenate((ties, np.unique(found[group[ties]])))
        order = np.lexsort((minor[some], group[some]))
        found[group[some][order]] = some[order]
    return found


def summed(group: Numbers, when: Numbers, count: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Group, when and how many, each pair once, in order; when: from 0 to 2**32."""
    pair, which = np.unique(group << 32 | when, return_inverse=True)
    total = np.zeros(len(pair), np.int64)
    np.add.at(total, which, count)
    return pair >> 32, pair & 0xFFFFFFFF, total


def dicts(size: int, sums: tuple[Numbers, Numbers, Numbers]) -> list[dict[int, int]]:
    """For each group, from 0, how many there were when."""
    group, when, count = (column.tolist() for column in sums)
    found: list[dict[int, int]] = [{} for _ in range(size)]
    for at, moment, many in zip(group, when, count, strict=True):
        found[at][moment] = many
    return found

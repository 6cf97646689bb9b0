"""What becomes of many statements, told from columns of keys and times: nothing here is an object.

The statements of one key must all be there; which others are with them does not matter. So they can
be judged in any number of parts, by any number of processes.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.folding.cells import DAY
from ingest.folding.fates import Fate
from ingest.folding.grouping import Flags, Keys, Numbers, first_in, numbered


class Verdict(IntEnum):
    """ALONE: it must be counted by itself, by whoever knows all sessions and the whole store."""

    IMPORTED = 0
    DUPLICATE = 1
    IGNORED = 2
    ALONE = 3


class Told(NamedTuple):
    """Statements by column, in the order in which they were read.

    fate: a `Fate`. joins: other records may tell of it. user, variant: equal for what is the same.
    alone: it hangs on its session.
    """

    key: Keys
    start: Numbers
    fate: Numbers
    joins: Flags
    variant: NDArray[np.generic]
    weight: Numbers
    user: Numbers
    alone: Flags


class Held(NamedTuple):
    """What a store holds of statements: an entry of its ledger or, where `is_row`, a row."""

    key: Keys
    day: Numbers
    is_row: Flags
    start: Numbers
    weight: Numbers
    user: Numbers
    void: Flags


def verdicts(told: Told, held: Held, doubtful: Keys) -> tuple[Numbers, Flags]:
    """The verdict on each statement, and whether it is new to the ledger.

    doubtful: keys that something else is told of, too.
    """
    count, more = len(told.key), len(held.key)
    group = numbered(np.concatenate((told.key, held.key, doubtful)))
    mine, theirs, others = group[:count], group[count : count + more], group[count + more :]
    size = int(group.max(initial=-1)) + 1
    begin = first_in(mine, size)[mine]
    day = told.start // DAY
    alone = np.zeros(size, np.bool_)
    alone[others] = True
    alone[mine[told.alone | (told.fate == Fate.ALONE) | (told.variant != told.variant[begin])]] = (
        True
    )
    differs = (told.start != told.start[begin]) | (told.weight != told.weight[begin])
    alone[mine[told.joins & differs]] = True
    known = _known_rows(told, held, mine, theirs, size)
    if more:
        there = np.zeros(size, np.bool_)
        there[theirs] = True
        alone[mine[told.joins & ~known & there[mine]]] = True
        known |= ~told.joins & np.isin(_pair(mine, day), _pair(theirs, held.day)[~held.is_row])
    again = known | ~_is_first(_pair(mine, day))
    found = np.where(again, Verdict.DUPLICATE, Verdict.IMPORTED)
    passed = (told.fate == Fate.PASSED) & ~known
    found[passed | (told.fate == Fate.VOID)] = Verdict.IGNORED
    found[alone[mine]] = Verdict.ALONE
    return found, ~again & ~alone[mine] & (told.fate != Fate.PASSED)


def _known_rows(told: Told, held: Held, mine: Numbers, theirs: Numbers, size: int) -> Flags:
    """Which statements that others tell of have a row, and tell nothing that it does not."""
    rows = np.flatnonzero(held.is_row)
    if not len(rows):
        return np.zeros(len(mine), np.bool_)
    number = np.bincount(theirs[rows], minlength=size)
    place = np.zeros(size, np.int64)
    place[theirs[rows]] = rows
    row = place[mine]
    near = np.abs(told.start // DAY - held.day[row]) <= 1
    same = (held.weight[row] == told.weight) & (held.user[row] == told.user) & ~held.void[row]
    void = held.void[row] & (held.start[row] == told.start)
    fits = ((told.fate == Fate.COUNTED) & same) | ((told.fate == Fate.VOID) & void)
    found: Flags = told.joins & (number[mine] == 1) & (held.start[row] >= 0) & near & fits
    return found


def _pair(group: Numbers, day: Numbers) -> Numbers:
    return (group << 24) + day


def _is_first(values: Numbers) -> Flags:
    """Whether no earlier value is the same."""
    found = np.zeros(len(values), np.bool_)
    found[np.unique(values, return_index=True)[1]] = True
    return found

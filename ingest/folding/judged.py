"""What became of many statements, and what must be kept of them: all from columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.folding.cells import DAY, QUARTER
from ingest.folding.fates import Fate, Sort, number_of
from ingest.folding.grouping import (
    KEY,
    Flags,
    Keys,
    Numbers,
    dicts,
    first_in,
    groups_of,
    last_in,
    summed,
)
from ingest.folding.joined import Joined, Place
from ingest.folding.ledger import WIDTH, Ledger
from ingest.folding.portions import One
from ingest.folding.row_columns import HeldRows, NewRows, held_rows
from ingest.folding.rows import Row
from ingest.folding.tally import Tally, at_line, single
from ingest.folding.verdicts import Held, Told, Verdict, verdicts

_QUARTERS = DAY // QUARTER
_VOID = Row(-1, void=True)
_Small = NDArray[np.int32]


class Statements(NamedTuple):
    """Statements by column, those of a file in their order.

    file: a number. place: in the file. sort, session: the place of what they share, and of the
    session's name, in lists.
    """

    file: _Small
    place: _Small
    sort: _Small
    key: Keys
    start: Numbers
    session: _Small
    line: _Small
    length: _Small


def together(parts: Sequence[Statements]) -> Statements:
    """All of the statements."""
    nothing = np.array([], np.int32)
    none = Statements(nothing, nothing, nothing, np.array([], KEY), nothing.astype(np.int64),
                      nothing, nothing, nothing)  # fmt: skip
    return Statements._make(map(np.concatenate, zip(none, *parts, strict=True)))


class Judged:
    """The verdict on statements.

    sorts, sessions: what the statements refer to; is_moved: of each session, whether a statement
    changed what its later ones mean. doubtful: packed keys that something else is told of.
    """

    def __init__(
        self,
        every: Statements,
        sorts: Sequence[Sort],
        sessions: Sequence[str],
        is_moved: Flags,
        held: Held,
        doubtful: bytes,
    ) -> None:
        self._every, self._sorts, self._sessions = every, sorts, sessions
        fate, weight, user, self._counts = (
            np.array([getattr(one, name) for one in sorts], np.int64)
            for name in ("fate", "weight", "user", "count")
        )
        joins = np.array([one.joins for one in sorts], np.bool_)
        sort = every.sort
        moves = fate[sort] == Fate.ALONE
        for session in np.unique(every.session[moves]).tolist():
            is_moved[session] = sessions[session] != ""
        self._fate, self._joins = fate[sort], joins[sort]
        self._weight = weight[sort] + every.length
        told = Told(
            every.key, every.start, self._fate, self._joins, sort, self._weight, user[sort],
            is_moved[every.session],
        )  # fmt: skip
        self._verdict, self._new = verdicts(told, held, np.frombuffer(doubtful, KEY))

    def outcome(self, file: int) -> tuple[int, int, dict[str, int]]:
        """How many statements of a file are imported, duplicates, and ignored by reason."""
        mine = self._every.file == file
        number = np.bincount(self._verdict[mine], minlength=len(Verdict)).tolist()
        ignored: dict[str, int] = {}
        sorts = self._every.sort[mine & (self._verdict == Verdict.IGNORED)]
        for sort, count in zip(*np.unique(sorts, return_counts=True), strict=True):
            reason = self._sorts[sort].reason
            ignored[reason] = ignored.get(reason, 0) + int(count)
        return number[Verdict.IMPORTED], number[Verdict.DUPLICATE], ignored

    def singles(self) -> dict[int, list[tuple[int, One]]]:
        """By file the statements that must be looked at by themselves, each with its place."""
        found: dict[int, list[tuple[int, One]]] = defaultdict(list)
        which = np.flatnonzero(self._verdict == Verdict.ALONE)
        some = Statements._make(column[which] for column in self._every)
        keys = some.key.tobytes()
        rest = (column.tolist() for column in (*some[:3], *some[4:]))
        for at, (file, place, sort, start, session, line, length) in enumerate(
            zip(*rest, strict=True)
        ):
            key, variant = keys[at * WIDTH : (at + 1) * WIDTH], self._sorts[sort].variant
            one = single(variant, key, start, self._sessions[session], line, length)
            found[file].append((place, one))
        return found

    def tallies(self) -> dict[int, list[tuple[int, int, Tally]]]:
        """By the file where a variant is first met: its place there, its sort, and what counts.

        Those of a file are in order of their places.
        """
        every, found = self._every, defaultdict[int, list[tuple[int, int, Tally]]](list)
        is_counted = (self._verdict != Verdict.ALONE) & (self._fate == Fate.COUNTED)
        counted = np.flatnonzero(is_counted)
        sorts, group = np.unique(every.sort[counted], return_inverse=True)
        size = len(sorts)
        begin = counted[first_in(group, size)]
        some = self._verdict[counted] == Verdict.IMPORTED
        counted, group = counted[some], group[some]
        start, key = every.start[counted], every.key[counted]
        last = last_in(group, start, key, size)
        count = self._counts[every.sort[counted]]
        quarter = start // QUARTER
        days = dicts(size, summed(group, quarter // _QUARTERS, count))
        quarters = dicts(size, summed(group, quarter % _QUARTERS, count))
        first = (column[begin].tolist() for column in (*every[:3], every.line))
        for at, (file, place, sort, line) in enumerate(zip(*first, strict=True)):
            end = last[at]
            tally = Tally(
                at_line(self._sorts[sort].variant, line), days[at], quarters[at],
                int(start[end]) if end >= 0 else -1,
                bytes(key[end]).ljust(WIDTH, b"\0") if end >= 0 else b"",
            )  # fmt: skip
            found[file].append((place, sort, tally))
        for mine in found.values():
            mine.sort(key=itemgetter(0))
        return found

    def new(
        self, namespaces: Mapping[int, str], rows: Mapping[int, Row | None]
    ) -> Iterator[tuple[Place, NewRows]]:
        """What is new to the ledger, by source and day; without kinds where it has no rows.

        namespaces: of the files. rows: by sort.
        """
        every, which = self._every, np.flatnonzero(self._new)
        names = list(dict.fromkeys(namespaces.values()))
        of_file = np.zeros(max(namespaces) + 1, np.int64)
        of_file[list(namespaces)] = [names.index(name) for name in namespaces.values()]
        group = (of_file[every.file] * 2 + self._joins)[which] << 24 | every.start[which] // DAY
        for at in groups_of(group):
            mine, first = which[at], which[at[0]]
            place = names[of_file[every.file[first]]], int(every.start[first] // DAY)
            void = self._fate[mine] == Fate.VOID
            sorts, kind = np.unique(np.where(void, -1, every.sort[mine]), return_inverse=True)
            kinds: list[Row] = []
            if self._joins[first]:
                kinds += (_VOID if sort < 0 else rows[sort] or _VOID for sort in sorts.tolist())
            weight = np.where(void, 0, self._weight[mine])
            yield place, NewRows(every.key[mine], every.start[mine], weight, kind, kinds)


def held_of(ledger: Ledger, joined: Joined, days: Mapping[str, tuple[set[int], bool]]) -> Held:
    """What the store has of days; first the ledger, whose versions count.

    days: by namespace, and whether other records may tell more of any statement.
    """
    found = [_keys(0, b"")]
    for namespace, (met, joins) in days.items():
        ledger.read(namespace, met)
        found += (_keys(day, ledger.keys(namespace, day)) for day in sorted(met))
        for day in sorted({day + by for day in met for by in (-1, 0, 1)}) if joins else ():
            if body := joined.stored((namespace, day)):
                found.append(_rows(day, held_rows(body)))
    return Held(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _keys(day: int, packed: bytes) -> Held:
    key = np.frombuffer(packed, KEY)
    none = np.zeros(len(key), np.int64)
    no = np.zeros(len(key), np.bool_)
    return Held(key, np.full(len(key), day), no, none, none, none, no)


def _rows(day: int, rows: HeldRows) -> Held:
    user = np.array([number_of(name) for name in rows.users], np.int64)[rows.user]
    size = len(rows.key)
    return Held(rows.key, np.full(size, day), np.ones(size, np.bool_), rows.start, rows.weight,
                user, rows.void)  # fmt: skip

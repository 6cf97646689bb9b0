"""The second and the third stage of a round: rows of one key, and then of one variant, meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec
import numpy as np

from ingest.engines.batches import (
    Alone,
    Batch,
    Found,
    HeldKeys,
    Kind,
    NewKeys,
    Outcomes,
    Terms,
    VariantCount,
    batch,
    bodies,
    bytes_of,
    keys,
    matches,
    numbers,
    of_kinds,
    slices,
    together,
)
from ingest.folding.cells import DAY, QUARTER
from ingest.folding.fates import Fate
from ingest.folding.grouping import KEY, Numbers, dicts, groups_of, last_in, summed
from ingest.folding.ledger import WIDTH
from ingest.folding.portions import NO_KEY
from ingest.folding.verdicts import Held, Told, Verdict, verdicts

_QUARTERS = DAY // QUARTER
_PAIR = 16  # bytes of a quarter of an hour, since 1970, and a count
_SOME = 20_000  # records that go on as one row
_Item = TypeVar("_Item")


def count(terms: Terms, rows: Iterable[Batch]) -> Iterator[Batch]:
    """What counts, as rows for `merge`, of statements whose keys are nowhere else.

    rows: of the kinds STATEMENT, OTHER and HELD.
    """
    every = list(rows)
    if not every:
        return
    held = _held(list(bodies(every, Kind.HELD, HeldKeys)))
    others = together(of_kinds(every, Kind.OTHER))
    yield from _found_rows(alone=_others(others))
    told = _Statements(terms, together(of_kinds(every, Kind.STATEMENT)))
    doubtful = np.concatenate((np.frombuffer(terms.doubtful, KEY), keys(others, "key")))
    verdict, new = verdicts(told.told, held, doubtful)
    yield from _found_rows(alone=told.alone(np.flatnonzero(verdict == Verdict.ALONE)))
    wanted = np.unique(told.told.variant[verdict == Verdict.ALONE])
    if len(wanted):
        yield batch(kind=Kind.WANTED, route=_routes(wanted), variant=wanted)
    yield _found_row(Found(told.outcomes(verdict), told.new_keys(np.flatnonzero(new))))
    counted = np.flatnonzero((verdict != Verdict.ALONE) & (told.told.fate == Fate.COUNTED))
    if len(counted):
        yield told.counts(counted, verdict == Verdict.IMPORTED)


def merge(rows: Iterable[Batch]) -> Iterator[Batch]:
    """What was found, as rows of the kind FOUND.

    rows: of `count`, and of the kind VARIANT; all that are of one variant.
    """
    every: list[Batch] = []
    texts: dict[bytes, bytes] = {}
    for some in rows:
        (variants,) = of_kinds([some], Kind.VARIANT)
        texts |= zip(bytes_of(variants, "variant"), bytes_of(variants, "body"), strict=True)
        (found,) = of_kinds([some], Kind.FOUND)
        if found.num_rows:
            yield found
        every += of_kinds([some], Kind.COUNT, Kind.WANTED)
    if every:
        yield from _found_rows(counts=_merged(together(every), texts))


class _Statements:
    """Rows of the kind STATEMENT in the order in which they were read."""

    def __init__(self, terms: Terms, rows: Batch) -> None:
        file, place = numbers(rows, "file"), numbers(rows, "place")
        order = np.lexsort((place, file))
        self._terms = terms
        self._rows = rows.take(order)
        self._file, self._place = file[order], place[order]
        self._count, self._line = (numbers(self._rows, name) for name in ("count", "line"))
        start, fate, joins, weight, user = (
            numbers(self._rows, name) for name in ("start", "fate", "joins", "weight", "user")
        )
        moved = matches(self._rows, "session", terms.moved)
        key, variant = keys(self._rows, "key"), keys(self._rows, "variant")
        self.told = Told(key, start, fate, joins == 1, variant, weight, user, moved)

    def alone(self, which: Numbers) -> Iterator[Alone]:
        """The statements at these places, for who can look at them."""
        rows, told = self._rows.take(which), self.told
        for place, (key, session, variant) in enumerate(
            zip(*(bytes_of(rows, name) for name in ("key", "session", "variant")), strict=True)
        ):
            at = which[place]
            yield Alone(
                int(self._file[at]), int(self._place[at]), int(self._line[at]),
                int(told.start[at]), int(told.weight[at]), key, session, variant,
            )  # fmt: skip

    def outcomes(self, verdict: Numbers) -> dict[int, Outcomes]:
        """How many records of each file were counted, and as what."""
        found: dict[int, Outcomes] = {}
        reasons = self._rows.column("reason").to_pylist()
        for file in np.unique(self._file).tolist():
            mine = self._file == file
            number = np.bincount(verdict[mine], minlength=len(Verdict)).tolist()
            ignored: dict[str, int] = {}
            for at in np.flatnonzero(mine & (verdict == Verdict.IGNORED)).tolist():
                reason = str(reasons[at])
                ignored[reason] = ignored.get(reason, 0) + 1
            found[file] = Outcomes(number[Verdict.IMPORTED], number[Verdict.DUPLICATE], ignored)
        return found

    def new_keys(self, which: Numbers) -> list[NewKeys]:
        """The keys at these places, a list for each namespace and day."""
        told = self.told
        names = sorted(set(self._terms.namespaces))
        of_file = np.array([names.index(name) for name in self._terms.namespaces], np.int64)
        group = (of_file[self._file] * 2 + told.joins)[which] << 24 | told.start[which] // DAY
        found = []
        for at in groups_of(group):
            mine, first = which[at], which[at[0]]
            name, day = self._terms.namespaces[self._file[first]], int(told.start[first] // DAY)
            if told.joins[first]:
                found.append(self._new_rows(name, day, mine))
            else:
                found.append(NewKeys(name, day, told.key[mine].tobytes()))
        return found

    def _new_rows(self, namespace: str, day: int, mine: Numbers) -> NewKeys:
        told = self.told
        void = told.fate[mine] == Fate.VOID
        kinds, kind = np.unique(np.where(void, b"", told.variant[mine]), return_inverse=True)
        return NewKeys(
            namespace, day, told.key[mine].tobytes(), told.start[mine].tobytes(),
            np.where(void, 0, told.weight[mine]).tobytes(), kind.astype(np.int64).tobytes(),
            tuple(_padded(kinds)),
        )  # fmt: skip

    def counts(self, which: Numbers, imported: Numbers) -> Batch:
        """A row for each variant met at these places, and what is imported of it."""
        told = self.told
        variants, first, group = np.unique(
            told.variant[which], return_index=True, return_inverse=True
        )
        first, some = which[first], imported[which]
        group, which = group[some], which[some]
        last = last_in(group, told.start[which], told.key[which], len(variants))
        start = np.where(last < 0, -1, told.start[which][last] if len(which) else -1)
        key = np.where(last < 0, NO_KEY, told.key[which][last] if len(which) else NO_KEY)
        pairs = summed(group, told.start[which] // QUARTER, self._count[which])
        table = np.stack(pairs[1:], axis=1)
        ends = np.searchsorted(pairs[0], np.arange(len(variants) + 1)) * _PAIR
        return batch(
            kind=Kind.COUNT, route=_routes(variants), file=self._file[first],
            place=self._place[first], line=self._line[first], start=start,
            key=key.astype(KEY), variant=variants, body=slices(table.tobytes(), ends),
        )  # fmt: skip


def _merged(rows: Batch, texts: dict[bytes, bytes]) -> Iterator[VariantCount]:
    """The variants of rows of the kinds COUNT and WANTED."""
    counted = numbers(rows, "kind") == Kind.COUNT
    variants, group = np.unique(keys(rows, "variant"), return_inverse=True)
    rows, group, every = rows.take(np.flatnonzero(counted)), group[counted], len(variants)
    file, place, line, start = (numbers(rows, n) for n in ("file", "place", "line", "start"))
    key, packed = keys(rows, "key"), bytes_of(rows, "body")
    last = last_in(group, start, key, every)
    first = last_in(group, -file, -place, every)
    sizes = np.array([len(one) // _PAIR for one in packed], np.int64)
    pairs = np.frombuffer(b"".join(packed), np.int64).reshape(-1, 2)
    variant = np.repeat(group, sizes)
    days = dicts(every, summed(variant, pairs[:, 0] // _QUARTERS, pairs[:, 1]))
    quarters = dicts(every, summed(variant, pairs[:, 0] % _QUARTERS, pairs[:, 1]))
    for at, name in enumerate(_padded(variants)):
        if first[at] < 0:
            yield VariantCount(name, texts[name])
            continue
        met, end = first[at], last[at]
        yield VariantCount(
            name, texts[name], int(file[met]), int(place[met]), int(line[met]), days[at],
            quarters[at], int(start[end]), key[end].ljust(WIDTH, b"\0"),
        )  # fmt: skip


def _held(parts: Sequence[HeldKeys]) -> Held:
    """The columns of what the store holds."""
    sizes = [len(one.keys) // WIDTH for one in parts]
    start, weight, user = (
        np.frombuffer(b"".join(column or bytes(8 * size) for column, size in pairs), np.int64)
        for pairs in (
            zip((one.starts for one in parts), sizes, strict=True),
            zip((one.weights for one in parts), sizes, strict=True),
            zip((one.users for one in parts), sizes, strict=True),
        )
    )
    void = b"".join(one.void or bytes(size) for one, size in zip(parts, sizes, strict=True))
    return Held(
        np.frombuffer(b"".join(one.keys for one in parts), KEY),
        np.frombuffer(b"".join(one.days for one in parts), np.int64),
        np.repeat(np.array([one.starts != b"" for one in parts], np.bool_), sizes),
        start, weight, user, np.frombuffer(void, np.bool_),
    )  # fmt: skip


def _others(rows: Batch) -> Iterator[Alone]:
    file, place = (numbers(rows, name).tolist() for name in ("file", "place"))
    for one in zip(file, place, bytes_of(rows, "body"), strict=True):
        yield Alone(one[0], one[1], other=one[2])


def _found_rows(
    alone: Iterable[Alone] = (), counts: Iterable[VariantCount] = ()
) -> Iterator[Batch]:
    for some in _some(alone):
        yield _found_row(Found(alone=some))
    for more in _some(counts):
        yield _found_row(Found(counts=more))


def _found_row(found: Found) -> Batch:
    return batch(kind=Kind.FOUND, route=[0], body=[msgspec.msgpack.encode(found)])


def _some(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    found: list[_Item] = []
    for one in items:
        found.append(one)
        if len(found) == _SOME:
            yield found
            found = []
    if found:
        yield found


def _routes(names: np.ndarray) -> Numbers:
    return np.frombuffer(names.tobytes(), np.uint8)[::WIDTH].astype(np.int64)


def _padded(names: np.ndarray) -> list[bytes]:
    """The names as bytes of their full width; an empty one stays empty."""
    return [name and name.ljust(WIDTH, b"\0") for name in names.tolist()]

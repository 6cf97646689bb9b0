"""Statements taken in and not looked at yet, by column; judged all at once.

What hangs on its session, or on what else is told of it, comes out again by itself; of all others
only their variants are ever looked at.
"""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from operator import itemgetter

import msgspec
import numpy as np

from ingest.declared.sources import Source
from ingest.folding.cells import DAY
from ingest.folding.fates import Fate, Sort, sort_of
from ingest.folding.grouping import KEY
from ingest.folding.joined import Joined
from ingest.folding.judged import Judged, Statements, held_of, together
from ingest.folding.ledger import Ledger
from ingest.folding.portions import OTHER, One, Portion, Variant
from ingest.folding.rows import Row
from ingest.folding.tally import Folded, Tally

_MANY = 20_000  # variants, some 1 kB each


class _File:
    """What of a file was taken in since the last verdict; its `place`s go on."""

    def __init__(self, source: Source, name: str) -> None:
        self.source, self.name = source, name
        self.place = 0
        self.begin()

    def begin(self) -> None:
        """Begins anew."""
        self.read, self.newest = 0, -1
        self.ignored: dict[str, int] = defaultdict(int)
        self.others: list[tuple[int, One]] = []


class Gathered:
    """The statements of an import since its last verdict; those of a file come together."""

    def __init__(self, ledger: Ledger, joined: Joined) -> None:
        self._ledger = ledger
        self._joined = joined
        self._sorts: list[Sort] = []
        self._source_of: list[Source] = []
        self._sort_of: dict[tuple[str, str, bytes], int] = {}
        self._tables: dict[str, array[int]] = {}  # by teller: the sorts of its variants
        self._files: dict[int, _File] = {}
        self._file = -1
        self._begin()

    def _begin(self) -> None:
        self.read = 0
        self._met_sorts: set[int] = set()
        self._parts: list[Statements] = []
        self._sessions: dict[str, int] = {}
        self._met: list[int] = []  # the sorts of the tallies told, and their rows
        self._rows: list[Row | None] = []

    @property
    def variants(self) -> int:
        """How many variants were met since the last verdict."""
        return len(self._met_sorts)

    @property
    def counted(self) -> Iterator[tuple[Source, Variant]]:
        """The variants met since the last verdict whose statements may count, with their source."""
        for place in self._met_sorts:
            if self._sorts[place].fate is Fate.COUNTED:
                yield self._source_of[place], self._sorts[place].variant

    @property
    def sources(self) -> list[Source]:
        """The sources of what was taken in."""
        return [file.source for file in self._files.values()]

    def take(self, portion: Portion, number: int, source: Source, name: str) -> None:
        """Takes in records of a file, which has a number and a name."""
        if number != self._file:
            self._file = number
            self._files[number] = _File(source, name)
            self._tables.clear()  # the tellers of another file tell no more
        file, count = self._files[number], len(portion.variant)
        file.read += portion.size
        self.read += portion.size
        file.newest = max(file.newest, portion.newest)
        for reason, ignored in portion.ignored.items():
            file.ignored[reason] += ignored
        file.others += ((file.place + at, one) for at, one in portion.others.items())
        table = self._table(portion, source)
        which = np.flatnonzero(np.frombuffer(portion.variant, np.int64) != OTHER)
        if len(which):
            names = self._sessions
            numbers = [names.setdefault(one, len(names)) for one in portion.sessions]
            told, start, session, line, length = (
                np.frombuffer(column, np.int64)[which] for column in portion.columns
            )
            sort = np.frombuffer(table, np.int64)[told].astype(np.int32)
            self._met_sorts.update(np.unique(sort).tolist())
            self._parts.append(Statements(
                np.full(len(which), number, np.int32), (file.place + which).astype(np.int32), sort,
                np.frombuffer(bytes(portion.keys), KEY)[which], start,
                np.array(numbers, np.int32)[session], line.astype(np.int32),
                length.astype(np.int32),
            ))  # fmt: skip
        file.place += count

    def _table(self, portion: Portion, source: Source) -> array[int]:
        """The sorts of the variants of the portion's teller."""
        if not portion.known:
            process = _process(portion.teller)
            for teller in [one for one in self._tables if _process(one) == process]:
                del self._tables[teller]
            self._tables[portion.teller] = array("q")
        table = self._tables[portion.teller]
        for variant in portion.variants:
            key = source.name, source.dialect, variant.key
            place = self._sort_of.get(key)
            if place is None:
                place = self._sort_of[key] = len(self._sorts)
                self._sorts.append(sort_of(_shared(variant), source.dialect))
                self._source_of.append(source)
            table.append(place)
        return table

    def judge(
        self, moved: Collection[str], doubtful: bytes
    ) -> Iterator[tuple[int, Source, str, Folded]]:
        """What became of the records of each file: its number, source, name, and that.

        moved: sessions in which a statement changed what later ones mean. doubtful: packed keys of
        statements that something else is told of. The rows of each file's tallies must be given to
        `became`, and `finish` ends it.
        """
        every = together(self._parts)
        self._parts.clear()
        names = list(self._sessions)
        # Without a name nobody knows which statements are of one session.
        is_moved = np.array([name != "" and name in moved for name in names], np.bool_)
        # What else is told of a statement may be told here.
        doubtful += b"".join(
            one.key for file in self._files.values() for _, one in file.others if one.key
        )
        held = held_of(self._ledger, self._joined, self._days(every))
        judged = self._judged = Judged(every, self._sorts, names, is_moved, held, doubtful)
        tallies, singles = judged.tallies(), judged.singles()
        for number, file in self._files.items():
            imported, duplicate, ignored = judged.outcome(number)
            for reason, count in file.ignored.items():
                ignored[reason] = ignored.get(reason, 0) + count
            told: list[tuple[int, Tally | One]] = [*file.others, *singles[number]]
            told += ((place, tally) for place, _, tally in tallies[number])
            told.sort(key=itemgetter(0))
            self._met += (sort for _, sort, _ in tallies[number])
            items = [one for _, one in told]
            folded = Folded(file.read, imported, duplicate, ignored, file.newest, items)
            yield number, file.source, file.name, folded

    def became(self, rows: Iterable[Row | None]) -> None:
        """Takes note of the rows of a file's tallies."""
        self._rows += rows

    def finish(self) -> None:
        """Takes what is new into the ledger, and the rows of it; the next part begins."""
        rows = dict(zip(self._met, self._rows, strict=True))
        namespaces = {number: file.source.namespace for number, file in self._files.items()}
        for place, new in self._judged.new(namespaces, rows):
            self._ledger.add_all(*place, new.key.tobytes())
            if new.kinds:
                self._joined.add(place, new)
        del self._judged
        last = self._files[self._file]
        last.begin()
        self._files = {self._file: last}
        self._begin()
        self._forget()

    def _forget(self) -> None:
        """Forgets the variants that no teller refers to, once they are many."""
        live = sorted({place for table in self._tables.values() for place in table})
        if len(self._sorts) <= _MANY + len(live):
            return
        now = {place: at for at, place in enumerate(live)}
        self._sorts = [self._sorts[place] for place in live]
        self._source_of = [self._source_of[place] for place in live]
        self._sort_of = {name: now[at] for name, at in self._sort_of.items() if at in now}
        for teller, table in self._tables.items():
            self._tables[teller] = array("q", (now[place] for place in table))

    def _days(self, every: Statements) -> dict[str, tuple[set[int], bool]]:
        """By namespace the UTC days met, and whether other records may tell more of any."""
        found: dict[str, tuple[set[int], bool]] = {}
        joins = np.array([sort.joins for sort in self._sorts])
        for number, file in self._files.items():
            mine = every.file == number
            days, some = found.get(file.source.namespace, (set(), False))
            days.update(np.unique(every.start[mine] // DAY).tolist())
            some = some or bool(joins[every.sort[mine]].any())
            found[file.source.namespace] = days, some
        return found


def _shared(variant: Variant) -> Variant:
    """The same; who ran a text, and each process that tells of it, has no copy of its own."""
    text = sys.intern(variant.masked.text)
    return msgspec.structs.replace(
        variant,
        record=msgspec.structs.replace(variant.record, text=text),
        masked=msgspec.structs.replace(variant.masked, text=text),
    )


def _process(teller: str) -> str:
    """What makes portions makes them with one table at a time."""
    return teller.partition(".")[0]

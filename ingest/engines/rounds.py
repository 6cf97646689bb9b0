"""Files read and folded by an engine, some at a time; what comes of them goes to the one writer.

The writer gets each variant once, with its counts; packed keys; and one by one only the statements
that hang on their session or of which more than one thing is told. The graph and the report are
those of an import that reads every file itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Protocol

import msgspec
import numpy as np

from ingest.engines.batches import (
    ROUTES,
    Alone,
    FileTold,
    Found,
    HeldKeys,
    NewKeys,
    Outcomes,
    Plan,
    Terms,
    VariantCount,
    one_of,
    variant_of,
)
from ingest.files.reading import Input
from ingest.folding.fates import number_of
from ingest.folding.grouping import KEY, Keys, Numbers
from ingest.folding.ledger import WIDTH, Ledger
from ingest.folding.portions import One, Variant
from ingest.folding.queries import Queries
from ingest.folding.retention import Retention
from ingest.folding.row_columns import HeldRows, NewRows, held_rows
from ingest.folding.rows import Row, length_of
from ingest.folding.tally import Folded, Tally, at_line, single
from ingest.planning import Planned
from lineage.errors import UnreadableInput

ROUND = 8 << 30  # bytes of files that are committed together
_VOID = Row(-1, void=True)


class Engine(Protocol):
    """What runs the stages of a round."""

    def tell(self, plan: Plan, done: Callable[[int], None]) -> list[FileTold]:
        """What there is to say of each file; what they tell is kept for `count`.

        done: is called now and then with how many files have told all; what it raises ends it.

        Raises:
            EngineUnavailable: it cannot be asked, or not everything is there that it needs.
        """

    def count(self, terms: Terms, held: Iterable[tuple[int, HeldKeys]]) -> Iterator[Found]:
        """What all files told, counted; held: what the store has, by route.

        Raises:
            EngineUnavailable: as of `tell`.
        """


def rounds(planned: Iterable[Planned]) -> Iterator[list[Planned]]:
    """The files in the parts that are committed together."""
    some: list[Planned] = []
    size = 0
    for one in planned:
        if some and size + one.input.size > ROUND:
            yield some
            some, size = [], 0
        some.append(one)
        size += one.input.size
    if some:
        yield some


def plan_of(
    files: Sequence[Planned],
    columns: Iterable[Mapping[str, str]],
    retention: Retention,
    known: Mapping[str, bytes],
    latest: int,
) -> Plan:
    """What an engine must know of files to read them as an import that reads them itself would.

    columns: of each, as of `OpenedFiles.columns`; the rest as of `Plan`.
    """
    names = {one.source.namespace for one in files}
    return Plan(
        tuple(map(_anywhere, files)),
        tuple(columns),
        tuple(one.input.size for one in files),
        latest,
        {name: retention.low(name) for name in names},
        known,
        version("lineage-usage"),
    )


def _anywhere(one: Planned) -> Planned:
    """The file by a path that does not hang on the folder of who opens it."""
    file = one.input
    paths = [path.absolute() for path in (file.path, *file.more)]
    found = Input(file.name, paths[0], tuple(paths[1:]))
    return msgspec.structs.replace(one, input=found)


class Round:
    """What an engine found in some files, on its way into the store.

    Nothing that was counted before may still wait for its commit.
    """

    def __init__(
        self,
        engine: Engine,
        plan: Plan,
        queries: Queries,
        ledger: Ledger,
        done: Callable[[int], None],
    ) -> None:
        self._plan = plan
        self._queries = queries
        self._ledger = ledger
        self._told = engine.tell(plan, done)
        self._told.sort(key=lambda told: told.file)
        for told in self._told:
            if told.problem:
                raise UnreadableInput(told.problem)
        self._variants: dict[bytes, Variant] = {}
        self._rows: dict[bytes, Row] = {b"": _VOID}
        self._outcomes: dict[int, Outcomes] = defaultdict(Outcomes)
        self._keys: list[NewKeys] = []
        self._alone: dict[int, list[Alone]] = defaultdict(list)
        self._counts: dict[int, list[VariantCount]] = defaultdict(list)
        if any(told.before is None for told in self._told):
            for found in engine.count(self._terms(), self._held()):
                self._take(found)

    @property
    def files(self) -> Iterator[tuple[Planned, FileTold]]:
        """The files, in their order."""
        for told in self._told:
            yield self._plan.files[told.file], told

    def absorb(self, told: FileTold) -> None:
        """Takes in what a file told; the files must come in their order."""
        one, mine = self._plan.files[told.file], self._outcomes[told.file]
        ignored = dict(told.ignored)
        for reason, count in mine.ignored.items():
            ignored[reason] = ignored.get(reason, 0) + count
        records = sorted(self._alone.pop(told.file, ()), key=lambda alone: alone.place)
        counts = sorted(self._counts.pop(told.file, ()), key=lambda count: count.place)
        folded = Folded(
            told.read, mine.imported, mine.duplicate, ignored, told.newest,
            list(self._in_order(records, counts)),
        )  # fmt: skip
        rows = self._queries.absorb(folded, one.source, one.input.name)
        for met, row in zip(counts, rows, strict=True):
            if row:
                self._rows[met.id] = row

    def finish(self) -> None:
        """Takes the keys of all files into the ledger; every file must be absorbed."""
        of_day: dict[tuple[str, int], list[NewKeys]] = defaultdict(list)
        for new in self._keys:
            of_day[new.namespace, new.day].append(new)
        for place, parts in of_day.items():
            self._ledger.add_all(*place, b"".join(new.keys for new in parts))
            for new in parts:
                if new.starts:
                    self._queries.joined.add(place, self._new_rows(new))

    def _new_rows(self, new: NewKeys) -> NewRows:
        start, weight, kind = (
            np.frombuffer(column, np.int64) for column in (new.starts, new.weights, new.kinds)
        )
        kinds = [self._rows[name] for name in new.variants]
        return NewRows(np.frombuffer(new.keys, KEY), start, weight, kind, kinds)

    def _terms(self) -> Terms:
        moved = {name for told in self._told for name in told.moved}
        for one in self._plan.files:
            moved |= {
                name.encode("utf-8", "surrogatepass") for name in self._queries.sessions(one.source)
            }
        namespaces = tuple(one.source.namespace for one in self._plan.files)
        return Terms(namespaces, tuple(sorted(moved)), b"".join(self._queries.doubtful))

    def _held(self) -> Iterator[tuple[int, HeldKeys]]:
        """What the store has of the days that were met; first the ledger, whose versions count."""
        days: dict[str, set[int]] = defaultdict(set)
        joins: dict[str, set[int]] = defaultdict(set)
        for told in self._told:
            namespace = self._plan.files[told.file].source.namespace
            days[namespace].update(told.days)
            if told.joins:
                joins[namespace].update(day + near for day in told.days for near in (-1, 0, 1))
        for namespace, met in days.items():
            yield from _held_keys({day: self._ledger.keys(namespace, day) for day in sorted(met)})
        for namespace, met in joins.items():
            places = ((namespace, day) for day in sorted(met))
            stored = {place[1]: self._queries.joined.stored(place) for place in places}
            yield from _held_rows({day: held_rows(body) for day, body in stored.items() if body})

    def _take(self, found: Found) -> None:
        for file, outcomes in found.outcomes.items():
            mine = self._outcomes[file]
            mine.imported += outcomes.imported
            mine.duplicate += outcomes.duplicate
            for reason, count in outcomes.ignored.items():
                mine.ignored[reason] = mine.ignored.get(reason, 0) + count
        self._keys += found.keys
        for alone in found.alone:
            self._alone[alone.file].append(alone)
        for one in found.counts:
            self._variants[one.id] = variant_of(one.body)
            if one.file >= 0:
                self._counts[one.file].append(one)

    def _in_order(
        self, records: Sequence[Alone], counts: Sequence[VariantCount]
    ) -> Iterator[Tally | One]:
        """What a file told by place: where a template was first met is remembered."""
        told: list[Alone | VariantCount] = [*records, *counts]
        for one in sorted(told, key=lambda one: one.place):
            yield self._single(one) if isinstance(one, Alone) else self._tally(one)

    def _tally(self, one: VariantCount) -> Tally:
        variant = at_line(self._variants[one.id], one.line)
        return Tally(variant, one.days, one.quarters, one.start, one.key)

    def _single(self, one: Alone) -> One:
        if one.other:
            return one_of(one.other)
        session = one.session.decode("utf-8", "surrogatepass")
        variant, length = self._variants[one.variant], length_of(one.weight)
        return single(variant, one.key, one.start, session, one.line, length)


def _held_keys(ledger: Mapping[int, bytes]) -> Iterator[tuple[int, HeldKeys]]:
    """Packed keys by day, by route."""
    key = np.frombuffer(b"".join(ledger.values()), KEY)
    sizes = [len(keys) // WIDTH for keys in ledger.values()]
    day = np.repeat(np.array([*ledger], np.int64), sizes)
    for route, at in _routes(key):
        yield route, HeldKeys(key[at].tobytes(), day[at].tobytes())


def _held_rows(stored: Mapping[int, HeldRows]) -> Iterator[tuple[int, HeldKeys]]:
    """Rows by day, by route."""
    columns = [
        (rows.key, np.full(len(rows.key), day), rows.start, rows.weight, _users(rows), rows.void)
        for day, rows in stored.items()
    ]
    if columns:
        together = [np.concatenate(column) for column in zip(*columns, strict=True)]
        for route, at in _routes(together[0]):
            yield route, HeldKeys(*(column[at].tobytes() for column in together))


def _users(rows: HeldRows) -> Numbers:
    return np.array([number_of(name) for name in rows.users], np.int64)[rows.user]


def _routes(held: Keys) -> Iterator[tuple[int, Numbers]]:
    """The routes of keys, and where the keys of each are."""
    first = np.frombuffer(held.tobytes(), np.uint8)[::WIDTH]
    order = np.argsort(first, kind="stable")
    ends = np.searchsorted(first[order], np.arange(ROUTES + 1))
    for route in np.unique(first).tolist():
        yield route, order[ends[route] : ends[route + 1]]

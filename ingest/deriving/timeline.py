"""Which columns a dataset had on which day, out of all that was told of them and when.

What is told is kept as it was told: whole lists (CREATE, CREATE … AS, schema facets, exports) and
changes (ALTER, RENAME, DROP). The lists of a day follow from the set of it, so nothing depends on
which file was read first. A list without a date fills in wherever nothing dated is known.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from typing import Literal, NamedTuple

import msgspec

from lineage.model import Activity
from lineage.names import DatasetId

Columns = dict[str, str]  # column → type, in the order of the table; empty: not known
TellingKind = Literal["list", "unknown", "gone", "like", "swap", "add", "drop", "rename", "retype"]

EVER = -1_000_000  # the first day of what held before anything else
_CHANGES = frozenset({"add", "drop", "rename", "retype"})


class Telling(msgspec.Struct, frozen=True, gc=False):
    """One thing told of the columns of a dataset.

    `list`: all of them. `unknown`: made anew, of columns that nobody said. `gone`: dropped; who
    reads it all the same reads what was made as it was, unless something else is told.
    `like`: made with the columns that `other` had. `swap`: the two exchange theirs. The rest
    changes `columns`; name: what `rename` calls them.
    weak: of no effect where the dataset is there already (IF NOT EXISTS).
    """

    dataset: DatasetId
    kind: TellingKind
    columns: tuple[tuple[str, str], ...] = ()
    other: DatasetId | None = None
    name: str = ""
    weak: bool = False

    @property
    def datasets(self) -> tuple[DatasetId, ...]:
        """Those that it is about."""
        return (self.dataset,) if self.other is None else (self.dataset, self.other)


class Said(msgspec.Struct, frozen=True, gc=False):
    """What was told on each of these days."""

    days: tuple[int, ...]
    tellings: tuple[Telling, ...]


class Told(msgspec.Struct, frozen=True, gc=False):
    """All that one teller (a template, a schema, an export) told.

    time: of the day, of its last run, as in ISO 8601; taken for its other days as well, since what
    runs again runs on schedule. Said on no day, it holds wherever nothing else is known.
    consulted: whose columns decide what it tells. runs: how often a template ran.
    """

    time: str
    said: tuple[Said, ...]
    consulted: tuple[DatasetId, ...] = ()
    runs: Activity = Activity()

    @property
    def days(self) -> set[int]:
        """Every day on which it told something."""
        return {day for said in self.said for day in said.days}

    def tellings(self) -> Iterator[Telling]:
        """What it told, whenever."""
        for said in self.said:
            yield from said.tellings


class _Event(NamedTuple):
    """A telling in its place in time."""

    day: int
    time: str
    teller: str
    number: int
    telling: Telling


_Moment = tuple[int, str, str]  # day, time, teller


class _Course(NamedTuple):
    """Columns at the start, and each change of them."""

    start: Columns
    changes: list[tuple[_Moment, Columns]]


class Versions:
    """The column lists of one dataset, each from its first day, or moment, on.

    looking_back: as all that was told makes them. as_they_came: without what was concluded from
    lists that came later and depend on columns themselves, so that no list depends on itself.
    vary: whether there was more than one list. Equal lists are given as one and the same object.
    """

    def __init__(self, looking_back: _Course, as_they_came: _Course) -> None:
        first, lists = _by_day(looking_back)
        states = [as_they_came.start, *(columns for _, columns in as_they_came.changes)]
        once: dict[tuple[tuple[str, str], ...], Columns] = {}
        self._moments = [moment for moment, _ in as_they_came.changes]
        self._states = [once.setdefault(tuple(one.items()), one) for one in states]
        self._first = first
        self._lists = [once.setdefault(tuple(one.items()), one) for one in lists]
        self.vary = len(self._states) > 1 or len(self._lists) > 1

    def on(self, day: int) -> Columns:
        """The columns on a day: the last that were known on it."""
        return self._lists[bisect_right(self._first, day) - 1]

    def before(self, day: int, time: str, teller: str) -> Columns:
        """The columns that a teller met on a day at a time, before what it told itself."""
        return self._states[bisect_left(self._moments, (day, time, teller))]

    def differ_from(self, other: Versions) -> int | None:
        """The first day on which the two are not the same; None when there is none."""
        for day in sorted({*self._first, *other._first}):
            if not same(self.on(day), other.on(day)):
                return day
        return None

    def met_alike(self, other: Versions) -> bool:
        """Whether every teller meets the same in both."""
        return self._moments == other._moments and all(map(same, self._states, other._states))


def same(one: Columns, other: Columns) -> bool:
    """Whether the columns are the same in the same order."""
    return one is other or list(one.items()) == list(other.items())


def _by_day(course: _Course) -> tuple[list[int], list[Columns]]:
    """First days and lists: of each day the last list that was known on it."""
    start, changes = course
    carried = start
    spans = {EVER: start}
    for day, of_day in groupby(changes, key=lambda change: change[0][0]):
        known = [carried, *(columns for _, columns in of_day)]
        carried = known[-1]
        spans[day] = next((columns for columns in reversed(known) if columns), {})
        spans[day + 1] = carried
    first, lists = [EVER], [start]
    for day, columns in spans.items():
        if not same(columns, lists[-1]):
            first.append(day)
            lists.append(columns)
    return first, lists


NO_VERSIONS = Versions(_Course({}, []), _Course({}, []))


def versions(told: Mapping[str, Told]) -> dict[DatasetId, Versions]:
    """The column lists of the datasets that these tellers told of.

    The tellers must be all that told of any of the datasets.
    """
    undated = {
        telling.dataset: dict(telling.columns)
        for _, teller in sorted(told.items())
        for said in teller.said
        for telling in said.tellings
        if not said.days
    }
    events = sorted(_events(told), key=lambda event: event[:4])
    looking_back = _History(undated, events)
    dependent = {key for key, teller in told.items() if teller.consulted}
    as_they_came = looking_back
    if any(event.teller in dependent for event in looking_back.concluded_from):
        as_they_came = _History(undated, events, dependent)
    return {
        dataset: Versions(looking_back.course(dataset), as_they_came.course(dataset))
        for dataset in looking_back.start
    }


def _events(told: Mapping[str, Told]) -> Iterator[_Event]:
    for key, teller in told.items():
        for said in teller.said:
            for day in said.days:
                for number, telling in enumerate(said.tellings):
                    yield _Event(day, teller.time, key, number, telling)


class _History:
    """Plays the events of a group of datasets in their order.

    start: the columns of each dataset before the first event, as concluded from it or from what
    came later, unless a distrusted teller told it.
    """

    def __init__(
        self,
        undated: Mapping[DatasetId, Columns],
        events: list[_Event],
        distrusted: Collection[str] = (),
    ) -> None:
        self.start: dict[DatasetId, Columns] = {}
        self.concluded_from: list[_Event] = []
        self._changes: dict[DatasetId, list[tuple[_Moment, Columns]]] = {}
        self._undated = undated
        self._now: dict[DatasetId, Columns] = {}
        self._gone: set[DatasetId] = set()
        # The last list that was told of each, and what became of it.
        self._listed: dict[DatasetId, tuple[tuple[tuple[str, str], ...], Columns]] = {}
        # As long as only changes came, the list that they lead to says where a column stands.
        self._leads_to: dict[DatasetId, Columns] = {}
        by_dataset: dict[DatasetId, list[_Event]] = {dataset: [] for dataset in undated}
        for event in events:
            for dataset in event.telling.datasets:
                by_dataset.setdefault(dataset, []).append(event)
        for dataset, mine in by_dataset.items():
            self.start[dataset] = self._now[dataset] = self._before(dataset, mine, distrusted)
            self._changes[dataset] = []
        for event in events:
            self._play(event)

    def course(self, dataset: DatasetId) -> _Course:
        """How the columns of a dataset went."""
        return _Course(self.start[dataset], self._changes[dataset])

    def _before(
        self, dataset: DatasetId, events: list[_Event], distrusted: Collection[str]
    ) -> Columns:
        """The columns before the first event, concluded from the list that the changes lead to."""
        changes: list[Telling] = []
        outcome = self._undated.get(dataset, {})
        for event in events:
            telling = event.telling
            if telling.kind in _CHANGES:
                changes.append(telling)
            elif telling.dataset == dataset or telling.kind == "swap":
                if telling.kind == "list" and not outcome and event.teller not in distrusted:
                    outcome = dict(telling.columns)
                    self.concluded_from.append(event)
                break
        self._leads_to[dataset] = outcome
        for telling in reversed(changes):
            outcome = _undone(telling, outcome)
        return outcome

    def _play(self, event: _Event) -> None:
        telling, dataset = event.telling, event.telling.dataset
        now = self._now[dataset]
        if telling.kind == "swap" and telling.other is not None:
            self._set(event, dataset, self._now[telling.other])
            self._set(event, telling.other, now)
        elif telling.kind in _CHANGES:
            self._set(event, dataset, self._changed(telling, now))
        elif telling.kind == "gone":
            self._gone.add(dataset)
        elif not telling.weak or dataset in self._gone or not now:
            self._leads_to[dataset] = {}
            self._gone.discard(dataset)
            self._set(event, dataset, self._made(telling, now))

    def _made(self, telling: Telling, before: Columns) -> Columns:
        """The columns of a dataset that is made anew."""
        undated = self._undated.get(telling.dataset, {})
        if telling.kind == "list":
            told, made = self._listed.get(telling.dataset, ((), {}))
            if told is telling.columns and made is before:
                return before  # what is made anew every day is mostly made as it was
            columns = {
                name: type_ or before.get(name) or undated.get(name, "")
                for name, type_ in telling.columns
            }
            made = before if same(columns, before) else columns
            self._listed[telling.dataset] = (telling.columns, made)
            return made
        if telling.kind == "like" and telling.other is not None:
            return self._now[telling.other] or undated
        return undated

    def _changed(self, telling: Telling, before: Columns) -> Columns:
        if not before:
            return before
        columns = _changed(telling, before)
        outcome = self._leads_to[telling.dataset]
        if not outcome or telling.kind != "add":
            return columns
        place = {name: index for index, name in enumerate(outcome)}
        ordered = sorted(columns, key=lambda name: place.get(name, len(place)))
        return {name: columns[name] for name in ordered}

    def _set(self, event: _Event, dataset: DatasetId, columns: Columns) -> None:
        if not same(columns, self._now[dataset]):
            self._now[dataset] = columns
            self._changes[dataset].append(((event.day, event.time, event.teller), columns))


def _changed(telling: Telling, columns: Columns) -> Columns:
    """The columns after a change; names are compared without case, as the platforms do."""
    spelled = {name.lower(): name for name in columns}
    told = {spelled.get(name.lower(), name): type_ for name, type_ in telling.columns}
    if telling.kind == "drop":
        return {name: type_ for name, type_ in columns.items() if name not in told}
    if telling.kind == "rename":
        return _renamed(columns, set(told), telling.name)
    if telling.kind == "retype":
        return {name: told.get(name) or type_ for name, type_ in columns.items()}
    return {**columns, **{name: type_ or columns.get(name, "") for name, type_ in told.items()}}


def _undone(telling: Telling, columns: Columns) -> Columns:
    """The columns before a change that led to these, or that they had not seen yet."""
    spelled = {name.lower(): name for name in columns}
    named = {name.lower(): name for name, _ in telling.columns}
    if telling.kind == "add":
        return {name: type_ for name, type_ in columns.items() if name.lower() not in named}
    if telling.kind == "drop" and columns:
        return {**columns, **{name: "" for key, name in named.items() if key not in spelled}}
    new = spelled.get(telling.name.lower())
    if telling.kind == "rename" and new and not named.keys() & spelled.keys():
        return _renamed(columns, {new}, next(iter(named.values())))
    return columns


def _renamed(columns: Columns, old: set[str], new: str) -> Columns:
    if not old & columns.keys():
        return columns
    return {
        (new if name in old else name): type_
        for name, type_ in columns.items()
        if name != new or name in old
    }

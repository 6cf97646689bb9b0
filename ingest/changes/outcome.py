"""What is left of a migration when it has run: for each dataset that was there, what became of it.

Later statements name things as earlier ones left them. So every step is done on names and what
they stand for, and the changes are read off at the end, of what was there before.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import msgspec

from ingest.changes.names import column_of, dotted
from lineage.analyses.breaking.change import Change, ChangeKind

Columns = Sequence[tuple[str, str]]


class Column(msgspec.Struct, eq=False):
    """A column while a migration runs.

    origin: its name before; empty when the migration adds it. type: its new one, if any. required:
    whether nulls are forbidden, where that is said. filled_from: the column of before that its
    values were copied from.
    """

    name: str
    origin: str = ""
    type: str = ""
    required: bool | None = None
    filled_from: str = ""


class Dataset(msgspec.Struct, eq=False):
    """A dataset while a migration runs.

    origin: its name before; empty when the migration makes it. was, now: its columns by lower-case
    name before and at this point, those that were touched. made, shows: the columns that it was
    made with, or the dataset that it shows or copies. more: what else was done to it.
    """

    name: str
    origin: str = ""
    was: dict[str, Column] = msgspec.field(default_factory=dict)
    now: dict[str, Column] = msgspec.field(default_factory=dict)
    made: Columns = ()
    shows: Dataset | None = None
    more: list[tuple[ChangeKind, str, str]] = msgspec.field(default_factory=list)

    def column(self, name: str) -> Column:
        """The column that has this name now; one that was never touched was there before.

        What is called by a name that was given up is nothing, as `IF EXISTS` would have it.
        """
        key = name.lower()
        if key not in self.now and key in self.was:
            return Column(name)
        if key not in self.now:
            self.now[key] = Column(name, name if self.origin else "")
            if self.origin:
                self.was[key] = self.now[key]
        return self.now[key]

    def drop(self, name: str) -> None:
        """Takes a column away."""
        self.column(name)
        self.now.pop(name.lower(), None)

    def rename(self, old: str, new: str) -> None:
        """Gives a column another name."""
        column = self.column(old)
        if self.now.pop(old.lower(), None):
            column.name = new
            self.now[new.lower()] = column

    def add(self, name: str, type_: str, required: bool) -> None:
        """A new column."""
        if name.lower() not in self.now:
            self.now[name.lower()] = Column(name, type=type_, required=required or None)

    def note(self, kind: ChangeKind, column: str = "", argument: str = "") -> None:
        """What else was done to it or to one of its columns."""
        origin = self.column(column).origin if column else ""
        if self.origin and (origin or not column):
            self.more.append((kind, origin, argument))


class Outcome:
    """What a migration touches: the datasets that were there, and what each name stands for now."""

    def __init__(self, folds: bool = False) -> None:
        """Of no dataset; folds: names that differ in case alone are one."""
        self._folds = folds
        self.was: dict[str, Dataset] = {}
        self.now: dict[str, Dataset] = {}
        self._begun: tuple[dict[str, Dataset], dict[str, Dataset]] | None = None

    def dataset(self, name: str) -> Dataset:
        """The dataset that has this name now; nothing, when the name was given up."""
        key = self._key(name)
        if key not in self.now and key in self.was:
            return Dataset(name)
        if key not in self.now:
            self.now[key] = self.was[key] = Dataset(name, name)
        return self.now[key]

    def is_new(self, name: str) -> bool:
        """Whether the migration has made what has this name now."""
        found = self.now.get(self._key(name))
        return found is not None and not found.origin

    def is_free(self, name: str) -> bool:
        """Whether something had this name before and nothing has it now."""
        return self._key(name) in self.was.keys() - self.now.keys()

    def drop(self, name: str) -> None:
        """Takes a dataset away."""
        self.dataset(name)
        self.now.pop(self._key(name), None)

    def rename(self, old: str, new: str) -> None:
        """Gives a dataset another name; who had that name before is replaced."""
        dataset = self.dataset(old)
        if self.now.pop(self._key(old), None):
            dataset.name = new
            self.now[self._key(new)] = dataset

    def swap(self, one: str, other: str) -> None:
        """Two datasets take each other's name."""
        first, second = self.dataset(one), self.dataset(other)
        self.now[self._key(one)], self.now[self._key(other)] = second, first
        first.name, second.name = other, one

    def make(self, name: str, columns: Columns, shows: str, replaces: bool) -> None:
        """A new dataset; if it replaces, in the place of one that may be there."""
        if replaces:
            self.dataset(name)
        source = self.dataset(shows) if shows else None
        self.now[self._key(name)] = Dataset(name, made=columns, shows=source)

    def begin(self) -> None:
        """A transaction begins."""
        self._begun = copy.deepcopy((self.was, self.now))

    def commit(self) -> None:
        """It ends."""
        self._begun = None

    def roll_back(self) -> None:
        """Nothing of it has happened, if one had begun."""
        if self._begun:
            self.was, self.now = self._begun
            self._begun = None

    def changes(self) -> tuple[list[Change], list[str]]:
        """The changes of what was there, and the names of what is replaced nobody knows by what."""
        found: list[Change] = []
        unknown: list[str] = []
        for key, dataset in self.was.items():
            holder = self.now.get(key)
            renamed = next((one for one in self.now.values() if one is dataset), None)
            if renamed or holder is dataset:
                found += _of_columns(dataset)
            if holder is dataset or (holder and holder.shows is dataset):
                continue
            if holder is None:
                kind = ChangeKind.RENAME_DATASET if renamed else ChangeKind.DROP_DATASET
                found.append(Change(kind, dataset.origin, dataset.name if renamed else ""))
            elif by := _instead(holder):
                found.append(Change(ChangeKind.REPLACE_DATASET, dataset.origin, by))
            else:
                unknown.append(dataset.origin)
        return list(dict.fromkeys(found)), unknown

    def _key(self, name: str) -> str:
        return name.lower() if self._folds else name


def _instead(holder: Dataset) -> str:
    """What `replace dataset` says of what has taken a name; empty when nobody knows."""
    columns = {column.origin for column in holder.now.values()}
    if holder.made and columns <= {""}:
        return columns_text(_as_left(holder))
    return holder.origin or (holder.shows.origin if holder.shows else "")


def _as_left(holder: Dataset) -> Columns:
    """The columns that a new dataset has in the end."""
    added = {one.name: one.type for one in holder.now.values()}
    return [*((n, t) for n, t in holder.made if n not in added), *added.items()]


def _of_columns(dataset: Dataset) -> Iterator[Change]:
    for key, column in dataset.was.items():
        subject = column_of(dataset.origin, *column.origin.split("."))
        holder = dataset.now.get(key)
        if holder is column:
            yield from _changed(subject, column)
        elif holder is None:
            left = column in dataset.now.values()
            kind = ChangeKind.RENAME_COLUMN if left else ChangeKind.DROP_COLUMN
            yield Change(kind, subject, column.name if left else "")
            yield from _changed(subject, column) if left else ()
        else:
            if holder.filled_from.lower() != key:
                yield Change(ChangeKind.MEANING_COLUMN, subject)
            yield from _changed(subject, holder)
    for key, column in dataset.now.items():
        if not column.origin and key not in dataset.was:
            needed = " not null" if column.required else ""
            subject = column_of(dataset.origin, *column.name.split("."))
            yield Change(ChangeKind.ADD_COLUMN, subject, f"{column.type}{needed}".strip())
    for kind, origin, argument in dataset.more:
        subject = column_of(dataset.origin, *origin.split(".")) if origin else dataset.origin
        yield Change(kind, subject, argument)


def _changed(subject: str, column: Column) -> Iterator[Change]:
    if column.type:
        yield Change(ChangeKind.RETYPE_COLUMN, subject, column.type)
    if column.required is not None:
        kind = ChangeKind.NOT_NULL_COLUMN if column.required else ChangeKind.NULLABLE_COLUMN
        yield Change(kind, subject)


def columns_text(columns: Columns) -> str:
    """A list of columns as `replace dataset` takes it: `(id int, name)`."""
    listed = (f"{dotted([name])} {type_}".strip() for name, type_ in columns)
    return f"({', '.join(listed)})"

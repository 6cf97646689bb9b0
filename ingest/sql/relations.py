"""What stands in a FROM clause, and what comes out of a query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Protocol

import msgspec

from ingest.sql.catalog import TableColumns
from ingest.sql.flows import IDENTITY, NOTHING, Flow, nested, union
from ingest.sql.records import Column, Table


class Relation(Protocol):
    """Something with columns.

    weak: its unknown columns count only when nothing else can have them (a table function).
    """

    weak: bool

    def known(self, key: str) -> Flow | None:
        """The flow of a column that is surely there, by its lower-case name."""

    def unknown(self, name: str) -> Flow | None:
        """The flow of a column that may be there: the relation has columns nobody listed."""

    def fields(self) -> list[Field]:
        """All columns in order; what nobody listed is one field that has a `rest`."""

    def open_tables(self) -> Iterator[Table]:
        """The base tables whose unlisted columns it passes on."""


class Field(msgspec.Struct, frozen=True):
    """An output column; or, with a `rest`, all the unlisted columns of a relation but some."""

    name: str
    flow: Flow
    rest: Relation | None = None
    without: frozenset[str] = frozenset()


class BaseTable:
    """A table of the catalogue, or one that it does not know."""

    __slots__ = ("_flows", "columns", "table", "weak")

    def __init__(self, table: Table, columns: TableColumns | None) -> None:
        self.table = table
        self.columns = columns
        self.weak = False
        self._flows: dict[str, Flow] = {}

    def known(self, key: str) -> Flow | None:
        """The column itself, as the catalogue spells it."""
        if self.columns is None:
            return None
        flow = self._flows.get(key)
        if flow is None and (name := self.columns.names.get(key)) is not None:
            flow = self._flows[key] = {Column(self.table, name): IDENTITY}
        return flow

    def unknown(self, name: str) -> Flow | None:
        """The column of that name, when the catalogue has no list."""
        return self.assumed(name) if self.columns is None else None

    def assumed(self, name: str) -> Flow:
        """The column of that name, whether or not the catalogue lists it."""
        flow = self._flows.get(name)
        if flow is None:
            flow = self._flows[name] = {Column(self.table, name): IDENTITY}
        return flow

    def fields(self) -> list[Field]:
        """The catalogue's columns, or the rest of an unknown table."""
        if self.columns is None:
            return [Field("*", NOTHING, self)]
        names = self.columns.names
        flows = [{column: IDENTITY} for column in map(Column, repeat(self.table), names.values())]
        self._flows.update(zip(names, flows, strict=True))
        return list(map(Field, names.values(), flows))

    def open_tables(self) -> Iterator[Table]:
        """The table itself, when unknown."""
        if self.columns is None:
            yield self.table


class Derived:
    """The output of a query, a CTE, a pivot, a VALUES list."""

    __slots__ = ("_by_key", "_fields", "_rests", "weak")

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields = list(fields)
        self._rests = [field for field in self._fields if field.rest is not None]
        # Of columns of one name the first is meant.
        self._by_key = {f.name.lower(): f.flow for f in reversed(self._fields) if f.rest is None}
        self.weak = False

    def known(self, key: str) -> Flow | None:
        """The flow of the first column of that name."""
        return self._by_key.get(key)

    def unknown(self, name: str) -> Flow | None:
        """What the rest has under that name, when there is one rest that can have it."""
        key = name.lower()
        found = [
            flow
            for field in self._rests
            if field.rest and key not in field.without
            for flow in [field.rest.known(key) or field.rest.unknown(name)]
            if flow is not None
        ]
        return found[0] if len(found) == 1 else None

    def fields(self) -> list[Field]:
        """The columns in order."""
        return self._fields

    def open_tables(self) -> Iterator[Table]:
        """The tables behind the rests."""
        for field in self._rests:
            if field.rest is not None:
                yield from field.rest.open_tables()


class Function:
    """A table function or an array's elements: every column comes from the arguments.

    names: the columns it is known to have. What is asked beyond them has the same flow.
    """

    __slots__ = ("_fields", "flow", "weak")

    def __init__(self, names: Iterable[tuple[str, Flow]], flow: Flow) -> None:
        self._fields = [Field(name, column) for name, column in names]
        self.flow = flow
        self.weak = True

    def known(self, key: str) -> Flow | None:
        """The flow of a listed column."""
        return next((f.flow for f in self._fields if f.name.lower() == key), None)

    def unknown(self, name: str) -> Flow | None:
        """The arguments' flow, whatever the name; of an array, the field of its elements."""
        return None if self._fields else nested(self.flow, name)

    def fields(self) -> list[Field]:
        """The listed columns; none when they are not known."""
        return self._fields or [Field("*", self.flow, self)]

    def open_tables(self) -> Iterator[Table]:
        """None: its columns are values, not a table's."""
        return iter(())


class Positional:
    """The unlisted columns of a set operation's branches, taken to agree by name."""

    __slots__ = ("branches", "weak")

    def __init__(self, branches: list[Relation]) -> None:
        self.branches = branches
        self.weak = False

    def known(self, key: str) -> Flow | None:
        """None: a name is certain only when every branch lists its columns."""
        return None

    def unknown(self, name: str) -> Flow | None:
        """What the branches have under that name."""
        key = name.lower()
        found = [branch.known(key) or branch.unknown(name) for branch in self.branches]
        flows = [flow for flow in found if flow is not None]
        return union(flows) if flows else None

    def fields(self) -> list[Field]:
        """One rest."""
        return [Field("*", NOTHING, self)]

    def open_tables(self) -> Iterator[Table]:
        """The tables behind all branches."""
        for branch in self.branches:
            yield from branch.open_tables()

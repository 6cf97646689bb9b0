"""The columns of tables, looked up by names that may lack their leading parts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from ingest.sql.records import SchemaChange, Table
from lineage.names import parts as split_name


class TableColumns:
    """The ordered columns of one table; types: name → type."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self.types = types

    @cached_property
    def names(self) -> dict[str, str]:
        """Lower-case key → name as the platform stores it.

        Worked out when it is asked for, since a text means few of the tables that it may name.
        """
        return dict(zip(map(str.lower, self.types), self.types, strict=True))


class Catalog:
    """The known tables. A child sees its parent's tables beneath its own: one per script."""

    def __init__(
        self,
        tables: Mapping[str, Mapping[str, str]] | None = None,
        parent: Catalog | None = None,
    ) -> None:
        self._parent = parent
        self._by_last: dict[str, dict[tuple[str, ...], TableColumns | None]] = {}
        for name, columns in (tables or {}).items():
            self.put(Table(split_name(name)), columns)

    def child(self) -> Catalog:
        """An empty catalogue on top of this one."""
        return Catalog(parent=self)

    def put(self, table: Table, columns: Mapping[str, str]) -> None:
        """Makes the columns of a table, name → type, known in place of what was known of it."""
        key = _key(table)
        self._by_last.setdefault(key[-1], {})[key] = TableColumns(columns)

    def forget(self, table: Table) -> None:
        """Makes the columns of a table unknown, whatever the parent says."""
        key = _key(table)
        self._by_last.setdefault(key[-1], {})[key] = None

    def apply(self, change: SchemaChange, complete: bool = True) -> None:
        """Makes a schema change known.

        complete: a created table has no more columns than the change lists.
        """
        if change.kind in ("create", "clone", "like"):
            if complete and change.columns:
                self.put(change.table, dict(change.columns))
            else:
                self.forget(change.table)
        elif change.kind == "drop":
            self.forget(change.table)
        elif change.kind in ("rename", "swap") and change.other is not None:
            self._exchange(change.table, change.other)
        else:
            self._alter(change)

    def _exchange(self, table: Table, other: Table) -> None:
        """Each gets what is known of the other: nothing is known of a name that was free."""
        known = self.columns(table), self.columns(other)
        for place, columns in zip((other, table), known, strict=True):
            if columns is None:
                self.forget(place)
            else:
                self.put(place, columns.types)

    def _alter(self, change: SchemaChange) -> None:
        known = self.columns(change.table)
        if known is None:
            return
        columns = {key: (name, known.types[name]) for key, name in known.names.items()}
        for name, type_ in change.columns:
            key = name.lower()
            if change.kind == "drop_column":
                columns.pop(key, None)
            elif change.kind == "rename_column" and key in columns:
                columns[key] = (change.new_name, columns[key][1])
            elif change.kind in ("add_column", "retype"):
                columns[key] = (name, type_)
        self.put(change.table, dict(columns.values()))

    def columns(self, table: Table) -> TableColumns | None:
        """The columns of a table, or None when unknown or when several tables answer."""
        key = _key(table)
        layer: Catalog | None = self
        while layer is not None:
            if alike := layer._by_last.get(key[-1]):
                if key in alike:
                    return alike[key]
                found = [columns for known, columns in alike.items() if _same(known, key)]
                if found:
                    return found[0] if len(found) == 1 else None
            layer = layer._parent
        return None


def _key(table: Table) -> tuple[str, ...]:
    return tuple(map(str.lower, table.parts))


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shared = min(len(one), len(other))
    return one[-shared:] == other[-shared:]

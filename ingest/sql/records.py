"""What comes out of a text of SQL. All frozen; as arrays where they are written down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from lineage.model import Role

TableKind = Literal["table", "path", "stage"]
StatementKind = Literal[
    "select",
    "insert",
    "create_table",
    "create_view",
    "merge",
    "update",
    "delete",
    "copy",
    "ddl",
    "use",
    "call",
    "explain",
    "other",
]
ParseLevel = Literal["full", "star_expanded", "star_unknown", "table_only"]
ChangeKind = Literal[
    "create",
    "clone",
    "like",
    "drop",
    "truncate",
    "rename",
    "swap",
    "add_column",
    "drop_column",
    "rename_column",
    "retype",
    "nullable",
    "not_null",
]


class Table(msgspec.Struct, frozen=True, order=True, cache_hash=True, gc=False, array_like=True):
    """A name that statements read and write, after defaults and the dialect's case rule."""

    parts: tuple[str, ...]
    kind: TableKind = "table"

    def __str__(self) -> str:
        return ".".join(f'"{part}"' if '"' in part else part for part in self.parts)


class Column(msgspec.Struct, frozen=True, order=True, cache_hash=True, gc=False, array_like=True):
    """A column of a table; the path of a nested field keeps its dots (`address.city`)."""

    table: Table
    name: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


class ColumnEdge(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One source column of one output column.

    target: a `placeholder` where the text and the catalogue leave the name open.
    target_table: None when the text names no target, as a bare SELECT.
    masked: the value passes only through a hash or mask.
    """

    target: str
    target_table: Table | None
    source: Column
    role: Role
    masked: bool = False


class ColumnUse(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """One role in which a statement uses a column.

    named: false when the column is reached only through `*`, NATURAL or by position, so that the
    statement survives its drop.
    """

    column: Column
    role: Role
    named: bool = True


class SchemaChange(msgspec.Struct, frozen=True):
    """What a DDL statement does to a table.

    columns: (name, type) pairs that the change is about; for rename_column the old name.
    other: the second table of rename, swap, clone, like.
    new_name: for rename_column.
    location: for create, the paths or stages where the rows are kept, if it says so.
    """

    kind: ChangeKind
    table: Table
    columns: tuple[tuple[str, str], ...] = ()
    other: Table | None = None
    new_name: str = ""
    location: tuple[Table, ...] = ()


class Context(msgspec.Struct, frozen=True):
    """What unqualified names mean; USE, SET search_path and ALTER SESSION change it."""

    default_db: str = ""
    default_schema: str = ""
    search_path: tuple[str, ...] = ()


class Statement(msgspec.Struct, frozen=True, array_like=True):
    """What one statement reads, writes and depends on.

    edges: direct roles only; influences: CONDITIONAL and WINDOW, which steer one output column
    without travelling into it.
    stars: tables of unknown columns whose every column passes into the output through `*`.
    names_assumed: the target's columns are filled by position and nobody knows them, so that the
    edges bear the names of the select list.
    output: names in order; for writes the names in the target.
    assigned: columns of the target that are filled by name, or by position where the catalogue
    knows them; their drop makes the statement fail.
    consulted: tables whose column list was asked for, known or not; analyse again when it changes.
    """

    kind: StatementKind
    reads: tuple[Table, ...] = ()
    writes: tuple[Table, ...] = ()
    edges: tuple[ColumnEdge, ...] = ()
    influences: tuple[ColumnEdge, ...] = ()
    uses: tuple[ColumnUse, ...] = ()
    stars: tuple[Table, ...] = ()
    names_assumed: bool = False
    output: tuple[str, ...] = ()
    output_complete: bool = True
    assigned: tuple[Column, ...] = ()
    changes: tuple[SchemaChange, ...] = ()
    parse: ParseLevel = "full"
    notes: tuple[str, ...] = ()
    temporary: bool = False
    consulted: tuple[Table, ...] = ()
    dynamic: bool = False


class Analysis(msgspec.Struct, frozen=True, array_like=True):
    """The statements of a text and the context after it; `error` is empty when all is well."""

    statements: tuple[Statement, ...]
    context: Context
    error: str = ""


def placeholder(position: int) -> str:
    """What stands for the name of the output column at a position (from 1) that has none.

    No column is called so: in a target it says which place is filled and that its name is unknown.
    """
    return f"?{position}"


def is_placeholder(name: str) -> bool:
    """Whether a column's name only tells its position."""
    return name.startswith("?")


def in_order(edges: Iterable[ColumnEdge]) -> tuple[ColumnEdge, ...]:
    """The edges, each once, in an order that does not depend on how they were found."""
    return tuple(sorted(set(edges), key=_edge_key))


def _edge_key(edge: ColumnEdge) -> tuple[tuple[str, ...], str, Column, Role]:
    place = edge.target_table.parts if edge.target_table else ()
    return place, edge.target, edge.source, edge.role

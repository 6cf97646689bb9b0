"""An analysis as bytes: as it is kept on disk, and as it comes from another process.

Statements name few tables and columns, many times over. Each is written once, and stands as a
number where it is named; read again, it is one object, whose hash is worked out once.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import count

import msgspec

from ingest.sql.flows import ROLES
from ingest.sql.records import (
    Analysis,
    Column,
    ColumnEdge,
    ColumnUse,
    Context,
    ParseLevel,
    SchemaChange,
    Statement,
    StatementKind,
    Table,
)

_RANKS = {role: rank for rank, role in enumerate(ROLES)}
_Numbers = tuple[int, ...]
_Edge = tuple[str, int | None, int, int, bool]  # target, its table, source, role, masked
_Use = tuple[int, int, bool]  # column, role, named


class _Statement(msgspec.Struct, frozen=True, array_like=True):
    """A `Statement` with numbers for its tables, columns and roles."""

    kind: StatementKind
    reads: _Numbers
    writes: _Numbers
    edges: tuple[_Edge, ...]
    influences: tuple[_Edge, ...]
    uses: tuple[_Use, ...]
    stars: _Numbers
    names_assumed: bool
    output: tuple[str, ...]
    output_complete: bool
    assigned: _Numbers
    changes: tuple[SchemaChange, ...]
    parse: ParseLevel
    notes: tuple[str, ...]
    temporary: bool
    consulted: _Numbers
    dynamic: bool


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """An `Analysis`, and what the numbers in it mean; columns: number of the table, and name."""

    tables: tuple[Table, ...]
    columns: tuple[tuple[int, str], ...]
    statements: tuple[_Statement, ...]
    context: Context
    error: str


def packed(analysis: Analysis) -> bytes:
    """An analysis in some 0.7 KiB."""
    numbering = _Numbering()
    statements = tuple([numbering.statement(one) for one in analysis.statements])
    columns = tuple([(numbering.tables[one.table], one.name) for one in numbering.columns])
    tables = tuple(numbering.tables)
    return _encoder.encode(_Packed(tables, columns, statements, analysis.context, analysis.error))


def unpacked(body: bytes) -> Analysis:
    """The analysis that was packed."""
    found = _decoder.decode(body)
    names = _Names(found)
    return Analysis(tuple(map(names.statement, found.statements)), found.context, found.error)


class _Numbering:
    """Gives every table and column, as it is met, the next number."""

    def __init__(self) -> None:
        self.tables: defaultdict[Table, int] = defaultdict(count().__next__)
        self.columns: defaultdict[Column, int] = defaultdict(count().__next__)

    def statement(self, one: Statement) -> _Statement:
        table, columns = self.tables.__getitem__, self.columns
        return _Statement(
            one.kind,
            tuple(map(table, one.reads)),
            tuple(map(table, one.writes)),
            self._edges(one.edges),
            self._edges(one.influences),
            tuple([(columns[use.column], _RANKS[use.role], use.named) for use in one.uses]),
            tuple(map(table, one.stars)),
            one.names_assumed,
            one.output,
            one.output_complete,
            tuple(map(columns.__getitem__, one.assigned)),
            one.changes,
            one.parse,
            one.notes,
            one.temporary,
            tuple(map(table, one.consulted)),
            one.dynamic,
        )

    def _edges(self, edges: tuple[ColumnEdge, ...]) -> tuple[_Edge, ...]:
        columns = self.columns
        return tuple(
            [
                (
                    edge.target,
                    None if edge.target_table is None else self.tables[edge.target_table],
                    columns[edge.source],
                    _RANKS[edge.role],
                    edge.masked,
                )
                for edge in edges
            ]
        )


class _Names:
    """The tables and columns of what was packed, by their numbers."""

    def __init__(self, found: _Packed) -> None:
        self._tables = found.tables
        self._columns = [Column(found.tables[table], name) for table, name in found.columns]

    def statement(self, one: _Statement) -> Statement:
        table, columns = self._tables.__getitem__, self._columns
        return Statement(
            one.kind,
            tuple(map(table, one.reads)),
            tuple(map(table, one.writes)),
            self._edges(one.edges),
            self._edges(one.influences),
            tuple([ColumnUse(columns[at], ROLES[role], named) for at, role, named in one.uses]),
            tuple(map(table, one.stars)),
            one.names_assumed,
            one.output,
            one.output_complete,
            tuple(map(columns.__getitem__, one.assigned)),
            one.changes,
            one.parse,
            one.notes,
            one.temporary,
            tuple(map(table, one.consulted)),
            one.dynamic,
        )

    def _edges(self, edges: tuple[_Edge, ...]) -> tuple[ColumnEdge, ...]:
        tables, columns = self._tables, self._columns
        return tuple(
            [
                ColumnEdge(
                    target,
                    None if table is None else tables[table],
                    columns[source],
                    ROLES[role],
                    masked,
                )
                for target, table, source, role, masked in edges
            ]
        )


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)

"""A script seen as one: what it reads and writes once its own intermediates are gone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ingest.sql.records import (
    Analysis,
    Column,
    ColumnEdge,
    ColumnUse,
    Statement,
    StatementKind,
    Table,
    in_order,
)
from lineage.model import Role

_DIRECT = (Role.IDENTITY, Role.TRANSFORMATION, Role.AGGREGATION)
_LEVELS = ("full", "star_expanded", "star_unknown", "table_only")


def collapse(analysis: Analysis) -> Statement:
    """One statement that does what the script does.

    Temporary tables that a later statement reads, and tables created and dropped again, vanish:
    edges and uses go through them to what filled them.
    """
    statements = _moving(analysis.statements)
    if len(statements) == 1:
        return statements[0]
    through = _Intermediates(statements)
    return Statement(
        kind=_kind(statements),
        reads=through.outside(table for s in statements for table in s.reads),
        writes=through.outside(table for s in statements for table in s.writes),
        edges=through.edges(edge for s in statements for edge in s.edges),
        influences=through.edges(edge for s in statements for edge in s.influences),
        uses=through.uses(use for s in statements for use in s.uses),
        stars=through.outside(table for s in statements for table in s.stars),
        names_assumed=any(s.names_assumed for s in statements),
        output=statements[-1].output if statements else (),
        output_complete=all(s.output_complete for s in statements),
        assigned=tuple(
            sorted({c for s in statements for c in s.assigned if c.table not in through.tables})
        ),
        changes=tuple(change for s in statements for change in s.changes),
        parse=max((s.parse for s in statements), key=_LEVELS.index, default="full"),
        notes=tuple(dict.fromkeys(note for s in statements for note in s.notes)),
        consulted=through.outside(table for s in statements for table in s.consulted),
        dynamic=any(s.dynamic for s in statements),
    )


def _moving(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The statements without the caches (`CACHE TABLE … AS`) that none of them reads."""
    read = {table for statement in statements for table in statement.reads}
    return tuple(
        s for s in statements if s.kind != "other" or not s.temporary or read & set(s.writes)
    )


def _kind(statements: tuple[Statement, ...]) -> StatementKind:
    kinds = {s.kind for s in statements if s.kind not in ("use", "ddl", "other")}
    return kinds.pop() if len(kinds) == 1 else "other"


class _Source(NamedTuple):
    """A column, the role it is used in, and whether its value is masked on the way."""

    column: Column
    role: Role
    masked: bool

    def through(self, inner: _Source) -> _Source:
        """What makes this column, as it is used through it."""
        if not inner.role.direct or not self.role.direct:
            role = self.role if inner.role.direct else inner.role
        else:
            role = max(self.role, inner.role, key=_DIRECT.index)
        return _Source(inner.column, role, self.masked or inner.masked)


class _Intermediates:
    """The tables that exist only within a script, and what their columns are made of."""

    def __init__(self, statements: tuple[Statement, ...]) -> None:
        self.tables = _intermediate_tables(statements)
        self._made: dict[Column, list[_Source]] = {}
        self._stars: dict[Table, set[Table]] = {}
        self._known: dict[Column, list[_Source]] = {}
        for statement in statements if self.tables else ():
            for edge in (*statement.edges, *statement.influences):
                if edge.target_table in self.tables:
                    column = Column(edge.target_table, edge.target)
                    self._made.setdefault(column, []).append(
                        _Source(edge.source, edge.role, edge.masked)
                    )
            for table in self.tables.intersection(statement.writes):
                self._stars.setdefault(table, set()).update(statement.stars)

    def outside(self, tables: Iterable[Table]) -> tuple[Table, ...]:
        """The tables that are no intermediates."""
        return tuple(sorted(set(tables) - self.tables))

    def edges(self, edges: Iterable[ColumnEdge]) -> tuple[ColumnEdge, ...]:
        """The edges into other tables, from what the intermediates are made of."""
        return in_order(
            ColumnEdge(edge.target, edge.target_table, *root)
            for edge in edges
            if edge.target_table not in self.tables
            for root in self._roots(_Source(edge.source, edge.role, edge.masked))
        )

    def uses(self, uses: Iterable[ColumnUse]) -> tuple[ColumnUse, ...]:
        """The uses of what the intermediates are made of."""
        named: dict[tuple[Column, Role], bool] = {}
        for use in uses:
            for root in self._roots(_Source(use.column, use.role, False)):
                key = (root.column, root.role)
                named[key] = named.get(key, False) or use.named
        return tuple(ColumnUse(c, role, n) for (c, role), n in sorted(named.items()))

    def _roots(self, source: _Source) -> list[_Source]:
        """The columns outside that make a column, each as it is used through it."""
        if source.column.table not in self.tables:
            return [source]
        self._trace(source.column)
        return [source.through(root) for root in self._known[source.column]]

    def _trace(self, column: Column) -> None:
        """Finds what outside makes an intermediate's column.

        With a stack of its own, since chains of intermediates may be long; each column once, since
        many paths may lead to it. A column made of itself adds nothing.
        """
        stack, open_ = [column], set[Column]()
        while stack:
            top = stack[-1]
            sources = self._sources(top)
            missing = [
                source.column
                for source in sources
                if source.column.table in self.tables
                and source.column not in self._known
                and source.column not in open_
            ]
            open_.add(top)
            if not missing or top in self._known:
                stack.pop()
                ends = (source.through(end) for source in sources for end in self._ends(source))
                self._known.setdefault(top, list(dict.fromkeys(ends)))
            stack += missing

    def _ends(self, source: _Source) -> list[_Source]:
        if source.column.table in self.tables:
            return self._known.get(source.column, [])
        return [_Source(source.column, Role.IDENTITY, False)]

    def _sources(self, column: Column) -> list[_Source]:
        stars = self._stars.get(column.table, set())
        if column in self._made or len(stars) != 1:
            return self._made.get(column, [])
        return [_Source(Column(next(iter(stars)), column.name), Role.IDENTITY, False)]


def _intermediate_tables(statements: tuple[Statement, ...]) -> set[Table]:
    read = {table for statement in statements for table in statement.reads}
    created: set[Table] = set()
    found: set[Table] = set()
    for statement in statements:
        if statement.temporary:
            found.update(read.intersection(statement.writes))
        for change in statement.changes:
            if change.kind == "drop" and change.table in created:
                found.add(change.table)
            elif change.kind in ("create", "clone", "like"):
                created.add(change.table)
    return found

"""What an engine told of a statement wins over what parsing makes of its text.

The engine knows which tables were meant and, some engines, which column went where. The text knows
the roles, and what the engine leaves out. Both are brought together here, once per template.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from ingest.record import Stated, StatedTable
from ingest.sql import Analysis, Column, ColumnEdge, ColumnUse, Statement, Table
from lineage.model import Role

# The engine says that a value travels and not how, or that a column was read and not what for.
_TRAVELS = Role.TRANSFORMATION
_CHOOSES = Role.FILTER


def heed(analysis: Analysis, stated: Stated) -> Analysis:
    """The analysis as the engine's own words correct it.

    A text of one statement is corrected and completed; in a script only its names are. Where the
    text says nothing, the statement is what the engine told.
    """
    told = _Told(stated)
    lasting = [one for one in analysis.statements if one.reads or one.writes]
    if len(lasting) > 1:
        corrected = tuple(told.renamed(one) for one in analysis.statements)
        return msgspec.structs.replace(analysis, statements=corrected)
    if not (told.reads or told.writes):
        return analysis
    parsed = lasting[0] if lasting else Statement("select")
    changing = [one for one in analysis.statements if one not in lasting]
    return Analysis((*changing, told.corrected(parsed)), analysis.context)


class Witness:
    """What of a statement the engine itself told, to say of each edge whose word it is."""

    def __init__(self, stated: Stated) -> None:
        self.reads = frozenset(map(_table, stated.reads or ()))
        self.writes = frozenset(map(_table, stated.writes or ()))
        self.feeds = frozenset(
            (edge.source, edge.target_table, edge.target) for edge in _Told(stated).edges
        )


class _Told:
    """The engine's words in terms of the analyser."""

    def __init__(self, stated: Stated) -> None:
        self.scope = stated.scope
        self.reads = None if stated.reads is None else _columns(stated.reads)
        self.writes = _columns(stated.writes or ())
        every = {**self.writes, **(self.reads or {})}
        self._names = _Names(every, whole=stated.scope == "named")
        targets = list(self.writes)
        sources = list(self.reads or ())
        self.edges = [
            ColumnEdge(
                edge.target_column,
                _of_parts(edge.target, targets),
                Column(_of_parts(edge.source, sources), edge.source_column),
                _TRAVELS,
            )
            for edge in stated.edges
        ]

    def renamed(self, statement: Statement) -> Statement:
        """The statement with the names that the engine gave its tables."""
        return _renamed(statement, self._names)

    def corrected(self, parsed: Statement) -> Statement:
        """The one statement of a text as it was run."""
        known = self.renamed(parsed)
        reads = tuple(self._reads(known))
        writes = tuple(self._writes(known))
        kind = "insert" if known.kind == "select" and self.writes else known.kind
        uses = [use for use in known.uses if use.column.table in {*reads, *writes}]
        stars = tuple(table for table in known.stars if not (self.reads or {}).get(table))
        edges = self._edges(known, writes, reads)
        return msgspec.structs.replace(
            known,
            kind=kind,
            reads=reads,
            writes=writes,
            edges=tuple(dict.fromkeys(edges)),
            uses=tuple(sorted({*uses, *self._more_uses(known, uses, reads, bool(writes))})),
            stars=tuple(table for table in stars if table in reads),
            temporary=False,
        )

    def _reads(self, known: Statement) -> Iterator[Table]:
        """What was read: all that the engine names, and of the text what it may leave out."""
        if self.reads is None:
            yield from known.reads
            return
        tells_paths = any(table.kind != "table" for table in self.reads)
        beyond = [table for table in known.reads if table not in self.reads]
        for table in known.reads:
            untold = self.scope != "named" or (table.kind != "table" and not tells_paths)
            if table in self.reads or untold:
                yield table
        # What stands beneath a view that the text names is no read of its own.
        through_views = self.scope == "beneath" and bool(beyond)
        for table in self.reads:
            target = table in self.writes or table in known.writes
            if table not in known.reads and not target and not through_views:
                yield table

    def _writes(self, known: Statement) -> Iterator[Table]:
        """What was written: all that the engine names, and the files that only the text does."""
        yield from self.writes
        tells_paths = any(table.kind != "table" for table in self.writes)
        for table in known.writes:
            if not self.writes or (table.kind != "table" and not tells_paths):
                yield table

    def _edges(
        self, known: Statement, writes: tuple[Table, ...], reads: tuple[Table, ...]
    ) -> list[ColumnEdge]:
        """The engine's column edges, with the role that the text gives them; else the text's."""
        touched = {*reads, *writes}  # an UPDATE feeds a column from others of its own row
        parsed = [_aimed(edge, writes) for edge in known.edges if edge.source.table in touched]
        if not self.edges:
            return parsed
        roles: dict[tuple[object, ...], list[ColumnEdge]] = {}
        for edge in parsed:
            roles.setdefault(_ends(edge), []).append(edge)
        found = [
            msgspec.structs.replace(edge, role=one.role, masked=one.masked)
            for edge in self.edges
            for one in roles.get(_ends(edge), [edge])
        ]
        told = {edge.target_table for edge in self.edges}
        rest = parsed if self.scope == "some" else [e for e in parsed if e.target_table not in told]
        return [*found, *rest]

    def _more_uses(
        self, known: Statement, uses: Collection[ColumnUse], reads: Sequence[Table], writes: bool
    ) -> Iterator[ColumnUse]:
        """Columns that the engine saw read and that the text does not tell of."""
        roles = {(use.column.table, use.column.name.lower()) for use in uses}
        feeding = {(edge.source.table, edge.source.name.lower()) for edge in self.edges}
        understood = {table for table, _ in roles} if known.parse == "full" else set()
        for table in reads:
            for name in (self.reads or {}).get(table, ()):
                place = (table, name.lower())
                if place in roles or (table in understood and table not in known.stars):
                    continue
                travels = place in feeding or not (writes and self.edges)
                named = table not in known.stars
                yield ColumnUse(Column(table, name), _TRAVELS if travels else _CHOOSES, named)
        for edge in self.edges:
            if (edge.source.table, edge.source.name.lower()) not in roles:
                yield ColumnUse(edge.source, _TRAVELS)


class _Names:
    """Finds the engine's full name of a table as a text spells it.

    whole: the engine names every table; then one of another schema is what the text means.
    """

    def __init__(self, tables: Mapping[Table, tuple[str, ...]], *, whole: bool) -> None:
        self._whole = whole
        self._by_last: dict[tuple[str, str], list[Table]] = {}
        self._columns = {
            (table, name.lower()): name for table, names in tables.items() for name in names
        }
        for table in tables:
            self._by_last.setdefault((table.kind, table.parts[-1].lower()), []).append(table)

    def full(self, table: Table) -> Table:
        """The engine's table of that name when exactly one ends in it, else the table itself."""
        spelled = tuple(part.lower() for part in table.parts)
        named = set(self._by_last.get((table.kind, spelled[-1]), ()))
        fits = {
            one for one in named if _same_end(tuple(part.lower() for part in one.parts), spelled)
        }
        if not fits and self._whole:
            fits = named
        return fits.pop() if len(fits) == 1 else table

    def column(self, column: Column) -> Column:
        """The column of the engine's table, in the engine's spelling where it names it."""
        table = self.full(column.table)
        return Column(table, self._columns.get((table, column.name.lower()), column.name))


def _same_end(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter = min(len(one), len(other))
    return one[-shorter:] == other[-shorter:]


def _renamed(statement: Statement, names: _Names) -> Statement:
    def edge(one: ColumnEdge) -> ColumnEdge:
        target = names.full(one.target_table) if one.target_table else None
        return msgspec.structs.replace(one, source=names.column(one.source), target_table=target)

    return msgspec.structs.replace(
        statement,
        reads=tuple(dict.fromkeys(map(names.full, statement.reads))),
        writes=tuple(dict.fromkeys(map(names.full, statement.writes))),
        edges=tuple(map(edge, statement.edges)),
        influences=tuple(map(edge, statement.influences)),
        uses=tuple(
            msgspec.structs.replace(use, column=names.column(use.column)) for use in statement.uses
        ),
        stars=tuple(map(names.full, statement.stars)),
        assigned=tuple(map(names.column, statement.assigned)),
        changes=tuple(
            msgspec.structs.replace(change, table=names.full(change.table))
            for change in statement.changes
        ),
    )


def _aimed(edge: ColumnEdge, writes: tuple[Table, ...]) -> ColumnEdge:
    """An edge of a bare SELECT goes where the engine says that its result went."""
    if edge.target_table is None and len(writes) == 1:
        return msgspec.structs.replace(edge, target_table=writes[0])
    return edge


def _ends(edge: ColumnEdge) -> tuple[object, ...]:
    return edge.source.table, edge.source.name.lower(), edge.target_table, edge.target.lower()


def _columns(tables: Iterable[StatedTable]) -> dict[Table, tuple[str, ...]]:
    return {_table(table): table.columns for table in tables}


def _table(table: StatedTable) -> Table:
    return Table(table.parts, table.kind)


def _of_parts(parts: tuple[str, ...], tables: Sequence[Table]) -> Table:
    return next((table for table in tables if table.parts == parts), Table(parts))

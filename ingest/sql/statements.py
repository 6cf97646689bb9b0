"""One statement's tree in, one Statement out."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from ingest.sql import ddl, loads
from ingest.sql.changes import delete, insert, merge, multi_insert, select_into, update
from ingest.sql.flows import MASKED, ROLES, Flow, is_direct, rank
from ingest.sql.queries import query
from ingest.sql.records import (
    Column,
    ColumnEdge,
    ColumnUse,
    ParseLevel,
    Statement,
    StatementKind,
    Table,
    in_order,
)
from ingest.sql.relations import Derived, Field
from ingest.sql.run import Run
from ingest.sql.scopes import Scope

_Action = Callable[[exp.Expr, Scope], Derived | None]


def statement_of(node: exp.Expr, run: Run, inside: bool = False) -> Statement:
    """What a parsed statement reads, writes and depends on.

    inside: it stands in a block, where SELECT INTO fills variables.

    Raises:
        TooCostlyError: the statement takes more steps than the budget allows.
        RecursionError: its queries nest too deeply.
    """
    run.query, run.modify = query, _modify
    scope = Scope(run)
    scope.by_name.update((name, _row_of(query)) for name, query in run.rows.items())
    kind, action = _kind(node)
    output = action(node, scope) if action else None
    if output is not None:
        into = node.args.get("into") if isinstance(node, exp.Select) else None
        if into is not None and not inside and select_into(into, output, scope):
            kind = "create_table"
        elif not run.targets:
            run.targets.append((None, output.fields()))
    return _assembled(kind, run)


def _row_of(statement: Statement) -> Derived:
    """A row of a query as a relation."""
    flows: dict[str, Flow] = {name: {} for name in statement.output}
    for edge in (*statement.edges, *statement.influences):
        flows[edge.target][edge.source] = ROLES.index(edge.role)
    return Derived(Field(name, flow) for name, flow in flows.items())


_ACTIONS: tuple[tuple[type | tuple[type, ...], StatementKind, _Action], ...] = (
    ((exp.Query, exp.Pivot), "select", query),
    (exp.Insert, "insert", insert),
    (exp.MultitableInserts, "insert", multi_insert),
    (exp.Update, "update", update),
    (exp.Delete, "delete", delete),
    (exp.Merge, "merge", merge),
    (exp.LockingStatement, "select", lambda node, scope: query(node.expression, scope)),
    (exp.Create, "ddl", ddl.create),
    (exp.Drop, "ddl", ddl.drop),
    (exp.Alter, "ddl", ddl.alter),
    (exp.TruncateTable, "ddl", ddl.truncate),
    (exp.Copy, "copy", loads.copy),
    (exp.LoadData, "copy", loads.load_data),
    (exp.Export, "copy", loads.export),
)


def _kind(node: exp.Expr) -> tuple[StatementKind, _Action | None]:
    if isinstance(node, exp.Create) and node.kind in ("TABLE", "VIEW"):
        return ("create_view" if node.kind == "VIEW" else "create_table"), ddl.create
    if isinstance(node, exp.Describe) and isinstance(node.this, exp.Query):
        return "explain", _explain
    found = ((kind, action) for types, kind, action in _ACTIONS if isinstance(node, types))
    return next(found, ("other", None))


def _explain(node: exp.Expr, scope: Scope) -> None:
    query(node.this, scope)


def _modify(node: exp.Expr, scope: Scope) -> Derived:
    """A data-changing statement inside a WITH; its RETURNING columns are what the CTE has."""
    _, action = _kind(node)
    return (action(node, scope) if action else None) or Derived(())


def _assembled(kind: StatementKind, run: Run) -> Statement:
    edges: set[ColumnEdge] = set()
    influences: set[ColumnEdge] = set()
    stars: dict[Table, None] = {}
    for target, fields in run.targets:
        for field in fields:
            _sort_out(field, target, edges, influences, stars, run)
    rests = any(field.rest is not None for _, fields in run.targets for field in fields)
    level: ParseLevel = "star_expanded" if run.star_expanded else "full"
    reads = {table for table, count in run.reads.items() if count > 0}
    in_rows = {table for query in run.rows.values() for table in query.reads}
    reads |= in_rows & {column.table for column in (*run.uses, *run.touched)}
    return Statement(
        kind=kind,
        reads=tuple(sorted(reads)),
        writes=tuple(sorted(run.writes)),
        edges=in_order(edges),
        influences=in_order(influences),
        uses=_uses(run),
        stars=tuple(stars),
        names_assumed=run.names_assumed,
        output=tuple(f.name for _, fields in run.targets for f in fields if f.rest is None),
        output_complete=not rests,
        assigned=tuple(sorted(run.assigned)),
        changes=tuple(run.changes),
        parse="star_unknown" if rests else level,
        notes=tuple(run.notes),
        temporary=run.temporary,
        consulted=tuple(sorted(run.consulted)),
        dynamic=run.dynamic,
    )


def _sort_out(
    field: Field,
    target: Table | None,
    edges: set[ColumnEdge],
    influences: set[ColumnEdge],
    stars: dict[Table, None],
    run: Run,
) -> None:
    if field.rest is not None:
        stars.update(dict.fromkeys(field.rest.open_tables()))
        return
    for column, role in field.flow.items():
        number = rank(role)
        edge = ColumnEdge(field.name, target, column, ROLES[number], bool(role & MASKED))
        (edges if is_direct(role) else influences).add(edge)
        run.uses[column] = run.uses.get(column, 0) | 1 << number


def _uses(run: Run) -> tuple[ColumnUse, ...]:
    for column, bits in run.touched.items():
        run.uses.setdefault(column, bits)
    return tuple(
        ColumnUse(column, role, column in run.named)
        for column, bits in sorted(run.uses.items(), key=_by_column)
        for number, role in enumerate(ROLES)
        if bits >> number & 1
    )


def _by_column(entry: tuple[Column, int]) -> Column:
    return entry[0]

"""One statement's tree in, one Statement out."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from ingest.sql import ddl, loads
from ingest.sql.changes import delete, insert, merge, multi_insert, select_into, update
from ingest.sql.flows import AGGREGATION, MASKED, ROLES, Flow
from ingest.sql.queries import query
from ingest.sql.records import (
    ColumnEdge,
    ParseLevel,
    Statement,
    StatementKind,
    in_order,
)
from ingest.sql.relations import Derived, Field, Relation
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
    edges: list[ColumnEdge] = []
    influences: list[ColumnEdge] = []
    output: list[str] = []
    rests: list[Relation] = []
    for target, fields in run.targets:
        for field in fields:
            if field.rest is not None:
                rests.append(field.rest)
                continue
            output.append(field.name)
            run.uses.add_made(field.flow)
            for column, role in field.flow.items():
                number = role & 15
                edge = ColumnEdge(field.name, target, column, ROLES[number], role >= MASKED)
                (edges if number <= AGGREGATION else influences).append(edge)
    level: ParseLevel = "star_expanded" if run.star_expanded else "full"
    reads = {table for table, count in run.reads.items() if count > 0}
    if run.rows:
        in_rows = {table for query in run.rows.values() for table in query.reads}
        reads |= in_rows & run.uses.tables()
    return Statement(
        kind=kind,
        reads=tuple(sorted(reads)),
        writes=tuple(sorted(run.writes)),
        edges=in_order(edges),
        influences=in_order(influences),
        uses=run.uses.listed(),
        stars=tuple(dict.fromkeys(table for rest in rests for table in rest.open_tables())),
        names_assumed=run.names_assumed,
        output=tuple(output),
        output_complete=not rests,
        assigned=tuple(sorted(run.assigned)),
        changes=tuple(run.changes),
        parse="star_unknown" if rests else level,
        notes=tuple(run.notes),
        temporary=run.temporary,
        consulted=tuple(sorted(run.consulted)),
        dynamic=run.dynamic,
    )

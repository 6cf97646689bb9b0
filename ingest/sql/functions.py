"""Functions that stand in FROM: files, tables named in strings, queries handed in."""

from __future__ import annotations

from sqlglot import exp

from ingest.sql.expressions import trace
from ingest.sql.federation import federated
from ingest.sql.flows import NOTHING, TRANSFORMATION, Flow
from ingest.sql.names import is_path, qualified, table_of
from ingest.sql.relations import BaseTable, Derived, Field, Function, Relation
from ingest.sql.scopes import Scope
from lineage.names import parts as split_name

# what reads the table that its first argument names
_OF_A_TABLE = frozenset({"table_changes", "query_table"})


def table_function(function: exp.Expr, scope: Scope, catalog: str = "") -> Relation:
    """What a call in FROM gives; `catalog` stands in front of its name."""
    if isinstance(function, exp.Anonymous):
        if function.name.lower() == "table" and len(function.expressions) == 1:
            inner = function.expressions[0]
            return _inside_table(inner, scope) or _plain(inner, scope)
        found = federated(function, catalog, scope)
        if found is None and function.name.lower() in _OF_A_TABLE and function.expressions:
            found = named_table(function.expressions[0], scope)
        if found is not None:
            return found
    return _handed_in(function, scope) or _plain(function, scope)


def _inside_table(call: exp.Expr, scope: Scope) -> Relation | None:
    """`TABLE(catalog.schema.function(…))` and `TABLE('name')`."""
    path = call
    names: list[str] = []
    while isinstance(path, exp.Dot):
        names.insert(0, path.this.name)
        path = path.expression if isinstance(path.this, exp.Identifier) else path.this
    if isinstance(call, exp.Dot) and isinstance(call.expression, exp.Anonymous):
        first = call.find(exp.Identifier)
        return federated(call.expression, first.name if first else "", scope)
    return named_table(call, scope)


def named_table(name: exp.Expr, scope: Scope) -> Relation | None:
    """The table that a string in place of a table means; None when the text is no string."""
    if isinstance(name, exp.DynamicIdentifier):
        name = name.this
    if not isinstance(name, exp.Literal) or not name.is_string:
        return None
    table = qualified(split_name(scope.run.rules.table(name.name, False)), scope.run)
    scope.run.reads[table] += 1
    return BaseTable(table, scope.run.columns_of(table))


def _handed_in(function: exp.Expr, scope: Scope) -> Relation | None:
    """A function of a query or table gives its columns and others: ML.PREDICT, APPENDS."""
    given = [node for node in function.iter_expressions() if isinstance(node, exp.Subquery)]
    tables = [node for node in function.iter_expressions() if isinstance(node, exp.Table)]
    for table in tables if given else tables[:-1]:
        if (model := table_of(table, scope.run)) is not None:
            scope.run.reads[model] += 1
    if not given and not tables:
        return None
    source: exp.Expr = given[0] if given else exp.select("*").from_(tables[-1].copy())
    output = scope.run.query(source, scope.around())
    return Derived([*output.fields(), Field("*", NOTHING, Function((), NOTHING))])


def _plain(function: exp.Expr, scope: Scope) -> Relation:
    flow: Flow = {}
    trace(function, scope, TRANSFORMATION, flow)
    columns = declared(function)
    if columns:
        return Function([(name, flow) for name in columns], flow)
    for literal in function.find_all(exp.Literal):
        if literal.is_string and is_path(literal.name):
            path = table_of(exp.Table(this=literal.copy()), scope.run)
            if path is not None:
                scope.run.reads[path] += 1
                return BaseTable(path, scope.run.columns_of(path))
    return Function((), flow)


def declared(function: exp.Expr) -> list[str]:
    """The columns that JSON_TABLE, OPENJSON and the like list."""
    kinds = (exp.OpenJSONColumnDef, exp.JSONColumnDef, exp.ColumnDef)
    return [column.name for column in function.find_all(*kinds) if column.name]

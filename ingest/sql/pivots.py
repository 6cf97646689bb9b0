"""PIVOT and UNPIVOT: a relation with columns turned into rows or rows into columns."""

from __future__ import annotations

from itertools import product

from msgspec.structs import replace
from sqlglot import exp

from ingest.sql.expressions import flow_of, trace
from ingest.sql.flows import CONDITIONAL, FILTER, GROUP_BY, IDENTITY, NOTHING, Flow, add, union
from ingest.sql.relations import Derived, Field, Function, Relation
from ingest.sql.scopes import Scope
from ingest.sql.stars import star_fields


def pivoted(relation: Relation, pivot: exp.Expr, alias: str, outer: Scope) -> Relation:
    """The relation after a PIVOT or UNPIVOT."""
    scope = Scope(outer.run, outer)
    scope.add(alias, relation)
    fields = _unpivot(pivot, scope) if pivot.args.get("unpivot") else _pivot(pivot, scope)
    names = pivot.args["alias"].columns if pivot.args.get("alias") else []
    renamed = [replace(field, name=name.name) for field, name in zip(fields, names, strict=False)]
    return Derived([*renamed, *fields[len(renamed) :]])


def pivot_statement(node: exp.Expr, outer: Scope, relation: Relation) -> list[Field]:
    """DuckDB's `PIVOT t ON … USING … GROUP BY …` and `UNPIVOT t ON … INTO NAME … VALUE …`."""
    scope = Scope(outer.run, outer)
    scope.add(node.this.alias_or_name, relation)
    if node.args.get("unpivot"):
        return _unpivoted(node, scope)
    using = node.args.get("using") or []
    flows = [flow_of(aggregation, scope) for aggregation in using] or [NOTHING]
    used = {name for item in (*using, *node.expressions) for name in _names_in(item)}
    for item in node.expressions:
        trace(item.this if isinstance(item, exp.In) else item, scope, GROUP_BY)
    group = node.args.get("group")
    kept = _grouped(group.expressions, scope) if group else _left_over(scope, used)
    return [*kept, *_made(node.expressions, using, flows)]


def _grouped(columns: list[exp.Expr], scope: Scope) -> list[Field]:
    """Columns that are grouped by and come out under their own names."""
    for column in columns:
        trace(column, scope, GROUP_BY)
    return [Field(column.name, flow_of(column, scope)) for column in columns]


def _made(on: list[exp.Expr], using: list[exp.Expr], flows: list[Flow]) -> list[Field]:
    """One column per listed value and aggregate; one rest when the data say which there are."""
    lists = [item.expressions for item in on if isinstance(item, exp.In)]
    if len(lists) < len(on):
        flow = union(flows)
        return [Field("*", flow, Function((), flow))]
    aliases = [item.alias for item in using]
    if len(using) < 2 and not any(aliases):
        aliases = [""]
    return [
        Field("_".join([*(value.name for value in values), *filter(None, [alias])]), flow)
        for values in product(*lists)
        for alias, flow in zip(aliases, flows, strict=True)
    ]


def _unpivoted(node: exp.Expr, scope: Scope) -> list[Field]:
    into = node.args.get("into")
    values = [value.name for value in into.expressions] if into else ["value"]
    cells: list[Field] = []
    for item in node.expressions:
        stars = star_fields(item, scope)
        cells += stars if stars is not None else [Field(item.name, flow_of(item, scope))]
    flow = union([cell.flow for cell in cells] or [NOTHING])
    steering = _presence(node, cells, scope)
    used = {cell.name.lower() for cell in cells}
    name = Field(into.this.name if into else "name", steering)
    return [*_left_over(scope, used), name, *(Field(value, flow) for value in values)]


def _left_over(scope: Scope, used: set[str]) -> list[Field]:
    """The columns of the relation that the pivot does not consume."""
    result = []
    for field in scope.relations[0].fields():
        if field.rest is not None:
            result.append(replace(field, without=field.without | used))
        elif field.name.lower() not in used:
            result.append(field)
    return result


def _names_in(node: exp.Expr) -> set[str]:
    return {column.name.lower() for column in node.find_all(exp.Column)}


def _pivot(pivot: exp.Expr, scope: Scope) -> list[Field]:
    used: set[str] = set()
    flows: list[Flow] = []
    for aggregation in pivot.expressions:
        flows.append(flow_of(aggregation, scope))
        used |= _names_in(aggregation)
    for field in pivot.args.get("fields") or ():
        if isinstance(field, exp.In):
            trace(field.this, scope, GROUP_BY)
            used |= _names_in(field.this)
            listed = all(not isinstance(e, (exp.Query, exp.PivotAny)) for e in field.expressions)
            if not listed:
                flow = union(flows or [NOTHING])
                for item in field.expressions:
                    trace(item, scope, GROUP_BY)
                return [*_left_over(scope, used), Field("*", flow, Function((), flow))]
    names = [name.name for name in pivot.args.get("columns") or ()]
    made = [
        Field(name, flows[i % len(flows)] if flows else NOTHING) for i, name in enumerate(names)
    ]
    group = pivot.args.get("group")
    if group is not None:
        trace(group, scope, GROUP_BY)
    return [*_left_over(scope, used), *made]


def _unpivot(pivot: exp.Expr, scope: Scope) -> list[Field]:
    used: set[str] = set()
    values: list[Field] = []
    names: list[Field] = []
    for field in pivot.args.get("fields") or ():
        if not isinstance(field, exp.In):
            continue
        used |= {name for item in field.expressions for name in _names_in(item)}
        values += _value_columns(pivot, field, scope)
        names.append(Field(field.this.name, _presence(pivot, values, scope)))
    order = [*values, *names] if pivot.args.get("value_columns_first") else [*names, *values]
    return [*_left_over(scope, used), *order]


def _presence(pivot: exp.Expr, cells: list[Field], scope: Scope) -> Flow:
    """What decides which names come out: every value, since the row of a NULL is left out."""
    steering: Flow = {}
    if not pivot.args.get("include_nulls"):
        for cell in cells:
            add(steering, cell.flow, CONDITIONAL)
            scope.run.use(cell.flow, FILTER)
    return steering


def _value_columns(pivot: exp.Expr, field: exp.In, scope: Scope) -> list[Field]:
    """One value column per name before FOR; with several, the IN list holds tuples."""
    names = [
        name.name
        for expression in pivot.expressions
        for name in (expression.expressions if isinstance(expression, exp.Tuple) else [expression])
    ]
    flows: list[Flow] = [{} for _ in names]
    for item in field.expressions:
        group = item.this if isinstance(item, (exp.PivotAlias, exp.Alias)) else item
        cells = group.expressions if isinstance(group, exp.Tuple) else [group]
        for i, cell in enumerate(cells):
            add(flows[min(i, len(flows) - 1)], flow_of(cell, scope), IDENTITY)
    return [Field(name, flow) for name, flow in zip(names, flows, strict=True)]

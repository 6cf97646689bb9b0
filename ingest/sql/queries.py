"""Queries: SELECT, set operations, CTEs; what columns come out and what they are made of."""

from __future__ import annotations

from msgspec.structs import replace
from sqlglot import exp

from ingest.sql.expressions import dotted, flow_of, trace
from ingest.sql.flows import (
    AGGREGATION,
    FILTER,
    GROUP_BY,
    NOTHING,
    SORT,
    WINDOW,
    Flow,
    rank,
    union,
)
from ingest.sql.pivots import pivot_statement, pivoted
from ingest.sql.records import placeholder
from ingest.sql.relations import Derived, Field, Function, Positional, Relation
from ingest.sql.scopes import BEFORE_UNKNOWN, FIRST, LAST, NEVER, Scope
from ingest.sql.sources import attach, attach_join, renamed
from ingest.sql.stars import star_fields

# what lists expressions of which some may be ordinals
_GROUPINGS = (exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple, exp.Paren)
# calls whose unaliased column PostgreSQL names after the function
_NAMED_CALLS = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Coalesce, exp.Lower, exp.Upper)
_CLAUSES = (
    ("connect", FILTER, NEVER),
    ("prewhere", FILTER, LAST),
    ("where", FILTER, LAST),
    ("group", GROUP_BY, BEFORE_UNKNOWN),
    ("having", FILTER, BEFORE_UNKNOWN),
    ("qualify", FILTER, BEFORE_UNKNOWN),
    ("order", SORT, FIRST),
    ("sort", SORT, FIRST),
    ("cluster", SORT, FIRST),
    ("distribute", SORT, FIRST),
    ("limit", FILTER, NEVER),
    ("offset", FILTER, NEVER),
)


def query(node: exp.Expr, outer: Scope) -> Derived:
    """The output of a query seen from a scope."""
    inner = node
    while isinstance(inner, exp.Subquery) and not _modified(inner):
        inner = inner.this
    scope = Scope(outer.run, outer)
    bind_ctes(inner, scope)
    if isinstance(inner, exp.Select):
        return _select(inner, scope)
    if isinstance(inner, exp.SetOperation):
        return _set_operation(inner, scope)
    if isinstance(inner, exp.DML):
        return scope.run.modify(inner, scope)
    if isinstance(inner, exp.Subquery):
        return _modified_subquery(inner, scope)
    if isinstance(inner, exp.Pivot):
        source = attach(inner.this, Scope(outer.run, scope))
        return Derived(pivot_statement(inner, scope, source or Derived(())))
    relation = attach(inner, scope)
    return Derived(relation.fields() if relation else ())


def _modified(node: exp.Subquery) -> bool:
    keys = ("with_", "joins", "pivots", "laterals", "where", "order", "limit")
    return any(node.args.get(key) for key in keys)


def _modified_subquery(node: exp.Subquery, scope: Scope) -> Derived:
    """A query in parentheses with something behind them: `(SELECT …) ORDER BY x`."""
    only_tail = not any(node.args.get(key) for key in ("joins", "pivots", "laterals", "where"))
    if only_tail and isinstance(node.this, exp.Query):
        output = query(node.this, scope)
        scope.add("", output)
    else:
        attach(node, scope)
        output = Derived([f for relation in scope.relations for f in relation.fields()])
    _clauses(node, scope, output.fields())
    return output


def bind_ctes(node: exp.Expr, scope: Scope) -> None:
    """Makes the CTEs of a node's WITH known to a scope; each sees those before it."""
    with_ = node.args.get("with_")
    if with_ is None:
        return
    scope.ctes = dict(scope.ctes)
    recursive = with_.args.get("recursive") or scope.run.rules.implicit_recursion
    for cte in with_.expressions:
        name = cte.alias.lower()
        columns = [c.name for c in cte.args["alias"].columns] if cte.args.get("alias") else []
        body = cte.this
        if cte.args.get("scalar") or not isinstance(body, (exp.Query, exp.DML, exp.Pivot)):
            output = _scalar(body, name, scope)
        elif recursive and isinstance(body, exp.SetOperation):
            output = _recursive(body, name, columns, scope)
        else:
            output = query(body, scope)
        scope.ctes[name] = _derived(renamed(output, columns))


def _scalar(body: exp.Expr, name: str, scope: Scope) -> Derived:
    """ClickHouse's `WITH expression AS name`."""
    flow = flow_of(body, scope)
    scope.constants = {**scope.constants, name.lower(): flow}
    return Derived([Field(name, flow)])


def _derived(relation: Relation) -> Derived:
    return relation if isinstance(relation, Derived) else Derived(relation.fields())


def _recursive(body: exp.SetOperation, name: str, columns: list[str], scope: Scope) -> Derived:
    """The anchor's output is what the recursive branch reads under the CTE's own name."""
    branches = _branches(body)
    inner = Scope(scope.run, scope)
    bind_ctes(body, inner)
    anchor = query(branches[0][0], inner)
    inner.ctes = {**inner.ctes, name: _derived(renamed(anchor, columns))}
    outputs = [anchor, *(query(branch, inner) for branch, _ in branches[1:])]
    return _by_position(outputs)


def _branches(node: exp.SetOperation) -> list[tuple[exp.Expr, bool]]:
    """The queries of a chain of set operations, and whether their rows come out (not EXCEPT's).

    Left to right; chains lean left, so that their length is no depth.
    """
    found: list[tuple[exp.Expr, bool]] = []
    left: exp.Expr = node
    while isinstance(left, exp.SetOperation) and (left is node or not left.args.get("with_")):
        found.append((left.expression, not isinstance(left, exp.Except)))
        left = left.this
    return [(left, True), *reversed(found)]


def _set_operation(node: exp.SetOperation, scope: Scope) -> Derived:
    outputs = []
    for branch, comes_out in _branches(node):
        output = query(branch, scope)
        if comes_out:
            outputs.append(output)
        else:
            for field in output.fields():
                scope.run.use(field.flow, FILTER, named=False)
    output = _by_name(outputs) if node.args.get("by_name") else _by_position(outputs)
    scope.add("", output)
    _clauses(node, scope, output.fields())
    return output


def _by_position(outputs: list[Derived]) -> Derived:
    listed = [output.fields() for output in outputs]
    if any(field.rest is not None for fields in listed for field in fields):
        # Positions are not known; names have to do.
        relations: list[Relation] = list(outputs)
        named = [field for field in _by_name(outputs).fields() if field.rest is None]
        return Derived([*named, Field("*", NOTHING, Positional(relations))])
    return Derived(
        replace(field, flow=union([fields[i].flow for fields in listed if i < len(fields)]))
        for i, field in enumerate(listed[0])
    )


def _by_name(outputs: list[Derived]) -> Derived:
    names = {f.name.lower(): f.name for o in outputs for f in o.fields() if f.rest is None}
    rests = [field for output in outputs for field in output.fields() if field.rest is not None]
    return Derived([*(Field(name, _named(outputs, name)) for name in names.values()), *rests])


def _named(outputs: list[Derived], name: str) -> Flow:
    """What the outputs have under a name."""
    found = (output.known(name.lower()) or output.unknown(name) for output in outputs)
    return union([flow for flow in found if flow is not None] or [NOTHING])


def _select(node: exp.Select, scope: Scope) -> Derived:
    args = node.args
    if args.get("from_") is not None:
        attach(args["from_"].this, scope)
    for lateral in args.get("laterals") or ():
        attach(lateral, scope)
    for join in args.get("joins") or ():
        attach_join(join, scope)
    if args.get("match") is not None:
        _match(args["match"], scope)
    for window in args.get("windows") or ():
        scope.windows[window.name.lower()] = window
    if scope.run.rules.lateral_alias:
        scope.aliasing = BEFORE_UNKNOWN
    fields = projected(node.expressions, scope)
    _clauses(node, scope, fields)
    distinct = args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        _ordinal_or_trace(distinct.args["on"], scope, GROUP_BY, fields)
    output = Derived(fields)
    for pivot in args.get("pivots") or ():
        output = _derived(pivoted(output, pivot, "", scope))
    return output


def _match(node: exp.Expr, scope: Scope) -> None:
    """MATCH_RECOGNIZE: its measures are columns; what qualifies a name in it is a pattern."""
    for column in list(node.find_all(exp.Column)):
        column.set("table", None)
    measures = [
        (measure.this.alias, flow_of(measure.this, scope))
        for measure in node.args.get("measures") or ()
    ]
    for item in (*(node.args.get("partition_by") or ()), node.args.get("order")):
        if item is not None:
            trace(item, scope, WINDOW)
    for definition in node.args.get("define") or ():
        trace(definition, scope, FILTER)
    scope.add("", Function(measures, NOTHING))


def projected(expressions: list[exp.Expr], scope: Scope) -> list[Field]:
    """The output columns of a select list."""
    fields: list[Field] = []
    for expression in expressions:
        stars = star_fields(expression, scope)
        if stars is not None:
            fields += stars
            continue
        if isinstance(expression, exp.Aliases):
            flow = flow_of(expression.this, scope)
            fields += [Field(name.name, flow) for name in expression.aliases]
            continue
        name = output_name(expression, scope)
        if isinstance(expression, exp.Alias):
            flow = flow_of(expression.this, scope)
            scope.aliases.setdefault(name.lower(), flow)
        else:
            flow = flow_of(expression, scope)
        fields.append(Field(name, flow))
        scope.run.spend(len(flow))
    for place, field in enumerate(fields, start=1):
        if not field.name:
            fields[place - 1] = replace(field, name=placeholder(place))
    return fields


def output_name(node: exp.Expr, scope: Scope) -> str:
    """The name of a select-list item; empty when it has none, never taken from a literal."""
    fold = scope.run.rules.column
    if isinstance(node, (exp.Alias, exp.PivotAlias)):
        alias = node.args["alias"]
        return fold(alias.name, bool(alias.args.get("quoted")))
    while isinstance(node, (exp.Paren, exp.Cast, exp.TryCast)):
        node = node.this
    if isinstance(node, exp.Column):
        return fold(node.name, bool(node.this.args.get("quoted")))
    if scope.run.rules.names_calls and isinstance(node, _NAMED_CALLS):
        return node.sql_name().lower()
    if scope.run.rules.spells_calls and isinstance(node, exp.AggFunc):
        return _spelled(node)
    parts = dotted(node, scope) if isinstance(node, exp.Dot) else None
    return parts[-1] if parts else ""


def _spelled(call: exp.AggFunc) -> str:
    """DuckDB's name of a call: `sum(amount)`; empty where it holds more than a plain column."""
    inner = call.this
    if isinstance(call, exp.Count) and isinstance(inner, exp.Star):
        return "count_star()"
    is_plain = isinstance(inner, exp.Column) and len(list(call.iter_expressions())) == 1
    return f"{call.sql_name().lower()}({inner.name})" if is_plain and not inner.table else ""


def _clauses(node: exp.Expr, scope: Scope, fields: list[Field]) -> None:
    args = node.args
    for key, role, aliasing in [clause for clause in _CLAUSES if args.get(clause[0])]:
        clause = args[key]
        scope.aliasing = aliasing
        if role in (GROUP_BY, SORT):
            for item in _items(clause):
                _ordinal_or_trace(item, scope, role, fields)
        else:
            trace(clause, scope, role)


def _items(clause: exp.Expr) -> list[exp.Expr]:
    items = list(clause.expressions)
    for key in ("cube", "rollup", "grouping_sets"):
        value = clause.args.get(key)
        if isinstance(value, list):
            items += value
    if clause.args.get("all"):
        items.append(exp.var("ALL"))
    return items


def _at(position: int, fields: list[Field]) -> Flow:
    """The flow of the output column at an ordinal; nothing for 0, which stands for a value."""
    if not 0 < position <= len(fields) or any(f.rest is not None for f in fields[:position]):
        return NOTHING
    return fields[position - 1].flow


def _ordinal_or_trace(item: exp.Expr, scope: Scope, role: int, fields: list[Field]) -> None:
    value = item.this if isinstance(item, exp.Ordered) else item
    if isinstance(value, _GROUPINGS):
        for inner in _items(value) or ([value.this] if value.this else []):
            _ordinal_or_trace(inner, scope, role, fields)
    elif isinstance(value, exp.Literal) and not value.is_string and value.name.isdigit():
        scope.run.use(_at(int(value.name), fields), role, named=False)
    elif isinstance(value, (exp.Var, exp.Column)) and value.name.upper() == "ALL":
        for field in fields:
            if not any(rank(r) == AGGREGATION for r in field.flow.values()):
                scope.run.use(field.flow, role, named=False)
    else:
        trace(value, scope, role)

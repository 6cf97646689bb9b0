"""FROM and JOIN: brings relations into a scope."""

from __future__ import annotations

from msgspec.structs import replace
from sqlglot import exp

from ingest.sql.expressions import flow_of, trace
from ingest.sql.flows import IDENTITY, JOIN, NOTHING, TRANSFORMATION, Flow, union
from ingest.sql.functions import declared, named_table, table_function
from ingest.sql.names import is_bare, mark, table_of
from ingest.sql.pivots import pivoted
from ingest.sql.relations import BaseTable, Derived, Field, Function, Relation
from ingest.sql.scopes import Scope

_HALF = frozenset({"SEMI", "ANTI"})  # joins whose right side only chooses rows of the left


def attach(node: exp.Expr, scope: Scope) -> Relation | None:
    """Brings what a FROM item stands for into the scope, with the joins written inside it."""
    if isinstance(node, (exp.Final, exp.Stream)):
        node = node.this
    if isinstance(node, exp.Subquery) and _is_grouping(node):
        relation = attach(node.this, scope)
    else:
        relation = _pivots(_renamed(_relation(node, scope), node, scope), node, scope)
        scope.add(_alias(node), relation)
    for lateral in node.args.get("laterals") or ():
        attach(lateral, scope)
    for join in node.args.get("joins") or ():
        attach_join(join, scope)
    return relation


def attach_join(join: exp.Join, scope: Scope) -> None:
    """Brings a join's right side into the scope and records the columns that the join compares."""
    if join.kind == "ARRAY":
        _array_join(join, scope)
        return
    before = scope.relations[:]
    attach(join.this, scope)
    added = scope.relations[len(before) :]
    if join.args.get("on") is not None:
        trace(join.args["on"], scope, JOIN)
    if join.args.get("match_condition") is not None:
        trace(join.args["match_condition"], scope, JOIN)
    if join.kind in _HALF or join.side in _HALF:
        for name in join.args.get("using") or ():
            _compare(name.name, before, added, scope)
        scope.conceal(added)
        return
    fold = scope.run.rules.column
    for name in join.args.get("using") or ():
        identifier = name.this if isinstance(name, exp.Column) else name
        _merge(fold(identifier.name, bool(identifier.args.get("quoted"))), before, added, scope)
    if join.method == "NATURAL":
        _merge_common(before, added, scope)


def _array_join(join: exp.Join, scope: Scope) -> None:
    """ClickHouse's ARRAY JOIN: each array's elements under its alias or its own name."""
    arrays = [(item.alias_or_name, flow_of(item, scope)) for item in (join.this, *join.expressions)]
    for _, flow in arrays:
        scope.run.use(flow, JOIN)
    scope.add("", Function(arrays, NOTHING))


def _merge(
    name: str, left: list[Relation], right: list[Relation], scope: Scope, named: bool = True
) -> None:
    key = name.lower()
    flows = [scope.merged[key][1]] if key in scope.merged else []
    for side in [right] if flows else [left, right]:
        flow = _only([r.known(key) for r in side]) or _only([r.unknown(name) for r in side])
        if flow is None:
            scope.run.note(f"unknown: {name}")
        else:
            flows.append(flow)
    flow = union(flows) if flows else NOTHING
    scope.run.use(flow, JOIN, named)
    scope.merged[key] = (name, flow)


def _compare(name: str, left: list[Relation], right: list[Relation], scope: Scope) -> None:
    """USING of a join whose right side stays out of sight: nothing is merged."""
    for side in (left, right):
        flow = _only([r.known(name.lower()) or r.unknown(name) for r in side])
        scope.run.use(flow or NOTHING, JOIN)


def _only(flows: list[Flow | None]) -> Flow | None:
    found = [flow for flow in flows if flow is not None]
    return found[0] if len(found) == 1 else None


def _merge_common(left: list[Relation], right: list[Relation], scope: Scope) -> None:
    sides = [[f for r in side for f in r.fields()] for side in (left, right)]
    if any(field.rest for side in sides for field in side):
        scope.run.note("natural join of unknown columns")
    there = {field.name.lower() for field in sides[0] if field.rest is None}
    shared = [f.name for f in sides[1] if f.rest is None and f.name.lower() in there]
    is_last = len(shared) == 1 and scope.run.rules.natural_fails
    for name in shared:
        _merge(name, left, right, scope, named=is_last)


def _is_grouping(node: exp.Subquery) -> bool:
    """Whether the parentheses only group a table or a join, whose names stay in sight."""
    return _is_from_item(node.this) and not node.alias and not node.args.get("pivots")


def _is_from_item(node: exp.Expr) -> bool:
    if not isinstance(node, exp.Subquery):
        return isinstance(node, exp.Table)
    return bool(node.alias or node.args.get("joins")) or _is_from_item(node.this)


def _relation(node: exp.Expr, scope: Scope) -> Relation:
    if isinstance(node, exp.Table):
        return _table(node, scope)
    if isinstance(node, exp.Subquery) and isinstance(node.this, (exp.Table, exp.Subquery)):
        inner = Scope(scope.run, scope.around())
        attach(node.this, inner)
        return Derived([field for r in inner.relations for field in r.fields()])
    if isinstance(node, exp.Unnest):
        return _unnest(node, scope)
    if isinstance(node, exp.Lateral):
        return _lateral(node, scope)
    if isinstance(node, exp.Values):
        return _values(node, scope)
    if isinstance(node, exp.Subquery):
        return scope.run.query(node.this, scope.around())
    if isinstance(node, (exp.Query, exp.DML, exp.Pivot)):
        return scope.run.query(node, scope.around())
    if isinstance(node, exp.TableFromRows):
        table = named_table(node.this, scope)
        if table is not None:
            return table
    return Function((), flow_of(node, scope))


def _table(node: exp.Table, scope: Scope) -> Relation:
    run = scope.run
    if isinstance(node.this, exp.Func) and not isinstance(node.this, exp.DynamicIdentifier):
        catalog = node.parts[0].name if node.args.get("db") else ""
        return table_function(node.this, scope, catalog)
    if is_bare(node):
        key = node.this.name.lower()
        cte = scope.ctes.get(key)
        if cte is not None:
            return cte
        if run.rules.bare_statements and key in run.variables:
            return Function((), NOTHING)  # a trigger's inserted and deleted rows
    elif run.rules.array_join:
        names = [part.name for part in node.parts]
        array = scope.resolve(names) if scope.relation(names[:1]) is not None else None
        if array is not None:
            run.use(array[0], IDENTITY)
            run.use(array[0], JOIN)  # how many elements there are decides how many rows
            return Function((), array[0])
    table = table_of(node, run)
    if table is None:
        run.note("a table whose name is not in the text")
        return Function((), NOTHING)
    run.reads[table] += 1
    return BaseTable(table, run.columns_of(table))


def _unnest(node: exp.Unnest, scope: Scope) -> Relation:
    flows = [flow_of(argument, scope) for argument in node.expressions]
    flow = union(flows) if flows else NOTHING
    scope.run.use(flow, JOIN)
    alias = node.args.get("alias")
    names = [column.name for column in alias.columns] if alias else []
    columns = [
        (name, flows[i] if len(flows) == len(names) else flow) for i, name in enumerate(names)
    ]
    offset = node.args.get("offset")
    if isinstance(offset, exp.Identifier):
        columns.append((offset.name, NOTHING))
    relation = Function(columns, flow)
    if scope.run.rules.name == "bigquery":
        for name in names[:1]:
            scope.add(name, Function((), flow))
    elif alias and not names and alias.name:
        return Function([(alias.name, flow)], flow)
    return relation


def _lateral(node: exp.Lateral, scope: Scope) -> Relation:
    inner = node.this
    if isinstance(inner, exp.Subquery):
        return scope.run.query(inner, scope)
    if isinstance(inner, exp.Unnest):
        return _unnest(inner, scope)
    flow: Flow = {}
    trace(inner, scope, TRANSFORMATION, flow)
    scope.run.use(flow, JOIN)
    alias = node.args.get("alias")
    names = [column.name for column in alias.columns] if alias else []
    return Function([(name, flow) for name in names or declared(inner)], flow)


def _values(node: exp.Values, scope: Scope) -> Relation:
    rows = [
        [
            flow_of(cell, scope)
            for cell in (row.expressions if isinstance(row, exp.Tuple) else [row])
        ]
        for row in node.expressions
    ]
    width = max((len(row) for row in rows), default=0)
    return Derived(
        Field(f"column{i + 1}", union([row[i] for row in rows if len(row) > i]))
        for i in range(width)
    )


def _pivots(relation: Relation, node: exp.Expr, scope: Scope) -> Relation:
    for pivot in node.args.get("pivots") or ():
        relation = pivoted(relation, pivot, _alias(node), scope)
    return relation


def _renamed(relation: Relation, node: exp.Expr, scope: Scope) -> Relation:
    """The relation under the column names that its alias lists."""
    is_done = isinstance(node, exp.Unnest) or (
        isinstance(node, exp.Lateral) and not isinstance(node.this, exp.Subquery)
    )
    alias = node.args.get("alias")
    if is_done or not alias:
        return relation
    return renamed(relation, [_name(column, scope) for column in alias.columns])


def renamed(relation: Relation, names: list[str]) -> Relation:
    """The relation with its first columns called otherwise."""
    if not names:
        return relation
    fields = relation.fields()
    if isinstance(relation, Function):
        return Function([(name, relation.flow) for name in names], relation.flow)
    if any(field.rest is not None for field in fields[: len(names)]):
        # Positions are not known; a column list mostly repeats the names that the columns have.
        return Derived(
            [
                Field(name, relation.known(name.lower()) or relation.unknown(name) or NOTHING)
                for name in names
            ]
        )
    new = [replace(field, name=name) for field, name in zip(fields, names, strict=False)]
    return Derived([*new, *fields[len(names) :]])


def _name(column: exp.Expr, scope: Scope) -> str:
    identifier = column.this if isinstance(column, exp.ColumnDef) else column
    return scope.run.rules.column(identifier.name, bool(identifier.args.get("quoted")))


def _alias(node: exp.Expr) -> str:
    pivots = node.args.get("pivots") or ()
    for pivot in reversed(pivots):
        if pivot.alias:
            return str(pivot.alias)
    alias = str(node.alias)
    if not alias and isinstance(node, exp.Table) and node.this is not None:
        return mark(node.this if is_bare(node) else node.parts[-1]) + node.name
    return alias

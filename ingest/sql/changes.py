"""INSERT, UPDATE, DELETE, MERGE and SELECT INTO: which column of the target gets what."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace
from sqlglot import exp

from ingest.sql.expressions import flow_of, trace
from ingest.sql.flows import FILTER, JOIN
from ingest.sql.names import table_of
from ingest.sql.queries import bind_ctes, output_name, projected, query
from ingest.sql.records import Column, Table, placeholder
from ingest.sql.relations import BaseTable, Derived, Field, Relation
from ingest.sql.scopes import Scope
from ingest.sql.sources import attach


def write(target: Table, fields: list[Field], scope: Scope) -> None:
    """Records a write of a table and what its columns get."""
    scope.run.temporary |= target.kind == "table" and target.parts[-1].startswith(("#", "@"))
    scope.run.writes[target] = None
    scope.run.targets.append((target, fields))


def insert(node: exp.Expr, outer: Scope) -> Derived | None:
    """INSERT … SELECT, VALUES, BY NAME, ON CONFLICT; what it returns."""
    scope = Scope(outer.run, outer)
    bind_ctes(node, scope)
    target, seen = _target(node.this, scope), list[str]()
    if isinstance(node.this, exp.Subquery):  # Oracle's INSERT INTO (SELECT … FROM t)
        target, seen = _through(node.this, scope)
    source = node.args.get("expression") or node.args.get("source")
    output = query(source, scope) if isinstance(source, exp.Expr) else Derived(())
    if target is None:
        return output
    names = seen or _column_list(node.this, target, scope)
    by_name = bool(node.args.get("by_name"))
    if not by_name:
        names = names or _positions(target, _partition(node), scope)
    fields = output.fields()
    if isinstance(source, exp.Values):
        fields = [replace(field, name=placeholder(i)) for i, field in enumerate(fields, start=1)]
    fields = matched(names, fields)
    filled = fields if by_name else fields[: len(names)]
    known = (Column(target, field.name) for field in filled if field.rest is None)
    scope.run.assigned.update(dict.fromkeys(known))
    write(target, fields, scope)
    _on_conflict(node, target, scope)
    return _returning(node, target, scope)


def matched(names: list[str], fields: list[Field]) -> list[Field]:
    """Fields under the names of the target's columns, as far as positions are known."""
    known = next((i for i, field in enumerate(fields) if field.rest is not None), len(fields))
    renamed = zip(names, fields[:known], strict=False)
    return [
        *(replace(field, name=name) for name, field in renamed),
        *fields[min(known, len(names)) :],
    ]


def _target(node: exp.Expr, scope: Scope) -> Table | None:
    inner = node.this if isinstance(node, (exp.Schema, exp.Directory)) else node
    if isinstance(node, exp.Directory):
        return Table((inner.name,), "path")
    return table_of(inner, scope.run) if isinstance(inner, exp.Table) else None


def _through(node: exp.Subquery, scope: Scope) -> tuple[Table | None, list[str]]:
    """The table behind a query that is written to, and its columns in the query's order."""
    fields = query(node.this, scope).fields()
    columns = [next(iter(field.flow)) for field in fields if len(field.flow) == 1]
    if not columns or len(columns) < len(fields) or len({c.table for c in columns}) > 1:
        return None, []
    scope.run.reads[columns[0].table] -= 1
    return columns[0].table, [column.name for column in columns]


def _column_list(node: exp.Expr, target: Table, scope: Scope) -> list[str]:
    """The columns that `INTO t (a, b)` names."""
    if not isinstance(node, (exp.Schema, exp.Tuple)):
        return []
    columns = [e for e in node.expressions if not isinstance(e, (exp.Func, exp.Star))]
    return [_assigned(column, target, scope) for column in columns]


def column_name(node: exp.Expr, scope: Scope) -> str:
    """The name in a column list, a definition or an assignment, as the platform stores it."""
    identifier = node if isinstance(node, exp.Identifier) else node.this
    quoted = isinstance(identifier, exp.Identifier) and bool(identifier.args.get("quoted"))
    return scope.run.rules.column(node.name, quoted)


def _partition(node: exp.Expr) -> frozenset[str]:
    """The columns that PARTITION (dt = 'x') sets to a constant: no SELECT column fills them."""
    place = node.this.args.get("partition") or node.args.get("partition")
    if not isinstance(place, exp.Partition):
        return frozenset()
    return frozenset(
        item.this.name.lower() for item in place.expressions if isinstance(item, exp.EQ)
    )


def _listed(target: Table, constant: frozenset[str], scope: Scope) -> list[str]:
    columns = scope.run.columns_of(target)
    if columns is None:
        return []
    return [name for key, name in columns.names.items() if key not in constant]


def _positions(target: Table, constant: frozenset[str], scope: Scope) -> list[str]:
    """The names of the columns that positions fill; none, and said so, when nobody knows them."""
    names = _listed(target, constant, scope)
    scope.run.names_assumed |= not names
    return names


def _on_conflict(node: exp.Expr, target: Table, scope: Scope) -> None:
    conflict = node.args.get("conflict")
    if conflict is None:
        return
    inner = Scope(scope.run, scope)
    relation = BaseTable(target, scope.run.columns_of(target))
    inner.add(target.parts[-1], relation)
    inner.add(node.this.alias or (node.this.this.alias if node.this.this else ""), relation)
    excluded = {f.name: f for f in scope.run.targets[-1][1] if f.rest is None}
    inner.add("excluded", Derived(excluded.values()))
    if conflict.args.get("duplicate"):
        _add_sources(node, inner)
    fields = _assignments(conflict.expressions, relation, inner)
    scope.run.targets.extend((table, [field]) for table, field in fields)
    if conflict.args.get("where") is not None:
        trace(conflict.args["where"], inner, FILTER)


def _add_sources(node: exp.Expr, scope: Scope) -> None:
    """MySQL's ON DUPLICATE KEY UPDATE sees the tables of the SELECT in front of it."""
    source = node.args.get("expression")
    if not isinstance(source, exp.Select) or source.args.get("from_") is None:
        return
    reads = scope.run.reads.copy()
    attach(source.args["from_"].this, scope)
    for join in source.args.get("joins") or ():
        attach(join.this, scope)
    scope.run.reads = reads


def _returning(node: exp.Expr, target: Table, scope: Scope) -> Derived | None:
    returning = node.args.get("returning")
    if returning is None:
        return None
    inner = Scope(scope.run, scope)
    inner.add(target.parts[-1], BaseTable(target, scope.run.columns_of(target)))
    return Derived(projected(returning.expressions, inner))


def multi_insert(node: exp.Expr, outer: Scope) -> Derived | None:
    """Snowflake's and Oracle's INSERT ALL | FIRST."""
    scope = Scope(outer.run, outer)
    output = query(node.args["source"], scope)
    scope.add("", output)
    for branch in node.expressions:
        condition = branch.args.get("expression")
        if condition is not None:
            trace(condition, scope, FILTER)
        into = branch.this
        target = _target(into.this, scope)
        if target is None:
            continue
        values = into.args.get("expression")
        given = _row(values, scope) if values is not None else output.fields()
        names = _column_list(into.this, target, scope) or _positions(target, frozenset(), scope)
        write(target, matched(names, given), scope)
    return None


def _row(values: exp.Expr, scope: Scope) -> list[Field]:
    row = values.expressions[0] if isinstance(values, exp.Values) else values
    cells = row.expressions if isinstance(row, exp.Tuple) else [row]
    return [
        Field(output_name(cell, scope) or placeholder(i), flow_of(cell, scope))
        for i, cell in enumerate(cells, start=1)
    ]


def _attach_target(node: exp.Expr, scope: Scope) -> Relation | None:
    """Brings the changed table into the scope without counting that as a read."""
    relation = attach(node, scope)
    if isinstance(relation, BaseTable):
        scope.run.reads[relation.table] -= 1
    return relation


def update(node: exp.Expr, outer: Scope) -> Derived | None:
    """UPDATE with FROM, joins, an alias declared in FROM."""
    scope = Scope(outer.run, outer)
    bind_ctes(node, scope)
    declared = _declared_in_from(node, scope)
    relation = declared or _attach_target(node.this, scope)
    if declared is None and node.args.get("from_") is not None:
        attach(node.args["from_"].this, scope)
    if relation is None:
        return None
    by_table: dict[Table, list[Field]] = {}
    for table, field in _assignments(node.expressions, relation, scope):
        by_table.setdefault(table, []).append(field)
    for table, fields in by_table.items():
        if not isinstance(relation, BaseTable):  # a query or CTE changed in place of its table
            scope.run.reads[table] -= 1
        write(table, fields, scope)
    _conditions(node, scope)
    return _returning(node, relation.table, scope) if isinstance(relation, BaseTable) else None


def _declared_in_from(node: exp.Expr, scope: Scope) -> BaseTable | None:
    """T-SQL's `UPDATE t … FROM orders AS t`: the target is what FROM calls so."""
    from_ = node.args.get("from_")
    if from_ is None or not isinstance(node.this, exp.Table) or node.this.alias:
        return None
    sources = [from_.this, *(join.this for join in from_.this.args.get("joins") or ())]
    name = node.this.name.lower()
    if not any(source.alias_or_name.lower() == name for source in sources):
        return None
    attach(from_.this, scope)
    relation = scope.by_name.get(name)
    if isinstance(relation, BaseTable):
        scope.run.reads[relation.table] -= 1
        return relation
    return None


def _assignments(
    items: Iterable[exp.Expr], target: Relation, scope: Scope
) -> list[tuple[Table, Field]]:
    """The (table, column) pairs that SET gives a value."""
    found: list[tuple[Table, Field]] = []
    for item in items:
        if not isinstance(item, exp.EQ):
            continue
        left, right = item.this, item.expression
        columns = left.expressions if isinstance(left, exp.Tuple) else [left]
        for column, field in zip(columns, _values(right, len(columns), scope), strict=False):
            if not isinstance(column, exp.Column):
                continue
            place = _place(column, target, scope)
            if place is not None:
                found.append((place.table, replace(field, name=place.name)))
    return found


def _place(column: exp.Column, target: Relation, scope: Scope) -> Column | None:
    """The base column that an assignment changes; through a query, when one makes it alone."""
    relation = scope.relation([p.name for p in column.parts[:-1]]) if column.table else None
    if relation is None or (isinstance(target, BaseTable) and not isinstance(relation, BaseTable)):
        relation = target
    if isinstance(relation, BaseTable):
        return Column(relation.table, _assigned(column, relation.table, scope))
    flow = relation.known(column.name.lower()) or relation.unknown(column.name) or {}
    place = next(iter(flow)) if len(flow) == 1 else None
    if place is not None:
        scope.run.assigned[place] = None
    return place


def _assigned(column: exp.Expr, table: Table, scope: Scope) -> str:
    """The name of a target's column, as the catalogue spells it; records that the text names it."""
    columns = scope.run.columns_of(table)
    name = column_name(column, scope)
    if columns is not None:
        name = columns.names.get(name.lower(), name)
    scope.run.assigned[Column(table, name)] = None
    return name


def _values(node: exp.Expr, width: int, scope: Scope) -> list[Field]:
    if width > 1 and isinstance(node, exp.Query):
        return query(node, scope).fields()
    if width > 1 and isinstance(node, exp.Tuple):
        return [Field("", flow_of(cell, scope)) for cell in node.expressions]
    return [Field("", flow_of(node, scope))] * width


def _conditions(node: exp.Expr, scope: Scope) -> None:
    for key in ("where", "order", "limit"):
        if node.args.get(key) is not None:
            trace(node.args[key], scope, FILTER)


def delete(node: exp.Expr, outer: Scope) -> Derived | None:
    """DELETE with USING, joins, and MySQL's list of tables before FROM."""
    scope = Scope(outer.run, outer)
    bind_ctes(node, scope)
    tables = [t for t in node.args.get("tables") or () if isinstance(t, exp.Table)]
    relation = attach(node.this or tables.pop(), scope)  # Oracle and T-SQL can do without FROM
    for source in node.args.get("using") or ():
        again = attach(source, scope)
        if isinstance(again, BaseTable) and isinstance(relation, BaseTable):
            scope.run.reads[again.table] -= again.table == relation.table
    named = [scope.by_name.get(table.name.lower()) for table in tables]
    found = [_deleted_from(relation) for relation in (named if tables else [relation])]
    targets = [table for table in found if table is not None]
    for target in targets:
        scope.run.reads[target] -= 1
        write(target, [], scope)
    _conditions(node, scope)
    return _returning(node, targets[0], scope) if targets else None


def _deleted_from(relation: Relation | None) -> Table | None:
    """The table whose rows a DELETE takes; through a CTE, when it is made of one alone."""
    if relation is None or isinstance(relation, BaseTable):
        return relation.table if relation else None
    tables = {column.table for field in relation.fields() for column in field.flow}
    tables.update(relation.open_tables())
    return tables.pop() if len(tables) == 1 else None


def merge(node: exp.Expr, outer: Scope) -> Derived | None:
    """MERGE: every branch gives columns of the target their values."""
    scope = Scope(outer.run, outer)
    bind_ctes(node, scope)
    target = _attach_target(node.this, scope)
    source_scope = Scope(outer.run, scope.outer)
    source_scope.ctes = scope.ctes
    source = attach(node.args["using"], source_scope)
    scope.include(source_scope)
    if node.args.get("on") is not None:
        trace(node.args["on"], scope, JOIN)
    if not isinstance(target, BaseTable):
        return None
    fields: list[Field] = []
    for when in node.args["whens"].expressions:
        inner = scope if when.args.get("matched") else source_scope
        if when.args.get("condition") is not None:
            trace(when.args["condition"], scope, FILTER)
        fields += _branch(when.args["then"], target, source, scope, inner)
        _conditions(when.args["then"], scope)
    write(target.table, fields, scope)
    return None


def _branch(
    then: exp.Expr, target: BaseTable, source: Relation | None, scope: Scope, inner: Scope
) -> list[Field]:
    if isinstance(then, exp.Update):
        if not then.expressions or isinstance(then.expressions[0], exp.Star):
            return source.fields() if source else []
        return [field for _, field in _assignments(then.expressions, target, scope)]
    if isinstance(then, exp.Insert):
        values = then.args.get("expression") or _bare_values(then.this)
        if not isinstance(values, (exp.Tuple, exp.Values, exp.Paren)):
            return source.fields() if source else []
        names = _column_list(then.this, target.table, scope)
        given = _row(values, inner)
        return matched(names or _positions(target.table, frozenset(), scope), given)
    return []


def _bare_values(node: exp.Expr) -> exp.Expr | None:
    """The row of an INSERT VALUES (…) without columns, which parses as a call of `values`."""
    call = node.expressions[0] if isinstance(node, exp.Tuple) and node.expressions else None
    if isinstance(call, exp.Anonymous) and call.name.lower() == "values":
        return exp.Tuple(expressions=call.expressions)
    return None


def select_into(into: exp.Expr, output: Derived, scope: Scope) -> bool:
    """Records SELECT … INTO a table; False when it fills a variable."""
    table = table_of(into.this, scope.run) if isinstance(into.this, exp.Table) else None
    if table is None:
        return False
    scope.run.temporary = bool(into.args.get("temporary"))
    write(table, output.fields(), scope)
    return True

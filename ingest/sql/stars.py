"""`*` in a select list, with EXCEPT, REPLACE and RENAME, by pattern, inside calls, of structs."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable

from msgspec.structs import replace
from sqlglot import exp

from ingest.sql.expressions import dotted, flow_of
from ingest.sql.flows import (
    AGGREGATION,
    IDENTITY,
    NOTHING,
    TRANSFORMATION,
    Flow,
    add,
    is_direct,
    nested,
    union,
)
from ingest.sql.relations import BaseTable, Field, Function, Relation
from ingest.sql.scopes import Scope

_LIKES = (exp.Like, exp.ILike, exp.SimilarTo, exp.Glob)
_REGEX = re.compile(r"[|+*?()\[\]]")
_AGGREGATES = frozenset({"sum", "min", "max", "avg", "any", "count", "median", "uniq"})


def star_fields(node: exp.Expr, scope: Scope) -> list[Field] | None:
    """The columns that a select-list item stands for when it is a star; None when it is not.

    Those without a name have an empty one.
    """
    return _READERS.get(type(node), _spread)(node, scope)


def _everything(node: exp.Expr, scope: Scope) -> list[Field]:
    return _adjusted(_all(scope), node, scope)


def _of_one(node: exp.Expr, scope: Scope) -> list[Field] | None:
    """The columns of `t.*`, and in Hive those of a pattern."""
    if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Star):
        return _by_regex(node, scope) if scope.run.rules.name == "hive" else None
    qualifiers = [part.name for part in node.parts[:-1]]
    relation = scope.relation(qualifiers)
    scope.run.star_expanded |= isinstance(relation, BaseTable)
    fields = relation.fields() if relation else _struct(qualifiers, scope)
    return _adjusted(fields, node.this, scope)


def _of_a_value(node: exp.Expr, scope: Scope) -> list[Field] | None:
    """The fields of `(value).*`."""
    if not isinstance(node.expression, exp.Star):
        return _spread(node, scope)
    parts = dotted(node.this, scope)
    fields = _struct(parts, scope) if parts else _row(node.this, scope)
    return _adjusted(fields, node.expression, scope)


def _liked(node: exp.Expr, scope: Scope) -> list[Field] | None:
    """DuckDB's `* LIKE 'a%'`: of the star's columns those whose names are like that."""
    like = node.this if isinstance(node, exp.Not) else node
    star = like.this
    is_star = isinstance(star, exp.Star) or (
        isinstance(star, exp.Column) and isinstance(star.this, exp.Star)
    )
    if not is_star or not isinstance(like, _LIKES):
        return None
    fields = star_fields(star, scope) or []
    return _only_named(_called(fields, _expression(like), scope, wanted=like is node), scope)


def _only_named(fields: list[Field], scope: Scope) -> list[Field]:
    """The fields; one alone counts as named, since DuckDB refuses a pattern that means none."""
    if len(fields) == 1:
        scope.run.uses.name(fields[0].flow)
    return fields


def _expression(like: exp.Expr) -> str | None:
    """The regular expression that whole names match; None when the text does not say it."""
    pattern = like.expression
    if not isinstance(pattern, exp.Literal):
        return None
    if isinstance(like, exp.SimilarTo):
        return f"(?:{pattern.name})$"
    return fnmatch.translate(pattern.name) if isinstance(like, exp.Glob) else _like(pattern.name)


def _like(pattern: str) -> str:
    signs = {"%": ".*", "_": "."}
    return "".join(signs.get(sign) or re.escape(sign) for sign in pattern) + "$"


def _called(
    fields: list[Field], expression: str | None, scope: Scope, wanted: bool = True
) -> list[Field]:
    """The fields whose names begin with what an expression says; one rest when it says nothing."""
    try:
        pattern = re.compile(expression, re.IGNORECASE) if expression is not None else None
    except re.error:
        pattern = None
    if pattern is None:
        scope.run.note("a pattern of columns that is not understood")
        return [Field("*", NOTHING, Function((), NOTHING))]
    return [
        field
        for field in fields
        if field.rest is not None or (pattern.match(field.name) is not None) == wanted
    ]


def _by_regex(node: exp.Expr, scope: Scope) -> list[Field] | None:
    """Hive's `(ds|hr)?+.+` in backticks: the columns whose names match."""
    if not node.this.args.get("quoted") or not _REGEX.search(node.name):
        return None
    return _adjusted(_called(_all(scope), f"(?:{node.name})$", scope), exp.Star(), scope)


def _applied(node: exp.Expr, scope: Scope) -> list[Field] | None:
    """ClickHouse's `* APPLY(sum)`."""
    fields = star_fields(node.this, scope)
    if fields is None:
        return None
    role = AGGREGATION if node.expression.name.lower() in _AGGREGATES else TRANSFORMATION
    return [_made(field, role) for field in fields]


def _made(field: Field, role: int) -> Field:
    flow: Flow = {}
    add(flow, field.flow, role)
    return replace(field, name="", flow=flow) if field.rest is None else field


def _spread(node: exp.Expr, scope: Scope) -> list[Field] | None:
    """DuckDB's `sum(COLUMNS(…))`: one column for each that COLUMNS means."""
    if not scope.run.rules.spreads or isinstance(node, exp.Query):
        return None
    columns = node.find(exp.Columns)
    if columns is None:
        return None
    alias = node.alias
    found: list[Field] = []
    for field in _matching(columns, scope):
        if field.rest is not None:
            found.append(field)
            continue
        scope.spread = field.flow
        found.append(Field(alias, flow_of(node, scope)))
    scope.spread = NOTHING
    return found


def _all(scope: Scope) -> list[Field]:
    """The columns of all relations: those that USING merged in front, in DuckDB in their places."""
    merged = {key: Field(name, flow) for key, (name, flow) in scope.merged.items()}
    keys = frozenset(merged)
    scope.run.star_expanded |= any(isinstance(relation, BaseTable) for relation in scope.relations)
    own = [field for relation in scope.relations for field in relation.fields()]
    if keys and scope.run.rules.merged_in_place:
        placed = [merged.pop(f.name.lower(), None) if f.name.lower() in keys else f for f in own]
        own = [_narrowed(field, keys) for field in placed if field is not None]
    elif keys:
        own = _without(own, keys)
    return [*merged.values(), *own]


def _without(fields: list[Field], keys: frozenset[str]) -> list[Field]:
    return [
        _narrowed(field, keys)
        for field in fields
        if field.rest is not None or field.name.lower() not in keys
    ]


def _narrowed(field: Field, keys: frozenset[str]) -> Field:
    return field if field.rest is None else replace(field, without=field.without | keys)


def _adjusted(fields: list[Field], star: exp.Expr, scope: Scope) -> list[Field]:
    """The fields after the star's own EXCEPT, REPLACE and RENAME."""
    run = scope.run
    run.spend(len(fields))
    run.uses.add_unnamed([field.flow for field in fields], IDENTITY)
    excepted = star.args.get("except_") or star.args.get("except")
    if excepted:
        keys = frozenset(_key(item) for item in excepted)
        for field in fields:
            if field.rest is None and field.name.lower() in keys:
                run.uses.name(field.flow)
        fields = _without(fields, keys)
    if star.args.get("ilike") is not None:
        fields = _called(fields, _like(star.args["ilike"].name), scope)
    for item in star.args.get("replace") or ():
        fields = _replaced(fields, Field(_alias(item, scope), flow_of(item.this, scope)))
    for item in star.args.get("rename") or ():
        for field in fields:
            if field.name.lower() == _key(item.this):
                run.uses.name(field.flow)
        fields = _renamed(fields, item.this.name, _alias(item, scope))
    return fields


def _alias(item: exp.Expr, scope: Scope) -> str:
    alias = item.args["alias"]
    return scope.run.rules.column(alias.name, bool(alias.args.get("quoted")))


def _key(item: exp.Expr) -> str:
    return item.name.lower()


def _renamed(fields: list[Field], old: str, new: str) -> list[Field]:
    key = old.lower()
    if not any(field.name.lower() == key for field in fields):
        rest = next((field for field in fields if field.rest is not None), None)
        flow = rest.rest.unknown(old) if rest and rest.rest else None
        return [*_without(fields, frozenset({key})), Field(new, flow or NOTHING)]
    return [replace(f, name=new) if f.name.lower() == key and f.rest is None else f for f in fields]


def _replaced(fields: list[Field], new: Field) -> list[Field]:
    key = new.name.lower()
    if any(field.rest is None and field.name.lower() == key for field in fields):
        return [new if f.rest is None and f.name.lower() == key else f for f in fields]
    return [*_without(fields, frozenset({key})), new]


def _matching(node: exp.Expr, scope: Scope) -> list[Field]:
    """DuckDB's COLUMNS: by a pattern, by a star, by a list of names."""
    inner = node.this
    if isinstance(inner, exp.Literal):
        named = _called(_all(scope), f".*(?:{inner.name})", scope)
        return _adjusted(_only_named(named, scope), exp.Star(), scope)
    if isinstance(inner, exp.Array) and all(isinstance(e, exp.Column) for e in inner.expressions):
        return [Field(item.name, flow_of(item, scope)) for item in inner.expressions]
    fields = star_fields(inner, scope)
    return _called([], None, scope) if fields is None else fields


def _struct(parts: list[str], scope: Scope) -> list[Field]:
    """The fields of a struct column, when the catalogue gives its type."""
    found = scope.resolve(parts)
    if found is None:
        return []
    flow = found[0]
    scope.run.use(flow, IDENTITY)
    names = _struct_names(parts, scope)
    return [Field(name, nested(flow, name)) for name in names] or [
        Field("*", NOTHING, Function((), flow))
    ]


def _row(node: exp.Expr, scope: Scope) -> list[Field]:
    """The fields of an expression that makes a row: `IF(c, new, old).*`, `(SELECT AS STRUCT …).*`.

    The rows that the expression chooses from agree by position; what it chooses by steers each.
    """
    flow = flow_of(node, scope)
    steering = {column: role for column, role in flow.items() if not is_direct(role)}
    rows = [
        fields
        for inner in node.find_all(exp.Column, exp.Struct, exp.Query)
        if (fields := _row_fields(inner, scope)) and inner.find_ancestor(exp.Struct) is None
    ]
    if not rows:
        return [Field("*", NOTHING, Function((), flow))]
    return [
        replace(field, flow=union([*(row[i].flow for row in rows if i < len(row)), steering]))
        for i, field in enumerate(rows[0])
    ]


def _row_fields(node: exp.Expr, scope: Scope) -> list[Field]:
    if isinstance(node, exp.Struct):
        return [
            Field(
                part.alias_or_name,
                flow_of(part.expression if isinstance(part, exp.PropertyEQ) else part, scope),
            )
            for part in node.expressions
        ]
    if isinstance(node, exp.Query):
        return scope.run.query(node, scope).fields()
    is_bare = isinstance(node, exp.Column) and not node.table
    relation = scope.relation([node.name]) if is_bare else None
    return relation.fields() if relation else []


def _struct_names(parts: list[str], scope: Scope) -> list[str]:
    relations: list[tuple[Relation, list[str]]] = [(r, parts) for r in scope.relations]
    if (qualified := scope.relation(parts[:1])) is not None:
        relations.insert(0, (qualified, parts[1:]))
    for relation, path in relations:
        if isinstance(relation, BaseTable) and relation.columns and path:
            name = relation.columns.names.get(path[0].lower())
            if name is not None:
                return _fields_of_type(relation.columns.types[name], path[1:], scope)
    return []


def _fields_of_type(type_text: str, path: list[str], scope: Scope) -> list[str]:
    try:
        kind: exp.Expr | None = exp.DataType.build(type_text, dialect=scope.run.rules.name)
    except ValueError:
        return []
    for step in path:
        inner = (c for c in _definitions(kind) if c.name.lower() == step.lower())
        kind = next((c.args.get("kind") for c in inner), None)
    return [definition.name for definition in _definitions(kind)]


def _definitions(kind: exp.Expr | None) -> list[exp.Expr]:
    return [e for e in kind.expressions if isinstance(e, exp.ColumnDef)] if kind else []


_READERS: dict[type, Callable[[exp.Expr, Scope], list[Field] | None]] = {
    exp.Columns: _matching,
    exp.Star: _everything,
    exp.Column: _of_one,
    exp.Dot: _of_a_value,
    exp.Apply: _applied,
    **dict.fromkeys((exp.Not, *_LIKES), _liked),
}

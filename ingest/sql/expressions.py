"""What an expression is made of: which columns, in which roles.

One walk with an explicit stack, so that no depth of AND or || can exhaust Python's own. Each node
type has a handler that pushes its children with the roles they get; the default passes a direct
role on as TRANSFORMATION and every other role as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from ingest.sql.flows import (
    AGGREGATION,
    COMPOSED,
    CONDITIONAL,
    IDENTITY,
    JOIN,
    MASKED,
    NOTHING,
    TRANSFORMATION,
    WINDOW,
    Flow,
    add,
    is_direct,
    nested,
    rank,
)
from ingest.sql.names import names_of
from ingest.sql.scopes import Scope
from ingest.sql.tokens import words

# The role of what makes a value that is no longer the column's own, or that an aggregate makes.
_CHANGED, _AGGREGATED = COMPOSED[TRANSFORMATION], COMPOSED[AGGREGATION]

Stack = list[tuple[exp.Expr, int]]
Handler = Callable[[exp.Expr, int, Stack, Scope, Flow | None], None]

_MASKING = words(
    """hash mask sha sha1 sha2 sha256 sha512 md5 hashbytes xxhash64 farm_fingerprint tokenize
    encrypt redact"""
)
_UNITS = words(
    """YEAR QUARTER MONTH WEEK DAY HOUR MINUTE SECOND MILLISECOND MICROSECOND NANOSECOND ISOYEAR
    ISOWEEK DAYOFWEEK DAYOFYEAR DECADE CENTURY YY YYYY QQ MM WK WW DD HH MI SS MS"""
)


def trace(root: exp.Expr, scope: Scope, role: int, flow: Flow | None = None) -> None:
    """Records the use of every column in an expression, and adds to `flow` what makes its value."""
    stack: Stack = [(root, role)]
    handlers = _HANDLERS
    while stack:
        node, role = stack.pop()
        kind = type(node)
        (handlers.get(kind) or _classified(kind))(node, role, stack, scope, flow)


def flow_of(root: exp.Expr, scope: Scope) -> Flow:
    """The flow of an expression's value; records the uses on the way."""
    listed = scope.listed(root) if isinstance(root, exp.Column) else None
    if listed is not None:
        scope.run.use(listed, IDENTITY)
        return listed
    flow: Flow = {}
    trace(root, scope, IDENTITY, flow)
    return flow


def dotted(node: exp.Expr, scope: Scope) -> list[str] | None:
    """The parts of a column reference with the fields behind it; None when it is something else."""
    column, fields = _base(node)
    return names_of(column, scope.run.rules) + fields if isinstance(column, exp.Column) else None


def _base(node: exp.Expr) -> tuple[exp.Expr, list[str]]:
    """What a chain of dots, brackets and parentheses hangs on, and the fields named in it."""
    fields: list[str] = []
    while isinstance(node, (exp.Dot, exp.Paren, exp.Bracket)):
        if isinstance(node, exp.Dot):
            fields.append(node.expression.name)
        node = node.this
    return node, fields[::-1]


def _push(node: exp.Expr, role: int, stack: Stack) -> None:
    for value in node.args.values():
        if isinstance(value, exp.Expr):
            stack.append((value, role))
        elif type(value) is list:
            stack += [(item, role) for item in value if isinstance(item, exp.Expr)]


def _skip(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    return


def _column(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    source, named = scope.listed(node), True
    if source is None:
        if isinstance(node.this, exp.Star):
            stack.append((node.this, role))
            return
        found = scope.resolve(names_of(node, scope.run.rules))
        if found is None:
            return
        source, named = found
    _use(source, named, role, scope, flow)


def _use(source: Flow, named: bool, role: int, scope: Scope, flow: Flow | None) -> None:
    scope.run.use(source, role, named)
    if flow is not None and role & 15 <= WINDOW:
        add(flow, source, role)


def _dot(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    column, fields = _base(node)
    if isinstance(column, exp.Identifier) and isinstance(node.expression, exp.Func):
        # A method of T-SQL's XML: t.document.value('path', 'type').
        _use(
            *(scope.resolve([column.name, *fields[:-1]]) or (NOTHING, False)),
            _CHANGED[role],
            scope,
            flow,
        )
        return
    if not isinstance(column, exp.Column):
        _push(node, _CHANGED[role], stack)
        return
    found = scope.resolve(names_of(column, scope.run.rules))
    if found is not None:
        _use(nested(found[0], ".".join(fields)), found[1], role, scope, flow)
    for bracket in node.find_all(exp.Bracket):
        stack.extend((index, _as(role, CONDITIONAL)) for index in bracket.expressions)


def _through(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    _push(node, role, stack)


def _as(role: int, wanted: int) -> int:
    """An indirect role inside a value; inside a clause the clause's role stays."""
    return wanted if is_direct(role) else role


def _default(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    _push(node, _CHANGED[role], stack)


def _aggregate(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    _push(node, _AGGREGATED[role], stack)


def _masking(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    _push(node, _CHANGED[role] | MASKED if is_direct(role) else role, stack)


def _timed(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    """A function of time, where dialects disagree on whether the unit comes first or last."""
    children = list(node.iter_expressions())
    taken = node.args.get("unit")
    swapped = (
        taken is not None and taken.name.upper() not in _UNITS and any(map(_is_unit, children))
    )
    if taken is not None and swapped:
        children = [exp.column(taken.name.lower()), *(c for c in children if not _is_unit(c))]
    stack.extend((child, _CHANGED[role]) for child in children)


def _is_unit(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name.upper() in _UNITS


def _anonymous(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    masks = node.name.lower() in _MASKING
    (_masking if masks else _default)(node, role, stack, scope, flow)


def _case(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    if node.this is not None:
        stack.append((node.this, _as(role, CONDITIONAL)))
    for branch in node.args.get("ifs") or ():
        stack.append((branch, role))
    if node.args.get("default") is not None:
        stack.append((node.args["default"], _CHANGED[role]))


def _if(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    stack.append((node.this, _as(role, CONDITIONAL)))
    for key in ("true", "false"):
        if node.args.get(key) is not None:
            stack.append((node.args[key], _CHANGED[role]))


def _decode(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    """DECODE(value, search, result, …, default): the results alone make the value."""
    arguments = node.expressions
    results = {*range(2, len(arguments), 2), *([len(arguments) - 1] * (len(arguments) % 2 == 0))}
    for i, argument in enumerate(arguments):
        stack.append((argument, _CHANGED[role] if i in results else _as(role, CONDITIONAL)))


def _filtered(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    stack.append((node.this, role))
    stack.append((node.expression, _as(role, CONDITIONAL)))


def _window(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    value = node.this
    while isinstance(value, (exp.IgnoreNulls, exp.RespectNulls)):
        value = value.this
    if isinstance(value, (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)):
        _push(value, _CHANGED[role], stack)
    else:
        stack.append((value, role))
    steering = list(node.args.get("partition_by") or ())
    steering += [node.args[key] for key in ("order", "spec") if node.args.get(key) is not None]
    name = node.args.get("alias") or node.args.get("over")
    if isinstance(name, exp.Identifier) and name.name.lower() in scope.windows:
        steering.append(scope.windows[name.name.lower()])
    for item in steering:
        stack.append((item, WINDOW))
        if not is_direct(role):  # QUALIFY: the window chooses rows
            stack.append((item, role))


def _order(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    """ORDER BY inside an aggregate: what is aggregated hangs below it."""
    if node.this is not None:
        stack.append((node.this, role))
    stack.extend((item, _as(role, WINDOW)) for item in node.expressions)


def _arg_max(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    stack.append((node.this, _AGGREGATED[role]))
    stack.append((node.expression, _as(role, CONDITIONAL)))


def _in_group(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    stack.append((node.this, role))
    if isinstance(node.this, (exp.PercentileCont, exp.PercentileDisc, exp.Mode)):
        stack.extend((item, _as(role, AGGREGATION)) for item in node.expression.expressions)
    else:
        stack.append((node.expression, role))


def _lambda(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    before = scope.hidden
    scope.hidden = before | {parameter.name.lower() for parameter in node.expressions}
    trace(node.this, scope, _CHANGED[role], flow)
    scope.hidden = before


def _query(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    output = scope.run.query(node, scope)
    for field in output.fields():
        if not is_direct(role):
            scope.run.use(field.flow, role, named=False)
        if flow is not None and rank(role) <= WINDOW:
            add(flow, field.flow, role)


def _exists(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    """What EXISTS selects is never looked at, so that a `*` in it uses no column."""
    if not isinstance(node.this, exp.Query):
        _push(node, _CHANGED[role], stack)
        return
    run = scope.run
    before, expanded = run.uses.passed(), run.star_expanded
    run.query(node.this, scope)
    run.star_expanded = expanded
    run.uses.keep_passed(before)


def _exploding(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    """UNNEST and EXPLODE in a select list: how many elements there are decides how many rows."""
    _push(node, _CHANGED[role], stack)
    if is_direct(role) and not isinstance(node.parent, exp.In):
        _push(node, JOIN, stack)


def _star(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    """A star handed to a function: the whole row. What is counted is rows, not columns."""
    place = node.parent.parent if isinstance(node.parent, exp.Column) else node.parent
    if not isinstance(place, exp.Func) or isinstance(place, exp.Count):
        return
    qualifier = node.parent.table if isinstance(node.parent, exp.Column) else ""
    one = scope.relation([qualifier]) if qualifier else None
    for relation in [one] if one else scope.relations:
        for field in relation.fields():
            _use(field.flow, False, role, scope, flow)


def _columns(node: exp.Expr, role: int, stack: Stack, scope: Scope, flow: Flow | None) -> None:
    _use(scope.spread, False, role, scope, flow)


_HANDLERS: dict[type, Handler] = {
    exp.Columns: _columns,
    exp.Star: _star,
    exp.Column: _column,
    exp.Dot: _dot,
    exp.Case: _case,
    exp.If: _if,
    exp.DecodeCase: _decode,
    exp.Filter: _filtered,
    exp.Window: _window,
    exp.WithinGroup: _in_group,
    exp.Lambda: _lambda,
    exp.Exists: _exists,
    exp.Anonymous: _anonymous,
    exp.Order: _order,
    exp.ArgMax: _arg_max,
    exp.ArgMin: _arg_max,
}
_FAMILIES: tuple[tuple[tuple[type, ...], Handler], ...] = (
    (
        (
            exp.Literal,
            exp.Identifier,
            exp.DataType,
            exp.Var,
            exp.Null,
            exp.Boolean,
            exp.Placeholder,
            exp.Parameter,
            exp.SessionParameter,
            exp.Table,
            exp.JSONPath,
        ),
        _skip,
    ),
    ((exp.Query,), _query),
    ((exp.Unnest, exp.Explode, exp.Inline), _exploding),
    ((exp.Paren, exp.Alias, exp.PivotAlias, exp.Aliases, exp.Ordered), _through),
    ((exp.MD5, exp.MD5Digest, exp.SHA, exp.SHA2, exp.SHA1Digest, exp.SHA2Digest), _masking),
    ((exp.DateTrunc, exp.TimestampTrunc, exp.DateDiff, exp.TimestampDiff, exp.DateAdd), _timed),
    ((exp.AggFunc, exp.AnonymousAggFunc, exp.CombinedAggFunc), _aggregate),
)


def _classified(kind: type) -> Handler:
    handler = next((h for types, h in _FAMILIES if issubclass(kind, types)), _default)
    _HANDLERS[kind] = handler
    return handler

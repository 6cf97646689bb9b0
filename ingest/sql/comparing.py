"""Two versions of a query, compared by meaning: what became of its columns, rows and grain.

Both are read as what they do to base tables: CTEs, subqueries and aliases are looked through, so
that a refactoring that keeps the meaning is no difference. What is not understood is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from ingest.sql.alike import canonical, conjuncts, spell_out
from ingest.sql.dialects import rules
from ingest.sql.templates import without_templates

_ENDLESS = 50  # how deep queries may stand in each other


_Known = dict[str, exp.Expr] | str  # the outputs of a query, or the name of a base table


class _Scope(dict[str, _Known]):
    """What the names of a SELECT stand for; `ctes` are the queries that it may name as well."""

    def __init__(self, ctes: dict[str, exp.Expr]) -> None:
        super().__init__()
        self.ctes = ctes


class _Star(msgspec.Struct, frozen=True, order=True):
    """All columns of a base table, as `text` passes them on, without those left out."""

    base: str
    text: str
    without: tuple[str, ...] = ()


class Difference(msgspec.Struct, frozen=True):
    """What lies between two versions of a query; columns by their names.

    target: what the new version creates or inserts into, else what the old one does.
    retyped: column and its new type, where a cast alone is new. meaning: columns of other values.
    unread: why a part could not be compared.
    """

    target: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    retyped: tuple[tuple[str, str], ...] = ()
    meaning: tuple[str, ...] = ()
    rows: bool = False
    grain: bool = False
    unread: tuple[str, ...] = ()


class _Shape(msgspec.Struct):
    """What a query does: its outputs, the conditions on its rows, and what makes its grain.

    through: the base table of which it passes on all columns as they are.
    """

    outputs: dict[str, exp.Expr] = msgspec.field(default_factory=dict)
    stars: list[_Star] = msgspec.field(default_factory=list)
    through: str = ""
    rows: Counter[str] = msgspec.field(default_factory=Counter)
    grain: Counter[str] = msgspec.field(default_factory=Counter)


def compare(old: str, new: str, dialect: str) -> Difference:
    """What lies between two versions of a statement that makes a dataset from a query.

    A text of several statements counts by its last query.
    """
    try:
        before, after = _query(old, dialect), _query(new, dialect)
        target = _target(after[0]) or _target(before[0])
        if before[1] is None or after[1] is None:
            which = "old" if before[1] is None else "new"
            return Difference(target, unread=(f"the {which} version holds no query",))
        one = _named(_Shaper().shape(before[1]), before[0])
        other = _named(_Shaper().shape(after[1]), after[0])
    except (SqlglotError, RecursionError) as error:
        why = str(error).split("\n", 1)[0] or type(error).__name__
        return Difference(unread=(f"could not be compared: {why}",))
    found = _between(one, other, target, dialect)
    if found == Difference(target) and _literals(before[1]) != _literals(after[1]):
        return Difference(target, unread=("a literal has changed; what it does is not clear",))
    return found


def _query(sql: str, dialect: str) -> tuple[exp.Expr, exp.Query | None]:
    """The last statement of a text that holds a query, and the query."""
    platform = rules(dialect).dialect
    trees = platform.parser(error_level=ErrorLevel.RAISE).parse(
        platform.tokenize(without_templates(sql)), sql
    )
    found: tuple[exp.Expr, exp.Query | None] = (exp.Select(), None)
    for tree in filter(None, trees):
        inner = tree if isinstance(tree, exp.Query) else tree.args.get("expression")
        while isinstance(inner, exp.Subquery) and not inner.args.get("joins"):
            inner = inner.this
        if isinstance(inner, exp.Query):
            tree = normalize_identifiers(tree, dialect=platform)
            spell_out(inner)
            if tree is not inner and tree.args.get("with_"):
                inner.set("with_", tree.args["with_"])
            found = (tree, inner)
    return found


def _named(shape: _Shape, tree: exp.Expr) -> _Shape:
    """The shape under the names that `INSERT INTO t (a, b)` gives its columns."""
    place = tree.this if isinstance(tree, (exp.Create, exp.Insert)) else None
    names = [one.name for one in place.expressions] if isinstance(place, exp.Schema) else []
    if names and not shape.stars:
        shape.outputs = dict(zip(names, shape.outputs.values(), strict=False))
    return shape


def _target(tree: exp.Expr) -> tuple[str, ...]:
    place = tree.this if isinstance(tree, (exp.Create, exp.Insert)) else None
    place = place.this if isinstance(place, exp.Schema) else place
    return tuple(part.name for part in place.parts) if isinstance(place, exp.Table) else ()


class _Shaper:
    """Reads the shape of a query. Every base table gets a name by its place among its like."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.depth = 0

    def shape(self, query: exp.Expr, ctes: dict[str, exp.Expr] | None = None) -> _Shape:
        self.depth += 1
        if self.depth > _ENDLESS:
            raise SqlglotError("queries stand too deep in each other")
        known = dict(ctes or {})
        with_ = query.args.get("with_")
        if isinstance(with_, exp.With):
            for cte in with_.expressions:
                itself = with_.recursive and any(
                    table.name == cte.alias for table in cte.find_all(exp.Table)
                )
                inner = cte if itself else exp.Subquery(this=cte.this)
                inner.meta["ctes"] = known  # one that is called as a table reads that table
                known = known | {cte.alias: inner}
        while isinstance(query, exp.Subquery):
            query = query.this
        shape = self._united(query, known) if isinstance(query, exp.SetOperation) else None
        if shape is None:
            shape = self._select(query, known)
        self.depth -= 1
        return shape

    def _united(self, query: exp.SetOperation, ctes: dict[str, exp.Expr]) -> _Shape:
        left, right = self.shape(query.left, ctes), self.shape(query.right, ctes)
        kind = type(query).__name__ + ("" if query.args.get("distinct") else " all")
        shape = _Shape(rows=left.rows + right.rows, grain=left.grain + right.grain)
        shape.rows[f"{type(query).__name__} branch"] += 1
        shape.grain[kind] += "all" not in kind
        shape.stars = left.stars + right.stars
        for (name, one), other in zip(left.outputs.items(), right.outputs.values(), strict=False):
            branches = [*_branches(one), *_branches(other)]
            shape.outputs[name] = exp.func("BRANCHES", *(branch.copy() for branch in branches))
        return shape

    def _select(self, query: exp.Expr, ctes: dict[str, exp.Expr]) -> _Shape:
        if not isinstance(query, exp.Select):
            raise SqlglotError(f"{type(query).__name__} is no SELECT")
        shape = _Shape()
        scope = _Scope(ctes)
        source = query.args.get("from_")
        if source is not None:
            self._source(source.this, scope, shape, "from")
        for lateral in query.args.get("laterals") or ():
            shape.grain[f"lateral {self._text(lateral, scope)}"] += 1
        for join in query.args.get("joins") or ():
            self._join(join, scope, shape)
        self._conditions(query, scope, shape)
        for place, item in enumerate(query.expressions):
            self._output(item, place, scope, shape)
        self._grain(query, scope, shape)
        if len(query.expressions) == 1 and len(scope) == 1 and _is_plain(query.expressions[0]):
            (known,) = scope.values()
            shape.through = known if isinstance(known, str) else ""
        return shape

    def _source(self, node: exp.Expr, scope: _Scope, shape: _Shape, how: str) -> None:
        name = node.alias_or_name
        inner = scope.ctes.get(node.name) if isinstance(node, exp.Table) and not node.db else None
        derived = node if isinstance(node, exp.Subquery) else inner
        if isinstance(derived, exp.Subquery):
            below = self.shape(derived, derived.meta.get("ctes", scope.ctes))
            shape.rows += below.rows
            shape.grain += below.grain
            if not below.rows:
                shape.rows[f"{how} values"] += 1
            scope[name] = below.through or (_told_star(below) if below.stars else below.outputs)
            return
        base = ".".join(part.name for part in node.parts) if isinstance(node, exp.Table) else ""
        if isinstance(inner, exp.CTE):
            base = f"recursive {inner.this.sql(comments=False)}"  # compared by its text
        base = base or node.sql(comments=False)
        self.seen[base] += 1
        place = base if self.seen[base] == 1 else f"{base}#{self.seen[base]}"
        scope[name] = place
        shape.rows[f"{how} {place}"] += 1
        if isinstance(node, exp.Table):
            for join in node.args.get("joins") or ():
                self._join(join, scope, shape)

    def _join(self, join: exp.Join, scope: _Scope, shape: _Shape) -> None:
        """Every join may multiply rows; those that do not keep all of the left take some away."""
        part = _Shape()
        self._source(join.this, scope, part, "join")
        on = join.args.get("on")
        conditions = [f"on {self._text(one, scope)}" for one in conjuncts(on)]
        conditions += [f"using {column.name}" for column in join.args.get("using") or ()]
        shape.grain += part.grain
        shape.grain.update([*part.rows, *conditions])
        if join.side.upper() not in ("LEFT", "FULL"):
            shape.rows.update([*part.rows, *conditions])

    def _conditions(self, query: exp.Select, scope: _Scope, shape: _Shape) -> None:
        for place in ("where", "having", "qualify", "limit", "offset"):
            node = query.args.get(place)
            if node is None:
                continue
            if place in ("limit", "offset"):
                shape.rows[f"{place} {node.sql(comments=False)} {_order(query)}"] += 1
                continue
            shape.rows.update(f"{place} {self._text(one, scope)}" for one in conjuncts(node.this))

    def _output(self, item: exp.Expr, place: int, scope: _Scope, shape: _Shape) -> None:
        if item.is_star:
            for known in _starred(item, scope):
                if isinstance(known, str):
                    shape.stars.append(_star(known, item))
                else:
                    shape.outputs |= known
            return
        name = item.alias_or_name or f"?{place + 1}"
        value = item.this if isinstance(item, exp.Alias) else item
        shape.outputs[name] = self._expanded(value, scope)

    def _grain(self, query: exp.Select, scope: _Scope, shape: _Shape) -> None:
        group = query.args.get("group")
        if group is not None:
            shape.grain["group"] += 1
            for key in _keys(group, query, shape):
                shape.grain[f"by {self._text(key, scope)}"] += 1
        elif any(_aggregates(item) for item in query.expressions):
            shape.grain["one row"] += 1
        if query.args.get("distinct") is not None:
            on = query.args["distinct"].args.get("on")
            shape.grain[f"distinct {self._text(on, scope) if on else ''}"] += 1

    def _expanded(self, node: exp.Expr, scope: _Scope) -> exp.Expr:
        """An expression over base columns, the same however it was written."""

        def replaced(part: exp.Expr) -> exp.Expr:
            if isinstance(part, exp.Column):
                return _resolved(part, scope)
            if isinstance(part, exp.Subquery) and isinstance(part.this, exp.Query):
                inner = _Shaper().shape(part, scope.ctes)
                return exp.func("SUBQUERY", exp.Literal.string(_told(inner)))
            if isinstance(part, (exp.Exists, exp.In)) and isinstance(
                part.this if isinstance(part, exp.Exists) else part.args.get("query"), exp.Query
            ):
                query = part.this if isinstance(part, exp.Exists) else part.args["query"]
                inner = _Shaper().shape(query, scope.ctes)
                told = exp.Literal.string(_told(inner))
                if isinstance(part, exp.Exists):
                    return exp.func("EXISTING", told)
                return exp.func("WITHIN", self._expanded(part.this, scope), told)
            return part

        return canonical(node.copy().transform(replaced))

    def _text(self, node: exp.Expr, scope: _Scope) -> str:
        return self._expanded(node, scope).sql(comments=False)


def _branches(node: exp.Expr) -> list[exp.Expr]:
    """The values that a column has in the branches of a set operation."""
    united = isinstance(node, exp.Anonymous) and node.name == "BRANCHES"
    return node.expressions if united else [node]


def _only_branches(old: exp.Expr, new: exp.Expr) -> bool:
    """Whether a column differs only in that its query has more or fewer branches."""
    one, other = ({branch.sql(comments=False) for branch in _branches(node)} for node in (old, new))
    return one <= other or other <= one


def _resolved(column: exp.Column, scope: _Scope) -> exp.Expr:
    """What a column is made of; of an unqualified one among base tables only its name is sure."""
    places = [scope[column.table]] if column.table in scope else list(scope.values())
    for place in places:
        if isinstance(place, dict) and column.name in place:
            return exp.paren(place[column.name].copy())
    bases = [place for place in places if isinstance(place, str)]
    table = bases[0] if len(bases) == 1 else column.table
    return exp.column(column.name, table=exp.to_identifier(table) if table else None)


def _starred(item: exp.Expr, scope: _Scope) -> Iterator[_Known]:
    """What a star stands for: the outputs of a query, or a base table of unknown columns."""
    table = item.table if isinstance(item, exp.Column) else ""
    for name, known in scope.items():
        if not table or name == table:
            yield known if _is_plain(item) or isinstance(known, str) else ", ".join(known)


def _star(known: str, item: exp.Expr) -> _Star:
    """A star over a base table, what it leaves out told apart."""
    star = item.copy()
    inner = star.this if isinstance(star, exp.Column) else star
    left_out = inner.args.get("except_") or []
    inner.set("except_", None)
    names = sorted(one.name for one in left_out)
    return _Star(known, star.sql(comments=False), tuple(names))


def _told_star(shape: _Shape) -> str:
    first = shape.stars[0]
    return f"{first.base}: {first.text} without {', '.join(first.without)}"


def _is_plain(item: exp.Expr) -> bool:
    """Whether it is a star that leaves nothing out and changes nothing."""
    star = item.this if isinstance(item, exp.Column) else item
    changes = ("except_", "replace", "rename", "ilike")
    return isinstance(star, exp.Star) and not any(star.args.get(key) for key in changes)


def _keys(group: exp.Expr, query: exp.Select, shape: _Shape) -> Iterator[exp.Expr]:
    """The keys of GROUP BY, ordinals and output names as what they stand for."""
    plain = {item.alias: item.this for item in query.expressions if isinstance(item, exp.Alias)}
    if group.args.get("all"):
        yield from (item.unalias() for item in query.expressions if not _aggregates(item))
    for key in group.expressions:
        if isinstance(key, exp.Literal) and key.is_int and int(key.name) <= len(query.expressions):
            yield query.expressions[int(key.name) - 1].unalias()
        elif isinstance(key, exp.Column) and not key.table and key.name in plain:
            yield plain[key.name]
        else:
            yield key
    for place in ("rollup", "cube", "grouping_sets"):
        yield from group.args.get(place) or ()


def _aggregates(node: exp.Expr) -> bool:
    return any(not one.find_ancestor(exp.Window) for one in node.find_all(exp.AggFunc))


def _order(query: exp.Select) -> str:
    order = query.args.get("order")
    return order.sql(comments=False) if order is not None else ""


def _literals(query: exp.Query) -> set[str]:
    """The values in a query, without those that only number its columns or sort its rows."""
    return {
        one.sql()
        for one in query.find_all(exp.Literal)
        if not one.find_ancestor(exp.Group, exp.Order)
    }


def _told(shape: _Shape) -> str:
    outputs = [one.sql(comments=False) for one in shape.outputs.values()]
    return repr((outputs, shape.stars, sorted(shape.rows.items()), sorted(shape.grain.items())))


def _between(old: _Shape, new: _Shape, target: tuple[str, ...], dialect: str) -> Difference:
    before = {name: one.sql(comments=False) for name, one in old.outputs.items()}
    after = {name: one.sql(comments=False) for name, one in new.outputs.items()}
    gone = [name for name in before if name not in after]
    fresh = [name for name in after if name not in before]
    renamed = []
    for name in list(gone):
        same = [other for other in fresh if after[other] == before[name]]
        if same:
            renamed.append((name, same[0]))
            gone.remove(name)
            fresh.remove(same[0])
    retyped, meaning = [], []
    for name in (name for name in before if name in after and before[name] != after[name]):
        if type_ := _cast(old.outputs[name], new.outputs[name], dialect):
            retyped.append((name, type_))
        elif not _only_branches(old.outputs[name], new.outputs[name]):
            meaning.append(name)
    unread = []
    if [(one.base, one.text) for one in old.stars] == [(one.base, one.text) for one in new.stars]:
        pairs = list(zip(old.stars, new.stars, strict=True))
        gone += [name for one, other in pairs for name in other.without if name not in one.without]
        fresh += [name for one, other in pairs for name in one.without if name not in other.without]
    else:
        # What the one takes by a star, the other may name.
        gone, fresh = [] if new.stars else gone, [] if old.stars else fresh
        unread.append("what a SELECT * takes has changed; which columns come and go is not known")
    kept = [name for name in before if name in after]
    if not gone and not fresh and kept != [name for name in after if name in before]:
        unread.append("the columns come in another order; who takes them by position is affected")
    return Difference(
        target,
        tuple(gone),
        tuple(fresh),
        tuple(renamed),
        tuple(retyped),
        tuple(meaning),
        old.rows != new.rows,
        old.grain != new.grain,
        tuple(unread),
    )


def _cast(old: exp.Expr, new: exp.Expr, dialect: str) -> str:
    """The new type, when nothing but a cast around the value is new; else empty."""
    casts = (exp.Cast, exp.TryCast)
    bare_old = old.this if isinstance(old, casts) else old
    bare_new = new.this if isinstance(new, casts) else new
    if bare_old.sql(comments=False) != bare_new.sql(comments=False) or not isinstance(new, casts):
        return ""
    return new.to.sql(dialect=rules(dialect).name)

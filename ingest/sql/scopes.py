"""Name resolution: which relation a column belongs to."""

from __future__ import annotations

from sqlglot import exp

from ingest.sql.flows import NOTHING, Flow, nested, union
from ingest.sql.names import TEMPLATE, mark
from ingest.sql.relations import BaseTable, Derived, Relation
from ingest.sql.run import Run

# When a name may mean an alias of the select list: never, after every column that may exist, after
# the columns known to exist, before all of them (ORDER BY).
NEVER, LAST, BEFORE_UNKNOWN, FIRST = range(4)


class Scope:
    """The relations that one SELECT sees, and the scope around it.

    ctes: name → output of the CTEs in sight, by lower-case name.
    merged: columns that USING or NATURAL made one.
    aliases: select-list aliases defined so far; aliasing: when a name may mean one of them.
    constants: named expressions (ClickHouse's `WITH 1 AS one`).
    hidden: parameters of the lambdas around.
    spread: the column that COLUMNS(…) inside an expression stands for at the moment.
    """

    aliasing = NEVER
    hidden: frozenset[str] = frozenset()
    spread: Flow = NOTHING

    def __init__(self, run: Run, outer: Scope | None = None) -> None:
        self.run = run
        self.outer = outer
        self._around: tuple[Scope, ...] = (outer, *outer._around) if outer else ()
        self.ctes: dict[str, Derived] = outer.ctes if outer else {}
        self.relations: list[Relation] = []
        self.by_name: dict[str, Relation] = {}
        self.merged: dict[str, tuple[str, Flow]] = {}
        self.aliases: dict[str, Flow] = {}
        self.constants: dict[str, Flow] = outer.constants if outer else {}
        self.windows: dict[str, exp.Expr] = {}
        self._marked = run.rules.bare_statements
        self._known: dict[str, Flow | None] = {}
        self._unknown: dict[str, Flow | None] = {}
        self._rows: dict[str, Flow] = {}

    def around(self) -> Scope:
        """What a derived table in FROM sees: the CTEs and outer scopes, but not its neighbours."""
        if self.run.rules.implicit_lateral:
            return self
        scope = Scope(self.run, self.outer)
        scope.ctes = self.ctes
        return scope

    def add(self, alias: str, relation: Relation) -> None:
        """Puts a relation in sight under an alias (empty: none)."""
        self.relations.append(relation)
        if alias:
            self.by_name.setdefault(alias.lower(), relation)
        self._known.clear()
        self._unknown.clear()

    def include(self, other: Scope) -> None:
        """Puts the relations of another scope in sight."""
        self.relations += other.relations
        self.by_name = {**other.by_name, **self.by_name}

    def conceal(self, relations: list[Relation]) -> None:
        """Takes relations out of what unqualified names and `*` mean: SEMI JOIN's right side."""
        self.relations = [r for r in self.relations if not any(r is gone for gone in relations)]
        self._known.clear()
        self._unknown.clear()

    def listed(self, node: exp.Expr) -> Flow | None:
        """The flow of a column that an alias of this very scope lists, as for most: no search."""
        args = node.args
        qualifier = args.get("table")
        if qualifier is None or args.get("db") is not None or self.hidden:
            return None
        alias = qualifier.name.lower()
        if self._marked:
            alias = mark(qualifier) + alias
        relation = self.by_name.get(alias)
        return None if relation is None or TEMPLATE in alias else relation.known(node.name.lower())

    def resolve(self, parts: list[str]) -> tuple[Flow, bool] | None:
        """The flow of a dotted name and whether it names its base columns; None when nobody knows.

        parts: qualifiers first, then the column, then fields inside it.
        """
        self.run.spend(1)
        key = parts[0].lower()
        if key in self.hidden or TEMPLATE in key or self._is_word(key):
            return None
        flow = self._by_qualifier(parts) if len(parts) > 1 else None
        if flow is not None:
            return flow, True
        if len(parts) == 1 or self.run.rules.dotted_fields:
            for scope in (self, *self._around):
                flow = scope._unqualified(parts[0], key, is_alone=len(parts) == 1)
                if flow is not None:
                    named = flow is not scope._rows.get(key) and not scope._would_rebind(key, flow)
                    return _inside(flow, parts[1:]), named
            flow = self._only_place(parts[0])
            if flow is not None:
                return _inside(flow, parts[1:]), True
        self.run.note(f"unknown: {'.'.join(parts)}")
        return None

    def _is_word(self, key: str) -> bool:
        """Whether a name is a variable or a pseudo-column, and nothing in sight is called so."""
        run = self.run
        if key not in run.variables and key not in run.rules.pseudo_columns:
            return False
        return key not in self.by_name and key not in run.rows and self._certain(key) is None

    def _by_qualifier(self, parts: list[str]) -> Flow | None:
        """The flow of a name whose first parts mean a relation, here or further out.

        A column that is known here comes before a relation further out: then the rest are fields.
        """
        for scope in (self, *self._around):
            flow = scope._qualified(parts)
            if flow is not None:
                return flow
            if self.run.rules.dotted_fields and scope._certain(parts[0].lower()) is not None:
                return None
        return None

    def _only_place(self, name: str) -> Flow | None:
        """The column in the one table there is, of which the catalogue must know too little."""
        relations = (r for scope in (self, *self._around) for r in scope.relations)
        tables = [relation for relation in relations if isinstance(relation, BaseTable)]
        return self._unlisted(tables[0], name) if len(tables) == 1 else None

    def _unlisted(self, relation: Relation, name: str) -> Flow | None:
        if not isinstance(relation, BaseTable):
            return None
        self.run.note(f"not in the catalogue: {name}")
        return relation.assumed(name)

    def relation(self, qualifiers: list[str]) -> Relation | None:
        """The relation that an alias or a table's dotted name means, here or further out."""
        found = (scope._relation(qualifiers) for scope in (self, *self._around))
        return next((relation for relation in found if relation is not None), None)

    def _relation(self, qualifiers: list[str]) -> Relation | None:
        if len(qualifiers) == 1:
            return self.by_name.get(qualifiers[0].lower())
        wanted = tuple(part.lower() for part in qualifiers)
        for relation in self.relations:
            if isinstance(relation, BaseTable):
                name = tuple(part.lower() for part in relation.table.parts)
                if name[-len(wanted) :] == wanted or wanted[-len(name) :] == name:
                    return relation
        return None

    def _qualified(self, parts: list[str]) -> Flow | None:
        for count in range(1, min(len(parts), 4)):
            relation = self._relation(parts[:count])
            if relation is None:
                continue
            key = parts[count].lower()
            flow = relation.known(key)
            if flow is None:
                flow = relation.unknown(parts[count])
            if flow is None:
                flow = self._unlisted(relation, parts[count])
            if flow is not None:
                return _inside(flow, parts[count + 1 :])
        return None

    def _unqualified(self, name: str, key: str, is_alone: bool) -> Flow | None:
        """The flow of a column; alone, the name may also mean a whole row."""
        if self.aliasing == FIRST and key in self.aliases:
            return self.aliases[key]
        flow = self._certain(key)
        if flow is None:
            flow = self.constants.get(key)
        if flow is None and self.aliasing == BEFORE_UNKNOWN:
            flow = self.aliases.get(key)
        if flow is None and is_alone and key in self.by_name:
            flow = self._whole_row(key)
        if flow is None:
            flow = self._possible(name)
        if flow is None and self.aliasing != NEVER:
            flow = self.aliases.get(key)
        return flow

    def _certain(self, key: str) -> Flow | None:
        if key in self.merged:
            return self.merged[key][1]
        if key not in self._known:
            found = [flow for r in self.relations if (flow := r.known(key)) is not None]
            self._known[key] = self._only(found, key)
        return self._known[key]

    def _possible(self, name: str) -> Flow | None:
        if name not in self._unknown:
            self._unknown[name] = self._search_unknown(name)
        return self._unknown[name]

    def _only(self, flows: list[Flow], name: str) -> Flow | None:
        """The flow if there is one; nothing if it could be any of several; None if none is."""
        if len(flows) > 1:
            self.run.note(f"ambiguous: {name}")
            return NOTHING
        return flows[0] if flows else None

    def _search_unknown(self, name: str) -> Flow | None:
        found = [(r, flow) for r in self.relations if (flow := r.unknown(name)) is not None]
        strong = [flow for r, flow in found if not r.weak]
        return self._only(strong or [flow for _, flow in found], name)

    def _whole_row(self, alias: str) -> Flow:
        if alias not in self._rows:
            fields = self.by_name[alias].fields()
            self._rows[alias] = union([field.flow for field in fields] or [NOTHING])
        return self._rows[alias]

    def _would_rebind(self, key: str, flow: Flow) -> bool:
        """Whether an outer column would silently take the place of an inner one that is dropped.

        Not one that is made of the same base column: it goes with it.
        """
        for scope in self._around:
            for relation in scope.relations:
                outer = relation.known(key)
                if outer is not None and outer.keys().isdisjoint(flow):
                    return True
        return False


def _inside(flow: Flow, path: list[str]) -> Flow:
    return nested(flow, ".".join(path)) if path else flow

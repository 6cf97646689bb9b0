"""COPY, LOAD, EXPORT: files and stages as datasets."""

from __future__ import annotations

from sqlglot import exp

from ingest.sql.changes import column_name, write
from ingest.sql.flows import IDENTITY
from ingest.sql.names import is_path, table_of
from ingest.sql.queries import query
from ingest.sql.records import Column, Table
from ingest.sql.relations import Derived, Field
from ingest.sql.scopes import Scope

_STREAMS = frozenset({"stdin", "stdout", "local", "program"})


def place_of(node: exp.Expr, scope: Scope) -> Table | None:
    """The file, stage or table that a COPY names."""
    if isinstance(node, exp.Schema):
        return place_of(node.this, scope)
    if isinstance(node, exp.Literal):
        return Table((node.name,), "path")
    if isinstance(node, exp.Identifier) and node.name.lower() not in _STREAMS:
        return table_of(exp.Table(this=node), scope.run)
    if isinstance(node, exp.Table):
        if isinstance(node.this, exp.Literal):
            return Table((node.this.name,), "path")
        return table_of(node, scope.run)
    return None


def copy(node: exp.Expr, scope: Scope) -> Derived | None:
    """COPY in both directions, with a query as the source."""
    files = [place_of(file, scope) for file in node.args.get("files") or ()]
    places = [file for file in files if file is not None]
    inside = node.this
    if isinstance(inside, exp.Query) and not isinstance(inside.unnest(), exp.Table):
        fields = query(inside, scope).fields()
        for place in places:
            write(place, fields, scope)
        return None if places else Derived(fields)
    names = inside.this if isinstance(inside, exp.Schema) else inside
    table = place_of(names, scope)
    loading = bool(node.args.get("kind"))
    if table is not None and isinstance(inside, exp.Schema):
        listed = [Column(table, column_name(item, scope)) for item in inside.expressions]
        if loading:
            scope.run.assigned.update(dict.fromkeys(listed))
        else:
            scope.run.use(dict.fromkeys(listed, IDENTITY), IDENTITY)
    sources, targets = (places, [table]) if loading else ([table], places)
    for source in sources:
        if source is not None:
            scope.run.reads[source] += 1
    for file in node.args.get("files") or () if loading else ():
        if isinstance(file, exp.Subquery):
            _loaded(table, query(file, scope).fields(), scope)
    for target in targets:
        if target is not None:
            scope.run.writes[target] = None
    return None


def _loaded(table: Table | None, fields: list[Field], scope: Scope) -> None:
    if table is not None:
        write(table, fields, scope)


def load_data(node: exp.Expr, scope: Scope) -> Derived | None:
    """Hive's LOAD DATA INPATH."""
    table = place_of(node.this, scope)
    for place in (node.args.get("inpath"), node.args.get("files")):
        for literal in place.find_all(exp.Literal) if isinstance(place, exp.Expr) else ():
            if is_path(literal.name):
                scope.run.reads[Table((literal.name,), "path")] += 1
    if table is not None:
        scope.run.writes[table] = None
    return None


def export(node: exp.Expr, scope: Scope) -> Derived | None:
    """BigQuery's EXPORT DATA OPTIONS (uri = …) AS SELECT."""
    fields = query(node.this, scope).fields()
    options = node.args.get("options")
    for option in options.find_all(exp.Property) if options is not None else ():
        if option.name.lower() == "uri":
            write(Table((option.args["value"].name,), "path"), fields, scope)
    return None

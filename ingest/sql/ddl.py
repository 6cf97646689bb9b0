"""CREATE, ALTER, DROP: schema changes, and the lineage of what is created from a query."""

from __future__ import annotations

from sqlglot import exp

from ingest.sql.changes import column_name, matched, write
from ingest.sql.locations import locations
from ingest.sql.names import table_of
from ingest.sql.queries import bind_ctes, query
from ingest.sql.records import ChangeKind, SchemaChange, Table
from ingest.sql.relations import BaseTable, Derived, Field
from ingest.sql.scopes import Scope


def _table(node: exp.Expr | None, scope: Scope) -> Table | None:
    inner = node.this if isinstance(node, exp.Schema) else node
    return table_of(inner, scope.run) if isinstance(inner, exp.Table) else None


def create(node: exp.Expr, outer: Scope) -> Derived | None:
    """CREATE TABLE and VIEW: defined, AS a query, CLONE, LIKE."""
    if node.args.get("kind") not in ("TABLE", "VIEW"):
        return None
    scope = Scope(outer.run, outer)
    bind_ctes(node, scope)
    table = _table(node.this, scope)
    if table is None:
        return None
    run = scope.run
    run.temporary = _property(node, exp.TemporaryProperty, exp.VolatileProperty) is not None
    source = node.args.get("expression")
    copied = _copied(node, scope)
    if copied is not None:
        _copy_of(table, *copied, scope)
    elif isinstance(source, exp.Expr):
        fields = _from_query(table, node, query(source, scope), scope)
        to = _property(node, exp.ToTableProperty)  # ClickHouse: a view that feeds a table
        fed = _table(to.this, scope) if to is not None else None
        if fed is not None:
            write(fed, fields, scope)
    else:
        columns = _definitions(node.this, scope)
        write(table, [], scope)
        run.changes.append(SchemaChange("create", table, columns, location=locations(node)))
    return None


def _from_query(table: Table, node: exp.Expr, output: Derived, scope: Scope) -> list[Field]:
    place = node.this
    names = (
        [column_name(e, scope) for e in place.expressions if _is_column(e)]
        if isinstance(place, exp.Schema)
        else []
    )
    fields = matched(names, output.fields())
    write(table, fields, scope)
    is_complete = all(field.rest is None for field in fields)
    columns = tuple((field.name, "") for field in fields) if is_complete else ()
    scope.run.changes.append(SchemaChange("create", table, columns, location=locations(node)))
    return fields


def _is_column(node: exp.Expr) -> bool:
    return isinstance(node, (exp.ColumnDef, exp.Identifier, exp.Column))


def _definitions(place: exp.Expr, scope: Scope) -> tuple[tuple[str, str], ...]:
    if not isinstance(place, exp.Schema):
        return ()
    return tuple(
        (column_name(item, scope), _type(item.args.get("kind"), scope))
        for item in place.expressions
        if isinstance(item, exp.ColumnDef)
    )


def _type(kind: exp.Expr | None, scope: Scope) -> str:
    return kind.sql(dialect=scope.run.rules.name) if kind is not None else ""


def _property(node: exp.Expr, *kinds: type[exp.Expr]) -> exp.Expr | None:
    """The first property of a CREATE that is of these kinds."""
    properties = node.args.get("properties")
    return properties.find(*kinds) if properties is not None else None


def _copied(node: exp.Expr, scope: Scope) -> tuple[Table, ChangeKind] | None:
    clone, source = node.args.get("clone"), node.args.get("expression")
    if clone is not None and (table := _table(clone.this, scope)) is not None:
        return table, "clone"
    if isinstance(source, exp.Table) and scope.run.rules.name == "clickhouse":
        table = _table(source, scope)
        return (table, "like") if table is not None else None
    for place in (node.args.get("properties"), node.this):
        like = place.find(exp.LikeProperty) if place is not None else None
        if like is not None and (table := _table(like.this, scope)) is not None:
            return table, "like"
    return None


def _copy_of(table: Table, source: Table, kind: ChangeKind, scope: Scope) -> None:
    """CLONE copies the rows, LIKE only the columns."""
    scope.run.reads[source] += 1
    relation = BaseTable(source, scope.run.columns_of(source))
    fields = relation.fields()
    write(table, fields if kind == "clone" else [], scope)
    columns = tuple((field.name, "") for field in fields if field.rest is None)
    scope.run.changes.append(SchemaChange(kind, table, columns, other=source))


def drop(node: exp.Expr, scope: Scope) -> None:
    """DROP TABLE and VIEW."""
    if node.args.get("kind") in ("TABLE", "VIEW"):
        for item in node.args.get("tables") or ():
            table = _table(item, scope)
            if table is not None:
                scope.run.changes.append(SchemaChange("drop", table))


def truncate(node: exp.Expr, scope: Scope) -> None:
    """TRUNCATE TABLE."""
    for item in node.expressions:
        table = _table(item, scope)
        if table is not None:
            scope.run.changes.append(SchemaChange("truncate", table))


def alter(node: exp.Expr, scope: Scope) -> None:
    """ALTER TABLE: one SchemaChange per action."""
    table = _table(node.this, scope)
    if table is None:
        return
    for action in node.args.get("actions") or ():
        change = _change(action, table, scope)
        if change is not None:
            scope.run.changes.append(change)


def _change(action: exp.Expr, table: Table, scope: Scope) -> SchemaChange | None:
    if isinstance(action, (exp.AlterRename, exp.SwapTable)):
        kind: ChangeKind = "swap" if isinstance(action, exp.SwapTable) else "rename"
        return SchemaChange(kind, table, other=_renamed(action.this, table, scope))
    if isinstance(action, exp.RenameColumn):
        old, new = _path(action.this, scope), column_name(action.args["to"], scope)
        return SchemaChange("rename_column", table, ((old, ""),), new_name=new)
    if isinstance(action, exp.ColumnDef):
        return SchemaChange("add_column", table, (_defined(action, scope),))
    if isinstance(action, exp.Schema):
        return SchemaChange("add_column", table, _definitions(action, scope))
    if isinstance(action, exp.Drop) and action.args.get("kind") == "COLUMN":
        names = action.args.get("tables") or ()
        return SchemaChange("drop_column", table, tuple((_path(n, scope), "") for n in names))
    if isinstance(action, exp.AlterColumn):
        return _altered(action, table, scope)
    if isinstance(action, exp.ModifyColumn):
        return _modified(action, table, scope)
    return None


def _defined(node: exp.Expr, scope: Scope) -> tuple[str, str]:
    return _path(node, scope), _type(node.args.get("kind"), scope)


def _path(node: exp.Expr, scope: Scope) -> str:
    """A column's name, or the dotted path of a field in one."""
    inner = node.this if isinstance(node, exp.ColumnDef) else node
    if isinstance(inner, exp.Dot):
        parts = list(inner.flatten())
    else:
        parts = inner.parts if isinstance(inner, exp.Column) else [node]
    return ".".join(column_name(part, scope) for part in parts)


def _altered(action: exp.Expr, table: Table, scope: Scope) -> SchemaChange | None:
    column = column_name(action.this, scope)
    if action.args.get("dtype") is not None:
        return SchemaChange("retype", table, ((column, _type(action.args["dtype"], scope)),))
    if "allow_null" in action.args:
        kind: ChangeKind = "nullable" if action.args["allow_null"] else "not_null"
        return SchemaChange(kind, table, ((column, ""),))
    return None


def _modified(action: exp.Expr, table: Table, scope: Scope) -> SchemaChange:
    """MySQL's CHANGE and MODIFY."""
    name, kind = _defined(action.this, scope)
    old = action.args.get("rename_from")
    if old is not None and column_name(old, scope) != name:
        return SchemaChange(
            "rename_column", table, ((column_name(old, scope), kind),), new_name=name
        )
    return SchemaChange("retype", table, ((name, kind),))


def _renamed(node: exp.Expr, table: Table, scope: Scope) -> Table | None:
    """The new name stays in the old one's schema unless it says another."""
    if isinstance(node, exp.Table) and len(node.parts) == 1:
        part = node.parts[0]
        name = scope.run.rules.table(part.name, bool(part.args.get("quoted")))
        return Table((*table.parts[:-1], name))
    return _table(node, scope)

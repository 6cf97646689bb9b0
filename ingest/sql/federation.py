"""Queries in strings: what another database answers, and DuckDB's `query('…')`."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from ingest.sql.catalog import Catalog
from ingest.sql.dialects import rules
from ingest.sql.flows import NOTHING, Flow
from ingest.sql.records import Column, Context, Table
from ingest.sql.relations import Derived, Function, Relation
from ingest.sql.run import Run
from ingest.sql.scopes import Scope


class _Place(NamedTuple):
    """Where in a call the connection's name and the query stand, and what the other side speaks.

    A connection that is a list of settings has no name: it may hold a password. Where the dialect
    is not said, it is PostgreSQL's: of all dialects it reads most plain queries.
    """

    connection: int | None
    query: int
    dialect: str = "postgres"


_PLACES = {
    "external_query": _Place(0, 1),
    "openquery": _Place(0, 1),
    "openrowset": _Place(None, 2),
    "dblink": _Place(None, 1),
    "remote_query": _Place(0, 1),
    "postgres_query": _Place(0, 1),
    "mysql_query": _Place(0, 1, "mysql"),
    "sqlite_query": _Place(0, 1, "sqlite"),
}


def federated(call: exp.Expr, catalog: str, scope: Scope) -> Relation | None:
    """What the query in the string gives; its tables are named behind the connection.

    catalog: what stands in front of the function's name, as in Trino's `pg.system.query(…)`.
    None when the call holds no query.
    """
    name = call.name.lower()
    if name == "query" and not catalog:
        text = _text(call, 0)
        return _local(text, scope) if text else None
    place = _Place(None, 0) if name == "query" else _PLACES.get(name)
    text = _text(call, place.query) if place else ""
    if place is None or not text:
        return None
    connection = catalog or name
    if not catalog and place.connection is not None:
        connection = call.expressions[place.connection].name
    run = Run(rules(place.dialect), Context(), Catalog())
    run.query, run.modify = scope.run.query, scope.run.modify
    try:
        output = run.query(parse_one(text, dialect=place.dialect), Scope(run))
    except SqlglotError:
        scope.run.note("a federated query that is not understood")
        return Function((), NOTHING)
    for table in run.reads:
        scope.run.reads[_behind(connection, table)] += 1
    scope.run.uses.take(run.uses, lambda column: _moved(connection, column))
    return Derived(replace(field, flow=_flow(connection, field.flow)) for field in output.fields())


def _text(call: exp.Expr, place: int) -> str:
    """The query of a call: the argument `query => '…'`, else the string at its place."""
    arguments = call.expressions
    named = (a.expression for a in arguments if isinstance(a, exp.Kwarg) and _is_query(a))
    value = next(named, arguments[place] if place < len(arguments) else None)
    return value.name if isinstance(value, (exp.Literal, exp.National)) else ""


def _is_query(argument: exp.Kwarg) -> bool:
    return bool(argument.this.name.lower() == "query")


def _local(text: str, scope: Scope) -> Relation:
    try:
        return scope.run.query(parse_one(text, dialect=scope.run.rules.name), scope.around())
    except SqlglotError:
        scope.run.note("a query in a string that is not understood")
        return Function((), NOTHING)


def _behind(connection: str, table: Table) -> Table:
    return Table((connection, *table.parts), table.kind)


def _moved(connection: str, column: Column) -> Column:
    return Column(_behind(connection, column.table), column.name)


def _flow(connection: str, flow: Flow) -> Flow:
    return {_moved(connection, column): role for column, role in flow.items()}

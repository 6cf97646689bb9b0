"""Queries that another database answers: EXTERNAL_QUERY and OPENQUERY (connection, 'query')."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from ingest.sql.catalog import Catalog
from ingest.sql.dialects import rules
from ingest.sql.flows import NOTHING, Flow
from ingest.sql.records import Column, Context, Table
from ingest.sql.relations import Derived, Function, Relation
from ingest.sql.run import Run
from ingest.sql.scopes import Scope

# What the other side speaks is not said; of all dialects this one reads most plain queries.
_DIALECT = "postgres"
FEDERATING = frozenset({"external_query", "openquery"})


def federated(call: exp.Anonymous, scope: Scope) -> Relation:
    """What the query in the string gives; its tables are named behind the connection."""
    if len(call.expressions) < 2:
        return Function((), NOTHING)
    connection, text = (argument.name for argument in call.expressions[:2])
    run = Run(rules(_DIALECT), Context(), Catalog())
    run.query, run.modify = scope.run.query, scope.run.modify
    try:
        output = run.query(parse_one(text, dialect=_DIALECT), Scope(run))
    except SqlglotError:
        scope.run.note("a federated query that is not understood")
        return Function((), NOTHING)
    for table in run.reads:
        scope.run.reads[_behind(connection, table)] += 1
    scope.run.named.update(_moved(connection, column) for column in run.named)
    for found, place in ((run.uses, scope.run.uses), (run.touched, scope.run.touched)):
        place.update((_moved(connection, column), bits) for column, bits in found.items())
    return Derived(field._replace(flow=_flow(connection, field.flow)) for field in output.fields())


def _behind(connection: str, table: Table) -> Table:
    return Table((connection, *table.parts), table.kind)


def _moved(connection: str, column: Column) -> Column:
    return Column(_behind(connection, column.table), column.name)


def _flow(connection: str, flow: Flow) -> Flow:
    return {_moved(connection, column): role for column, role in flow.items()}

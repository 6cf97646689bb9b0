"""Data that moves without a query: renames and swaps, and tables that stand for files.

A table that is built beside and renamed into place has its sources under the name that it had. One
that is created over a path or stage holds what the files hold; the other way round when a query
fills it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ingest.shards import is_scaffold
from ingest.sql import Analysis, Catalog, Column, ColumnEdge, ColumnUse, Statement, Table
from lineage.model import Role


def moved(analysis: Analysis, catalog: Catalog) -> Analysis:
    """The analysis with the places of its tables, and its renames and swaps as statements."""
    flows = [
        flow
        for statement in analysis.statements
        for change in statement.changes
        if change.kind in ("rename", "swap") and change.other is not None
        for flow in _flows(change.table, change.other, catalog, both=change.kind == "swap")
    ]
    placed = tuple(map(_placed, analysis.statements))
    if not flows and placed == analysis.statements:
        return analysis
    return msgspec.structs.replace(analysis, statements=(*placed, *flows))


def _placed(statement: Statement) -> Statement:
    """The statement with the files of the table that it creates: read, or written by its query."""
    made = (change for change in statement.changes if change.kind == "create")
    places = tuple(place for change in made for place in change.location)
    if not places or statement.temporary:
        return statement
    if statement.reads:
        edges = (
            msgspec.structs.replace(edge, target_table=place)
            for edge in statement.edges
            for place in places
        )
        return msgspec.structs.replace(
            statement,
            writes=(*statement.writes, *places),
            edges=(*statement.edges, *edges),
        )
    return msgspec.structs.replace(statement, reads=places, stars=places, parse="star_unknown")


def _flows(table: Table, other: Table, catalog: Catalog, *, both: bool) -> Iterator[Statement]:
    if is_scaffold(table.parts[-1]) or is_scaffold(other.parts[-1]):
        return
    yield _flow(table, other, catalog)
    if both:
        yield _flow(other, table, catalog)


def _flow(source: Table, target: Table, catalog: Catalog) -> Statement:
    known = catalog.columns(source)
    names = list(known.names.values()) if known else []
    return Statement(
        "insert",
        reads=(source,),
        writes=(target,),
        edges=tuple(
            ColumnEdge(name, target, Column(source, name), Role.IDENTITY) for name in names
        ),
        uses=tuple(ColumnUse(Column(source, name), Role.IDENTITY, named=False) for name in names),
        stars=() if names else (source,),
        parse="star_expanded" if names else "star_unknown",
        consulted=(source,),
    )

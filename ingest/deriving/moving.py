"""Renames and swaps move data: what the old name held is what the new one holds.

A table that is built beside and renamed into place has its sources under the name that it had.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ingest.shards import is_scaffold
from ingest.sql import Analysis, Catalog, Column, ColumnEdge, ColumnUse, Statement, Table
from lineage.model import Role


def moved(analysis: Analysis, catalog: Catalog) -> Analysis:
    """The analysis with the flows of its renames and swaps, as statements of their own."""
    flows = [
        flow
        for statement in analysis.statements
        for change in statement.changes
        if change.kind in ("rename", "swap") and change.other is not None
        for flow in _flows(change.table, change.other, catalog, both=change.kind == "swap")
    ]
    if not flows:
        return analysis
    return msgspec.structs.replace(analysis, statements=(*analysis.statements, *flows))


def _flows(table: Table, other: Table, catalog: Catalog, *, both: bool) -> Iterator[Statement]:
    if is_scaffold(table.parts[-1]) or is_scaffold(other.parts[-1]):
        return
    yield _flow(table, other, catalog)
    if both:
        yield _flow(other, table, catalog)


def _flow(source: Table, target: Table, catalog: Catalog) -> Statement:
    known = catalog.columns(source)
    names = [name for name, _ in known.names.values()] if known else []
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

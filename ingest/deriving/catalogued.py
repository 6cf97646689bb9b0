"""Catalogues as nodes and edges."""

from __future__ import annotations

from collections.abc import Iterable

from ingest.declared.catalogs import Catalogue
from ingest.deriving.additions import Additions
from ingest.identity import canonical
from lineage.model import Fact, Node, Origin
from lineage.names import ColumnId


def add_catalogues(additions: Additions, catalogues: Iterable[Catalogue]) -> None:
    """Adds the columns that catalogues list, and that these are all their tables have."""
    for catalogue in catalogues:
        for name, columns in catalogue.tables.items():
            dataset = canonical(catalogue.namespace, name)
            # The fields of a structure are columns of the graph, but not of the table's list.
            top = [one for one in columns if one.rpartition(".")[0] not in columns]
            listed = tuple((one, columns[one]) for one in top)
            additions.listed(dataset, listed, catalogue.at)
            ordinals = {one: str(ordinal) for ordinal, one in enumerate(top)}
            for one, type_ in columns.items():
                said = {"ordinal": ordinals.get(one, ""), "type": type_}
                facts = {k: Fact(catalogue.at, value) for k, value in said.items() if value}
                additions.column(ColumnId(dataset, one), Origin.DECLARED)
                additions.facts(Node(ColumnId(dataset, one), facts))

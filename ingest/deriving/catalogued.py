"""Catalogues as nodes and edges; the sizes that they tell as documents beside the graph."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ingest.declared.catalogs import Catalogue
from ingest.deriving.additions import Additions
from ingest.identity import canonical
from lineage.model import Document, Fact, Node, Origin
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
            additions.facts(Node(dataset, {"catalogued": Fact(catalogue.at, "true")}))
            ordinals = {one: str(ordinal) for ordinal, one in enumerate(top)}
            for one, type_ in columns.items():
                said = {"ordinal": ordinals.get(one, ""), "type": type_}
                facts = {k: Fact(catalogue.at, value) for k, value in said.items() if value}
                additions.column(ColumnId(dataset, one), Origin.DECLARED)
                additions.facts(Node(ColumnId(dataset, one), facts))
        for name in catalogue.sizes:
            dataset = canonical(catalogue.namespace, name)
            additions.facts(Node(dataset, {"catalogued": Fact(catalogue.at, "true")}))


def sizes_told(catalogues: Iterable[Catalogue]) -> list[Document]:
    """The sizes that catalogues tell, one document a dataset."""
    return [
        msgspec.structs.replace(size, at=catalogue.at[:10]).document(
            canonical(catalogue.namespace, name)
        )
        for catalogue in catalogues
        for name, size in catalogue.sizes.items()
    ]

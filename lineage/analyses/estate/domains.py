"""Which domain a dataset belongs to, and what its domain exposes as data products.

A domain that has no product has said nothing about what is private. One that has a product keeps
to itself whatever no product of it exposes.
"""

from __future__ import annotations

import msgspec

from lineage.analyses.stewardship.people import weight_of_owner
from lineage.model import EdgeKey, EdgeType
from lineage.names import DatasetId, DomainId, NodeId, ProductId, TeamId
from lineage.store import Direction, Store

_SAID = (
    ("Team", Direction.DOWN, EdgeType.OWNS),
    ("Domain", Direction.UP, EdgeType.IN_DOMAIN),
    ("DataProduct", Direction.DOWN, EdgeType.EXPOSES),
)


class Product(msgspec.Struct, frozen=True):
    """A data product: the datasets that a domain exposes under a name."""

    product: str
    domain: str | None
    description: str
    datasets: tuple[str, ...]


class Domains:
    """Domains of datasets, teams and products, and what is exposed; owners by dataset."""

    def __init__(self, store: Store) -> None:
        self._owned: dict[NodeId, tuple[int, TeamId]] = {}
        self._place: dict[NodeId, DomainId] = {}
        self.exposed: dict[DatasetId, set[ProductId]] = {}
        for label, direction, type_ in _SAID:
            # Teams, domains and products are few, and lead to all that is said of them.
            few = [node.id for node in store.scan_nodes(label)]
            for edge in store.edges(few, direction, [type_]):
                self._know(edge.key)
        self.owner = {what: team for what, (_, team) in self._owned.items()}
        products = {one for some in self.exposed.values() for one in some}
        self._exposing = {self._place[one] for one in products if one in self._place}

    def _know(self, edge: EdgeKey) -> None:
        source, target = edge.source, edge.target
        if isinstance(target, DomainId):
            self._place[source] = min(target, self._place.get(source, target))
        elif isinstance(source, TeamId):
            said = (weight_of_owner(edge.origin), source)
            self._owned[target] = min(said, self._owned.get(target, said))
        elif isinstance(source, ProductId) and isinstance(target, DatasetId):
            self.exposed.setdefault(target, set()).add(source)

    def of(self, node: NodeId) -> DomainId | None:
        """The domain of a dataset, team or product; of a dataset without one, that of its owner."""
        found = self._place.get(node)
        if found is None and node in self.owner:
            return self._place.get(self.owner[node])
        return found

    def is_private(self, dataset: DatasetId) -> bool:
        """Whether a domain that exposes others keeps this dataset to itself."""
        if not self._exposing or dataset in self.exposed:
            return False
        return self.of(dataset) in self._exposing


def products(store: Store, known: Domains) -> tuple[Product, ...]:
    """Every data product with the datasets that it exposes."""
    by_product: dict[NodeId, list[DatasetId]] = {}
    for dataset, exposing in known.exposed.items():
        for one in exposing:
            by_product.setdefault(one, []).append(dataset)
    nodes = sorted(store.scan_nodes("DataProduct"), key=lambda node: str(node.id))
    return tuple(
        Product(
            node.id.name,
            _name(known.of(node.id)),
            node.value("description"),
            tuple(sorted(map(str, by_product.get(node.id, ())))),
        )
        for node in nodes
    )


def _name(place: DomainId | None) -> str | None:
    return place.name if place else None


def same(place: str | None, domain: str) -> bool:
    """Whether a domain is the one that somebody typed."""
    return (place or "").lower() == domain.lower()

"""Which domain a dataset belongs to, and what domains expose: files that people keep."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from ingest.declared.content import Content
from ingest.declared.people import Patterns
from ingest.files.tables import Fields
from lineage.errors import UnreadableInput
from lineage.names import DatasetId, clean, parts

_FIELDS: Fields = {
    "dataset": ("dataset", "pattern", "table", "schema", "name"),
    "domain": ("domain",),
    "product": ("product", "data_product", "port"),
}


class Place(msgspec.Struct, frozen=True):
    """Datasets of a domain by a pattern, exposed under a product when one is named.

    dataset: `namespace:name`, a name or the end of one, or a glob of these.
    """

    dataset: str
    domain: str
    product: str = ""


class _Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product as a file says it: of which domain, and which datasets it exposes."""

    domain: str
    exposes: tuple[str, ...]
    description: str = ""


class DomainFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Patterns of datasets by domain, and products by name."""

    domains: dict[str, tuple[str, ...]] = {}
    products: dict[str, _Product] = {}


class DomainBook(msgspec.Struct, frozen=True):
    """All that files say of domains and products."""

    places: tuple[Place, ...] = ()
    descriptions: dict[str, str] = {}


def read_domain_files(paths: Iterable[str]) -> tuple[DomainBook, list[str]]:
    """What all these files say; what an earlier one says goes before.

    YAML or JSON with `domains` (name → patterns of datasets) and `products` (name → domain,
    exposes, description), or a table `dataset,domain,product`.

    Raises:
        UnreadableInput: a file cannot be read, or is none of these; says what and where.
    """
    places: list[Place] = []
    descriptions: dict[str, str] = {}
    problems: list[str] = []
    for path in paths:
        content = Content(Path(path))
        if isinstance(content.value, dict):
            said = _said(content)
            places += _places(said)
            for name, product in said.products.items():
                descriptions.setdefault(clean(name), clean(product.description))
        else:
            rows, wrong = _rows(content)
            places += rows
            problems += wrong
    return DomainBook(tuple(places), descriptions), problems


def _said(content: Content) -> DomainFile:
    try:
        said = msgspec.convert(content.value, DomainFile)
    except msgspec.ValidationError as error:
        raise UnreadableInput(
            f"{content.path}: {error}; a domains file is described in docs/orphans.md"
        ) from error
    if not said.domains and not said.products:
        raise UnreadableInput(f"{content.path}: neither `domains` nor `products` in it")
    return said


def _places(said: DomainFile) -> Iterable[Place]:
    for domain, patterns in said.domains.items():
        yield from (Place(pattern, clean(domain)) for pattern in patterns)
    for name, product in said.products.items():
        for pattern in product.exposes:
            yield Place(pattern, clean(product.domain), clean(name))


def _rows(content: Content) -> tuple[list[Place], list[str]]:
    places, problems = [], []
    for line, row in content.rows(_FIELDS, ("dataset", "domain"), ("domains", "rows")):
        if isinstance(row, str):
            problems.append(f"{content.path}, line {line}: {row}")
        elif row[0] and row[1]:
            places.append(Place(row[0], clean(row[1]), clean(row[2])))
        else:
            problems.append(f"{content.path}, line {line}: dataset or domain is empty")
    return places, problems


class Places:
    """Where each dataset belongs, and which products expose it."""

    def __init__(self, book: DomainBook) -> None:
        self._domains = Patterns((one.dataset, one) for one in book.places)
        by_product: dict[str, list[Place]] = {}
        for one in book.places:
            if one.product:
                by_product.setdefault(one.product, []).append(one)
        self._products = {
            name: Patterns((one.dataset, one) for one in places)
            for name, places in by_product.items()
        }
        self.domain_of_product = {name: places[0].domain for name, places in by_product.items()}
        self.descriptions = book.descriptions

    def domain(self, dataset: DatasetId) -> str:
        """The domain of the most specific pattern; empty when none matches."""
        found = self._domains.find(spellings(dataset))
        return found.domain if found else ""

    def products(self, dataset: DatasetId) -> list[str]:
        """The products that expose a dataset."""
        names = spellings(dataset)
        return [name for name, patterns in self._products.items() if patterns.find(names)]


def spellings(dataset: DatasetId) -> tuple[str, ...]:
    """How a file may name a dataset: in full, by its name, by an end of it."""
    name = parts(dataset.name)
    ends = (".".join(name[start:]) for start in range(1, len(name)))
    return (str(dataset), dataset.name, *ends)

"""Identifiers of everything in the graph: typed, ordered, hashable, and safe to print.

A dataset is OpenLineage's `(namespace, name)`; a column belongs to a dataset; jobs, consumers,
principals, teams and products are named the same way. A job can never be passed where a dataset is
meant.
Control characters cannot enter a name, so that no name from a log can steer a terminal.
"""

from __future__ import annotations

import re

import msgspec

from lineage.errors import InvalidName

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def clean(text: str) -> str:
    """Text with control and direction-changing characters replaced by one blank, and trimmed."""
    return _CONTROL.sub(" ", text).strip()


class _Named(msgspec.Struct, frozen=True, order=True, tag_field="label", cache_hash=True):
    """An identifier made of a namespace and a name within it."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}:{self.name}"


class DatasetId(_Named, frozen=True, order=True, tag="Dataset"):
    """A table, view, topic, path or external table."""


class JobId(_Named, frozen=True, order=True, tag="Job"):
    """What writes: a model, a task, a view's definition, or an unnamed (issuer, target)."""


class ConsumerId(_Named, frozen=True, order=True, tag="Consumer"):
    """What a read is for, in the most specific form known: dashboard, card, notebook, principal."""


class PrincipalId(_Named, frozen=True, order=True, tag="Principal"):
    """Who ran it: a login of a source."""


class TeamId(_Named, frozen=True, order=True, tag="Team"):
    """A team; its namespace is `team`."""


class DomainId(_Named, frozen=True, order=True, tag="Domain"):
    """A business domain; its namespace is `domain`."""


class ProductId(_Named, frozen=True, order=True, tag="DataProduct"):
    """A data product: datasets that a domain exposes; its namespace is `product`."""


class QueryId(_Named, frozen=True, order=True, tag="Query"):
    """A statement template in its name context: namespace = source, name = fingerprint."""


class ColumnId(
    msgspec.Struct, frozen=True, order=True, tag_field="label", tag="Column", cache_hash=True
):
    """A column of a dataset; the name of a nested field keeps its dots (`address.city`)."""

    dataset: DatasetId
    name: str

    @property
    def namespace(self) -> str:
        """The namespace of the dataset."""
        return self.dataset.namespace

    def __str__(self) -> str:
        return f"{self.dataset}.{self.name}"


ProcessId = JobId | ConsumerId
NodeId = (
    DatasetId
    | ColumnId
    | JobId
    | ConsumerId
    | PrincipalId
    | TeamId
    | DomainId
    | ProductId
    | QueryId
)


def dataset(namespace: str, name: str) -> DatasetId:
    """The dataset of that namespace and name.

    Raises:
        InvalidName: one of the two is empty.
    """
    namespace, name = clean(namespace), clean(name)
    if not namespace or not name:
        raise InvalidName(f"a dataset needs a namespace and a name, got {namespace!r}, {name!r}")
    return DatasetId(namespace, name)


def team(name: str) -> TeamId:
    """The team of that name."""
    return TeamId("team", clean(name))


def domain(name: str) -> DomainId:
    """The domain of that name."""
    return DomainId("domain", clean(name))


def product(name: str) -> ProductId:
    """The data product of that name."""
    return ProductId("product", clean(name))


def parts(name: str) -> tuple[str, ...]:
    """The dot-separated parts of a name; double quotes protect dots.

    >>> parts('shop."odd.name".id')
    ('shop', 'odd.name', 'id')
    """
    if '"' not in name:
        return tuple(filter(None, name.split(".")))
    found = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', name)
    return tuple(quoted.replace('""', '"') or plain for quoted, plain in found)

"""One name for one dataset: where SQL tables and OpenLineage datasets meet.

Both collectors pass every namespace and name through here, so that `s3a://lake/orders/` of a Spark
event and `s3://lake` `orders` of a COPY are one node.
"""

from __future__ import annotations

from functools import lru_cache

from ingest.canonical import canonical, canonical_namespace, of_url
from ingest.sql import Table
from lineage.names import DatasetId

__all__ = ["canonical", "canonical_namespace", "dataset_of", "of_table", "of_url"]


def of_table(parts: tuple[str, ...], namespace: str) -> DatasetId:
    """The dataset of a table that a statement of this namespace names; dots are protected."""
    quoted = (f'"{part}"' if "." in part or '"' in part else part for part in parts)
    return canonical(namespace, ".".join(quoted))


@lru_cache(maxsize=100_000)
def dataset_of(table: Table, namespace: str) -> DatasetId:
    """The dataset that a statement of this namespace means by a table, path or stage."""
    if table.kind == "table":
        return of_table(table.parts, namespace)
    return of_url(table.parts[-1], namespace)

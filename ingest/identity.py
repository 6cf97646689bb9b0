"""One name for one dataset: where SQL tables and OpenLineage datasets meet.

Both collectors pass every namespace and name through here, so that `s3a://lake/orders/` of a Spark
event and `s3://lake` `orders` of a COPY are one node. Source: OpenLineage spec 2-0-2, Naming.md.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ingest.shards import finished_name, lasting_name
from ingest.sql import Table
from lineage.names import DatasetId, dataset

_SCHEMES = {
    "postgresql": "postgres",
    "s3a": "s3",
    "s3n": "s3",
    "sqlserver": "mssql",
    "abfs": "abfss",
    "wasb": "wasbs",
    "gcs": "gs",
}
_DEFAULT_PORTS = {
    "postgres": "5432",
    "mysql": "3306",
    "redshift": "5439",
    "mssql": "1433",
    "oracle": "1521",
    "hive": "9083",
}
# Object stores: the namespace is the bucket, the name is the key.
_OBJECT_STORES = frozenset({"s3", "gs", "abfss", "wasbs"})
# Platforms whose unquoted names are upper-case in the catalogue.
_UPPER = frozenset({"snowflake", "oracle"})
_NOBODY_SAID = "unknown"  # the host of a namespace that was assumed
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)(/.*)?$")


@lru_cache(maxsize=100_000)
def canonical(namespace: str, name: str) -> DatasetId:
    """The dataset that this spelling of a namespace and name stands for.

    Scheme and host in lower case, default port added, slashes of object keys stripped, scheme
    aliases replaced; names of upper-case platforms folded when they carry no capital. BigQuery's
    partitions, moments and shards by date are the table that they are of, and what dbt builds
    beside a relation is the relation.

    Raises:
        InvalidName: one of the two is empty.
    """
    name = finished_name(name.strip())
    if namespace.strip().partition("://")[0].lower() == "bigquery":
        name = lasting_name(name)
    found = _URL.match(namespace.strip())
    if not found:
        return dataset(namespace, name)
    scheme, host, rest = found.group(1).lower(), found.group(2), (found.group(3) or "").rstrip("/")
    scheme = _SCHEMES.get(scheme, scheme)
    if scheme in _OBJECT_STORES:
        key = f"{rest}/{name}".strip("/")
        return dataset(f"{scheme}://{host}", key or "/")
    port = _DEFAULT_PORTS.get(scheme)
    host = host.lower() if scheme != "bigquery" else host
    if port and host and ":" not in host and host != _NOBODY_SAID:
        host = f"{host}:{port}"
    if scheme in _UPPER and not any(letter.isupper() for letter in name):
        name = name.upper()
    return dataset(f"{scheme}://{host}{rest}", name)


def canonical_namespace(namespace: str) -> str:
    """The namespace that a dataset of this namespace ends up in."""
    return canonical(namespace, "x").namespace


def of_url(url: str, fallback_namespace: str) -> DatasetId:
    """The dataset of a path or URL that a statement reads or writes.

    A path without a scheme belongs to the source that named it.
    """
    found = _URL.match(url)
    if not found:
        return dataset(fallback_namespace, url)
    scheme, host, rest = found.group(1), found.group(2), found.group(3) or "/"
    objects = _SCHEMES.get(scheme.lower(), scheme.lower()) in _OBJECT_STORES
    key = rest.strip("/") if objects else rest
    return canonical(f"{scheme}://{host}", key or "/")


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

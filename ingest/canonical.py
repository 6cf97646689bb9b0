"""The one spelling of a dataset's namespace and name, of the many that producers and people use.

Source: OpenLineage spec 2-0-2, Naming.md, and what the integrations really send.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ingest.partitions import without_partitions
from ingest.platforms import FILE_SYSTEMS, OBJECT_STORES, SCHEMES, authority, folded
from ingest.shards import finished_name, lasting_name
from lineage.names import DatasetId, dataset

_URL: Final = re.compile(r"(?:jdbc:)?([A-Za-z][A-Za-z0-9.-]*)(?:\+\w+)?://([^/]*)(/.*)?$", re.S)
# As Java writes a path without a host.
_BARE_PATH: Final = re.compile(r"(file|dbfs|hdfs):(/(?!/).*)$", re.I | re.S)
_FULL_PATH: Final = re.compile(r"(?:file|dbfs|hdfs|s3[an]?|gcs|gs|abfss?|wasbs?):/", re.I)
_LOCAL_FILES: Final = re.compile(r"file(?::/*|(?:://|\.)localhost/*)?", re.I)
_BARE_DBFS: Final = re.compile(r"dbfs(?::/*)?", re.I)
_GLUE: Final = re.compile(r"arn:aws[\w-]*:glue:[\w-]+:\d+", re.I)
_AZURE: Final = r"([^./@]+)\.(?:blob|dfs)\.(core\.\w+\.\w+)/([^/]+)/?(.*)"
# Object stores as the web addresses that databases load from.
_WEB: Final = (
    (re.compile(r"https?://([^/]+?)\.s3[.-][^/]*amazonaws\.com(?:\.cn)?(?:/(.*))?"), r"s3://\1", 2),
    (re.compile(r"https?://s3[.-][^/]*amazonaws\.com(?:\.cn)?/([^/]+)(?:/(.*))?"), r"s3://\1", 2),
    (
        re.compile(r"https?://storage\.(?:googleapis|cloud\.google)\.com/([^/]+)(?:/(.*))?"),
        r"gs://\1",
        2,
    ),
    (re.compile(rf"(?:https?|azure)://{_AZURE}"), r"abfss://\3@\1.dfs.\2", 4),
)


@lru_cache(maxsize=100_000)
def canonical(namespace: str, name: str) -> DatasetId:
    """The dataset that this spelling of a namespace and name stands for.

    Scheme and host in lower case, default port added, slashes of paths and partitions behind them
    stripped, scheme aliases replaced, names in the case of their platform. A partition, moment or
    shard by date of BigQuery is the table that it is of, and what dbt builds beside a relation is
    the relation. A namespace that is no address of a platform is kept as it is.

    Raises:
        InvalidName: one of the two is empty.
    """
    namespace, name = namespace.strip(), finished_name(name.strip())
    if not namespace or not name:
        return dataset(namespace, name)
    if namespace.lower() == "bigquery":
        return dataset("bigquery", _bigquery_name(name))
    if _GLUE.fullmatch(namespace):
        return dataset(namespace.lower(), _glue_name(name))
    if _LOCAL_FILES.fullmatch(namespace):
        return _on_files("file", "", "", name)
    if _BARE_DBFS.fullmatch(namespace):
        return _on_files("dbfs", "", "", name)
    found = _URL.match(namespace)
    if not found:
        return dataset(namespace, name)
    scheme = found[1].lower()
    return _at(SCHEMES.get(scheme, scheme), found[2], (found[3] or "").rstrip("/"), name)


def canonical_namespace(namespace: str) -> str:
    """The namespace that a dataset of this namespace ends up in."""
    return canonical(namespace, "x").namespace


def of_url(url: str, fallback_namespace: str) -> DatasetId:
    """The dataset of a path or URL that a statement reads or writes.

    A path without a scheme belongs to the source that named it.
    """
    bare = _BARE_PATH.match(url)
    if bare:
        return canonical(f"{bare[1]}://", bare[2])
    found = _URL.match(url)
    if not found:
        return dataset(fallback_namespace, url)
    return canonical(f"{found[1]}://{found[2]}", found[3] or "/")


def as_typed(namespace: str, name: str) -> DatasetId:
    """The dataset of a namespace and name as people type them, or of the two halves of a URL.

    Raises:
        InvalidName: one of the two is empty.
    """
    if name.startswith("//"):
        return of_url(f"{namespace}:{name}", namespace)
    return canonical(namespace, name)


def _at(scheme: str, host: str, path: str, name: str) -> DatasetId:
    if scheme in OBJECT_STORES or scheme in FILE_SYSTEMS:
        return _on_files(scheme, host, path, name)
    if scheme == "bigquery":
        return dataset("bigquery", _bigquery_name(_in_project(host, path, name)))
    if scheme in ("http", "https", "azure"):
        full = f"{scheme}://{host}{path}/{name.lstrip('/')}"
        for address, namespace, key in _WEB:
            found = address.fullmatch(full)
            if found:
                return canonical(found.expand(namespace), found[key] or "/")
    namespace = f"{scheme}://{authority(scheme, host)}{path}"
    return dataset(namespace, folded(scheme, name))


def _on_files(scheme: str, host: str, path: str, name: str) -> DatasetId:
    """A path: without slashes at its ends in an object store, from the root in a file system."""
    if _FULL_PATH.match(name):
        return of_url(name, scheme)
    namespace = scheme if not host and scheme != "hdfs" else f"{scheme}://{authority(scheme, host)}"
    whole = f"{path}/{name}" if path else name
    key = whole.strip("/")
    if scheme == "file":
        # A relative path stays one: nobody said from where.
        return dataset(namespace, f"/{key}" if whole.startswith("/") else key)
    key = without_partitions(key)
    return dataset(namespace, (key or "/") if scheme in OBJECT_STORES else f"/{key}")


def _bigquery_name(name: str) -> str:
    """`project.dataset.table` of the forms that the API, legacy SQL and the audit log use."""
    words = name.strip("`[]").split("/")
    if len(words) == 6 and words[::2] == ["projects", "datasets", "tables"]:
        name = ".".join(words[1::2])
    name = name.replace("`", "").strip("[]")
    project, colon, rest = name.rpartition(":")
    # In `example.com:project.dataset.table` the colon is the project's own.
    if colon and rest.count(".") == 1:
        name = f"{project}.{rest}"
    return lasting_name(name)


def _in_project(host: str, path: str, name: str) -> str:
    """The name behind the project and dataset that its namespace tells."""
    before = [part for part in (host, *path.split("/")) if part and part != "unknown"]
    missing = 3 - len(name.replace(":", ".").split("."))
    return ".".join([*before[: max(0, missing)], name])


def _glue_name(name: str) -> str:
    """`table/database/name`, from `database.name` too."""
    words = [word for word in re.split(r"[/.]", name.lower()) if word]
    return "/".join(["table", *words]) if len(words) == 2 else "/".join(words)

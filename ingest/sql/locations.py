"""Where a table that is created keeps its rows, when the statement says so: files or a stage.

Hive, Spark and Redshift say LOCATION, Trino external_location, BigQuery uris, Snowflake a stage,
ClickHouse an engine of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from ingest.sql.names import is_path
from ingest.sql.records import Table
from ingest.sql.tokens import words

_OPTIONS = frozenset({"location", "external_location", "path", "uris", "uri"})
_ENGINES = words(
    """S3 S3QUEUE GCS HDFS URL AZUREBLOBSTORAGE AZUREQUEUE ICEBERG ICEBERGS3 ICEBERGAZURE
    DELTALAKE DELTALAKES3 HUDI"""
)
# A wildcard, and all that stands behind the folder it is in.
_WILD = re.compile(r"/[^/]*[*?\[{].*$")


def locations(node: exp.Expr) -> tuple[Table, ...]:
    """The paths and stages that a CREATE TABLE names as the place of its rows; folders of globs."""
    properties = node.args.get("properties")
    if properties is None:
        return ()
    named = (place for one in properties.find_all(exp.Property) for place in _places(one))
    found = (_table(place.name) for place in named)
    return tuple(dict.fromkeys(table for table in found if table is not None))


def _places(option: exp.Property) -> Iterator[exp.Expr]:
    if isinstance(option, exp.LocationProperty):
        yield option.this
    elif isinstance(option, exp.EngineProperty):
        engine = option.this
        if isinstance(engine, exp.Func) and engine.name.upper() in _ENGINES:
            yield from engine.expressions[:1]
    elif option.name.lower() in _OPTIONS:
        value = option.args.get("value")
        if isinstance(value, exp.Expr):
            yield from value.expressions or [value]


def _table(place: str) -> Table | None:
    if place.startswith("@"):
        return Table((place,), "stage")
    return Table((_WILD.sub("", place).rstrip("/") or place,), "path") if is_path(place) else None

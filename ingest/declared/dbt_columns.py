"""The columns that dbt knows: of `catalog.json` all, of `manifest.json` those that are certain.

Source: schemas.getdbt.com/dbt/catalog (v1) and manifest (v9 to v12).
"""

from __future__ import annotations

import datetime as dt

from ingest.declared.column_rows import dotted
from ingest.declared.content import Json, mapping, objects, text

_UPPER = frozenset({"snowflake"})  # adapters whose unquoted names are upper-case in the warehouse


def is_catalog(value: object) -> bool:
    """Whether a JSON value is what `dbt docs generate` writes to catalog.json."""
    return "/catalog/" in _schema(value)


def is_manifest(value: object) -> bool:
    """Whether a JSON value is a manifest.json."""
    return "/manifest/" in _schema(value)


def generated_at(value: object) -> str:
    """When a file of dbt was made: ISO 8601 in UTC, to the microsecond; empty when it is not told.

    Raises:
        ValueError: it is told, and no time.
    """
    said = text(mapping(mapping(value).get("metadata")).get("generated_at"))
    if not said or not (is_catalog(value) or is_manifest(value)):
        return ""
    moment = dt.datetime.fromisoformat(said)
    moment = moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def tables_of_catalog(value: object) -> dict[str, dict[str, str]]:
    """Dotted name → columns of every relation in a catalog.json, sources too."""
    found = {}
    for node in _nodes(value):
        relation = mapping(node.get("metadata"))
        name = dotted(*(text(relation.get(key)) for key in ("database", "schema", "name")))
        columns = sorted(objects(node.get("columns")), key=_index)
        found[name] = {text(one.get("name")): text(one.get("type")) for one in columns}
    return {name: columns for name, columns in found.items() if columns}


def tables_of_manifest(value: object) -> dict[str, dict[str, str]]:
    """Dotted name → columns of the relations whose documented list is all there is.

    That is so under an enforced contract, and taken to be so where every column has its data type:
    a list that only describes some columns would make stars too short.
    """
    adapter = text(mapping(mapping(value).get("metadata")).get("adapter_type"))
    found = {}
    for node in _nodes(value):
        columns = objects(node.get("columns"))
        typed = all(text(one.get("data_type")) for one in columns)
        if columns and (typed or mapping(node.get("contract")).get("enforced") is True):
            table = next(filter(None, (text(node.get(k)) for k in ("identifier", "alias", "name"))))
            name = dotted(text(node.get("database")), text(node.get("schema")), table)
            found[name] = {_stored(one, adapter): text(one.get("data_type")) for one in columns}
    return found


def _stored(column: Json, adapter: str) -> str:
    name = text(column.get("name"))
    folded = adapter in _UPPER and not column.get("quote")
    return name.upper() if folded else name


def _index(column: Json) -> int:
    index = column.get("index")
    return index if isinstance(index, int) else 0


def _nodes(value: object) -> list[Json]:
    found = mapping(value)
    made = objects(found.get("nodes")) + objects(found.get("sources"))
    return [one for one in made if one.get("resource_type") not in ("test", "operation")]


def _schema(value: object) -> str:
    return text(mapping(mapping(value).get("metadata")).get("dbt_schema_version"))

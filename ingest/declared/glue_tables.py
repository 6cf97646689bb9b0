"""The tables of a Glue or Hive catalogue: `aws glue get-tables --database-name D`.

Source: the AWS Glue API, structures Table and StorageDescriptor; Hive's own Table has the same
members in camel case.
"""

from __future__ import annotations

from ingest.declared.column_rows import dotted
from ingest.declared.content import Json, mapping, objects, text


def is_tables(value: object) -> bool:
    """Whether a JSON value holds such tables."""
    tables = _tables(value)
    return bool(tables) and all(_get(table, "StorageDescriptor", "sd") for table in tables)


def tables_of_glue(value: object) -> dict[str, dict[str, str]]:
    """Dotted name → columns; those of the partitions come last, as in `SELECT *`."""
    found = {}
    for table in _tables(value):
        storage = mapping(_get(table, "StorageDescriptor", "sd"))
        listed = objects(_get(storage, "Columns", "cols"))
        listed += objects(_get(table, "PartitionKeys", "partitionKeys"))
        name = dotted(
            text(_get(table, "DatabaseName", "dbName")), text(_get(table, "Name", "tableName"))
        )
        found[name] = {
            text(_get(one, "Name", "name")): text(_get(one, "Type", "type")) for one in listed
        }
    return {name: columns for name, columns in found.items() if columns}


def _tables(value: object) -> list[Json]:
    if isinstance(value, list):
        return [table for page in value for table in _tables(page)]
    found = mapping(value)
    return objects(found.get("TableList")) or objects([found.get("Table", found)])


def _get(found: Json, *keys: str) -> object:
    return next((found[key] for key in keys if key in found), None)

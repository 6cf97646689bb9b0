"""Catalogue files: the columns of tables and topics in their order, whoever exported them."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from ingest.declared import (
    column_mappings,
    column_rows,
    dbt_columns,
    glue_tables,
    table_sizes,
    topics,
)
from ingest.declared.content import Content
from lineage.analyses.disuse.sizes import Size
from lineage.errors import UnreadableInput

Columns = dict[str, str]  # column → type, in order; fields of a structure by their path


class Catalogue(msgspec.Struct, frozen=True):
    """The tables of one namespace: dotted name → column → type, in the order of the table.

    at: when they were so (ISO 8601, UTC); empty when the file does not tell. Such a list holds
    where nothing dated is known: before the first change that was seen, and after a table was made
    anew of columns that nobody told. sizes: of those tables whose size it tells.
    """

    namespace: str
    tables: dict[str, Columns]
    at: str = ""
    sizes: dict[str, Size] = {}


def read_catalogue(path: Path, namespace: str) -> Catalogue:
    """The catalogue in a file, told by its content.

    Rows as `SELECT * FROM information_schema.columns` gives them on any engine, in CSV or JSON;
    `catalog.json` and `manifest.json` of dbt; `aws glue get-tables`; the export of a schema
    registry; an Avro, JSON Schema or Protobuf file, which describes a topic; JSON or YAML
    `{"db.schema.table": {"column": "TYPE"}}`. What warehouses export of the size of tables, as
    `table_sizes.py` lists it.

    Raises:
        UnreadableInput: none of these; says what was looked at.
    """
    content = Content(path)
    try:
        at = dbt_columns.generated_at(content.value)
    except ValueError as error:
        raise UnreadableInput(f"{path}: metadata.generated_at: {error}") from error
    if not isinstance(content.value, dict) and table_sizes.is_sizes(content.text):
        return Catalogue(namespace, {}, at, table_sizes.sizes_of_rows(content.text, path))
    tables = {name: columns for name, columns in _tables(content).items() if name and columns}
    if not tables:
        raise UnreadableInput(f"{path}: {_nothing(content)}")
    catalog = dbt_columns.is_catalog(content.value)
    sizes = table_sizes.sizes_of_catalog(content.value) if catalog else {}
    return Catalogue(namespace, tables, at, sizes)


def _tables(content: Content) -> dict[str, Columns]:
    value, text, path = content.value, content.text, content.path
    if dbt_columns.is_catalog(value):
        return dbt_columns.tables_of_catalog(value)
    if dbt_columns.is_manifest(value):
        return dbt_columns.tables_of_manifest(value)
    if glue_tables.is_tables(value):
        return glue_tables.tables_of_glue(value)
    if topics.is_registry(value, text):
        return topics.topics_of_registry(value, text, path)
    found = topics.topics_of_schema(value, text, path)
    if found is not None:
        return found
    if isinstance(value, dict) and not column_rows.is_rows(text):
        return column_mappings.tables_of_mapping(value, path)
    if text.lstrip().startswith("{") and not column_rows.is_rows(text):
        raise UnreadableInput(f"{path} is no JSON: {_error(text)}")
    return column_rows.tables_of_rows(text, path)


def _nothing(content: Content) -> str:
    if dbt_columns.is_manifest(content.value):
        return (
            "no relation in it whose columns all have a data_type, or whose contract is enforced:"
            " run `dbt docs generate` and give target/catalog.json"
        )
    return f"no table in it; a catalogue is {column_rows.KINDS}"


def _error(text: str) -> str:
    try:
        json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        return str(error)
    return "it has no columns for table and column"

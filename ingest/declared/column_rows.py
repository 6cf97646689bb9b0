"""Catalogues as rows, one a column: `information_schema.columns` and its like of any engine."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from ingest.files.tables import match_columns, read_table, table_columns
from ingest.record import Rejected
from lineage.errors import UnreadableInput
from lineage.names import clean

Columns = dict[str, str]  # column → type, in order
KINDS = (
    "an export of information_schema.columns (CSV or JSON), dbt's catalog.json or manifest.json,"
    " Glue's get-tables, a schema registry's export, an Avro, JSON Schema or Protobuf file,"
    ' or {"db.schema.table": {"column": "TYPE"}}'
)

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "table": ("table_name", "tablename", "table", "relation", "tbl_name", "name"),
    "column": (
        *("field_path", "column_name", "columnname", "column", "col_name", "field_name", "field"),
        "attname",
    ),
    "type": (
        *("full_data_type", "column_type", "type_name", "data_type", "columntype", "type"),
        "udt_name",
    ),
    "database": (
        *("table_catalog", "database_name", "database", "databasename", "catalog", "table_cat"),
        *("catalog_name", "project_id"),
    ),
    "schema": (
        *("table_schema", "schema_name", "schemaname", "schema", "table_schem", "dataset_id"),
        *("owner", "table_owner"),
    ),
    "ordinal": (
        *("ordinal_position", "ordinal", "position", "column_id", "columnid", "column_index"),
        *("integer_idx", "attnum"),
    ),
    "deleted": ("deleted", "deleted_on"),
}
# As in ClickHouse's system.columns: the name of the column where that of the table stands apart.
_NAMED_COLUMN: Mapping[str, tuple[str, ...]] = {
    **_FIELDS,
    "table": _FIELDS["table"][:-1],
    "column": (*_FIELDS["column"], "name"),
}
_NO_DATABASE = "def"  # what MySQL writes in every table_catalog


def is_rows(text: str) -> bool:
    """Whether a text is a table with a column for the table and one for the column."""
    columns = table_columns(text)
    return {"table", "column"} <= match_columns(columns, _fields(columns)).keys()


def tables_of_rows(text: str, path: Path) -> dict[str, Columns]:
    """Dotted name → columns, in the order of their ordinal, else of the rows.

    CSV with a header, a JSON array of rows or JSON Lines. Rows of deleted columns are left out.

    Raises:
        UnreadableInput: it has no such columns, or a row that is none.
    """
    fields = _fields(table_columns(text))
    table = read_table(io.StringIO(text, newline=""), fields, lambda row: bool(row[0]))
    missing = [field for field in ("table", "column") if field not in table.matched]
    if missing:
        columns = clean(", ".join(table.columns))[:200] or "none"
        raise UnreadableInput(
            f"{path} is no catalogue: no column for the {missing[0]} name among {columns};"
            f" a catalogue is {KINDS}"
        )
    placed: dict[str, list[tuple[int, int, str, str]]] = {}
    for row in table.cells:
        if isinstance(row, Rejected):
            raise UnreadableInput(f"{path}, line {row.line}: {clean(row.text):.60} is no row of it")
        line, cells = row
        one = _Row(*cells)
        if not one.deleted:
            place = int(one.ordinal) if one.ordinal.isdecimal() else line
            column = (place, line, one.column, _type(one.type))
            placed.setdefault(one.dataset, []).append(column)
    return {name: _in_order(columns) for name, columns in placed.items()}


class _Row(NamedTuple):
    """The cells of a row in the order of the fields."""

    table: str
    column: str
    type: str
    database: str
    schema: str
    ordinal: str
    deleted: str

    @property
    def dataset(self) -> str:
        """The dotted name of the table."""
        database = "" if self.database == _NO_DATABASE else self.database
        return dotted(database, self.schema, self.table)


def dotted(*parts: str) -> str:
    """A name of these parts, without the empty ones; quotes protect dots."""
    return ".".join(f'"{part}"' if "." in part else part for part in parts if part)


def _fields(columns: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    apart = match_columns(columns, {"table": _NAMED_COLUMN["table"]})
    return _NAMED_COLUMN if apart else _FIELDS


def _in_order(columns: list[tuple[int, int, str, str]]) -> Columns:
    """Fields of a structure share its place: they follow it in the order of their rows."""
    return {column: type_ for _, _, column, type_ in sorted(columns)}


def _type(said: str) -> str:
    """The type; of the JSON that SHOW COLUMNS gives for it, its name."""
    if not said.startswith("{"):
        return said
    try:
        found: object = msgspec.json.decode(said)
    except msgspec.DecodeError:
        return said
    return str(found.get("type", "")) if isinstance(found, dict) else said


def rows_of(text: str) -> Iterator[dict[str, object]]:
    """The objects of JSON Lines; what is none is left out."""
    for line in text.splitlines():
        try:
            found: object = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found

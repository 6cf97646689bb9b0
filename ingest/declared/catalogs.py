"""Catalogue files: the columns of tables in their order, from an export or written by hand."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from ingest.files.reading import Input, open_text
from ingest.files.tables import match_columns, read_table, table_columns
from ingest.record import Rejected
from lineage.errors import UnreadableInput

Columns = dict[str, str]  # column → type, in order

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "table": ("table_name", "table", "relation", "name"),
    "column": ("column_name", "column", "col_name", "field_name", "field"),
    "type": ("data_type", "column_type", "type", "full_data_type", "udt_name"),
    "database": (
        "table_catalog",
        "database",
        "database_name",
        "catalog",
        "table_cat",
        "project_id",
    ),
    "schema": (
        *("table_schema", "schema", "schema_name", "table_schem", "dataset_id", "owner"),
        "table_owner",
    ),
    "ordinal": ("ordinal_position", "ordinal", "position", "column_id", "column_index"),
}
_COLUMN_LISTS = ("columns", "fields", "schema")


class Catalogue(msgspec.Struct, frozen=True):
    """The tables of one namespace: dotted name → column → type, in the order of the table."""

    namespace: str
    tables: dict[str, Columns]


def read_catalogue(path: Path, namespace: str) -> Catalogue:
    """The catalogue in a file, told by its content.

    CSV as `SELECT * FROM information_schema.columns` gives it (any case, table_catalog and
    ordinal_position optional), the same as JSON rows, or JSON `{"db.schema.table": {"column":
    "TYPE"}}` with a list of names or of `{"name", "type"}` in place of the inner object as well.

    Raises:
        UnreadableInput: none of these; says what was looked at.
    """
    with open_text(Input(str(path), path)) as stream:
        text = stream.read()
    tables = _of_mapping(text, path) if text.lstrip().startswith("{") else None
    if tables is None:
        tables = _of_rows(text, path)
    if not tables:
        raise UnreadableInput(f"{path}: no table in it")
    return Catalogue(namespace, tables)


def _of_mapping(text: str, path: Path) -> dict[str, Columns] | None:
    """The tables of a JSON object; None when it is a line of rows."""
    try:
        found: object = json.loads(text)
    except json.JSONDecodeError as error:
        if _is_table(text):
            return None
        raise UnreadableInput(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict) or _is_table(text):
        return None
    inner = found.get("tables")
    if isinstance(inner, dict | list) and len(found) <= 2:
        found = inner
    if isinstance(found, list):
        return {_text(one, "name", "table"): _columns(one, path) for one in found}
    return {str(name): _columns(columns, path) for name, columns in found.items()}


def _columns(said: object, path: Path) -> Columns:
    """The columns that a value describes: an object of types, or a list of names or objects."""
    if isinstance(said, dict):
        listed = next((said[key] for key in _COLUMN_LISTS if isinstance(said.get(key), list)), None)
        if listed is None:
            nested = said.get("columns")
            found = nested if isinstance(nested, dict) else said
            return {str(name): _type(type_) for name, type_ in found.items()}
        said = listed
    if not isinstance(said, list):
        raise UnreadableInput(f"{path}: {said!s:.60} describes no columns")
    return dict(_column(one, path) for one in said)


def _column(one: object, path: Path) -> tuple[str, str]:
    if isinstance(one, str):
        return one, ""
    if isinstance(one, list) and one:
        return str(one[0]), str(one[1]) if len(one) > 1 else ""
    name = _text(one, "name", "column_name", "column")
    if not name:
        raise UnreadableInput(f"{path}: {one!s:.60} names no column")
    return name, _text(one, "type", "data_type")


def _type(said: object) -> str:
    return said if isinstance(said, str) else _text(said, "type", "data_type")


def _text(said: object, *keys: str) -> str:
    if not isinstance(said, dict):
        return ""
    return next((str(said[key]) for key in keys if said.get(key)), "")


def _is_table(text: str) -> bool:
    return {"table", "column"} <= match_columns(table_columns(text), _FIELDS).keys()


def _of_rows(text: str, path: Path) -> dict[str, Columns]:
    table = read_table(io.StringIO(text, newline=""), _FIELDS, lambda row: bool(row[0]))
    missing = [field for field in ("table", "column") if field not in table.matched]
    if missing:
        raise UnreadableInput(
            f"{path} is no catalogue: no column for the {missing[0]} name among "
            f"{', '.join(table.columns) or 'none'}"
        )
    rows = []
    for row in table.cells:
        if isinstance(row, Rejected):
            raise UnreadableInput(
                f"{path}, line {row.line}: {row.text.strip():.60} is no row of it"
            )
        rows.append(row[1])
    return _grouped(rows)


def _grouped(rows: Iterable[tuple[str, ...]]) -> dict[str, Columns]:
    """The tables of rows; columns in the order of their ordinal, else of the rows."""
    placed: dict[str, list[tuple[int, int, str, str]]] = {}
    for line, (table, column, type_, database, schema, ordinal) in enumerate(rows):
        parts = (part for part in (database, schema, table) if part)
        name = ".".join(f'"{part}"' if "." in part else part for part in parts)
        place = int(ordinal) if ordinal.isdecimal() else line
        placed.setdefault(name, []).append((place, line, column, type_))
    return {
        name: {column: type_ for _, _, column, type_ in sorted(columns)}
        for name, columns in placed.items()
    }

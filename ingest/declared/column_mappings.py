"""Catalogues written by hand: an object from table to columns."""

from __future__ import annotations

from pathlib import Path

from ingest.declared.content import mapping
from lineage.errors import UnreadableInput

_LISTS = ("columns", "fields", "schema")


def tables_of_mapping(value: object, path: Path) -> dict[str, dict[str, str]]:
    """Dotted name → column → type of `{"db.schema.table": {"column": "TYPE"}}`.

    In place of the inner object a list of names, or of `{"name", "type"}`, does as well; the whole
    may be under `tables`, and there a list of `{"name", "columns"}`.

    Raises:
        UnreadableInput: a value describes no columns.
    """
    found = mapping(value)
    inner = found.get("tables")
    if isinstance(inner, list) and len(found) <= 2:
        return {_text(one, "name", "table"): _columns(one, path) for one in inner}
    if isinstance(inner, dict) and len(found) <= 2:
        found = inner
    return {str(name): _columns(columns, path) for name, columns in found.items()}


def _columns(said: object, path: Path) -> dict[str, str]:
    if isinstance(said, dict):
        listed = next((said[key] for key in _LISTS if isinstance(said.get(key), list)), None)
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
    found = mapping(said)
    return next((str(found[key]) for key in keys if found.get(key)), "")

"""How big tables are: exports of the usual warehouses, one row a table, or one a part of it.

Sources: Snowflake INFORMATION_SCHEMA.TABLES, TABLE_STORAGE_METRICS, SHOW TABLES; BigQuery
INFORMATION_SCHEMA.TABLE_STORAGE and __TABLES__; Redshift SVV_TABLE_INFO; Databricks DESCRIBE
DETAIL; MySQL information_schema.tables; ClickHouse system.tables and system.parts; SQL Server
sp_spaceused; PostgreSQL by the statement in docs/orphans.md.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

from ingest.declared.column_rows import dotted
from ingest.declared.content import Json, mapping, text
from ingest.files.tables import match_columns, read_table, table_columns
from ingest.record import Rejected
from lineage.analyses.disuse.sizes import Size
from lineage.errors import UnreadableInput
from lineage.names import clean

_NAMES: Mapping[str, tuple[str, ...]] = {
    "table": (
        *("table_name", "tablename", "relname", "table", "table_id", "name", "objectname"),
        "relation",
    ),
    "database": (
        *("table_catalog", "database_name", "catalog_name", "project_id", "catalog"),
        *("datname", "database"),
    ),
    "schema": (
        *("table_schema", "schema_name", "schemaname", "dataset_id", "nspname", "schema"),
        "owner",
    ),
    "rows": (
        *("row_count", "total_rows", "table_rows", "tbl_rows", "n_live_tup", "rows"),
        *("num_rows", "row_number"),
    ),
    "deleted": ("deleted", "deleted_on", "dropped"),
}
# The columns that together are the size of a table; the first set of which one is there holds.
_SIZES: tuple[tuple[tuple[str, ...], float], ...] = (
    (("active_bytes", "time_travel_bytes", "failsafe_bytes", "retained_for_clone_bytes"), 1),
    (("total_physical_bytes",), 1),
    (("total_logical_bytes",), 1),
    (("size_bytes", "total_bytes", "bytes_on_disk", "sizeinbytes", "size_in_bytes"), 1),
    (("data_length", "index_length"), 1),
    (("reserved",), 1),
    (("bytes",), 1),
    (("size_mb", "size_in_mb"), 1e6),
    (("size",), 1),
)
_MEGABYTES = frozenset({"diststyle", "tbl_rows", "pct_used"})  # SVV_TABLE_INFO's size is in MB
_UNITS = {"": 1, "b": 1, "bytes": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
          "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}  # fmt: skip
_NUMBER = re.compile(r"\s*([\d,]*\.?\d+(?:e\+?\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)
_NO_DATABASE = "def"  # what MySQL writes in every table_catalog
_COLUMN = ("column_name", "columnname", "column", "col_name", "field_path", "attname")  # not of it


def is_sizes(said: str) -> bool:
    """Whether a text is a table with a column for the table and one for its size."""
    columns = table_columns(said)
    matched = match_columns(columns, {**_NAMES, "column": _COLUMN})
    sized = "rows" in matched or bool(_size_columns(columns)[0])
    return "table" in matched and "column" not in matched and sized


def sizes_of_rows(said: str, path: Path) -> dict[str, Size]:
    """Dotted name → size; several rows of a table are its parts and add up.

    Raises:
        UnreadableInput: a row that is none of the table.
    """
    columns = table_columns(said)
    wanted, unit = _size_columns(columns)
    table = read_table(io.StringIO(said, newline=""), _NAMES, lambda row: bool(row[0]), wanted)
    found: dict[str, Size] = {}
    for row in table.cells:
        if isinstance(row, Rejected):
            raise UnreadableInput(f"{path}, line {row.line}: {clean(row.text):.60} is no row of it")
        _, (name, database, schema, rows, deleted, *sizes) = row
        if deleted.lower() not in ("", "false", "no", "0"):
            continue
        told = [number for one in sizes if (number := _number(one, unit)) is not None]
        size = Size(sum(told) if told else None, _number(rows, 1))
        if name and size != Size(None, None):
            full = dotted("" if database == _NO_DATABASE else database, schema, name)
            full = name if "." in name and not schema else full
            found[full] = found[full].plus(size) if full in found else size
    return found


def sizes_of_catalog(value: object) -> dict[str, Size]:
    """Dotted name → size, of the relations in a catalog.json of dbt that have statistics."""
    found = {}
    top = mapping(value)
    for node in (*mapping(top.get("nodes")).values(), *mapping(top.get("sources")).values()):
        relation = mapping(mapping(node).get("metadata"))
        name = dotted(*(text(relation.get(key)) for key in ("database", "schema", "name")))
        size = _of_stats(mapping(mapping(node).get("stats")))
        if name and size != Size(None, None):
            found[name] = size
    return found


def _of_stats(stats: Json) -> Size:
    def told(*keys: str) -> int | None:
        for key in keys:
            stat = mapping(stats.get(key))
            number = _number(text(stat.get("value")), 1) if stat.get("include", True) else None
            if number is not None:
                return number
        return None

    return Size(told("bytes", "num_bytes", "size_bytes"), told("row_count", "num_rows", "rows"))


def _size_columns(columns: tuple[str, ...]) -> tuple[tuple[str, ...], float]:
    """The columns that make the size, as the file spells them, and their unit in bytes."""
    spelled = {column.strip().lower().replace(" ", "_"): column for column in columns}
    for names, unit in _SIZES:
        there = tuple(spelled[name] for name in names if name in spelled)
        if there:
            megabytes = names == ("size",) and not _MEGABYTES.isdisjoint(spelled)
            return there, 1e6 * 1.048576 if megabytes else unit
    return (), 1


def _number(said: str, unit: float) -> int | None:
    found = _NUMBER.fullmatch(said)
    if found is None or found[2].lower() not in _UNITS:
        return None
    return round(float(found[1].replace(",", "")) * _UNITS[found[2].lower()] * unit)

"""Cases from a folder: `schema.sql` makes the tables, every other `.sql` has statements on them."""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks.oracle.verdict import Case


def cases_of(folder: Path, without: str = "") -> list[Case]:
    """One case a statement, called by its text, with the tables that it names; `without` a file."""
    schemas = _schemas((folder / "schema.sql").read_text())
    return [
        Case(sql, sql, {table: columns for table, columns in schemas.items() if table in sql})
        for path in sorted(folder.glob("*.sql"))
        if path.name not in ("schema.sql", without)
        for sql in _statements(path.read_text())
    ]


def _schemas(ddl: str) -> dict[str, dict[str, str]]:
    with duckdb.connect() as connection:
        connection.execute(ddl)
        rows = connection.execute("SELECT table_name, column_name, data_type FROM duckdb_columns()")
        schemas: dict[str, dict[str, str]] = {}
        for table, column, type_ in rows.fetchall():
            schemas.setdefault(table, {})[column] = type_
    return schemas


def _statements(text: str) -> list[str]:
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [statement.strip() for statement in code.split(";\n") if statement.strip(" ;\n")]

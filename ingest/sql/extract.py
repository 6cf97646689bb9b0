"""One conformance case in, one line of `lineage extract` out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from ingest.sql.catalog import Catalog
from ingest.sql.collapse import collapse
from ingest.sql.records import Column, ColumnEdge, Context, Statement, Table, is_placeholder
from ingest.sql.scripts import analyse


def extract_case(case: dict[str, Any]) -> dict[str, Any]:
    """The lineage of one case `{id, sql, dialect, default_db, default_schema, schemas}`.

    status: "ok", "partial" when something was understood only in part, "error" when nothing was.
    """
    context = Context(case.get("default_db") or "", case.get("default_schema") or "")
    catalog = Catalog(case.get("schemas") or {})
    analysis = analyse(case["sql"], case.get("dialect") or "", context, catalog)
    whole = collapse(analysis)
    error = analysis.error or (whole.notes[0] if whole.parse == "table_only" else "")
    understood = bool(whole.reads or whole.writes)
    result: dict[str, Any] = {
        "id": case.get("id"),
        "status": "ok" if not error else "partial" if understood else "error",
        "in_tables": [str(table) for table in whole.reads],
        "out_tables": [str(table) for table in whole.writes],
        "column_lineage": _column_lineage(whole),
        "column_uses": _column_uses(whole),
    }
    if error:
        result["error"] = error
    return result


def _column_lineage(whole: Statement) -> list[dict[str, Any]]:
    up: dict[str, dict[str, None]] = {}
    targets = whole.writes if len(whole.writes) == 1 else ()
    for name in whole.output:
        up.setdefault(_down(name, targets[0] if targets else None), {})
    for edge in (*whole.edges, *whole.influences):
        up.setdefault(_edge_down(edge), {})[str(edge.source)] = None
    for table in whole.stars:
        up.setdefault(_down("*", targets[0] if targets else None), {})[f"{table}.*"] = None
    if len(whole.writes) > 1:
        up = {down: sources for down, sources in up.items() if sources}
    return [{"down": down, "up": list(sources)} for down, sources in up.items()]


def _edge_down(edge: ColumnEdge) -> str:
    return _down(edge.target, edge.target_table)


def _down(name: str, table: Table | None) -> str:
    if is_placeholder(name):
        name = f"_col_{name[1:]}"
    return str(Column(table, name)) if table is not None else name


def _column_uses(whole: Statement) -> list[dict[str, Any]]:
    roles: dict[Column, list[str]] = {}
    named: dict[Column, bool] = {}
    for use in whole.uses:
        roles.setdefault(use.column, []).append(use.role.value)
        named[use.column] = named.get(use.column, False) or use.named
    return [
        {"column": str(column), "roles": found, "named": named[column]}
        for column, found in roles.items()
    ]


def main(path: str) -> None:
    """Writes one result line per case line to standard output."""
    encoder = msgspec.json.Encoder()
    with Path(path).open("rb") as lines:
        for line in lines:
            if line.strip():
                result = extract_case(msgspec.json.decode(line))
                sys.stdout.buffer.write(encoder.encode(result) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1])

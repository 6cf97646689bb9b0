"""openlineage-sql: takes no schema."""

import stream
from openlineage_sql import parse

_DIALECTS = {"": "ansi", "tsql": "mssql", "spark": "hive", "databricks": "hive"}


def adapt(case: stream.Case) -> stream.Case:
    dialect = _DIALECTS.get(case["dialect"] or "", case["dialect"])
    found = parse([case["sql"]], dialect=dialect, default_schema=case["default_schema"])
    if found is None:
        return {"error": "nothing"}
    result = {
        "in_tables": [table.qualified_name for table in found.in_tables],
        "out_tables": [table.qualified_name for table in found.out_tables],
        "column_lineage": [
            {"down": line.descendant.name, "up": [source(up) for up in line.lineage]}
            for line in found.column_lineage
        ],
    }
    return {**result, "error": found.errors[0].message} if found.errors else result


def source(column: object) -> str:
    origin = getattr(column, "origin", None)
    table = f"{origin.qualified_name}." if origin else ""
    return f"{table}{getattr(column, 'name', '')}"


stream.run(adapt)

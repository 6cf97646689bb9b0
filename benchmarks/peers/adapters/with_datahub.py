"""DataHub: sqlglot_lineage for a statement, create_lineage_from_sql_statements for a script."""

import stream
from datahub.sql_parsing._models import _TableName
from datahub.sql_parsing.schema_resolver import SchemaResolver
from datahub.sql_parsing.sqlglot_lineage import (
    create_lineage_from_sql_statements,
    sqlglot_lineage,
)


def adapt(case: stream.Case) -> stream.Case:
    platform = case["dialect"] or "dremio"
    resolver = SchemaResolver(platform=platform, env="PROD")
    for name, columns in (case["schemas"] or {}).items():
        parts = [*[None] * 3, *name.split(".")][-3:]
        table = _TableName(database=parts[0], db_schema=parts[1], table=parts[2])
        table = table.qualified(case["default_db"], case["default_schema"])
        resolver.add_raw_schema_info(resolver.get_urn_for_table(table), dict(columns))
    names = {"default_db": case["default_db"], "default_schema": case["default_schema"]}
    if case.get("script"):  # takes no schemas
        found = create_lineage_from_sql_statements(
            case["sql"], platform=platform, platform_instance=None, env="PROD", **names
        )
    else:
        found = sqlglot_lineage(case["sql"], schema_resolver=resolver, **names)
    result = {
        "in_tables": [named(urn) for urn in found.in_tables],
        "out_tables": [named(urn) for urn in found.out_tables],
        "column_lineage": [
            {
                "down": line.downstream.column,
                "up": [f"{named(up.table)}.{up.column}" for up in line.upstreams],
            }
            for line in found.column_lineage or ()
        ],
    }
    error = found.debug_info.table_error
    return {**result, "error": str(error)[:200]} if error else result


def named(urn: str) -> str:
    return urn.split(",")[1]


stream.run(adapt)

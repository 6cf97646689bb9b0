"""The dialect of the SQL that an event quotes."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.openlineage.events import Event, mapping, text

_OF_SCHEME = {
    "awsathena": "athena",
    "bigquery": "bigquery",
    "clickhouse": "clickhouse",
    "duckdb": "duckdb",
    "hive": "hive",
    "mssql": "tsql",
    "mysql": "mysql",
    "oracle": "oracle",
    "postgres": "postgres",
    "redshift": "redshift",
    "snowflake": "snowflake",
    "spark": "spark",
    "sqlite": "sqlite",
    "teradata": "teradata",
    "trino": "trino",
    "unitycatalog": "databricks",
    "databricks": "databricks",
}
_OF_INTEGRATION = {"flink": "flink", "hive": "hive", "spark": "spark", "trino": "trino"}
# What a facet may say, as people spell it: each is remembered with what was learned of it.
_SPOKEN = frozenset(_OF_SCHEME.values()) | frozenset(_OF_INTEGRATION.values()) | {
    "ansi", "databricks", "db2", "doris", "dremio", "drill", "exasol", "fabric", "generic",
    "greenplum", "impala", "mariadb", "materialize", "mssql", "pg", "postgresql", "presto",
    "prestosql", "risingwave", "spark2", "sparksql", "spark_sql", "sqlserver", "starrocks",
    "synapse", "tsql", "vertica",
}  # fmt: skip


def dialect_of(event: Event) -> str:
    """The dialect that the sql facet names, else that of who ran it, else of what it touches.

    Empty when nothing tells.
    """
    said = text(mapping(event.job_facets.get("sql")).get("dialect")).strip().lower()
    known = said if said in _SPOKEN else ""
    return next((found for found in (known, *_told(event)) if found), "")


def _told(event: Event) -> Iterator[str]:
    integration = text(mapping(event.job_facets.get("jobType")).get("integration")).lower()
    yield _OF_INTEGRATION.get(integration, "")
    for dataset in (*event.outputs, *event.inputs):
        yield dialect_in(dataset.id.namespace)


def dialect_in(namespace: str) -> str:
    """The dialect of a platform by its namespace; empty when it has none, or none that is known."""
    return _OF_SCHEME.get(namespace.partition(":")[0].lower(), "")

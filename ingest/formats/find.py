"""The formats there are, and which of them a file has."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal

import msgspec

from ingest.files.tables import table_columns
from ingest.formats import (
    athena_query_executions,
    bigquery_audit_log,
    bigquery_datahub,
    bigquery_jobs,
    clickhouse_query_log,
    databricks_lineage,
    databricks_query_history,
    dbt_log,
    dbt_run_results,
    duckdb_log_files,
    duckdb_query_log,
    generic,
    hive_lineage_logger,
    hive_query_events,
    hive_server_log,
    mariadb_audit,
    mysql_digests,
    mysql_general_log,
    mysql_log_tables,
    mysql_slow_log,
    openlineage,
    oracle_sql_statistics,
    oracle_unified_audit,
    pg_stat_statements,
    postgres_csvlog,
    postgres_jsonlog,
    postgres_stderr,
    redshift_query_detail,
    redshift_query_history,
    redshift_query_text,
    redshift_user_activity_log,
    snowflake_access_history,
    snowflake_query_history,
    spark_event_log,
    sqlserver_audit,
    sqlserver_extended_events,
    sqlserver_query_store,
    trino_queries,
    trino_query_completed,
)
from ingest.record import Format, Head
from lineage.errors import UnreadableInput

OPENLINEAGE = openlineage.FORMAT.name
# The order in which a file is tried: the more specific first.
FORMATS: tuple[Format, ...] = (
    openlineage.FORMAT,
    redshift_user_activity_log.FORMAT,
    postgres_csvlog.FORMAT,
    postgres_jsonlog.FORMAT,
    postgres_stderr.FORMAT,
    snowflake_query_history.FORMAT,
    snowflake_access_history.FORMAT,
    bigquery_jobs.FORMAT,
    bigquery_audit_log.FORMAT,
    bigquery_datahub.FORMAT,
    databricks_query_history.FORMAT,
    databricks_lineage.FORMAT,
    redshift_query_text.FORMAT,
    redshift_query_history.FORMAT,
    redshift_query_detail.FORMAT,
    clickhouse_query_log.FORMAT,
    trino_query_completed.FORMAT,
    trino_queries.FORMAT,
    athena_query_executions.FORMAT,
    sqlserver_query_store.FORMAT,
    sqlserver_extended_events.FORMAT,
    sqlserver_audit.FORMAT,
    oracle_unified_audit.FORMAT,
    oracle_sql_statistics.FORMAT,
    spark_event_log.FORMAT,
    dbt_run_results.FORMAT,
    dbt_log.FORMAT,
    hive_lineage_logger.FORMAT,
    hive_query_events.FORMAT,
    hive_server_log.FORMAT,
    duckdb_log_files.FORMAT,
    duckdb_query_log.FORMAT,
    mysql_general_log.FORMAT,
    mysql_slow_log.FORMAT,
    mysql_log_tables.FORMAT,
    mysql_digests.FORMAT,
    mariadb_audit.FORMAT,
    pg_stat_statements.FORMAT,
    generic.FORMAT,
)
_SEEN = 200  # characters of a file that a message quotes at most


class Detection(msgspec.Struct, frozen=True):
    """What a file is, and why. kind: OpenLineage `events` are no statements, and read elsewhere."""

    format: Format
    why: str
    kind: Literal["queries", "events"] = "queries"

    @property
    def name(self) -> str:
        """The name of the format."""
        return self.format.name


def detect(head: Head, hint: str = "") -> Detection:
    """The format of a file by its content; by the hint, a format's name, when there is one.

    Raises:
        UnreadableInput: no format recognises it, or there is no format of that name.
    """
    if hint and hint != "auto":
        return _named(hint)
    for one in FORMATS:
        why = one.recognise(head)
        if why:
            return _detection(one, why)
    raise UnreadableInput(
        f"{head.name}: unknown format; {_looked_at(head.text)}\n"
        "Say --source generic --map text=COLUMN,user=COLUMN,start=COLUMN, or --source FORMAT:"
        " `lineage formats` lists them, and how to export each"
    )


def _named(name: str) -> Detection:
    for one in FORMATS:
        if one.name == name:
            return _detection(one, "as said")
    near = get_close_matches(name.lower(), [one.name for one in FORMATS], cutoff=0.5)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    raise UnreadableInput(f"no format {name!r}{meant or ':'} `lineage formats` lists them")


def _detection(one: Format, why: str) -> Detection:
    return Detection(one, why, "events" if one.name == OPENLINEAGE else "queries")


def _looked_at(text: str) -> str:
    if not text.strip():
        return "it is empty"
    if generic.looks_like_sql(text):
        return (
            "it is SQL, which tells neither who ran it nor when: `lineage extract` analyses "
            "statements without a log"
        )
    columns = ", ".join(table_columns(text))
    return f"its columns are {columns:.{_SEEN}}" if columns else f"it begins {text[:_SEEN]!r}"

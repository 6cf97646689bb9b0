"""The formats there are, and which of them a file has."""

from __future__ import annotations

from typing import Literal

import msgspec

from ingest.files.tables import table_columns
from ingest.formats import (
    athena_query_executions,
    bigquery_jobs,
    clickhouse_query_log,
    databricks_query_history,
    duckdb_query_log,
    generic,
    mysql_general_log,
    mysql_slow_log,
    openlineage,
    postgres_csvlog,
    postgres_jsonlog,
    redshift_query_text,
    snowflake_query_history,
    trino_query_completed,
)
from ingest.record import Format, Head
from lineage.errors import UnreadableInput

OPENLINEAGE = openlineage.FORMAT.name
# The order in which a file is tried: the more specific first.
FORMATS: tuple[Format, ...] = (
    openlineage.FORMAT,
    postgres_csvlog.FORMAT,
    postgres_jsonlog.FORMAT,
    snowflake_query_history.FORMAT,
    bigquery_jobs.FORMAT,
    databricks_query_history.FORMAT,
    redshift_query_text.FORMAT,
    clickhouse_query_log.FORMAT,
    trino_query_completed.FORMAT,
    athena_query_executions.FORMAT,
    duckdb_query_log.FORMAT,
    mysql_general_log.FORMAT,
    mysql_slow_log.FORMAT,
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
        f"{head.name}: unknown format; {_looked_at(head.text)}. Known: {_names()}; "
        "say --source FORMAT, or --source generic --map text=COLUMN"
    )


def _named(name: str) -> Detection:
    for one in FORMATS:
        if one.name == name:
            return _detection(one, "as said")
    raise UnreadableInput(f"no format {name!r}; there are {_names()}")


def _detection(one: Format, why: str) -> Detection:
    return Detection(one, why, "events" if one.name == OPENLINEAGE else "queries")


def _names() -> str:
    return ", ".join(one.name for one in FORMATS)


def _looked_at(text: str) -> str:
    if not text.strip():
        return "it is empty"
    columns = ", ".join(table_columns(text))
    return f"its columns are {columns:.{_SEEN}}" if columns else f"it begins {text[:_SEEN]!r}"

"""DuckDB told the story, with its query log in memory and on files."""

from __future__ import annotations

import contextlib
from pathlib import Path

import duckdb

STORY = (
    "create schema raw",
    "create schema mart",
    "create table raw.orders (id int, customer_id int, amount decimal(10, 2))",
    "insert into raw.orders values (1, 1, 10.5), (2, 1, 3), (3, 2, 7)",
    "create table mart.daily as select customer_id, sum(amount) as revenue\n"
    "from raw.orders where amount > 5 group by customer_id -- it's daily",
    "select revenue from mart.daily where customer_id = 1",
)
FAILS = "select nope from mart.daily"


def logs(folder: Path) -> tuple[Path, Path]:
    """The log that was in memory, as CSV, and the folder of the log on files."""
    csv, files = folder / "queries.csv", folder / "files"
    with duckdb.connect() as connection:
        connection.execute("call enable_logging('QueryLog', storage='memory')")
        _tell(connection)
        connection.execute(f"copy (select * from duckdb_logs) to '{csv}'")
    with duckdb.connect() as connection:
        connection.execute(
            f"call enable_logging('QueryLog', storage='file', storage_config={{'path': '{files}'}})"
        )
        _tell(connection)
    return csv, files


def _tell(connection: duckdb.DuckDBPyConnection) -> None:
    for statement in STORY:
        connection.execute(statement)
    with contextlib.suppress(duckdb.Error):
        connection.execute(FAILS)

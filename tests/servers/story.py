"""DuckDB, Spark and dbt tell one small story, and each of their logs gives its lineage.

Not part of the ordinary tests, since Spark and dbt must be installed: `make server-logs`. Left out
with a sentence when they are not.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, import_paths
from lineage.model import EdgeType
from lineage.stores import open_store
from tests.servers import dbt, duckdb, spark

FLOWS = {("raw.orders.amount", "mart.daily.revenue"),
         ("raw.orders.customer_id", "mart.daily.customer_id")}  # fmt: skip
DATASETS = {"raw.orders", "mart.daily"}
NAMESPACE = "db://h"
BUILT_AS = "__dbt_tmp"  # dbt builds a table under this name and renames it


class Told:
    """What an import made of a log, with datasets by schema and name."""

    def __init__(self, folder: Path, path: Path, dialect: str) -> None:
        self.store = open_store(f"sqlite:///{folder / 'graph.db'}", create=True)
        flags = SourceFlags(namespace=NAMESPACE, dialect=dialect)
        options = ImportOptions(SourceBook.from_flags(flags), workers=1)
        self.report = import_paths(self.store, [str(path)], options)
        self.flows = self._edges(EdgeType.FEEDS, 3)
        self.readers = {source for source, _ in self._edges(EdgeType.READ_BY, 2)}
        self.written = {target for _, target in self._edges(EdgeType.WRITES, 2)}
        self.issuers = {str(edge.key.source) for edge in self.store.scan_edges({EdgeType.WRITES})}

    def _edges(self, kind: EdgeType, parts: int) -> set[tuple[str, str]]:
        keys = [edge.key for edge in self.store.scan_edges({kind})]
        return {(_last(key.source, parts), _last(key.target, parts)) for key in keys}


def _last(node: object, parts: int) -> str:
    name = str(node).removeprefix(f"{NAMESPACE}:").replace(BUILT_AS, "")
    return ".".join(name.split(".")[-parts:])


def _checked(told: Told, *written: str) -> None:
    assert told.report.balanced
    assert told.report.dead_letters == {}
    assert told.flows >= FLOWS
    assert told.readers >= DATASETS
    assert told.written >= set(written)


@pytest.mark.parametrize("form", [0, 1], ids=["memory", "files"])
def test_duckdb(tmp_path: Path, form: int) -> None:
    """The log tells the story, whether it was kept in memory or on files."""
    _checked(Told(tmp_path, duckdb.logs(tmp_path)[form], ""), *DATASETS)


@pytest.mark.skipif(bool(spark.missing()), reason=spark.missing())
@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_spark_program(tmp_path: Path, codec: str) -> None:
    """A program logs no SQL: its plans tell the story, columns too."""
    _checked(Told(tmp_path, spark.program_logs(tmp_path / "spark", codec), ""), *DATASETS)


@pytest.mark.skipif(bool(spark.missing()), reason=spark.missing())
def test_spark_shell(tmp_path: Path) -> None:
    """The SQL shell logs text."""
    _checked(Told(tmp_path, spark.shell_logs(tmp_path / "spark"), ""), *DATASETS)


@pytest.mark.skipif(bool(dbt.missing()), reason=dbt.missing())
@pytest.mark.parametrize("file", ["target/run_results.json", "logs/dbt.log"])
def test_dbt(tmp_path: Path, file: str) -> None:
    """Results and log tell the story; each statement is its model's, and what failed is none's."""
    told = Told(tmp_path, dbt.logs(tmp_path) / file, "duckdb")
    _checked(told, "mart.daily")  # of a seed, dbt does not tell the table
    assert "dbt:model.shop.daily" in told.issuers
    assert "dbt:model.shop.broken" not in told.issuers

"""The tables that BigQuery says a job touched, under the names that last.

Source: https://cloud.google.com/bigquery/docs/partitioned-tables#dt_partition_shard
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from ingest.formats.stated import canonical
from ingest.record import Stated, StatedTable
from ingest.shards import lasting_name

# What a job makes for itself: cached results, temporary tables of a script or session.
_PASSING = re.compile(r"_(?:[0-9a-f]{16,}|script\w*|session)", re.IGNORECASE)
_PATH = re.compile(r"projects/([^/]+)/datasets/([^/]+)/tables/([^/]+)")
_BY_AIRFLOW = re.compile(r"airflow_.+?\d{4}_\d{2}_\d{2}T")
# The kinds that list the table they change among those that they read.
_CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})


class TableName(msgspec.Struct, frozen=True):
    """A table by project, dataset and its own name."""

    project: str
    dataset: str
    table: str

    @property
    def passes(self) -> bool:
        """Whether it is gone after the job or session: a cached result, a temporary table."""
        anonymous = self.dataset.startswith("_") and self.table.startswith("anon")
        return anonymous or bool(_PASSING.fullmatch(self.dataset))

    @property
    def _is_catalogue(self) -> bool:
        names = (self.dataset.upper(), self.table.upper())
        return self.table.startswith("__") or any("INFORMATION_SCHEMA" in name for name in names)

    def stated(self, columns: tuple[str, ...] = ()) -> StatedTable | None:
        """The table that lasts: without partition or moment, a shard as the table of all shards.

        None of one that passes and of the catalogue.
        """
        if self.passes or self._is_catalogue:
            return None
        return StatedTable((self.project, self.dataset, lasting_name(self.table)), columns=columns)


def of_path(path: str) -> TableName | None:
    """The table of `projects/p/datasets/d/tables/t`; None of anything else."""
    found = _PATH.match(path)
    return TableName(*found.groups()) if found else None


class Touched(msgspec.Struct, frozen=True):
    """What a job touched, as its log tells it; None is not told.

    kind: the statement type. cached: the result was there already, so that no table is listed.
    """

    kind: str = ""
    reads: list[TableName] | None = None
    writes: list[TableName] | None = None
    read_urls: list[str] = []
    written_urls: list[str] = []
    cached: bool = False

    def stated(self) -> Stated | None:
        """The same as statement of the engine; None when it tells nothing."""
        reads, writes = self._reads(), self._writes()
        # A temporary table that the text names is none of anybody: then what lasts is all there is.
        passes = any(one.passes for one in self.reads or ())
        return canonical(Stated(reads, writes, scope="named" if passes else "beneath"))

    def _reads(self) -> tuple[StatedTable, ...] | None:
        if self.cached or not (self.reads or self.read_urls):
            return None
        own = set(_lasting(self.writes or ())) if self.kind in _CHANGES else set()
        tables = (one for one in _lasting(self.reads or ()) if one not in own)
        return (*tables, *_paths(self.read_urls))

    def _writes(self) -> tuple[StatedTable, ...] | None:
        # The result of every query goes to some table; that of a bare SELECT does not last.
        return (*_lasting(self.writes or ()), *_paths(self.written_urls)) or None


def _lasting(tables: Iterable[TableName]) -> Iterable[StatedTable]:
    return filter(None, (one.stated() for one in tables))


def _paths(urls: Iterable[str]) -> Iterable[StatedTable]:
    return (StatedTable((url,), "path") for url in urls)


def orchestrated(job: str) -> dict[str, str]:
    """The id of a job as a hint when Airflow gave it, up to the date of the run; else nothing.

    Labels are lost where a name of a DAG breaks their rules; the id that Airflow makes stays.
    """
    found = _BY_AIRFLOW.match(job)
    return {"job_id": found.group()} if found else {}

"""dbt's `run_results.json`: the compiled SELECT of every node, and the relation it was written to.

A compiled text is only the SELECT: where its rows went, dbt itself tells. Who ran it, it does not.
Source: https://docs.getdbt.com/reference/artifacts/run-results-json
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.wording import name_parts, status_of
from ingest.record import (
    Head,
    Ignored,
    QueryRecord,
    Read,
    ReadOptions,
    Rejected,
    Stated,
    StatedTable,
)

_MARK = "dbt_schema_version"
_KIND = "/run-results/"
_PYTHON = re.compile(r"^\s*def model\s*\(", re.MULTILINE)
# A test that fails has run, and read what it tests.
_OK = frozenset({"success", "pass", "warn", "fail", "partial success"})
_NOT_RUN = frozenset({"skipped", "no-op", "reused"})
_KEPT = 200  # characters of a file that is no JSON


class _Timing(msgspec.Struct, frozen=True):
    name: str = ""
    started_at: str | None = None


class _Result(msgspec.Struct, frozen=True):
    """A node that dbt was asked to run."""

    unique_id: str
    status: str = ""
    timing: tuple[_Timing, ...] = ()
    adapter_response: dict[str, object] = {}
    compiled_code: str | None = None
    relation_name: str | None = None


class _Metadata(msgspec.Struct, frozen=True):
    generated_at: str = ""
    invocation_id: str | None = None


class _RunResults(msgspec.Struct, frozen=True):
    metadata: _Metadata
    results: tuple[_Result, ...]


class DbtRunResults:
    """The format."""

    name = "dbt-run-results"
    title = "dbt run_results.json"
    dialect = ""
    export = (
        "target/run_results.json after each dbt run or build (keep a copy, the next run replaces "
        "it); say --dialect and --namespace of the warehouse. Where the warehouse has a query log, "
        "that says more"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        start = head.text[:2000]
        found = _MARK in start and _KIND in start
        return "its metadata.dbt_schema_version is run-results" if found else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """A record for each node, in the order in which they ran."""
        text = stream.read()
        try:
            found = msgspec.json.decode(text, type=_RunResults)
        except msgspec.MsgspecError:
            yield Rejected("broken_record", 1, text[:_KEPT])
            return
        clock = Clock(options.timezone or "UTC")
        for number, one in enumerate(found.results, 1):
            yield _record(number, one, found.metadata, clock)


def _record(number: int, one: _Result, metadata: _Metadata, clock: Clock) -> Read:
    text = one.compiled_code or ""
    relation = name_parts(one.relation_name or "")
    if one.status in _NOT_RUN or not (text or relation):
        return Ignored("no_statement", number)
    try:
        start = clock.micros(_started(one) or metadata.generated_at)
    except UnreadableTime:
        return Rejected("bad_time", number, text)
    engine_id = one.adapter_response.get("query_id") or one.adapter_response.get("job_id")
    own_id = f"{metadata.invocation_id}/{one.unique_id}" if metadata.invocation_id else ""
    return QueryRecord(
        # A model in Python has no SQL, but a target.
        text="" if _PYTHON.search(text) else text,
        start=start,
        query_id=str(engine_id) if engine_id else own_id,
        seq=number,
        status="ok" if one.status in _OK else status_of(one.status.removeprefix("runtime ")),
        database=relation[-3] if len(relation) > 2 else "",
        schema=relation[-2] if len(relation) > 1 else "",
        hints={"unique_id": one.unique_id},
        line=number,
        stated=Stated(writes=(StatedTable(relation),)) if relation else None,
        joins=bool(engine_id),
    )


def _started(one: _Result) -> str:
    """When the node's statement was begun; when its compilation, if it did not come to that."""
    began = {step.name: step.started_at for step in one.timing if step.started_at}
    return began.get("execute") or began.get("compile") or ""


FORMAT = DbtRunResults()

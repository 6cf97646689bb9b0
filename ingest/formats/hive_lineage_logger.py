"""Hive's LineageLogger: a JSON a statement, alone or inside the server's log.

Source: org.apache.hadoop.hive.ql.hooks.LineageLogger
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import IO, Literal

import msgspec

from ingest.files.clock import Clock, UnreadableTime
from ingest.formats.stated import canonical
from ingest.record import (
    Head,
    QueryRecord,
    Read,
    ReadOptions,
    Rejected,
    Stated,
    StatedEdge,
    StatedTable,
)

_BEGIN = re.compile(r'\{\s*"version"\s*:\s*"[0-9.]+"\s*,\s*"user"\s*:')
_STAMP = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}[.,][0-9]+)")
_PLAUSIBLE = 1_000_000_000  # seconds; smaller stamps are none
# What Hive computes beside the statement, to know its own tables.
_STATISTICS = ("compute_stats(", "compute_bit_vector(", "ndv_hll(")
_NO_DATABASE = "_dummy_database"  # of a SELECT without FROM
_KEPT = 2000


class _Vertex(msgspec.Struct, frozen=True, rename="camel"):
    id: int
    vertex_type: str
    vertex_id: str


class _Edge(msgspec.Struct, frozen=True, rename="camel"):
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    edge_type: Literal["PROJECTION", "PREDICATE"]
    expression: str = ""


class _Statement(msgspec.Struct, frozen=True, rename="camel"):
    query_text: str
    user: str = ""
    timestamp: int = 0
    database: str = ""
    engine: str = ""
    edges: tuple[_Edge, ...] = ()
    vertices: tuple[_Vertex, ...] = ()


class HiveLineageLogger:
    """The format."""

    name = "hive-lineage-logger"
    title = "Hive LineageLogger (JSON in the server's log)"
    dialect = "hive"
    export = (
        "hive.exec.post.hooks=org.apache.hadoop.hive.ql.hooks.LineageLogger in hive-site.xml and "
        "log4j level INFO for it; then the log of HiveServer2"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        found = _BEGIN.search(head.text) and '"vertices"' in head.text
        return "it has the JSON of Hive's LineageLogger" if found else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Every statement with lineage; the other lines of the log are none."""
        clock = Clock(options.timezone or "UTC")
        for number, line in enumerate(stream, 1):
            begin = _BEGIN.search(line)
            if begin:
                yield _record(number, line, begin.start(), clock)


def _record(number: int, line: str, begin: int, clock: Clock) -> Read:
    try:
        found = msgspec.json.decode(line[begin:].rstrip(), type=_Statement, strict=False)
    except msgspec.MsgspecError:
        return Rejected("broken_record", number, line[:_KEPT])
    try:
        start = _start(found, line[:begin], clock)
    except UnreadableTime:
        return Rejected("bad_time", number, found.query_text)
    return QueryRecord(
        text=found.query_text,
        start=start,
        user=found.user,
        schema=found.database,
        line=number,
        stated=_stated(found),
    )


def _start(found: _Statement, prefix: str, clock: Clock) -> int:
    """The time of the statement; that of its line when it tells nonsense.

    Raises:
        UnreadableTime: neither can be read.
    """
    if found.timestamp >= _PLAUSIBLE:
        return clock.micros(str(found.timestamp))
    stamp = _STAMP.search(prefix)
    return clock.micros(stamp[1] if stamp else str(found.timestamp))


def _stated(found: _Statement) -> Stated | None:
    places = {one.id: place for one in found.vertices if (place := _place(one)) is not None}
    reads: dict[tuple[str, ...], set[str]] = {}
    writes: dict[tuple[str, ...], set[str]] = {}
    edges: set[StatedEdge] = set()
    for edge in found.edges:
        if any(word in edge.expression for word in _STATISTICS):
            continue
        targets = [places[one] for one in edge.targets if one in places]
        for source in (places[one] for one in edge.sources if one in places):
            _learn(reads, source)
            if edge.edge_type == "PROJECTION":
                edges |= {_edge(source, target) for target in targets if source[1] and target[1]}
        for target in targets:
            _learn(writes, target)
    if not (reads or writes):
        return None
    return canonical(Stated(_tables(reads), _tables(writes), tuple(sorted(edges)), "beneath"))


_Place = tuple[tuple[str, ...], str]  # a table and a column of it; no column: the table


def _place(vertex: _Vertex) -> _Place | None:
    """What a vertex is; None for a column of the result, which has no table."""
    parts = tuple(vertex.vertex_id.split("."))
    if parts[0] == _NO_DATABASE:
        return None
    if vertex.vertex_type == "TABLE":
        return (parts, "")
    return (parts[:-1], parts[-1]) if len(parts) > 2 else None


def _learn(tables: dict[tuple[str, ...], set[str]], place: _Place) -> None:
    columns = tables.setdefault(place[0], set())
    if place[1]:
        columns.add(place[1])


def _edge(source: _Place, target: _Place) -> StatedEdge:
    return StatedEdge(source[0], source[1], target[0], target[1])


def _tables(found: Mapping[tuple[str, ...], set[str]]) -> tuple[StatedTable, ...]:
    return tuple(
        StatedTable(parts, "table", tuple(sorted(columns))) for parts, columns in found.items()
    )


FORMAT = HiveLineageLogger()

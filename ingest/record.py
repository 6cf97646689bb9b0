"""What a log format yields: query records, and what could not be read, both counted.

The port between `ingest/formats/` (bytes in, records out, no SQL) and `ingest/pipeline.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Literal, Protocol, runtime_checkable

import msgspec

Scope = Literal["some", "beneath", "named"]
_SCOPES = ("some", "beneath", "named")


class StatedTable(msgspec.Struct, frozen=True, order=True):
    """A dataset as the engine names it: in full, in the spelling of its catalogue.

    parts: (database, schema, table) or what there is of it; one part for a path or stage.
    columns: those that were read or written, as far as the engine tells.
    """

    parts: tuple[str, ...]
    kind: Literal["table", "path", "stage"] = "table"
    columns: tuple[str, ...] = ()


class StatedEdge(msgspec.Struct, frozen=True, order=True):
    """A column whose value travels into another; tables by their parts."""

    source: tuple[str, ...]
    source_column: str
    target: tuple[str, ...]
    target_column: str


class Stated(msgspec.Struct, frozen=True):
    """What the engine itself says that a statement touched; None is not told, () is none.

    scope: of the reads. `named`: all that the statement names. `beneath`: in place of views, the
    tables under them. `some`: perhaps not all.
    """

    reads: tuple[StatedTable, ...] | None = None
    writes: tuple[StatedTable, ...] | None = None
    edges: tuple[StatedEdge, ...] = ()
    scope: Scope = "named"

    def union(self, other: Stated) -> Stated:
        """What both told, in an order that does not depend on who told it first."""
        return Stated(
            _united(self.reads, other.reads),
            _united(self.writes, other.writes),
            tuple(sorted({*self.edges, *other.edges})),
            max(self.scope, other.scope, key=_SCOPES.index),
        )


def _united(
    one: tuple[StatedTable, ...] | None, other: tuple[StatedTable, ...] | None
) -> tuple[StatedTable, ...] | None:
    if one is None and other is None:
        return None
    columns: dict[StatedTable, set[str]] = {}
    for table in (*(one or ()), *(other or ())):
        bare = StatedTable(table.parts, table.kind)
        columns.setdefault(bare, set()).update(table.columns)
    return tuple(
        msgspec.structs.replace(table, columns=tuple(sorted(columns[table])))
        for table in sorted(columns)
    )


class QueryRecord(msgspec.Struct, frozen=True):
    """One executed statement, as its log tells it. What the log does not say stays empty.

    text: empty when the record only tells more of a statement that another record has.
    start: microseconds since 1970-01-01 UTC, -1 when the log tells no time.
    seq: the order within the session.
    status: ok | error | cancelled | unknown. kind: the log's own statement type, upper-case.
    hints: fields that may name the consumer (`query_tag`, `application_name`, `label.x` …).
    complete: false when the source cut the text. line: in the file, 1-based, where it begins.
    stated: the lineage that the engine tells. joins: other records with this query id, in this file
    or another, may tell more of the same statement.
    """

    text: str
    start: int
    user: str = ""
    query_id: str = ""
    session: str = ""
    seq: int = 0
    status: str = "ok"
    kind: str = ""
    database: str = ""
    schema: str = ""
    hints: Mapping[str, str] = {}
    complete: bool = True
    count: int = 1
    line: int = 0
    stated: Stated | None = None
    joins: bool = False


class Ignored(msgspec.Struct, frozen=True):
    """A record that is understood and does not matter: connection noise, a companion record."""

    reason: str
    line: int = 0


class Rejected(msgspec.Struct, frozen=True):
    """A record that could not be read; it becomes a dead letter with this reason."""

    reason: str
    line: int
    text: str = ""


Read = QueryRecord | Ignored | Rejected


class Head(msgspec.Struct, frozen=True):
    """The beginning of a file, decompressed and decoded: what detection looks at."""

    name: str
    text: str  # 64 KiB at most, unless the first record is longer: then up to 1 MiB more


def _unheard(message: str) -> None:
    """Drops a notice."""


class ReadOptions(msgspec.Struct, frozen=True):
    """What the user said of the source; `columns` maps our field to the file's column.

    notice: hears what the user should know of the file: which columns were matched, what was
    assumed, why records were refused. At most a few sentences a file.
    """

    timezone: str = ""
    columns: Mapping[str, str] = {}
    notice: Callable[[str], None] = _unheard


class Format(Protocol):
    """A query-log format. One module in `ingest/formats/`, one line in its registry."""

    @property
    def name(self) -> str:
        """As in `--source`, for example `snowflake-query-history`."""

    @property
    def title(self) -> str:
        """For people, for example `Snowflake QUERY_HISTORY (CSV)`."""

    @property
    def dialect(self) -> str:
        """The SQL dialect of its statements; empty when the user must say it."""

    @property
    def export(self) -> str:
        """The command or statement that a user runs at home to get such a file."""

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""


@runtime_checkable
class Divisible(Protocol):
    """A format whose rows mean the same wherever a file is cut between two of them."""

    divisible: bool

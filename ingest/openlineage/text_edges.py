"""What a text gives to the graph of its job, whose tables its events name.

The tables are the events' own; the text adds columns and roles. Where events tell the columns of an
output, theirs are the ones, and a text says nothing of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from ingest.deriving.additions import Additions
from ingest.deriving.analysing import Analysed, Seen
from ingest.deriving.derive import derive
from ingest.folding.cells import CellKey, FoldedCell, Template, day_of, iso
from ingest.openlineage.sql_facet import (
    Place,
    SqlText,
    Tables,
    job_issuer,
    stated,
    table_of,
    template_in,
)
from ingest.sql import Analysis, Statement, Table
from lineage.model import Activity, Edge, EdgeKey, EdgeType, Origin, Sample
from lineage.names import ColumnId, DatasetId, JobId, NodeId
from lineage.store import Direction, Store

_NEVER = Activity()
_BY_TEXT = (Origin.PARSED, Origin.ENGINE)
_OF_COLUMNS = (EdgeType.USED_BY, EdgeType.FEEDS)


class Counted(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text, in how many runs it was met, and how often those count; at: the latest event."""

    text: SqlText
    at: int
    runs: int = 0
    activity: Activity = _NEVER
    clock: Activity = _NEVER

    def plus(self, other: Counted) -> Counted:
        """Both together; runs and counts of the other may be negative."""
        return Counted(
            self.text,
            max(self.at, other.at),
            self.runs + other.runs,
            self.activity.plus(other.activity),
            self.clock.plus(other.clock),
        )


class Cell(msgspec.Struct, frozen=True):
    """A text of a job. all: what it counts; more: what to add; new: in how many new runs."""

    all: Counted
    more: Counted
    new: int

    @property
    def seen(self) -> Seen:
        """When it ran; a text that never counted, when it was told."""
        days = self.all.activity.days or (day_of(self.all.at),)
        return Seen(frozenset(days), iso(self.all.at))


class Work(msgspec.Struct, frozen=True):
    """A job to derive, its texts being at home in a place."""

    job: JobId
    tables: Tables
    place: Place
    cells: list[Cell]

    def told(self, cell: Cell) -> Template:
        """The template of a text of which the events told the tables."""
        return template_in(self.place, cell.all.text).told(stated(self.tables, self.place))

    def derive(self, analyses: Mapping[str, Analysed], additions: Additions) -> None:
        """Adds what the texts give."""
        covered = {table_of(one, self.place.namespace) for one in self.tables.covered} - {None}
        left = {table_of(one, self.place.namespace) for one in self.tables.writes} - covered
        for cell in self.cells:
            template = template_in(self.place, cell.all.text)
            analysed = analyses[self.told(cell).id.name]
            if not cell.all.activity.days:  # it has no days that could tell its meanings apart
                latest = msgspec.structs.replace(analysed.parts[-1], days=None)
                analysed = msgspec.structs.replace(analysed, parts=(latest,))
            if covered:
                analysed = _without(analysed, covered, tables_only=not left)
            now = self._folded(cell, template, cell.more)
            derive([now], {template.id.name: analysed}, additions,
                   [self._folded(cell, template, cell.all)])  # fmt: skip

    def broken(self, analyses: Mapping[str, Analysed]) -> int:
        """How many new runs have a text of which at most the tables were understood."""
        return sum(
            cell.new
            for cell in self.cells
            if any(
                one.parse == "table_only"
                for one in analyses[self.told(cell).id.name].latest.statements
            )
        )

    def _folded(self, cell: Cell, template: Template, counted: Counted) -> FoldedCell:
        key = CellKey(template, job_issuer(self.job), None)
        sample = Sample(iso(cell.all.at), template.id.name, template.id)
        return FoldedCell(key, counted.activity, sample, counted.clock)


def _without(
    analysed: Analysed, covered: Collection[Table | None], *, tables_only: bool
) -> Analysed:
    """What a text means, without the columns of the outputs of which events tell the columns."""
    parts = tuple(
        msgspec.structs.replace(part, analysis=_uncovered(part.analysis, covered, tables_only))
        for part in analysed.parts
    )
    return msgspec.structs.replace(analysed, parts=parts)


def _uncovered(
    analysis: Analysis, covered: Collection[Table | None], tables_only: bool
) -> Analysis:
    def uncovered(one: Statement) -> Statement:
        edges = tuple(edge for edge in one.edges if edge.target_table not in covered)
        if not tables_only:
            return msgspec.structs.replace(one, edges=edges)
        return msgspec.structs.replace(one, edges=(), uses=(), stars=())

    return msgspec.structs.replace(analysis, statements=tuple(map(uncovered, analysis.statements)))


def tables_of(
    store: Store,
    covered: Mapping[JobId, frozenset[DatasetId]],
    fresh: Collection[JobId],
    additions: Additions | None = None,
) -> dict[JobId, Tables]:
    """The tables of jobs as events name them, in the store and in what is added to it.

    covered: what is known to be; of the fresh jobs, what the store knows is looked up.
    """
    reads: dict[NodeId, set[DatasetId]] = {job: set() for job in covered}
    writes: dict[NodeId, set[DatasetId]] = {job: set() for job in covered}
    told: dict[NodeId | None, set[DatasetId]] = {job: set(one) for job, one in covered.items()}
    for key in _keys_of(store, covered, fresh, additions):
        source, target = key.source, key.target
        if key.type is EdgeType.READ_BY and isinstance(source, DatasetId) and target in reads:
            reads[target].add(source)
        elif key.type is EdgeType.WRITES and isinstance(target, DatasetId) and source in writes:
            writes[source].add(target)
        elif key.type is EdgeType.FEEDS and isinstance(target, ColumnId) and key.via in told:
            told[key.via].add(target.dataset)
    return {
        job: Tables(frozenset(reads[job]), frozenset(writes[job]), frozenset(told[job]))
        for job in covered
    }


def _keys_of(
    store: Store,
    jobs: Collection[JobId],
    fresh: Collection[JobId],
    additions: Additions | None,
) -> Iterator[EdgeKey]:
    undone = additions.undone if additions else {}
    if not jobs:
        return
    found = store.edges(jobs, Direction.UP, [EdgeType.READ_BY])
    found += store.edges(jobs, Direction.DOWN, [EdgeType.WRITES])
    outputs = {edge.key.target for edge in found if edge.key.source in fresh}
    if outputs:
        held = store.edges(outputs, Direction.DOWN, [EdgeType.HAS_COLUMN])
        found += store.edges({one.key.target for one in held}, Direction.UP, [EdgeType.FEEDS])
    for edge in found:
        if edge.key.origin not in _BY_TEXT and edge.key not in undone:
            yield edge.key
    for key in additions.edges.edge_keys() if additions else ():
        if key.origin not in _BY_TEXT:
            yield key


def columns_by_text(store: Store, jobs: Collection[JobId]) -> set[ColumnId]:
    """The columns that the texts of jobs use or fill, as the store has it."""
    if not jobs:
        return set()
    used = _by_text(store.edges(jobs, Direction.UP, [EdgeType.USED_BY]))
    found = {key.source for key in used}
    fed = _by_text(store.edges(found, Direction.DOWN, [EdgeType.FEEDS])) if found else []
    found |= {key.target for key in fed if key.via in jobs}
    return {node for node in found if isinstance(node, ColumnId)}


def drop_unused(
    store: Store, columns: set[ColumnId], gone: Collection[NodeId], additions: Additions
) -> None:
    """Takes back that these columns are known by a text, where none uses them any more.

    gone: processes whose edges are taken back with this batch.
    """
    if not columns:
        return
    still = {
        end
        for key in additions.edges.edge_keys()
        if key.type in _OF_COLUMNS and key.origin in _BY_TEXT
        for end in (key.source, key.target)
    }
    left = columns - still
    if not left:
        return
    edges = store.edges(left, Direction.DOWN, list(_OF_COLUMNS))
    edges += store.edges(left, Direction.UP, [EdgeType.FEEDS])
    for key in _by_text(edges):
        if key.target not in gone and key.via not in gone:
            left -= {key.source, key.target}
    for column in left:
        known = EdgeKey(EdgeType.HAS_COLUMN, column.dataset, column)
        if additions.edges.get(known) is None:
            additions.undone[known] = None


def _by_text(edges: Iterable[Edge]) -> list[EdgeKey]:
    return [edge.key for edge in edges if edge.key.origin in _BY_TEXT]

"""One statement of a template, turned into edges for everyone who ran it.

Written for the number of edges: what is the same for all who ran the statement is found once, and
what is the same for all edges of one of them, too; between a column and a process is then one link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

from ingest.attribution import Issuer
from ingest.deriving.acting import is_login, processes
from ingest.deriving.additions import NEVER, Additions
from ingest.deriving.columns import described
from ingest.deriving.stated import Witness
from ingest.folding.cells import CellKey, FoldedCell, Template
from ingest.identity import dataset_of
from ingest.record import Stated
from ingest.shards import is_scaffold
from ingest.sql import Column, Statement, Table, is_placeholder
from lineage.edges import EdgeSet, aim, kind
from lineage.model import (
    CERTAIN,
    Activity,
    EdgeType,
    Evidence,
    Origin,
    Role,
    Sample,
    Sighting,
)
from lineage.names import ColumnId, DatasetId, JobId, PrincipalId, ProcessId

_TABLE_ONLY = Evidence.of(parse=0.7)
# How sure it is that a statement uses a column: by its name, through a star, or through one over
# columns that nobody told us.
_WAYS = (CERTAIN, Evidence.of(parse=0.95), Evidence.of(parse=0.4))
_NAMED, _EXPANDED, _UNKNOWN = range(3)
_USED = {role: kind(EdgeType.USED_BY, role) for role in Role}
_NAMED_IN, _RAN, _RUN_BY = map(kind, (EdgeType.NAMED_IN, EdgeType.RAN, EdgeType.RUN_BY))
# By position into unknown columns: the names of the select list are borrowed.
_ASSUMED_NAME = Evidence.of(resolve=0.5)
# A statement of these kinds reads its own target to change it: that is no use of the target.
_CHANGES_IN_PLACE = frozenset({"merge", "update", "delete"})
_CLAIMED = Evidence.of(provenance=0.9)  # by the tool, of the person in front of it
_NOTHING = Sighting()
_SILENT = Witness(Stated())  # what an engine told that told nothing
ANY_COLUMN = "*"


class _Seen:
    """How often and at which times a process ran the statement, and its latest run."""

    def __init__(self, edges: EdgeSet, activity: Activity, sample: Sample, clock: Activity) -> None:
        self._edges = edges
        self._what = activity, sample, clock
        self._numbers: dict[tuple[Evidence, bool, bool], int] = {}

    def of(self, evidence: Evidence, *, named: bool = True, timed: bool = False) -> int:
        """The number of what was seen of what the process uses.

        timed: with the times of the day, as of what the process reads and writes.
        """
        way = evidence, named, timed
        number = self._numbers.get(way)
        if number is None:
            activity, sample, clock = self._what
            seen = Sighting(activity, evidence, sample, named, clock if timed else NEVER)
            number = self._numbers[way] = self._edges.number(seen)
        return number


class Ground(NamedTuple):
    """What all statements are drawn on.

    people: who was in front of the tool. told: on whose behalf each process runs, as far as said:
    the issuer, whether as a view, and whether the login is another one.
    """

    additions: Additions
    people: Mapping[CellKey, set[PrincipalId]]
    told: set[tuple[ProcessId, Issuer, bool, bool]]


class Drawing:
    """One statement of a template, for those who ran it.

    ran: the processes that the text is known to have run for; a text of several statements runs
    once.
    """

    def __init__(
        self,
        ground: Ground,
        template: Template,
        statement: Statement,
        cells: Sequence[FoldedCell],
        ran: set[ProcessId],
    ) -> None:
        self.ground = ground
        self.add = ground.additions
        self.edges = self.add.edges
        self.ran = ran
        self.query = self.add.end(template.id)
        self.routine = template.routine
        # What a dataset is, the events of a run say themselves.
        self.describes = any(cell.key.principal is not None for cell in cells)
        self.namespace = template.id.namespace
        self.statement = statement
        self.cells = cells
        self.at = max(cell.sample.start for cell in cells)
        self.witness = Witness(template.stated) if template.stated else _SILENT
        self.evidence = _TABLE_ONLY if statement.parse == "table_only" else CERTAIN
        self.columns: dict[Table, dict[str, int]] = {}  # the places of those of each table

    def draw(self) -> None:
        """Adds what the statement says."""
        statement = self.statement
        named_in, nothing = aim(self.query) | _NAMED_IN, self.edges.number(_NOTHING)
        for table in (*statement.reads, *statement.writes):
            self.edges.put(self._end(table), named_in, nothing)
        if self.describes and not statement.temporary and not self.routine:
            self._life()
        if statement.reads or statement.writes:
            uses = self._uses()
            ways = {way for _, way, _ in uses}
            for (process, targets), cells in self._by_process().items():
                seen = self._process(process, cells)
                self._tables(process, targets, seen)
                numbers = [self._way(seen, way) if way in ways else 0 for way in range(len(_WAYS))]
                self.edges.spread(uses, self.add.end(process), numbers)
                if isinstance(process, JobId):
                    self._feeds(process, targets, seen)
        silent = self.routine or not self.describes
        for node in () if silent else described(statement, self.namespace, self.at):
            assert isinstance(node.id, ColumnId)
            self.add.column(node.id, Origin.DECLARED if node.facts else Origin.PARSED)
            self.add.facts(node)

    def _uses(self) -> list[tuple[int, int, list[int]]]:
        """For `EdgeSet.spread`: the kind of a use, in which of _WAYS, and the columns."""
        found: dict[tuple[int, int], list[int]] = {}
        for use in self.statement.uses:
            way = _USED[use.role], _NAMED if use.named else _EXPANDED
            found.setdefault(way, []).append(self._column(use.column))
        # Every column of a table whose columns nobody told us passes on: say so, guess nothing.
        for table in self.statement.stars:
            way = _USED[Role.IDENTITY], _UNKNOWN
            found.setdefault(way, []).append(self._column(Column(table, ANY_COLUMN)))
        return [(kind_, way, places) for (kind_, way), places in found.items()]

    def _by_process(self) -> dict[tuple[ProcessId, tuple[Table, ...]], list[FoldedCell]]:
        found: dict[tuple[ProcessId, tuple[Table, ...]], list[FoldedCell]] = {}
        for cell in self.cells:
            for process in processes(self.statement, cell.key, self.routine):
                found.setdefault(process, []).append(cell)
        return found

    def _process(self, process: ProcessId, cells: Sequence[FoldedCell]) -> _Seen:
        """Adds what the process is; how it was seen altogether."""
        if process not in self.ran:
            self.ran.add(process)
            for cell in cells:
                self._ran(process, cell)
        for cell in cells:
            if cell.key.principal is not None:  # else what it is, its events say
                self._issuer(process, cell.key)
        sample = max(cell.sample for cell in cells)
        if self.routine:  # to define one is not to run it
            return _Seen(self.edges, NEVER, sample, NEVER)
        total, clock = cells[0].activity, cells[0].clock
        for cell in cells[1:]:
            total, clock = total.plus(cell.activity), clock.plus(cell.clock)
        return _Seen(self.edges, total, sample, clock)

    def _ran(self, process: ProcessId, cell: FoldedCell) -> None:
        place, principal = self.add.end(process), cell.key.principal
        login = 0 if principal is None else self.add.end(principal)
        seen = Sighting(cell.activity, CERTAIN, cell.sample, clock=cell.clock)
        ran = aim(self.query, login) | _RAN
        self.edges.put(place, ran, self.edges.number(seen))
        if login:
            run_by = aim(login) | _RUN_BY
            self.edges.put(place, run_by, self.edges.number(Sighting(cell.activity)))
        for person in self.ground.people.get(cell.key, ()):
            self.add.node(person, **{"class": "person"})
            # Of another origin than the logins, which are derived again without the people.
            self.add.edge(EdgeType.RUN_BY, process, person, origin=Origin.DECLARED,
                          evidence=_CLAIMED)  # fmt: skip

    def _issuer(self, process: ProcessId, key: CellKey) -> None:
        """Adds on whose behalf the process runs."""
        issuer, view = key.issuer, self.statement.kind == "create_view"
        named = not is_login(issuer, key)  # else the principals of RAN say it
        if (told := (process, issuer, view, named)) in self.ground.told:
            return
        self.ground.told.add(told)
        # A job without a name is told by what it writes, whoever ran it.
        known = issuer.kind if named or not isinstance(process, JobId) else "job"
        self.add.node(process, kind="view" if view else known, url=issuer.url)
        if named:
            self.add.node(process, issuer=issuer.name, issuer_namespace=issuer.namespace,
                          issuer_kind=issuer.kind,
                          issuer_writes="true" if issuer.writes else "")  # fmt: skip

    def _tables(self, process: ProcessId, targets: tuple[Table, ...], seen: _Seen) -> None:
        statement, witness, place = self.statement, self.witness, self.add.end(process)
        in_place = targets if statement.kind in _CHANGES_IN_PLACE else ()
        for table in statement.reads:
            if table not in in_place:
                told = table in witness.reads
                self._table(EdgeType.READ_BY, self._end(table), place, seen, told=told)
        for table in targets:
            told = table in witness.writes
            self._table(EdgeType.WRITES, place, self._end(table), seen, told=told)
            if self.describes and statement.kind in ("create_view", "create_table"):
                made = statement.kind.removeprefix("create_")
                self.add.node(self._dataset(table), self.at, kind=made)

    def _table(self, type_: EdgeType, source: int, target: int, seen: _Seen, *, told: bool) -> None:
        """Adds that a process reads or writes a table; told: by the engine."""
        origin = Origin.ENGINE if told else Origin.PARSED
        number = seen.of(CERTAIN if told else self.evidence, timed=True)
        self.edges.put(source, aim(target) | kind(type_, None, origin), number)

    def _feeds(self, job: JobId, targets: tuple[Table, ...], seen: _Seen) -> None:
        """What the job makes of each column of its targets."""
        via = self.add.end(job)
        named = {(use.column, use.role) for use in self.statement.uses if use.named}
        for edge in self.statement.edges:
            target = edge.target_table
            # A value without a name goes to a column that nobody has named.
            if is_placeholder(edge.target) or target is None or target not in targets:
                continue
            evidence = self._sure(_NAMED if (edge.source, edge.role) in named else _EXPANDED)
            if self.statement.names_assumed:
                evidence = min(evidence, _ASSUMED_NAME)
            told = (edge.source, target, edge.target) in self.witness.feeds
            origin = Origin.ENGINE if told else Origin.PARSED
            aimed = aim(self._column(Column(target, edge.target)), via)
            self.edges.put(
                self._column(edge.source),
                aimed | kind(EdgeType.FEEDS, edge.role, origin),
                seen.of(CERTAIN if told else evidence),
            )
        for table, target in product(self.statement.stars, targets):
            aimed = aim(self._column(Column(target, ANY_COLUMN)), via)
            self.edges.put(
                self._column(Column(table, ANY_COLUMN)),
                aimed | kind(EdgeType.FEEDS, Role.IDENTITY),
                seen.of(_WAYS[_UNKNOWN]),
            )

    def _life(self) -> None:
        """Which datasets the statement makes, drops or renames."""
        for change in self.statement.changes:
            names = [table.parts[-1] for table in (change.table, change.other) if table]
            if change.kind in ("drop", "rename") and any(map(is_scaffold, names)):
                continue
            dataset = self._dataset(change.table)
            if change.kind in ("drop", "rename"):
                renamed = str(self._dataset(change.other)) if change.other else ""
                self.add.node(dataset, self.at, dropped="true", renamed_to=renamed)
            elif change.kind in ("create", "clone", "like"):
                self.add.node(dataset, self.at, dropped="false")

    def _way(self, seen: _Seen, way: int) -> int:
        return seen.of(self._sure(way), named=way == _NAMED)

    def _sure(self, way: int) -> Evidence:
        return min(self.evidence, _WAYS[way])

    def _dataset(self, table: Table) -> DatasetId:
        return dataset_of(table, self.namespace)

    def _end(self, table: Table) -> int:
        return self.add.end(self._dataset(table))

    def _column(self, column: Column) -> int:
        known = self.columns.get(column.table)
        if known is None:
            known = self.columns[column.table] = self.add.columns(self._dataset(column.table))
        place = known.get(column.name)
        if place is None:
            place = self.add.column(ColumnId(self._dataset(column.table), column.name))
        return place

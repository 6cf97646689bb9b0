"""One statement of a template, turned into edges for everyone who ran it.

Written for the number of edges: what is the same for all who ran the statement is found once, and
what is the same for all edges of one of them, too; between a column and a process is then one link.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import reduce
from itertools import product
from typing import NamedTuple

from ingest.attribution import Issuer
from ingest.deriving.acting import is_login, processes
from ingest.deriving.additions import Additions
from ingest.deriving.columns import described
from ingest.deriving.stated import Witness
from ingest.folding.cells import CellKey, FoldedCell, Template
from ingest.identity import dataset_of
from ingest.record import Stated
from ingest.shards import is_scaffold
from ingest.sql import Column, Statement, Table, is_placeholder
from lineage.edges import Start, aim, kind
from lineage.model import CERTAIN, EdgeType, Evidence, Origin, Role, Runs
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
_NOTHING = Runs()
_SILENT = Witness(Stated())  # what an engine told that told nothing
ANY_COLUMN = "*"

# A table, its place, which kind of edge says that it is read or written, and how sure that is.
_Flow = tuple[Table, int, int, int]


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
        named_in, nothing = aim(self.query) | _NAMED_IN, self.edges.ran(_NOTHING)
        reads = self._flow(EdgeType.READ_BY, statement.reads, self.witness.reads)
        writes = self._flow(EdgeType.WRITES, statement.writes, self.witness.writes)
        for _, place, *_ in (*reads, *writes):
            self.edges.put(place, named_in, nothing)
        if self.describes and not statement.temporary and not self.routine:
            self._life()
        if reads or writes:
            uses = self._uses()
            for (process, targets), cells in self._by_process().items():
                place = self.add.end(process)
                ran = self._process(process, place, cells)
                self._reads(place, reads, targets, ran)
                self._writes(place, writes, targets, ran)
                self.edges.spread(uses, place, ran)
                if isinstance(process, JobId):
                    self._feeds(place, targets, ran)
        silent = self.routine or not self.describes
        for node in () if silent else described(statement, self.namespace, self.at):
            assert isinstance(node.id, ColumnId)
            self.add.column(node.id, Origin.DECLARED if node.facts else Origin.PARSED)
            self.add.facts(node)

    def _flow(self, type_: EdgeType, tables: Iterable[Table], told: Set[Table]) -> list[_Flow]:
        """How these tables are read or written; told: by the engine."""
        parsed = kind(type_), self.edges.sure(self.evidence)
        engine = kind(type_, None, Origin.ENGINE), self.edges.sure()
        return [(one, self._end(one), *(engine if one in told else parsed)) for one in tables]

    def _uses(self) -> list[Start]:
        """From which columns edges lead to whoever ran the statement."""
        found: dict[tuple[Role, bool], list[int]] = {}
        for use in self.statement.uses:
            found.setdefault((use.role, use.named), []).append(self._column(use.column))
        by_name, expanded = self._sure(_NAMED), self._sure(_EXPANDED)
        uses: list[Start] = [
            (_USED[role], by_name if named else expanded, places)
            for (role, named), places in found.items()
        ]
        # Every column of a table whose columns nobody told us passes on: say so, guess nothing.
        if self.statement.stars:
            all_of = [self._column(Column(table, ANY_COLUMN)) for table in self.statement.stars]
            uses.append((_USED[Role.IDENTITY], self._sure(_UNKNOWN), all_of))
        return uses

    def _by_process(self) -> dict[tuple[ProcessId, tuple[Table, ...]], list[FoldedCell]]:
        found: dict[tuple[ProcessId, tuple[Table, ...]], list[FoldedCell]] = {}
        for cell in self.cells:
            for process in processes(self.statement, cell.key, self.routine):
                found.setdefault(process, []).append(cell)
        return found

    def _process(self, process: ProcessId, place: int, cells: Sequence[FoldedCell]) -> int:
        """Adds what the process is; how it was seen altogether."""
        each = [self.edges.ran(Runs(one.activity, one.sample, one.clock)) for one in cells]
        if process not in self.ran:
            self.ran.add(process)
            for cell, ran in zip(cells, each, strict=True):
                self._ran(process, place, cell, ran)
        for cell in cells:
            if cell.key.principal is not None:  # else what it is, its events say
                self._issuer(process, cell.key)
        if self.routine:  # to define one is not to run it
            return self.edges.ran(Runs(sample=max(cell.sample for cell in cells)))
        return reduce(self.edges.sum, each)

    def _ran(self, process: ProcessId, place: int, cell: FoldedCell, ran: int) -> None:
        principal = cell.key.principal
        login = 0 if principal is None else self.add.end(principal)
        self.edges.put(place, aim(self.query, login) | _RAN, ran)
        if login:
            run_by = aim(login) | _RUN_BY
            self.edges.put(place, run_by, self.edges.ran(Runs(cell.activity)))
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

    def _reads(
        self, process: int, reads: Iterable[_Flow], targets: tuple[Table, ...], ran: int
    ) -> None:
        in_place = targets if self.statement.kind in _CHANGES_IN_PLACE else ()
        for table, place, read, sure in reads:
            if table not in in_place:
                self.edges.put(place, aim(process) | read, ran | sure)

    def _writes(
        self, process: int, writes: Iterable[_Flow], targets: tuple[Table, ...], ran: int
    ) -> None:
        for table, place, write, sure in writes:
            if table in targets:
                self.edges.put(process, aim(place) | write, ran | sure)
                if self.describes and self.statement.kind in ("create_view", "create_table"):
                    made = self.statement.kind.removeprefix("create_")
                    self.add.node(self._dataset(table), self.at, kind=made)

    def _feeds(self, job: int, targets: tuple[Table, ...], ran: int) -> None:
        """What the job makes of each column of its targets."""
        named = {(use.column, use.role) for use in self.statement.uses if use.named}
        for edge in self.statement.edges:
            target = edge.target_table
            # A value without a name goes to a column that nobody has named.
            if is_placeholder(edge.target) or target is None or target not in targets:
                continue
            evidence = self._evidence(_NAMED if (edge.source, edge.role) in named else _EXPANDED)
            if self.statement.names_assumed:
                evidence = min(evidence, _ASSUMED_NAME)
            told = (edge.source, target, edge.target) in self.witness.feeds
            origin = Origin.ENGINE if told else Origin.PARSED
            aimed = aim(self._column(Column(target, edge.target)), job)
            self.edges.put(
                self._column(edge.source),
                aimed | kind(EdgeType.FEEDS, edge.role, origin),
                ran | self.edges.sure(CERTAIN if told else evidence),
            )
        for table, target in product(self.statement.stars, targets):
            aimed = aim(self._column(Column(target, ANY_COLUMN)), job)
            self.edges.put(
                self._column(Column(table, ANY_COLUMN)),
                aimed | kind(EdgeType.FEEDS, Role.IDENTITY),
                ran | self.edges.sure(_WAYS[_UNKNOWN]),
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

    def _sure(self, way: int) -> int:
        return self.edges.sure(self._evidence(way), named=way == _NAMED)

    def _evidence(self, way: int) -> Evidence:
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

"""Derives the graph from fold cells and the analyses of their templates.

Edges are never written by hand: first import, late catalogue and better analyser all come through
here, so that the graph depends on what was logged and not on when it was imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ingest.attribution import RUN, Issuer
from ingest.deriving.additions import NEVER, Additions
from ingest.deriving.analysing import Analysed
from ingest.deriving.columns import described
from ingest.deriving.stated import Witness
from ingest.deriving.version import analysed_at
from ingest.folding.cells import CellKey, FoldedCell, Template
from ingest.identity import dataset_of
from ingest.record import Stated
from ingest.shards import is_scaffold
from ingest.sql import Analysis, Column, Statement, Table, is_placeholder
from lineage.model import CERTAIN, Activity, EdgeType, Evidence, Origin, Role, Sample
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, PrincipalId, ProcessId

_BY_STAR = Evidence.of(parse=0.95)
_TABLE_ONLY = Evidence.of(parse=0.7)
_UNKNOWN_STAR = Evidence.of(parse=0.4)
# By position into unknown columns: the names of the select list are borrowed.
_ASSUMED_NAME = Evidence.of(resolve=0.5)
# A statement of these kinds reads its own target to change it: that is no use of the target.
_CHANGES_IN_PLACE = frozenset({"merge", "update", "delete"})
_CLAIMED = Evidence.of(provenance=0.9)  # by the tool, of the person in front of it
ANY_COLUMN = "*"


def derive(
    cells: Iterable[FoldedCell],
    analyses: Mapping[str, Analysed],
    additions: Additions,
    earlier: Iterable[FoldedCell] = (),
) -> None:
    """Adds the nodes and edges that these cells stand for; analyses are by template fingerprint.

    earlier: what is in the graph already of cells whose days decide what they mean.
    """
    impersonal, people = _impersonal(cells)
    by_template: dict[Template, list[FoldedCell]] = {}
    for cell in impersonal:
        by_template.setdefault(cell.key.template, []).append(cell)
    whole = _whole([*(one for mine in by_template.values() for one in mine), *earlier])
    for template, mine in by_template.items():
        analysed = analyses[template.id.name]
        _describe(additions, template, analysed.latest)
        for part in analysed.parts:
            there = [one for cell in mine if (one := _within(cell, part.days, whole)) is not None]
            ran: set[ProcessId] = set()  # a text of several statements runs once
            for statement in part.analysis.statements if there else ():
                _Derivation(additions, template, statement, there, ran, people).run()


def _impersonal(
    cells: Iterable[FoldedCell],
) -> tuple[Iterable[FoldedCell], dict[CellKey, set[PrincipalId]]]:
    """The cells whoever looked, and the people of each as their tool names them."""
    found: dict[CellKey, FoldedCell] = {}
    people: dict[CellKey, set[PrincipalId]] = {}
    for cell in cells:
        issuer = cell.key.issuer
        key = cell.key
        if issuer.person:
            bare = msgspec.structs.replace(issuer, person="")
            key = msgspec.structs.replace(key, issuer=bare)
            if key.principal is None or issuer.person != key.principal.name:
                people.setdefault(key, set()).add(_person(issuer))
        known = found.get(key)
        found[key] = FoldedCell(key, *_sum(cell, known)) if known or issuer.person else cell
    return found.values(), people


def _sum(cell: FoldedCell, known: FoldedCell | None) -> tuple[Activity, Sample, Activity]:
    if known is None:
        return cell.activity, cell.sample, cell.clock
    return (
        cell.activity.plus(known.activity),
        max(cell.sample, known.sample),
        cell.clock.plus(known.clock),
    )


def _person(issuer: Issuer) -> PrincipalId:
    name = issuer.person if "@" in issuer.person else f"user/{issuer.person}"
    return PrincipalId(issuer.namespace, name)


class _Whole(NamedTuple):
    """All days of a cell, and its latest run."""

    days: frozenset[int]
    sample: Sample


def _whole(cells: Iterable[FoldedCell]) -> dict[CellKey, _Whole]:
    found: dict[CellKey, _Whole] = {}
    for cell in cells:
        known = found.get(cell.key, _Whole(frozenset(), cell.sample))
        days = known.days.union(cell.activity.days)
        found[cell.key] = _Whole(days, max(known.sample, cell.sample))
    return found


def _within(
    cell: FoldedCell, days: frozenset[int] | None, whole: Mapping[CellKey, _Whole]
) -> FoldedCell | None:
    """What a cell counts on these days; None when it has none of them.

    A cell that had such days before keeps them, with nothing more to count, so that its latest run
    is the sample of all its edges, whichever of its days was imported first. The times of the day,
    which belong to no day, are counted with its last.
    """
    if days is None:
        return cell
    known = whole[cell.key]
    if not days & known.days:
        return None
    counts = zip(cell.activity.days, cell.activity.counts, strict=True)
    activity = Activity.of({day: count for day, count in counts if day in days})
    clock = cell.clock if cell.activity.last in days else NEVER
    return FoldedCell(cell.key, activity, known.sample, clock)


def _processes(statement: Statement, key: CellKey) -> list[tuple[ProcessId, tuple[Table, ...]]]:
    """Who the statement acts for, and which of its targets: a job per target, or a consumer."""
    issuer = key.issuer
    if key.principal is None:  # the run is the statement, whatever it does
        return [(JobId(issuer.namespace, issuer.name), statement.writes)]
    if statement.writes and not statement.temporary:
        if issuer.kind == RUN and statement.kind != "create_view":
            return [(JobId(issuer.namespace, issuer.name), statement.writes)]
        return [(_job(statement, target, key), (target,)) for target in statement.writes]
    if routine := key.template.routine:
        return [(JobId(key.template.id.namespace, routine), ())]
    if issuer.writes:
        return [(JobId(issuer.namespace, issuer.name), ())]
    return [(ConsumerId(issuer.namespace, issuer.name), ())]


def _job(statement: Statement, target: Table, key: CellKey) -> JobId:
    namespace = key.template.id.namespace
    dataset = dataset_of(target, namespace)
    if statement.kind == "create_view":
        return JobId(dataset.namespace, f"view {dataset.name}")
    if _is_principal(key.issuer, key):
        sources = sorted({dataset_of(table, namespace).name for table in statement.reads})
        return JobId(dataset.namespace, f"{dataset.name} <- {', '.join(sources) or 'values'}")
    if key.issuer.kind == "model":  # it has one target by definition, and events name it so
        return JobId(key.issuer.namespace, key.issuer.name)
    return JobId(key.issuer.namespace, f"{key.issuer.name} -> {dataset.name}")


def _is_principal(issuer: Issuer, key: CellKey) -> bool:
    login = key.principal
    return login is not None and (issuer.namespace, issuer.name) == (login.namespace, login.name)


def _describe(additions: Additions, template: Template, analysis: Analysis) -> None:
    """Adds what a template is; only what its text alone decides, never what a catalogue adds."""
    partial = any(statement.parse == "table_only" for statement in analysis.statements)
    context = template.context
    parse = "table_only" if partial else "full"
    additions.node(template.id, analysed_at(), parse=parse)
    additions.node(
        template.id,
        sql=template.sql,
        dialect=template.dialect,
        default_db=context.default_db,
        default_schema=context.default_schema,
        search_path=",".join(context.search_path),
        stated=msgspec.json.encode(template.stated).decode() if template.stated else "",
    )


class _Use(NamedTuple):
    """A column in a role, as every process that runs the statement uses it."""

    column: ColumnId
    role: Role
    evidence: Evidence
    named: bool


class _Seen(NamedTuple):
    """How often and at which times a process ran the statement, and its latest run."""

    activity: Activity
    sample: Sample
    clock: Activity


class _Derivation:
    """One statement of a template, turned into edges for everyone who ran it."""

    def __init__(
        self,
        additions: Additions,
        template: Template,
        statement: Statement,
        cells: Sequence[FoldedCell],
        ran: set[ProcessId],
        people: Mapping[CellKey, set[PrincipalId]],
    ) -> None:
        self.add = additions
        self.ran = ran
        self.people = people
        self.query = template.id
        self.defines = template.routine != ""
        # What a dataset is, the events of a run say themselves.
        self.describes = any(cell.key.principal is not None for cell in cells)
        self.namespace = template.id.namespace
        self.statement = statement
        self.cells = cells
        self.at = max(cell.sample.start for cell in cells)
        self.witness = Witness(template.stated or Stated())
        self.evidence = _TABLE_ONLY if statement.parse == "table_only" else CERTAIN
        self.reads = [self._dataset(table) for table in statement.reads]
        self.uses = [
            _Use(self._column(use.column), use.role, self._sure(use.named), use.named)
            for use in statement.uses
        ]

    def run(self) -> None:
        """Adds what the statement says."""
        statement = self.statement
        for dataset in (*self.reads, *map(self._dataset, statement.writes)):
            self.add.edge(EdgeType.NAMED_IN, dataset, self.query)
        if self.describes and not statement.temporary and not self.defines:
            self._life()
        if statement.reads or statement.writes:
            for use in self.uses:
                self.add.column(use.column)
            for (process, targets), cells in self._by_process().items():
                if process not in self.ran:
                    self.ran.add(process)
                    self._ran(process, cells)
                seen = self._process(process, cells)
                self._tables(process, targets, seen)
                self._columns(process, targets, seen)
        silent = self.defines or not self.describes
        for node in () if silent else described(statement, self.namespace, self.at):
            assert isinstance(node.id, ColumnId)
            self.add.column(node.id, Origin.DECLARED if node.facts else Origin.PARSED)
            self.add.facts(node)

    def _by_process(self) -> dict[tuple[ProcessId, tuple[Table, ...]], list[FoldedCell]]:
        found: dict[tuple[ProcessId, tuple[Table, ...]], list[FoldedCell]] = {}
        for cell in self.cells:
            for process in _processes(self.statement, cell.key):
                found.setdefault(process, []).append(cell)
        return found

    def _ran(self, process: ProcessId, cells: Sequence[FoldedCell]) -> None:
        for cell in cells:
            principal = cell.key.principal
            self.add.edge(EdgeType.RAN, process, self.query, via=principal,
                          activity=cell.activity, sample=cell.sample,
                          clock=cell.clock)  # fmt: skip
            if principal is not None:
                self.add.edge(EdgeType.RUN_BY, process, principal, activity=cell.activity)
            for person in self.people.get(cell.key, ()):
                self.add.node(person, **{"class": "person"})
                # Of another origin than the logins, which are derived again without the people.
                self.add.edge(EdgeType.RUN_BY, process, person, origin=Origin.DECLARED,
                              evidence=_CLAIMED)  # fmt: skip

    def _process(self, process: ProcessId, cells: Sequence[FoldedCell]) -> _Seen:
        """Adds what the process is; how it was seen altogether."""
        total, clock = Activity(), Activity()
        view = self.statement.kind == "create_view"
        for cell in cells:
            issuer = cell.key.issuer
            total, clock = total.plus(cell.activity), clock.plus(cell.clock)
            if cell.key.principal is None:  # what it is, its events say
                continue
            named = not _is_principal(issuer, cell.key)  # else the principals of RAN say it
            # A job without a name is told by what it writes, whoever ran it.
            kind = issuer.kind if named or not isinstance(process, JobId) else "job"
            self.add.node(process, kind="view" if view else kind, url=issuer.url)
            if named:
                self.add.node(process, issuer=issuer.name, issuer_namespace=issuer.namespace,
                              issuer_kind=issuer.kind,
                              issuer_writes="true" if issuer.writes else "")  # fmt: skip
        sample = max(cell.sample for cell in cells)
        # To define a routine is not to run it.
        return _Seen(NEVER, sample, NEVER) if self.defines else _Seen(total, sample, clock)

    def _tables(self, process: ProcessId, targets: tuple[Table, ...], seen: _Seen) -> None:
        kind = self.statement.kind
        in_place = targets if kind in _CHANGES_IN_PLACE else ()
        for table, dataset in zip(self.statement.reads, self.reads, strict=True):
            if table not in in_place:
                by_engine = table in self.witness.reads
                self._edge(EdgeType.READ_BY, dataset, process, seen, by_engine=by_engine)
        for table in targets:
            dataset = self._dataset(table)
            by_engine = table in self.witness.writes
            self._edge(EdgeType.WRITES, process, dataset, seen, by_engine=by_engine)
            if self.describes and kind in ("create_view", "create_table"):
                self.add.node(dataset, self.at, kind=kind.removeprefix("create_"))

    def _columns(self, process: ProcessId, targets: tuple[Table, ...], seen: _Seen) -> None:
        for column, role, evidence, named in self.uses:
            self._edge(EdgeType.USED_BY, column, process, seen, role, None, evidence, named)
        for table in self.statement.stars:
            self._star(process, table, targets, seen)
        if isinstance(process, JobId):
            self._feeds(process, targets, seen)

    def _feeds(self, job: JobId, targets: tuple[Table, ...], seen: _Seen) -> None:
        """What the job makes of each column of its targets."""
        named = {(use.column, use.role) for use in self.statement.uses if use.named}
        assumed = self.statement.names_assumed
        for edge in self.statement.edges:
            if is_placeholder(edge.target):
                continue  # a value without a name goes to a column that nobody has named
            if edge.target_table in targets and edge.target_table is not None:
                target = ColumnId(self._dataset(edge.target_table), edge.target)
                source = self._column(edge.source)
                self.add.column(target)
                self.add.column(source)
                evidence = self._sure((edge.source, edge.role) in named)
                if assumed:
                    evidence = min(evidence, _ASSUMED_NAME)
                told = (edge.source, edge.target_table, edge.target) in self.witness.feeds
                self._edge(EdgeType.FEEDS, source, target, seen, edge.role, job, evidence,
                           by_engine=told)  # fmt: skip

    def _star(
        self, process: ProcessId, table: Table, targets: tuple[Table, ...], seen: _Seen
    ) -> None:
        """Every column of a table whose columns nobody told us passes on: say so, guess nothing."""
        every, sure = Role.IDENTITY, _UNKNOWN_STAR
        source = ColumnId(self._dataset(table), ANY_COLUMN)
        self._edge(EdgeType.USED_BY, source, process, seen, every, None, sure, named=False)
        self.add.column(source)
        if isinstance(process, JobId):
            for written in targets:
                target = ColumnId(self._dataset(written), ANY_COLUMN)
                self.add.column(target)
                self._edge(EdgeType.FEEDS, source, target, seen, every, process, sure)

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

    def _edge(
        self,
        type_: EdgeType,
        source: DatasetId | ColumnId | ProcessId,
        target: DatasetId | ColumnId | ProcessId,
        seen: _Seen,
        role: Role | None = None,
        via: JobId | None = None,
        evidence: Evidence | None = None,
        named: bool = True,
        *,
        by_engine: bool = False,
    ) -> None:
        if by_engine:
            evidence = CERTAIN
        timed = type_ in (EdgeType.READ_BY, EdgeType.WRITES)
        origin = Origin.ENGINE if by_engine else Origin.PARSED
        self.add.edge(type_, source, target, role=role, via=via, named=named, origin=origin,
                      evidence=evidence or self.evidence, activity=seen.activity,
                      sample=seen.sample,
                      clock=seen.clock if timed else NEVER)  # fmt: skip

    def _sure(self, named: bool) -> Evidence:
        return self.evidence if named else min(self.evidence, _BY_STAR)

    def _dataset(self, table: Table) -> DatasetId:
        return dataset_of(table, self.namespace)

    def _column(self, column: Column) -> ColumnId:
        return ColumnId(self._dataset(column.table), column.name)

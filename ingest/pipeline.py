"""Reads logs and events into a store: detect, read, fold, analyse, derive, apply, report.

Everything that one flush found goes into the store in one transaction, together with the ledger of
the statements that it counted. So an import that is killed is simply run again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, NamedTuple

import msgspec

from ingest.declared.catalogs import Catalogue
from ingest.declared.declare import Declarations, Declared
from ingest.declared.sources import SourceBook
from ingest.deriving.additions import Additions
from ingest.deriving.analysing import Analysed, Analyser, Seen, merge_days
from ingest.deriving.columns import KnownColumns
from ingest.deriving.derive import derive
from ingest.deriving.refold import cells_naming, cells_of
from ingest.files.reading import bytes_read, losses, open_text
from ingest.folding.cells import FoldedCell, Template
from ingest.folding.dead_letters import DEAD_LETTER, DeadLetter, tokens
from ingest.folding.joined import Moved, kept
from ingest.folding.ledger import Ledger
from ingest.folding.queries import Queries
from ingest.identity import canonical
from ingest.openlineage.collect import Events
from ingest.openlineage.reading import read_events
from ingest.planning import Planned, plan, some
from ingest.record import ReadOptions
from ingest.report import Funnel, ImportReport, SourceReport
from ingest.sql import Analysis
from lineage.errors import LedgerConflict
from lineage.model import Activity, Document, Fact, Node, Origin
from lineage.names import ColumnId, DatasetId, NodeId, QueryId
from lineage.store import Store

# Statements between two commits: what a kill can cost, and what memory must hold.
FLUSH = int(os.environ.get("LINEAGE_FLUSH", "250000"))
EVENTS = "openlineage"  # the source of events in the ledger
_RETRIES = 5


class Progress(msgspec.Struct, frozen=True):
    """Where an import is. stage: reading, analysing or writing; done, total: bytes on disk."""

    stage: str
    file: str
    read: int
    dead: int
    done: int
    total: int


class ImportOptions(msgspec.Struct, frozen=True):
    """What the user said of an import beside the paths."""

    book: SourceBook
    catalogues: tuple[Catalogue, ...] = ()
    declarations: Declarations = Declarations()
    columns: dict[str, str] = {}
    workers: int = 2


def import_paths(
    store: Store,
    paths: Sequence[str],
    options: ImportOptions,
    progress: Callable[[Progress], None] = lambda _: None,
) -> ImportReport:
    """Imports everything at these paths and says what became of every record.

    Raises:
        UnreadableInput: a path does not exist, or a file named in `paths` has no known format;
            nothing was imported.
        StoreError: the store cannot be written.
    """
    planned, skipped = plan(paths, options.book)
    for attempt in range(_RETRIES):
        running = _Import(store, options, progress)
        try:
            return running.run(planned, skipped)
        except LedgerConflict:
            # Another import committed the same days: what it counted is in the ledger now.
            if attempt == _RETRIES - 1:
                raise
        finally:
            running.close()
    raise AssertionError("unreachable")


class _Analyses(NamedTuple):
    """What the statements of a flush mean, and what of the store they change.

    before: the cells that must be derived again, once `retract` is taken back. earlier: those that
    need not be, but whose templates are here and may mean something else on other days.
    """

    before: list[FoldedCell]
    analyses: dict[str, Analysed]
    retract: list[tuple[NodeId, Origin]]
    earlier: list[FoldedCell]


class _Import:
    """One import: what was read and is not yet in the store."""

    def __init__(
        self, store: Store, options: ImportOptions, progress: Callable[[Progress], None]
    ) -> None:
        self._store = store
        self._options = options
        self._progress = progress
        self._funnel = Funnel()
        self._ledger = Ledger(store)
        self._queries = Queries(store, self._ledger, self._funnel, options.book.rules)
        self._events = Events(self._ledger, self._funnel)
        self._analyser = Analyser(KnownColumns.of(store), options.workers)
        self._declared = Declared(store, options.declarations, options.book)
        self._templates: set[str] = set()
        self._kept: list[Document] = []
        self._listening: list[Document] = []
        self._sources: dict[tuple[str, str], SourceReport] = {}
        self._warnings: dict[str, None] = {}
        self._since_flush = 0

    def close(self) -> None:
        """Ends the processes that analyse."""
        self._analyser.close()

    def run(self, planned: Sequence[Planned], skipped: Sequence[str]) -> ImportReport:
        """Reads all inputs, flushing now and then, and reports."""
        started = time.monotonic()
        self._warnings.update(dict.fromkeys(self._options.declarations.problems))
        if skipped:
            files = len(skipped) + len(planned)
            self._warn(f"skipped {len(skipped)} of {files} files: {some(skipped)}")
        total = sum(one.input.size for one in planned)
        done = 0
        additions = Additions()
        self._catalogues(additions)
        for one in planned:
            self._note(one)
            before = self._funnel.read
            with open_text(one.input) as stream:
                for _ in self._records(stream, one):
                    self._since_flush += 1
                    if self._since_flush % 2000 == 0:
                        here = done + bytes_read(stream)
                        self._progress(self._at("reading", one.input.name, here, total))
                    if self._since_flush >= FLUSH:
                        self._flush(additions, last=False)
                        additions = Additions()
                for loss in losses(stream):
                    self._warn(loss)
            if self._funnel.read == before:
                self._warn(f"{one.input.name} has no records")
            done += one.input.size
        self._flush(additions, last=True)
        return self._report(time.monotonic() - started)

    def _records(self, stream: IO[str], one: Planned) -> Iterator[None]:
        if one.detection.kind == "events":
            return self._events.take(read_events(stream), EVENTS, one.input.name)
        options = ReadOptions(one.source.timezone, self._options.columns, self._warn)
        records = one.detection.format.read(stream, options)
        return self._queries.take(records, one.source, one.input.name)

    def _warn(self, sentence: str) -> None:
        self._warnings[sentence] = None

    def _at(self, stage: str, file: str = "", done: int = 0, total: int = 0) -> Progress:
        dead = sum(self._funnel.dead_letters.values())
        return Progress(stage, file, self._funnel.read, dead, done, total)

    def _catalogues(self, additions: Additions) -> None:
        for catalogue in self._options.catalogues:
            for name, columns in catalogue.tables.items():
                dataset = canonical(catalogue.namespace, name)
                # The fields of a structure are columns of the graph, but not of the table's list.
                top = [one for one in columns if one.rpartition(".")[0] not in columns]
                listed = tuple((one, columns[one]) for one in top)
                additions.listed(dataset, listed, catalogue.at)
                ordinals = {one: str(ordinal) for ordinal, one in enumerate(top)}
                for one, type_ in columns.items():
                    said = {"ordinal": ordinals.get(one, ""), "type": type_}
                    facts = {k: Fact(catalogue.at, value) for k, value in said.items() if value}
                    additions.column(ColumnId(dataset, one), Origin.DECLARED)
                    additions.facts(Node(ColumnId(dataset, one), facts))

    def _flush(self, additions: Additions, *, last: bool) -> None:
        """Writes all that was found since the last flush, in one transaction."""
        self._progress(self._at("analysing"))
        self._since_flush = 0
        cells, moved, rows = self._queries.flush(last=last)
        for principal, class_ in self._queries.principals.items():
            additions.node(principal, **{"class": class_})
        events, documents, retract = self._events.flush(self._store)
        additions.absorb(events)
        known = self._analyser.known
        changed = known.listen(additions.lists)
        found = self._analysed(cells, changed, moved)
        retract += found.retract
        understood = self._understood(cells, found.analyses)
        derive([*understood, *found.before], found.analyses, additions, found.earlier)
        documents += [*rows, *self._letters(), *self._kept, *known.documents()]
        documents += self._listening
        retract += self._declared.apply(additions, additions.nodes)
        documents += self._declared.documents()
        self._progress(self._at("writing"))
        shards = (*self._ledger.pending(), *known.pending())
        self._store.apply(additions.batch(tuple(retract), tuple(documents), shards))
        self._ledger.committed()
        known.committed()
        self._queries.joined.committed()
        self._kept.clear()
        self._listening.clear()

    def _understood(
        self, cells: list[FoldedCell], analyses: Mapping[str, Analysed]
    ) -> Iterator[FoldedCell]:
        """The cells that say something; the others are counted for what they are."""
        funnel = self._funnel
        for cell in cells:
            analysis = analyses[cell.key.template.id.name].latest
            count = cell.activity.total
            if self._queries.joined.knows(cell.key.template) and _says_nothing(analysis):
                self._kept.append(kept(cell.key.template))
            if analysis.error and not any(s.reads or s.writes for s in analysis.statements):
                funnel.imported -= count
                reason, _, why = analysis.error.partition(": ")
                funnel.bury(reason, count)
                self._bury(cell, reason, why, count)
            elif _says_nothing(analysis):
                funnel.imported -= count
                called = any(s.kind == "call" for s in analysis.statements)
                funnel.ignore("call" if called else "no_lineage", count)
            else:
                if any(s.parse == "table_only" for s in analysis.statements):
                    funnel.partial += count
                self._templates.add(cell.key.template.id.name)
                yield cell

    def _analysed(
        self, cells: list[FoldedCell], changed: dict[DatasetId, int], moved: Moved
    ) -> _Analyses:
        """The analyses of these cells and of earlier ones that must be derived again.

        Earlier imports derived with other columns of the changed datasets. What is derived again
        may tell other columns of further datasets, so this goes on until nothing changes.
        """
        found = _Analyses([], {}, [], [])
        templates = {cell.key.template for cell in cells}
        merge_days(changed, self._analyser.known.lose(moved.lost))
        newest = max((seen.last or 0 for seen in self._store.logged().values()), default=-1)
        stale: set[DatasetId] = set()
        varying: set[QueryId] = set()
        left = bool(moved.queries)
        while True:
            seen = _seen(cells, [*found.before, *found.earlier])
            self._analyser.analyse(seen, found.analyses)
            merge_days(changed, self._analyser.take_changed())
            # What changes behind the days of the store touches nothing that is in it.
            now_stale = {dataset for dataset, day in changed.items() if day <= newest}
            now_varying = {one.id for one in templates if self._analyser.varies(one)}
            if now_stale <= stale and now_varying <= varying and not left:
                return found
            if left or not now_stale <= stale:
                stale |= now_stale
                left = False
                before, retract = cells_naming(self._store, stale, moved.queries)
                retract += [(dataset, Origin.PARSED) for dataset in stale]
                found = found._replace(before=moved.without(before), retract=retract)
            varying |= now_varying
            earlier = moved.without(cells_of(self._store, varying))
            found = found._replace(earlier=earlier)

    def _bury(self, cell: FoldedCell, reason: str, why: str, count: int) -> None:
        template = cell.key.template
        file, line = self._queries.where(template.id)
        letter = DeadLetter(reason, template.id.namespace, file, line, template.sql[:2000], why,
                            count, tokens(template.sql), cell.activity.days[-1])  # fmt: skip
        self._queries.letters[f"{reason}:{template.id.name}"] = letter

    def _letters(self) -> list[Document]:
        """The dead letters; the same letter met again counts on."""
        letters = self._queries.letters | self._events.letters
        self._queries.letters, self._events.letters = {}, {}
        for document in self._store.documents(DEAD_LETTER, list(letters)):
            known = msgspec.json.decode(document.body, type=DeadLetter)
            letter = letters[document.key]
            letters[document.key] = msgspec.structs.replace(
                letter, count=letter.count + known.count
            )
        return [
            Document(DEAD_LETTER, key, msgspec.json.encode(one)) for key, one in letters.items()
        ]

    def _note(self, one: Planned) -> None:
        name, namespace = one.source.name, one.source.namespace
        if one.source.listening:
            self._listening.append(one.source.listening.document(name))
        if one.detection.kind == "events":
            name, namespace = EVENTS, ""  # each of their datasets names its own
        format_ = one.detection.format.name
        known = self._sources.get((name, format_))
        files = known.files + 1 if known else 1
        report = SourceReport(name, format_, namespace, files, one.detection.why)
        self._sources[(name, format_)] = report

    def _report(self, seconds: float) -> ImportReport:
        funnel = self._funnel
        return ImportReport(
            funnel.read,
            funnel.imported,
            funnel.enriched,
            funnel.partial,
            funnel.duplicate,
            dict(sorted(funnel.ignored.items())),
            dict(sorted(funnel.dead_letters.items())),
            len(self._templates),
            {source: _days(seen) for source, seen in sorted(self._store.logged().items())},
            round(seconds, 3),
            tuple(self._sources.values()),
            tuple(dict.fromkeys((*self._options.book.warnings, *self._warnings))),
        )


def _seen(new: Iterable[FoldedCell], stored: Iterable[FoldedCell]) -> dict[Template, Seen]:
    """Each template and when it was seen."""
    found: dict[Template, Seen] = {}
    for cells, is_new in ((new, True), (stored, False)):
        for cell in cells:
            days = frozenset(cell.activity.days)
            runs = cell.activity if is_new else Activity()
            known = found.get(cell.key.template, Seen(days, ""))
            last = max(known.last, cell.sample.start)
            found[cell.key.template] = Seen(known.days | days, last, known.new.plus(runs))
    return found


def _says_nothing(analysis: Analysis) -> bool:
    return not any(one.reads or one.writes or one.changes for one in analysis.statements)


def _days(seen: Activity) -> dict[str, int]:
    if seen.first is None or seen.last is None:
        return {"days_logged": 0, "days_expected": 0}
    return {"days_logged": len(seen.days), "days_expected": seen.last - seen.first + 1}

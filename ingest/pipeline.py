"""Reads logs and events into a store: detect, read, fold, analyse, derive, apply, report.

Everything that one flush found goes into the store in one transaction, together with the ledger of
the statements that it counted. So an import that is killed is simply run again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from copy import deepcopy
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from ingest.declared.catalogs import Catalogue
from ingest.declared.declare import Declarations, Declared
from ingest.declared.sources import SourceBook
from ingest.deriving.additions import Additions
from ingest.deriving.analysing import Analyser, merge_days
from ingest.deriving.catalogued import add_catalogues, sizes_told
from ingest.deriving.columns import KnownColumns
from ingest.deriving.derive import derive
from ingest.deriving.settling import Settled, settle
from ingest.deriving.version import derived, is_outdated
from ingest.feeds import Feeds, plan_replay
from ingest.folding.ledger import EVENTS, UNTIMED, Ledger
from ingest.folding.portions import PORTION
from ingest.folding.queries import Queries
from ingest.folding.retention import Retention
from ingest.folding.unread import Unread
from ingest.holding import Holder, latest_holder
from ingest.opened import Opened, OpenedFiles
from ingest.openlineage.collect import Events
from ingest.openlineage.reading import read_events
from ingest.openlineage.run_texts import RunTexts
from ingest.planning import Planned, plan, some
from ingest.portioning import Reading
from ingest.processes import Processes, uncollected
from ingest.read_before import ReadBefore
from ingest.record import ReadOptions
from ingest.report import Account, Funnel, ImportReport
from ingest.understanding import Understanding
from lineage.errors import LedgerConflict
from lineage.model import Batch, Document
from lineage.store import Store

if TYPE_CHECKING:
    from ingest.engines.rounds import Engine

# Statements between two commits: what a kill can cost, and what memory must hold.
FLUSH = int(os.environ.get("LINEAGE_FLUSH", "1000000"))
CELLS = 60_000  # the same in cells, of which each makes some 20 edges
_EVENTS = 2000  # that are taken in between two looks at the clock
_RETRIES = 20


class Progress(msgspec.Struct, frozen=True):
    """Where an import is. stage: reading, counting (by an engine), analysing or writing.

    file: the one that is read, or how many of them. done, total: bytes on disk.
    stored: how many of the records read are in the store. cells: what the next commit will write.
    """

    stage: str
    file: str
    read: int
    dead: int
    done: int
    total: int
    stored: int = 0
    cells: int = 0


class ImportOptions(msgspec.Struct, frozen=True):
    """What the user said of an import beside the paths.

    retain: days that the ledger remembers from now on; 0 leaves that as it is. rehearse: find out
    what would change, and write nothing. rederive: analyse everything in the store again. engine:
    who reads query logs in place of this process; not with `rehearse`.
    """

    book: SourceBook
    catalogues: tuple[Catalogue, ...] = ()
    declarations: Declarations = Declarations()
    columns: dict[str, str] = {}
    workers: int = 2
    retain: int = 0
    rehearse: bool = False
    rederive: bool = False
    engine: Engine | None = None


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
    return _import(store, *plan(paths, options.book), options, progress)


def replay(
    store: Store,
    options: ImportOptions,
    progress: Callable[[Progress], None] = lambda _: None,
) -> ImportReport:
    """Tries everything again that was not understood, and says what became of it.

    Statements that nobody could analyse are in the store; of all else the files are read again.

    Raises:
        StoreError: the store cannot be written.
    """
    return _import(store, *plan_replay(store, options.book), options, progress, replaying=True)


def _import(
    store: Store,
    planned: Sequence[Planned],
    skipped: Sequence[str],
    options: ImportOptions,
    progress: Callable[[Progress], None],
    *,
    replaying: bool = False,
) -> ImportReport:
    met: list[str] = []
    committed: list[Funnel] = []
    for attempt in range(_RETRIES):
        running = Import(store, options, progress, replaying=replaying)
        try:
            return running.run(planned, skipped, met, committed)
        except LedgerConflict:
            # Another import committed the same days: what it counted is in the ledger now.
            if attempt == _RETRIES - 1:
                raise
            committed.append(running.committed)
            who = latest_holder(store)
            met.append(f"{who}, wrote to the store meanwhile: what it had counted was read again")
            time.sleep(min(5.0, 0.1 * attempt))
        finally:
            running.close()
    raise AssertionError("unreachable")


class Import:
    """One import: what was read and is not yet in the store.

    What it raises leaves it unusable: what it had taken in is in no store.
    """

    def __init__(
        self,
        store: Store,
        options: ImportOptions,
        progress: Callable[[Progress], None] = lambda _: None,
        *,
        replaying: bool = False,
    ) -> None:
        self._store = store
        self._options = options
        self._progress = progress
        self._funnel = Funnel()
        self.committed = Funnel()
        self._ledger = Ledger(store)
        self._unread = Unread(store)
        self._retention = Retention(store, options.retain)
        self._queries = Queries(
            store, self._ledger, self._funnel, self._unread, self._retention, options.book.rules
        )
        low = self._retention.low(EVENTS)
        self._texts = RunTexts(self._queries.joined, self._funnel)
        self._events = Events(self._ledger, self._funnel, self._unread, low, self._texts)
        self._feeds = Feeds(store)
        self._read_before = ReadBefore(store)
        self._replaying = replaying
        self._rederive = options.rederive or is_outdated(store)
        self._holder = Holder.here()
        self._additions = Additions()
        self._stored = self._done = self._total = 0
        self._processes = Processes(options.workers)
        self._files = OpenedFiles(
            self._queries, self._feeds, self._read_before, self._unread, options.columns,
            self._processes, replaying=replaying,
        )  # fmt: skip
        self._analyser = Analyser(KnownColumns.of(store), self._processes)
        self._declared = Declared(store, options.declarations, options.book)
        self._understanding = Understanding(self._queries, self._unread, self._funnel)
        self._listening: list[Document] = sizes_told(options.catalogues)
        self._listening += [
            one.listening.document(one.name) for one in options.book.all() if one.listening
        ]
        self._account = Account()
        self._since_flush = 0

    def close(self) -> None:
        """Ends the processes that work for it."""
        self._analyser.close()
        self._processes.close()

    def run(
        self,
        planned: Sequence[Planned],
        skipped: Sequence[str],
        met: Sequence[str],
        earlier: Sequence[Funnel],
    ) -> ImportReport:
        """Reads all inputs, flushing now and then, and reports.

        met: sentences on what ended the attempts before this one; earlier: what they committed.
        """
        started = time.monotonic()
        warn, book = self._account.warn, self._options.book
        warn(*book.warnings, *met, *self._options.declarations.problems)
        if self._rederive:
            warn("all of the store is derived again, as the analyser does it now")
        if skipped:
            files = len(skipped) + len(planned)
            warn(f"skipped {len(skipped)} of {files} files: {some(skipped)}")
        self._total = sum(one.input.size for one in planned)
        add_catalogues(self._additions, self._options.catalogues)
        self._events.restores = True  # who imports a file may say anything
        for one in planned:
            self._note(one)
        engine = self._options.engine
        here = [one for one in planned if not engine or one.detection.kind == "events"]
        for one in here:
            self._read(one)
        if engine:
            self._read_elsewhere(engine, [one for one in planned if one not in here])
        self._flush(last=True)
        for attempt in earlier:
            self._funnel.credit(attempt)
        warn(*book.warnings)  # some turn up on the way
        return self._account.report(
            self._funnel, self._store, len(self._understanding.templates),
            time.monotonic() - started, self._feeds.next(),
        )  # fmt: skip

    def arrived(self, events: Iterable[tuple[str, Iterable[tuple[int, object]]]]) -> Funnel:
        """What became of events that came in no file, all in one transaction; may be called again.

        events: where from, in words, and (number, JSON value) of each, as `read_events` gives them.

        Raises:
            LedgerConflict: another import was faster; nothing was applied.
            StoreError: the store cannot be written; nothing was applied.
        """
        before = deepcopy(self._funnel)
        for origin, values in events:
            for _ in self._events.take(values, EVENTS, origin):
                pass
        self._flush(last=True)
        return self._funnel.since(before)

    def _read(self, one: Planned) -> None:
        """Reads a file, and what it says of its source."""
        must = self._must_read(one)
        known = None if must else self._read_before.of(one, self._files.columns(one))
        if known:
            self._funnel.met_again(known.read, known.ignored)
            self._done += one.input.size
            return
        start, opened, taken = self._done, self._files.open(one), 0
        with closing(Reading(one.input)) as reading:
            for count in self._taken(reading, opened):
                taken += count
                self._since_flush += count
                self._done = start + reading.position
                self._progress(self._at("reading", one.input.name))
            opened.losses = reading.losses
        self._files.read(opened)
        self._say(opened, any_records=taken > 0)
        self._done = start + one.input.size

    def _read_elsewhere(self, engine: Engine, planned: Sequence[Planned]) -> None:
        """Has an engine read files, and takes in what it found; a round is one commit at least."""
        from ingest.engines.rounds import Round, plan_of, rounds

        for files in rounds(planned):
            if self._since_flush:
                self._flush(last=False)
            columns, known = map(self._files.columns, files), self._read_before.digests
            ours = plan_of(files, columns, self._retention, known, self._queries.latest)
            seen = partial(self._seen, self._done, ours.sizes)
            seen(0)
            found = Round(engine, ours, self._queries, self._ledger, seen)
            for one, told in found.files:
                if told.before:
                    self._funnel.met_again(told.before.read, told.before.ignored)
                else:
                    before = deepcopy(self._funnel)
                    self._queries.newest = -1
                    found.absorb(told)
                    self._since_flush += told.read
                    self._account.warn(*told.notices)
                    opened = self._files.open(one)
                    opened.losses, opened.digest, opened.is_read = told.losses, told.digest, True
                    opened.count(self._funnel.since(before), self._queries.newest)
                    self._say(opened, any_records=told.read > 0)
                    self._files.settle(self._funnel)
                self._progress(self._at("counting", one.input.name))
            found.finish()

    def _seen(self, before: int, sizes: Sequence[int], files: int) -> None:
        """So many files of a round, of these sizes, are read; before: bytes of earlier rounds."""
        self._done = before + sum(sizes) * files // len(sizes)
        stage = "reading" if files < len(sizes) else "counting"
        self._progress(self._at(stage, f"{files} of {len(sizes)} files"))

    def _say(self, opened: Opened, *, any_records: bool) -> None:
        """Tells the user what of a file could not be read."""
        self._account.warn(*opened.losses)
        if not any_records:
            self._account.warn(f"{opened.planned.input.name} has no records")

    def _must_read(self, one: Planned) -> bool:
        """Whether a file may tell another story than when it was read before."""
        name = EVENTS if one.detection.kind == "events" else one.source.namespace
        return self._replaying or self._retention.low(name) > 0

    def _taken(self, reading: Reading, opened: Opened) -> Iterator[int]:
        """Takes in what is in a file; yields how many records it were, now and then."""
        one = opened.planned
        if one.detection.kind == "events":
            self._events.newest = -1
            taken = self._events.take(read_events(reading.open()), EVENTS, one.input.name)
            while True:
                self._make_room()
                before = deepcopy(self._funnel)
                count = sum(1 for _ in islice(taken, min(_EVENTS, FLUSH)))
                opened.count(self._funnel.since(before), self._events.newest)
                if not count:
                    break
                yield count
            return
        options = ReadOptions(one.source.timezone, opened.columns, self._account.warn)
        maker = self._queries.portions(one.source)
        most = min(PORTION, FLUSH, CELLS)
        for portion in reading.portions(one, options, maker, most, self._processes):
            self._make_room()
            self._queries.take(portion, opened.number, one.source, one.input.name)
            yield portion.size

    def _make_room(self) -> None:
        """Commits, if as much was taken in as memory should hold; not before there is more."""
        if self._since_flush >= FLUSH or self._queries.cells >= CELLS:
            self._flush(last=False)

    def _at(self, stage: str, file: str = "") -> Progress:
        read = self._funnel.read + self._queries.waiting
        dead = sum(self._funnel.dead_letters.values())
        more = self._stored, self._queries.cells
        return Progress(stage, file, read, dead, self._done, self._total, *more)

    def _flush(self, *, last: bool) -> None:
        """Writes all that was found since the last flush, in one transaction."""
        with uncollected() if self._processes.count > 1 else nullcontext():
            self._write(last=last)

    def _write(self, *, last: bool) -> None:
        self._progress(self._at("analysing"))
        self._since_flush = 0
        additions, self._additions = self._additions, Additions()
        known = self._analyser.known
        changed = known.listen(additions.lists)
        self._analyser.foresee(self._queries.templates)
        self._files.settle(self._funnel)
        cells, moved, rows = self._queries.flush(last=last)
        for principal, class_ in self._queries.principals.items():
            additions.node(principal, **{"class": class_})
        events, documents, retract = self._events.flush(self._store)
        told, texts = self._texts.flush(self._store, events)
        documents += told
        additions.absorb(events)
        merge_days(changed, known.listen(events.lists))
        every = self._rederive or (self._replaying and last)
        again = self._unread.cells(None if every else (c.key.template for c in cells), moved)
        found = Settled([], {}, [], [])
        if cells or again or changed or moved.queries or texts or self._rederive:
            found = settle(
                self._store, self._analyser, [*cells, *again], changed, moved, texts,
                everything=self._rederive,
            )  # fmt: skip
        retract += found.retract
        understood = self._understanding.sort(cells, again, found.before, found.analyses)
        derive(understood, found.analyses, additions, found.earlier)
        del cells, again, found, understood  # writing takes memory, too
        if self._texts.derive(self._store, additions, self._analyser, retract) or told:
            # Texts are counted for the jobs of any day: who changes them at the same time must not.
            self._ledger.touch(EVENTS, UNTIMED)
        documents += [*rows, *self._unread.documents(), *known.documents()]
        documents += self._understanding.take_documents()
        documents += [*self._listening, *self._feeds.take_documents()]
        documents += self._read_before.take_documents(self._unread.met_in)
        documents += [self._holder.document, derived()]
        retract += self._declared.apply(additions, additions.nodes)
        documents += self._declared.documents()
        self._progress(self._at("writing"))
        shards, dropped = self._retention.advance(self._ledger.pending(), last=last)
        shards += [*known.pending(), *self._unread.pending()]
        documents += dropped
        self._commit(additions.batch(tuple(retract), tuple(documents), tuple(shards)))
        self._stored = self._funnel.read
        self.committed = deepcopy(self._funnel)
        self.committed.imported -= self._queries.held
        self._rederive = False
        self._ledger.committed()
        self._unread.committed()
        known.committed()
        self._queries.joined.committed()
        self._texts.committed()
        self._listening.clear()

    def _commit(self, batch: Batch) -> None:
        if self._options.rehearse:
            self._account.would_add(self._store, batch)
        else:
            self._store.apply(batch)

    def _note(self, one: Planned) -> None:
        name, namespace = one.source.name, one.source.namespace
        if one.detection.kind == "events":
            name, namespace = EVENTS, ""  # each of their datasets names its own
        self._account.file(name, one.detection.format.name, namespace, one.detection.why)

"""The texts that runs ran, counted for their jobs, and what the graph gains by them.

What a text means hangs on the tables of its job, which any event may tell. So a job is derived as a
whole: from its texts, which are base facts beside the graph, and from the tables that the graph has
of it by then. The order of events never matters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from ingest.deriving.additions import Additions
from ingest.deriving.analysing import Analysed, Analyser
from ingest.folding.joined import Joined
from ingest.openlineage.events import Event, producer_family
from ingest.openlineage.runs import RunFact
from ingest.openlineage.sql_facet import Reader, Tables, job_issuer, place_of, statements_of
from ingest.openlineage.text_edges import (
    Cell,
    Counted,
    Work,
    columns_by_text,
    drop_unused,
    tables_of,
)
from ingest.report import Funnel
from lineage.model import Activity, Document, EdgeType, Origin
from lineage.names import DatasetId, JobId, NodeId, QueryId
from lineage.store import Direction, Store

OF_RUN = "run text"  # the kinds of the documents
OF_JOB = "job text"
_NEVER = Activity()
_REMEMBERED = 2_000  # analyses


class _OfRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """The texts of a run, or of what a producer declares, by key.

    statements: those by which a log counts the run. declared: when it was declared, -1 for a run.
    """

    job: JobId
    texts: frozenset[str] = frozenset()
    activity: Activity = _NEVER
    clock: Activity = _NEVER
    statements: frozenset[str] = frozenset()
    declared: int = -1


class _OfJob(msgspec.Struct, frozen=True, omit_defaults=True):
    """The texts of a job. structure: of the tables with which the graph has them."""

    job: JobId
    texts: dict[str, Counted] = {}
    covered: frozenset[DatasetId] = frozenset()
    structure: str = ""


class RunTexts:
    """The texts since the last commit, and what they change."""

    def __init__(self, joined: Joined, funnel: Funnel) -> None:
        self._joined = joined
        self._funnel = funnel
        self._reader = Reader()
        self._analysed: dict[str, Analysed] = {}
        self._begin()

    def _begin(self) -> None:
        self._bodies: dict[JobId, dict[str, Counted]] = {}
        self._new: dict[str, set[str]] = {}
        self._declared: dict[str, tuple[int, str]] = {}
        self._now: dict[str, RunFact] = {}
        self._jobs: dict[str, JobId] = {}
        self._known: dict[JobId, _OfJob] = {}
        self._change: dict[JobId, dict[str, Counted]] = {}
        self._tables: dict[JobId, Tables] = {}
        self._anew: set[JobId] = set()

    def take(self, event: Event) -> None:
        """Takes in what an event tells of the SQL of its job, and of the statement that it was."""
        job = event.job
        if job is None or event.kind == "dataset":
            return
        said = self._reader.read(event)
        if said is not None and not said.sql:
            self._funnel.partial += 1
            said = None
        if said:
            mine = self._bodies.setdefault(job, {})
            new = Counted(said, event.time)
            mine[said.key] = mine[said.key].plus(new) if said.key in mine else new
        if event.kind == "job":
            key = _key(job) + f"\x1f\x1f{producer_family(event.producer)}"
            latest = (event.time, said.key if said else "")
            self._declared[key] = max(self._declared.get(key, latest), latest)
            self._jobs[key] = job
            return
        key = f"{_key(job)}\x1f{event.run_id}"
        if said:
            self._new.setdefault(key, set()).add(said.key)
        for namespace, statement in statements_of(event):
            self._new.setdefault(key, set())
            self._joined.link(namespace, event.time, statement, job_issuer(job), key)
        self._jobs[key] = job

    def ran(self, fact: RunFact) -> None:
        """Takes in what is known of a run by now."""
        self._now[fact.key] = fact

    def flush(self, store: Store, additions: Additions) -> tuple[list[Document], set[QueryId]]:
        """The base facts to keep, and the templates whose jobs must be derived again.

        additions: what the events since the last commit add.
        """
        counted: dict[str, dict[str, bool]] = {}
        for run, statement, counts in self._joined.counted_for():
            counted.setdefault(run, {})[statement] = counts
        runs = self._runs(store, counted)
        jobs = {one.job for _, one in runs.values()} | {fact.job for fact in self._now.values()}
        known = self._load(store, jobs | self._bodies.keys())
        self._known = {job: _OfJob(job) for job in self._bodies} | known
        documents = [*self._count(runs)]
        documents += self._settle(store, additions)
        again = store.edges(self._anew, Direction.DOWN, [EdgeType.RAN]) if self._anew else []
        queries = {
            edge.key.target
            for edge in again
            if edge.key.via is None and isinstance(edge.key.target, QueryId)
        }
        return documents, queries

    def derive(
        self,
        store: Store,
        additions: Additions,
        analyser: Analyser,
        retracted: Iterable[tuple[NodeId, Origin]],
    ) -> bool:
        """Adds what the texts give to the graph; whether there was anything.

        retracted: what is taken back; jobs among it are derived again.
        """
        gone = {node for node, origin in retracted if origin is Origin.PARSED}
        others = {node for node in gone - self._known.keys() if isinstance(node, JobId)}
        known = self._load(store, others) if others else {}
        if known:
            covered = {job: one.covered for job, one in known.items()}
            self._tables |= tables_of(store, covered, ())
            self._known |= known
        whole = {job for job in self._known if job in self._anew or job in gone}
        work = [
            Work(job, self._tables[job], place, self._cells(job, whole=job in whole))
            for job in sorted(self._known)
            if (place := place_of(self._tables[job]))
        ]
        analyses = self._analyses(work, analyser, whole)
        before = columns_by_text(store, whole)
        for one in work:
            one.derive(analyses, additions)
            self._funnel.partial += one.broken(analyses)
        drop_unused(store, before, gone, additions)
        return any(one.cells for one in work)

    def committed(self) -> None:
        """Takes note that all of it is in the store."""
        self._begin()

    def _runs(
        self, store: Store, counted: Mapping[str, Mapping[str, bool]]
    ) -> dict[str, tuple[_OfRun | None, _OfRun]]:
        """Before and after of each run that has, had or may have a text."""
        keys = {*self._new, *self._declared, *self._now, *counted}
        found = {
            document.key: msgspec.msgpack.decode(document.body, type=_OfRun)
            for document in store.documents(OF_RUN, sorted(keys))
        } if keys else {}  # fmt: skip
        runs: dict[str, tuple[_OfRun | None, _OfRun]] = {}
        for key in sorted(found.keys() | self._new.keys() | self._declared.keys()):
            before = found.get(key)
            after = before or _OfRun(self._jobs[key])
            runs[key] = before, self._after(key, after, counted.get(key, {}))
        return runs

    def _after(self, key: str, known: _OfRun, counted: Mapping[str, bool]) -> _OfRun:
        if key in self._declared:
            at, text = self._declared[key]
            if at < known.declared:
                return known
            texts = frozenset((text,) if text else ())
            if at == known.declared:  # of two at one time, the greater
                texts = max(texts, known.texts, key=sorted)
            return _OfRun(known.job, texts, declared=at)
        fact = self._now.get(key)
        on = {statement for statement, counts in counted.items() if counts}
        return _OfRun(
            known.job,
            known.texts | self._new.get(key, set()),
            fact.activity if fact else known.activity,
            fact.clocks[0] if fact else known.clock,
            (known.statements - counted.keys()) | on,
        )

    def _count(self, runs: Mapping[str, tuple[_OfRun | None, _OfRun]]) -> Iterator[Document]:
        """Counts the texts of the runs for their jobs."""
        for key, (before, after) in runs.items():
            if before == after:
                continue
            for one, sign in ((before, -1), (after, 1)):
                for text in self._distinct(one) if one else ():
                    assert one is not None
                    self._add(one, text, sign)
            yield Document(OF_RUN, key, msgspec.msgpack.encode(after))
        for job, bodies in self._bodies.items():
            for key, body in bodies.items():
                known = self._known[job].texts.get(key)
                if known and known.at < body.at:
                    self._put(job, body)

    def _distinct(self, run: _OfRun) -> Iterator[Counted]:
        """The texts of a run, but for those of which it tells another one better."""
        known = self._known.get(run.job)
        bodies = {**(known.texts if known else {}), **self._bodies.get(run.job, {})}
        found = [bodies[key] for key in sorted(run.texts) if key in bodies]
        for one in found:
            if not any(one.text.within(other.text) for other in found):
                worse = (other.at for other in found if other.text.within(one.text))
                yield msgspec.structs.replace(one, at=max((one.at, *worse)))

    def _add(self, run: _OfRun, one: Counted, sign: int) -> None:
        """Counts a run of a text, or takes it back; what a log counts is counted there."""
        counts = not run.statements
        change = Counted(
            one.text,
            one.at,
            sign,
            _times(run.activity, sign) if counts else _NEVER,
            _times(run.clock, sign) if counts else _NEVER,
        )
        self._put(run.job, change)

    def _put(self, job: JobId, change: Counted) -> None:
        mine = self._change.setdefault(job, {})
        key = change.text.key
        mine[key] = mine[key].plus(change) if key in mine else change

    def _settle(self, store: Store, additions: Additions) -> Iterator[Document]:
        """Finds the jobs whose texts mean something else by now."""
        texts: dict[JobId, dict[str, Counted]] = {}
        for job, known in self._known.items():
            now = dict(known.texts)
            for key, change in self._change.get(job, {}).items():
                now[key] = now[key].plus(change) if key in now else change
            texts[job] = {key: one for key, one in now.items() if one.runs > 0}
        self._known = {job: one for job, one in self._known.items() if texts[job] or one.texts}
        fresh = {job for job in self._known if not self._known[job].structure}
        covered = {job: one.covered for job, one in self._known.items()}
        self._tables = tables_of(store, covered, fresh, additions)
        for job, known in self._known.items():
            tables = self._tables[job]
            lost = known.texts.keys() - texts[job].keys()
            if known.structure and (lost or known.structure != tables.structure):
                self._anew.add(job)
            now_known = _OfJob(job, texts[job], tables.covered, tables.structure)
            if now_known != known:
                yield _document(now_known)
            self._known[job] = now_known

    def _load(self, store: Store, jobs: Collection[JobId]) -> dict[JobId, _OfJob]:
        """The texts of those of the jobs that have any in the store."""
        keys = sorted(map(_key, jobs))
        found = [
            msgspec.msgpack.decode(document.body, type=_OfJob)
            for document in store.documents(OF_JOB, keys)
        ] if keys else []  # fmt: skip
        return {one.job: one for one in found}

    def _cells(self, job: JobId, *, whole: bool) -> list[Cell]:
        """The texts of a job, each with all that it counts, and with what is to be added."""
        less = self._change.get(job, {})
        found = []
        for key, one in sorted(self._known[job].texts.items()):
            change = less.get(key)
            if whole or change:
                more = one if whole or change is None else change
                found.append(Cell(one, more, max(0, change.runs) if change else 0))
        return found

    def _analyses(
        self, work: Iterable[Work], analyser: Analyser, whole: Collection[JobId]
    ) -> dict[str, Analysed]:
        """What the texts mean, by the fingerprints of their told templates."""
        found: dict[str, Analysed] = {}
        asked = {}
        for one in work:
            for cell in one.cells:
                told = one.told(cell)
                known = self._analysed.get(told.id.name)
                if known is None or one.job in whole or known.varies:
                    asked[told] = cell.seen
                else:
                    found[told.id.name] = known
        made = analyser.understood(asked) if asked else {}
        if len(self._analysed) > _REMEMBERED:
            self._analysed.clear()
        self._analysed |= made
        return found | made


def _document(known: _OfJob) -> Document:
    return Document(OF_JOB, _key(known.job), msgspec.msgpack.encode(known) if known.texts else b"")


def _key(job: JobId) -> str:
    return f"{job.namespace}\x1f{job.name}"


def _times(activity: Activity, sign: int) -> Activity:
    return activity if sign > 0 else Activity(activity.days, tuple(-n for n in activity.counts))

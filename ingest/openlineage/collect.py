"""Collects the events read since the last flush and turns them into what the graph must add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ingest.deriving.additions import Additions
from ingest.folding.cells import day_of, iso, latest_start
from ingest.folding.dead_letters import DeadLetter
from ingest.folding.ledger import Ledger, statement_key
from ingest.folding.unread import Unread
from ingest.masking.template import fingerprint
from ingest.openlineage.events import Event, decode
from ingest.openlineage.facets import describe_dataset, describe_job
from ingest.openlineage.runs import DOCUMENT, RunFact, difference, edges_of
from ingest.report import Funnel
from lineage.errors import InvalidEvent
from lineage.model import Activity, Document, Evidence, Origin
from lineage.names import NodeId
from lineage.store import Store

DECLARATION = "declaration"
_DECLARED = Evidence.of(provenance=0.9)


class _Declaration(msgspec.Struct, frozen=True, order=True):
    """The newest JobEvent of a job by a producer: it replaces what that producer said before."""

    time: int
    key: bytes
    fact: RunFact


class Events:
    """The OpenLineage events read since the last flush.

    low: the time (microseconds since 1970-01-01 UTC) before which events are refused.
    """

    def __init__(self, ledger: Ledger, funnel: Funnel, unread: Unread, low: int = 0) -> None:
        self.newest = -1  # the latest time met since somebody set it
        self._ledger = ledger
        self._funnel = funnel
        self._unread = unread
        self._low = low
        self._latest = latest_start()
        self._additions = Additions()
        self._runs: dict[str, RunFact] = {}
        self._declared: dict[str, _Declaration] = {}

    def take(self, values: Iterable[tuple[int, object]], source: str, file: str) -> Iterator[None]:
        """Takes in (line, JSON value) pairs; yields after each."""
        for line, value in values:
            self._funnel.read += 1
            try:
                if isinstance(value, InvalidEvent):
                    raise value
                event = decode(value)
                if event.time > self._latest:
                    raise InvalidEvent("$.eventTime", "more than a day in the future")
            except InvalidEvent as error:
                self._refuse(error, value, line, source, file)
            else:
                self._event(event, source)
            yield

    def flush(self, store: Store) -> tuple[Additions, list[Document], list[tuple[NodeId, Origin]]]:
        """What the graph must add, the base facts to keep, and what must be taken back first."""
        additions, self._additions = self._additions, Additions()
        documents = [*self._flush_runs(store, additions)]
        retract: list[tuple[NodeId, Origin]] = []
        for declaration in self._flush_declarations(store, documents):
            retract.append((declaration.fact.job, Origin.DECLARED))
            for edge in edges_of(declaration.fact, Origin.DECLARED, Activity(), _DECLARED):
                additions.take(edge)
        return additions, documents, retract

    def _event(self, event: Event, source: str) -> None:
        self.newest = max(self.newest, event.time)
        self._unread.understood(event.key)
        if event.time < self._low:
            self._funnel.ignore("before_retention")
            return
        if not self._ledger.add(source, day_of(event.time), event.key):
            self._funnel.duplicate += 1
            return
        self._funnel.imported += 1
        at = iso(event.time)
        for dataset in event.inputs:
            describe_dataset(self._additions, dataset, at, written=False)
        for dataset in event.outputs:
            describe_dataset(self._additions, dataset, at, written=True)
        if event.job is None:
            return
        describe_job(self._additions, event, event.job, at)
        fact = RunFact.of(event)
        if event.kind == "run":
            known = self._runs.get(fact.key)
            self._runs[fact.key] = known.merge(fact) if known else fact
        else:
            key = f"{event.job.namespace}\x1f{event.job.name}\x1f{event.producer}"
            declaration = _Declaration(event.time, event.key, fact)
            self._declared[key] = max(self._declared.get(key, declaration), declaration)

    def _flush_runs(self, store: Store, additions: Additions) -> Iterator[Document]:
        runs, self._runs = self._runs, {}
        known = {
            document.key: msgspec.json.decode(document.body, type=RunFact)
            for document in store.documents(DOCUMENT, list(runs))
        }
        for key, fact in runs.items():
            before = known.get(key)
            after = before.merge(fact) if before else fact
            for edge in difference(before, after):
                additions.take(edge)
            yield after.document

    def _flush_declarations(
        self, store: Store, documents: list[Document]
    ) -> Iterator[_Declaration]:
        declared, self._declared = self._declared, {}
        if not declared:
            return
        jobs = {declaration.fact.job for declaration in declared.values()}
        for document in store.documents(DECLARATION):
            known = msgspec.json.decode(document.body, type=_Declaration)
            if known.fact.job in jobs:
                declared[document.key] = max(declared.get(document.key, known), known)
        for key, declaration in declared.items():
            documents.append(Document(DECLARATION, key, msgspec.json.encode(declaration)))
            yield declaration

    def _refuse(
        self, error: InvalidEvent, value: object, line: int, source: str, file: str
    ) -> None:
        body = b"" if isinstance(value, InvalidEvent) else msgspec.json.encode(value)
        key = statement_key(source, "event", str(error), body.decode() or f"{file}:{line}")
        digest = fingerprint(source, body.decode()) if body else ""
        letter = DeadLetter("invalid_event", source, file, line, why=str(error), digest=digest)
        if self._unread.bury(key, letter):
            self._funnel.bury("invalid_event")
        else:
            self._funnel.duplicate += 1

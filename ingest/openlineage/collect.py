"""Collects the events read since the last flush and turns them into what the graph must add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ingest.deriving.additions import Additions
from ingest.folding.cells import day_of, latest_start
from ingest.folding.dead_letters import DeadLetter
from ingest.folding.ledger import UNTIMED, Ledger, statement_key
from ingest.folding.unread import Unread
from ingest.masking.template import fingerprint
from ingest.openlineage.entities import FACETS, Entities, Entity, document, entity_of, key_of
from ingest.openlineage.events import Event, decode
from ingest.openlineage.keeping import Keeper
from ingest.openlineage.run_index import indexed, indexed_event
from ingest.openlineage.run_texts import RunTexts
from ingest.openlineage.runs import DOCUMENT, RunFact, difference
from ingest.openlineage.standing import replace
from ingest.openlineage.telling import tell
from ingest.openlineage.usage_facet import restored
from ingest.report import Funnel
from lineage.errors import InvalidEvent
from lineage.model import Document, Origin
from lineage.names import NodeId
from lineage.store import Store


class Events:
    """The OpenLineage events read since the last flush.

    low: the time (microseconds since 1970-01-01 UTC) before which events are refused. texts: takes
    in the statements that runs are; without it nobody asks what they mean.
    """

    def __init__(
        self,
        ledger: Ledger,
        funnel: Funnel,
        unread: Unread,
        low: int = 0,
        texts: RunTexts | None = None,
    ) -> None:
        self.newest = -1  # the latest time met since somebody set it
        # Whether an export's own facet is believed: it may say anything of any namespace.
        self.restores = False
        self._ledger = ledger
        self._funnel = funnel
        self._unread = unread
        self._low = low
        self._texts = texts
        self._latest = latest_start()
        self._additions = Additions()
        self._keeper = Keeper()
        self._kept: list[Document] = []
        self._entities = Entities()
        self._runs: dict[str, RunFact] = {}

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
                self._event(event, value, source)
            yield

    def flush(self, store: Store) -> tuple[Additions, list[Document], list[tuple[NodeId, Origin]]]:
        """What the graph must add, the base facts to keep, and what must be taken back first."""
        additions, self._additions = self._additions, Additions()
        kept, self._kept = self._kept, []
        documents = [*kept, *self._flush_runs(store, additions)]
        documents += self._flush_entities(store, additions)
        return additions, documents, []

    def _event(self, event: Event, value: object, source: str) -> None:
        self.newest = max(self.newest, event.time)
        self._unread.understood(event.key)
        if event.time < self._low:
            self._funnel.ignore("before_retention")
            return
        if not self._ledger.add(source, day_of(event.time), event.key):
            self._funnel.duplicate += 1
            return
        # Runs and entities know events of other days: who changes them at the same time must not.
        self._ledger.touch(source, UNTIMED)
        self._funnel.imported += 1
        if self.restores and (parts := restored(event)):
            for part in parts:
                part.add_to(self._additions)
            return
        kept = self._keeper.keep(event, value)
        self._kept += (kept, *indexed_event(event, kept))
        if self._texts:
            self._texts.take(event)
        for fact in tell(event, self._additions, self._entities):
            known = self._runs.get(fact.key)
            self._runs[fact.key] = known.merge(fact) if known else fact

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
            self._entities.count(before, after)
            if self._texts:
                self._texts.ran(after)
            yield after.document
            yield from indexed(before, after)

    def _flush_entities(self, store: Store, additions: Additions) -> Iterator[Document]:
        news, self._entities = self._entities.news, Entities()
        keys = {key_of(entity): entity for entity in news}
        known = {
            keys[document.key]: entity_of(document)
            for document in store.documents(FACETS, list(keys))
        }
        for entity, more in news.items():
            before = known.get(entity, Entity())
            after = before.merge(more)
            replace(entity, before, after, additions)
            yield document(entity, after)

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

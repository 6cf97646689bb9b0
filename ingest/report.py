"""What an import did, to the record: read = imported + duplicate + ignored + dead letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from lineage.analyses.listening.coverage import Logs, SourceDays
from lineage.model import Batch
from lineage.names import NodeId
from lineage.store import Store
from lineage.stores.codec import spell

_ALL = 1_000_000  # days to look back: no log is older


class SourceReport(msgspec.Struct, frozen=True):
    """One source of an import; `why`: how its format was told."""

    source: str
    format: str
    namespace: str
    files: int
    why: str


class NextExport(msgspec.Struct, frozen=True):
    """Where the next import of a source goes on.

    watermark: the latest time in its log, ISO 8601 in UTC. export: the command that gets what is
    new; it begins a day earlier, since what overlaps is counted once.
    """

    source: str
    format: str
    watermark: str
    export: str


class ImportReport(msgspec.Struct, frozen=True):
    """The funnel of an import and what it changed."""

    read: int
    imported: int
    enriched: int
    partial: int  # imported, but only the tables were understood
    duplicate: int
    ignored: dict[str, int]
    dead_letters: dict[str, int]
    templates: int
    coverage: dict[str, dict[str, int]]  # source → days logged, days expected
    seconds: float
    sources: tuple[SourceReport, ...] = ()
    warnings: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()  # logins without a team, most statements first
    revived: int = 0  # of those imported: what earlier imports had not understood
    gaps: dict[str, tuple[str, ...]] = {}  # source → days without a log, as ranges of ISO dates
    next: tuple[NextExport, ...] = ()
    new: dict[str, int] = {}  # of a plan: the nodes that the import would add, by label

    @property
    def balanced(self) -> bool:
        """Whether every record that was read is accounted for."""
        lost = sum(self.ignored.values()) + sum(self.dead_letters.values())
        return self.read == self.imported + self.duplicate + lost


class Funnel:
    """Counts while an import runs."""

    def __init__(self) -> None:
        self.read = 0
        self.imported = 0
        self.enriched = 0
        self.partial = 0
        self.duplicate = 0
        self.revived = 0
        self.ignored: dict[str, int] = {}
        self.dead_letters: dict[str, int] = {}
        self._saying_nothing: dict[str, int] = {}

    def nothing_said(self, reason: str, count: int) -> None:
        """Counts records that are in the ledger and turned out not to matter."""
        self.imported -= count
        self._saying_nothing[reason] = self._saying_nothing.get(reason, 0) + count
        self.ignore(reason, count)

    def passed_over(self) -> dict[str, int]:
        """The records that did not matter at sight, by reason; the ledger knows none of them."""
        said = self._saying_nothing
        return {reason: count - said.get(reason, 0) for reason, count in self.ignored.items()}

    def met_again(self, read: int, ignored: Mapping[str, int]) -> None:
        """Counts the records of a file that was read before."""
        self.read += read
        self.duplicate += read - sum(ignored.values())
        for reason, count in ignored.items():
            self.ignore(reason, count)

    def credit(self, earlier: Funnel) -> None:
        """Counts what an attempt before this one had committed, and this one met as duplicates."""
        again = earlier.imported - earlier.revived
        self.read += earlier.revived
        self.imported += earlier.imported
        self.revived += earlier.revived
        self.enriched += earlier.enriched
        self.partial += earlier.partial
        for reason, count in earlier.dead_letters.items():
            self.bury(reason, count)
            again += count
        for reason, count in earlier._saying_nothing.items():
            self.ignore(reason, count)
            again += count
        self.duplicate -= again

    def since(self, before: Funnel) -> Funnel:
        """What was counted since it stood there."""
        now = Funnel()
        now.read, now.imported = self.read - before.read, self.imported - before.imported
        now.enriched, now.partial = self.enriched - before.enriched, self.partial - before.partial
        now.duplicate, now.revived = (
            self.duplicate - before.duplicate,
            self.revived - before.revived,
        )
        now.ignored = dict(Counter(self.ignored) - Counter(before.ignored))
        now.dead_letters = dict(Counter(self.dead_letters) - Counter(before.dead_letters))
        return now

    def ignore(self, reason: str, count: int = 1) -> None:
        """Counts records that are understood and do not matter."""
        self.ignored[reason] = self.ignored.get(reason, 0) + count

    def bury(self, reason: str, count: int = 1) -> None:
        """Counts records that were not understood."""
        self.dead_letters[reason] = self.dead_letters.get(reason, 0) + count


class Account:
    """What is known so far of the report that an import ends with."""

    def __init__(self) -> None:
        self._sources: dict[tuple[str, str], SourceReport] = {}
        self._warnings: dict[str, None] = {}
        self._new: dict[NodeId, None] = {}

    def warn(self, *sentences: str) -> None:
        """Takes sentences for the user; each is told once."""
        self._warnings.update(dict.fromkeys(sentences))

    def file(self, source: str, format_: str, namespace: str, why: str) -> None:
        """Takes note of a file of a source; why: how its format was told."""
        known = self._sources.get((source, format_))
        files = known.files + 1 if known else 1
        told = SourceReport(source, format_, namespace, files, why)
        self._sources[source, format_] = told

    def would_add(self, store: Store, batch: Batch) -> None:
        """Takes note of the nodes of a batch that are new to the store, which does not get it."""
        ids = {node.id for node in batch.nodes}
        self._new.update(dict.fromkeys(ids - store.nodes(ids).keys()))

    def report(
        self,
        funnel: Funnel,
        store: Store,
        templates: int,
        seconds: float,
        next_: tuple[NextExport, ...],
    ) -> ImportReport:
        """What became of every record, and which days of every source have a log."""
        days = list(_days(store))
        return ImportReport(
            funnel.read,
            funnel.imported,
            funnel.enriched,
            funnel.partial,
            funnel.duplicate,
            dict(sorted(funnel.ignored.items())),
            dict(sorted(funnel.dead_letters.items())),
            templates,
            {
                one.source: {"days_logged": one.days_logged, "days_expected": one.days_expected}
                for one in days
            },
            round(seconds, 3),
            sources=tuple(self._sources.values()),
            warnings=tuple(self._warnings),
            revived=funnel.revived,
            gaps={one.source: one.holes for one in days if one.holes},
            next=next_,
            new=dict(sorted(Counter(spell(node)[0] for node in self._new).items())),
        )


def _days(store: Store) -> Iterator[SourceDays]:
    """Of each source, the days since its first log; one that lags behind the others has a hole."""
    logs = Logs(store, None, _ALL)
    for source in sorted(logs.logged):
        yield from logs.coverage((), (source,), 0, 0).sources

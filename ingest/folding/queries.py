"""Counts the records of query logs, each once: in a cell, in a row, or as what it is.

Every record ends in the funnel as imported, duplicate, ignored or dead letter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from ingest.attribution import Rules
from ingest.declared.sources import Source
from ingest.folding.cells import Cell, FoldedCell, Template, day_of
from ingest.folding.dead_letters import DeadLetter, tokens
from ingest.folding.finding import Finder, Scripted, Skip
from ingest.folding.joined import Joined, Moved
from ingest.folding.ledger import UNTIMED, Ledger, statement_key
from ingest.folding.portions import UNSUCCESSFUL, One, Portion, Portions
from ingest.folding.retention import Retention
from ingest.folding.rows import Row, weight
from ingest.folding.tally import Folded, Tally
from ingest.folding.unread import Unread
from ingest.masking.template import fingerprint, mask
from ingest.record import Ignored, QueryRecord, Rejected
from ingest.report import Funnel
from lineage.model import Document
from lineage.names import PrincipalId, QueryId
from lineage.store import Store

if TYPE_CHECKING:
    from ingest.folding.gathered import Gathered


class Queries:
    """The cells of the query logs read since the last flush."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        funnel: Funnel,
        unread: Unread,
        retention: Retention,
        rules: Rules,
    ) -> None:
        self.newest = -1  # the latest start met since somebody set it
        self._finder = Finder(rules)
        self.joined = Joined(store, ledger, self._finder.login)
        self._held: dict[tuple[str, bytes], Scripted] = {}
        self._doubtful: dict[tuple[str, bytes], DeadLetter | None] = {}
        self._ledger = ledger
        self._funnel = funnel
        self._unread = unread
        self._retention = retention
        self._gathered: Gathered | None = None

    @property
    def principals(self) -> dict[PrincipalId, str]:
        """The logins met so far, each with its class."""
        return self._finder.principals

    @property
    def cells(self) -> int:
        """How many cells there are since the last flush."""
        return self._finder.cells + (self._gathered.variants if self._gathered else 0)

    @property
    def in_sessions(self) -> bool:
        """Whether any statement met so far changes what later ones of its session mean."""
        return self._finder.in_sessions

    @property
    def held(self) -> int:
        """How many statements wait for the end of their session, counted and not in the ledger."""
        return len(self._held)

    @property
    def latest(self) -> int:
        """What starts after it (microseconds since 1970-01-01 UTC) lies in the future."""
        return self._finder.latest

    def portions(self, source: Source) -> Portions:
        """What makes portions of the records of a source."""
        low = self._retention.low(source.namespace)
        return Portions(source, self._finder.masks(source.dialect), self._finder.latest, low)

    @property
    def waiting(self) -> int:
        """How many records were taken in and not looked at."""
        return self._gathered.read if self._gathered else 0

    def take(self, portion: Portion, file: int, source: Source, name: str) -> None:
        """Takes in records of a file, which has a number and a name; `settle` looks at them."""
        if self._gathered is None:
            # Who only takes in events does without numpy.
            from ingest.folding.gathered import Gathered

            self._gathered = Gathered(self._ledger, self.joined)
        self._gathered.take(portion, file, source, name)

    def settle(self) -> Iterator[int]:
        """Looks at what was taken in, a file after the other; the number of each.

        By then the funnel has its records, and `newest` the latest start among them.
        """
        gathered = self._gathered
        if not gathered or not gathered.read:
            return
        moved = {name for source in gathered.sources for name in self.sessions(source)}
        for file, source, name, folded in gathered.judge(moved, b"".join(self.doubtful)):
            self.newest = -1
            gathered.became(self.absorb(folded, source, name))
            yield file
        gathered.finish()

    @property
    def templates(self) -> Collection[Template]:
        """Those of the statements taken in, as far as no session gives them another meaning."""
        found: dict[tuple[object, ...], Template] = {}
        for source, variant in self._gathered.counted if self._gathered else ():
            record = variant.record
            same = variant.masked.text, source, record.database, record.schema, record.stated
            if same not in found:
                found[same] = self._finder.template(variant, source)
        return found.values()

    @property
    def doubtful(self) -> Iterator[bytes]:
        """The keys of statements that are told of and wait for what else is told."""
        yield from (key for _, key in (*self._held, *self.joined.untimed, *self.joined.met_keys))
        yield from self._unread.keys

    def sessions(self, source: Source) -> Collection[str]:
        """The sessions of a source in which a statement changed what later ones mean."""
        return self._finder.sessions(source.name).keys()

    def absorb(self, folded: Folded, source: Source, file: str) -> list[Row | None]:
        """Takes in the records of a file that were counted elsewhere; the row of each tally.

        None where no other record tells more of its statements. As long as nothing else is told of
        them their texts are one character long.
        """
        funnel = self._funnel
        funnel.read += folded.read
        funnel.imported += folded.imported
        funnel.duplicate += folded.duplicate
        for reason, count in folded.ignored.items():
            funnel.ignore(reason, count)
        self.newest = max(self.newest, folded.newest)
        rows: list[Row | None] = []
        for one in folded.told:
            if isinstance(one, Tally):
                rows.append(self._tally(one, source, file))
            else:
                self._other(one, source, file)
        return rows

    def flush(self, *, last: bool) -> tuple[list[FoldedCell], Moved, Iterator[Document]]:
        """The cells so far, what earlier cells lost, and base facts; the next flush begins anew.

        Sessions go on. `last`: nothing is read after it.
        """
        if last:
            self._release()
        self._settle(last=last)
        counted, moved, documents = self.joined.take()
        cells = {id(one.cell): one.cell for one in counted}  # to hash a cell's key costs more
        found = {place: self._finder.cell(key) for place, key in cells.items()}
        for one in counted:
            self._unread.understood(one.key)
            found[id(one.cell)].add(one.start, one.key.hex(), one.count)
        return self._finder.flush(), moved, documents

    def where(self, query: QueryId) -> tuple[str, int]:
        """File and line where a template was first met."""
        return self._finder.where(query)

    def _tally(self, tally: Tally, source: Source, file: str) -> Row | None:
        record, row = tally.variant.record, None
        cell = self._finder.find(record, source, file, b"", tally.variant.masked)
        assert not isinstance(cell, Scripted)  # it stands in no session
        if record.joins and record.query_id and isinstance(cell, Cell):
            self.joined.learn(cell.key.template)
            row = self._finder.row(record, source, cell, 1)
            key = self.joined.counts(source.namespace, row)
            cell = self._finder.cell(key) if key else cell
        if isinstance(cell, Cell):
            cell.add_many(tally.days, tally.quarters, tally.start, tally.key.hex())
        return row

    def _other(self, one: One, source: Source, file: str) -> None:
        record = one.read
        if isinstance(record, Rejected):
            self._rejected(record, source, file)
        elif isinstance(record, Ignored):
            self._funnel.ignore(record.reason)
        else:
            self._query(record, one, source, file)

    def _query(self, record: QueryRecord, one: One, source: Source, file: str) -> None:
        funnel, key = self._funnel, one.key
        if record.joins and record.query_id:
            self._join(record, one, source, file)
            return
        if record.status in UNSUCCESSFUL:
            funnel.ignore(UNSUCCESSFUL[record.status])
            return
        day = day_of(record.start)
        if self._ledger.holds(source.namespace, day, key) and not self._finder.is_replayed(
            record, source
        ):
            funnel.duplicate += 1
            return
        found = self._finder.find(record, source, file, key, one.masked)
        if isinstance(found, Skip) and found.dead:
            if self._ledger.holds(source.namespace, day, key):
                funnel.duplicate += 1
            else:
                self._bury(key, found.reason, record.text, record.line, source, file, day)
            return
        self._unread.understood(key)
        if isinstance(found, Skip):
            funnel.ignore(found.reason)
        elif isinstance(found, Scripted) and found.fills:
            self._hold(found, source, counted=self._ledger.holds(source.namespace, day, key))
        elif not self._ledger.add(source.namespace, day, key):
            funnel.duplicate += 1
        elif isinstance(found, Scripted):
            funnel.imported += 1
            found.count()
        else:
            funnel.imported += 1
            found.add(record.start, key.hex(), record.count)

    def _hold(self, found: Scripted, source: Source, *, counted: bool) -> None:
        """Keeps a statement that fills a temporary table until its session is over.

        Only then it goes into the ledger: an import that is killed before reads it again.
        """
        place = source.namespace, found.key
        if counted or place in self._held:
            self._funnel.duplicate += 1
        else:
            self._funnel.imported += 1
            self._held[place] = found

    def _release(self) -> None:
        """Ends the sessions: what filled tables that nobody used was a read of its own."""
        self._finder.close_sessions()
        for (namespace, key), held in self._held.items():
            start = held.record.start
            if held.record.joins:
                place = self.joined.place(namespace, start, key)
                is_new = self.joined.put(place, key, Row(start, void=True)) != "same"
            else:
                is_new = self._ledger.add(namespace, day_of(start), key)
            if not is_new:  # another import was faster, and has committed since it was held
                self._funnel.imported -= 1
                self._funnel.duplicate += 1
            elif not held.used:
                self._finder.cell(held.cell.key).add(start, key.hex(), held.record.count)
        self._held = {}

    def _join(self, record: QueryRecord, one: One, source: Source, file: str) -> None:
        """Takes in one of the records of a statement that may have several."""
        funnel, key = self._funnel, one.key
        place = self.joined.place(source.namespace, record.start, key)
        known = self.joined.row(place, key)
        if (
            known
            and self._tells_no_more(record, one.length, known)
            and not self._finder.is_replayed(record, source)
        ):
            self._unread.met(key)
            funnel.duplicate += 1
            return
        if self._finder.is_late(record.start):
            self._bury(key, "future_time", record.text, record.line, source, file, UNTIMED)
            return
        void = Row(record.start, void=True)
        if record.status in UNSUCCESSFUL:
            funnel.ignore(UNSUCCESSFUL[record.status])
            if record.status != "running":
                self.joined.put(place, key, void)
            return
        found = self._finder.find(record, source, file, key, one.masked) if record.text else None
        if isinstance(found, Skip) and not found.dead:
            funnel.ignore(found.reason)
            self.joined.put(place, key, void)
            return
        if isinstance(found, Scripted) and found.fills:
            self._hold(found, source, counted=known is not None and known.void)
            return
        # What a script means hangs on its session, not on what the engine tells of its parts.
        if isinstance(found, Scripted):
            row = void
        else:
            row = self._finder.row(record, source, found, one.length)
        if isinstance(found, Cell):
            self.joined.learn(found.key.template)
        fate = self.joined.put(place, key, row)
        if fate == "same":
            self._unread.met(key)
            funnel.duplicate += 1
            return
        funnel.imported += 1
        funnel.enriched += fate == "more"
        if isinstance(found, Scripted):
            found.count()
        elif record.start < 0 or (not row.text and row.stated is None):
            self._doubtful[source.namespace, key] = self._doubt(record, source, file, found)

    def _tells_no_more(self, record: QueryRecord, length: int, known: Row) -> bool:
        return (
            record.stated is None
            and record.text != ""
            and known.weight == weight(record, length, complete=record.complete)
            and known.user == record.user
        )

    def _doubt(
        self, record: QueryRecord, source: Source, file: str, found: Cell | Skip | None
    ) -> DeadLetter | None:
        """The letter of a statement that nobody understands, unless another record tells of it."""
        if isinstance(found, Skip):
            reason = found.reason
        elif record.start < 0:
            reason = "no_time"
        elif record.complete:
            return None
        else:
            reason = "redacted"
        return self._letter(reason, record.text, record.line, source, file, day_of(record.start))

    def _settle(self, *, last: bool) -> None:
        """Counts the records of statements of which no other record told what they did."""
        for namespace, key, known in self.joined.unplaced(last=last):
            self._funnel.imported -= 1
            if known:
                self._funnel.duplicate += 1
            else:
                self._give_up(key, self._doubtful[namespace, key])
        for (namespace, key), letter in self._doubtful.items():
            if not self.joined.understood(namespace, key):
                self._funnel.imported -= 1
                self._give_up(key, letter)
        self._doubtful = {}

    def _give_up(self, key: bytes, letter: DeadLetter | None) -> None:
        if letter is None:
            self._funnel.ignore("companion")
        elif self._unread.bury(key, letter):
            self._funnel.bury(letter.reason)
        else:
            self._funnel.duplicate += 1

    def _rejected(self, record: Rejected, source: Source, file: str) -> None:
        key = statement_key(source.namespace, record.reason, record.text, str(record.line))
        # A record that is no SQL may hide its literals in the quotes of another language.
        text = record.text.replace('"', " ")
        self._bury(key, record.reason, text, record.line, source, file, UNTIMED)

    def _bury(
        self, key: bytes, reason: str, text: str, line: int, source: Source, file: str, day: int
    ) -> None:
        if self._unread.bury(key, self._letter(reason, text, line, source, file, day)):
            self._funnel.bury(reason)
        else:
            self._funnel.duplicate += 1

    def _letter(
        self, reason: str, text: str, line: int, source: Source, file: str, day: int
    ) -> DeadLetter:
        masked = mask(text, source.dialect).text
        return DeadLetter(
            reason, source.name, file, line, masked[:2000], tokens=tokens(masked),
            day=day if day <= day_of(self._finder.latest) else UNTIMED,
            digest=fingerprint(source.name, text),
        )  # fmt: skip

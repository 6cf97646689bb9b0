"""Counts statements that no session gives another meaning, looking at each variant once."""

from __future__ import annotations

import msgspec

from ingest.declared.sources import Source
from ingest.folding.cells import Cell, day_of
from ingest.folding.finding import Finder, Scripted, Skip
from ingest.folding.joined import Joined
from ingest.folding.ledger import Ledger
from ingest.folding.portions import Portion, Variant
from ingest.folding.rows import Row
from ingest.folding.session import needs_session
from ingest.folding.tally import Tally
from ingest.folding.unread import Unread
from ingest.report import Funnel

_MOST = 100_000  # variants that are remembered


class _Found(msgspec.Struct, frozen=True):
    """What counts the statements of a variant.

    cell: None when they change what later statements of their session mean. row: that of the first
    one, where other records may tell more of them, as if its text were one character long.
    """

    cell: Cell | Skip | None
    row: Row | None = None


class Plain:
    """Counts the plain statements of one source, a portion after another."""

    def __init__(
        self, finder: Finder, joined: Joined, ledger: Ledger, unread: Unread, funnel: Funnel
    ) -> None:
        self._finder = finder
        self._joined = joined
        self._ledger = ledger
        self._unread = unread
        self._funnel = funnel

        self._known: dict[tuple[str, bytes], _Found] = {}

    def begin(self, portion: Portion, source: Source, file: str) -> None:
        """Turns to the next portion."""
        self._portion, self._source, self._file = portion, source, file
        self._moved = self._finder.sessions(source.name)
        self._found: dict[int, _Found] = {}

    def flush(self) -> None:
        """Takes note that the cells begin anew; rows are none of them."""
        self._known = {place: found for place, found in self._known.items() if found.row}

    def take(self, place: int) -> bool:
        """Whether the statement at this place of the portion is counted; else it is not plain."""
        portion = self._portion
        which = portion.variant[place]
        found = self._found.get(which)
        if found is None:
            found = self._found[which] = self._look(portion.variants[which])
        if found.cell is None:
            return False
        if self._moved and portion.sessions[portion.session[place]] in self._moved:
            return False
        key, start = portion.key[place], portion.start[place]
        record = portion.variants[which].record
        if found.row:
            return self._join(found.row, key, start, portion.length[place])
        if record.joins and record.query_id:
            return False
        self._count(found.cell, key, start, record.count)
        return True

    def count(self, tally: Tally, source: Source, file: str) -> Row | None:
        """Counts statements of a variant; the row of one whose text is one character long.

        None where no other record tells more of them.
        """
        self._source, self._file = source, file
        found = self._find(tally.variant)
        cell = found.cell
        if found.row:
            key = self._joined.counts(source.namespace, found.row)
            cell = self._finder.cell(key) if key else None
        if isinstance(cell, Cell):
            cell.add_many(tally.days, tally.quarters, tally.start, tally.key.hex())
        return found.row

    def _join(self, first: Row, key: bytes, start: int, length: int) -> bool:
        row = Row(
            start, first.count, first.text, first.weight + length - 1, first.user, first.issuer,
            first.stated, False, first.start_by_text, first.user_by_text, first.issuer_by_text,
        )  # fmt: skip
        is_new = self._joined.put_new(self._source.namespace, key, row)
        self._funnel.imported += is_new
        return is_new

    def _count(self, cell: Cell | Skip, key: bytes, start: int, count: int) -> None:
        namespace, day, funnel = self._source.namespace, day_of(start), self._funnel
        if isinstance(cell, Skip):
            if self._ledger.holds(namespace, day, key):
                funnel.duplicate += 1
                return
            funnel.ignore(cell.reason)
        elif self._ledger.add(namespace, day, key):
            funnel.imported += 1
            cell.add(start, key.hex(), count)
        else:
            funnel.duplicate += 1
            return
        self._unread.understood(key)

    def _look(self, variant: Variant) -> _Found:
        place = self._source.name, variant.key
        found = self._known.get(place)
        if found is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            found = self._known[place] = self._find(variant)
        return found

    def _find(self, variant: Variant) -> _Found:
        if needs_session(variant.masked.text):
            return _Found(None)
        record = variant.record
        cell = self._finder.find(record, self._source, self._file, b"", variant.masked)
        assert not isinstance(cell, Scripted)  # it stands in no session
        row = None
        if record.joins and record.query_id and isinstance(cell, Cell):
            self._joined.learn(cell.key.template)
            row = self._finder.row(record, self._source, cell, 1)
        return _Found(cell, row)

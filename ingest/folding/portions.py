"""Many records as one portion: what statements have in common once, what tells them apart in lists.

A portion is made of the records alone, without store, ledger or session, so any process may make
it. Whoever counts it looks at each variant once, and at a statement only for its key and time.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Hashable, Iterable, Iterator
from hashlib import blake2b
from itertools import count
from typing import NamedTuple

import msgspec

from ingest.declared.sources import Source
from ingest.folding.ledger import WIDTH, statement_key
from ingest.masking.many import ManyMasks
from ingest.masking.template import Masked
from ingest.record import Ignored, QueryRecord, Read, Rejected

PORTION = 20_000  # records
OTHER = -1  # the variant of a record that has none
UNSUCCESSFUL = {"error": "failed", "cancelled": "failed", "running": "unfinished"}
NO_KEY = bytes(WIDTH)
_TOGETHER = 1000  # records that are masked together
_MOST = 50_000  # variants that a table has at most
_TELLERS = count()
_MUCH_TEXT = 4_000_000  # characters, after which fewer are enough


class Variant(msgspec.Struct, frozen=True):
    """Statements that differ only in key, time, session, line and the values in their text.

    key: tells variants of one source apart. record: the first of them with its text masked, and
    without a session.
    """

    key: bytes
    record: QueryRecord
    masked: Masked


class One(msgspec.Struct, frozen=True):
    """A record by itself. key: as in the ledger; empty when it is no statement.

    masked: None when nobody looked at its text. length: of the text as the log has it.
    """

    read: Read
    key: bytes
    masked: Masked | None = None
    length: int = 0


class Portion(msgspec.Struct):
    """Records of one source in their order; the lists have a value for each.

    variant: its place in the table of the `teller`, or OTHER when `others` has it by its own place.
    variants: what the table has got since the teller's last portion, from place `known` on.
    keys: as in the ledger, one after the other; zeros where there is none. start: microseconds
    since 1970-01-01 UTC. session: its place in `sessions`. line: in the file. length: of the text,
    in characters. ignored: how many more records there were, by reason, that nobody must look at.
    newest: the latest start of all, -1 when there is none.
    """

    teller: str = ""
    known: int = 0
    variants: list[Variant] = []
    sessions: list[str] = []
    others: dict[int, One] = {}
    ignored: dict[str, int] = {}
    newest: int = -1
    variant: array[int] = msgspec.field(default_factory=lambda: array("q"))
    keys: bytearray = msgspec.field(default_factory=bytearray)
    start: array[int] = msgspec.field(default_factory=lambda: array("q"))
    session: array[int] = msgspec.field(default_factory=lambda: array("q"))
    line: array[int] = msgspec.field(default_factory=lambda: array("q"))
    length: array[int] = msgspec.field(default_factory=lambda: array("q"))

    @property
    def size(self) -> int:
        """How many records it has."""
        return len(self.variant) + sum(self.ignored.values())

    @property
    def is_broken(self) -> bool:
        """Whether a part of the text could not be read as a record."""
        reads = (one.read for one in self.others.values())
        return any(isinstance(one, Rejected) and one.reason == "broken_record" for one in reads)

    @property
    def columns(self) -> tuple[array[int], ...]:
        """The lists of numbers, in the order of `Said`."""
        return self.variant, self.start, self.session, self.line, self.length

    def put(self, said: Said) -> None:
        """Adds a record."""
        if said.other:
            self.others[len(self.variant)] = said.other
        self.keys += said.key or NO_KEY
        for column, value in zip(self.columns, said[:5], strict=True):
            column.append(value)


class Said(NamedTuple):
    """A record as a portion holds it."""

    variant: int = OTHER
    start: int = 0
    session: int = 0
    line: int = 0
    length: int = 0
    key: bytes = b""
    other: One | None = None


class Kind(NamedTuple):
    """What rows are: of a variant, odd (OTHER), or ignored, for a reason.

    failed: they are ignored as what they are, statements; else as something else.
    """

    variant: int
    reason: str = ""
    failed: bool = False


class Portions:
    """Makes portions of the records of one source.

    low, latest: microseconds since 1970-01-01 UTC; what started before the one is ignored, what
    started after the other lies in the future. kinds: what is known of rows in columns, by
    the `numbers` of what they have in common.
    """

    def __init__(self, source: Source, masks: ManyMasks, latest: int, low: int = 0) -> None:
        self.source = source
        self.masks = masks
        self.latest = latest
        self.low = low
        self._begin_table()
        self.begin()

    def of(
        self, records: Iterable[Read], most: int = PORTION, skipped: int = 0
    ) -> Iterator[Portion]:
        """The portions of the records, each of so many at most.

        skipped: how many lines of the file were left out before them.
        """
        for together in _together(records, min(most, _TOGETHER)):
            self._add(together, skipped)
            if self._portion.size >= most:
                yield self.end()
        if self._portion.size:
            yield self.end()

    def begin(self) -> None:
        """Turns to the next portion."""
        if len(self._places) >= _MOST or len(self.kinds) >= 2 * _MOST:
            self._begin_table()
        self._portion = Portion(self.teller, len(self._places))
        self._sessions: dict[str, int] = {}

    def end(self) -> Portion:
        """The portion; the next one begins."""
        portion = self._portion
        self.begin()
        return portion

    def says(self, record: Read, skipped: int, masked: Masked | None = None) -> Said | None:
        """A record of the portion; None when it is ignored. masked: its text, if already known."""
        if isinstance(record, Ignored):
            self.ignore(record.reason)
            return None
        if not isinstance(record, QueryRecord):
            return self._other(record, skipped)
        if self.was_before(record.start):
            return None
        if record.status in UNSUCCESSFUL:
            return self._unsuccessful(record, skipped)
        if not self.is_plain(record):
            return self._other(record, skipped)
        masked = masked or self.masks.mask(record.text)
        if masked.reason:
            return self._other(record, skipped, masked)
        line = record.line + skipped
        return self._statement(record, self.variant(record, masked, line), line)

    def ignore(self, reason: str, count: int = 1) -> None:
        """Takes note that records of the portion do not matter."""
        ignored = self._portion.ignored
        if count:
            ignored[reason] = ignored.get(reason, 0) + count

    def met(self, start: int) -> None:
        """Takes note that a statement of the portion started then."""
        self._portion.newest = max(self._portion.newest, start)

    def was_before(self, start: int) -> bool:
        """Whether a statement that started then is ignored for its age."""
        if start <= self.latest:
            self.met(start)
        is_old = 0 <= start < self.low
        if is_old:
            self.ignore("before_retention")
        return is_old

    def is_plain(self, record: QueryRecord) -> bool:
        """Whether the record tells of a whole statement that ended well, and when it was."""
        return (
            record.text != ""
            and record.complete
            and 0 <= record.start <= self.latest
            and record.status not in UNSUCCESSFUL
        )

    def variant(self, record: QueryRecord, masked: Masked, line: int) -> int:
        """The place of the variant of a record that is in this line."""
        same = (
            masked.text, masked.comments, record.user, record.database, record.schema,
            record.stated, record.count, record.joins, record.query_id != "",
            record.complete, UNSUCCESSFUL.get(record.status), *record.hints.items(),
        )  # fmt: skip
        place = self._places.get(same)
        if place is None:
            place = self._places[same] = len(self._places)
            first = msgspec.structs.replace(record, text=masked.text, session="", line=line)
            self._portion.variants.append(Variant(_digest(same), first, masked))
        return place

    def session(self, name: str) -> int:
        """The place of a session in the portion."""
        place = self._sessions.get(name)
        if place is None:
            place = self._sessions[name] = len(self._sessions)
            self._portion.sessions.append(name)
        return place

    def _begin_table(self) -> None:
        self.teller = f"{os.getpid()}.{next(_TELLERS)}"
        self._places: dict[tuple[object, ...], int] = {}
        self.kinds: dict[int, Kind] = {}
        self.numbers: dict[Hashable, int] = {}

    def _add(self, records: list[Read], skipped: int) -> None:
        plain = [one for one in records if isinstance(one, QueryRecord) and self.is_plain(one)]
        masked = iter(self.masks.mask_all([one.text for one in plain]))
        rest = iter(plain)
        following = next(rest, None)
        for one in records:
            if one is following:
                said = self.says(one, skipped, next(masked))
                following = next(rest, None)
            else:
                said = self.says(one, skipped)
            if said:
                self._portion.put(said)

    def failed(self, record: QueryRecord, line: int) -> int:
        """The place of the variant of a statement that failed, of which others may tell more."""
        # Of its text only whether there is any.
        same = msgspec.structs.replace(record, text="", kind="", hints={})
        return self.variant(same, Masked("-" if record.text else ""), line)

    def _unsuccessful(self, record: QueryRecord, skipped: int) -> Said | None:
        if not (record.query_id and record.joins):
            self.ignore(UNSUCCESSFUL[record.status])
            return None
        if not 0 <= record.start <= self.latest:
            return self._other(record, skipped)
        line = record.line + skipped
        return self._statement(record, self.failed(record, line), line)

    def _statement(self, record: QueryRecord, variant: int, line: int) -> Said:
        session, key = self.session(record.session), key_of(record, self.source.namespace)
        return Said(variant, record.start, session, line, len(record.text), key)

    def _other(self, record: Read, skipped: int, masked: Masked | None = None) -> Said:
        """What is said of a record that was cut, tells no time, or is no statement."""
        key = b""
        length = 0
        if isinstance(record, QueryRecord):
            key, length = key_of(record, self.source.namespace), len(record.text)
        if skipped:
            record = msgspec.structs.replace(record, line=record.line + skipped)
        return Said(key=key, other=One(record, key, masked, length))


def key_of(record: QueryRecord, namespace: str) -> bytes:
    """The key of a statement."""
    if record.query_id:
        return statement_key(namespace, record.query_id)
    return statement_key(namespace, record.user, str(record.start), record.session,
                         str(record.seq), record.text)  # fmt: skip


def _digest(parts: tuple[object, ...]) -> bytes:
    return blake2b(msgspec.msgpack.encode(parts), digest_size=WIDTH).digest()


def _together(records: Iterable[Read], most: int) -> Iterator[list[Read]]:
    """The records in lists that are small in memory."""
    found: list[Read] = []
    size = 0
    for record in records:
        found.append(record)
        size += len(record.text) if isinstance(record, QueryRecord) else 0
        if len(found) == most or size > _MUCH_TEXT:
            yield found
            found, size = [], 0
    yield found

"""Many records as one portion: what statements have in common once, what tells them apart in lists.

A portion is made of the records alone, without store, ledger or session, so any process may make
it. Whoever counts it looks at each variant once, and at a statement only for its key and time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import msgspec

from ingest.declared.sources import Source
from ingest.folding.ledger import WIDTH, statement_key
from ingest.masking.many import ManyMasks
from ingest.masking.template import Masked
from ingest.record import QueryRecord, Read, Rejected

PORTION = 20_000  # records
OTHER = -1  # the variant of a record that has none
UNSUCCESSFUL = {"error": "failed", "cancelled": "failed", "running": "unfinished"}
_TOGETHER = 1000  # records that are masked together
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

    variant: its place in `variants`, or OTHER when `others` has it by its own place. key: as in the
    ledger. start: microseconds since 1970-01-01 UTC. session: its place in `sessions`. line: in the
    file. length: of the text, in characters.
    """

    variants: list[Variant] = []
    sessions: list[str] = []
    others: dict[int, One] = {}
    variant: array[int] = msgspec.field(default_factory=lambda: array("q"))
    key: list[bytes] = []
    start: array[int] = msgspec.field(default_factory=lambda: array("q"))
    session: array[int] = msgspec.field(default_factory=lambda: array("q"))
    line: array[int] = msgspec.field(default_factory=lambda: array("q"))
    length: array[int] = msgspec.field(default_factory=lambda: array("q"))

    @property
    def size(self) -> int:
        """How many records it has."""
        return len(self.variant)

    @property
    def is_broken(self) -> bool:
        """Whether a part of the text could not be read as a record."""
        reads = (one.read for one in self.others.values())
        return any(isinstance(one, Rejected) and one.reason == "broken_record" for one in reads)

    def put(self, other: One) -> None:
        """Adds a record that failed, was cut, tells no time, or is no statement."""
        self.others[self.size] = other
        self.variant.append(OTHER)
        self.key.append(other.key)
        for column in (self.start, self.session, self.line, self.length):
            column.append(0)

    def one(self, place: int) -> One:
        """The record at a place; the text of a variant is masked."""
        if self.variant[place] == OTHER:
            return self.others[place]
        variant = self.variants[self.variant[place]]
        session = self.sessions[self.session[place]]
        record = msgspec.structs.replace(
            variant.record, start=self.start[place], session=session, line=self.line[place]
        )
        return One(record, self.key[place], variant.masked, self.length[place])


class Portions:
    """Makes portions of the records of one source.

    latest: microseconds since 1970-01-01 UTC; what started after it lies in the future. skipped:
    how many lines of the file were left out before them.
    """

    def __init__(self, source: Source, masks: ManyMasks, latest: int, skipped: int = 0) -> None:
        self._namespace = source.namespace
        self._masks = masks
        self.latest = latest
        self._skipped = skipped
        self._begin()

    def of(self, records: Iterable[Read], most: int = PORTION) -> Iterator[Portion]:
        """The portions of the records, each of so many at most."""
        for together in _together(records, min(most, _TOGETHER)):
            self._add(together)
            if self._portion.size >= most:
                yield self._portion
                self._begin()
        if self._portion.size:
            yield self._portion
            self._begin()

    def _begin(self) -> None:
        self._portion = Portion()
        self._variants: dict[tuple[object, ...], int] = {}
        self._sessions: dict[str, int] = {}

    def _add(self, records: list[Read]) -> None:
        plain = [one for one in records if isinstance(one, QueryRecord) and self._is_plain(one)]
        masked = iter(self._masks.mask_all([one.text for one in plain]))
        rest = iter(plain)
        following = next(rest, None)
        for one in records:
            if one is following:
                self._statement(one, next(masked))
                following = next(rest, None)
            else:
                self._other(one)

    def _is_plain(self, record: QueryRecord) -> bool:
        return (
            record.text != ""
            and record.complete
            and 0 <= record.start <= self.latest
            and record.status not in UNSUCCESSFUL
        )

    def _statement(self, record: QueryRecord, masked: Masked) -> None:
        if masked.reason:
            self._other(record, masked)
            return
        portion, key = self._portion, self._key(record)
        portion.variant.append(self._variant(record, masked))
        portion.key.append(key)
        portion.start.append(record.start)
        portion.session.append(self._session(record.session))
        portion.line.append(record.line + self._skipped)
        portion.length.append(len(record.text))

    def _variant(self, record: QueryRecord, masked: Masked) -> int:
        same = (
            masked.text, masked.comments, record.user, record.database, record.schema,
            record.stated, record.count, record.joins, record.query_id != "",
            *record.hints.items(),
        )  # fmt: skip
        place = self._variants.get(same)
        if place is None:
            place = self._variants[same] = len(self._variants)
            line = record.line + self._skipped
            first = msgspec.structs.replace(record, text=masked.text, session="", line=line)
            self._portion.variants.append(Variant(_digest(same), first, masked))
        return place

    def _session(self, name: str) -> int:
        place = self._sessions.get(name)
        if place is None:
            place = self._sessions[name] = len(self._sessions)
            self._portion.sessions.append(name)
        return place

    def _other(self, record: Read, masked: Masked | None = None) -> None:
        """Adds a record that failed, was cut, tells no time, or is no statement."""
        key, length = self._key(record), len(record.text) if isinstance(record, QueryRecord) else 0
        if self._skipped:
            record = msgspec.structs.replace(record, line=record.line + self._skipped)
        self._portion.put(One(record, key, masked, length))

    def _key(self, record: Read) -> bytes:
        """The key of a statement; empty for what is none."""
        if not isinstance(record, QueryRecord):
            return b""
        if record.query_id:
            return statement_key(self._namespace, record.query_id)
        return statement_key(self._namespace, record.user, str(record.start), record.session,
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

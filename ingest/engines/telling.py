"""The first stage of a round: files to rows, a row a statement, by whoever sees the files."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import version

import msgspec
import numpy as np

from ingest.engines.batches import (
    NO_KEY,
    ROUTES,
    Batch,
    FileTold,
    Kind,
    Plan,
    batch,
    pickled,
    taken,
)
from ingest.folding.cells import DAY
from ingest.folding.fates import Fate, fate_of, unsuccessful, variant_id
from ingest.folding.ledger import WIDTH
from ingest.folding.portions import OTHER, UNSUCCESSFUL, One, Portion, Portions, Variant
from ingest.folding.rows import weight
from ingest.folding.session import needs_session
from ingest.folding.verdicts import KEY, Numbers
from ingest.masking.many import ManyMasks
from ingest.portioning import Reading
from ingest.processes import Processes
from ingest.read_before import Read, digest_of
from ingest.record import Ignored, QueryRecord, ReadOptions
from lineage.errors import UnreadableInput

_MANY = 100_000  # records that are told together: a variant among them is looked at once


def tell(plan: Plan, files: Iterable[Batch]) -> Iterator[Batch]:
    """The rows of the files whose places in the plan the rows of `files` have as `id`."""
    for some in files:
        for place in some.column("id").to_pylist():
            assert isinstance(place, int)
            yield from _Telling(plan, place).rows()


class _Sort(msgspec.Struct, frozen=True):
    """What the statements of a variant share."""

    id: bytes
    fate: Fate
    reason: str
    joins: bool
    moves: bool  # whether later statements of the session depend on them
    count: int
    weight: int  # of a text that has no character
    user: int


class _Telling:
    """One file."""

    def __init__(self, plan: Plan, place: int) -> None:
        self._plan = plan
        self._file = place
        self._one = plan.files[place]
        self._low = plan.low.get(self._one.source.namespace, 0)
        self._met: set[bytes] = set()
        self._new: dict[bytes, bytes] = {}  # variants that are not told yet
        self._ignored: Counter[str] = Counter()
        self._newest = -1
        self._days: set[int] = set()
        self._moved: set[bytes] = set()
        self._joins = False
        self._read = 0

    def rows(self) -> Iterator[Batch]:
        """Its rows; the last one tells of the file."""
        problem = self._unseen()
        if problem:
            yield _file_row(FileTold(self._file, problem))
            return
        columns = self._plan.columns[self._file]
        digest = digest_of(self._one, columns)
        before = None if self._low else self._plan.known.get(digest)
        if before:
            read = msgspec.json.decode(before, type=Read)
            yield _file_row(FileTold(self._file, digest=digest, before=read))
            return
        notices: list[str] = []
        options = ReadOptions(self._one.source.timezone, columns, notices.append)
        maker = Portions(self._one.source, _masks(self._one.source.dialect), self._plan.latest)
        try:
            with closing(Reading(self._one.input)) as reading:
                for portion in reading.portions(self._one, options, maker, _MANY, Processes(1)):
                    yield from self._portion(portion)
                losses = reading.losses
        except UnreadableInput as error:
            yield _file_row(FileTold(self._file, str(error)))
            return
        yield _file_row(
            FileTold(
                self._file, "", digest, None, self._read, self._newest, dict(self._ignored),
                tuple(sorted(self._days)), tuple(sorted(self._moved)), self._joins, tuple(notices),
                losses,
            )
        )  # fmt: skip

    def _unseen(self) -> str:
        """Why the file is not the one that is meant, as far as is seen here; else empty."""
        here, path = f"executor {socket.gethostname()}", self._one.input.path
        mine, wanted = version("lineage-usage"), self._plan.version
        if mine != wanted:
            return f"{here} has lineage-usage {mine}, not {wanted}: install the same everywhere"
        try:
            size = self._one.input.size
        except OSError as error:
            why = f"cannot read {path} ({error.strerror or error})"
        else:
            why = f"sees another file as {path}, of {size:,} bytes"
            if size == self._plan.sizes[self._file]:
                return ""
        return f"{here} {why}: put it where every executor sees it under this path"

    def _portion(self, portion: Portion) -> Iterator[Batch]:
        dialect = self._one.source.dialect
        sorts = [self._sort(one, *fate_of(one, dialect)) for one in portion.variants]
        told = _Statements(portion, sorts, [_bytes(name) for name in portion.sessions])
        self._newest = max(self._newest, int(told.start.max(initial=-1)))
        others = [
            (at, one) for at, one in portion.others.items() if not self._is_settled(at, one, told)
        ]
        old = (told.sort != OTHER) & (told.start < self._low)
        self._ignore("before_retention", int(old.sum()))
        rows = np.flatnonzero((told.sort != OTHER) & ~old)
        if len(rows):
            yield self._statements(told, rows)
        if others:
            yield batch(
                kind=Kind.OTHER, file=self._file, place=[self._read + at for at, _ in others],
                route=[_route(one.key) for _, one in others],
                key=[one.key or NO_KEY for _, one in others],
                body=[pickled(one) for _, one in others],
            )  # fmt: skip
        if self._new:
            yield batch(
                kind=Kind.VARIANT, route=[_route(one) for one in self._new],
                variant=list(self._new), body=list(self._new.values()),
            )  # fmt: skip
            self._new = {}
        self._read += portion.size

    def _statements(self, told: _Statements, rows: Numbers) -> Batch:
        sort, start, session = told.sort[rows], told.start[rows], told.session[rows]
        key = np.frombuffer(b"".join(one or NO_KEY for one in told.key), KEY)[rows]
        self._days.update(np.unique(start // DAY).tolist())
        moves = np.array([one.moves for one in told.sorts])[sort]
        self._moved.update(told.sessions[one] for one in np.unique(session[moves]))
        self._moved.discard(b"")
        self._joins = self._joins or any(one.joins for one in told.sorts)
        shared = {
            name: np.array([getattr(one, name) for one in told.sorts], np.int64)[sort]
            for name in ("fate", "joins", "count", "user", "weight")
        }
        shared["weight"] += told.length[rows]
        return batch(
            kind=Kind.STATEMENT, route=np.frombuffer(key.tobytes(), np.uint8)[::WIDTH],
            file=self._file, place=self._read + rows, line=told.line[rows], key=key, start=start,
            session=taken(told.sessions, session, "binary"),
            variant=taken([one.id for one in told.sorts], sort, "binary"),
            reason=taken([one.reason for one in told.sorts], sort, "string"), **shared,
        )  # fmt: skip

    def _is_settled(self, at: int, one: One, told: _Statements) -> bool:
        """Whether a record that is no plain statement is counted, or told as if it were one."""
        record = one.read
        if isinstance(record, Ignored):
            self._ignore(record.reason)
            return True
        if not isinstance(record, QueryRecord):
            return False
        if record.start <= self._plan.latest:
            self._newest = max(self._newest, record.start)
        if 0 <= record.start < self._low:
            self._ignore("before_retention")
            return True
        failed = unsuccessful(record)
        if failed is None:
            if record.status not in UNSUCCESSFUL or (record.joins and record.query_id):
                return False
            self._ignore(UNSUCCESSFUL[record.status])
            return True
        if not 0 <= record.start <= self._plan.latest:
            return False
        told.put(at, record, one.length, self._sort(*failed))
        return True

    def _sort(self, variant: Variant, fate: Fate, reason: str) -> _Sort:
        """What the statements of a variant share; the variant is told when it is new."""
        record, name = variant.record, variant_id(self._one.source, variant)
        if name not in self._met:
            self._met.add(name)
            self._new[name] = pickled(variant)
        joins = record.joins and record.query_id != ""
        user = number_of(record.user)
        bare = weight(record, 1, complete=record.complete) - 1 if record.text else 0
        moves = needs_session(variant.masked.text)
        return _Sort(name, fate, reason, joins, moves, record.count, bare, user)

    def _ignore(self, reason: str, count: int = 1) -> None:
        if count:
            self._ignored[reason] += count


class _Statements:
    """The plain statements of a portion by column; sort and session: their places in the lists."""

    def __init__(self, portion: Portion, sorts: list[_Sort], sessions: list[bytes]) -> None:
        self.sorts, self.sessions, self.key = sorts, sessions, portion.key
        self.sort = np.array(portion.variant, np.int64)
        self.session = np.array(portion.session, np.int64)
        self.start = np.array(portion.start, np.int64)
        self.line = np.array(portion.line, np.int64)
        self.length = np.array(portion.length, np.int64)

    def put(self, at: int, record: QueryRecord, length: int, sort: _Sort) -> None:
        """Tells a record that was none of them as if it were."""
        self.sort[at], self.session[at] = len(self.sorts), len(self.sessions)
        self.sorts.append(sort)
        self.sessions.append(_bytes(record.session))
        self.start[at], self.line[at], self.length[at] = record.start, record.line, length


def number_of(name: str) -> int:
    """A number that stands for a name; no two names share it but by an accident of 64 bits."""
    return int.from_bytes(blake2b(_bytes(name), digest_size=8).digest(), signed=True)


def _file_row(told: FileTold) -> Batch:
    return batch(kind=Kind.FILE, route=[told.file % ROUTES], body=[msgspec.msgpack.encode(told)])


def _route(name: bytes) -> int:
    return name[0] if name else 0


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=8)
def _masks(dialect: str) -> ManyMasks:
    """What this process has learned of a dialect's texts."""
    return ManyMasks(dialect)

"""The first stage of a round: files to rows, a row a statement, by whoever sees the files."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from importlib.metadata import version

import msgspec
import numpy as np

from ingest.engines.batches import (
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
from ingest.folding.fates import Fate, Sort, sort_of, variant_id
from ingest.folding.grouping import KEY, Numbers
from ingest.folding.ledger import WIDTH
from ingest.folding.portions import NO_KEY, OTHER, Portion, Portions, Variant
from ingest.portioning import Reading, masks_of
from ingest.processes import Processes
from ingest.read_before import Read, digest_of
from ingest.record import ReadOptions
from lineage.errors import UnreadableInput

_MANY = 100_000  # records that are told together: a variant among them is looked at once


def tell(plan: Plan, files: Iterable[Batch]) -> Iterator[Batch]:
    """The rows of the files whose places in the plan the rows of `files` have as `id`."""
    for some in files:
        for place in some.column("id").to_pylist():
            assert isinstance(place, int)
            yield from _Telling(plan, place).rows()


class _Telling:
    """One file."""

    def __init__(self, plan: Plan, place: int) -> None:
        self._plan = plan
        self._file = place
        self._one = plan.files[place]
        self._low = plan.low.get(self._one.source.namespace, 0)
        self._met: set[bytes] = set()
        self._new: dict[bytes, bytes] = {}  # variants that are not told yet
        self._table: list[tuple[bytes, Sort]] = []  # of the teller: names and what they stand for
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
        source = self._one.source
        maker = Portions(source, masks_of(source.dialect), self._plan.latest, self._low)
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
        if not portion.known:
            self._table.clear()
        self._table += (self._named(one) for one in portion.variants)
        told = _Statements(portion, self._table)
        self._newest = max(self._newest, portion.newest)
        self._ignored.update(portion.ignored)
        rows = np.flatnonzero(told.sort != OTHER)
        if len(rows):
            yield self._statements(told, rows)
        others = portion.others
        if others:
            yield batch(
                kind=Kind.OTHER, file=self._file, place=[self._read + at for at in others],
                route=[_route(one.key) for one in others.values()],
                key=[one.key or NO_KEY for one in others.values()],
                body=[pickled(one) for one in others.values()],
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
        key = told.key[rows]
        names, sorts = zip(*told.table, strict=True)
        self._days.update(np.unique(start // DAY).tolist())
        self._joins = self._joins or any(one.joins for one in sorts)
        shared = {
            name: np.array([getattr(one, name) for one in sorts], np.int64)[sort]
            for name in ("fate", "joins", "count", "user", "weight")
        }
        moves = shared["fate"] == Fate.ALONE
        self._moved.update(told.sessions[one] for one in np.unique(session[moves]))
        self._moved.discard(b"")
        shared["weight"] += told.length[rows]
        return batch(
            kind=Kind.STATEMENT, route=np.frombuffer(key.tobytes(), np.uint8)[::WIDTH],
            file=self._file, place=self._read + rows, line=told.line[rows], key=key, start=start,
            session=taken(told.sessions, session, "binary"),
            variant=taken(names, sort, "binary"),
            reason=taken([one.reason for one in sorts], sort, "string"), **shared,
        )  # fmt: skip

    def _named(self, variant: Variant) -> tuple[bytes, Sort]:
        """The name of a variant, and what its statements share; it is told when it is new."""
        name = variant_id(self._one.source, variant)
        if name not in self._met:
            self._met.add(name)
            self._new[name] = pickled(variant)
        return name, sort_of(variant, self._one.source.dialect)


class _Statements:
    """The plain statements of a portion by column.

    sort: the place of what they share in `table`; session: theirs in `sessions`.
    """

    def __init__(self, portion: Portion, table: list[tuple[bytes, Sort]]) -> None:
        self.table = table
        self.sessions = [name.encode("utf-8", "surrogatepass") for name in portion.sessions]
        self.key = np.frombuffer(portion.keys, KEY)
        self.sort, self.start, self.session, self.line, self.length = (
            np.frombuffer(column, np.int64) for column in portion.columns
        )


def _file_row(told: FileTold) -> Batch:
    return batch(kind=Kind.FILE, route=[told.file % ROUTES], body=[msgspec.msgpack.encode(told)])


def _route(name: bytes) -> int:
    return name[0] if name else 0

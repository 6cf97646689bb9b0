"""The records of a file as portions; several processes make those of a long one."""

from __future__ import annotations

import io
import sys
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing
from functools import lru_cache, partial
from itertools import count, islice
from typing import IO, NamedTuple

from ingest.declared.sources import Source
from ingest.files.pieces import Piece, pieces
from ingest.files.reading import Input, bytes_read, losses, open_text, utf8
from ingest.files.tables import Tabular
from ingest.folding.portions import Portion, Portions
from ingest.masking.many import ManyMasks
from ingest.planning import Planned
from ingest.processes import WORTH_IT, Processes
from ingest.record import Divisible, Format, ReadOptions

_FILES = count()
# Pieces for each process that wait to be counted; and of all, where a piece only says where it
# lies: there is something to do for them while a commit is written.
_AHEAD, _FAR_AHEAD = 2, 32


class How(NamedTuple):
    """How the pieces of a file are read."""

    form: Format
    source: Source
    columns: Mapping[str, str]
    latest: int
    low: int


class Reading:
    """A file while it is read; `close` it in the end."""

    def __init__(self, file: Input) -> None:
        self._file = file
        self._stream: IO[str] | None = None
        self._position: int | None = None
        self._taken = 0  # records of its pieces

    def close(self) -> None:
        """Closes its stream."""
        if self._stream:
            self._stream.close()

    @property
    def position(self) -> int:
        """How much of it is taken in, in bytes as they lie on disk."""
        if self._position is not None:
            return self._position
        return bytes_read(self._stream) if self._stream else 0

    @property
    def losses(self) -> tuple[str, ...]:
        """Sentences for the user on what of it could not be read so far."""
        return losses(self._stream) if self._stream else ()

    def open(self) -> IO[str]:
        """Its text, from the start.

        Raises:
            UnreadableInput: as of `open_text`.
        """
        self.close()
        self._stream = open_text(self._file)
        return self._stream

    def portions(
        self, one: Planned, options: ReadOptions, maker: Portions, most: int, beside: Processes
    ) -> Iterator[Portion]:
        """Its records in portions of so many at most; of a long file, those of a piece are one.

        Raises:
            UnreadableInput: as of `open_text`.
        """
        form = one.detection.format
        if isinstance(form, Divisible) and one.input.size >= WORTH_IT:
            how = How(form, maker.source, dict(options.columns), maker.latest, maker.low)
            if (yield from self._from_pieces(how, options, beside)):
                return
        records = form.read(self.open(), options)
        yield from maker.of(islice(records, self._taken, None), most)

    def _from_pieces(
        self, how: How, options: ReadOptions, beside: Processes
    ) -> Generator[Portion, None, bool]:
        """The portions of its pieces; whether that was the whole file."""
        stream = self.open()
        log = utf8(stream)
        task = partial(_portion, next(_FILES), how)
        made = (
            (bytes_read(stream), beside.submit(task, piece) if piece else None)
            for piece in pieces(log)
        )
        ahead = _FAR_AHEAD if log.path and beside.count > 1 else _AHEAD * beside.count
        with closing(_later(made, ahead)) as results:
            for position, result in results:
                portion, notices = result.result() if result else (None, [])
                if portion is None:
                    self._position = None
                    return False
                for notice in notices:
                    options.notice(notice)
                self._taken += portion.size
                self._position = position
                yield portion
        return True


_Begun = tuple[int, Future[tuple[Portion | None, list[str]]] | None]


def _later(begun: Iterator[_Begun], count: int) -> Generator[_Begun, None, None]:
    """The same, each so many later than it was begun; what is not wanted any more is not done."""
    waiting: deque[_Begun] = deque()
    try:
        for one in begun:
            waiting.append(one)
            if len(waiting) > count:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        for _, result in waiting:
            if result:
                result.cancel()


def _portion(file: int, how: How, piece: Piece) -> tuple[Portion | None, list[str]]:
    """The portion of a piece, and what the user should know of it; None when it is not whole.

    file: a number; what was told of one is told again of the next.
    """
    notices: list[str] = []
    options = ReadOptions(how.source.timezone, how.columns, notices.append)
    maker = _maker(file, how)
    portion = _by_column(how.form, piece, options, maker)
    if portion is None:
        records = how.form.read(io.StringIO(piece.text, newline=""), options)
        portion = next(maker.of(records, sys.maxsize, piece.skipped), Portion())
    return (None if portion.is_broken and not piece.is_whole else portion), notices


def _by_column(form: Format, piece: Piece, options: ReadOptions, maker: Portions) -> Portion | None:
    """The portion of a piece whose rows are whole, and of a form that can be read by column."""
    if not isinstance(form, Tabular):
        return None
    # Only long files are worth what it takes to load them.
    from ingest.files.csv_columns import csv_columns
    from ingest.folding.portion_columns import portion_of

    columns, clock = csv_columns(piece, form.rows.fields), form.rows.clock(options)
    portion = portion_of(columns, form.rows, maker, clock, piece.skipped) if columns else None
    if portion:
        clock.tell(options.notice)
    return portion


_makers: dict[int, Portions] = {}  # that of the latest file


def _maker(file: int, how: How) -> Portions:
    if file not in _makers:
        _makers.clear()
        _makers[file] = Portions(how.source, masks_of(how.source.dialect), how.latest, how.low)
    return _makers[file]


@lru_cache(maxsize=8)
def masks_of(dialect: str) -> ManyMasks:
    """What this process has learned of a dialect's texts."""
    return ManyMasks(dialect)

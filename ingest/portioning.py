"""The records of a file as portions; several processes make those of a long one."""

from __future__ import annotations

import io
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import lru_cache, partial
from itertools import islice
from typing import IO, TypeVar

from ingest.declared.sources import Source
from ingest.files.pieces import WORTH_IT, Piece, pieces
from ingest.files.reading import Input, bytes_read, losses, open_text
from ingest.folding.portions import Portion, Portions
from ingest.masking.many import ManyMasks
from ingest.planning import Planned
from ingest.processes import Processes
from ingest.record import Divisible, Format, ReadOptions

_Item = TypeVar("_Item")

_AHEAD = 2  # pieces for each process that wait to be counted


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
        if isinstance(form, Divisible) and beside.count > 1 and one.input.size >= WORTH_IT:
            task = partial(_portion, form, one.source, dict(options.columns), maker.latest)
            if (yield from self._from_pieces(task, options, beside)):
                return
        records = form.read(self.open(), options)
        yield from maker.of(islice(records, self._taken, None), most)

    def _from_pieces(
        self,
        task: Callable[[Piece], tuple[Portion | None, list[str]]],
        options: ReadOptions,
        beside: Processes,
    ) -> Generator[Portion, None, bool]:
        """The portions of its pieces; whether that was the whole file."""
        stream = self.open()
        made = (
            (bytes_read(stream), beside.submit(task, piece) if piece else None)
            for piece in pieces(stream)
        )
        for position, result in _ahead(made, _AHEAD * beside.count):
            portion, notices = result.result() if result else (None, [])
            if portion is None:
                break
            for notice in notices:
                options.notice(notice)
            self._taken += portion.size
            self._position = position
            yield portion
        else:
            return True
        self._position = None
        return False


def _ahead(items: Iterator[_Item], count: int) -> Iterator[_Item]:
    """The same items, each so many later than it was asked for."""
    waiting: deque[_Item] = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) > count:
            yield waiting.popleft()
    yield from waiting


def _portion(
    form: Format, source: Source, columns: Mapping[str, str], latest: int, piece: Piece
) -> tuple[Portion | None, list[str]]:
    """The portion of a piece, and what the user should know of it; None when it is not whole."""
    notices: list[str] = []
    options = ReadOptions(source.timezone, columns, notices.append)
    records = form.read(io.StringIO(piece.text, newline=""), options)
    maker = Portions(source, _masks(source.dialect), latest, piece.skipped)
    portion = next(maker.of(records, sys.maxsize), Portion())
    return (None if portion.is_broken and not piece.is_whole else portion), notices


@lru_cache(maxsize=8)
def _masks(dialect: str) -> ManyMasks:
    """What this process has learned of a dialect's texts."""
    return ManyMasks(dialect)

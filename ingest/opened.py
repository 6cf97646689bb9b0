"""The files that an import has opened: what is counted of each, and what is kept of it in the end.

A file may be read to its end long before its last statements are looked at, and a long one is
looked at in several parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from copy import deepcopy
from functools import partial
from itertools import count

from ingest.feeds import Feeds
from ingest.folding.queries import Queries
from ingest.folding.unread import Unread
from ingest.planning import Planned
from ingest.processes import Processes
from ingest.read_before import Read, ReadBefore, digest_of
from ingest.report import Funnel

_LONG = 64 << 20  # bytes on disk, which take a while to hash


class Opened:
    """A file. told: what was counted of it so far; newest: the latest start in it, -1 if none."""

    def __init__(self, number: int, planned: Planned, columns: Mapping[str, str]) -> None:
        self.number = number
        self.planned = planned
        self.columns = columns
        self.losses: Sequence[str] = ()
        self.digest: str | Future[str] = ""
        self.is_read = False
        self.told = Read(0, {})
        self.newest = -1

    def count(self, some: Funnel, newest: int) -> None:
        """Adds what was counted of it."""
        self.told = self.told.plus(some.read, some.ignored)
        self.newest = max(self.newest, newest)


class OpenedFiles:
    """The files whose last word is not in the store yet.

    columns: those the user named for all files; replaying: what was not understood of a file is
    tried again with it.
    """

    def __init__(
        self,
        queries: Queries,
        feeds: Feeds,
        read_before: ReadBefore,
        unread: Unread,
        columns: Mapping[str, str],
        beside: Processes,
        *,
        replaying: bool,
    ) -> None:
        self._queries, self._feeds = queries, feeds
        self._read_before, self._unread = read_before, unread
        self._columns, self._replaying = columns, replaying
        self._numbers = count()
        self._open: dict[int, Opened] = {}
        self._beside = beside

    def open(self, planned: Planned) -> Opened:
        """A file that is read now."""
        number = next(self._numbers)
        opened = Opened(number, planned, self.columns(planned))
        self._open[number] = opened
        return opened

    def columns(self, planned: Planned) -> Mapping[str, str]:
        """Our field → the column of the file that gives it, as far as somebody said so."""
        return self._columns or planned.columns

    def read(self, opened: Opened) -> None:
        """Takes note that a file is read to its end."""
        opened.is_read = True
        if opened.losses:
            return
        hashed = partial(digest_of, opened.planned)
        if opened.planned.input.size < _LONG:
            opened.digest = hashed(opened.columns)
        else:  # not in a thread, which would wait for its turn after every block
            opened.digest = self._beside.submit(hashed, opened.columns)

    def settle(self, funnel: Funnel) -> None:
        """Has the statements taken in looked at, and takes note of the files that are read."""
        before = deepcopy(funnel)
        for number in self._queries.settle():
            self._open[number].count(funnel.since(before), self._queries.newest)
            before = deepcopy(funnel)
            self._close(number)
        for number in list(self._open):  # those that hold events, or nothing
            self._close(number)

    def _close(self, number: int) -> None:
        """Takes note of a file, if it is read to its end."""
        opened = self._open[number]
        if not opened.is_read:
            return
        del self._open[number]
        self._feeds.heard(opened.planned, opened.columns, opened.newest)
        in_sessions = self._queries.in_sessions and opened.told.read > 0
        if not (opened.losses or in_sessions):
            self._read_before.note(opened.planned, opened.digest, opened.told)
        if self._replaying and not opened.losses:
            self._unread.read_again(opened.planned.input.name)

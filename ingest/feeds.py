"""What is remembered of every source and format: how it was read, and up to when its log goes.

So the next export can be written down, and a file can be read again without saying everything anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from ingest.declared.sources import Source, SourceBook
from ingest.files.parts import logs_of
from ingest.files.reading import Input, head
from ingest.folding.cells import DAY, iso
from ingest.folding.unread import letters_with_keys
from ingest.formats.find import FORMATS, OPENLINEAGE, detect
from ingest.planning import Planned
from ingest.report import NextExport
from lineage.calendar import iso_day
from lineage.errors import UnreadableInput
from lineage.model import Document
from lineage.store import Store

FEED = "feed"  # the kind of its document
_EXPORTS = {one.name: one.export for one in FORMATS}
# An export begins so much before the watermark: sources tell late, sessions have time zones, and
# what overlaps is counted once.
_OVERLAP = DAY


class FeedId(NamedTuple):
    """A source and one of the formats that it comes in."""

    source: str
    format: str


class Feed(msgspec.Struct, frozen=True):
    """How the files of a source and format were read; until: microseconds since 1970-01-01 UTC."""

    source: Source
    format: str
    columns: Mapping[str, str] = {}
    until: int = -1

    @property
    def id(self) -> FeedId:
        """Its name among the feeds."""
        return FeedId(self.source.name, self.format)

    @property
    def next(self) -> NextExport:
        """Where the next import goes on, and the export for it."""
        return NextExport(*self.id, iso(self.until), next_export(self.format, self.until))


class Feeds:
    """The feeds of a store, and what this import learns of them."""

    def __init__(self, store: Store) -> None:
        self._known = {feed.id: feed for feed in feeds_of(store)}
        self._changed: dict[FeedId, Feed] = {}

    def heard(self, planned: Planned, columns: Mapping[str, str], until: int) -> None:
        """Takes note that a file was read to its end, and of the latest time in it."""
        name = OPENLINEAGE if planned.detection.kind == "events" else planned.source.name
        source = msgspec.structs.replace(planned.source, name=name, catalog=(), assumed=())
        feed = Feed(source, planned.detection.name, dict(columns), until)
        known = self._known.get(feed.id)
        if known:
            feed = msgspec.structs.replace(feed, until=max(until, known.until))
        if feed != known:
            self._known[feed.id] = self._changed[feed.id] = feed

    def take_documents(self) -> list[Document]:
        """What the store must keep of it."""
        changed, self._changed = self._changed, {}
        return [Document(FEED, "|".join(at), msgspec.json.encode(f)) for at, f in changed.items()]

    def next(self) -> tuple[NextExport, ...]:
        """For every feed with a log: its watermark and the next export."""
        feeds: Iterable[Feed] = (self._known[at] for at in sorted(self._known))
        return tuple(feed.next for feed in feeds if feed.until >= 0)


def feeds_of(store: Store) -> list[Feed]:
    """All feeds that were ever read into a store."""
    return [msgspec.json.decode(one.body, type=Feed) for one in store.documents(FEED)]


def next_export(format_: str, until: int) -> str:
    """The command that exports what comes after a time (microseconds since 1970-01-01 UTC)."""
    since = iso_day(max(0, until - _OVERLAP) // DAY)
    return _EXPORTS.get(format_, "").replace("{since}", since)


def plan_replay(store: Store, book: SourceBook) -> tuple[list[Planned], list[str]]:
    """The files to read again, each as it was read before, and those that cannot be, and why.

    What `book` declares of a file goes before what is remembered.
    """
    feeds = feeds_of(store)
    places = {(letter.file, letter.source) for letter in letters_with_keys(store)}
    planned: list[Planned] = []
    skipped: list[str] = []
    for file, source in sorted(places):
        mine = [feed for feed in feeds if feed.source.name == source]
        path = Path(file).expanduser()
        if not path.is_file():
            skipped.append(f"{file}: no longer there")
        elif not mine and not book.names(file):
            skipped.append(f"{file}: nothing is remembered of source {source}")
        else:
            try:
                planned.append(_again(_whole(file, path), mine, book))
            except UnreadableInput as error:
                skipped.append(str(error).partition("\n")[0])
    return planned, skipped


def _again(found: Input, feeds: list[Feed], book: SourceBook) -> Planned:
    said = book.format_of(found.name)
    only = feeds[0].format if len(feeds) == 1 else ""
    detection = detect(head(found), said or only)
    if not feeds or book.names(found.name):
        return Planned(found, book.of(found.name, detection.format.dialect), detection)
    feed = next((one for one in feeds if one.format == detection.name), feeds[0])
    return Planned(found, feed.source, detection, feed.columns)


def _whole(name: str, path: Path) -> Input:
    """The log that begins with a file; a log may go on in the files beside it."""
    beside = sorted(one for one in path.parent.iterdir() if one.is_file())
    more = next((rest for first, *rest in logs_of(beside) if first == path), [])
    return Input(name, path, tuple(more))

"""What an import would read: each file with its format and source, and what would be skipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ingest.declared.content import declares
from ingest.declared.sources import Source, SourceBook
from ingest.files.reading import Input, find_inputs, head
from ingest.formats.find import Detection, detect
from ingest.record import Head
from lineage.errors import UnreadableInput

_SHOWN = 3  # files that are named as skipped


class Planned(msgspec.Struct, frozen=True):
    """A file and what it will be read as; columns: as in `ReadOptions`, unless others are said."""

    input: Input
    source: Source
    detection: Detection
    columns: Mapping[str, str] = {}


def plan(paths: Sequence[str], book: SourceBook) -> tuple[list[Planned], list[str]]:
    """What an import of these paths would read, and each file that it would skip, and why.

    Without paths an import only takes in what is declared. A file that was only found in a folder
    is skipped when nobody knows its format.

    Raises:
        UnreadableInput: a path does not exist, a file named in `paths` has no known format, or
            there is nothing to read at all.
    """
    planned: list[Planned] = []
    skipped: list[str] = []
    for one in find_inputs(paths):
        try:
            start = head(one)
            if not start.text.strip():
                skipped.append(f"{one.name}: empty")
                continue
            detection = _detected(start, book)
        except UnreadableInput as error:
            if one.name in paths:
                raise
            skipped.append(str(error).partition("\n")[0])
            continue
        says_all = detection.kind == "events"
        source = book.of(one.name, detection.format.dialect, says_all=says_all)
        planned.append(Planned(one, source, detection))
    if paths and not planned:
        raise UnreadableInput(f"nothing to read: {some(skipped)}")
    return planned, skipped


def some(skipped: Sequence[str]) -> str:
    """The first few of the files that are skipped, for a sentence."""
    return "; ".join(skipped[:_SHOWN]) + ("; …" if len(skipped) > _SHOWN else "")


def _detected(start: Head, book: SourceBook) -> Detection:
    try:
        return detect(start, book.format_of(start.name))
    except UnreadableInput:
        what = declares(start)
        if what:
            raise UnreadableInput(f"{start.name} is {what}") from None
        raise

"""A team's digest, for a terminal and as a message."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.escaping import printable
from app.text.impact_words import name_in
from app.text.parts import verdict
from lineage.analyses.stewardship.digest import Digest, Event

_LINES = 10  # of a kind
_COLUMNS = 4


def render(answer: Digest, people: Collection[str]) -> RenderableType:
    """The digest; people: are not named."""
    return Group(verdict(printable(answer.verdict)), Text("\n".join(_lines(answer, people))))


def body(answer: Digest, people: Collection[str]) -> str:
    """The digest as the text of a message."""
    return "\n".join([answer.verdict, "", *_lines(answer, people)])


def _lines(answer: Digest, people: Collection[str]) -> Iterator[str]:
    yield from _events("New consumers", "since", answer.came, people)
    yield from _events("Gone silent", "last read", answer.left, people)
    if answer.announced:
        yield "Open notices"
        yield from (printable(f"  {one.notice.number}: {one.verdict}") for one in answer.announced)
        yield ""
    yield f"{answer.first} to {answer.last}, {answer.datasets} datasets of {answer.team}"


def _events(
    heading: str, when: str, events: Sequence[Event], people: Collection[str]
) -> Iterator[str]:
    if not events:
        return
    yield heading
    for event in events[:_LINES]:
        who = "a person" if event.consumer in people else event.title or name_in(event.consumer)
        columns = ", ".join(event.columns[:_COLUMNS])
        more = len(event.columns) - _COLUMNS
        uses = f"; uses {columns}{f' and {more} more' if more > 0 else ''}" if columns else ""
        risk = f"; {event.risk}" if event.risk else ""
        said = f"{who} ({event.kind}) on {name_in(event.dataset)}, {when} {event.day}{uses}{risk}"
        yield f"  {printable(said)}"
    if len(events) > _LINES:
        yield f"  and {len(events) - _LINES} more"
    yield ""

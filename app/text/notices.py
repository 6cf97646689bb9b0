"""Announced changes, for a terminal and as messages to teams."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from app.sinks import Message
from app.text.escaping import printable
from app.text.impact_words import name_in
from app.text.parts import footer, more, rows, verdict
from lineage.analyses.stewardship.notices import NoticeStatus, State, Watched

_ROWS = 25
_PERSON = "a person"


class Statuses(msgspec.Struct, frozen=True):
    """How far the users of every announced change have got."""

    notices: tuple[NoticeStatus, ...]


def render(answer: NoticeStatus) -> RenderableType:
    """The verdict, and a row for everyone who is watched."""
    notice = answer.notice
    head = f"notice {notice.number}, said {notice.said}"
    head += f", told as well: {', '.join(notice.teams)}" if notice.teams else ""
    head += f", closed: {notice.closed}" if notice.closed else ""
    table = rows("state", "last", "next", "team", "knows", "who")
    for one in answer.watched[:_ROWS]:
        knows = "yes" if one.acknowledged else "-"
        cells = (one.state, one.last or "-", one.next or "-", one.team or "-", knows, _who(one))
        table.add_row(*(Text(printable(cell)) for cell in cells))
    parts: list[RenderableType] = [verdict(printable(answer.verdict)), Text(printable(head))]
    parts += [Text(""), table] if answer.watched else []
    parts += more(len(answer.watched), _ROWS, "watched; --format json has all")
    return Group(*parts, footer(answer.window, answer.coverage))


def render_all(answer: Statuses) -> RenderableType:
    """A line a notice."""
    if not answer.notices:
        return verdict("No change is announced.")
    return Group(
        *(Text(printable(f"{one.notice.number}: {one.verdict}")) for one in answer.notices)
    )


def messages(answer: NoticeStatus, people: Collection[str]) -> Iterator[Message]:
    """A reminder for each team that still uses what goes away. people: are not named."""
    by_team: dict[str, list[Watched]] = {}
    for one in answer.remaining:
        by_team.setdefault(one.team or "", []).append(one)
    for team in answer.notice.teams:
        by_team.setdefault(team, [])
    for team in sorted(filter(None, by_team)):
        yield Message(
            "notice",
            team,
            f"{answer.notice.change} on {answer.notice.on}",
            _body(answer, by_team[team], people),
        )


def _body(answer: NoticeStatus, mine: list[Watched], people: Collection[str]) -> str:
    notice = answer.notice
    lines = [f"On {notice.on} we will {notice.change}."]
    lines += [f"Why: {notice.reason}"] if notice.reason else []
    if mine:
        lines += ["", "Of yours, these still use it as far as the logs show:"]
        lines += [f"- {_entry(one, people)}" for one in mine]
        lines += ["", "Please move them before that day, or tell us why they cannot."]
    else:
        lines += ["", "Nothing of yours was seen to use it; you asked to be told, or were."]
    if notice.number and not all(one.acknowledged for one in mine):
        lines.append(f"To say that you know: lineage notice ack {notice.number} --team TEAM")
    return "\n".join(
        [*lines, "", f"As of {answer.window.last}; logs cover {answer.coverage.text}."]
    )


def _entry(one: Watched, people: Collection[str]) -> str:
    who = _PERSON if one.consumer in people else _who(one)
    seen = f"last read {one.last}" if one.last else "declared"
    if one.state is State.WAITING:
        seen += ", not since the announcement"
    return printable(f"{who} ({one.kind}; {seen})")


def _who(one: Watched) -> str:
    return one.title or name_in(one.consumer)

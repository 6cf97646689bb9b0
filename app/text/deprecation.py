"""How far datasets are on their way out, for a terminal and as messages to teams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from app.sinks import Message
from app.text.escaping import printable
from app.text.parts import footer, more, rows, verdict
from lineage.analyses.stewardship.deprecation import Deprecations, Outlook
from lineage.analyses.stewardship.lifecycle import Reader, Step
from lineage.analyses.stewardship.stewardship import Support
from lineage.analyses.wording import quantity
from lineage.names import DatasetId

_ROWS = 25
_TEAMS = 5


def render(answer: Outlook) -> RenderableType:
    """The verdict, who uses it, what may come next, and every step so far."""
    lines = [
        f"owner: {answer.owner or 'nobody'} · support: {support_said(answer.support)}",
        f"used by: {_users(answer)}",
        f"next: {', '.join(answer.next)}",
    ]
    parts: list[RenderableType] = [
        verdict(printable(answer.verdict)),
        Text(printable("\n".join(lines))),
    ]
    history = answer.deprecation.history
    if history:
        table = rows("since", "state", "to go on", "by", "reason")
        for step in history[-_ROWS:]:
            table.add_row(*(Text(printable(cell)) for cell in _step(step, answer.people)))
        parts += [Text(""), table]
    return Group(*parts, footer(answer.window, answer.coverage))


def render_all(answer: Deprecations) -> RenderableType:
    """The verdict, and a row a dataset: what a reader took back first."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    table = rows("state", "since", "to go on", "owner", "dataset")
    for one in answer.datasets[:_ROWS]:
        going = one.deprecation
        name = Text(printable(one.dataset), style="bold")
        notes = [going.returned.said] if going.returned else []
        if one.hold:
            until = f" until {one.hold.until}" if one.hold.until else ""
            notes.append(f"on hold{until}: {one.hold.reason}")
        for note in notes:
            name.append(f"\n{printable(note)}", style="not bold dim")
        cells = (going.state, going.since or "-", going.until or "-", one.owner or "-")
        table.add_row(*(Text(printable(cell)) for cell in cells), name)
    parts += [table] if answer.datasets else []
    parts += more(len(answer.datasets), _ROWS, "datasets; --format json has all")
    return Group(*parts, footer(answer.window, answer.coverage))


def messages(dataset: DatasetId, reader: Reader, owner: str | None) -> Iterator[Message]:
    """What the owner, and the team that reads, are told; persons are not named."""
    who = "a person" if reader.kind == "person" else reader.title or reader.consumer
    subject = f"{dataset.name} was read on {reader.day}"
    told = f"{dataset} was on its way out, and {who} read it on {reader.day}."
    if owner:
        of = f" of {reader.team}" if reader.team else ""
        text = f"{told.replace(who, who + of, 1)}\nIt is proposed again, until you decide."
        yield Message("deprecation", owner, subject, printable(text))
    if reader.team and reader.team != owner:
        text = f"{told}\nPlease move to something else, or tell {owner or 'its owner'} why not."
        yield Message("deprecation", reader.team, subject, printable(text))


def support_said(support: Support) -> str:
    """A support level in a few words."""
    text = support.level.value
    text += f" until {support.until}" if support.until else ""
    text += f", by {support.team}" if support.team else ""
    return text + (f" ({support.source})" if support.source not in ("", "journal") else "")


def _step(step: Step, people: Mapping[str, str]) -> tuple[str, ...]:
    by = people.get(step.by, step.by) + (f" ({step.team})" if step.team else "")
    reason = step.reader.said if step.reader else step.reason
    reason = f"void, a read came before: {reason}" if step.void else reason
    return step.since[:10], step.state, step.until or "-", by or "a reader", reason


def _users(answer: Outlook) -> str:
    if not answer.consumers + answer.jobs:
        last = f", last read on {answer.last_read}" if answer.last_read else ""
        return f"nobody who is alive{last}"
    shown = ", ".join(answer.teams[:_TEAMS])
    rest = len(answer.teams) - _TEAMS
    of = f" of {shown}{f' +{rest} more' if rest > 0 else ''}" if shown else ""
    users = f"{quantity(answer.consumers, 'consumer')} and {quantity(answer.jobs, 'job')}"
    return f"{users}{of}; last on {answer.last_read}"

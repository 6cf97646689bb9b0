"""What a change breaks, for a terminal."""

from __future__ import annotations

import re

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from app.text.parts import footer, more, verdict
from lineage.analyses.impact import Impact
from lineage.analyses.items import Item, TeamImpact
from lineage.analyses.weights import Ring

_TEAMS = 5
_ROWS = 20
_ROWS_STALE = 8
_EXCERPT = 200  # characters
_HEADINGS = {
    Ring.FAILS: ("Fails", "red"),
    Ring.WRONG: ("Changes silently", "yellow"),
    Ring.STALE: ("Gets stale", "blue"),
}


def render(answer: Impact, *, explain: bool) -> RenderableType:
    """The verdict, whom to tell, then the items by ring with path and statement."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    if answer.teams:
        parts.append(_teams(answer.teams))
    for ring, (heading, style) in _HEADINGS.items():
        items = [item for item in answer.items if item.ring is ring]
        if items:
            parts.append(Text(f"\n{heading} ({len(items)})", style=f"bold {style}"))
            shown = _ROWS_STALE if ring is Ring.STALE else _ROWS
            parts += [_item(item, explain=explain) for item in items[:shown]]
            parts += more(len(items), shown, "in this ring; --format json has all")
    if answer.unjudged:
        parts.append(Text(f"\nNot judged ({len(answer.unjudged)})", style="bold"))
        parts += [Text(f"  {one.id}: {one.reason}") for one in answer.unjudged[:_ROWS]]
    if answer.ignored:
        parts.append(Text(f"\nnot counted: {answer.ignored} systems", style="dim"))
    if answer.truncated:
        parts.append(Text("truncated: the walk was cut short, there is more", style="yellow"))
    return Group(*parts, footer(answer.window, answer.coverage))


def _teams(teams: tuple[TeamImpact, ...]) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("tell")
    for name in ("fails", "changes silently", "stale"):
        table.add_column(name, justify="right")
    table.add_column("contact")
    for team in teams[:_TEAMS]:
        counts = (str(n) if n else "·" for n in (team.fails, team.wrong, team.stale))
        table.add_row(team.team or "no known team", *counts, team.contact or "-")
    if len(teams) > _TEAMS:
        table.add_row(f"+{len(teams) - _TEAMS} more", "", "", "", "")
    return table


def _item(item: Item, *, explain: bool) -> RenderableType:
    head = Text(f"{item.level:<9}", style="bold" if item.level in ("critical", "high") else "")
    head.append(item.title or item.id)
    head.append(f"  {item.kind}, {item.team or 'no known team'}", style="not bold dim")
    lines = ["; ".join(_details(item, explain=explain))]
    if len(item.path) > 2:
        lines.append(" → ".join(_short(step) for step in item.path))
    if item.statement and item.ring is not Ring.STALE:
        lines.append(_excerpt(item.statement))
    below = Padding(Text("\n".join(lines), style="dim"), (0, 0, 0, 11))
    return Group(Padding(head, (0, 0, 0, 2)), below)


def _details(item: Item, *, explain: bool) -> list[str]:
    details = [f"{item.band}{f' ({item.cause})' if item.cause else ''}"]
    if item.roles:
        details.append("as " + ", ".join(role.lower().replace("_", " ") for role in item.roles))
    if item.next:
        details.append(f"next read {item.next}")
    if explain:
        details.append(
            f"severity {item.severity} = 100 × base {item.base} × certainty {item.certainty}"
            f" × importance {item.importance}"
        )
    return details


def _short(step: str) -> str:
    """A step without its namespace: the last colon that is no port's ends it."""
    return re.sub(r"^[^ ]*?://[^:/ ]+(?::\d+)?:|^[\w-]+:", "", step)


def _excerpt(statement: str) -> str:
    return statement if len(statement) <= _EXCERPT else statement[: _EXCERPT - 2] + " …"

"""Who uses a dataset, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from app.text.parts import footer, more, rows, verdict
from lineage.analyses.usage import Use, WhoUses

_TEAMS = 5
_ROWS = 25
_COLUMNS = 6


def render(answer: WhoUses) -> RenderableType:
    """The verdict, the teams that matter most, and a row a consumer."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    if answer.consumers:
        parts += [_teams(answer.consumers), _table(answer.consumers)]
        parts += more(len(answer.consumers), _ROWS, "consumers; --format json has all")
    if answer.ignored:
        bots = ", ".join(f"{bot.consumer} ({bot.reads:,} reads)" for bot in answer.ignored)
        parts.append(Text.from_markup(f"[dim]not counted, systems: {escape(bots)}[/dim]"))
    if answer.unjudged:
        parts.append(Text(f"columns not known of: {', '.join(answer.unjudged)}", style="yellow"))
    return Group(*parts, footer(answer.window, answer.coverage))


def _teams(uses: tuple[Use, ...]) -> RenderableType:
    reads: dict[str, int] = {}
    for use in uses:
        name = use.team or "no known team"
        reads[name] = reads.get(name, 0) + use.reads
    ranked = sorted(reads, key=lambda team: (-reads[team], team))
    shown = ", ".join(f"{team} ({reads[team]:,} reads)" for team in ranked[:_TEAMS])
    rest = f" +{len(ranked) - _TEAMS} more" if len(ranked) > _TEAMS else ""
    return Text(f"Teams: {shown}{rest}\n")


def _table(uses: tuple[Use, ...]) -> Table:
    table = rows("reads>", "days>", "cadence", "last", "next", "who")
    for use in uses[:_ROWS]:
        style = "" if use.alive else "dim"
        table.add_row(
            f"{use.reads:,}", str(use.days), use.cadence, use.last or "-", use.next or "-",
            _who(use), style=style,
        )  # fmt: skip
    return table


def _who(use: Use) -> Text:
    text = Text(use.title or use.consumer, style="bold")
    text.append(f"  {use.kind}, {use.team or 'no known team'}", style="not bold dim")
    details = [use.consumer] if use.title else []
    if use.via:
        details.append(f"through {', '.join(use.via)}")
    if use.superseded:
        details.append("no longer: a newer version of the job does not read it")
    if not use.alive:
        details.append("not alive")
    details.append(_columns(use))
    for line in filter(None, details):
        text.append(f"\n{line}", style="not bold dim")
    return text


def _columns(use: Use) -> str:
    shown = [
        f"{column} ({', '.join(role.lower().replace('_', ' ') for role in roles)})"
        for column, roles in sorted(use.column_roles.items())
    ]
    rest = [f"+{len(shown) - _COLUMNS} more columns"] if len(shown) > _COLUMNS else []
    return ", ".join(shown[:_COLUMNS] + rest)

"""Who uses a dataset, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.impact_words import name_in, step_name
from app.text.parts import footer, more, rows, verdict
from lineage.analyses.reach.graph import ANY_COLUMN
from lineage.analyses.use.column_use import ColumnUse
from lineage.analyses.use.rollup import Share
from lineage.analyses.use.together import Together
from lineage.analyses.use.trend import Trend
from lineage.analyses.use.usage import Use, WhoUses
from lineage.analyses.wording import listed, quantity
from lineage.calendar import day_of
from lineage.model import Role
from lineage.names import parts as name_parts

_TEAMS = 5
_ROWS = 12
_NAMED = 3  # names in one line
_COLUMNS = 4


def render(answer: WhoUses, *, every: bool = False) -> RenderableType:
    """The verdict and trend, the teams, a row a consumer, columns, and what it is used with.

    every: all rows, not only the first.
    """
    parts: list[RenderableType] = [verdict(answer.verdict)]
    if answer.trend and answer.consumers:
        parts.append(_trend(answer.trend, _titles(answer)))
    if answer.consumers:
        limit = len(answer.consumers) if every else _ROWS
        parts += [Text(), _teams(answer.teams, every), *_across(answer.domains), Text()]
        parts += [_uses(answer.consumers[:limit], answer.column, every)]
        parts += more(len(answer.consumers), limit, "consumers; --all shows all")
    parts += _columns(answer, every) + _together(answer.together, every) + _doubts(answer)
    return Group(*parts, footer(answer.window, answer.coverage))


def _titles(answer: WhoUses) -> dict[str, str]:
    return {use.consumer: _called(use) for use in answer.consumers}


def _called(use: Use) -> str:
    name = step_name(use.consumer) if use.kind == "job" else name_in(use.consumer)
    return use.title or name


def _trend(trend: Trend, titles: dict[str, str]) -> RenderableType:
    now, before = trend.now, trend.before
    days = day_of(now.last) - day_of(now.first) + 1
    change = "" if trend.change is None else f" ({trend.change:+.0%})"
    text = Text(f"Trend: {now.reads:,} reads in {quantity(days, 'day')}")
    text.append(f", {before.reads:,} in the {days} before{change}")
    if (logged := now.days_logged + before.days_logged) < 2 * days:
        text.append(f", by logged day: {logged} of {2 * days} have a log")
    for word, names in (("new", trend.new), ("gone", trend.gone)):
        if names:
            text.append(f"; {word}: {_first([titles.get(n, name_in(n)) for n in names])}")
    return text


def _first(names: Sequence[str], limit: int = _NAMED) -> str:
    rest = len(names) - limit
    return listed([*names[:limit], f"{rest} more"]) if rest > 0 else listed(names)


def _teams(teams: Sequence[Share], every: bool) -> RenderableType:
    table = rows("team", "reads>", "consumers>", "jobs>", "people>", "last", "next", "domain")
    limit = len(teams) if every else _TEAMS
    for team in teams[:limit]:
        table.add_row(
            Text(team.name or "no known team"), f"{team.reads:,}", str(team.consumers),
            str(team.jobs), str(team.people), team.last or "-", team.next or "-",
            Text(", ".join(team.within) or "-"),
        )  # fmt: skip
    return Group(table, *more(len(teams), limit, "teams"))


def _across(domains: Sequence[Share]) -> list[RenderableType]:
    named = [f"{one.name} ({one.reads:,})" for one in domains if one.name]
    if len(named) < 2:
        return []
    return [Text(f"By domain: {_first(named, _TEAMS)}", style="dim")]


def _uses(uses: Sequence[Use], column: str | None, every: bool) -> RenderableType:
    table = rows("reads>", "days>", "cadence", "since", "last", "next", "who")
    for use in uses:
        table.add_row(
            f"{use.reads:,}", str(use.days), use.cadence, use.first or "-", use.last or "-",
            use.expected or "-", _who(use, column, every), style="" if use.alive else "dim",
        )  # fmt: skip
    return table


def _who(use: Use, column: str | None, every: bool) -> Text:
    text = Text(_called(use), style="bold")
    text.append(f"  {use.kind}, {use.team or 'no known team'}", style="not bold dim")
    views = [name_parts(name_in(view))[-1] for view in use.via]
    details = [
        use.consumer if every else "",
        f"through {', '.join(views)}" if views else "",
        "no longer: a newer version of the job does not read it" if use.superseded else "",
        "" if use.alive else "silent for longer than its rhythm allows",
        _roles_of(use, column, len(use.column_roles) if every else _COLUMNS),
    ]
    for line in filter(None, details):
        text.append(f"\n{line}", style="not bold dim")
    return text


def _roles_of(use: Use, column: str | None, limit: int) -> str:
    if column is not None:
        return ", ".join(sorted({_role(r) for roles in use.column_roles.values() for r in roles}))
    shown = [
        f"{name} ({', '.join(map(_role, roles))})"
        for name, roles in sorted(use.column_roles.items(), key=lambda item: _rank(*item))
    ]
    rest = [f"+{len(shown) - limit} more"] if len(shown) > limit else []
    return ", ".join(shown[:limit] + rest)


def _rank(name: str, roles: Sequence[Role]) -> tuple[bool, str]:
    """Columns that decide over rows first: a change of theirs is the one that nobody notices."""
    return all(role.direct for role in roles), name


def _role(role: Role) -> str:
    return role.lower().replace("_", " ")


def _columns(answer: WhoUses, every: bool) -> list[RenderableType]:
    used = [column for column in answer.columns if column.users or column.reads]
    if answer.column is not None or not used:
        return []
    limit = len(used) if every else _ROWS
    table = rows("column", "reads>", "consumers>", "jobs>", "since", "last", "as")
    for column in used[:limit]:
        table.add_row(
            Text(column.column), f"{column.reads:,}", str(column.consumers), str(column.jobs),
            column.first or "-", column.last or "-", Text(_as(column)),
        )  # fmt: skip
    parts = [Text(), table, *more(len(used), limit, "columns; --all shows all")]
    return parts + _unnamed(answer.columns, every)


def _as(column: ColumnUse) -> str:
    if column.column == ANY_COLUMN:
        return "SELECT * over columns that nobody told us"
    return ", ".join(map(_role, column.roles))


def _unnamed(columns: Sequence[ColumnUse], every: bool) -> list[RenderableType]:
    """Which columns no reader names; said of none while somebody reads all of them unseen."""
    names = sorted(one.column for one in columns if not one.consumers and not one.jobs)
    if not names or any(one.column == ANY_COLUMN for one in columns):
        return []
    return [Text(f"read by nobody: {_first(names, len(names) if every else _ROWS)}", style="dim")]


def _together(found: Sequence[Together], every: bool) -> list[RenderableType]:
    if not found:
        return []
    limit = len(found) if every else _TEAMS
    table = rows("reads>", "users>", "last", "used together with")
    for other in found[:limit]:
        text = Text(name_in(other.dataset))
        text.append(_keys(other), style="dim")
        table.add_row(f"{other.reads:,}", str(len(other.users)), other.last or "-", text)
    return [Text(), table, *more(len(found), limit, "datasets; --all shows all")]


def _keys(other: Together) -> str:
    ours, theirs = ", ".join(other.columns), ", ".join(other.other_columns)
    if not ours or not theirs:
        return ""
    return f"  on {ours}" if ours == theirs else f"  on {ours} = {theirs}"


def _doubts(answer: WhoUses) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if answer.ignored:
        bots = ", ".join(f"{name_in(bot.consumer)} ({bot.reads:,})" for bot in answer.ignored)
        parts.append(Text(f"\nnot counted, systems and their reads: {bots}", style="dim"))
    if answer.unjudged:
        names = _first(list(map(name_in, answer.unjudged)), _TEAMS)
        parts.append(Text(f"\ncolumns not known of: {names}", style="yellow"))
    return parts

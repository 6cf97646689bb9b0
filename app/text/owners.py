"""Who owns what, and whom nobody has named, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.parts import footer, more, rows, verdict
from lineage.analyses.owners import Missing, Owners

_ROWS = 25
_SHOWN = 4


def render(answer: Owners) -> RenderableType:
    """The verdict, then a row a team: how much it owns, how it is reached."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    table = rows("datasets>", "jobs>", "consumers>", "members>", "domain", "team")
    for one in answer.owners[:_ROWS]:
        name = Text(one.team, style="bold")
        for line in filter(None, (one.contact, _some(one.datasets))):
            name.append(f"\n{line}", style="not bold dim")
        owned = (one.datasets, one.jobs, one.consumers, one.members)
        table.add_row(*(str(len(found)) for found in owned), one.domain or "-", name)
    if answer.owners:
        parts.append(table)
    parts += more(len(answer.owners), _ROWS, "teams; --format json has all")
    if answer.unowned:
        parts.append(Text(f"\n{answer.unowned:,} datasets have no owner", style="yellow"))
    return Group(*parts, footer(answer.window, answer.coverage))


def render_missing(answer: Missing) -> RenderableType:
    """The verdict, then the logins and the consumers without a team, the busiest first."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    if answer.missing:
        table = rows("reads>", "days>", "datasets>", "last", "class", "login")
        for one in answer.missing[:_ROWS]:
            table.add_row(f"{one.reads:,}", str(one.days), str(one.datasets), one.last or "-",
                          one.class_, Text(one.principal, style="bold"))  # fmt: skip
        parts += [table, *more(len(answer.missing), _ROWS, "logins; --format json has all")]
    if answer.consumers:
        table = rows("reads>", "days>", "datasets>", "last", "kind", "consumer")
        for use in answer.consumers[:_ROWS]:
            name = Text(use.title or use.consumer, style="bold")
            name.append(f"\n{_some(use.principals)}", style="not bold dim")
            table.add_row(f"{use.reads:,}", str(use.days), str(use.datasets), use.last or "-",
                          use.kind, name)  # fmt: skip
        parts += [Text(""), table]
        parts += more(len(answer.consumers), _ROWS, "consumers; --format json has all")
    if answer.missing or answer.consumers:
        parts.append(Text("\nName them: lineage import --members FILE --consumers FILE", "dim"))
    return Group(*parts, footer(answer.window, answer.coverage))


def _some(names: Sequence[str]) -> str:
    rest = f" +{len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest

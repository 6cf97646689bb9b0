"""Where support and use differ, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.deprecation import support_said
from app.text.escaping import printable
from app.text.parts import footer, more, rows, verdict
from lineage.analyses.stewardship.support import Gap, SupportLists

_ROWS = 15
_TEAMS = 4


def render(answer: SupportLists) -> RenderableType:
    """The verdict, how many datasets have each level, and the two lists."""
    levels = ", ".join(f"{level} {count:,}" for level, count in answer.levels.items())
    parts: list[RenderableType] = [verdict(answer.verdict), Text(levels)]
    parts += _list("Used, and unsupported", answer.used_unsupported)
    parts += _list("Supported, and used by nobody else", answer.supported_unused)
    return Group(*parts, footer(answer.window, answer.coverage))


def _list(heading: str, gaps: Sequence[Gap]) -> list[RenderableType]:
    if not gaps:
        return []
    table = rows("teams>", "consumers>", "jobs>", "last read", "owner", "dataset")
    for gap in gaps[:_ROWS]:
        name = Text(printable(gap.dataset), style="bold")
        level = support_said(gap.support) if gap.support.source else ""
        if about := " · ".join(filter(None, (level, _some(gap.teams)))):
            name.append(f"\n{printable(about)}", style="not bold dim")
        users = (str(len(gap.teams)), str(gap.consumers), str(gap.jobs))
        cells = (*users, gap.last_read or "-", gap.owner or "-")
        table.add_row(*(Text(printable(cell)) for cell in cells), name)
    parts: list[RenderableType] = [Text(f"\n{heading}", style="bold"), table]
    return parts + more(len(gaps), _ROWS, "datasets; --format json has all")


def _some(names: Sequence[str]) -> str:
    rest = f" +{len(names) - _TEAMS} more" if len(names) > _TEAMS else ""
    return ", ".join(names[:_TEAMS]) + rest

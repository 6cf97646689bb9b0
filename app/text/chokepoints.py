"""Single points of failure, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.impact_words import name_in, step_name
from app.text.parts import footer, more, rows, verdict
from lineage.analyses.reach.chokepoints import Chokepoint, Chokepoints, DomainPoints
from lineage.analyses.wording import listed

_POINTS = 3  # of a domain, when all domains are shown
_NAMED = 4


def render(answer: Chokepoints) -> RenderableType:
    """The verdict, then the worst points of each domain and whom they cut off."""
    limit = 25 if len(answer.domains) == 1 else _POINTS
    parts: list[RenderableType] = [verdict(answer.verdict)]
    for domain in answer.domains:
        parts += _domain(domain, limit)
    return Group(*parts, footer(answer.window, answer.coverage))


def _domain(domain: DomainPoints, limit: int) -> list[RenderableType]:
    table = rows("weight>", "cuts off>", "behind>", "what is lost")
    for point in domain.points[:limit]:
        table.add_row(
            f"{point.importance:.1f}", str(len(point.cut)), str(point.behind), _point(point)
        )
    shown = min(limit, len(domain.points))
    rest = more(domain.total, shown, "points; --domain and --format json show more")
    return [Text(domain.domain or "no known domain", style="bold"), table, *rest, Text()]


def _point(point: Chokepoint) -> Text:
    text = Text(" → ".join(map(step_name, point.nodes)))
    names = [cut.title or name_in(cut.consumer) for cut in point.cut]
    rest = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    text.append(f"\n{listed([*names[:_NAMED], *rest])}", style="dim")
    return text

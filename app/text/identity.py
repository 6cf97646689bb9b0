"""Who is the same as whom, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.escaping import printable
from app.text.parts import more, rows, verdict
from lineage.analyses.identity.identity import (
    DecisionRow,
    IdentityAnswer,
    Link,
    OneDataset,
    Refusal,
)

_DATASETS = 20
_REFUSED = 10


def render(answer: IdentityAnswer) -> RenderableType:
    """The verdict, each dataset with its identifiers and who says so, then what is doubted."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    for one in answer.datasets[:_DATASETS]:
        parts += _dataset(one)
    parts += more(answer.total, min(_DATASETS, len(answer.datasets)), "datasets")
    if answer.refused:
        parts += [Text("\nNot believed" if answer.datasets else "Not believed", style="bold")]
        parts += [_refusal(one) for one in answer.refused[:_REFUSED]]
        parts += more(len(answer.refused), _REFUSED, "links; --format json has all")
    if answer.decisions:
        parts += [Text("\nDecisions", style="bold"), _decisions(answer.decisions)]
    return Group(*parts)


def _dataset(one: OneDataset) -> list[RenderableType]:
    said: dict[tuple[str, str], list[Link]] = {}
    for link in one.links:
        said.setdefault((_ends(link, one.dataset), link.rule), []).append(link)
    lines: list[RenderableType] = [Text(printable(one.dataset), style="bold")]
    return lines + [_link(*what, links) for what, links in said.items()]


def _ends(link: Link, shown: str) -> str:
    """The other end, or both when the name that is shown is neither."""
    ends = sorted({link.source, link.target} - {shown})
    return " = ".join(ends)


def _link(ends: str, rule: str, links: list[Link]) -> Text:
    line = Text(f"  = {printable(ends)}")
    line.append(f"  {rule}", style="cyan")
    for said in dict.fromkeys(said for link in links for said in link.evidence):
        line.append(f"\n      {printable(said)}", style="dim")
    return line


def _refusal(one: Refusal) -> Text:
    line = Text(f"  {printable(one.link.source)} ≠ {printable(one.link.target)}")
    line.append(f"  {one.why}", style="yellow")
    line.append(f"\n      {printable(one.reason)}", style="dim")
    for said in one.link.evidence:
        line.append(f"\n      {printable(said)}", style="dim")
    return line


def _decisions(decisions: tuple[DecisionRow, ...]) -> RenderableType:
    table = rows("number>", "since", "who", "act", "identifiers")
    for one in decisions:
        pair = Text(printable(f"{one.source} and {one.target}"))
        pair.append("\n" + printable(one.reason), style="dim")
        table.add_row(str(one.number), one.at[:10], Text(printable(one.actor)), one.act, pair)
    return table

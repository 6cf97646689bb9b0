"""An impact report for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from app.text.escaping import printable
from app.text.impact_report import NO_TEAM, Line, Part, Report
from app.text.impact_words import HEADINGS
from app.text.parts import more
from lineage.analyses.breaking.policy import Action, Ruling
from lineage.analyses.breaking.weights import Ring

_TEAMS = 5
_ROWS = {Ring.FAILS: 20, Ring.WRONG: 12, Ring.STALE: 8}
_STYLES = {Ring.FAILS: "red", Ring.WRONG: "yellow", Ring.STALE: "blue"}
_GATE = {Action.ALLOW: "green", Action.WARN: "yellow", Action.BLOCK: "bold red"}
_FINDINGS = 10


def render(report: Report) -> RenderableType:
    """The verdict, whom to tell, then the items by ring with way and statement."""
    parts: list[RenderableType] = [Text(printable(report.verdict), style="bold")]
    if report.gate:
        parts += [Text(""), _gate(report.gate)]
    if report.parts:
        parts += [Text(""), _teams(report.parts)]
    for ring in Ring:
        lines = report.of(ring)
        if lines:
            heading = f"\n{HEADINGS[ring]} ({len(lines)})"
            parts.append(Text(heading, style=f"bold {_STYLES[ring]}"))
            parts += [_line(line) for line in lines[: _ROWS[ring]]]
            parts += more(len(lines), _ROWS[ring], "in this ring; --format json has all")
    if report.doubts:
        parts.append(Text(f"\nCould not be judged ({len(report.doubts)})", style="bold"))
        shown = report.doubts[:_FINDINGS]
        parts += [Text("  " + printable(f"{one.who}: {one.reason}")) for one in shown]
        parts += more(len(report.doubts), _FINDINGS, "that could not be judged")
    parts += [Text(note, style="yellow" if report.truncated else "dim") for note in report.notes]
    return Group(*parts, Text(f"\n{printable(report.heard)}\nstore: {report.store}", style="dim"))


def _gate(ruling: Ruling) -> RenderableType:
    text = Text(printable(ruling.verdict), style=_GATE[ruling.action])
    for one in ruling.findings[1:_FINDINGS]:
        said = printable(f"{one.action.value}: {one.item}: {one.reason} (rule “{one.rule}”)")
        text.append(f"\n  {said}", style="not bold")
    left = len(ruling.findings) - _FINDINGS
    text.append(
        f"\n  +{left} more; --format json has all" if left > 0 else "", style="not bold dim"
    )
    return text


def _teams(parts: tuple[Part, ...]) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("tell", "what happens to theirs", "first noticed", "contact"):
        table.add_column(name)
    for part in parts[:_TEAMS]:
        cells = (part.team, part.counts, part.noticed or "-", part.contact or "-")
        table.add_row(*(Text(printable(cell)) for cell in cells))
    if len(parts) > _TEAMS:
        table.add_row(f"+{len(parts) - _TEAMS} more", "", "", "")
    return table


def _line(line: Line) -> RenderableType:
    item = line.item
    head = Text(f"{item.level:<9}", style="bold" if item.level in ("critical", "high") else "")
    head.append(printable(line.who))
    said = printable(f"{item.kind}, {item.team or NO_TEAM}")
    head.append(f"  {said}", style="not bold dim")
    below = ["; ".join(filter(None, [*line.details, line.factors]))]
    if line.way:
        below.append(f"by way of {' → '.join(line.way)}")
    below.append(line.excerpt)
    text = Text(printable("\n".join(filter(None, below))), style="dim")
    return Group(Padding(head, (0, 0, 0, 2)), Padding(text, (0, 0, 0, 11)))

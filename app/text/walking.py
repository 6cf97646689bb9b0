"""Lineage walks and paths, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.parts import footer, more, rows, verdict
from lineage.analyses.path import Path, Step
from lineage.analyses.walk import Walk

_ROWS = 40


def render_walk(answer: Walk) -> RenderableType:
    """The verdict, then the nodes by distance."""
    table = rows("hops>", "kind", "team", "what")
    nodes = [node for node in answer.nodes if node.distance or node.id == answer.start]
    for node in nodes[:_ROWS]:
        shown = Text(node.title or node.id, style="bold" if not node.distance else "")
        if node.title:
            shown.append(f"  {node.id}", style="dim")
        table.add_row(str(node.distance), node.kind or node.label.lower(), node.team or "-", shown)
    left_out = more(len(nodes), _ROWS, "nodes; --format json has all")
    parts: list[RenderableType] = [verdict(answer.verdict), table, *left_out]
    if answer.truncated:
        parts.append(Text(f"truncated: {answer.total:,} nodes in all", style="yellow"))
    return Group(*parts, footer(answer.window, answer.coverage))


def render_path(answer: Path) -> RenderableType:
    """The verdict, then the steps with their statements."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    parts += [_step(step) for step in answer.steps]
    return Group(*parts, footer(answer.window, answer.coverage))


def _step(step: Step) -> Text:
    edge = step.edge
    role = f" {edge.role}" if edge.role else ""
    text = Text(f"{edge.source}\n  ─ {edge.type}{role} → {edge.target}")
    text.append(f"   {edge.band}{f', {edge.cause}' if edge.cause else ''}\n", style="dim")
    if step.statement:
        text.append(f"      {step.statement[:300]}\n", style="dim")
    return text

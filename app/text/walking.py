"""Lineage walks and paths, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.escaping import printable
from app.text.impact_words import step_name
from app.text.parts import footer, more, rows, verdict
from lineage.analyses.reach.path import Delay, Path
from lineage.analyses.reach.walk import Walk, WalkEdge
from lineage.analyses.wording import lasting, listed
from lineage.model import EdgeType

_ROWS = 40
_NAMED = 5
_PROOF = 300  # characters of a statement


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
    """The verdict, the steps with their statements, what all ways pass, what a delay does."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    proved = ""
    for step in answer.steps:
        proof = step.statement or _no_statement(step.edge)
        parts.append(_step(step.edge, "" if proof == proved else proof))
        proved = proof
    if answer.steps:
        parts.append(_points(answer))
    if answer.delay:
        parts += _delay(answer.delay)
    return Group(*parts, footer(answer.window, answer.coverage))


def _step(edge: WalkEdge, proof: str) -> Text:
    role = f" {edge.role}" if edge.role else ""
    text = Text(f"{edge.source}\n  ─ {edge.type}{role} → {edge.target}")
    text.append(f"   {edge.band}{f', {edge.cause}' if edge.cause else ''}\n", style="dim")
    if proof:
        more_of_it = " …" if len(proof) > _PROOF else ""
        text.append(f"      {printable(proof[:_PROOF])}{more_of_it}\n", style="dim")
    return text


def _no_statement(edge: WalkEdge) -> str:
    """An edge that no statement tells of still has a witness."""
    return f"told by {', '.join(edge.origins)}; no statement came with it"


def _points(answer: Path) -> Text:
    if not answer.other_ways:
        return Text("There is no other way.")
    if not answer.points:
        return Text("There are other ways, and nothing that all of them pass.")
    names = " → ".join(step_name(point.id) for point in answer.points)
    return Text(f"There are other ways; all of them pass {names}.")


def _delay(delay: Delay) -> list[RenderableType]:
    parts: list[RenderableType] = [Text("\n" + _late(delay), style="bold")]
    if delay.steps:
        table = rows("late>", "critical path")
        for step in delay.steps:
            if step.edge.type == EdgeType.READ_BY:
                table.add_row(_lateness(step.late), Text(step_name(step.edge.target)))
        parts += [table]
    if delay.untimed:
        names = [step_name(name) for name in delay.untimed]
        shown = listed([*names[:_NAMED], *_rest(len(names) - _NAMED)])
        parts.append(Text(f"times not known of: {shown}", style="yellow"))
    return parts


def _rest(left_out: int) -> list[str]:
    return [f"{left_out} more"] if left_out > 0 else []


def _lateness(minutes: int) -> str:
    return lasting(minutes) if minutes else "in time"


def _late(delay: Delay) -> str:
    asked = lasting(delay.minutes)
    if delay.spare is None:
        return f"What {asked} of delay do cannot be told: no way has known times all along."
    least = f"it may be {lasting(delay.spare)} late before that shows at the end"
    if delay.late:
        return f"{asked} late at the start is {lasting(delay.late)} late at the end; {least}."
    return f"{asked} of delay are used up on the way; {least}."

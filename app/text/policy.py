"""What a policy says about past changes, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.escaping import printable
from app.text.parts import rows, verdict
from lineage.analyses.breaking.replay import Replay


def render(answer: Replay) -> RenderableType:
    """The verdict, then a row a change, the latest first."""
    table = rows("day", "gate", "change")
    for one in answer.replayed:
        said = Text(printable(one.change), style="bold")
        said.append(f"\n{printable(one.verdict)}\n{printable(one.ruling.verdict)}", "not bold dim")
        table.add_row(one.day or "-", one.ruling.action.value, said)
    return Group(verdict(answer.verdict), table) if answer.replayed else verdict(answer.verdict)

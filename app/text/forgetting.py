"""What was forgotten of a person, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.escaping import printable
from app.text.parts import rows, verdict
from lineage.analyses.stewardship.forgetting import Forgotten


def render(answer: Forgotten) -> RenderableType:
    """The verdict, what logins are called now, and where the name still stands."""
    parts: list[RenderableType] = [verdict(printable(answer.verdict))]
    for old, new in zip(answer.renamed, answer.called, strict=True):
        parts.append(Text(printable(f"{old} is {new} now")))
    if answer.remaining:
        table = rows("times>", "still named in")
        for one in answer.remaining:
            table.add_row(f"{one.count:,}", one.what)
        parts += [Text(""), table]
        parts.append(
            Text("\nTake the name out of these files and import them again; logs hold it as well.",
                 style="dim")
        )  # fmt: skip
    return Group(*parts)

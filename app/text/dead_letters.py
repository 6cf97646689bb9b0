"""What was not understood, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from app.text.parts import more, verdict
from ingest.folding.dead_letters import Letters


def render(answer: Letters) -> RenderableType:
    """The reasons with their counts, then a paragraph a letter."""
    if not answer.total:
        return verdict("Every record was understood.")
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in answer.reasons.items())
    parts: list[RenderableType] = [verdict(f"{answer.total:,} records not understood: {reasons}")]
    for letter in answer.letters:
        where = f"{letter.reason} × {letter.count}  {letter.file}:{letter.line}  {letter.why}"
        parts.append(Text(where))
        if letter.sql:
            parts.append(Padding(Text(letter.sql[:300], style="dim"), (0, 0, 0, 4)))
    shown = sum(letter.count for letter in answer.letters)
    return Group(*parts, *more(answer.total, shown, "records; --top shows more of them"))

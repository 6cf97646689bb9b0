"""Orphans, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.parts import footer, more, rows, verdict
from lineage.analyses.orphans import Orphans

_ROWS = 30


def render(answer: Orphans) -> RenderableType:
    """The verdict, how many carry each label, then a row a dataset with its evidence."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    counts = ", ".join(f"{label} {count:,}" for label, count in answer.counts.items() if count)
    parts += [Text(counts)] if counts else []
    parts += [Text(note, style="yellow") for note in answer.notes]
    table = rows("labels", "last read", "last write", "owner", "dataset")
    for one in answer.datasets[:_ROWS]:
        name = Text(one.dataset, style="bold")
        for sentence in one.evidence:
            name.append(f"\n{sentence}", style="not bold dim")
        labels = "\n".join(one.classes)
        table.add_row(labels, one.last_read or "-", one.last_write or "-", one.owner or "-", name)
    if answer.datasets:
        parts += [Text(""), table]
    parts += more(len(answer.datasets), _ROWS, "datasets; --format json has all")
    return Group(*parts, footer(answer.window, answer.coverage))

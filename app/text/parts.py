"""What every text answer shares: the verdict on top, the window and coverage below."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lineage.analyses.listening.coverage import Coverage, Window


def verdict(sentence: str) -> Text:
    """The sentence that answers the question."""
    return Text(sentence + "\n", style="bold")


def footer(window: Window, coverage: Coverage) -> RenderableType:
    """The days that the answer is about and how well was listened."""
    days = f"{window.first} to {window.last}" if window.first else "no log"
    return Text(
        f"\nwindow: {days} ({day_count(window.days)}) · coverage: {coverage.text}", style="dim"
    )


def more(total: int, shown: int, what: str) -> list[RenderableType]:
    """A line for what the table leaves out; nothing when it leaves out nothing."""
    return [Text(f"+{total - shown} more {what}", style="dim")] if total > shown else []


def rows(*headings: str) -> Table:
    """An empty table; a heading that ends in `>` stands right; the last column takes the room."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings[:-1]:
        right = heading.endswith(">")
        table.add_column(heading.rstrip(">"), justify="right" if right else "left", no_wrap=True)
    table.add_column(headings[-1], overflow="fold", ratio=1)
    return table


def day_count(days: int) -> str:
    """`1 day`, `90 days`."""
    return "1 day" if days == 1 else f"{days} days"

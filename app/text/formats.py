"""The log formats, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from ingest.record import Format


def render(formats: Iterable[Format]) -> RenderableType:
    """A paragraph a format: its name, what it is, and how to export it."""
    parts: list[RenderableType] = []
    for one in formats:
        line = Text(one.name, style="bold")
        line.append(f"  {one.title}", style="not bold")
        parts += [line, Text(f"    {one.export}\n", style="dim")]
    return Group(*parts)

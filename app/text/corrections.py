"""Corrected edges, for a terminal."""

from __future__ import annotations

import msgspec
from rich.console import RenderableType
from rich.text import Text

from app.text.escaping import printable
from app.text.parts import rows, verdict
from lineage.analyses.corrections import Corrections
from lineage.analyses.journal import actors
from lineage.store import Store


class Corrected(msgspec.Struct, frozen=True):
    """An edge that was taken out. at: ISO 8601. actor: a pseudonym when the name is gone."""

    number: int
    source: str
    target: str
    at: str
    actor: str
    reason: str


class Listed(msgspec.Struct, frozen=True):
    """The corrections that stand."""

    corrections: tuple[Corrected, ...]


def listing(store: Store, standing: Corrections) -> Listed:
    """The corrections with the names of those who made them."""
    known = actors(store, {one.entry.actor for one in standing.standing})
    return Listed(
        tuple(
            Corrected(
                one.entry.number,
                str(one.source),
                str(one.target),
                one.entry.at,
                known.get(one.entry.actor, one.entry.actor),
                one.entry.reason,
            )
            for one in standing.standing
        )
    )


def render(answer: Listed) -> RenderableType:
    """A row a correction."""
    if not answer.corrections:
        return verdict("No edge was corrected.")
    table = rows("number>", "since", "who", "edge")
    for one in answer.corrections:
        edge = Text(printable(f"{one.source} -> {one.target}"))
        edge.append("\n" + printable(one.reason), style="dim")
        table.add_row(str(one.number), one.at[:10], Text(printable(one.actor)), edge)
    return table

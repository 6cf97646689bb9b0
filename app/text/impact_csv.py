"""An impact report as CSV: a row an item, in the order of the list."""

from __future__ import annotations

from app.text.escaping import csv_table
from app.text.impact_report import Report

_HEADINGS = (
    "ring", "kind", "id", "who", "team", "contact", "level", "severity", "band", "certainty",
    "base", "importance", "cause", "roles", "columns", "path", "last", "next", "late_minutes",
    "alive", "statement",
)  # fmt: skip


def render(report: Report) -> str:
    """The items as CSV, the same set as the list; lists within a cell are joined by `; `."""
    contacts = {part.team: part.contact for part in report.parts}
    rows = []
    for line in report.lines:
        item = line.item
        rows.append((
            item.ring.value, item.kind, item.id, line.who, item.team or "",
            contacts.get(item.team or "", ""), item.level, item.severity, item.band, item.certainty,
            item.base, item.importance, item.cause, "; ".join(item.roles), "; ".join(item.columns),
            "; ".join(item.path), item.last or "", item.next or "", item.late,
            str(item.alive).lower(), item.statement or "",
        ))  # fmt: skip
    return csv_table(_HEADINGS, rows)

"""An impact report for programs: the answer, the gate, and a notice a team."""

from __future__ import annotations

import msgspec

from app.text.impact_report import Report
from lineage.analyses.breaking.impact import Impact


def render(report: Report, answer: Impact) -> str:
    """One JSON document: `store`, the fields of the answer, `notices` by team, `gate` if asked."""
    document: dict[str, object] = {"store": report.store, **msgspec.to_builtins(answer)}
    document["notices"] = {part.team: part.notice for part in report.parts if part.notice}
    if report.gate:
        document["gate"] = msgspec.to_builtins(report.gate)
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"

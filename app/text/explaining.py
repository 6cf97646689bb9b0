"""Why a statement belongs to a consumer, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.parts import rows, verdict
from ingest.explaining import Explanation, Fired, QueryExplanation


def render(answer: Explanation) -> RenderableType:
    """The verdict, then a row a rule that fired, the winner first."""
    table = rows("confidence>", "rule", "where", "consumer")
    for one in answer.rules:
        table.add_row(f"{one.confidence:.2f}", one.rule, one.place, _consumer(one))
    found = f"{len(answer.comments)} comments" if len(answer.comments) != 1 else "1 comment"
    note = Text(f"\n{found} in the statement; class of the login: {answer.principal_class}", "dim")
    return Group(verdict(answer.verdict), table, note)


def _consumer(one: Fired) -> Text:
    text = Text(one.consumer, style="bold")
    text.append(f"  {one.kind}{', a job even when it reads' if one.writes else ''}", "not bold dim")
    person = f"person: {one.person}" if one.person else ""
    for line in filter(None, (one.why, person, one.url, one.text)):
        text.append(f"\n{line}", style="not bold dim")
    return text


def render_query(answer: QueryExplanation) -> RenderableType:
    """The verdict, the masked statement, then a row for everyone who ran it."""
    table = rows("runs>", "kind", "by", "consumer")
    for one in answer.ran:
        name = Text(one.consumer, style="bold")
        name.append(f"\nlogin {one.principal}, {one.principal_class}", style="not bold dim")
        table.add_row(f"{one.runs:,}", one.kind, one.rule, name)
    return Group(verdict(answer.verdict), Text(f"{answer.sql[:500]}\n", style="dim"), table)

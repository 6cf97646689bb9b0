"""Certificates of disuse, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.text.parts import footer, more, rows, verdict
from lineage.analyses.proof.certificate import Certificate, CounterExample, Fact, Missing
from lineage.analyses.proof.verifying import Difference, Verification

_ROWS = 5
_LONGEST = 300  # characters of a statement; JSON has all
_MARKS = {True: ("yes", "green"), False: ("no", "red"), None: ("?", "yellow")}


def render(answer: Certificate, *, explain: bool) -> RenderableType:
    """The verdict, the conditions, what speaks against it or is missing, and the way out of use."""
    parts: list[RenderableType] = [verdict(answer.verdict), _conditions(answer.facts)]
    parts.append(_explained(answer.facts) if explain else Text(""))
    if answer.counter_example:
        parts.append(_counter_example(answer.counter_example))
    elif answer.missing:
        parts.append(_missing(answer.missing))
    if answer.added:
        added = [f"{one.dataset}  {one.because}" for one in answer.added]
        parts.append(_block("Goes with it:", added, "datasets; --format json has all"))
    if answer.runbook:
        parts.append(_runbook(answer))
    why = f" ({answer.why_window})" if answer.why_window else ""
    silence = f"silence asked for: {answer.window.days} days{why}"
    return Group(*parts, Text(f"{silence}\nevidence: {answer.evidence_hash}", style="dim"),
                 footer(answer.window, answer.coverage))  # fmt: skip


def render_verification(answer: Verification) -> RenderableType:
    """The verdict, what changed, and the statements when nothing did."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    if answer.changes:
        parts.append(_block("What changed:", [_change(one) for one in answer.changes], "changes"))
    if answer.drops:
        parts.append(Text("To be run by whoever may, in this order:", "bold"))
        parts += [*(_copied(f"  {drop}") for drop in answer.drops), Text("")]
    return Group(*parts, Text(f"evidence: {answer.evidence_hash}", style="dim"),
                 footer(answer.window, answer.coverage))  # fmt: skip


def _conditions(facts: Sequence[Fact]) -> Table:
    table = rows("holds", "condition", "found")
    for fact in facts:
        word, colour = _MARKS[fact.holds]
        table.add_row(Text(word, style=colour), Text(fact.condition.sentence), Text(fact.value))
    return table


def _explained(facts: Sequence[Fact]) -> RenderableType:
    """For each condition the command that shows the same, and the statements behind it."""
    lines: list[RenderableType] = []
    for fact in facts:
        lines.append(Text(f"\n{fact.condition.sentence}: {fact.value}", style="bold"))
        lines.append(Text(f"  {fact.query}", style="cyan"))
        for trace in fact.evidence[:_ROWS]:
            lines.append(Text(f"  {trace.what}: {trace.text}"))
            lines += [Text(f"    {_cut(trace.statement)}", "dim")] if trace.statement else []
        lines += more(len(fact.evidence), _ROWS, "in --format json")
    return Group(*lines, Text(""))


def _counter_example(one: CounterExample) -> RenderableType:
    """Who it is, and the way there with the statement of each step, once."""
    title = f" “{one.title}”" if one.title else ""
    team = f", team {one.team}" if one.team else ""
    lines = [f"{one.who}{title}{team}"] if title or team or not one.path else []
    lines += [one.path[0].source] if one.path else []
    for before, step in zip((None, *one.path), one.path, strict=False):
        lines.append(f"→ {step.target}{f', last on {step.last}' if step.last else ''}")
        if step.statement and (before is None or before.statement != step.statement):
            lines.append(f"    {_cut(step.statement)}")
    return _block("Counter-example:", lines, "lines", len(lines))


def _missing(missing: Sequence[Missing]) -> RenderableType:
    lines = []
    for one in missing:
        place = f" ({one.place})" if one.place else ""
        text = f"\n    {_cut(one.statement)}" if one.statement else ""
        lines.append(f"{one.what}{place}{text}")
    return _block("Missing:", lines, "things; --format json has all")


def _runbook(answer: Certificate) -> RenderableType:
    lines: list[RenderableType] = [Text("The way out of use; nothing of it was run:", "bold")]
    for number, action in enumerate(answer.runbook, 1):
        lines.append(Text(f"  {number}. {action.step}: {action.text}"))
        lines += [_copied(f"       {command}") for command in action.commands]
    return Group(*lines, Text(""))


def _cut(statement: str) -> str:
    return statement if len(statement) <= _LONGEST else f"{statement[:_LONGEST]} …"


def _change(one: Difference) -> str:
    was, now = one.was or "not there", one.is_now or "not there"
    return f"{one.what}\n    was: {was}\n    is:  {now}"


def _block(heading: str, lines: Sequence[str], what: str, most: int = _ROWS) -> RenderableType:
    """A heading and at most so many lines under it."""
    shown = [Text(f"  {line}") for line in lines[:most]]
    return Group(Text(heading, style="bold"), *shown, *more(len(lines), most, what), Text(""))


def _copied(command: str) -> Text:
    """A line that is whole when it is copied, however narrow the terminal is."""
    return Text(command, style="cyan", no_wrap=True, overflow="ignore")

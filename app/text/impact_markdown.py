"""An impact report as Markdown: for a pull request, a ticket, a mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.text.escaping import markdown as plain
from app.text.escaping import markdown_code
from app.text.impact_report import Line, Part, Report
from app.text.impact_words import HEADINGS, MEANINGS, store_name
from lineage.analyses.breaking.policy import Action, Ruling
from lineage.analyses.breaking.weights import Ring
from lineage.analyses.wording import quantity

# The comment of a pull request is found again by this line and replaced, never repeated.
MARKER = "<!-- lineage impact -->"
_OPEN = 10  # items of a ring that stand open; the rest is folded
_STATEMENT = 2_000  # characters
_LARGEST = 60_000  # characters; GitHub refuses a comment beyond 65,536
_SIGNS = {Action.ALLOW: "✅", Action.WARN: "⚠️", Action.BLOCK: "⛔"}


def render(report: Report) -> str:
    """The report as GitHub and GitLab show it; a report too long for a comment says what is cut."""
    head = "\n".join(_head(report))
    foot = "\n".join(_foot(report))
    parts = ["\n".join(_part(part)) for part in report.parts]
    room = _LARGEST - len(head) - len(foot)
    shown: list[str] = []
    for text in parts:
        if room < len(text):
            left = quantity(len(parts) - len(shown), "more team")
            shown.append(f"**{left}: the report is cut here; the CSV and JSON forms have all.**\n")
            break
        room -= len(text)
        shown.append(text)
    return "\n".join([head, *shown, foot])


def _head(report: Report) -> Iterator[str]:
    yield MARKER
    yield f"### {plain(report.verdict)}\n"
    if report.gate:
        yield from _gate(report.gate)
    yield f"**Change:** {plain(report.change)}\n"
    if report.parts:
        yield "| tell | contact | what happens to theirs | first noticed |"
        yield "| --- | --- | --- | --- |"
        for part in report.parts:
            cells = (part.team, part.contact or "-", part.counts, part.noticed or "-")
            yield f"| {' | '.join(map(plain, cells))} |"
        yield ""


def _gate(ruling: Ruling) -> Iterator[str]:
    yield f"{_SIGNS[ruling.action]} **{plain(ruling.verdict)}**\n"
    for finding in ruling.findings[:_OPEN]:
        what = f"{plain(finding.item)}: {plain(finding.reason)} (rule “{plain(finding.rule)}”)"
        yield f"- {finding.action.value}: {what}"
    more = len(ruling.findings) - _OPEN
    yield f"- and {more:,} more findings\n" if more > 0 else ""


def _part(part: Part) -> Iterator[str]:
    yield f"#### {plain(part.team)}: {plain(part.counts)}\n"
    for ring in Ring:
        lines = part.of(ring)
        if lines:
            yield f"**{HEADINGS[ring]}** ({len(lines)}). {MEANINGS[ring]}\n"
            yield from map(_line, lines[:_OPEN])
            yield from _folded(f"{len(lines) - _OPEN:,} more", map(_line, lines[_OPEN:]))
            yield ""
    proofs = [line for line in part.lines if line.item.statement and line.excerpt]
    yield from _folded("The statements that prove it", map(_proof, proofs[:_OPEN]))
    notice = [markdown_code(part.notice, "text")] if part.notice else []
    yield from _folded("A notice ready to send", notice)


def _line(line: Line) -> str:
    way = f", by way of {' → '.join(line.way)}" if line.way else ""
    said = f"{line.item.kind}; {'; '.join(line.details)}{way}"
    factors = f"; {line.factors}" if line.factors else ""
    return f"- **{plain(line.who)}** {line.item.level}: {plain(said + factors)}"


def _proof(line: Line) -> str:
    text = line.item.statement or ""
    cut = text if len(text) <= _STATEMENT else f"{text[:_STATEMENT]} …"
    return f"\n{plain(line.who)}\n\n{markdown_code(cut, 'sql')}\n"


def _folded(summary: str, body: Iterable[str]) -> Iterator[str]:
    text = "\n".join(body)
    if text:
        yield f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>\n"


def _foot(report: Report) -> Iterator[str]:
    if report.doubts:
        yield f"**Could not be judged** ({len(report.doubts)})\n"
        for doubt in report.doubts[: 2 * _OPEN]:
            yield f"- {plain(doubt.who)}: {plain(doubt.reason)}"
        more = len(report.doubts) - 2 * _OPEN
        yield f"- and {more:,} more\n" if more > 0 else ""
    said = " ".join([report.heard, *report.notes, f"Asked of {store_name(report.store)}."])
    yield f"<sub>{plain(said)}</sub>\n"

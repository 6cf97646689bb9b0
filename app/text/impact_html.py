"""An impact report as one HTML file: no script, nothing fetched; it may be mailed or printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.text.escaping import hypertext as plain
from app.text.impact_report import Line, Part, Report
from app.text.impact_words import HEADINGS, MEANINGS, store_name
from lineage.analyses.breaking.weights import Ring

_STYLE = """
:root { color-scheme: light; --text: #1c2430; --back: #fff; --faint: #5b6675; --line: #d8dee6;
  --code: #f4f6f8; --fails: #a3161f; --wrong: #b26a00; --stale: #46648c; --good: #1c7c46 }
@media screen and (prefers-color-scheme: dark) { :root { color-scheme: dark; --text: #e5e9f0;
  --back: #151b26; --faint: #9aa5b5; --line: #313b4b; --code: #1f2836; --fails: #ff8a8f;
  --wrong: #ffb35c; --stale: #8fb0da; --good: #6fcf97 } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: var(--text); background: var(--back) }
h1 { font-size: 1.4rem } h2 { font-size: 1.15rem; margin-top: 2rem; padding-top: 1rem;
  border-top: 1px solid var(--line) } h3 { font-size: 1rem; margin-bottom: .3rem }
h3.fails { color: var(--fails) } h3.wrong { color: var(--wrong) } h3.stale { color: var(--stale) }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { text-align: left; padding: .2rem 1.2rem .2rem 0; border-bottom: 1px solid var(--line) }
li { margin: .4rem 0 } pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .6rem;
  background: var(--code); border-radius: 4px; font-size: .85rem }
.small, .level { color: var(--faint); font-size: .9rem } .critical, .high { color: var(--fails);
  font-weight: 600 } .gate { border-left: 4px solid var(--faint); padding: .4rem .8rem }
.block { border-color: var(--fails) } .warn { border-color: var(--wrong) }
.allow { border-color: var(--good) }
"""


def render(report: Report) -> str:
    """The report as a whole HTML document."""
    body = "\n".join([*_head(report), *(text for p in report.parts for text in _part(p))])
    foot = "\n".join(_foot(report))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{plain(report.change)}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n{foot}\n</body></html>\n"
    )


def _head(report: Report) -> Iterator[str]:
    yield f"<h1>{plain(report.verdict)}</h1>"
    yield f"<p>Change: {plain(report.change)}</p>"
    if gate := report.gate:
        yield f'<div class="gate {gate.action.value}"><p>{plain(gate.verdict)}</p>'
        found = (
            f"{one.action.value}: {plain(one.item)}: {plain(one.reason)} (rule “{plain(one.rule)}”)"
            for one in gate.findings
        )
        yield f"{_list(found)}</div>"
    if report.parts:
        yield "<table><tr><th>tell<th>contact<th>what happens to theirs<th>first noticed</tr>"
        for part in report.parts:
            cells = (part.team, part.contact or "-", part.counts, part.noticed or "-")
            yield f"<tr>{''.join(f'<td>{plain(cell)}' for cell in cells)}</tr>"
        yield "</table>"


def _part(part: Part) -> Iterator[str]:
    yield f"<h2>{plain(part.team)}: {plain(part.counts)}</h2>"
    for ring in Ring:
        if lines := part.of(ring):
            yield f'<h3 class="{ring.value}">{HEADINGS[ring]} ({len(lines)})</h3>'
            yield f'<p class="small">{MEANINGS[ring]}</p>{_list(map(_line, lines))}'
    if part.notice:
        yield "<details><summary>A notice ready to send</summary>"
        yield f"<pre>{plain(part.notice)}</pre></details>"


def _line(line: Line) -> str:
    item = line.item
    said = "; ".join(filter(None, [item.kind, *line.details, line.factors]))
    way = f"<br>by way of {plain(' → '.join(line.way))}" if line.way else ""
    proof = (
        f"<details><summary>statement</summary><pre>{plain(item.statement)}</pre></details>"
        if item.statement
        else ""
    )
    return (
        f'<b title="{plain(item.id)}">{plain(line.who)}</b>'
        f' <span class="{plain(item.level)}">{plain(item.level)}</span>'
        f'<br><span class="small">{plain(said)}{way}</span>{proof}'
    )


def _list(entries: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{entry}' for entry in entries)}</ul>"


def _foot(report: Report) -> Iterator[str]:
    if report.doubts:
        yield f"<h2>Could not be judged ({len(report.doubts)})</h2>"
        yield _list(f"{plain(one.who)}: {plain(one.reason)}" for one in report.doubts)
    said = " ".join([report.heard, *report.notes, f"Asked of {store_name(report.store)}."])
    yield f'<p class="small">{plain(said)}</p>'

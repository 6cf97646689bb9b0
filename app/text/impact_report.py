"""The one report of a change that every form is made from: terminal, page, Markdown, HTML, CSV.

It holds sentences, not markup: what a form adds is only its escaping and its layout.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from app.text.impact_notice import notice
from app.text.impact_words import CAUTION, count_in_words, name_in, step_name, who
from lineage.analyses.breaking.impact import Impact
from lineage.analyses.breaking.items import Item, TeamImpact
from lineage.analyses.breaking.lateness import UNTIMED
from lineage.analyses.breaking.policy import Ruling
from lineage.analyses.breaking.weights import Ring
from lineage.analyses.listening.coverage import Coverage, Window
from lineage.analyses.wording import lasting, quantity

NO_TEAM = "no known team"
_EXCERPT = 200  # characters
_STEPS = 4  # of a way that are named
_BEFORE = 60  # characters of an excerpt before the word that matters


class Line(msgspec.Struct, frozen=True):
    """One item as people read it.

    who: what they call it. details: how sure, in which roles, when it is read next. way: the names
    between the subject and it, at most five; empty when it reads the subject itself. excerpt: of
    the masked statement, around the name that changes. factors: what makes its severity.
    """

    item: Item
    who: str
    details: tuple[str, ...]
    way: tuple[str, ...]
    excerpt: str
    factors: str


class Part(msgspec.Struct, frozen=True):
    """What one team has to know. noticed: the first day that one of theirs is expected to read.

    notice: ready to send; empty when nobody is known to send it to.
    """

    team: str
    contact: str
    counts: str
    noticed: str | None
    lines: tuple[Line, ...]
    notice: str

    def of(self, ring: Ring) -> list[Line]:
        """Its lines of that ring."""
        return [line for line in self.lines if line.item.ring is ring]


class Doubt(msgspec.Struct, frozen=True):
    """What could not be judged, and why."""

    who: str
    reason: str
    statement: str


class Report(msgspec.Struct, frozen=True):
    """What a change does, in the order in which it is read.

    store: the URL that was asked. lines: every item, the worst ring first; parts: the same lines
    by team. heard: window and coverage in a sentence. notes: what the answer leaves out.
    """

    store: str
    change: str
    verdict: str
    gate: Ruling | None
    lines: tuple[Line, ...]
    parts: tuple[Part, ...]
    doubts: tuple[Doubt, ...]
    heard: str
    notes: tuple[str, ...]
    truncated: bool

    def of(self, ring: Ring) -> list[Line]:
        """The lines of that ring."""
        return [line for line in self.lines if line.item.ring is ring]


def report_of(
    answer: Impact, *, store: str, ruling: Ruling | None = None, explain: bool = False
) -> Report:
    """The report of an answer. store: the URL that was asked. explain: with the factors."""
    lines = tuple(_line(item, answer, explain=explain) for item in answer.items)
    by_id = {(line.item.team, line.item.id): line for line in lines}
    heard = heard_sentence(answer.window, answer.coverage)
    parts = []
    for team in answer.teams:
        mine = [by_id[team.team, id_] for id_ in dict.fromkeys(team.items)]
        mine.sort(key=lambda line: (list(Ring).index(line.item.ring), -line.item.severity))
        items = [line.item for line in mine]
        text = notice(answer.change, items, heard) if team.team else ""
        parts.append(_part(team, mine, text, answer.window.last or ""))
    return Report(
        store,
        answer.change,
        answer.verdict,
        ruling,
        lines,
        tuple(parts),
        tuple(Doubt(name_in(one.id), one.reason, one.statement or "") for one in answer.unjudged),
        heard,
        tuple(_notes(answer)),
        answer.truncated,
    )


def numbered(answer: Impact, people: Collection[str]) -> dict[str, str]:
    """What stands for each of these people in a report that leaves the house."""
    ids = [item.id for item in answer.items] + [one.id for one in answer.unjudged]
    order = dict.fromkeys(id_ for id_ in ids if id_ in people)
    return {id_: f"person:{number}" for number, id_ in enumerate(order, 1)}


def without_people(answer: Impact, names: Mapping[str, str]) -> Impact:
    """The answer as it may leave the house: persons are told apart, not named."""

    def of(id_: str) -> str:
        return names.get(id_, id_)

    return msgspec.structs.replace(
        answer,
        items=tuple(
            msgspec.structs.replace(
                item,
                id=of(item.id),
                title=f"a person ({names[item.id].partition(':')[2]})"
                if item.id in names
                else item.title,
                path=tuple(map(of, item.path)),
            )
            for item in answer.items
        ),
        teams=tuple(
            msgspec.structs.replace(team, items=tuple(map(of, team.items))) for team in answer.teams
        ),
        unjudged=tuple(msgspec.structs.replace(one, id=of(one.id)) for one in answer.unjudged),
    )


def ruled_without_people(ruling: Ruling, names: Mapping[str, str]) -> Ruling:
    """The ruling as it may leave the house."""
    verdict = ruling.verdict
    for id_, name in names.items():
        verdict = verdict.replace(id_, name)
    findings = tuple(
        msgspec.structs.replace(one, item=names.get(one.item, one.item)) for one in ruling.findings
    )
    return msgspec.structs.replace(ruling, verdict=verdict, findings=findings)


def heard_sentence(window: Window, coverage: Coverage) -> str:
    """How well was listened, in a sentence: window, coverage, and what is missing."""
    if not window.days:
        return "Nothing is logged about it: only what was declared is known."
    days = quantity(window.days, "day")
    text = f"Seen in {days}, {window.first} to {window.last}; logs cover {coverage.text}."
    if coverage.holes:
        shown, more = coverage.holes[:3], len(coverage.holes) - 3
        text += f" No log of {', '.join(shown)}{f' and {more} more' if more > 0 else ''}."
    return text


def _part(team: TeamImpact, lines: Sequence[Line], text: str, as_of: str) -> Part:
    expected = [line.item.next for line in lines if line.item.next and line.item.alive]
    return Part(
        team.team or NO_TEAM,
        team.contact,
        count_in_words(team.fails, team.wrong, team.stale),
        min((day for day in expected if day > as_of), default=None),
        tuple(lines),
        text,
    )


def _line(item: Item, answer: Impact, *, explain: bool) -> Line:
    factors = (
        f"severity {item.severity} = 100 × base {item.base} × certainty {item.certainty}"
        f" × importance {item.importance}"
    )
    floor = round(100 * item.base * item.certainty * item.importance) < item.severity
    return Line(
        item,
        who(item),
        tuple(_details(item, answer)),
        _way([step_name(step) for step in item.path[1:]]),
        _excerpt(item),
        f"{factors}{', raised: what certainly fails is never below high' if floor else ''}"
        if explain
        else "",
    )


def _details(item: Item, answer: Impact) -> list[str]:
    said = [f"{item.band}{f' ({item.cause})' if item.cause else ''}"]
    if item.roles:
        said.append("uses it as " + ", ".join(map(_role, item.roles)))
    elif answer.change.split()[1:2] == ["column"] and len(item.path) == 2 and item.kind == "job":
        said.append("fills it")
    if item.columns:
        said.append(f"{quantity(len(item.columns), 'column')}: {', '.join(item.columns)}")
    if item.late:
        said.append(f"{'up to ' if item.cause == UNTIMED else ''}{lasting(item.late)} late")
    if item.next and item.alive:
        overdue = item.next <= (answer.window.last or "")
        said.append(f"{'read due since' if overdue else 'next read'} {item.next}")
    elif item.last:
        said.append(f"last read {item.last}{'' if item.alive else ', has fallen silent'}")
    return said


def _way(steps: Sequence[str]) -> tuple[str, ...]:
    """The steps between, without the definitions of views, and the middle of a long way counted."""
    definitions = {f"view {one}" for one in steps}
    shown = [one for one in steps[:-1] if one not in definitions]
    hidden = len(shown) - _STEPS
    if hidden <= 1:
        return tuple(shown)
    return (shown[0], f"{hidden} more", *shown[1 + hidden :])


_ROLES = {"IDENTITY": "output", "TRANSFORMATION": "input of a computed column"}


def _role(role: str) -> str:
    return _ROLES.get(role, role.lower().replace("_", " "))


def _excerpt(item: Item) -> str:
    """The part of the statement where the subject's name stands; nothing of what gets stale."""
    if not item.statement or item.ring is Ring.STALE:
        return ""
    text = " ".join(item.statement.split())
    # The step before the last names what the statement reads.
    names = [re.split(r"[.:/]", step)[-1] for step in reversed(item.path[:-1])]
    start = 0
    for name in filter(None, names):
        if found := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
            start = max(0, found.start() - _BEFORE)
            break
    if len(text) <= _EXCERPT:
        return text
    start = min(start, len(text) - _EXCERPT)
    start = text.rfind(" ", 0, start) + 1
    end = text.find(" ", start + _EXCERPT)
    end = len(text) if end < 0 else end
    return f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"


def _notes(answer: Impact) -> list[str]:
    notes = []
    if answer.truncated:
        notes.append(CAUTION)
    if answer.elsewhere:
        notes.append(f"{quantity(answer.elsewhere, 'dataset')} outside production not shown.")
    if answer.ignored:
        notes.append(f"{quantity(answer.ignored, 'bot')} not counted.")
    return notes

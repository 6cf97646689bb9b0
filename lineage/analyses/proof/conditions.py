"""The eight conditions: what was found of each, and what would have to be known for the rest."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from lineage.analyses.proof.certificate import Condition, Fact, Missing, Trace
from lineage.analyses.proof.gaps import Unread
from lineage.analyses.proof.heard import Source, ranges
from lineage.analyses.proof.looked import Looked
from lineage.analyses.proof.statements import statement_of
from lineage.analyses.reach.graph import Link
from lineage.analyses.wording import listed, quantity
from lineage.calendar import iso_day, iso_or_none
from lineage.model import EdgeType

_Found = tuple[Fact, list[Missing]]
_TRACES = 20  # readers whose statements are shown
_NAMED = 5  # ranges of days in a sentence


def conditions(looked: Looked) -> tuple[tuple[Fact, ...], tuple[Missing, ...]]:
    """The facts in the order of the conditions, and all that is missing."""
    found = [condition(looked) for condition in _CONDITIONS]
    facts = tuple(fact for fact, _ in found)
    return facts, tuple(one for _, missing in found for one in missing)


def _path(looked: Looked) -> _Found:
    root = looked.closure.root
    query = _command("downstream", looked)
    if root is None:
        added = len(looked.members) - len(looked.asked)
        more = f"; {quantity(added, 'dead dependant')} added" if added else ""
        tied = [Trace(str(one), why) for one, why in looked.closure.members.items() if why]
        return Fact(Condition.PATH, True, f"no path{more}", query, tuple(tied)), []
    ends = [root.links[0].source, *(link.target for link in root.links)]
    steps = " → ".join(map(looked.short, ends))
    traces = tuple(_trace(looked, link) for link in root.links)
    return Fact(Condition.PATH, False, steps, query, traces), []


def _reads(looked: Looked) -> _Found:
    found = looked.closure
    outside = sorted(found.outside, key=_last, reverse=True)
    recent = [link for link in outside if _is_recent(link, looked)]
    since = iso_day(found.since)
    if recent:
        readers = quantity(len(recent), "direct reader")
        value = f"{readers} since {since}, {_when(looked, recent[0])}"
    elif found.root is not None and found.root.claim == "":
        value = f"read through what is made of it since {since}"
    elif found.root is not None:
        value = f"read for {found.root.at.name}, which is {found.root.claim}"
    elif outside:
        value = f"none since {since}; {_when(looked, outside[0])}"
    else:
        value = f"none since {since}, and none before"
    bots = f"; {quantity(len(found.bots), 'bot')} not counted" if found.bots else ""
    query = _command("who-uses", looked, f"--window {found.silence.days}d")
    shown, ignored = outside[:_TRACES], found.bots[:_TRACES]
    looked.graph.out([link.target for link in (*shown, *ignored)], EdgeType.RAN)  # all at once
    counted = [_trace(looked, link) for link in shown]
    counted += [_trace(looked, link, "bot: ") for link in ignored]
    return Fact(Condition.READS, found.root is None, value + bots, query, tuple(counted)), []


def _coverage(looked: Looked) -> _Found:
    sources, missing = looked.heard.sources, list[Missing]()
    for source in sources:
        missing += _silent(source)
    missing += [
        Missing(
            Condition.COVERAGE,
            f"no log of {one.namespace} was imported, and nothing is declared of it",
            str(one),
            one.namespace,
        )
        for one in looked.heard.unheard
    ]
    days = [
        f"{one.name} {len(one.days)} of {len(one.days) + len(one.holes)} days"
        f", access without log: {one.paths}"
        for one in sources
    ]
    days += [
        f"{namespace} no log"
        for namespace in sorted({one.namespace for one in looked.heard.unheard})
    ]
    traces = tuple(
        Trace(one.name, f"not logged: {listed(ranges(one.holes)) or '-'}") for one in sources
    )
    query = _command("who-uses", looked, f"--window {looked.closure.silence.days}d --format json")
    holds = None if missing else True
    return Fact(Condition.COVERAGE, holds, "; ".join(days) or "no log", query, traces), missing


def _silent(source: Source) -> list[Missing]:
    """What is missing of one source: days, and what is known of access without a log."""
    found = []
    if source.holes:
        days = ranges(source.holes)
        what = f"{quantity(len(source.holes), 'day')} of {source.name} without a log: {_some(days)}"
        found.append(Missing(Condition.COVERAGE, what, source=source.name, days=days))
    if source.paths == "unknown":
        what = f"which access paths of {source.name} leave no log (`unlogged` in sources.yml)"
        found.append(Missing(Condition.COVERAGE, what, source=source.name))
    elif source.paths != "none":
        what = f"what was read of {source.name} by {source.paths}, which leaves no log"
        found.append(Missing(Condition.COVERAGE, what, source=source.name))
    return found


def _unread(looked: Looked) -> _Found:
    missing = [
        Missing(
            Condition.UNREAD,
            _letter(one),
            str(one.dataset),
            one.source,
            (iso_day(one.day),) if one.day >= 0 else (),
            one.reason,
            one.words,
            f"{one.file}:{one.line}" if one.file else "",
            one.sql or None,
        )
        for one in looked.unread
    ]
    count = sum({one.key: one.count for one in looked.unread}.values())
    value = f"{quantity(count, 'statement')} may name it" if missing else "none"
    traces = tuple(Trace(one.place, one.what, one.statement) for one in missing[:_TRACES])
    query = "lineage dead-letters --top 1000 --format json"
    return Fact(Condition.UNREAD, None if missing else True, value, query, traces), missing


def _letter(one: Unread) -> str:
    times = f"{quantity(one.count, 'statement')} not understood ({one.reason})"
    when = f" of {iso_day(one.day)}" if one.day >= 0 else " of an unknown day"
    said = f"the words {listed(one.words)}" if one.words else "words that are not known"
    return f"{times}{when} with {said}, which may name {one.dataset.name}"


def _dynamic(looked: Looked) -> _Found:
    missing = [
        Missing(
            Condition.DYNAMIC,
            f"what dynamic SQL did to {one.dataset.name}: {one.why}, last on"
            f" {iso_day(one.dynamic.last)}",
            str(one.dataset),
            one.dynamic.source,
            (iso_day(one.dynamic.last),),
            "dynamic SQL",
            statement=one.dynamic.sql,
        )
        for one in looked.unexplained
    ]
    value = (
        quantity(len({one.key for one in looked.unexplained}), "template") if missing else "none"
    )
    traces = tuple(Trace(one.source or "", one.what, one.statement) for one in missing[:_TRACES])
    query = _command("prove-unused", looked, "--explain")
    return Fact(Condition.DYNAMIC, None if missing else True, value, query, traces), missing


def _prefix(looked: Looked) -> _Found:
    below = [f"{other.name} lies under {member.name}" for member, other in looked.below]
    above = [f"{link.source.name}, which holds it, {_when(looked, link)}" for link in looked.above]
    said = [*below, *above]
    value = f"{said[0]}{f', +{len(said) - 1} more' if len(said) > 1 else ''}" if said else "none"
    traces = tuple(Trace("path", one) for one in said[:_TRACES])
    query = _command("prove-unused", looked, "--explain")
    return Fact(Condition.PREFIX, not said, value, query, traces), []


def _claims(looked: Looked) -> _Found:
    standing = {one: looked.closure.standing[one] for one in looked.members}
    claims = [(one, claim) for one, said in standing.items() for claim in said.claims]
    waits = [(one, wait) for one, said in standing.items() for wait in said.waits]
    missing = [
        Missing(Condition.CLAIMS, f"{wait}, about {one.name}", str(one)) for one, wait in waits
    ]
    said = [f"{one.name} is {claim}" for one, claim in claims] + [one.what for one in missing]
    holds = False if claims else None if waits else True
    traces = tuple(Trace("decision", text) for text in said)
    value = listed(said) or "none"
    return Fact(Condition.CLAIMS, holds, value, _about("support", looked), traces), missing


def _agreed(looked: Looked) -> _Found:
    standing = {
        one: looked.closure.standing[one].agreed
        for one in looked.members
        if one not in looked.closure.aliases and not looked.is_gone(one)
    }
    missing = [
        Missing(Condition.AGREED, f"nobody agreed to delete {one.name}", str(one))
        for one, agreed in standing.items()
        if agreed is None
    ]
    agreed = [Trace(one.name, said) for one, said in standing.items() if said is not None]
    value = f"{len(agreed)} of {quantity(len(standing), 'dataset')}"
    query = _about("deprecate", looked)
    return Fact(Condition.AGREED, None if missing else True, value, query, tuple(agreed)), missing


_CONDITIONS: tuple[Callable[[Looked], _Found], ...] = (
    _path, _reads, _coverage, _unread, _dynamic, _prefix, _claims, _agreed,
)  # fmt: skip


def _is_recent(link: Link, looked: Looked) -> bool:
    return link.activity.last is None or link.activity.last >= looked.closure.since


def _last(link: Link) -> tuple[int, str]:
    return link.activity.last or 0, str(link.target)


def _when(looked: Looked, link: Link) -> str:
    last, who = iso_or_none(link.activity.last), looked.called(link.target)
    return f"last on {last} by {who}" if last else f"declared of {who}"


def _trace(looked: Looked, link: Link, mark: str = "") -> Trace:
    seen = link.activity
    days = f"{quantity(seen.total, 'time')} on {quantity(len(seen.days), 'day')}"
    last = f", last on {iso_day(seen.last)}" if seen.last is not None else ""
    what = f"{mark}{looked.short(link.source)} → {looked.called(link.target)}"
    return Trace(what, days + last if seen.days else "declared", statement_of(looked.graph, link))


def _some(items: Sequence[str]) -> str:
    """The first of many, and how many more."""
    more = [f"{len(items) - _NAMED} more"] if len(items) > _NAMED else []
    return listed([*items[:_NAMED], *more])


def _about(command: str, looked: Looked) -> str:
    """A command about the first dataset that was asked for, as a shell takes it."""
    return f"lineage {command} {shlex.quote(str(looked.asked[0]))}"


def _command(command: str, looked: Looked, options: str = "") -> str:
    """The same, as of the day that was looked at."""
    return f"{_about(command, looked)} --as-of {iso_day(looked.as_of)} {options}".rstrip()

"""How well was listened about a set: the days that each source should have logged, and has.

Other answers shorten their window to the days since the first log. A proof does not: a day before
it is a day on which nobody listened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from lineage.analyses.listening.coverage import Coverage, SourceDays, quiet_weekdays
from lineage.analyses.listening.listening import (
    UNKNOWN,
    Listening,
    listening,
    paths_without_log,
)
from lineage.analyses.reach.graph import Graph
from lineage.analyses.wording import quantity
from lineage.calendar import iso_day, weekday
from lineage.model import Activity, EdgeType, Origin
from lineage.names import DatasetId

_EVENTS = "openlineage"  # the source of events in the ledger


class Source(msgspec.Struct, frozen=True):
    """What a source has logged in a span of days. holes: days that it should have, and has not.

    said: what was declared of it.
    """

    name: str
    days: tuple[int, ...]
    holes: tuple[int, ...]
    said: tuple[Listening, ...]

    @property
    def paths(self) -> str:
        """The access paths that leave no log: `unknown`, `none`, or their names."""
        return paths_without_log([self.said])


class Heard(msgspec.Struct, frozen=True):
    """What was logged about a set. unheard: members that no source could tell of."""

    sources: tuple[Source, ...]
    unheard: tuple[DatasetId, ...]


def heard(
    graph: Graph,
    members: Collection[DatasetId],
    aliases: Collection[DatasetId],
    first: int,
    last: int,
) -> Heard:
    """The sources whose statements could name a member, and their days from first to last.

    aliases: members that are only other names of others, which need no source of their own.
    """
    logged = {
        name: Activity.of({day: 1 for day in seen.days if 0 <= day <= last})
        for name, seen in graph.store.logged().items()
    }
    logged = {name: seen for name, seen in logged.items() if seen.days}
    said = listening(graph.store)
    # All at once; what follows asks for one member at a time.
    graph.out(members, EdgeType.NAMED_IN)
    graph.out(members, EdgeType.READ_BY)
    graph.into(members, EdgeType.WRITES)
    near = {member: _near(graph, member) & logged.keys() for member in members}
    names = sorted({name for found in near.values() for name in found})
    return Heard(
        tuple(_source(name, logged[name], said.get(name, ()), first, last) for name in names),
        tuple(
            member
            for member, found in near.items()
            if member not in aliases and not _is_heard(member, found, said)
        ),
    )


def _is_heard(
    member: DatasetId, sources: Collection[str], said: Mapping[str, tuple[Listening, ...]]
) -> bool:
    """Whether a dataset's own namespace has a log, or others tell of all that happens in it."""
    home = member.namespace
    if home in sources:
        return True
    return bool(sources) and paths_without_log([said.get(home, ())]) == "none"


def _near(graph: Graph, member: DatasetId) -> set[str]:
    """The sources that may tell of a dataset: its own, and those that did."""
    found = {member.namespace}
    found |= {link.target.namespace for link in graph.out([member], EdgeType.NAMED_IN)}
    ends = (graph.out([member], EdgeType.READ_BY), graph.into([member], EdgeType.WRITES))
    if any(Origin.OPENLINEAGE in link.origins for links in ends for link in links):
        found.add(_EVENTS)
    return found


def _source(
    name: str, logged: Activity, said: tuple[Listening, ...], first: int, last: int
) -> Source:
    declared = [one for one in said if one.schedule]
    quiet, seen = quiet_weekdays(logged), set(logged.days)
    expected = (
        day
        for day in range(first, last + 1)
        if day not in seen
        and (any(one.expects(day) for one in declared) if declared else weekday(day) not in quiet)
    )
    return Source(name, logged.between(first, last).days, tuple(expected), said)


def coverage_of(found: Heard, statements: int, unread: int, corrected: int) -> Coverage:
    """The coverage of an answer that was heard so.

    statements: how many templates name the set; unread: of records that may.
    """
    missing = {day for source in found.sources for day in source.holes}
    expected = max((len(one.days) + len(one.holes) for one in found.sources), default=0)
    logged = max(0, expected - len(missing))
    text = f"{logged} of {expected} days" if expected else "nothing is logged"
    if unread:
        text += f", {quantity(unread, 'unread statement')}"
    understood = statements / (statements + unread) if unread else 1.0
    return Coverage(
        text,
        round(logged / expected * understood, 4) if expected else 0.0,
        logged,
        expected,
        ranges(sorted(missing)),
        statements,
        unread,
        tuple(
            SourceDays(one.name, len(one.days), len(one.days) + len(one.holes), ranges(one.holes))
            for one in found.sources
        ),
        _paths(found.sources),
        corrected,
    )


def _paths(sources: Sequence[Source]) -> str:
    return paths_without_log([one.said for one in sources]) if sources else UNKNOWN


def ranges(days: Iterable[int]) -> tuple[str, ...]:
    """Sorted days as ISO dates, those in a row as `2026-10-01..2026-10-04`."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][1] == day - 1:
            runs[-1][1] = day
        else:
            runs.append([day, day])
    return tuple(
        iso_day(one) if one == other else f"{iso_day(one)}..{iso_day(other)}" for one, other in runs
    )

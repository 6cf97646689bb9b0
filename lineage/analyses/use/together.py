"""What a dataset is used together with: the other datasets that the same statements read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set

import msgspec

from lineage.analyses.reach.graph import Graph, Link
from lineage.calendar import iso_or_none
from lineage.model import Activity, EdgeType, Role
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, ProcessId


class Together(msgspec.Struct, frozen=True):
    """Another dataset that statements read along with this one.

    reads: of such statements, in the window; total: in the whole history; last: an ISO date.
    users: the consumers and jobs that do it. columns, other_columns: those of this dataset (or of
    a view over it) and of the other by which they are joined, as far as that is known.
    """

    dataset: str
    reads: int
    total: int
    last: str | None
    users: tuple[str, ...]
    columns: tuple[str, ...]
    other_columns: tuple[str, ...]


def used_together(
    graph: Graph,
    bases: Sequence[DatasetId],
    users: Mapping[ProcessId, Activity],
    first: int,
    last: int,
) -> tuple[Together, ...]:
    """The datasets that these users read in one statement with one of the bases, most read first.

    bases: a dataset and the views through which it is read; the first is the dataset. A user of
    whom no statement is known, such as a run that only names its inputs, counts on the days on
    which it read both. users: with what they read of the bases. first, last: the days that count.
    """
    queries = {link.target for link in graph.out(bases, EdgeType.NAMED_IN)}
    ran = [link for link in graph.into(queries, EdgeType.RAN) if link.source in users]
    meetings = _of_statements(graph, bases, ran)
    stated = {link.source for link in ran}
    _add_runs(graph, bases, {u: seen for u, seen in users.items() if u not in stated}, meetings)
    joins = _join_columns(graph, set(bases), meetings)
    found = [
        _together(other, seen, _keys(bases, other, seen, joins), first, last)
        for other, seen in meetings.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.reads, -one.total, one.dataset)))


_Meetings = dict[DatasetId, dict[ProcessId, Activity]]


def _of_statements(graph: Graph, bases: Collection[DatasetId], ran: Collection[Link]) -> _Meetings:
    """Who read what else in these runs of statements that name a base, how often and when."""
    named: dict[NodeId, set[DatasetId]] = {}
    for link in graph.into({link.target for link in ran}, EdgeType.NAMED_IN):
        if isinstance(link.source, DatasetId) and link.source not in bases:
            named.setdefault(link.target, set()).add(link.source)
    others = {other for found in named.values() for other in found}
    # What a statement names it may as well write.
    reads = {(link.source, link.target) for link in graph.out(others, EdgeType.READ_BY)}
    meetings: _Meetings = {}
    for link in ran:
        if isinstance(link.source, JobId | ConsumerId):
            for other in named.get(link.target, ()):
                if (other, link.source) in reads:
                    _add(meetings, other, link.source, link.activity)
    return meetings


def _add_runs(
    graph: Graph,
    bases: Collection[DatasetId],
    users: Mapping[ProcessId, Activity],
    meetings: _Meetings,
) -> None:
    """Adds what users without a statement read on the same days."""
    silent = users.keys() - {link.source for link in graph.out(users, EdgeType.RAN)}
    for link in graph.into(sorted(silent, key=str), EdgeType.READ_BY):
        if isinstance(link.source, DatasetId) and link.source not in bases:
            assert isinstance(link.target, JobId | ConsumerId)
            both = _least(users[link.target], link.activity)
            if both.days:
                _add(meetings, link.source, link.target, both)


def _add(meetings: _Meetings, other: DatasetId, user: ProcessId, seen: Activity) -> None:
    mine = meetings.setdefault(other, {})
    mine[user] = mine.get(user, Activity()).plus(seen)


def _least(one: Activity, other: Activity) -> Activity:
    """The lesser count day by day: no more than so many runs can have read both."""
    counts = dict(zip(other.days, other.counts, strict=True))
    mine = zip(one.days, one.counts, strict=True)
    return Activity.of({day: min(count, counts.get(day, 0)) for day, count in mine})


_JoinColumns = dict[NodeId, dict[DatasetId, set[str]]]


def _join_columns(
    graph: Graph, bases: Set[DatasetId], others: Collection[DatasetId]
) -> _JoinColumns:
    """By which columns of these datasets each user joins, and whatever else he joins if it matters.

    A service that runs thousands of statements joins half of all columns: of those who join several
    of the others nothing more is read.
    """
    held = graph.out([*bases, *others], EdgeType.HAS_COLUMN)
    found = _by_user(graph.out({link.target for link in held}, EdgeType.USED_BY, role=Role.JOIN))
    unsure = [u for u, mine in found.items() if len(mine) > 1 == len(mine.keys() - bases)]
    return found | _by_user(graph.into(unsure, EdgeType.USED_BY, role=Role.JOIN))


def _by_user(found: Iterable[Link]) -> _JoinColumns:
    joins: _JoinColumns = {}
    for link in found:
        if isinstance(link.source, ColumnId):
            mine = joins.setdefault(link.target, {})
            mine.setdefault(link.source.dataset, set()).add(link.source.name)
    return joins


def _keys(
    bases: Collection[DatasetId],
    other: DatasetId,
    users: Iterable[ProcessId],
    joins: _JoinColumns,
) -> tuple[set[str], set[str]]:
    """By which columns of a base and of the other these users join the two.

    Columns of one name are taken to meet; others only when a user joins nothing else.
    """
    ours: set[str] = set()
    theirs: set[str] = set()
    for user in users:
        columns = joins.get(user, {})
        near = {name for base in bases for name in columns.get(base, ())}
        far = columns.get(other, set())
        common = {name.casefold() for name in near} & {name.casefold() for name in far}
        if common:
            ours |= {name for name in near if name.casefold() in common}
            theirs |= {name for name in far if name.casefold() in common}
        elif near and far and columns.keys() <= {*bases, other}:
            ours |= near
            theirs |= far
    return ours, theirs


def _together(
    other: DatasetId,
    seen: Mapping[ProcessId, Activity],
    keys: tuple[set[str], set[str]],
    first: int,
    last: int,
) -> Together:
    every = Activity()
    for activity in seen.values():
        every = every.plus(activity)
    return Together(
        str(other),
        every.between(first, last).total,
        every.total,
        iso_or_none(every.last),
        tuple(sorted(map(str, seen))),
        tuple(sorted(keys[0])),
        tuple(sorted(keys[1])),
    )

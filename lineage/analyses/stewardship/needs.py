"""What consumers need of a dataset, as the logs show it: columns, freshness, volume, for whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from lineage.analyses.breaking.impacted import people_among
from lineage.analyses.breaking.judging import is_required
from lineage.analyses.breaking.lateness import usual_times
from lineage.analyses.listening.coverage import Coverage, Logs, Window
from lineage.analyses.reach.graph import ANY_COLUMN, Graph, Link
from lineage.analyses.stewardship.deciding import owner_of
from lineage.analyses.use.rollup import domains
from lineage.analyses.use.usage import Use, who_uses
from lineage.calendar import cadence, iso_or_none
from lineage.model import Activity, EdgeType, Role
from lineage.names import ColumnId, DatasetId, TeamId
from lineage.store import Store

_QUARTER = 15  # minutes
_AT_ONCE = 8  # quarters of an hour: what is written at more of them arrives all day long
_NO_PLACE = 10**6  # after all columns whose place is known


class NeededColumn(msgspec.Struct, frozen=True):
    """A column that somebody uses. required: whether no nulls are promised; None: not known.

    consumers: how many are alive and use it. teams: whose those are.
    """

    name: str
    type: str
    required: bool | None
    description: str
    roles: tuple[Role, ...]
    consumers: int
    teams: tuple[str, ...]


class Needing(msgspec.Struct, frozen=True):
    """A consumer or job that is alive and uses the dataset. whole: it reads every column.

    person: whether it is a person, who is not named where this is passed on. next: an ISO date.
    """

    consumer: str
    title: str
    kind: str
    team: str | None
    columns: tuple[str, ...]
    cadence: str
    next: str | None
    whole: bool
    person: bool


class Needs(msgspec.Struct, frozen=True):
    """What the living consumers of a dataset need.

    columns: those used, in the order of the dataset. unused: the names of the others.
    cadence: the rhythm of the writes; period: its days, None when it has none. arrival: minutes
    after midnight UTC by which the last write of the day has usually ended; None when not known.
    last_write: an ISO date. rows: of the last known write; None when nobody told. view: whether it
    is as fresh as what it shows.
    """

    dataset: str
    kind: str
    owner: str | None
    contact: str
    domain: str | None
    description: str
    columns: tuple[NeededColumn, ...]
    unused: tuple[str, ...]
    consumers: tuple[Needing, ...]
    cadence: str
    period: float | None
    arrival: int | None
    last_write: str | None
    rows: int | None
    view: bool
    window: Window
    coverage: Coverage


def needs(store: Store, dataset: DatasetId, as_of: int | None = None, window: int = 90) -> Needs:
    """What the consumers that are alive need of a dataset."""
    uses = who_uses(store, dataset, None, as_of, window)
    living = [use for use in uses.consumers if use.alive and not use.superseded]
    graph = Graph(store, Logs(store, as_of, window).as_of)
    node = graph.nodes([dataset])[dataset]
    writes = graph.current(graph.into([dataset], EdgeType.WRITES))
    view = any(graph.is_view(link.source) for link in writes)
    seen, clock = _together(writes)
    rhythm = cadence(seen, graph.as_of)
    times = usual_times(clock)
    columns, unused = _columns(graph, dataset, living)
    owner = owner_of(store, dataset)
    team = TeamId("team", owner) if owner else None
    places = domains(graph, [dataset, *([team] if team else [])])
    rows = node.value("rows_written") or node.value("rows")
    people = people_among(store, [use.consumer for use in living])
    return Needs(
        str(dataset),
        node.value("kind") or ("view" if view else "table"),
        owner,
        graph.nodes([team])[team].value("contact") if team else "",
        places.get(dataset) or (places.get(team) if team else None),
        node.value("description"),
        columns,
        unused,
        tuple(_needing(use, use.consumer in people) for use in living),
        rhythm.kind,
        rhythm.period,
        (max(times) + 1) * _QUARTER if 0 < len(times) <= _AT_ONCE and not view else None,
        iso_or_none(seen.last),
        int(rows) if rows.isdecimal() else None,
        view,
        uses.window,
        uses.coverage,
    )


def _together(writes: Iterable[Link]) -> tuple[Activity, Activity]:
    """The days and the times of day of all writes."""
    seen, clock = Activity(), Activity()
    for link in writes:
        seen, clock = seen.union(link.activity), clock.plus(link.clock)
    return seen, clock


def _columns(
    graph: Graph, dataset: DatasetId, living: Sequence[Use]
) -> tuple[tuple[NeededColumn, ...], tuple[str, ...]]:
    """The columns that somebody uses, and the names of the others."""
    held = [link.target for link in graph.out([dataset], EdgeType.HAS_COLUMN)]
    known = {one.name: one for one in held if isinstance(one, ColumnId)}
    nodes = graph.nodes(known.values())
    names = {*known, *(name for use in living for name in use.columns)} - {ANY_COLUMN}
    users = {
        name: [use for use in living if name in use.columns or ANY_COLUMN in use.columns]
        for name in names
    }
    place = {name: nodes[one].value("ordinal") for name, one in known.items()}
    order = sorted(names, key=lambda name: (int(place.get(name) or _NO_PLACE), name))
    found = [
        _column(graph, known.get(name, ColumnId(dataset, name)), users[name])
        for name in order
        if users[name]
    ]
    return tuple(found), tuple(name for name in order if not users[name])


def _column(graph: Graph, column: ColumnId, users: Sequence[Use]) -> NeededColumn:
    node = graph.nodes([column])[column]
    roles = {role for use in users for role in use.column_roles.get(column.name, ())}
    return NeededColumn(
        column.name,
        node.value("type"),
        is_required(graph, column) or None,
        node.value("description"),
        tuple(sorted(roles, key=list(Role).index)),
        len(users),
        tuple(sorted({use.team for use in users if use.team})),
    )


def _needing(use: Use, person: bool) -> Needing:
    return Needing(
        use.consumer,
        use.title,
        use.kind,
        use.team,
        tuple(name for name in use.columns if name != ANY_COLUMN),
        use.cadence,
        use.next,
        ANY_COLUMN in use.columns,
        person,
    )

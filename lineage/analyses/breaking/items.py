"""What breakage means to people: one line per dataset, job and consumer, and one per team."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from lineage.analyses.breaking.breakage import Breakage, Mark
from lineage.analyses.breaking.weights import RINGS, Ring, weights
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.people import Profile, contacts, owners, profiles
from lineage.analyses.use.importance import greatest_behind, importance_of, is_alive
from lineage.calendar import cadence, iso_or_none
from lineage.model import Activity, Role
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, ProcessId, TeamId


class Item(msgspec.Struct, frozen=True):
    """A dataset, job or consumer that a change reaches.

    severity: 0 to 100, level: critical, high, medium or low. certainty: of the weakest edge of the
    best path, band: certain, likely or possible, cause: what makes it weak. base, certainty,
    importance: 0.0 to 1.0. columns: those of the dataset that change. path: ids from the subject
    to the item. statement: the masked text of the last step. last, next: ISO dates of a consumer's
    last and next expected read. late: minutes after its usual time, for a delay.
    """

    ring: Ring
    kind: str
    id: str
    title: str
    team: str | None
    severity: int
    level: str
    band: str
    base: float
    certainty: float
    cause: str
    importance: float
    roles: tuple[Role, ...]
    columns: tuple[str, ...]
    path: tuple[str, ...]
    statement: str | None
    alive: bool
    last: str | None
    next: str | None
    late: int = 0


class TeamImpact(msgspec.Struct, frozen=True):
    """What a change means for one team: how many of its items by ring, and which, worst first."""

    team: str | None
    contact: str
    fails: int
    wrong: int
    stale: int
    severity: int
    items: tuple[str, ...]


def items_of(
    breakage: Breakage, subjects: Collection[NodeId | None], as_of: int
) -> tuple[tuple[Item, ...], int]:
    """Everything that was reached, once, in its worst ring; and how many bots were left out.

    The subjects of the changes are no items.
    """
    graph = breakage.graph
    worst, columns = _worst(breakage)
    found = {node: mark for node, mark in worst.items() if node not in subjects}
    processes: list[ProcessId] = [n for n in found if isinstance(n, JobId | ConsumerId)]
    known = profiles(graph, processes)
    bots = {process for process in processes if _is_bot(known[process])}
    shown = {n: mark for n, mark in found.items() if n not in bots and not _stands_in(graph, n)}
    weighed = _importance(breakage, known, as_of)
    teams: dict[NodeId, TeamId | None] = {who: one.team for who, one in known.items()}
    teams |= owners(graph, [node for node in shown if isinstance(node, DatasetId)])
    texts = graph.nodes(m.link.sample.query for m in shown.values() if m.link and m.link.sample)
    items = []
    for node, mark in shown.items():
        sample = mark.link.sample if mark.link else None
        changed = columns.get(node, set())
        items.append(
            _item(
                mark,
                node,
                known.get(node) if isinstance(node, JobId | ConsumerId) else None,
                teams.get(node),
                max(weighed.get(part, 0.0) for part in (node, *changed)),
                tuple(sorted(column.name for column in changed)),
                texts[sample.query].value("sql") or None if sample else None,
                breakage.reads.get(node, Activity()) if isinstance(node, ConsumerId) else None,
                as_of,
            )
        )
    items.sort(key=lambda item: (RINGS.index(item.ring), -item.severity, -item.importance, item.id))
    return tuple(items), len(bots)


def teams_of(graph: Graph, items: Sequence[Item]) -> tuple[TeamImpact, ...]:
    """The items by team, the worst first; None gathers those of whom no team is known."""
    by_team: dict[str | None, list[Item]] = {}
    for item in items:
        by_team.setdefault(item.team, []).append(item)
    reach = contacts(graph, [TeamId("team", name) for name in by_team if name])
    found = [
        TeamImpact(
            team=name,
            contact=reach[TeamId("team", name)] if name else "",
            fails=sum(item.ring is Ring.FAILS for item in mine),
            wrong=sum(item.ring is Ring.WRONG for item in mine),
            stale=sum(item.ring is Ring.STALE for item in mine),
            severity=max(item.severity for item in mine),
            items=tuple(item.id for item in sorted(mine, key=lambda item: -item.severity)),
        )
        for name, mine in by_team.items()
    ]
    found.sort(key=lambda one: (-one.fails, -one.wrong, -one.severity, one.team or "~"))
    return tuple(found)


def _worst(breakage: Breakage) -> tuple[dict[NodeId, Mark], dict[NodeId, set[ColumnId]]]:
    """The mark to tell of per dataset, job and consumer; and the changed columns of datasets.

    A dataset that loses a column runs on: its result changes silently.
    """
    worst: dict[NodeId, Mark] = {}
    columns: dict[NodeId, set[ColumnId]] = {}
    for node, mark in ((node, mark) for (_, node), mark in breakage.marks.items()):
        shown = node
        if isinstance(node, ColumnId):
            shown = node.dataset
            columns.setdefault(shown, set()).add(node)
            mark = msgspec.structs.replace(mark, ring=Ring.WRONG)
        known = worst.get(shown)
        if known is None or _is_worse(mark, known):
            worst[shown] = mark
    return worst, columns


def _is_worse(mark: Mark, known: Mark) -> bool:
    if mark.ring is known.ring:
        return mark.is_better_than(known)
    return RINGS.index(mark.ring) < RINGS.index(known.ring)


def _is_bot(profile: Profile) -> bool:
    """A bot that only reads; a job run by one still makes data that others use."""
    return profile.system and isinstance(profile.process, ConsumerId)


def _stands_in(graph: Graph, node: NodeId) -> bool:
    """Whether a job stands for something else: the definition of a view, work on test data."""
    return isinstance(node, JobId) and (graph.is_elsewhere(node) or graph.is_view(node))


def _importance(
    breakage: Breakage, known: Mapping[ProcessId, Profile], as_of: int
) -> dict[NodeId, float]:
    """Consumers by themselves; all before them by the greatest alive one that they reach."""
    own: dict[NodeId, float] = {}
    living: dict[NodeId, float] = {}
    for reader, activity in breakage.reads.items():
        profile = known[reader]
        if not profile.system:
            own[reader] = importance_of(profile, activity, as_of)
            if is_alive(profile, activity, as_of):
                living[reader] = own[reader]
    return greatest_behind(living.items(), breakage.before) | own


def _item(
    mark: Mark,
    node: NodeId,
    profile: Profile | None,
    team: TeamId | None,
    importance: float,
    columns: tuple[str, ...],
    statement: str | None,
    reads: Activity | None,
    as_of: int,
) -> Item:
    severity = weights().severity_of(mark.ring, mark.base, mark.certainty, importance)
    return Item(
        ring=mark.ring,
        kind=type(node).__name__.removesuffix("Id").lower(),
        id=str(node),
        title=profile.title if profile else "",
        team=team.name if team else None,
        severity=severity,
        level=weights().level(severity),
        band=weights().band(mark.certainty),
        base=mark.base,
        certainty=mark.certainty,
        cause=mark.cause,
        importance=importance,
        roles=mark.roles,
        columns=columns,
        path=tuple(map(str, mark.path)),
        statement=statement,
        alive=profile is None or reads is None or is_alive(profile, reads, as_of),
        last=iso_or_none(reads.last) if reads else None,
        next=iso_or_none(cadence(reads, as_of).next) if reads else None,
        late=mark.late,
    )

"""What an entity stands for in the graph: facts of nodes, owners, declared edges.

A fact that comes with every event is dated by the day, so that a job that runs each minute changes
the graph once a day and not once a minute. Where that makes two of them equal, the base facts
decide: what was said before is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import msgspec

from ingest.deriving.additions import Additions
from ingest.folding.cells import day_of, iso
from ingest.openlineage.entities import APART, Entity, EntityId, Said
from ingest.openlineage.facets import OWNERSHIP, SCHEMA, TAGS
from ingest.openlineage.runs import edges_of
from lineage.calendar import iso_day
from lineage.model import Activity, Edge, EdgeKey, EdgeType, Evidence, Fact, Node, Origin
from lineage.names import ColumnId, DatasetId, NodeId, team

_SHOWN = 10  # names of failed checks in one fact
_DECLARED = Evidence.of(provenance=0.9)

Facts = dict[NodeId, dict[str, Fact]]


class Standing(msgspec.Struct, frozen=True):
    """A part of the graph."""

    facts: Facts = {}
    edges: dict[EdgeKey, Edge] = {}


class _Aspect(msgspec.Struct, frozen=True):
    """A side of an entity that is derived for itself.

    view: what decides it, cheap to compare. stands: what it stands for.
    """

    view: Callable[[Entity], object]
    stands: Callable[[EntityId, Entity], Standing]


def replace(entity: EntityId, before: Entity, after: Entity, add: Additions) -> None:
    """Adds what makes the graph know `after` where it knew `before`."""
    add.node(entity)
    for aspect in _ASPECTS:
        if aspect.view(before) != aspect.view(after):
            _exchange(aspect.stands(entity, before), aspect.stands(entity, after), add)


def _exchange(was: Standing, now: Standing, add: Additions) -> None:
    for node, facts in now.facts.items():
        known = was.facts.get(node, {})
        if facts != known:
            add.facts(Node(node, facts))
    for node, facts in was.facts.items():
        still = now.facts.get(node, {})
        # A later fact wins by itself.
        gone = {name: fact for name, fact in facts.items() if still.get(name, _NOTHING) < fact}
        if gone:
            add.unsaid.append(Node(node, gone))
    for key in was.edges.keys() - now.edges.keys():
        add.undone[key] = None
    for key in now.edges.keys() - was.edges.keys():
        add.take(now.edges[key])


_NOTHING = Fact("", "")


def _day(time: int) -> str:
    return _date(day_of(time))


_date = lru_cache(maxsize=4096)(iso_day)


def _newest(said: dict[str, Said]) -> Said | None:
    """What was said last and not deleted, whoever said it."""
    live = [one for one in said.values() if one.rows is not None]
    return max(live, key=lambda one: one.rank) if live else None


def _plain(entity: Entity) -> Iterator[tuple[str, Said]]:
    """The facets that are facts, as they were said last."""
    for facet, said in entity.said.items():
        if facet not in (SCHEMA, OWNERSHIP, TAGS):
            newest = _newest(said)
            if newest is not None:
                yield facet, newest


def _facts_view(entity: Entity) -> object:
    return {facet: (day_of(said.time), said.rows) for facet, said in _plain(entity)}


def _facts(entity: EntityId, known: Entity) -> Standing:
    found: Facts = {}
    for _, said in _plain(known):
        day = _day(said.time)
        for name, value, *column in said.rows or ():
            whose = (
                ColumnId(entity, column[0]) if column and isinstance(entity, DatasetId) else entity
            )
            facts, fact = found.setdefault(whose, {}), Fact(day, value)
            facts[name] = max(facts.get(name, fact), fact)  # two facets may tell one fact
    return Standing(found)


def _owners_view(entity: Entity) -> object:
    return {row for said in entity.said.get(OWNERSHIP, {}).values() for row in said.rows or ()}


def _owners(entity: EntityId, known: Entity) -> Standing:
    rows = (row for said in known.said.get(OWNERSHIP, {}).values() for row in said.rows or ())
    keys = (
        EdgeKey(EdgeType.OWNS, team(name), entity, origin=Origin.OPENLINEAGE) for name, _ in rows
    )
    return Standing(edges={key: Edge(key) for key in keys})


def _tags_view(entity: Entity) -> object:
    said = entity.said.get(TAGS, {})
    newest = _newest(said)
    return newest and (day_of(newest.time), [one.rows for _, one in sorted(said.items())])


def _tags(entity: EntityId, known: Entity) -> Standing:
    """Tags as one fact each of the entity and its columns: `pii, tier=gold`."""
    said = known.said.get(TAGS, {})
    newest = _newest(said)
    words: dict[NodeId, set[str]] = {}
    for one in said.values():
        for key, value, field in one.rows or ():
            whose = ColumnId(entity, field) if field and isinstance(entity, DatasetId) else entity
            words.setdefault(whose, set()).add(_tag(key, value))
    day = _day(newest.time) if newest else ""
    return Standing({node: {"tags": Fact(day, ", ".join(sorted(w)))} for node, w in words.items()})


def _tag(key: str, value: str) -> str:
    return key if value.lower() in ("", "true") else f"{key}={value}"


def _columns_view(entity: Entity) -> object:
    lists = {
        producer: (day_of(said.time), said.rows)
        for producer, said in entity.said.get(SCHEMA, {}).items()
    }
    return lists, entity.past, {c: (day_of(t), *rest) for c, (t, *rest) in entity.read.items()}


def _columns(entity: EntityId, known: Entity) -> Standing:
    """The columns: as listed last, else as read; dropped when listed no more."""
    if not isinstance(entity, DatasetId):
        return Standing()
    found: dict[str, dict[str, str]] = {}
    at: dict[str, str] = {}
    for name, (time, type_, about) in known.read.items():
        found[name], at[name] = {"type": type_, "description": about}, _day(time)
    lists = known.said.get(SCHEMA, {}).values()
    for said in sorted(lists, key=lambda said: said.rank):
        for name, type_, about, place in said.rows or ():
            found[name] = {"type": type_, "description": about, "ordinal": place}
            at[name] = _day(said.time)
    facts: Facts = {
        ColumnId(entity, name): {
            fact: Fact(at[name], value) for fact, value in said.items() if value
        }
        for name, said in found.items()
    }
    for name, time in _lost(known).items():
        facts.setdefault(ColumnId(entity, name), {})["dropped"] = Fact(iso(time), "true")
    return Standing(facts)


def _lost(known: Entity) -> dict[str, int]:
    """The columns that no producer lists any more, and nobody has read since."""
    lists = known.said.get(SCHEMA, {})
    there = {row[0] for said in lists.values() for row in said.rows or ()}
    lost: dict[str, int] = {}
    for producer, columns in known.past.items():
        for name, time in columns.items() if lists[producer].rows is not None else ():
            if name not in there and known.read.get(name, (0,))[0] <= time:
                lost[name] = max(lost.get(name, time), time)
    return lost


def _checks_view(entity: Entity) -> object:
    return {name: (day_of(time), failed) for name, (time, failed) in entity.checks.items()}


def _checks(entity: EntityId, known: Entity) -> Standing:
    """How many checks there are, and which of them failed last, of the entity and its columns."""
    if not known.checks:
        return Standing()
    day = _day(max(time for time, _ in known.checks.values()))
    failed = sorted(name.split(APART) for name, (_, failed) in known.checks.items() if failed)
    named = [f"{name}({column})" if column else name for name, column in failed]
    facts: Facts = {
        entity: {
            "checks": Fact(day, str(len(known.checks))),
            "failed_checks": Fact(day, _some(named)),
        }
    }
    if isinstance(entity, DatasetId):
        for column in sorted({column for _, column in failed if column}):
            names = [name for name, other in failed if other == column]
            facts[ColumnId(entity, column)] = {"failed_checks": Fact(day, _some(names))}
    return Standing(facts)


def _some(names: list[str]) -> str:
    more = f" +{len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _life_view(entity: Entity) -> object:
    return entity.lapse and (entity.lapse, entity.intact)


def _life(entity: EntityId, known: Entity) -> Standing:
    """Whether a dataset is dropped; whether the lineage of a job is known to be incomplete."""
    if known.lapse is None:
        return Standing()
    (time, text), intact = known.lapse, known.intact
    lapsed = intact is None or intact <= time
    at = iso(time if intact is None or lapsed else intact)
    if not isinstance(entity, DatasetId):
        return Standing({entity: {"incomplete": Fact(at, text if lapsed else "")}})
    facts = {"dropped": Fact(at, "true" if lapsed else "false")}
    if lapsed and text:
        facts["renamed_to"] = Fact(at, text)
    return Standing({entity: facts})


def _declared_view(entity: Entity) -> object:
    return {producer: one.key for producer, one in entity.declared.items()}


def _declared(entity: EntityId, known: Entity) -> Standing:
    edges = {
        edge.key: edge
        for declaration in known.declared.values()
        for fact in declaration.facts
        for edge in edges_of(fact, Origin.DECLARED, Activity(), _DECLARED)
    }
    return Standing(edges=edges)


_ASPECTS = (
    _Aspect(_facts_view, _facts),
    _Aspect(_owners_view, _owners),
    _Aspect(_tags_view, _tags),
    _Aspect(_columns_view, _columns),
    _Aspect(_checks_view, _checks),
    _Aspect(_life_view, _life),
    _Aspect(_declared_view, _declared),
)

"""Nodes and relationships of the Neo4j store: what a person reads in Neo4j Browser, and back.

A node has `namespace`, `name`, for a column `dataset`, and its facts as plain properties; when
each fact was true from is in `stamps`. A relationship has what `body` gives; `first` and `last` are
dates, `days` count from 1970-01-01, `quarters` of an hour from midnight UTC. Names and facts travel
as parameters, never as Cypher.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from lineage.model import (
    Activity,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Fact,
    Origin,
    Role,
    Sample,
    Sighting,
)
from lineage.names import JobId, NodeId, PrincipalId, QueryId
from lineage.stores.codec import last_part, spell, unspell

Row = list[Any]
Properties = dict[str, Any]
Kind = tuple[Role | None, JobId | PrincipalId | None, Origin, Evidence, bool]
Seen = tuple[Activity, Activity]

# What is read of a relationship, in the order that `edge` expects.
KEY: Final = ("role", "via", "origin")
_FACTORS: Final = ("provenance", "parse", "resolve")
_CLOCK: Final = ("quarters", "quarter_counts")
BODY: Final = (
    *("days", "counts", "certainty", *_FACTORS),
    *("sample", "named", "quarters", "quarter_counts"),
)
_RESERVED: Final = frozenset({"", "namespace", "dataset", "name", "last_part", "stamps"})
_stamps: Final = msgspec.json.Decoder(dict[str, str])
_EPOCH: Final = date(1970, 1, 1)


def id_row(node: NodeId) -> Row:
    """What finds a node of a label: namespace, dataset, name, last part."""
    _, namespace, dataset, name = spell(node)
    return [namespace, dataset, name, last_part(name)]


def via_row(node: NodeId) -> list[str]:
    """What a relationship keeps of the node that it goes via: label, namespace, name."""
    label, namespace, _, name = spell(node)
    return [label, namespace, name]


def _via(label: str, namespace: str, name: str) -> JobId | PrincipalId:
    return (JobId if label == "Job" else PrincipalId)(namespace, name)


def properties(facts: Mapping[str, Fact]) -> dict[str, str]:
    """The properties that hold these facts."""
    values = {_property(name): fact.value for name, fact in facts.items()}
    stamps = {name: fact.at for name, fact in sorted(facts.items())}
    return values | {"stamps": msgspec.json.encode(stamps).decode()}


def facts(properties: Mapping[str, Any]) -> dict[str, Fact]:
    """The facts that these properties of a node hold."""
    stamps = _stamps.decode(properties.get("stamps") or "{}")
    return {name: Fact(at, properties[_property(name)]) for name, at in stamps.items()}


def _property(fact: str) -> str:
    """The property of a fact; `name`, `name_` … give way to the node's own `name`."""
    return f"{fact}_" if fact.rstrip("_") in _RESERVED else fact


# A relationship is written in three parts, each of which many have in common. What goes without
# saying is left out: one of up to eight properties takes the server half the time and memory of one
# with more.
def kind(key: EdgeKey, sighting: Sighting) -> Kind:
    """Which edge between its ends it is, and how sure."""
    return key.role, key.via, key.origin, sighting.evidence, sighting.named


def kind_properties(kind: Kind) -> Properties:
    """The properties of an edge of that kind."""
    role, via, origin, evidence, named = kind
    factors = ((name, float(getattr(evidence, name))) for name in _FACTORS)
    told: Properties = {name: factor for name, factor in factors if factor != 1.0}
    told |= {"origin": origin.value, "certainty": float(evidence.certainty)}
    if role:
        told["role"] = role.value
    if via:
        told["via"] = via_row(via)
    if not named:
        told["named"] = False
    return told


def changed_kind(kind: Kind) -> Properties:
    """What makes an edge one of that kind, whichever it was before."""
    return dict.fromkeys((*_FACTORS, "named")) | kind_properties(kind)


def seen(sighting: Sighting) -> Seen:
    """When it was active."""
    return sighting.activity, sighting.clock


def seen_properties(seen: Seen) -> Properties:
    """The properties of an edge that was active then."""
    activity, clock = seen
    days, told = activity.days, {}
    if days:
        first, last = (_EPOCH + timedelta(day) for day in (days[0], days[-1]))
        told = {"days": days, "counts": activity.counts, "first": first, "last": last}
    if clock.days:
        told |= dict(zip(_CLOCK, (clock.days, clock.counts), strict=True))
    return told


def changed_seen(seen: Seen) -> Properties:
    """What makes an edge one that was active then, whichever it was before."""
    return dict.fromkeys(_CLOCK) | seen_properties(seen)


def proof(key: EdgeKey, sighting: Sighting) -> tuple[str, ...] | None:
    """Its sample: start, key, the query's name, and its namespace if it is not the source's."""
    sample = sighting.sample
    if sample is None:
        return None
    query = sample.query
    apart = () if query.namespace == key.source.namespace else (query.namespace,)
    return (sample.start, sample.key, query.name, *apart)


def _sample(namespace: str, start: str, key: str, query: str, *apart: str) -> Sample:
    return Sample(start, key, QueryId(apart[0] if apart else namespace, query))


def edge_keys(
    type_: EdgeType, group: Sequence[Any], sources: Sequence[str], targets: Sequence[str]
) -> Iterator[EdgeKey]:
    """The keys of the edges between these names; group: both ends but for the name, and KEY."""
    label, namespace, dataset, far_label, far_namespace, far_dataset, *key = group
    said = _key(*key)
    for source, target in zip(sources, targets, strict=True):
        near = unspell(label, namespace, dataset, source)
        yield EdgeKey(type_, near, unspell(far_label, far_namespace, far_dataset, target), *said)


def _key(role: str | None, via: Sequence[str] | None, origin: str) -> tuple[Any, ...]:
    return Role(role) if role else None, _via(*via) if via else None, Origin(origin)


def edge(type_: EdgeType, source: NodeId, target: NodeId, row: Sequence[Any]) -> Edge:
    """The edge whose relationship has the properties KEY and BODY."""
    key = edge_key(type_, source, target, row)
    return sighting(source.namespace, row).of(key)


def edge_key(type_: EdgeType, source: NodeId, target: NodeId, row: Sequence[Any]) -> EdgeKey:
    """The key of that edge."""
    return EdgeKey(type_, source, target, *_key(*row[:3]))


def sighting(namespace: str, row: Sequence[Any]) -> Sighting:
    """What was seen of that edge; namespace: of its source."""
    days, counts, certainty, *factors = row[3:9]
    sample, named, quarters, quarter_counts = row[9:]
    return Sighting(
        Activity(tuple(days or ()), tuple(counts or ())),
        Evidence(certainty, *(1.0 if factor is None else factor for factor in factors)),
        _sample(namespace, *sample) if sample else None,
        named is not False,
        Activity(tuple(quarters or ()), tuple(quarter_counts or ())),
    )

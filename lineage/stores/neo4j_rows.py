"""Nodes and relationships of the Neo4j store: what a person reads in Neo4j Browser, and back.

A node has `namespace`, `name`, for a column `dataset`, and its facts as plain properties; when
each fact was true from is in `stamps`. A relationship has what `EDGE` lists; `first` and `last`
are dates, `days` count from 1970-01-01, `quarters` of an hour from midnight UTC. Names and facts
travel as parameters, never as Cypher.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from lineage.model import Activity, Edge, EdgeKey, EdgeType, Evidence, Fact, Origin, Role, Sample
from lineage.names import JobId, NodeId, PrincipalId, QueryId
from lineage.stores.codec import iso, last_part, spell

Row = list[Any]

# What is read of a relationship, in the order that `edge` expects.
KEY: Final = ("role", "via", "origin")
BODY: Final = (
    "days",
    "counts",
    "certainty",
    "provenance",
    "parse",
    "resolve",
    "sample_start",
    "sample_key",
    "sample_source",
    "sample_query",
    "named",
    "quarters",
    "quarter_counts",
)
EDGE: Final = (*KEY, *BODY, "total", "first", "last")
_RESERVED: Final = frozenset({"", "namespace", "dataset", "name", "last_part", "stamps"})
_stamps: Final = msgspec.json.Decoder(dict[str, str])
_iso: Final = lru_cache(maxsize=4096)(iso)


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


def edge_row(edge: Edge) -> Row:
    """What is written of an edge, in the order of EDGE; None is left out."""
    key, activity, evidence, sample = edge.key, edge.activity, edge.evidence, edge.sample
    days, counts = activity.days, activity.counts
    return [
        key.role.value if key.role else None,
        via_row(key.via) if key.via else None,
        key.origin.value,
        list(days) or None,
        list(counts) or None,
        float(evidence.certainty),
        float(evidence.provenance),
        float(evidence.parse),
        float(evidence.resolve),
        *((sample.start, sample.key, *_query(sample.query)) if sample else (None,) * 4),
        edge.named if key.role or not edge.named else None,  # says something of columns only
        list(edge.clock.days) or None,
        list(edge.clock.counts) or None,
        sum(counts) if counts else None,
        _iso(days[0]) if days else None,
        _iso(days[-1]) if days else None,
    ]


def _query(query: QueryId) -> tuple[str, str]:
    return query.namespace, query.name


def edge_key(type_: EdgeType, source: NodeId, target: NodeId, row: Sequence[Any]) -> EdgeKey:
    """The key of the edge whose relationship has the properties KEY."""
    role, via, origin = row
    return EdgeKey(
        type_,
        source,
        target,
        Role(role) if role else None,
        _via(*via) if via else None,
        Origin(origin),
    )


def edge(type_: EdgeType, source: NodeId, target: NodeId, row: Sequence[Any]) -> Edge:
    """The edge whose relationship has the properties KEY and BODY."""
    days, counts, *factors = row[3:9]
    start, statement, query_source, query, named, quarters, quarter_counts = row[9:]
    return Edge(
        edge_key(type_, source, target, row[:3]),
        Activity(tuple(days or ()), tuple(counts or ())),
        Evidence(*factors),
        Sample(start, statement, QueryId(query_source, query)) if start is not None else None,
        named is not False,
        Activity(tuple(quarters or ()), tuple(quarter_counts or ())),
    )

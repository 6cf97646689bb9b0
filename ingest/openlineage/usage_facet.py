"""Our own facet: the part of a graph for which OpenLineage has no words, so that it comes back.

It holds what the graph knows of a dataset or job to the letter: facts, and the edges that leave it,
with their days, counts and evidence. Each edge is in one facet of an export.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from ingest.deriving.additions import Additions
from ingest.openlineage.events import Event, Json
from lineage.model import (
    Activity,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Fact,
    Node,
    Origin,
    Role,
    Sample,
)
from lineage.names import JobId, NodeId, PrincipalId, QueryId
from lineage.stores.codec import spell, unspell

FACET: Final = "lineageUsage"
SCHEMA: Final = "urn:lineage-usage:facets:1-0-0:UsageFacet.json#/$defs/UsageFacet"
_Place = int  # of an id in `ids`
_NOWHERE: Final[_Place] = -1  # of what is not there


class _Seen(msgspec.Struct, frozen=True, array_like=True):
    """Days since 1970-01-01 and the count of each; or quarters of an hour of the day."""

    days: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()

    @property
    def activity(self) -> Activity:
        """The same as the graph has it."""
        return Activity(self.days, self.counts)


class _Edge(msgspec.Struct, frozen=True, array_like=True):
    """An edge. evidence: provenance, parse, resolve. sample: start, key, and the query's place.

    Without a role it is empty, without a job or login, or a sample, their places are -1.
    """

    type: EdgeType
    source: _Place
    target: _Place
    origin: Origin
    role: str = ""
    via: _Place = _NOWHERE
    activity: _Seen = _Seen()
    evidence: tuple[float, float, float] = (1.0, 1.0, 1.0)
    sample: tuple[str, str, _Place] = ("", "", _NOWHERE)
    named: bool = True
    clock: _Seen = _Seen()


class _Facts(msgspec.Struct, frozen=True, array_like=True):
    """The facts of a node: name → (since when, value)."""

    node: _Place
    facts: dict[str, tuple[str, str]]


class UsageFacet(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a graph. ids: all nodes in it: (label, namespace, dataset of a column, name)."""

    ids: tuple[tuple[str, str, str, str], ...] = ()
    nodes: tuple[_Facts, ...] = ()
    edges: tuple[_Edge, ...] = ()

    @classmethod
    def of(cls, nodes: Iterable[Node], edges: Iterable[Edge]) -> UsageFacet:
        """The facet that holds these."""
        places: dict[NodeId, int] = {}

        def place(node: NodeId) -> int:
            return places.setdefault(node, len(places))

        facts = [
            _Facts(place(node.id), {name: (f.at, f.value) for name, f in node.facts.items()})
            for node in nodes
        ]
        written = tuple(
            _Edge(
                edge.key.type,
                place(edge.key.source),
                place(edge.key.target),
                edge.key.origin,
                edge.key.role or "",
                place(edge.key.via) if edge.key.via else _NOWHERE,
                _Seen(edge.activity.days, edge.activity.counts),
                (edge.evidence.provenance, edge.evidence.parse, edge.evidence.resolve),
                (edge.sample.start, edge.sample.key, place(edge.sample.query))
                if edge.sample
                else ("", "", _NOWHERE),
                edge.named,
                _Seen(edge.clock.days, edge.clock.counts),
            )
            for edge in edges
        )
        told = tuple(one for one in facts if one.facts)
        return cls(tuple(map(spell, places)), told, written)

    def add_to(self, additions: Additions) -> None:
        """Adds all of it."""
        ids = [unspell(*spelled) for spelled in self.ids]
        for node in ids:
            additions.node(node)
        for one in self.nodes:
            facts = {name: Fact(at, value) for name, (at, value) in one.facts.items()}
            additions.facts(Node(ids[one.node], facts))
        for edge in self.edges:
            additions.take(_restored(edge, ids))


def _restored(edge: _Edge, ids: list[NodeId]) -> Edge:
    via = None if edge.via < 0 else ids[edge.via]
    assert via is None or isinstance(via, JobId | PrincipalId)
    sample = None
    role = Role(edge.role) if edge.role else None
    start, key, place = edge.sample
    if place >= 0:
        query = ids[place]
        assert isinstance(query, QueryId)
        sample = Sample(start, key, query)
    return Edge(
        EdgeKey(edge.type, ids[edge.source], ids[edge.target], role, via, edge.origin),
        edge.activity.activity,
        Evidence.of(*edge.evidence),
        sample,
        edge.named,
        edge.clock.activity,
    )


def restored(event: Event) -> list[UsageFacet]:
    """The parts of a graph that an event holds; none when it is no event of an export.

    A facet that cannot be read says nothing: the event is then taken as anybody's.
    """
    found = []
    for facets in _facets(event):
        body = facets.get(FACET)
        if isinstance(body, dict):
            try:
                facet = msgspec.convert(body, UsageFacet)
                facet.add_to(Additions())
            except (msgspec.ValidationError, LookupError, AssertionError, TypeError, ValueError):
                continue
            found.append(facet)
    return found


def _facets(event: Event) -> Iterator[Json]:
    if event.kind == "dataset":
        yield from (dataset.facets for dataset in event.outputs)
    elif event.kind == "job":
        yield event.job_facets


def json_schema() -> dict[str, object]:
    """The JSON Schema of the facet, as it ships beside this module."""
    (schema,), parts = msgspec.json.schema_components([UsageFacet], ref_template="#/$defs/{name}")
    base = {"_producer": {"type": "string", "format": "uri"},
            "_schemaURL": {"type": "string", "format": "uri"}}  # fmt: skip
    whole = parts["UsageFacet"]
    whole["properties"] = base | whole["properties"]
    whole["required"] = ["_producer", "_schemaURL"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA.partition("#")[0],
        **schema,
        "$defs": parts,
    }


if __name__ == "__main__":
    document = msgspec.json.format(msgspec.json.encode(json_schema()), indent=2)
    Path(__file__).with_name("UsageFacet.json").write_bytes(document + b"\n")

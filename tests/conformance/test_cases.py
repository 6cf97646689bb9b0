"""The cases of `cases/*.toml` on every store.

A node is a letter and a name: `d:` dataset, `c:` column (`c:dataset.column`), `j:` job, `u:`
consumer, `p:` principal, `t:` team, `o:` domain, `q:` query; facts follow as `name=value@at`.
An edge is its type, its two nodes, and any of `role=`, `via=`, `origin=`, `days=day:count,…`,
`clock=quarter:count,…`, `parse=` (a factor of the evidence), `sample=start/key`, `unnamed`. A
retraction is a node and an origin. `undone` are edges; `unsaid` are nodes with facts.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from lineage.model import (
    Activity,
    Batch,
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
from lineage.names import (
    ColumnId,
    ConsumerId,
    DatasetId,
    DomainId,
    JobId,
    NodeId,
    PrincipalId,
    QueryId,
    TeamId,
)
from lineage.store import Direction, Store

_LETTERS = {
    "d": DatasetId,
    "j": JobId,
    "u": ConsumerId,
    "p": PrincipalId,
    "t": TeamId,
    "o": DomainId,
    "q": QueryId,
}


def _id(text: str) -> NodeId:
    letter, _, name = text.partition(":")
    if letter == "c":
        dataset, _, column = name.partition(".")
        return ColumnId(DatasetId("ns", dataset), column)
    return _LETTERS[letter]("ns", name)


def _node(text: str) -> Node:
    node, *facts = text.split()
    named = (fact.partition("=") for fact in facts)
    parted = ((name, value.partition("@")) for name, _, value in named)
    return Node(_id(node), {name: Fact(at, value) for name, (value, _, at) in parted})


def _edge(text: str) -> Edge:
    type_, source, target, *rest = text.split()
    said = dict(part.partition("=")[::2] for part in rest)
    start, _, statement = said.get("sample", "").partition("/")
    return Edge(
        EdgeKey(
            EdgeType(type_),
            _id(source),
            _id(target),
            Role(said["role"]) if "role" in said else None,
            _id(said["via"]) if "via" in said else None,  # type: ignore[arg-type]
            Origin(said.get("origin", "parsed")),
        ),
        _counts(said.get("days", "")),
        Evidence.of(parse=float(said.get("parse", 1))),
        Sample(start, statement, QueryId("ns", "f")) if start else None,
        named="unnamed" not in said,
        clock=_counts(said.get("clock", "")),
    )


def _counts(text: str) -> Activity:
    pairs = (part.split(":") for part in text.split(",") if part)
    return Activity.of({int(key): int(count) for key, count in pairs})


def _batch(case: dict[str, Any]) -> Batch:
    retracted = (text.split() for text in case.get("retract", ()))
    return Batch(
        nodes=tuple(map(_node, case.get("nodes", ()))),
        edges=tuple(map(_edge, case.get("edges", ()))),
        retract=tuple((_id(node), Origin(origin)) for node, origin in retracted),
        undone=tuple(_edge(edge).key for edge in case.get("undone", ())),
        unsaid=tuple(map(_node, case.get("unsaid", ()))),
    )


def _cases(*topics: str) -> list[Any]:
    paths = [Path(__file__).with_name("cases") / f"{topic}.toml" for topic in topics]
    return [
        pytest.param(case, id=f"{path.stem}: {case['says']}")
        for path in paths
        for case in tomllib.loads(path.read_text("utf-8"))["case"]
    ]


@pytest.mark.parametrize("case", _cases("merge", "retract"))
def test_batches(store: Store, case: dict[str, Any]) -> None:
    """After its batches, a store holds exactly the nodes and edges of the case."""
    for batch in case["batches"]:
        store.apply(_batch(batch))
    assert {node.id: node for node in store.scan_nodes()} == {
        node.id: node for node in map(_node, case["nodes"])
    }
    assert {edge.key: edge for edge in store.scan_edges()} == {
        edge.key: edge for edge in map(_edge, case["edges"])
    }
    assert store.version() == len(case["batches"])


@pytest.mark.parametrize("case", _cases("reach"))
def test_reach(store: Store, case: dict[str, Any]) -> None:
    """A walk reaches exactly the nodes of the case, each at its distance."""
    store.apply(_batch(case))
    for walk in case["reach"]:
        expected = (text.split("=") for text in walk["gives"].split())
        assert store.reach(
            [_id(text) for text in walk["from"]],
            Direction(walk["go"]),
            [EdgeType(type_) for type_ in walk["types"]],
            walk.get("hops"),
        ) == {_id(node): int(hop) for node, hop in expected}

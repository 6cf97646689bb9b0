"""Rows of the SQLite store: nodes and edges as columns, and back."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import Final

import msgspec

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
from lineage.stores.codec import Spelling, last_part, spell

Text = str | int | None
Ends = tuple[int, str, int, str, int, str]
Body = tuple[str, str, str, str | None, int, str | None]

# What makes an edge one edge; the table is named where another has such a column.
KEY: Final = "src, edges.type, dst, role, via, origin"
# What a SELECT must yield, in this order, for `edge` to read it.
BODY: Final = "days, counts, evidence, sample, named, clock"

# A member of a StrEnum as a bare str: the driver binds it several times faster.
_PLAIN: Final = {str(text): text.value for text in chain(EdgeType, Role, Origin)}

_NEVER: Final = Activity()
_json = msgspec.json.Encoder()
_numbers = msgspec.json.Decoder(tuple[int, ...])
_pair = msgspec.json.Decoder(tuple[tuple[int, ...], tuple[int, ...]])
_sample = msgspec.json.Decoder(Sample)
_facts = msgspec.json.Decoder(dict[str, Fact])


def _text(value: object) -> str:
    return _json.encode(value).decode()


@lru_cache(maxsize=256)
def _evidence(text: str) -> Evidence:
    return msgspec.json.decode(text, type=Evidence)


_evidence_text = lru_cache(maxsize=256)(_text)


def ends_row(key: EdgeKey, source: int, target: int, via: int) -> Ends:
    """The columns that make an edge one edge: src, type, dst, role, via, origin."""
    role = _PLAIN[key.role] if key.role else ""
    return source, _PLAIN[key.type], target, role, via, _PLAIN[key.origin]


def body_row(edge: Edge) -> tuple[Text, ...]:
    """What was seen of an edge: first, last, total, and the columns of BODY."""
    days, counts = edge.activity.days, edge.activity.counts
    clock = edge.clock
    return (
        days[0] if days else None,
        days[-1] if days else None,
        sum(counts),
        _json.encode(days).decode(),
        _json.encode(counts).decode(),
        _evidence_text(edge.evidence),
        _json.encode(edge.sample).decode() if edge.sample else None,
        int(edge.named),
        _json.encode((clock.days, clock.counts)).decode() if clock.days else None,
    )


def edge(key: EdgeKey, body: Body) -> Edge:
    """The edge of that key whose row holds BODY."""
    days, counts, evidence, sample, named, clock = body
    return Edge(
        key,
        Activity(_numbers.decode(days), _numbers.decode(counts)),
        _evidence(evidence),
        _sample.decode(sample) if sample else None,
        bool(named),
        Activity(*_pair.decode(clock)) if clock else _NEVER,
    )


def node_row(node: Node) -> tuple[str, ...]:
    """The columns of a node: label, namespace, dataset, name, last_part, facts."""
    spelled: Spelling = spell(node.id)
    return (*spelled, last_part(node.id.name), facts_text(node))


def facts_text(node: Node) -> str:
    """The facts of a node as JSON."""
    return _text(node.facts)


def facts(text: str) -> dict[str, Fact]:
    """The facts that JSON holds."""
    return _facts.decode(text)

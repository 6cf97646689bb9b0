"""Rows of the SQLite store: nodes, edges and their runs as columns, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from lineage.model import (
    Activity,
    EdgeKey,
    EdgeType,
    Evidence,
    Fact,
    Node,
    Origin,
    Role,
    Runs,
    Sample,
    Sure,
)
from lineage.names import QueryId
from lineage.stores.codec import Spelling, last_part, spell

Text = str | int | float | None
Ends = tuple[int, int, int, int, int, int]
# The numbers of the words that edges are made of; they are those of the table `words`.
TYPES: Final = dict(enumerate(EdgeType, 1))
ROLES: Final[dict[int, Role | None]] = {0: None, **dict(enumerate(Role, 21))}
ORIGINS: Final = dict(enumerate(Origin, 41))
NUMBERS: Final[dict[EdgeType | Role | Origin | None, int]] = {
    word: number for words in (TYPES, ROLES, ORIGINS) for number, word in words.items()
}

# What makes an edge one edge; the table is named where another has such a column.
KEY: Final = "src, edges.type, dst, role, via, origin"
# What a SELECT must yield, in this order, for `runs` and `sure` to read it.
BODY: Final = "activity, sample_start, sample_key, sample_source, sample_query, clock"
SURE: Final = "certainty, provenance, parse, resolve, named"

_NEVER: Final = Activity()
_json = msgspec.json.Encoder()
_pair = msgspec.json.Decoder(tuple[tuple[int, ...], tuple[int, ...]])
_facts = msgspec.json.Decoder(dict[str, Fact])


def ends_row(key: EdgeKey, source: int, target: int, via: int) -> Ends:
    """The columns of KEY."""
    return source, NUMBERS[key.type], target, NUMBERS[key.role], via, NUMBERS[key.origin]


def runs_row(runs: Runs) -> tuple[Text, ...]:
    """The columns of runs: first, last, total, and those of BODY."""
    days, sample = runs.activity.days, runs.sample
    return (
        days[0] if days else None,
        days[-1] if days else None,
        runs.activity.total,
        _counts(runs.activity),
        *(_sample_row(sample) if sample else (None,) * 4),
        _counts(runs.clock) if runs.clock.days else None,
    )


def _counts(activity: Activity) -> str:
    return _json.encode((activity.days, activity.counts)).decode()


def _sample_row(sample: Sample) -> tuple[str, str, str, str]:
    return sample.start, sample.key, sample.query.namespace, sample.query.name


def runs(body: Sequence[Any]) -> Runs:
    """The runs whose row holds BODY."""
    activity, start, key, source, query, clock = body
    return Runs(
        Activity(*_pair.decode(activity)),
        None if start is None else Sample(start, key, QueryId(source, query)),
        Activity(*_pair.decode(clock)) if clock else _NEVER,
    )


def sure_row(sure: Sure) -> tuple[float, ...]:
    """The columns of SURE."""
    evidence, named = sure
    return (*msgspec.structs.astuple(evidence), named)


def sure(body: Sequence[Any]) -> Sure:
    """How sure an edge is whose row of evidence holds SURE."""
    *factors, named = body
    return Evidence(*factors), bool(named)


def node_row(node: Node) -> tuple[str, ...]:
    """The columns of a node: label, namespace, dataset, name, last_part, facts."""
    spelled: Spelling = spell(node.id)
    return (*spelled, last_part(node.id.name), facts_text(node))


def facts_text(node: Node) -> str:
    """The facts of a node as JSON."""
    return _json.encode(node.facts).decode()


def facts(text: str) -> dict[str, Fact]:
    """The facts that JSON holds."""
    return _facts.decode(text)

"""What a column is made of, and how that composes through queries.

A flow maps base columns to the role in which each makes the value. Roles are small integers here,
ordered so that composing two direct roles is taking the greater; `ROLES` has their names.
"""

from __future__ import annotations

from ingest.sql.records import Column
from lineage.model import Role

IDENTITY, TRANSFORMATION, AGGREGATION, CONDITIONAL, WINDOW, JOIN, FILTER, GROUP_BY, SORT = range(9)
MASKED = 16  # a flag on a flow's role: the value passed through a hash or mask
ROLES = (
    Role.IDENTITY,
    Role.TRANSFORMATION,
    Role.AGGREGATION,
    Role.CONDITIONAL,
    Role.WINDOW,
    Role.JOIN,
    Role.FILTER,
    Role.GROUP_BY,
    Role.SORT,
)
Flow = dict[Column, int]
NOTHING: Flow = {}


def rank(role: int) -> int:
    """The role without its flag."""
    return role & 15


def is_direct(role: int) -> bool:
    """Whether the value itself travels in that role."""
    return role & 15 <= AGGREGATION


def composed(outer: int, inner: int) -> int:
    """The role of a base column that makes, in role `inner`, a column used in role `outer`."""
    flag = (outer | inner) & MASKED
    if inner & 15 > AGGREGATION:
        return inner & 15 | flag
    return max(outer & 15, inner & 15) | flag


# `composed` of every two roles, with and without their flags: looked up for every column.
COMPOSED = tuple(tuple(composed(outer, inner) for inner in range(32)) for outer in range(32))


def _merged(one: int, other: int) -> int:
    flag = one & other & MASKED
    one, other = one & 15, other & 15
    if one <= AGGREGATION and other <= AGGREGATION:
        return max(one, other) | flag
    return min(one, other) | flag


# `_merged` of every two, for the same reason.
_MERGED = tuple(tuple(_merged(one, other) for other in range(32)) for one in range(32))


def add(target: Flow, source: Flow, role: int) -> None:
    """Adds to a flow what a column of flow `source` brings when used in a role."""
    through = COMPOSED[role]
    for column, inner in source.items():
        value = through[inner]
        before = target.get(column)
        target[column] = value if before is None else _MERGED[before][value]


def union(flows: list[Flow]) -> Flow:
    """One flow that brings what each brings."""
    if len(flows) == 1:
        return flows[0]
    result: Flow = {}
    for flow in flows:
        add(result, flow, IDENTITY)
    return result


def nested(flow: Flow, path: str) -> Flow:
    """The flow of a field inside a column; only an untouched column's path is known."""
    return {
        Column(column.table, f"{column.name}.{path}") if rank(role) == IDENTITY else column: role
        for column, role in flow.items()
    }

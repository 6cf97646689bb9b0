"""Statements over many rows: sent in steps, in one transaction or each by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from neo4j import ManagedTransaction, Session

from lineage.names import NodeId
from lineage.stores.codec import spell

_STEP: Final = 10_000  # rows a statement
_Item = TypeVar("_Item")

Runner = ManagedTransaction | Session
Rows = dict[NodeId, str]  # the element id of each node, as far as known


def steps(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """The items in as many as one statement takes."""
    rest = iter(items)
    while step := list(islice(rest, _STEP)):
        yield step


def run(tx: Runner, statement: str, rows: Iterable[Any]) -> Iterator[list[Any]]:
    """What the statement yields for these `$rows`."""
    for step in steps(rows):
        yield from tx.run(statement, rows=step).values()


def write(
    tx: ManagedTransaction, statement: str, rows: Iterable[Any], **shared: Sequence[object]
) -> None:
    """Has the statement done for these `$rows`; what it yields is not asked for.

    It returns while the server still works, so that the next rows are prepared meanwhile. What goes
    wrong is told by what is asked next, at the latest by the commit.
    """
    for step in steps(rows):
        tx.run(statement, {"rows": step, **shared})


def by_label(nodes: Iterable[NodeId]) -> Mapping[str, list[NodeId]]:
    """The nodes of each label."""
    found: dict[str, list[NodeId]] = defaultdict(list)
    for node in nodes:
        found[spell(node)[0]].append(node)
    return found

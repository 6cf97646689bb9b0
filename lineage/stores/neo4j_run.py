"""Statements over many rows: sent in steps, in one transaction or each by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, TypeVar

from neo4j import ManagedTransaction, Session

from lineage.names import NodeId
from lineage.stores.codec import spell

_STEP: Final = 10_000  # rows a statement
_Item = TypeVar("_Item")

Runner = ManagedTransaction | Session
Rows = dict[NodeId, str]  # the element id of each node, as far as known


class _Sent(list[_Item]):
    """A list that nobody spells out: the driver does so for its log, also when that is not kept."""

    __repr__ = object.__repr__


def steps(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """The items in as many as one statement takes."""
    rest = iter(items)
    while step := list(islice(rest, _STEP)):
        yield step


def run(
    tx: Runner, statement: str, rows: Iterable[Any], **shared: Iterable[object]
) -> Iterator[list[Any]]:
    """What the statement yields for these `$rows`; shared: other lists, which any row may need."""
    for sent in _parameters(rows, shared):
        yield from tx.run(statement, sent).values()


def write(
    tx: ManagedTransaction, statement: str, rows: Iterable[Any], **shared: Iterable[object]
) -> None:
    """Has the statement done for these `$rows`; what it yields is not asked for.

    It returns while the server still works, so that the next rows are prepared meanwhile. What goes
    wrong is told by what is asked next, at the latest by the commit.
    """
    for sent in _parameters(rows, shared):
        tx.run(statement, sent)


def _parameters(
    rows: Iterable[Any], shared: Mapping[str, Iterable[object]]
) -> Iterator[dict[str, object]]:
    lists = {name: _Sent(some) for name, some in shared.items()}
    for step in steps(rows):
        yield {"rows": _Sent(step), **lists}


def by_label(nodes: Iterable[NodeId]) -> Mapping[str, list[NodeId]]:
    """The nodes of each label."""
    found: dict[str, list[NodeId]] = defaultdict(list)
    for node in nodes:
        found[spell(node)[0]].append(node)
    return found

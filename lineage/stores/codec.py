"""What both stores share: how an id is spelled in four texts, and a batch merged with itself.

A spelling is: label, namespace, dataset (empty unless the node is a column), name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import Final, get_args

from lineage.errors import LedgerConflict
from lineage.model import Batch, EdgeKey, Node, Shard
from lineage.names import ColumnId, DatasetId, NodeId, parts

Spelling = tuple[str, str, str, str]

LABELS: Final[dict[str, type[NodeId]]] = {
    kind.__struct_config__.tag: kind for kind in get_args(NodeId)
}
_NAMED: Final[dict[str, Callable[[str, str], NodeId]]] = {**LABELS}
_LABEL_OF: Final = {kind: label for label, kind in LABELS.items()}


def spell(node: NodeId) -> Spelling:
    """The four texts of an id: label, namespace, dataset, name."""
    if isinstance(node, ColumnId):
        return "Column", node.dataset.namespace, node.dataset.name, node.name
    return _LABEL_OF[type(node)], node.namespace, "", node.name


def unspell(label: str, namespace: str, dataset: str, name: str) -> NodeId:
    """The id that is spelled so."""
    if label == "Column":
        return ColumnId(DatasetId(namespace, dataset), name)
    return _NAMED[label](namespace, name)


def last_part(name: str) -> str:
    """The last part of a name, folded so that names compare without case."""
    return (parts(name) or (name,))[-1].casefold()


def merged_nodes(batch: Batch) -> dict[NodeId, Node]:
    """The nodes of a batch, one an id."""
    nodes: dict[NodeId, Node] = {}
    for node in batch.nodes:
        known = nodes.get(node.id)
        nodes[node.id] = known.merge(node) if known else node
    return nodes


def newest_documents(batch: Batch) -> dict[tuple[str, str], bytes]:
    """The bodies of the documents of a batch by kind and key, the last one given of each."""
    return {(one.kind, one.key): one.body for one in batch.documents}


def ends(edges: Iterable[EdgeKey]) -> Iterator[NodeId]:
    """The nodes that edges need, with repeats: their sources, their targets, what they go via."""
    for edge in edges:
        yield edge.source
        yield edge.target
        if edge.via is not None:
            yield edge.via


def iso(day: int) -> str:
    """A day (since 1970-01-01) as ISO 8601."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def conflict(shard: Shard) -> LedgerConflict:
    """The error for a shard that another import has written meanwhile."""
    return LedgerConflict(
        f"another import wrote the log of {shard.source} of {iso(shard.day)} meanwhile:"
        " read the ledger again and retry"
    )

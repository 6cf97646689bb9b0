"""Who reads a dataset with statements that were understood only in part.

They are judged by the words of their text where it is known, and named as not judged where not.
"""

from __future__ import annotations

import re

import msgspec

from lineage.analyses.listening.coverage import NOT_UNDERSTOOD
from lineage.analyses.reach.graph import Graph, Link
from lineage.analyses.use.views import uses_of
from lineage.model import EdgeType, Evidence, Sample
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, QueryId

_TABLE_ONLY = Evidence.of(parse=0.7)
_WORD = re.compile(r"\w+")


class Unjudged(msgspec.Struct, frozen=True, order=True):
    """What may be affected and could not be judged. statement: masked; None when not known."""

    id: str
    reason: str
    statement: str | None = None


def partial_uses(graph: Graph, column: ColumnId) -> list[Link]:
    """Uses of a column by statements of which only the tables were understood, one per process.

    Their text holds the word; in which role is not known.
    """
    named = graph.out([column.dataset], EdgeType.NAMED_IN)
    texts = graph.nodes(link.target for link in named)
    queries = [
        query
        for query, node in texts.items()
        if node.value("parse") in NOT_UNDERSTOOD and _holds(node.value("sql"), column.name)
    ]
    uses: dict[NodeId, Link] = {}
    for run in graph.into(queries, EdgeType.RAN):
        assert isinstance(run.target, QueryId)
        use = msgspec.structs.replace(
            run,
            type=EdgeType.USED_BY,
            source=column,
            target=run.source,
            via=None,
            evidence=_TABLE_ONLY,
            sample=run.sample or Sample("", "", run.target),
        )
        uses.setdefault(run.source, use)
    return list(uses.values())


def blind_readers(graph: Graph, dataset: DatasetId) -> list[Unjudged]:
    """Who reads a dataset and of whom neither the columns nor a statement are known."""
    seen_through = {link.target for link in uses_of(graph, [dataset])}
    readers = [
        link.target
        for link in graph.current(graph.out([dataset], EdgeType.READ_BY))
        if link.evidence.parse < 1.0 and link.target not in seen_through
    ]
    with_text = {link.source for link in graph.out(readers, EdgeType.RAN)}
    return [
        Unjudged(str(reader), f"reads {dataset.name}, but which of its columns is not known")
        for reader in dict.fromkeys(readers)
        if isinstance(reader, JobId | ConsumerId) and reader not in with_text
    ]


def _holds(text: str, word: str) -> bool:
    return word.lower() in _WORD.findall(text.lower())

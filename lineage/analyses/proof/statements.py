"""The masked statement that stands behind an edge."""

from __future__ import annotations

from lineage.analyses.reach.graph import Graph, Link
from lineage.model import EdgeType
from lineage.names import NodeId, QueryId


def statement_of(graph: Graph, link: Link) -> str | None:
    """The latest statement of who reads or writes that names the dataset; None when none is known.

    The sample of an edge is the latest of all times; here only what the graph knows as of its day.
    """
    process, dataset = (
        (link.target, link.source) if link.type is EdgeType.READ_BY else (link.source, link.target)
    )
    naming = {one.target for one in graph.out([dataset], EdgeType.NAMED_IN)}
    runs = [run for run in graph.out([process], EdgeType.RAN) if run.target in naming]
    last = max(runs, key=lambda run: (run.activity.last or 0, str(run.target)), default=None)
    query: NodeId | None = last.target if last else link.sample.query if link.sample else None
    if not isinstance(query, QueryId):
        return None
    return graph.nodes([query])[query].value("sql") or None

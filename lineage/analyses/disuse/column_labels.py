"""The labels of datasets that only their columns can prove; looking for them reads every column."""

from __future__ import annotations

from lineage.analyses.corrections import corrections
from lineage.analyses.disuse.liveness import Flow
from lineage.analyses.reach.graph import ANY_COLUMN, Graph
from lineage.model import EdgeType, Role
from lineage.names import ColumnId, DatasetId, NodeId
from lineage.store import Store


def unused_columns(store: Store, flow: Flow) -> dict[DatasetId, list[str]]:
    """The columns of needed datasets that no statement refers to in any role.

    A `SELECT *` over unknown columns may use any of them, and blocks the label.
    """
    standing = corrections(store)
    uses = store.scan_spans([EdgeType.USED_BY, EdgeType.FEEDS])
    used = {key.source for key, _ in uses if not standing.denies(key)}
    found: dict[DatasetId, list[str]] = {}
    for key, _ in store.scan_spans([EdgeType.HAS_COLUMN]):
        column = key.target
        if isinstance(column, ColumnId) and column not in used and column.dataset in flow.needed:
            found.setdefault(column.dataset, []).append(column.name)
    return {
        dataset: sorted(set(names))
        for dataset, names in found.items()
        if ColumnId(dataset, ANY_COLUMN) not in used
    }


def exact_copies(store: Store, flow: Flow) -> dict[DatasetId, DatasetId]:
    """The tables whose every column is taken as it is from one other, all rows; and which one."""
    graph = Graph(store, flow.as_of)
    sources = {
        dataset: flow.sources(dataset)
        for dataset, traffic in flow.traffic.items()
        if traffic.writers and not flow.is_view(dataset)
    }
    single = {dataset: found.pop() for dataset, found in sources.items() if len(found) == 1}
    columns = [link.target for link in graph.out(single, EdgeType.HAS_COLUMN)]
    feeds: dict[NodeId, set[tuple[DatasetId, Role | None]]] = {}
    for link in graph.into(columns, EdgeType.FEEDS):
        if isinstance(link.source, ColumnId):
            feeds.setdefault(link.target, set()).add((link.source.dataset, link.role))
    writers = {job for dataset in single for job in flow.traffic[dataset].writers}
    uses = graph.into(writers, EdgeType.USED_BY)
    choosy = {use.target for use in uses if use.role and not use.role.direct}
    other = {
        column.dataset
        for column in columns
        if isinstance(column, ColumnId) and column.dataset in single
        if feeds.get(column) != {(single[column.dataset], Role.IDENTITY)}
    }
    known = {column.dataset for column in columns if isinstance(column, ColumnId)}
    return {
        dataset: source
        for dataset, source in single.items()
        if dataset in known - other and choosy.isdisjoint(flow.traffic[dataset].writers)
    }

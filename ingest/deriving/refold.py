"""Derives again what was derived with columns that are known better now.

When the column list of a dataset changes, the statements that name it may mean something else. The
processes that ran them are taken back and derived anew from their cells, which the graph keeps.
"""

from __future__ import annotations

from collections.abc import Collection

from ingest.attribution import Issuer
from ingest.folding.cells import CellKey, FoldedCell, template_of
from lineage.model import Edge, EdgeType, Node, Origin, Sample
from lineage.names import DatasetId, NodeId, PrincipalId, QueryId
from lineage.store import Direction, Store


def cells_naming(
    store: Store, datasets: Collection[DatasetId], templates: Collection[QueryId]
) -> tuple[list[FoldedCell], list[tuple[NodeId, Origin]]]:
    """The cells to derive again because these changed, and what to take back first."""
    naming = store.edges(datasets, Direction.DOWN, [EdgeType.NAMED_IN])
    queries = {edge.key.target for edge in naming} | set(templates)
    ran = store.edges(queries, Direction.UP, [EdgeType.RAN])
    processes = {edge.key.source for edge in ran}
    cells = store.edges(processes, Direction.DOWN, [EdgeType.RAN])
    retract = [(node, Origin.PARSED) for node in (*processes, *queries)]
    retract += [(node, Origin.ENGINE) for node in processes]
    return _folded(store, cells), retract


def cells_of(store: Store, templates: Collection[QueryId]) -> list[FoldedCell]:
    """The cells of these templates, as far as they are in the store."""
    return _folded(store, store.edges(templates, Direction.UP, [EdgeType.RAN]))


def _folded(store: Store, cells: Collection[Edge]) -> list[FoldedCell]:
    cells = [edge for edge in cells if edge.key.via is not None]  # else a run's own statement
    ends = {(edge.key.source, edge.key.target, edge.key.via) for edge in cells}
    nodes = store.nodes({node for three in ends for node in three if node is not None})
    folded: dict[CellKey, FoldedCell] = {}
    for edge in cells:
        cell = _cell(edge, nodes)
        # A statement with two targets is one cell of two jobs.
        folded[cell.key] = max(folded.get(cell.key, cell), cell, key=lambda c: c.activity.total)
    return list(folded.values())


def _cell(edge: Edge, nodes: dict[NodeId, Node]) -> FoldedCell:
    query, principal = edge.key.target, edge.key.via
    assert isinstance(query, QueryId)
    assert isinstance(principal, PrincipalId)
    issuer = _issuer(nodes[edge.key.source], nodes[principal])
    sample = edge.sample or Sample("", "", query)
    key = CellKey(template_of(nodes[query]), issuer, principal)
    return FoldedCell(key, edge.activity, sample, edge.clock)


def _issuer(process: Node, principal: Node) -> Issuer:
    """On whose behalf it ran: what the process says, else the login itself."""
    name = process.value("issuer")
    if not name:
        login = principal.id
        assert isinstance(login, PrincipalId)
        return Issuer(login.namespace, login.name, principal.value("class"))
    return Issuer(
        process.value("issuer_namespace"),
        name,
        process.value("issuer_kind"),
        process.value("url"),
        writes=process.value("issuer_writes") == "true",
    )

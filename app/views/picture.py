"""The lineage canvas of a set of datasets, jobs and consumers: cards, edges, column edges.

The job that only defines a view is not drawn: its view stands for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec

from app.canvas import (
    Band,
    CanvasColumnEdge,
    CanvasEdge,
    CanvasGraph,
    CanvasNode,
    Ring,
)
from app.views import wording
from app.views.neighbourhood import Member, flows
from app.views.portrait import ColumnFacts, columns_of
from lineage.analyses.breaking.weights import weights
from lineage.analyses.listening.coverage import Window
from lineage.analyses.reach.graph import Graph, Link
from lineage.analyses.stewardship.people import owners, profiles
from lineage.model import EdgeType
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId


def card_id(node: NodeId) -> str:
    """The id of a card: a dataset as in a URL; a job of the same name is another card."""
    return str(node) if isinstance(node, DatasetId) else f"{type(node).__name__} {node}"


class _Scene(msgspec.Struct, frozen=True):
    """What the cards and edges are made from.

    stand_in: job of a view → the view. down: the links that leave the members. leaving, entering:
    by card, the links that leave and enter it.
    """

    graph: Graph
    window: Window
    members: frozenset[Member]
    rings: Mapping[NodeId, Ring]
    stand_in: dict[NodeId, DatasetId]
    down: list[Link]
    leaving: Mapping[NodeId, list[Link]]
    entering: Mapping[NodeId, list[Link]]

    def shown(self, node: NodeId) -> NodeId:
        """The node whose card stands for this one."""
        return self.stand_in.get(node, node)


def draw(
    graph: Graph,
    members: Collection[Member],
    window: Window,
    rings: Mapping[NodeId, Ring] | None = None,
) -> CanvasGraph:
    """The canvas of these nodes; `rings`: what a change does to them. Reads are of the window."""
    down = flows(graph, members, "down")
    stand_in = _views_of(graph, down, members)
    leaving: dict[NodeId, list[Link]] = defaultdict(list)
    entering: dict[NodeId, list[Link]] = defaultdict(list)
    for link in down:
        leaving[stand_in.get(link.source, link.source)].append(link)
    for link in flows(graph, members, "up"):
        entering[stand_in.get(link.target, link.target)].append(link)
    scene = _Scene(
        graph, window, frozenset(members), rings or {}, stand_in, down, leaving, entering
    )
    datasets = [node for node in members if isinstance(node, DatasetId)]
    columns = columns_of(graph, datasets)
    return {
        "nodes": [*_dataset_cards(scene, columns), *_process_cards(scene)],
        "edges": _edges(scene),
        "column_edges": _column_edges(scene, columns),
    }


def _views_of(
    graph: Graph, down: list[Link], members: Collection[Member]
) -> dict[NodeId, DatasetId]:
    return {
        link.source: link.target
        for link in down
        if link.type is EdgeType.WRITES
        and isinstance(link.target, DatasetId)
        and link.target in members
        and graph.is_view(link.source)
    }


# ---- cards


def _dataset_cards(scene: _Scene, columns: dict[DatasetId, list[ColumnFacts]]) -> list[CanvasNode]:
    facts = scene.graph.nodes(columns)
    owned = owners(scene.graph, columns)
    owners_known = any(True for _ in scene.graph.store.scan_edges([EdgeType.OWNS]))
    cards = []
    for dataset in sorted(columns):
        card: CanvasNode = {
            "id": card_id(dataset),
            "name": wording.short_name(dataset),
            "title": dataset.name,
            "context": wording.place(dataset),
            "kind": wording.dataset_kind(dataset, facts[dataset].value("kind")),
            "reads": _reads(scene, scene.leaving[dataset]),
            "columns": [{"name": column.name, "type": column.type} for column in columns[dataset]],
        }
        if owners_known:
            card["owner"] = owned[dataset].name if dataset in owned else ""
        if facts[dataset].value("dropped") == "true":
            card["status"] = "dropped"
        cards.append(_with_neighbours(scene, card, dataset))
    return cards


def _process_cards(scene: _Scene) -> list[CanvasNode]:
    drawn = [
        node
        for node in scene.members
        if isinstance(node, JobId | ConsumerId) and node not in scene.stand_in
    ]
    cards = []
    for process, profile in profiles(scene.graph, drawn).items():
        team = profile.team.name if profile.team else ""
        card: CanvasNode = {
            "id": card_id(process),
            "name": wording.process_name(process, profile.title),
            "title": process.name,
            "context": wording.process_place(process, profile.kind, team),
            "kind": wording.process_kind(process, profile.kind),
        }
        if isinstance(process, ConsumerId):
            card["reads"] = _reads(scene, scene.entering[process])
        if team:
            card["owner"] = team
        cards.append(_with_neighbours(scene, card, process))
    return sorted(cards, key=lambda card: card["id"])


def _reads(scene: _Scene, links: Iterable[Link]) -> int:
    return sum(
        link.activity.between(scene.window.start, scene.window.as_of).total
        for link in links
        if link.type is EdgeType.READ_BY
    )


def _with_neighbours(scene: _Scene, card: CanvasNode, node: NodeId) -> CanvasNode:
    """The card with what a change does to it, and how many neighbours are not in the picture."""
    if node in scene.rings:
        card["impact"] = scene.rings[node]
    before = {link.source for link in scene.entering[node]}
    behind = {link.target for link in scene.leaving[node]}
    card["more_up"] = len(before - scene.members)
    card["more_down"] = len(behind - scene.members)
    return card


# ---- edges


def _edges(scene: _Scene) -> list[CanvasEdge]:
    best: dict[tuple[NodeId, NodeId], float] = {}
    for link in scene.down:
        source, target = scene.shown(link.source), scene.shown(link.target)
        if link.target in scene.members and not (source == target and scene.stand_in):
            ends = (source, target)
            best[ends] = max(best.get(ends, 0.0), link.certainty)
    return [
        {"source": card_id(source), "target": card_id(target), "band": _band(certainty)}
        for (source, target), certainty in best.items()
    ]


def _band(certainty: float) -> Band:
    band = weights().band(certainty)
    return "certain" if band == "certain" else "likely" if band == "likely" else "possible"


def _column_edges(
    scene: _Scene, columns: dict[DatasetId, list[ColumnFacts]]
) -> list[CanvasColumnEdge]:
    sources = [ColumnId(one, column.name) for one, found in columns.items() for column in found]
    links = scene.graph.current(scene.graph.out(sources, EdgeType.FEEDS, EdgeType.USED_BY))
    edges = [edge for link in links if (edge := _column_edge(scene, link))]
    unique = {tuple(edge.values()): edge for edge in edges}
    return list(unique.values())


def _column_edge(scene: _Scene, link: Link) -> CanvasColumnEdge | None:
    """A link between columns, or from a column to who uses it as a whole."""
    source, target = link.source, link.target
    assert isinstance(source, ColumnId)
    edge: CanvasColumnEdge = {
        "source": card_id(source.dataset),
        "source_column": source.name,
        "target": "",
        "target_column": "",
    }
    if isinstance(target, ColumnId):
        if target.dataset not in scene.members:
            return None
        edge["target"], edge["target_column"] = card_id(target.dataset), target.name
        if link.via in scene.members and link.via not in scene.stand_in:
            edge["via"] = card_id(link.via)
        return edge
    # What a job does with the value of a column is a FEEDS edge; here is what else it does.
    passed_on = isinstance(target, JobId) and link.role is not None and link.role.direct
    if target not in scene.members or passed_on:
        return None
    edge["target"] = card_id(scene.shown(target))
    return edge

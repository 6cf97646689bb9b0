"""`/lineage` and `/column-lineage`: what a dataset, job or column is made of, and what of it.

Marquez walks undirected, over whatever shares a dataset. Here a walk goes up along the flow and
down along the flow, so the other readers of one's inputs are not taken for one's descendants.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from app.serving.reads.asking import Ask
from app.serving.reads.describing import datasets, jobs
from app.serving.reads.nodes import find_node, node_id
from app.serving.reads.shapes import (
    ColumnData,
    ColumnInputs,
    ColumnLineage,
    ColumnNode,
    Dataset,
    GraphEdge,
    GraphNode,
    InputField,
    Job,
    Lineage,
)
from lineage.analyses.reach.graph import Graph, Link
from lineage.analyses.reach.walk import LIMIT
from lineage.model import EdgeType, Role
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId

_DEEPEST = 10_000
_DEPTH = 20
_RANK = {role: rank for rank, role in enumerate(Role)}
Follow = Callable[[Sequence[NodeId]], list[Link]]
_Edges = Mapping[NodeId, tuple[GraphEdge, ...]]


def lineage(ask: Ask) -> Lineage:
    """The datasets and jobs upstream and downstream of `nodeId`, with the edges between them.

    `depth` counts as Marquez counts it, jobs beyond the first: 0 gives the jobs next to a dataset
    and what they read or write.
    """
    start = find_node(ask.store, ask.needed("nodeId"), ("dataset", "job"))
    hops = 2 * ask.number("depth", _DEPTH, _DEEPEST) + (2 if isinstance(start, DatasetId) else 1)
    graph = Graph(ask.store)
    walk = _Walk([start])
    walk.run(lambda nodes: _flows(graph, nodes, down=True), hops, down=True)
    walk.run(lambda nodes: _flows(graph, nodes, down=False), hops, down=False)
    return Lineage(tuple(_nodes(graph, walk)), walk.truncated)


def column_lineage(ask: Ask) -> ColumnLineage:
    """The columns that a column, or those of a dataset or job, are made of.

    `depth` counts edges. `withDownstream` also gives what is made of them.
    """
    start = find_node(ask.store, ask.needed("nodeId"), ("dataset", "datasetField", "job"))
    depth = ask.number("depth", _DEPTH, _DEEPEST)
    graph = Graph(ask.store)
    walk = _Walk(_columns(graph, start))
    walk.run(lambda nodes: _feeds(graph, nodes, down=False), depth, down=False)
    if ask.flag("withDownstream"):
        walk.run(lambda nodes: _feeds(graph, nodes, down=True), depth, down=True)
    return ColumnLineage(tuple(_column_nodes(graph, walk)), walk.truncated)


def column_inputs(graph: Graph, dataset: DatasetId) -> tuple[ColumnInputs, ...]:
    """What each column of a dataset is made of, those that something is known of."""
    sources = _by_end(_feeds(graph, _columns(graph, dataset), down=False), down=False)
    return tuple(ColumnInputs(column.name, sources[column]) for column in sorted(sources, key=str))


class _Walk:
    """Nodes that were reached, and the links by which; never more nodes than the limit."""

    def __init__(self, starts: Iterable[NodeId]) -> None:
        self.starts = list(starts)
        self.nodes: dict[NodeId, None] = dict.fromkeys(self.starts)
        self.truncated = False
        self._links: dict[object, Link] = {}

    @property
    def links(self) -> list[Link]:
        """The links between nodes that were reached."""
        known = self.nodes
        return [one for one in self._links.values() if one.source in known and one.target in known]

    def run(self, follow: Follow, hops: int, *, down: bool) -> None:
        """Goes on from the starts, breadth first, so many links far."""
        frontier, reached = self.starts, set(self.starts)
        while frontier and hops > 0:
            hops -= 1
            links = follow(frontier)
            self._links.update((link.key, link) for link in links)
            ends = dict.fromkeys(link.target if down else link.source for link in links)
            frontier = [end for end in ends if end not in reached]
            room = LIMIT - len(self.nodes)
            if len(frontier) > room:
                self.truncated, frontier = True, frontier[:room]
            reached.update(frontier)
            self.nodes.update(dict.fromkeys(frontier))


def _flows(graph: Graph, nodes: Sequence[NodeId], *, down: bool) -> list[Link]:
    """From datasets to the jobs that read or write them, and from jobs to datasets."""
    tables = [node for node in nodes if isinstance(node, DatasetId)]
    if down:
        found = graph.out(tables, EdgeType.READ_BY) + graph.out(_jobs(nodes), EdgeType.WRITES)
    else:
        found = graph.into(tables, EdgeType.WRITES) + graph.into(_jobs(nodes), EdgeType.READ_BY)
    return graph.current([link for link in found if not isinstance(link.target, ConsumerId)])


def _feeds(graph: Graph, nodes: Sequence[NodeId], *, down: bool) -> list[Link]:
    columns = [node for node in nodes if isinstance(node, ColumnId)]
    follow = graph.out_of_columns if down else graph.into_columns
    return graph.current(follow(columns, EdgeType.FEEDS))


def _columns(graph: Graph, start: DatasetId | JobId | ColumnId) -> list[ColumnId]:
    """The column, the columns of the dataset, or those that the job makes."""
    if isinstance(start, ColumnId):
        return [start]
    made_by = [start] if isinstance(start, JobId) else []
    outputs = [link.target for link in graph.out(made_by, EdgeType.WRITES)] or [start]
    links = graph.out(outputs, EdgeType.HAS_COLUMN)
    columns = sorted({link.target for link in links if isinstance(link.target, ColumnId)})
    if not made_by:
        return columns
    mine = {link.target for link in _feeds(graph, columns, down=False) if link.via == start}
    return [column for column in columns if column in mine]


def _jobs(nodes: Iterable[NodeId]) -> list[JobId]:
    return [node for node in nodes if isinstance(node, JobId)]


def _nodes(graph: Graph, walk: _Walk) -> Iterator[GraphNode]:
    into, out = _edges(walk.links)
    tables = [node for node in walk.nodes if isinstance(node, DatasetId)]
    described = datasets(graph, tables), jobs(graph, _jobs(walk.nodes), runs=1)
    known: dict[NodeId, Dataset | Job] = {
        node: one for some in described for node, one in some.items()
    }
    for node in sorted(known, key=node_id):
        kind = "DATASET" if isinstance(node, DatasetId) else "JOB"
        yield GraphNode(node_id(node), kind, known[node], into.get(node, ()), out.get(node, ()))


def _column_nodes(graph: Graph, walk: _Walk) -> Iterator[ColumnNode]:
    links = walk.links
    into, out = _edges(links)
    sources, targets = _by_end(links, down=False), _by_end(links, down=True)
    columns = [node for node in walk.nodes if isinstance(node, ColumnId)]
    nodes = graph.nodes(columns)
    for column in sorted(columns, key=node_id):
        inputs = sources.get(column, ())
        data = ColumnData(
            column.namespace,
            column.dataset.name,
            None,
            column.name,
            nodes[column].value("type") or None,
            None,
            inputs[0].transformation_type if inputs else None,
            inputs,
            targets.get(column, ()),
        )
        id_ = node_id(column)
        yield ColumnNode(id_, "DATASET_FIELD", data, into.get(column, ()), out.get(column, ()))


def _edges(links: Collection[Link]) -> tuple[_Edges, _Edges]:
    """The edges into and out of each node; one between two nodes, whatever its roles and jobs."""
    into: dict[NodeId, tuple[GraphEdge, ...]] = {}
    out: dict[NodeId, tuple[GraphEdge, ...]] = {}
    spelled = {node: node_id(node) for link in links for node in (link.source, link.target)}
    ends = {(link.source, link.target) for link in links}
    for source, target in sorted(ends, key=lambda ends: (spelled[ends[0]], spelled[ends[1]])):
        edge = GraphEdge(spelled[source], spelled[target])
        into[target] = (*into.get(target, ()), edge)
        out[source] = (*out.get(source, ()), edge)
    return into, out


def _by_end(links: Iterable[Link], *, down: bool) -> dict[NodeId, tuple[InputField, ...]]:
    """What each column is made of, or what is made of it, with every role in which it is."""
    roles: dict[NodeId, dict[ColumnId, set[Role]]] = {}
    for link in links:
        near, far = (link.source, link.target) if down else (link.target, link.source)
        assert isinstance(far, ColumnId)
        mine = roles.setdefault(near, {}).setdefault(far, set())
        mine.update([link.role] if link.role else [])
    return {
        near: tuple(_field(far, ends[far]) for far in sorted(ends)) for near, ends in roles.items()
    }


def _field(column: ColumnId, roles: Collection[Role]) -> InputField:
    names = tuple(role.value for role in sorted(roles, key=_RANK.__getitem__))
    dataset = column.dataset
    return InputField(
        dataset.namespace, dataset.name, None, column.name, None, names[0] if names else None, names
    )

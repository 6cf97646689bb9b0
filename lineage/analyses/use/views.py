"""What is read when a view is read: the views over a dataset, and where its columns surface.

A read through a view is a read of the view, and of the datasets under it. A view's defining job
says which base columns feed which of its columns, and which it filters or joins by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from lineage.analyses.reach.graph import ANY_COLUMN, Graph, Link
from lineage.model import EdgeType, Role
from lineage.names import ColumnId, DatasetId, JobId, NodeId

_DIRECT_ORDER = (Role.IDENTITY, Role.TRANSFORMATION, Role.AGGREGATION)
_Origins = frozenset[tuple[str, Role]]  # base column and how it gets there


class Surface(msgspec.Struct, frozen=True):
    """A dataset through which another one, the base, is read.

    via: the views on the way, the nearest to the base first; empty for the base itself.
    columns: its columns, and the base columns that each is made of.
    always: base columns that every read of it uses, because a view filters or joins by them.
    certainty: of the weakest edge on the way.
    """

    dataset: DatasetId
    via: tuple[DatasetId, ...]
    columns: Mapping[ColumnId, _Origins]
    always: _Origins
    certainty: float

    def origins(self, column: ColumnId) -> _Origins:
        """The base columns that a column is made of, and how."""
        if column in self.columns or not self.via:
            return self.columns.get(column, frozenset({(column.name, Role.IDENTITY)}))
        star = ColumnId(column.dataset, ANY_COLUMN) in self.columns
        return frozenset({(column.name, Role.IDENTITY)}) if star else frozenset()


def surfaces(graph: Graph, base: DatasetId) -> list[Surface]:
    """The base and every view over it, directly or through other views."""
    found = {base: Surface(base, (), {}, frozenset(), 1.0)}
    frontier = [found[base]]
    while frontier:
        grown = [
            view
            for surface in frontier
            for view in _views_over(graph, surface)
            if view.dataset not in found
        ]
        found.update((view.dataset, view) for view in grown)
        frontier = [found[dataset] for dataset in dict.fromkeys(view.dataset for view in grown)]
    return list(found.values())


def compose(feed: Role, use: Role) -> Role:
    """The role of a base column for who uses a column that it feeds."""
    if not use.direct:
        return use
    return max(feed, use, key=_DIRECT_ORDER.index)


def uses_of(graph: Graph, datasets: Iterable[DatasetId]) -> list[Link]:
    """The column uses of these datasets, by jobs and consumers."""
    columns = {link.target for link in graph.out(datasets, EdgeType.HAS_COLUMN)}
    return graph.out(columns, EdgeType.USED_BY)


def _views_over(graph: Graph, surface: Surface) -> list[Surface]:
    reads = graph.current(graph.out([surface.dataset], EdgeType.READ_BY))
    graph.nodes(link.target for link in reads)
    return [
        _view(graph, surface, link, written)
        for link in reads
        if isinstance(link.target, JobId) and graph.is_view(link.target)
        for written in graph.current(graph.out([link.target], EdgeType.WRITES))
    ]


def _view(graph: Graph, under: Surface, read: Link, written: Link) -> Surface:
    assert isinstance(written.target, DatasetId)
    job = read.target
    columns: dict[ColumnId, _Origins] = {}
    always: set[tuple[str, Role]] = set(under.always)
    for use in graph.current([u for u in uses_of(graph, [under.dataset]) if u.target == job]):
        if use.role and not use.role.direct:
            always |= {(name, use.role) for name, _ in _origins(under, use.source)}
    for feed in graph.current(_feeds(graph, under.dataset, job)):
        if isinstance(feed.target, ColumnId) and feed.role:
            made = {(n, compose(role, feed.role)) for n, role in _origins(under, feed.source)}
            columns[feed.target] = columns.get(feed.target, frozenset()) | made
    return Surface(
        written.target,
        (*under.via, written.target),
        columns,
        frozenset(always),
        min(under.certainty, read.certainty, written.certainty),
    )


def _origins(surface: Surface, column: NodeId) -> _Origins:
    assert isinstance(column, ColumnId)
    return surface.origins(column)


def _feeds(graph: Graph, dataset: DatasetId, job: NodeId) -> list[Link]:
    columns = {link.target for link in graph.out([dataset], EdgeType.HAS_COLUMN)}
    return [link for link in graph.out(columns, EdgeType.FEEDS) if link.via == job]

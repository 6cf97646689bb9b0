"""What becomes of those who fill a table when the table changes: they insert, update and merge."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from lineage.analyses.breaking import phrases
from lineage.analyses.breaking.judging import fits, is_required, texts_of
from lineage.analyses.reach.graph import Graph, Link
from lineage.model import EdgeType, Role
from lineage.names import ColumnId, DatasetId, JobId, parts


class Nulls(StrEnum):
    """Whether a writer puts nulls into a column."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Writing(msgspec.Struct, frozen=True):
    """A job that writes a dataset, and the masked texts by which it does so now.

    link: dataset to job, as a path from a change to its producer goes.
    """

    link: Link
    dataset: DatasetId
    job: JobId
    texts: tuple[str, ...]

    @property
    def remakes(self) -> bool:
        """Whether every statement of it makes the table anew."""
        return bool(self.texts) and all(map(phrases.creates, self.texts))

    def inserts(self) -> Iterator[phrases.Insert]:
        """Its INSERTs into the dataset."""
        name = parts(self.dataset.name)[-1].lower()
        for text in self.texts:
            yield from (one for one in phrases.inserts(text) if one.table in ("", name))

    def updates(self) -> dict[str, str]:
        """Column → expression of its SET clauses."""
        return {name: item for text in self.texts for name, item in phrases.updated(text).items()}

    def names(self, column: str) -> bool:
        """Whether it says the column's name as one that it fills."""
        listed = any(column.lower() in (one.columns or ()) for one in self.inserts())
        return listed or column.lower() in self.updates()

    def goes_by_position(self) -> bool:
        """Whether it inserts without a list of columns, so that as many values must come."""
        return any(one.columns is None for one in self.inserts())


def writings(graph: Graph, dataset: DatasetId) -> list[Writing]:
    """The jobs that write a dataset now."""
    found = []
    for link in graph.current(graph.into([dataset], EdgeType.WRITES)):
        if isinstance(link.source, JobId):
            backwards = msgspec.structs.replace(link, source=dataset, target=link.source)
            texts = tuple(texts_of(graph, link.source))
            found.append(Writing(backwards, dataset, link.source, texts))
    return found


def puts_nulls(graph: Graph, writing: Writing, column: ColumnId) -> Nulls:
    """Whether a job puts nulls into a column, as far as its texts and its sources tell."""
    if writing.remakes:
        return Nulls.NO  # the constraint is gone with the old table
    found = [_of_insert(graph, writing, column, one) for one in writing.inserts()]
    updates = writing.updates()
    if item := updates.get(column.name.lower()):
        found.append(_of_item(graph, writing, column, item))
    if Nulls.YES in found:
        return Nulls.YES
    if (found and Nulls.UNKNOWN not in found) or (updates and not found):
        return Nulls.NO
    return Nulls.UNKNOWN


def _of_insert(graph: Graph, writing: Writing, column: ColumnId, insert: phrases.Insert) -> Nulls:
    if insert.columns is not None and column.name.lower() not in insert.columns:
        return Nulls.YES
    place = graph.nodes([column])[column].value("ordinal")
    item = insert.item_of(column.name, int(place) if place else None)
    if item is None:
        return _of_sources(graph, writing, column)
    return _of_item(graph, writing, column, item)


def _of_item(graph: Graph, writing: Writing, column: ColumnId, item: str) -> Nulls:
    if phrases.is_null(item):
        return Nulls.YES
    if phrases.is_never_null(item):
        return Nulls.NO
    return _of_sources(graph, writing, column)


def _of_sources(graph: Graph, writing: Writing, column: ColumnId) -> Nulls:
    """By the columns that feed it: null when an outer join may miss them, else as they are."""
    feeds = [feed for feed in graph.into([column], EdgeType.FEEDS) if feed.via == writing.job]
    identical = [feed for feed in graph.current(feeds) if feed.role is Role.IDENTITY]
    sources = [feed.source for feed in identical if isinstance(feed.source, ColumnId)]
    if not sources:
        return Nulls.UNKNOWN
    names = {parts(source.dataset.name)[-1] for source in sources}
    if any(phrases.may_miss(text, name) for text in writing.texts for name in names):
        return Nulls.YES
    required = all(is_required(graph, source) for source in sources)
    return Nulls.NO if required else Nulls.UNKNOWN


def still_fits(graph: Graph, writing: Writing, column: ColumnId, new: str) -> bool | None:
    """Whether what a job puts into a column fits its new type; None when types are not known."""
    feeds = [feed for feed in graph.into([column], EdgeType.FEEDS) if feed.via == writing.job]
    nodes = graph.nodes(feed.source for feed in feeds if feed.role is Role.IDENTITY).values()
    types = [type_ for node in nodes if (type_ := node.value("type"))]
    return all(fits(type_, new) for type_ in types) if types else None

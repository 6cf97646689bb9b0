"""The search page's answers: datasets by name, by column, or by who reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from app.canvas import Kind
from app.views import wording
from app.views.neighbourhood import flows
from lineage.analyses.listening.coverage import Logs, Window
from lineage.analyses.reach.graph import PRODUCTION, Graph, Link
from lineage.analyses.stewardship.people import owners
from lineage.model import Activity, EdgeType
from lineage.names import ColumnId, ConsumerId, DatasetId, NodeId
from lineage.store import Direction, Store

MOST_ROWS = 300  # reads are counted for so many candidates
MOST_CONSUMERS = 50  # consumers of a matching name whose datasets are found


class Row(msgspec.Struct, frozen=True):
    """A dataset that was found.

    why: what the search matched, empty for its name. reads: in the window; trend: by week, the
    last ends the window. consumers: who ever read it, bots apart. last: day of the last read.
    """

    dataset: DatasetId
    why: str
    kind: Kind
    owner: str
    domain: str
    reads: int
    trend: tuple[int, ...]
    consumers: int
    last: int | None


class Found(msgspec.Struct, frozen=True):
    """The rows of a search, most read first, and how many datasets matched in all."""

    rows: tuple[Row, ...]
    total: int
    window: Window


class Names(msgspec.Struct, frozen=True):
    """What the search knows by name: datasets, and consumers with their titles; sorted.

    people: the consumers that are persons, as answers write their ids.
    """

    datasets: tuple[DatasetId, ...]
    consumers: tuple[tuple[ConsumerId, str], ...]
    people: frozenset[str]


def names(store: Store) -> Names:
    """The names of all datasets in production and of all consumers."""
    datasets = [
        node.id
        for node in store.scan_nodes("Dataset")
        if isinstance(node.id, DatasetId)
        and node.value("environment", "prod").lower() in PRODUCTION
    ]
    consumers = []
    people = set()
    for node in store.scan_nodes("Consumer"):
        if isinstance(node.id, ConsumerId):
            consumers.append((node.id, node.value("title")))
            if wording.process_kind(node.id, node.value("kind")) == "person":
                people.add(str(node.id))
    return Names(tuple(sorted(datasets)), tuple(sorted(consumers)), frozenset(people))


def search(store: Store, known: Names, text: str) -> Found:
    """The datasets that a text finds; all of them for an empty text."""
    matches = _matches(store, known, text.strip().lower())
    chosen = dict(list(matches.items())[:MOST_ROWS])
    logs = Logs(store)
    graph = Graph(store, logs.as_of)
    window = logs.window(logs.logged)
    rows = sorted(_rows(graph, chosen, window), key=lambda row: (-row.reads, str(row.dataset)))
    return Found(tuple(rows), len(matches), window)


def _matches(store: Store, known: Names, text: str) -> dict[DatasetId, str]:
    """Datasets and why they match, the nearest first: by name, by column, by consumer."""
    by_name = [one for one in known.datasets if text in str(one).lower()]
    by_name.sort(key=lambda one: not wording.short_name(one).lower().startswith(text))
    found = dict.fromkeys(by_name, "")
    if text:
        for dataset, why in (*_by_column(store, text), *_by_consumer(store, known, text)):
            found.setdefault(dataset, why)
    return found


def _by_column(store: Store, text: str) -> Iterator[tuple[DatasetId, str]]:
    for column in sorted(store.named("Column", text)):
        if isinstance(column, ColumnId):
            yield column.dataset, f"column {column.name}"


def _by_consumer(store: Store, known: Names, text: str) -> Iterator[tuple[DatasetId, str]]:
    readers = {
        consumer: title or consumer.name
        for consumer, title in known.consumers
        if text in f"{title} {consumer}".lower()
    }
    some = list(readers)[:MOST_CONSUMERS]
    for edge in store.edges(some, Direction.UP, [EdgeType.READ_BY]):
        reader = edge.key.target
        if isinstance(edge.key.source, DatasetId) and isinstance(reader, ConsumerId):
            yield edge.key.source, f"read by {readers[reader]}"


def _rows(graph: Graph, found: dict[DatasetId, str], window: Window) -> list[Row]:
    reads: dict[NodeId, list[Link]] = {one: [] for one in found}
    for link in flows(graph, found, "down"):
        if link.type is EdgeType.READ_BY:
            reads[link.source].append(link)
    facts = graph.nodes(found)
    owned = owners(graph, found)
    domains = domains_of(graph, found)
    rows = []
    for dataset, why in found.items():
        activity = together(reads[dataset])
        rows.append(
            Row(
                dataset,
                why,
                wording.dataset_kind(dataset, facts[dataset].value("kind")),
                owned[dataset].name if dataset in owned else "",
                domains.get(dataset, ""),
                activity.between(window.start, window.as_of).total,
                tuple(wording.weekly(activity.days, activity.counts, window.as_of)),
                sum(isinstance(link.target, ConsumerId) for link in reads[dataset]),
                activity.last,
            )
        )
    return rows


def together(links: Collection[Link]) -> Activity:
    """What several readers read in all, day by day."""
    total = Activity()
    for link in links:
        total = total.plus(link.activity)
    return total


def domains_of(graph: Graph, datasets: Collection[DatasetId]) -> dict[NodeId, str]:
    """The domain of each of these datasets that has one."""
    links = graph.out(datasets, EdgeType.IN_DOMAIN)
    return {link.source: link.target.name for link in links}

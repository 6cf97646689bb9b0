"""What is known of one dataset beside its lineage: owner, columns, reads by week, statements."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from app.canvas import Kind
from app.views import wording
from app.views.catalogue import domains_of, together
from app.views.neighbourhood import flows
from lineage.analyses.listening.coverage import Logs
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.people import contacts, owners, profiles
from lineage.calendar import iso_or_none
from lineage.model import EdgeType, Node
from lineage.names import ColumnId, DatasetId, JobId, ProcessId
from lineage.store import Store

UNKNOWN_COLUMNS = "*"
_UNPLACED = 1_000_000  # columns whose place in the table is not known come last


class ColumnFacts(msgspec.Struct, frozen=True):
    """A column: its type and description, empty where nobody told."""

    name: str
    type: str
    description: str


class Writer(msgspec.Struct, frozen=True):
    """A job that writes a dataset; `last`: an ISO date, None when it was only declared."""

    name: str
    last: str | None


class Portrait(msgspec.Struct, frozen=True):
    """A dataset. writers: who writes it today, the last one first; none when nobody was seen to.

    trend: direct counted reads by week, the last week ends with the logs. notes: what its producers
    told of it beside, in sentences: tags, checks, how much was written last.
    """

    dataset: DatasetId
    kind: Kind
    owner: str
    contact: str
    domain: str
    description: str
    dropped: bool
    columns: tuple[ColumnFacts, ...]
    writers: tuple[Writer, ...]
    trend: tuple[int, ...]
    notes: tuple[str, ...] = ()


def portrait(store: Store, dataset: DatasetId) -> Portrait:
    """The portrait of a dataset, as of the end of the logs."""
    as_of = Logs(store).as_of
    graph = Graph(store, as_of)
    node = graph.nodes([dataset])[dataset]
    team = owners(graph, [dataset]).get(dataset)
    reads = [link for link in flows(graph, [dataset], "down") if link.type is EdgeType.READ_BY]
    activity = together(reads)
    return Portrait(
        dataset,
        wording.dataset_kind(dataset, node.value("kind")),
        team.name if team else "",
        contacts(graph, [team])[team] if team else "",
        domains_of(graph, [dataset]).get(dataset, ""),
        node.value("description"),
        node.value("dropped") == "true",
        tuple(columns_of(graph, [dataset]).get(dataset, ())),
        tuple(_writers(graph, dataset)),
        tuple(wording.weekly(activity.days, activity.counts, as_of or 0)),
        tuple(_notes(node)),
    )


def _notes(node: Node) -> Iterator[str]:
    if tags := node.value("tags"):
        yield f"Tagged {tags}."
    if checks := node.value("checks"):
        failed = node.value("failed_checks")
        passed = f"Checks, the last run of each: all {checks} passed."
        missed = f"Checks, the last run of each: not all {checks} passed; failed: {failed}."
        yield missed if failed else passed
    if rows := node.value("rows_written"):
        count = f"{int(rows):,}" if rows.isdecimal() else rows
        yield "The last write had no rows." if rows == "0" else f"Last write: {count} rows."
    if renamed := node.value("renamed_to"):
        yield f"Renamed to {renamed}."


def columns_of(graph: Graph, datasets: list[DatasetId]) -> dict[DatasetId, list[ColumnFacts]]:
    """The columns of each dataset in the order of the table, without dropped ones."""
    links = graph.out(datasets, EdgeType.HAS_COLUMN)
    nodes = graph.nodes(link.target for link in links)
    placed = []
    for column, node in nodes.items():
        known = isinstance(column, ColumnId) and column.name != UNKNOWN_COLUMNS
        if known and node.value("dropped") != "true":
            ordinal = node.value("ordinal")
            placed.append((int(ordinal) if ordinal.isdecimal() else _UNPLACED, column, node))
    found: dict[DatasetId, list[ColumnFacts]] = {dataset: [] for dataset in datasets}
    for _, column, node in sorted(placed, key=lambda one: one[:2]):
        assert isinstance(column, ColumnId)
        facts = ColumnFacts(column.name, node.value("type"), node.value("description"))
        found[column.dataset].append(facts)
    return found


def _writers(graph: Graph, dataset: DatasetId) -> Iterator[Writer]:
    links = [link for link in flows(graph, [dataset], "up") if isinstance(link.source, JobId)]
    known = profiles(graph, [link.source for link in links if isinstance(link.source, JobId)])
    for link in sorted(links, key=lambda link: (-(link.activity.last or 0), str(link.source))):
        if isinstance(link.source, JobId):
            name = wording.process_name(link.source, known[link.source].title)
            yield Writer(name, iso_or_none(link.activity.last))


def statements(store: Store, process: ProcessId, dataset: DatasetId) -> list[str]:
    """The statements (value literals masked) of a job or consumer that name a dataset.

    The one that ran last comes first. All of its statements when none names the dataset: it may
    read it through a view.
    """
    graph = Graph(store, Logs(store).as_of)
    runs = graph.out([process], EdgeType.RAN)
    named = {link.target for link in graph.out([dataset], EdgeType.NAMED_IN)}
    runs = [link for link in runs if link.target in named] or runs
    runs.sort(key=lambda link: (-(link.activity.last or 0), str(link.target)))
    queries = list(dict.fromkeys(link.target for link in runs))
    nodes = graph.nodes(queries)
    return [sql for query in queries if (sql := nodes[query].value("sql"))]

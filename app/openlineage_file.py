"""Writes the graph as OpenLineage events: one for each dataset and each job, and some for the rest.

Whoever reads OpenLineage finds datasets, schemas, owners, jobs and column lineage in them. What has
no words there (readers, days, evidence) is in a facet of our own, by which an import restores it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final, TypeVar

import msgspec
from openlineage.client import event_v2 as ol
from openlineage.client import facet_v2 as facets
from openlineage.client.generated import base
from openlineage.client.serde import Serde

from ingest.openlineage.usage_facet import FACET, SCHEMA, UsageFacet
from lineage.analyses.leaving import leaving
from lineage.analyses.listening.coverage import Logs
from lineage.calendar import iso_day
from lineage.model import DIRECT, Batch, Edge, EdgeType, Node
from lineage.names import ColumnId, DatasetId, JobId, NodeId, TeamId
from lineage.store import Direction, Store
from lineage.stores.codec import LABELS
from lineage.stores.sqlite import open_sqlite

PRODUCER: Final = "urn:lineage-usage:export"
REST: Final = JobId("lineage-usage", "export")  # carries what belongs to no dataset and no job
_STEP: Final = 500  # datasets or jobs that are read together
_OTHERS: Final = LABELS.keys() - {"Dataset", "Column", "Job"}
_ANY: Final = "*"
_T = TypeVar("_T")
_lineage = facets.column_lineage_dataset
_Event = tuple[ol.DatasetEvent | ol.JobEvent, UsageFacet]  # and what it says in our own words
_encoder = msgspec.json.Encoder(order="sorted")


def write_openlineage(store: Store, target: Path, *, people: bool) -> int:
    """Writes the graph to a file, an event a line; how many events.

    people: with the names of persons; without, a person is a number.

    Raises:
        OSError: the file cannot be written.
    """
    as_of = Logs(store).as_of or 0
    base.set_producer(PRODUCER)
    with TemporaryDirectory(prefix="lineage-export-") as folder:
        url = f"sqlite:///{folder}/graph.db"
        for batch in leaving(store, None, texts=True, people=people):
            _write(url, Batch(batch.nodes, batch.edges))
        graph = open_sqlite(url, create=True)
        try:
            with target.open("wb") as file:
                return _Export(graph, f"{iso_day(as_of)}T00:00:00Z").write(file)
        finally:
            graph.close()


def _write(url: str, batch: Batch) -> None:
    """Adds to the copy; a store remembers the nodes that it has met, so each batch has its own."""
    copy = open_sqlite(url, create=True)
    try:
        copy.apply(batch)
    finally:
        copy.close()


class _Export:
    """One export of a graph in which nobody writes."""

    def __init__(self, graph: Store, at: str) -> None:
        self._graph = graph
        self._at = at

    def write(self, file: IO[bytes]) -> int:
        """Writes every event; how many."""
        count = 0
        for event, own in self._events():
            plain = Serde.to_dict(event)
            # Beside the client's classes: they would go through every number of it, one by one.
            facet = {"_producer": PRODUCER, "_schemaURL": SCHEMA, **msgspec.structs.asdict(own)}
            (plain.get("dataset") or plain["job"])["facets"][FACET] = facet
            file.write(_encoder.encode(plain) + b"\n")
            count += 1
        return count

    def _events(self) -> Iterator[_Event]:
        for some in _steps(self._graph.scan_nodes("Dataset")):
            yield from self._datasets(some)
        for some in _steps(self._graph.scan_nodes("Job")):
            yield from self._jobs(some)
        for label in sorted(_OTHERS):
            for some in _steps(self._graph.scan_nodes(label)):
                yield self._rest(some)

    def _datasets(self, nodes: Sequence[Node]) -> Iterator[_Event]:
        ids = [node.id for node in nodes]
        leave = _by_source(self._graph.edges(ids, Direction.DOWN, list(EdgeType)))
        held = {
            edge.key.target
            for edges in leave.values()
            for edge in edges
            if edge.key.type is EdgeType.HAS_COLUMN
        }
        columns = self._graph.nodes(held)
        of_columns = _by_source(self._graph.edges(held, Direction.DOWN, list(EdgeType)))
        owners = self._owners(ids)
        for node in nodes:
            edges = leave.get(node.id, [])
            mine = {one.key.target: columns[one.key.target] for one in edges
                    if one.key.type is EdgeType.HAS_COLUMN}  # fmt: skip
            found = [*edges, *(edge for one in mine for edge in of_columns.get(one, ()))]
            described = _dataset_facets(node, mine.values(), edges, owners.get(node.id, []))
            dataset = ol.StaticDataset(node.id.namespace, _name(node.id), facets=described)
            event = ol.DatasetEvent(eventTime=self._at, dataset=dataset)
            yield event, UsageFacet.of([node, *mine.values()], found)

    def _jobs(self, nodes: Sequence[Node]) -> Iterator[_Event]:
        ids = [node.id for node in nodes]
        graph = self._graph
        leave = _by_source(graph.edges(ids, Direction.DOWN, list(EdgeType)))
        enter = [EdgeType.READ_BY, EdgeType.USED_BY]
        reads = _by_target(graph.edges(ids, Direction.UP, enter))
        used = {edge.key.source for found in reads.values() for edge in found
                if edge.key.type is EdgeType.USED_BY}  # fmt: skip
        feeds: dict[NodeId | None, list[Edge]] = {}
        for edge in graph.edges(used, Direction.DOWN, [EdgeType.FEEDS]):
            feeds.setdefault(edge.key.via, []).append(edge)
        queries = {edge.key.target for found in leave.values() for edge in found
                   if edge.key.type is EdgeType.RAN}  # fmt: skip
        texts = graph.nodes(queries)
        owners = self._owners(ids)
        for node in nodes:
            edges = leave.get(node.id, [])
            described = _job_facets(node, edges, texts, owners.get(node.id, []))
            event = ol.JobEvent(
                eventTime=self._at,
                job=ol.Job(node.id.namespace, _name(node.id), described),
                inputs=_inputs(reads.get(node.id, [])),
                outputs=_outputs(edges, reads.get(node.id, []), feeds.get(node.id, [])),
            )
            yield event, UsageFacet.of([node], edges)

    def _rest(self, nodes: Sequence[Node]) -> _Event:
        edges = self._graph.edges([node.id for node in nodes], Direction.DOWN, list(EdgeType))
        job = ol.Job(REST.namespace, REST.name)
        event = ol.JobEvent(eventTime=self._at, job=job, inputs=[], outputs=[])
        return event, UsageFacet.of(nodes, edges)

    def _owners(self, ids: Sequence[NodeId]) -> dict[NodeId, list[str]]:
        found: dict[NodeId, set[str]] = {}
        for edge in self._graph.edges(ids, Direction.UP, [EdgeType.OWNS]):
            if isinstance(edge.key.source, TeamId):
                found.setdefault(edge.key.target, set()).add(f"team:{edge.key.source.name}")
        return {node: sorted(names) for node, names in found.items()}


def _dataset_facets(
    node: Node, columns: Iterable[Node], edges: Iterable[Edge], owners: list[str]
) -> dict[str, base.DatasetFacet]:
    found: dict[str, base.DatasetFacet] = {}
    fields = [
        facets.schema_dataset.SchemaDatasetFacetFields(
            name=_name(one.id),
            type=one.value("type") or None,
            description=one.value("description") or None,
        )
        for one in sorted(columns, key=_by_place)
        if _name(one.id) != _ANY and one.value("dropped") != "true"
    ]
    if fields:
        found["schema"] = facets.schema_dataset.SchemaDatasetFacet(fields=fields)
    links = [
        facets.symlinks_dataset.Identifier(
            edge.key.target.namespace, _name(edge.key.target), "TABLE"
        )
        for edge in edges
        if edge.key.type is EdgeType.SAME_AS
    ]
    if links:
        found["symlinks"] = facets.symlinks_dataset.SymlinksDatasetFacet(identifiers=links)
    if owners:
        found["ownership"] = facets.ownership_dataset.OwnershipDatasetFacet(
            owners=[facets.ownership_dataset.Owner(name, "OWNER") for name in owners]
        )
    if text := node.value("description"):
        found["documentation"] = facets.documentation_dataset.DocumentationDatasetFacet(
            description=text
        )
    if kind := node.value("kind"):
        found["datasetType"] = facets.dataset_type_dataset.DatasetTypeDatasetFacet(
            datasetType=kind.upper()
        )
    return found


def _job_facets(
    node: Node, edges: Iterable[Edge], texts: dict[NodeId, Node], owners: list[str]
) -> dict[str, base.JobFacet]:
    found: dict[str, base.JobFacet] = {
        "jobType": facets.job_type_job.JobTypeJobFacet(
            processingType=(node.value("processing") or "batch").upper(),
            integration=(node.value("integration") or "unknown").upper(),
            jobType=(node.value("kind") or "job").upper(),
        )
    }
    ran = [edge for edge in edges if edge.key.type is EdgeType.RAN]
    latest = max(
        ran, key=lambda edge: (edge.activity.last or 0, str(edge.key.target)), default=None
    )
    query = texts.get(latest.key.target) if latest else None
    if query and query.value("sql"):
        found["sql"] = facets.sql_job.SQLJobFacet(
            query=query.value("sql"), dialect=query.value("dialect") or None
        )
    if owners:
        found["ownership"] = facets.ownership_job.OwnershipJobFacet(
            owners=[facets.ownership_job.Owner(name, "OWNER") for name in owners]
        )
    if text := node.value("description"):
        found["documentation"] = facets.documentation_job.DocumentationJobFacet(description=text)
    return found


def _inputs(edges: Iterable[Edge]) -> list[ol.InputDataset]:
    read = {edge.key.source for edge in edges if edge.key.type is EdgeType.READ_BY}
    return [ol.InputDataset(one.namespace, _name(one)) for one in sorted(read, key=str)]


def _outputs(
    edges: Iterable[Edge], uses: Iterable[Edge], feeds: Iterable[Edge]
) -> list[ol.OutputDataset]:
    """The outputs of a job, each with what feeds its columns, and what steers it as a whole."""
    written = {edge.key.target for edge in edges if edge.key.type is EdgeType.WRITES}
    sources: dict[tuple[DatasetId, str], dict[ColumnId, set[str]]] = {}
    feeding = set()
    for edge in feeds:
        source, target = edge.key.source, edge.key.target
        assert isinstance(source, ColumnId)
        assert isinstance(target, ColumnId)
        place = sources.setdefault((target.dataset, target.name), {})
        place.setdefault(source, set()).add(str(edge.key.role))
        feeding.add((source, edge.key.role))
    steering: dict[ColumnId, set[str]] = {}
    for edge in uses:
        column = edge.key.source
        if isinstance(column, ColumnId) and (column, edge.key.role) not in feeding:
            steering.setdefault(column, set()).add(str(edge.key.role))
    found = []
    for one in sorted(written, key=str):
        assert isinstance(one, DatasetId)
        fields = {
            name: _lineage.Fields(inputFields=_fields(columns))
            for (dataset, name), columns in sorted(sources.items())
            if dataset == one
        }
        described: dict[str, base.DatasetFacet] = {}
        if fields or steering:
            described["columnLineage"] = _lineage.ColumnLineageDatasetFacet(
                fields=fields, dataset=_fields(steering)
            )
        found.append(ol.OutputDataset(one.namespace, one.name, facets=described))
    return found


def _fields(columns: dict[ColumnId, set[str]]) -> list[_lineage.InputField]:
    return [
        _lineage.InputField(
            column.dataset.namespace,
            column.dataset.name,
            column.name,
            [
                _lineage.Transformation("DIRECT" if role in DIRECT else "INDIRECT", role)
                for role in sorted(roles)
            ],
        )
        for column, roles in sorted(columns.items())
    ]


def _by_place(column: Node) -> tuple[int, str]:
    ordinal = column.value("ordinal")
    return (int(ordinal) if ordinal.isdecimal() else 9999, _name(column.id))


def _name(node: NodeId) -> str:
    return node.name


def _by_source(edges: Iterable[Edge]) -> dict[NodeId, list[Edge]]:
    found: dict[NodeId, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge.key.source, []).append(edge)
    return found


def _by_target(edges: Iterable[Edge]) -> dict[NodeId, list[Edge]]:
    found: dict[NodeId, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge.key.target, []).append(edge)
    return found


def _steps(records: Iterable[_T]) -> Iterator[list[_T]]:
    rest = iter(records)
    while some := list(islice(rest, _STEP)):
        yield some

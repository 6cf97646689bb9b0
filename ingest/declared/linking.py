"""Keeps the graph's declared edges equal to what the files of edges say today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec

from ingest.declared.consumer_ids import consumer_of
from ingest.declared.edges import EdgeFile, expired
from ingest.declared.links import DeclaredEdge, Ends
from ingest.deriving.additions import Additions
from lineage.errors import AmbiguousName, InvalidName
from lineage.model import Batch, Document, EdgeType, Evidence, Origin, Role
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, clean
from lineage.store import Store

_KIND = "declared-edges"
_SURE = Evidence.of(provenance=0.9)
# Nobody said which columns: all of them pass on, as far as is known.
_UNKNOWN_COLUMNS = Evidence.of(provenance=0.9, parse=0.4)
_ANY = "*"
_OBJECT_STORES = frozenset({"s3", "gs", "abfss", "wasbs", "hdfs"})


class _Link(msgspec.Struct, frozen=True):
    """A declared edge whose ends are found."""

    edge: DeclaredEdge
    source: DatasetId
    target: DatasetId | None
    process: JobId | ConsumerId


class DeclaredEdges:
    """The edges that the files declare, and those that the store has of them.

    An edge whose last day is over is taken out of the graph; so is one whose line is gone.
    """

    def __init__(self, store: Store, files: Sequence[EdgeFile], namespace: str) -> None:
        self.warnings: list[str] = []
        self._document: Document | None = None
        self._store = store
        self._namespace = namespace
        today = dt.datetime.now(dt.UTC).date().isoformat()
        every = [edge for file in files for edge in file.edges]
        self._edges = [edge for edge in every if not expired(edge, today)]
        self._expired = [edge for edge in every if expired(edge, today)]

    def apply(self, additions: Additions) -> None:
        """Takes out of the store what no longer holds, and adds what holds now."""
        self.warnings = [f"{_named(edge)}: over since {edge.until}" for edge in self._expired]
        known = next(self._store.documents(_KIND, [_KIND]), None)
        before = msgspec.json.decode(known.body, type=tuple[_Link, ...]) if known else ()
        if not before and not self._edges:
            return
        now = tuple(self._links(additions))
        if now == before:
            return
        # On its own, so that nodes that nothing else holds go before they are added again.
        gone = {link.process for link in before}
        retract = tuple((process, Origin.DECLARED) for process in sorted(gone, key=str))
        self._store.apply(Batch(retract=retract, documents=(_document(()),)))
        for link in now:
            _add(additions, link)
        self._document = _document(now)

    def documents(self) -> list[Document]:
        """What to keep, so that the next import knows what it has to take back."""
        made, self._document = self._document, None
        return [made] if made else []

    def _links(self, additions: Additions) -> Iterator[_Link]:
        texts = [text for edge in self._edges for text in (edge.source, edge.target)]
        ends = Ends(self._store, additions.nodes, self._namespace, texts)
        below = _Below(self._store, additions)
        for edge in self._edges:
            try:
                source = ends.find(edge.source)
                target = ends.find(edge.target) if edge.target else None
            except (AmbiguousName, InvalidName) as error:
                self.warnings.append(f"{_named(edge)}: {error}")
                continue
            missing = [
                name
                for name, found in ((edge.source, source), (edge.target, target))
                if name and found is None
            ]
            if missing:
                self.warnings.append(
                    f"{_named(edge)}: nothing is called {missing[0]}; write namespace:name"
                )
            elif source is not None and source != target:
                process = self._consumer(edge, additions) or _job(edge, source, target)
                yield _Link(edge, source, target, process)
                for inner in below.of(target):
                    yield _Link(edge, source, inner, process)

    def _consumer(self, edge: DeclaredEdge, additions: Additions) -> ConsumerId | None:
        """The consumer of an edge as logs name it, by its address, where they do."""
        if not edge.consumer:
            return None
        seen = _consumer_id(consumer_of(edge.address))
        if seen in additions.nodes or self._store.nodes([seen]):
            return seen
        return _consumer_id(edge.consumer)


class _Below:
    """The paths that lie under a path: what is archived in a folder is read by partition."""

    def __init__(self, store: Store, additions: Additions) -> None:
        self._store = store
        self._additions = additions
        self._paths: dict[str, list[DatasetId]] | None = None

    def of(self, dataset: DatasetId | None) -> list[DatasetId]:
        """The known paths under a path of an object store, sorted; none under anything else."""
        if dataset is None or dataset.namespace.partition("://")[0] not in _OBJECT_STORES:
            return []
        if self._paths is None:
            self._paths = {}
            stored = (node.id for node in self._store.scan_nodes("Dataset"))
            for node in {*stored, *self._additions.nodes}:
                if isinstance(node, DatasetId):
                    self._paths.setdefault(node.namespace, []).append(node)
        inside = f"{dataset.name.rstrip('/')}/"
        near = self._paths.get(dataset.namespace, [])
        return sorted(one for one in near if one.name.startswith(inside))


def _consumer_id(text: str) -> ConsumerId:
    namespace, _, name = text.partition(":")
    return ConsumerId(clean(namespace), clean(name))


def _document(links: tuple[_Link, ...]) -> Document:
    return Document(_KIND, _KIND, msgspec.json.encode(links))


def _named(edge: DeclaredEdge) -> str:
    return f"declared edge {edge.source} → {edge.target or edge.consumer}"


def _job(edge: DeclaredEdge, source: DatasetId, target: DatasetId | None) -> JobId:
    if not edge.job or target is None:
        return JobId("declared", f"{source} -> {target}")
    namespace, _, name = edge.job.rpartition(":")
    name = f"{name} -> {target.name}" if edge.kind == "connector" else name
    return JobId(clean(namespace) or "declared", clean(name) or f"{source} -> {target}")


def _add(additions: Additions, link: _Link) -> None:
    edge, process = link.edge, link.process
    own = not edge.job or edge.kind == "connector"  # nobody else tells of this process
    facts = {"reason": edge.reason, "actor": edge.actor, "until": edge.until} if own else {}
    kind = edge.kind or ("declared" if own else "job")
    additions.node(process, kind=kind, **{key: clean(value) for key, value in facts.items()})
    additions.edge(EdgeType.READ_BY, link.source, process, origin=Origin.DECLARED, evidence=_SURE)
    if isinstance(process, JobId) and link.target is not None:
        additions.edge(
            EdgeType.WRITES, process, link.target, origin=Origin.DECLARED, evidence=_SURE
        )
        _add_columns(additions, link, process, link.target)


def _add_columns(additions: Additions, link: _Link, job: JobId, target: DatasetId) -> None:
    """A column that is declared to go into another does so as it is."""
    columns = link.edge.columns
    sure = _SURE if columns else _UNKNOWN_COLUMNS
    for source, into in columns or ((_ANY, _ANY),):
        ends = ColumnId(link.source, clean(source)), ColumnId(target, clean(into))
        for column in ends:
            additions.column(column)
        additions.edge(EdgeType.FEEDS, *ends, role=Role.IDENTITY, via=job,
                       origin=Origin.DECLARED, evidence=sure)  # fmt: skip
        additions.edge(EdgeType.USED_BY, ends[0], job, role=Role.IDENTITY, named=bool(columns),
                       origin=Origin.DECLARED, evidence=sure)  # fmt: skip

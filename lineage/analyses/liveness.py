"""Which datasets are needed: mark and sweep from living consumers, so that dead loops are found.

One pass over the edges of the flow; what a label needs to know of a dataset is kept beside.
"""

from __future__ import annotations

from lineage.analyses.corrections import corrections
from lineage.analyses.people import SYSTEM, is_finance
from lineage.calendar import QUIET, alive, iso_day
from lineage.model import FLOW, Activity, Edge, EdgeType, Node
from lineage.names import ConsumerId, DatasetId, DomainId, JobId, NodeId, ProcessId
from lineage.store import Direction, Store

_SUPPORTED = frozenset({"supported", "guaranteed"})


class Traffic:
    """What was seen of one dataset. Bots are left out of readers, readers who write it too."""

    __slots__ = ("last_read", "living", "node", "readers", "writers", "writes")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.readers: set[ProcessId] = set()
        self.living: set[ConsumerId] = set()
        self.last_read: int | None = None
        self.writers: set[JobId] = set()
        self.writes = Activity()

    @property
    def outsiders(self) -> set[ProcessId]:
        """Who reads it and does not write it."""
        return self.readers - self.writers


class Flow:
    """All of the flow as it was known on a day, and which datasets are needed.

    inputs: the datasets that each job was ever seen to read. needed: those that a root needs.
    domains: of datasets.
    """

    def __init__(self, store: Store, as_of: int) -> None:
        self.as_of = as_of
        self.traffic: dict[DatasetId, Traffic] = {}
        self.inputs: dict[JobId, set[DatasetId]] = {}
        self.domains = _domains(store)
        self._needs: dict[JobId, set[DatasetId]] = {}  # inputs and writers that still live
        self._makers: dict[DatasetId, set[JobId]] = {}
        self._views: set[NodeId] = set()
        self._bots = _bots(store)
        self._seasonal = {what for what, place in self.domains.items() if is_finance(place)}
        for label in ("Dataset", "Job", "Consumer"):
            for node in store.scan_nodes(label):
                self._know(node)
        for edge in corrections(store).kept(store.scan_edges(FLOW)):
            activity = edge.activity
            if activity.last is not None and activity.last > as_of:
                activity = activity.between(None, as_of)
            if activity.days or not edge.activity.days:
                self._add(edge, activity)
        self.needed = self._sweep()

    def _know(self, node: Node) -> None:
        if isinstance(node.id, DatasetId):
            self.traffic[node.id] = Traffic(node)
        elif isinstance(node.id, JobId) and node.value("kind").lower() == "view":
            self._views.add(node.id)
        elif isinstance(node.id, ConsumerId) and node.value("kind") == SYSTEM:
            self._bots.add(node.id)
        if node.value("seasonal") == "true":
            self._seasonal.add(node.id)

    def _add(self, edge: Edge, activity: Activity) -> None:
        source, target = edge.key.source, edge.key.target
        if isinstance(source, DatasetId) and isinstance(target, JobId | ConsumerId):
            self._read(source, target, activity)
        elif isinstance(source, JobId) and isinstance(target, DatasetId):
            traffic = self.traffic[target]
            traffic.writers.add(source)
            traffic.writes = traffic.writes.union(activity)
            if self._lives(activity, source, target):
                self._makers.setdefault(target, set()).add(source)

    def _read(self, dataset: DatasetId, reader: ProcessId, activity: Activity) -> None:
        traffic = self.traffic[dataset]
        if reader not in self._bots:
            traffic.readers.add(reader)
            if reader not in self._views and activity.last is not None:
                traffic.last_read = max(traffic.last_read or 0, activity.last)
        elif isinstance(reader, ConsumerId):
            return
        if isinstance(reader, JobId):
            self.inputs.setdefault(reader, set()).add(dataset)
        if self._lives(activity, reader, dataset):
            if isinstance(reader, JobId):
                self._needs.setdefault(reader, set()).add(dataset)
            else:
                traffic.living.add(reader)

    def _lives(self, activity: Activity, process: ProcessId, dataset: DatasetId) -> bool:
        """Whether an edge is declared, part of a view, or was seen inside its cadence."""
        if activity.last is None or process in self._views:
            return True
        if self.as_of - activity.last <= QUIET:
            return True
        seasonal = process in self._seasonal or dataset in self._seasonal
        return alive(activity, self.as_of, seasonal=seasonal)

    def _sweep(self) -> set[DatasetId]:
        """Everything upstream of the roots."""
        stack = [d for d, traffic in self.traffic.items() if self._is_root(traffic)]
        needed = set(stack)
        done: set[JobId] = set()
        while stack:
            for job in self._makers.get(stack.pop(), set()) - done:
                done.add(job)
                fresh = self._needs.get(job, set()) - needed
                needed |= fresh
                stack.extend(fresh)
        return needed

    def _is_root(self, traffic: Traffic) -> bool:
        node = traffic.node
        return (
            bool(traffic.living)
            or node.value("tier") == "critical"
            or node.value("hold") == "true"
            or node.value("support") in _SUPPORTED
            or node.value("keep_until") >= iso_day(self.as_of)
        )

    def sources(self, dataset: DatasetId) -> set[DatasetId]:
        """The datasets that the writers of a dataset read, itself left out."""
        jobs = self.traffic[dataset].writers
        return {one for job in jobs for one in self.inputs.get(job, ())} - {dataset}

    def is_view(self, dataset: DatasetId) -> bool:
        """Whether a dataset is defined by a view."""
        return not self._views.isdisjoint(self.traffic[dataset].writers)


def _domains(store: Store) -> dict[NodeId, DomainId]:
    """The domain of each dataset and team that has one."""
    found: dict[NodeId, DomainId] = {}
    for edge in store.scan_edges([EdgeType.IN_DOMAIN]):
        if isinstance(place := edge.key.target, DomainId):
            found[edge.key.source] = min(place, found.get(edge.key.source, place))
    return found


def _bots(store: Store) -> set[NodeId]:
    """The jobs and consumers whose every principal is a system one."""
    system = {node.id for node in store.scan_nodes("Principal") if node.value("class") == SYSTEM}
    run = {edge.key.source for edge in store.edges(system, Direction.UP, [EdgeType.RUN_BY])}
    runs = store.edges(run, Direction.DOWN, [EdgeType.RUN_BY])
    return run - {edge.key.source for edge in runs if edge.key.target not in system}

"""Which datasets are needed: mark and sweep from living consumers, so that dead loops are found.

One pass over the flow; what a label needs to know of a dataset is kept beside. Of an edge only its
last day is read, and all its days where that one is so far back that the rhythm decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from lineage.analyses.corrections import Corrections, corrections
from lineage.analyses.disuse.orphan_policy import DEFAULT, OrphanPolicy, matcher
from lineage.analyses.estate.domains import Domains
from lineage.analyses.stewardship.people import SYSTEM, is_finance
from lineage.analyses.stewardship.stewardship import (
    UNDECIDED,
    Stewardship,
    stewardship_of,
)
from lineage.calendar import iso_day, patience
from lineage.model import FLOW, Activity, EdgeKey, EdgeType, Node, Origin
from lineage.names import ConsumerId, DatasetId, JobId, NodeId, ProcessId
from lineage.store import Direction, Store

# Edge → its last day up to the day in question; its days, where they are read already.
_Seen = tuple[EdgeKey, int | None, Activity | None]


class Traffic:
    """What was seen of one dataset; bots are no readers.

    readers: each with the last day, None for a view and for what is declared. living: the consumers
    that still read it; current: those, and the jobs that do. patience: for how many days a reader
    that has fallen silent was waited for. from_events: OpenLineage events told of it.
    """

    __slots__ = (
        "current", "from_events", "last_write", "living", "node", "patience", "readers", "writers",
    )  # fmt: skip

    def __init__(self, node: Node) -> None:
        self.node = node
        self.readers: dict[ProcessId, int | None] = {}
        self.living: set[ConsumerId] = set()
        self.current: set[ProcessId] = set()
        self.patience = 0
        self.writers: set[JobId] = set()
        self.last_write: int | None = None
        self.from_events = False

    @property
    def outsiders(self) -> set[ProcessId]:
        """Who reads it and does not write it."""
        if self.writers.isdisjoint(self.readers):
            return set(self.readers)
        return self.readers.keys() - self.writers

    @property
    def last_read(self) -> int | None:
        """The last day that an outsider read it."""
        days = (self.readers[reader] for reader in self.outsiders)
        return max((day for day in days if day is not None), default=None)


class Flow:
    """All of the flow as it was known on a day, and which datasets are needed.

    inputs, outputs: the datasets that each job was ever seen to read and to write. decided: what
    people decided about datasets, up to the day that the user `named`, all of it when he named
    none. domains: and owners.
    """

    def __init__(
        self,
        store: Store,
        as_of: int,
        policy: OrphanPolicy = DEFAULT,
        named: int | None = None,
    ) -> None:
        self.as_of = as_of
        self.policy = policy
        self.traffic: dict[DatasetId, Traffic] = {}
        self.inputs: dict[JobId, set[DatasetId]] = {}
        self.outputs: dict[JobId, set[DatasetId]] = {}
        self.domains = Domains(store)
        self._store = store
        self._needs: dict[JobId, set[DatasetId]] = {}  # inputs and writers that still live
        self._makers: dict[DatasetId, set[JobId]] = {}
        self._views: set[NodeId] = set()
        self._bots = _bots(store)
        self._seasonal: set[NodeId] = set()
        for label in ("Dataset", "Job", "Consumer"):
            for node in store.scan_nodes(label):
                self._know(node)
        nodes = {dataset: one.node for dataset, one in self.traffic.items()}
        self.decided = stewardship_of(store, None, named, nodes)
        self._corrections = corrections(store)
        dated: list[_Seen] = []
        for seen in _flow(store, as_of, self._corrections):
            self._add(seen, dated)
        for key, activity in self._days_of(dated):
            if self._patience(key, activity) >= as_of - (activity.last or 0):
                self._stays(key)

    def _know(self, node: Node) -> None:
        if isinstance(node.id, DatasetId):
            self.traffic[node.id] = Traffic(node)
            place = self.domains.of(node.id)
            if place is not None and is_finance(place):
                self._seasonal.add(node.id)
        elif isinstance(node.id, JobId) and node.value("kind").lower() == "view":
            self._views.add(node.id)
        elif isinstance(node.id, ConsumerId) and node.value("kind") == SYSTEM:
            self._bots.add(node.id)
        if node.value("seasonal") == "true":
            self._seasonal.add(node.id)

    def _add(self, seen: _Seen, dated: list[_Seen]) -> None:
        """Takes in an edge; into `dated` when only its rhythm tells whether it still lives."""
        key, last, _ = seen
        source, target = key.source, key.target
        process: NodeId
        if isinstance(target, DatasetId):
            assert isinstance(source, JobId)
            traffic, process = self.traffic[target], source
            self._wrote(source, target, traffic, last)
        else:
            assert isinstance(source, DatasetId)
            assert isinstance(target, JobId | ConsumerId)
            traffic, process = self.traffic[source], target
            self._was_read(source, target, traffic, last)
        if key.origin is Origin.OPENLINEAGE:
            traffic.from_events = True
        if last is None or self.as_of - last <= self.policy.quiet.days or process in self._views:
            self._stays(key)
        else:
            dated.append(seen)

    def _was_read(
        self, dataset: DatasetId, reader: ProcessId, traffic: Traffic, last: int | None
    ) -> None:
        if reader not in self._bots:
            seen = None if reader in self._views else last
            known = traffic.readers.get(reader)
            traffic.readers[reader] = seen if known is None else max(known, seen or known)
        if isinstance(reader, JobId):
            self.inputs.setdefault(reader, set()).add(dataset)

    def _wrote(self, job: JobId, dataset: DatasetId, traffic: Traffic, last: int | None) -> None:
        traffic.writers.add(job)
        self.outputs.setdefault(job, set()).add(dataset)
        if last is not None:
            traffic.last_write = max(traffic.last_write or 0, last)

    def _days_of(self, dated: list[_Seen]) -> Iterator[tuple[EdgeKey, Activity]]:
        """The days of these edges, read where they are not known yet."""
        wanted = {key for key, _, activity in dated if activity is None}
        yield from ((key, activity) for key, _, activity in dated if activity is not None)
        sources = {key.source for key in wanted}
        for edge in self._store.edges(sources, Direction.DOWN, FLOW) if wanted else ():
            if edge.key in wanted:
                yield edge.key, edge.activity

    def _patience(self, key: EdgeKey, activity: Activity) -> int:
        """For how many days the next activity of an edge is waited for."""
        seasonal = key.source in self._seasonal or key.target in self._seasonal
        days = patience(activity, self.as_of, seasonal=seasonal, times=self.policy.quiet)
        if isinstance(key.source, DatasetId):
            traffic = self.traffic[key.source]
            traffic.patience = max(traffic.patience, days)
        return days

    def _stays(self, key: EdgeKey) -> None:
        """Takes an edge for one that still lives."""
        source, target = key.source, key.target
        if isinstance(target, DatasetId):
            assert isinstance(source, JobId)
            self._makers.setdefault(target, set()).add(source)
            return
        assert isinstance(source, DatasetId)
        counts = target not in self._bots
        if isinstance(target, JobId):
            self._needs.setdefault(target, set()).add(source)
            if counts:
                self.traffic[source].current.add(target)
        elif counts and isinstance(target, ConsumerId):
            self.traffic[source].living.add(target)
            self.traffic[source].current.add(target)

    @cached_property
    def needed(self) -> set[DatasetId]:
        """Everything that a root needs: a living consumer, or what people decided to keep."""
        patterns = matcher(self.policy.roots.datasets)
        return self._upstream(
            dataset
            for dataset, traffic in self.traffic.items()
            if traffic.living or self._is_kept(traffic.node) or patterns.match(str(dataset))
        )

    @cached_property
    def served(self) -> set[DatasetId]:
        """Everything that a living consumer needs, whatever people decided."""
        return self._upstream(d for d, traffic in self.traffic.items() if traffic.living)

    def _upstream(self, roots: Iterable[DatasetId]) -> set[DatasetId]:
        stack = list(roots)
        found = set(stack)
        done: set[JobId] = set()
        while stack:
            for job in self._makers.get(stack.pop(), set()) - done:
                done.add(job)
                fresh = self._needs.get(job, set()) - found
                found |= fresh
                stack.extend(fresh)
        return found

    def _is_kept(self, node: Node) -> bool:
        assert isinstance(node.id, DatasetId)
        if node.value("tier") in self.policy.roots.tiers:
            return True
        decided = self.decided.get(node.id)
        return decided is not None and _is_kept(decided, self.policy, iso_day(self.as_of))

    def decisions(self, dataset: DatasetId) -> Stewardship:
        """What people decided about a dataset."""
        return self.decided.get(dataset, UNDECIDED)

    def sources(self, dataset: DatasetId) -> set[DatasetId]:
        """The datasets that the writers of a dataset read, itself left out."""
        jobs = self.traffic[dataset].writers
        return {one for job in jobs for one in self.inputs.get(job, ())} - {dataset}

    def feeds(self, dataset: DatasetId) -> set[DatasetId]:
        """The datasets that the readers of a dataset ever wrote, itself left out."""
        jobs = (job for job in self.traffic[dataset].readers if isinstance(job, JobId))
        return {one for job in jobs for one in self.outputs.get(job, ())} - {dataset}

    def is_view(self, dataset: DatasetId) -> bool:
        """Whether a dataset is defined by a view."""
        return not self._views.isdisjoint(self.traffic[dataset].writers)

    def writes(self, datasets: Iterable[DatasetId]) -> dict[DatasetId, dict[JobId, Activity]]:
        """The days on which each job wrote each of these datasets, up to the day in question."""
        found: dict[DatasetId, dict[JobId, Activity]] = {dataset: {} for dataset in datasets}
        edges = self._store.edges(list(found), Direction.UP, [EdgeType.WRITES])
        for edge in self._corrections.kept(edges):
            job, dataset = edge.key.source, edge.key.target
            if isinstance(job, JobId) and isinstance(dataset, DatasetId):
                activity = edge.activity.between(None, self.as_of)
                if activity.days or not edge.activity.days:
                    known = found[dataset].get(job, Activity())
                    found[dataset][job] = known.union(activity)
        return found


def _is_kept(decided: Stewardship, policy: OrphanPolicy, today: str) -> bool:
    """Whether a decision makes a dataset needed by itself."""
    hold, contract, levels = decided.hold, decided.contract, policy.roots.support
    return (
        (hold is not None and (hold.until is None or hold.until >= today))
        or decided.support.level in levels
        or (contract is not None and contract.level in levels)
        or (decided.keep_until or "") >= today
    )


def _flow(store: Store, as_of: int, standing: Corrections) -> Iterator[_Seen]:
    """The edges of the flow that were known on a day.

    An edge that was first active later did not exist; an edge without days is a declaration.
    """
    spans = list(store.scan_spans(FLOW))
    if all(last is None or last <= as_of for _, last in spans):
        yield from ((key, last, None) for key, last in spans if not standing.denies(key))
        return
    for edge in standing.kept(store.scan_edges(FLOW)):
        activity = edge.activity.between(None, as_of)
        if activity.days or not edge.activity.days:
            yield edge.key, activity.last, activity


def _bots(store: Store) -> set[NodeId]:
    """The jobs and consumers whose every principal is a system one."""
    system = {node.id for node in store.scan_nodes("Principal") if node.value("class") == SYSTEM}
    run = {edge.key.source for edge in store.edges(system, Direction.UP, [EdgeType.RUN_BY])}
    runs = store.edges(run, Direction.DOWN, [EdgeType.RUN_BY])
    return run - {edge.key.source for edge in runs if edge.key.target not in system}

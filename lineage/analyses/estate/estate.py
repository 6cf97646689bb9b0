"""What scorecards look at: all of a store as it was known on a day, each part read once."""

from __future__ import annotations

from functools import cached_property

from lineage.analyses.disuse.orphan_labels import FRESH, level_of
from lineage.analyses.disuse.orphan_policy import DEFAULT, Label, OrphanPolicy
from lineage.analyses.disuse.orphans import Survey
from lineage.analyses.stewardship.stewardship import Level
from lineage.calendar import cadence
from lineage.model import Activity, EdgeType, Node
from lineage.names import ColumnId, ConsumerId, DatasetId, NodeId, ProcessId
from lineage.store import Store

_NO_OWNER = frozenset({Label.UNOWNED, Label.DANGLING_OWNER})


class Estate:
    """What is known of the datasets of a survey. flow, parties: those of the survey."""

    def __init__(
        self, store: Store, as_of: int | None = None, policy: OrphanPolicy = DEFAULT
    ) -> None:
        self._store = store
        self.survey = Survey(store, as_of, policy)
        self.flow = self.survey.flow
        self.parties = self.survey.labels.parties
        self._fresh: dict[DatasetId, bool | None] = {}

    def node(self, dataset: DatasetId) -> Node:
        """The node of a dataset."""
        return self.flow.traffic[dataset].node

    def _carries(self, dataset: DatasetId, labels: frozenset[Label]) -> bool:
        return any(label in labels for label, _ in self.survey.found.get(dataset, ()))

    def is_owned(self, dataset: DatasetId) -> bool:
        """Whether a team owns it that still is."""
        return not self._carries(dataset, _NO_OWNER)

    def is_open(self, dataset: DatasetId) -> bool:
        """Whether the logs have holes, so that its disuse cannot be told."""
        return self._carries(dataset, frozenset({Label.CANNOT_TELL}))

    def level(self, dataset: DatasetId) -> Level | None:
        """Its support level; None when nobody said one."""
        return level_of(self.flow, self.node(dataset))

    @cached_property
    def anybody_decided(self) -> bool:
        """Whether anybody said a support level at all."""
        return any(self.level(dataset) for dataset in self.survey.looked_at)

    @cached_property
    def anybody_described(self) -> bool:
        """Whether a description of any dataset was imported at all."""
        return any(self.node(dataset).value("description") for dataset in self.survey.looked_at)

    def is_fresh(self, dataset: DatasetId) -> bool | None:
        """Whether it is written in its rhythm; None for views and what has none."""
        if not self._fresh:
            self._fresh = self._freshness()
        return self._fresh[dataset]

    def _freshness(self) -> dict[DatasetId, bool | None]:
        found: dict[DatasetId, bool | None] = {}
        asked = []
        for dataset in self.survey.looked_at:
            last = self.flow.traffic[dataset].last_write
            if last is None or self.flow.is_view(dataset):
                found[dataset] = None
            elif self.flow.as_of - last <= FRESH:
                found[dataset] = True
            else:
                asked.append(dataset)
        for dataset, by_job in self.flow.writes(asked).items():
            activity = Activity()
            for one in by_job.values():
                activity = activity.union(one)
            found[dataset] = self._in_rhythm(activity)
        return found

    def _in_rhythm(self, activity: Activity) -> bool | None:
        period = cadence(activity, self.flow.as_of).period
        if period is None or activity.last is None:
            return None
        return self.flow.as_of - activity.last <= self.flow.policy.stale_periods * period

    @cached_property
    def _columns(self) -> dict[DatasetId, tuple[int, int]]:
        found: dict[DatasetId, tuple[int, int]] = {}
        for node in self._store.scan_nodes("Column"):
            if isinstance(node.id, ColumnId):
                columns, described = found.get(node.id.dataset, (0, 0))
                described += bool(node.value("description"))
                found[node.id.dataset] = columns + 1, described
        return found

    def columns(self, dataset: DatasetId) -> tuple[int, int]:
        """How many columns it has, and how many of them somebody described."""
        return self._columns.get(dataset, (0, 0))

    @cached_property
    def _kinds(self) -> dict[NodeId, str]:
        return {node.id: node.value("kind", "other") for node in self._store.scan_nodes("Consumer")}

    def kind(self, reader: ProcessId) -> str:
        """What kind of reader it is: such as `job`, `dashboard` or `person`."""
        return self._kinds.get(reader, "other") if isinstance(reader, ConsumerId) else "job"

    @cached_property
    def _together(self) -> dict[DatasetId, set[DatasetId]]:
        by_statement: dict[NodeId, set[DatasetId]] = {}
        for key, _ in self._store.scan_spans([EdgeType.NAMED_IN]):
            if isinstance(key.source, DatasetId):
                by_statement.setdefault(key.target, set()).add(key.source)
        found: dict[DatasetId, set[DatasetId]] = {}
        for named in by_statement.values():
            for dataset in named if len(named) > 1 else ():
                found.setdefault(dataset, set()).update(named)
        return found

    def together(self, dataset: DatasetId) -> set[DatasetId]:
        """The datasets that a statement named together with it."""
        return self._together.get(dataset, set()) - {dataset}

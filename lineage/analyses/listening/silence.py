"""Where silence proves nothing: days without a log, statements that nobody understood.

A dataset is dead because of what was not seen of it, and of all that is made of it. So a hole in
the logs of a dead dataset is a hole for everything that it is made of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lineage.analyses.disuse.liveness import Flow
from lineage.analyses.listening.coverage import Coverage, Logs
from lineage.analyses.wording import quantity
from lineage.model import EdgeType
from lineage.names import DatasetId, QueryId
from lineage.store import Direction, Store

_EVENTS = "openlineage"  # the source of all events, whatever namespaces they speak of


class Silence:
    """How well was listened to datasets of which nothing was heard."""

    def __init__(self, store: Store, flow: Flow, as_of: int | None) -> None:
        self._store = store
        self._flow = flow
        self._as_of = as_of
        self._logs: dict[int, Logs] = {}
        self._heard: dict[tuple[int, tuple[str, ...]], Coverage] = {}
        self._naming: dict[DatasetId, set[str]] = {}
        self._own: dict[DatasetId, str] = {}
        self._behind: dict[DatasetId, DatasetId] = {}

    def judge(self, silent: Collection[DatasetId]) -> None:
        """Looks at these datasets, and at what their silence rests on, all at once."""
        self._naming = self._sources_of(silent)
        self._own = {dataset: hole for dataset in silent if (hole := self._hole(dataset))}
        among, stack = set(silent), list(self._own)
        while stack:
            broken = stack.pop()
            for source in self._flow.sources(broken) & among:
                if source not in self._own and source not in self._behind:
                    self._behind[source] = broken
                    stack.append(source)

    def hole(self, dataset: DatasetId, *, behind: bool) -> str:
        """Why silence proves nothing about a dataset; empty when it does.

        behind: whether it also matters what was heard of the datasets that are made of it.
        """
        if dataset in self._own:
            return self._own[dataset]
        if not behind or dataset not in self._behind:
            return ""
        end = dataset
        while end in self._behind:
            end = self._behind[end]
        return f"{self._own[end]} of {end.name}, which is made of it"

    def _hole(self, dataset: DatasetId) -> str:
        length = max(self._flow.policy.quiet.days, self._flow.traffic[dataset].patience)
        if length not in self._logs:
            self._logs[length] = Logs(self._store, self._as_of, length)
        logs = self._logs[length]
        sources = logs.sources_of(dataset, self._naming.get(dataset, ()))
        if (length, sources) not in self._heard:
            self._heard[length, sources] = logs.coverage((), sources, 0, 0)
        heard = self._heard[length, sources]
        if not heard.days_expected:
            return heard.text
        if heard.days_logged < heard.days_expected:
            return f"only {heard.text} are logged"
        unread = logs.dead_letters(dataset)
        return f"{quantity(unread, 'unread statement')} may name it" if unread else ""

    def _sources_of(self, datasets: Iterable[DatasetId]) -> dict[DatasetId, set[str]]:
        """The sources that were ever heard to name each dataset."""
        found = {
            dataset: {_EVENTS} if self._flow.traffic[dataset].from_events else set()
            for dataset in datasets
        }
        if len(self._store.logged()) > 1:
            for edge in self._store.edges(list(found), Direction.DOWN, [EdgeType.NAMED_IN]):
                if isinstance(edge.key.source, DatasetId) and isinstance(edge.key.target, QueryId):
                    found[edge.key.source].add(edge.key.target.namespace)
        return found

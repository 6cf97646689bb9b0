"""Who reads a dataset, by itself and through views, with which of its columns in which roles."""

from __future__ import annotations

from lineage.analyses.reach.graph import ANY_COLUMN, Graph, Link
from lineage.analyses.use.views import Surface, compose, surfaces, uses_of
from lineage.model import Activity, EdgeType, Role
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, ProcessId

# Evidence of a weaker parse does not say which columns were used.
_COLUMNS_KNOWN = 0.95


class Readers:
    """Who reads the base or a view over it, by which links and in which roles."""

    def __init__(self, graph: Graph, base: DatasetId, column: str | None) -> None:
        self.graph = graph
        self.base = base
        self.surfaces = surfaces(graph, base)
        self.bases = [surface.dataset for surface in self.surfaces]
        self.columns: dict[ProcessId, dict[str, dict[Role, Activity]]] = {}
        self.touches: dict[ProcessId, dict[DatasetId, list[Link]]] = {}
        self.certainty: dict[ProcessId, float] = {}
        self.unjudged: set[ProcessId] = set()
        self._via = {surface.dataset: surface.via for surface in self.surfaces}
        for surface in self.surfaces:
            self._add(surface, column)
        self.processes = sorted(self.touches, key=str)
        every = [
            link for read in self.touches.values() for found in read.values() for link in found
        ]
        self._running = {link.target for link in graph.current(every)}

    def leave_out_elsewhere(self) -> int:
        """Leaves out the jobs that write only to other environments; how many there are."""
        jobs = [process for process in self.processes if isinstance(process, JobId)]
        written = self.graph.out(jobs, EdgeType.WRITES)
        self.graph.nodes(link.target for link in written)
        left_out = {p for p in (*self.processes, *self.unjudged) if self.graph.is_elsewhere(p)}
        self.processes = [process for process in self.processes if process not in left_out]
        self.unjudged -= left_out
        return len(left_out)

    def _add(self, surface: Surface, column: str | None) -> None:
        reads = self.graph.out([surface.dataset], EdgeType.READ_BY)
        uses = uses_of(self.graph, [surface.dataset])
        self.graph.nodes(link.target for link in (*reads, *uses))
        seen_through = {link.target for link in uses}
        for link in reads:
            if process := self._reader(link.target):
                if link.evidence.parse < _COLUMNS_KNOWN and process not in seen_through:
                    self.unjudged.add(process)
                always = {name for name, _ in surface.always}
                if column is None or column in always:
                    self._touch(surface, process, link)
                for name, role in surface.always:
                    self._role(process, name, role, column, link.activity)
        for link in uses:
            process = self._reader(link.target)
            if process and link.role and isinstance(link.source, ColumnId):
                self._use_column(surface, process, link, column)

    def _use_column(
        self, surface: Surface, process: ProcessId, link: Link, column: str | None
    ) -> None:
        assert isinstance(link.source, ColumnId)
        assert link.role
        for name, feed in surface.origins(link.source):
            self._role(process, name, compose(feed, link.role), column, link.activity)
            if column is not None and name in (column, ANY_COLUMN):
                self._touch(surface, process, link)

    def _reader(self, node: NodeId) -> ProcessId | None:
        """Whoever reads; a view reads nothing by itself."""
        if isinstance(node, ConsumerId):
            return node
        return node if isinstance(node, JobId) and not self.graph.is_view(node) else None

    def _touch(self, surface: Surface, process: ProcessId, link: Link) -> None:
        self.touches.setdefault(process, {}).setdefault(surface.dataset, []).append(link)
        certainty = min(surface.certainty, link.certainty)
        self.certainty[process] = max(self.certainty.get(process, 0.0), certainty)

    def _role(
        self, process: ProcessId, name: str, role: Role, column: str | None, seen: Activity
    ) -> None:
        if column is None or name in (column, ANY_COLUMN):
            roles = self.columns.setdefault(process, {}).setdefault(name, {})
            roles[role] = roles.get(role, Activity()).union(seen)

    def by_role(self, process: ProcessId) -> dict[Role, Activity]:
        """What a process read in each role."""
        found: dict[Role, Activity] = {}
        for roles in self.columns.get(process, {}).values():
            for role, seen in roles.items():
                # Columns in one role are mostly those of the same statements.
                found[role] = found.get(role, Activity()).union(seen)
        return found

    def activity(self, process: ProcessId, dataset: DatasetId | None = None) -> Activity:
        """What a process read of the base, or of one of the datasets it is read through."""
        total = Activity()
        for read, found in self.touches[process].items():
            if dataset in (None, read):
                # Links to one dataset are columns and roles of the same statements.
                once = Activity()
                for link in found:
                    once = once.union(link.activity)
                total = total.plus(once)
        return total

    def via(self, process: ProcessId) -> tuple[str, ...]:
        """The views that a process reads the base through."""
        return tuple(sorted({str(v) for read in self.touches[process] for v in self._via[read]}))

    def superseded(self, process: ProcessId) -> bool:
        """Whether no version of a job that still runs has any of these reads."""
        return process not in self._running

"""Who uses a dataset or a column: as what, how often, since when, and when next."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lineage.analyses.coverage import Coverage, Logs, Window, coverage
from lineage.analyses.graph import ANY_COLUMN, Graph, Link
from lineage.analyses.importance import importance_of, importance_of_jobs, is_alive
from lineage.analyses.people import Profile, profiles, seasonal_datasets
from lineage.analyses.views import Surface, compose, surfaces, uses_of
from lineage.analyses.weights import weights
from lineage.analyses.wording import listed, quantity
from lineage.calendar import cadence, iso_day, iso_or_none, usage
from lineage.model import Activity, EdgeType, Role
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, ProcessId
from lineage.resolve import column_of
from lineage.store import Store

# Edges walked to find whom the reading jobs serve; beyond it importance is a lower bound.
_BUDGET = 15_000
# Evidence of a weaker parse does not say which columns were used.
_COLUMNS_KNOWN = 0.95


class Use(msgspec.Struct, frozen=True):
    """A consumer or job that reads a dataset.

    kind: of the consumer (dashboard, person, …), or `job`.
    reads, days, direct: in the window: counted reads, active days, reads not through a view.
    total, first, last: over the whole history; ISO dates, None when only declared.
    cadence, next: the rhythm and the ISO date of the next expected read.
    roles: role → reads in it, in the window. column_roles: column → its roles; the column `*` is a
    `SELECT *` over unknown columns.
    usage: each active day once, halved every 30 days of age. importance, certainty: 0.0 to 1.0.
    via: the views read through. superseded: a later version of the job no longer reads it.
    """

    consumer: str
    kind: str
    title: str
    url: str
    team: str | None
    principals: tuple[str, ...]
    reads: int
    days: int
    direct: int
    total: int
    first: str | None
    last: str | None
    cadence: str
    next: str | None
    roles: dict[Role, int]
    columns: tuple[str, ...]
    column_roles: dict[str, tuple[Role, ...]]
    usage: float
    alive: bool
    importance: float
    via: tuple[str, ...]
    certainty: float
    band: str
    superseded: bool


class SystemReader(msgspec.Struct, frozen=True):
    """A bot whose reads do not count; `reads` over the whole history, `last` an ISO date."""

    consumer: str
    reads: int
    last: str | None


class WhoUses(msgspec.Struct, frozen=True):
    """Who uses a dataset, the most important first.

    views: the views over it. ignored: bots. unjudged: readers whose columns are not known.
    truncated: the importance of jobs is a lower bound.
    """

    dataset: str
    column: str | None
    verdict: str
    window: Window
    coverage: Coverage
    consumers: tuple[Use, ...]
    ignored: tuple[SystemReader, ...]
    views: tuple[str, ...]
    unjudged: tuple[str, ...]
    truncated: bool


def who_uses(
    store: Store,
    dataset: DatasetId,
    column: str | None = None,
    as_of: int | None = None,
    window: int = 90,
) -> WhoUses:
    """Everybody who was ever seen to use a dataset, or one column of it.

    The window (in days, ending with the day `as_of`) bounds counts, never membership: who was
    seen once stays listed with the day of the last read.

    Raises:
        UnknownName: the dataset has no such column.
    """
    name = column_of(store, dataset, column).name if column else None
    logs = Logs(store, as_of, window)
    graph = Graph(store, logs.as_of)
    span, heard = coverage(graph, logs, [dataset])
    readers = _Readers(graph, dataset, name)
    known = profiles(graph, readers.processes)
    bots = [process for process in readers.processes if known[process].system]
    jobs = [p for p in readers.processes if isinstance(p, JobId) and not known[p].system]
    serving, truncated = importance_of_jobs(graph, jobs, logs.as_of or 0, _BUDGET)
    seasonal = dataset in seasonal_datasets(graph, [dataset])
    uses = [
        _use(readers, profile, span, logs.as_of or 0, seasonal, serving)
        for process, profile in known.items()
        if not profile.system
    ]
    uses.sort(key=lambda use: (-use.importance, -use.usage, use.consumer))
    return WhoUses(
        str(dataset),
        name,
        _verdict(dataset, name, uses, span),
        span,
        heard,
        tuple(uses),
        tuple(_bot(bot, readers.activity(bot)) for bot in bots),
        tuple(str(surface.dataset) for surface in readers.surfaces[1:]),
        tuple(sorted(map(str, readers.unjudged))),
        truncated,
    )


class _Readers:
    """Who reads the base or a view over it, by which links and in which roles."""

    def __init__(self, graph: Graph, base: DatasetId, column: str | None) -> None:
        self.graph = graph
        self.base = base
        self.surfaces = surfaces(graph, base)
        self.roles: dict[ProcessId, dict[str, set[Role]]] = {}
        self.by_role: dict[ProcessId, dict[Role, Activity]] = {}
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
            self.roles.setdefault(process, {}).setdefault(name, set()).add(role)
            # Columns in one role are mostly those of the same statements.
            by_role = self.by_role.setdefault(process, {})
            by_role[role] = by_role.get(role, Activity()).union(seen)

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


def _use(
    readers: _Readers,
    profile: Profile,
    span: Window,
    as_of: int,
    seasonal: bool,
    serving: dict[JobId, float],
) -> Use:
    process = profile.process
    activity = readers.activity(process)
    counted = activity.between(span.start, span.as_of)
    direct = readers.activity(process, readers.base).between(span.start, span.as_of)
    rhythm = cadence(activity, as_of)
    profile = msgspec.structs.replace(profile, seasonal=profile.seasonal or seasonal)
    importance = (
        serving[process] if isinstance(process, JobId) else importance_of(profile, activity, as_of)
    )
    roles = readers.roles.get(process, {})
    certainty = readers.certainty[process]
    return Use(
        consumer=str(process),
        kind=profile.kind,
        title=profile.title,
        url=profile.url,
        team=profile.team.name if profile.team else None,
        principals=tuple(str(principal) for principal in profile.principals),
        reads=counted.total,
        days=len(counted.days),
        direct=direct.total,
        total=activity.total,
        first=iso_or_none(activity.first),
        last=iso_or_none(activity.last),
        cadence=rhythm.kind,
        next=iso_or_none(rhythm.next),
        roles={
            role: seen.between(span.start, span.as_of).total
            for role, seen in sorted(readers.by_role.get(process, {}).items())
        },
        columns=tuple(sorted(roles)),
        column_roles={name: tuple(sorted(found)) for name, found in sorted(roles.items())},
        usage=round(usage(activity, as_of), 2),
        alive=is_alive(profile, activity, as_of),
        importance=importance,
        via=readers.via(process),
        certainty=certainty,
        band=weights().band(certainty),
        superseded=readers.superseded(process),
    )


def _bot(process: ProcessId, activity: Activity) -> SystemReader:
    return SystemReader(str(process), activity.total, iso_or_none(activity.last))


def _verdict(dataset: DatasetId, column: str | None, uses: Iterable[Use], span: Window) -> str:
    what = f"{dataset.name}.{column}" if column else dataset.name
    found = [use for use in uses if not use.superseded]
    living = [use for use in found if use.alive]
    teams = {use.team for use in living if use.team and use.kind != "job"}
    consumers = [use for use in living if use.kind != "job"]
    jobs = len(living) - len(consumers)
    if not found:
        since = f" since {iso_day(span.start)}" if span.days else ""
        return f"Nobody was seen to use {what}{since}."
    groups = [quantity(len(consumers), "consumer")] if consumers or not jobs else []
    if teams:
        groups = [f"{groups[0]} of {quantity(len(teams), 'team')}"] if groups else []
    groups += [quantity(jobs, "job")] if jobs else []
    verb = "uses" if len(living) == 1 else "use"
    silent = len(found) - len(living)
    past = f" {quantity(silent, 'former user')} fell silent." if silent else ""
    return f"{listed(groups)} {verb} {what}.{past}"

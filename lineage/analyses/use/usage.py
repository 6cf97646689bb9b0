"""Who uses a dataset or a column: as what, how often, since when, and when next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from lineage.analyses.breaking.weights import weights
from lineage.analyses.listening.coverage import Coverage, Logs, Window, coverage
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.people import Profile, profiles, seasonal_datasets
from lineage.analyses.use.column_use import ColumnUse, column_uses
from lineage.analyses.use.importance import importance_of, importance_of_jobs, is_alive, rhythm_of
from lineage.analyses.use.readers import Readers
from lineage.analyses.use.rollup import Member, Share, by_domain, by_team, domains_of, people_behind
from lineage.analyses.use.together import Together, used_together
from lineage.analyses.use.trend import Trend, trend
from lineage.analyses.wording import listed, not_shown, quantity
from lineage.calendar import iso_day, iso_or_none, usage
from lineage.model import Activity, EdgeType, Role
from lineage.names import DatasetId, JobId, ProcessId
from lineage.resolve import column_of
from lineage.store import Store

# Edges walked to find whom the reading jobs serve; beyond it importance is a lower bound.
_BUDGET = 15_000


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

    @property
    def expected(self) -> str | None:
        """When it is read next, of one that is alive."""
        return self.next if self.alive else None


class SystemReader(msgspec.Struct, frozen=True):
    """A bot whose reads do not count; `reads` over the whole history, `last` an ISO date."""

    consumer: str
    reads: int
    last: str | None


class WhoUses(msgspec.Struct, frozen=True):
    """Who uses a dataset, the most important first.

    views: the views over it. teams, domains: the uses that still are, rolled up. columns: each
    column and its users. trend: None when the logs are too short. together: what the same
    statements read. ignored: bots, which set no date. unjudged: readers whose columns are not
    known. truncated: the importance of jobs is a lower bound. elsewhere: jobs that write only to
    other environments than production; they are listed when the dataset is of such a one.
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
    elsewhere: int
    teams: tuple[Share, ...]
    domains: tuple[Share, ...]
    columns: tuple[ColumnUse, ...]
    trend: Trend | None
    together: tuple[Together, ...]


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
    users = _Users(graph, dataset, name, span)
    readers, counted, found = users.readers, users.counted, users.found
    uses = users.by_importance
    current = {process: use for process, use in found.items() if not use.superseded}
    seen = {process: readers.activity(process) for process in counted}
    members = _members(graph, counted, current, seen)
    return WhoUses(
        str(dataset),
        name,
        _verdict(dataset, name, uses, span) + not_shown(users.elsewhere, "job"),
        span,
        heard,
        uses,
        tuple(_bot(one, readers.activity(one)) for one in users.known if one not in counted),
        tuple(str(surface.dataset) for surface in readers.surfaces[1:]),
        tuple(sorted(map(str, readers.unjudged))),
        users.truncated,
        users.elsewhere,
        by_team(members),
        by_domain(members),
        _columns(readers, current, name, span),
        trend(seen, logs, [one.source for one in heard.sources], window, found.keys() - current),
        used_together(graph, readers.bases, seen, span.start, span.as_of),
    )


def consumers_of(graph: Graph, logs: Logs, dataset: DatasetId) -> tuple[Use, ...]:
    """The `consumers` of `who_uses`, for who asks for no more, and of many datasets.

    graph: as of the day of the logs.
    """
    span, _ = coverage(graph, logs, [dataset])
    return _Users(graph, dataset, None, span).by_importance


class _Users:
    """Who uses a dataset: `known` with the bots, `counted` without, `found` with what each does."""

    def __init__(self, graph: Graph, dataset: DatasetId, column: str | None, span: Window) -> None:
        self.readers = Readers(graph, dataset, column)
        production = graph.is_production(dataset)
        self.elsewhere = self.readers.leave_out_elsewhere() if production else 0
        self.known = profiles(graph, self.readers.processes)
        self.counted = {one: profile for one, profile in self.known.items() if not profile.system}
        self.found, self.truncated = _uses(self.readers, self.counted, span, graph.as_of or 0)

    @property
    def by_importance(self) -> tuple[Use, ...]:
        """What each does, the most important first."""
        uses = self.found.values()
        return tuple(sorted(uses, key=lambda use: (-use.importance, -use.usage, use.consumer)))


def _uses(
    readers: Readers, known: Mapping[ProcessId, Profile], span: Window, as_of: int
) -> tuple[dict[ProcessId, Use], bool]:
    """The use of each; and whether the importance of jobs is a lower bound."""
    jobs = [process for process in known if isinstance(process, JobId)]
    serving, truncated = importance_of_jobs(readers.graph, jobs, as_of, _BUDGET)
    seasonal = readers.base in seasonal_datasets(readers.graph, [readers.base])
    found = {
        process: _use(readers, profile, span, as_of, seasonal, serving)
        for process, profile in known.items()
    }
    return found, truncated


def _members(
    graph: Graph,
    known: Mapping[ProcessId, Profile],
    uses: Mapping[ProcessId, Use],
    seen: Mapping[ProcessId, Activity],
) -> list[Member]:
    places = domains_of(graph, known)
    people = people_behind(graph, known)
    return [
        Member(
            known[process],
            places.get(process),
            use.reads,
            people[process],
            seen[process],
            use.expected,
        )
        for process, use in uses.items()
    ]


def _columns(
    readers: Readers, users: Collection[ProcessId], column: str | None, span: Window
) -> tuple[ColumnUse, ...]:
    """The use of the column that was asked for, or of every column that the dataset has."""
    held = readers.graph.out([readers.base], EdgeType.HAS_COLUMN)
    names = [link.target.name for link in held if column in (None, link.target.name)]
    seen = {user: readers.columns.get(user, {}) for user in users}
    return column_uses(names, seen, span.start, span.as_of)


def _use(
    readers: Readers,
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
    rhythm = rhythm_of(activity, as_of)
    profile = msgspec.structs.replace(profile, seasonal=profile.seasonal or seasonal)
    importance = (
        serving[process] if isinstance(process, JobId) else importance_of(profile, activity, as_of)
    )
    roles = readers.columns.get(process, {})
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
            for role, seen in sorted(readers.by_role(process).items())
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

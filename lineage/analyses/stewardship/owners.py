"""Which team owns what and who belongs to it; and whom nobody has named yet."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lineage.analyses.disuse.liveness import Flow
from lineage.analyses.listening.coverage import Coverage, Logs, Window
from lineage.analyses.reach.graph import Graph, Link, is_production, links
from lineage.analyses.stewardship.claims import Conflict, conflicts
from lineage.analyses.stewardship.people import SYSTEM, contacts, precedence, profiles
from lineage.analyses.stewardship.unowned import Unowned, survey_of_owners, unowned
from lineage.analyses.wording import listed, quantity
from lineage.calendar import iso_or_none
from lineage.model import Activity, EdgeType, Origin
from lineage.names import (
    ConsumerId,
    DatasetId,
    DomainId,
    JobId,
    NodeId,
    PrincipalId,
    ProcessId,
    TeamId,
)
from lineage.store import Store

_Reads = dict[ProcessId, set[DatasetId]]


class TeamOwns(msgspec.Struct, frozen=True):
    """A team, what it owns and who belongs to it. origins: who says that it owns something."""

    team: str
    domain: str | None
    contact: str
    datasets: tuple[str, ...]
    jobs: tuple[str, ...]
    consumers: tuple[str, ...]
    members: tuple[str, ...]
    origins: tuple[Origin, ...]


class Owners(msgspec.Struct, frozen=True):
    """Every team, that which owns most first. unowned: how many datasets have no owner.

    conflicts: the datasets that several teams are said to own, and who wins.
    """

    verdict: str
    owners: tuple[TeamOwns, ...]
    datasets: int
    unowned: int
    window: Window
    coverage: Coverage
    conflicts: tuple[Conflict, ...] = ()


class Unnamed(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """A login that belongs to no team.

    reads: its statements in the window that read something and that no other fact gives to a team.
    datasets: how many it read; days: on how many days; last: the last of all, an ISO date.
    """

    principal: str
    class_: str
    reads: int
    datasets: int
    days: int
    last: str | None


class Teamless(msgspec.Struct, frozen=True):
    """A consumer that belongs to no team; the fields are those of `Unnamed`."""

    consumer: str
    kind: str
    title: str
    principals: tuple[str, ...]
    reads: int
    datasets: int
    days: int
    last: str | None


class Missing(msgspec.Struct, frozen=True):
    """Whom to name, the one whose name explains most reads first.

    share: of the counted reads in the window, those whose team is not known; 0.0 to 1.0.
    datasets: those without an owner that is there, the most used first.
    """

    verdict: str
    missing: tuple[Unnamed, ...]
    consumers: tuple[Teamless, ...]
    share: float
    window: Window
    coverage: Coverage
    datasets: tuple[Unowned, ...] = ()


def owners(store: Store, as_of: int | None = None, window: int = 90) -> Owners:
    """Which team owns what, by whatever says so."""
    logs = Logs(store, as_of, window)
    graph = Graph(store, logs.as_of)
    said = links(store.scan_edges([EdgeType.OWNS]), logs.as_of)
    owned = list(
        {link.target: link for link in sorted(said, key=precedence, reverse=True)}.values()
    )
    teams = sorted({node.id for node in store.scan_nodes("Team") if isinstance(node.id, TeamId)})
    by_team: dict[NodeId, list[Link]] = {team: [] for team in teams}
    for link in owned:
        by_team.setdefault(link.source, []).append(link)
    members, places = _by_target(graph, teams), _domains(graph, teams)
    reached = contacts(graph, teams)
    found = [
        _team(team, by_team[team], members.get(team, []), places.get(team), reached[team])
        for team in teams
    ]
    found.sort(key=lambda one: (-len(one.datasets), -len(one.consumers), one.team))
    datasets = {node.id for node in store.scan_nodes("Dataset") if is_production(node)}
    without = len(datasets - {link.target for link in owned})
    verdict = (
        f"{quantity(len(found), 'team')} {'owns' if len(found) == 1 else 'own'} "
        f"{len(datasets) - without:,} of {quantity(len(datasets), 'dataset')}."
    )
    span, heard = _heard(logs)
    disputed = conflicts(said)
    if disputed:
        verdict += f" {quantity(len(disputed), 'dataset')} more than one team is said to own."
    return Owners(verdict, tuple(found), len(datasets), without, span, heard, disputed)


def missing(
    store: Store, as_of: int | None = None, window: int = 90, *, propose: bool = False
) -> Missing:
    """The datasets without an owner; logins and consumers without a team.

    Those come by the reads that naming them would explain. Systems are left out: their reads never
    count. as_of: a day; window: in days. propose: say who should own the datasets.
    """
    logs = Logs(store, as_of, window)
    graph = Graph(store, logs.as_of)
    survey = survey_of_owners(store, logs.as_of)
    reads = _reads(survey.flow)
    counted = [one for one in profiles(graph, sorted(reads, key=str)).values() if not one.system]
    teamless = {profile.process for profile in counted if profile.team is None}
    span, heard = _heard(logs)
    runs: dict[NodeId, list[Link]] = {profile.process: [] for profile in counted}
    for link in graph.out([profile.process for profile in counted], EdgeType.RAN):
        runs[link.source].append(link)
    dark = [run for process in teamless for run in runs[process]]
    principals = _unnamed(graph, dark, reads, span)
    consumers = [
        _teamless(profile.process, profile.kind, profile.title, profile.principals,
                  runs[profile.process], reads, span)
        for profile in counted
        if profile.process in teamless and isinstance(profile.process, ConsumerId)
        and not _is_login(profile.process, profile.principals)
    ]  # fmt: skip
    consumers.sort(key=lambda one: (-one.reads, one.consumer))
    total = _count((run for mine in runs.values() for run in mine), span)
    share = round(_count(dark, span) / total, 4) if total else 0.0
    datasets = unowned(graph, survey, propose=propose)
    verdict = _verdict(len(datasets), len(principals), len(consumers), share)
    return Missing(verdict, tuple(principals), tuple(consumers), share, span, heard, datasets)


def _verdict(datasets: int, principals: int, consumers: int, share: float) -> str:
    have = "has" if datasets == 1 else "have"
    text = f"{quantity(datasets, 'dataset')} {have} no owner" if datasets else ""
    who = [quantity(principals, "login")] if principals else []
    who += [quantity(consumers, "consumer")] if consumers else []
    if who:
        verb = "belongs" if principals + consumers == 1 else "belong"
        text += f"{'; ' if text else ''}{listed(who)} {verb} to no team: {share:.0%} of the reads"
    return f"{text}." if text else "Everything has an owner, and everybody belongs to a team."


def _reads(flow: Flow) -> _Reads:
    """What every job and consumer reads; bots are left out."""
    found: _Reads = {}
    for dataset, traffic in flow.traffic.items():
        for reader in traffic.readers:
            found.setdefault(reader, set()).add(dataset)
    return found


def _unnamed(
    graph: Graph,
    runs: list[Link],
    reads: _Reads,
    span: Window,
) -> list[Unnamed]:
    by_login: dict[PrincipalId, list[Link]] = {}
    for run in runs:
        if isinstance(run.via, PrincipalId):
            by_login.setdefault(run.via, []).append(run)
    named = {link.source for link in graph.out(by_login, EdgeType.MEMBER_OF)}
    nodes = graph.nodes(by_login)
    found = []
    for login, mine in by_login.items():
        class_ = nodes[login].value("class")
        if login not in named and class_ != SYSTEM:
            numbers = _numbers(mine, reads, span)
            found.append(Unnamed(str(login), class_, *numbers))
    return sorted(found, key=lambda one: (-one.reads, -one.datasets, one.principal))


def _teamless(
    consumer: ConsumerId,
    kind: str,
    title: str,
    principals: tuple[PrincipalId, ...],
    runs: list[Link],
    reads: _Reads,
    span: Window,
) -> Teamless:
    numbers = _numbers(runs, reads, span)
    return Teamless(str(consumer), kind, title, tuple(map(str, principals)), *numbers)


def _numbers(runs: list[Link], reads: _Reads, span: Window) -> tuple[int, int, int, str | None]:
    """Reads in the window, datasets, days in the window, the last day of all."""
    seen = Activity().plus(*(run.activity for run in runs))
    inside = seen.between(span.start, span.as_of)
    readers = {run.source for run in runs if isinstance(run.source, JobId | ConsumerId)}
    datasets = set().union(*(reads[reader] for reader in readers))
    return inside.total, len(datasets), len(inside.days), iso_or_none(seen.last)


def _count(runs: Iterable[Link], span: Window) -> int:
    return sum(run.activity.between(span.start, span.as_of).total for run in runs)


def _is_login(consumer: ConsumerId, principals: tuple[PrincipalId, ...]) -> bool:
    """Whether a consumer is no more than the login itself, which is listed as such."""
    return any(
        (consumer.namespace, consumer.name) == (login.namespace, login.name) for login in principals
    )


def _team(
    team: TeamId, owned: list[Link], members: list[str], place: str | None, contact: str
) -> TeamOwns:
    def those(kind: type[DatasetId] | type[JobId] | type[ConsumerId]) -> tuple[str, ...]:
        return tuple(sorted(str(link.target) for link in owned if isinstance(link.target, kind)))

    return TeamOwns(
        team.name,
        place,
        contact,
        those(DatasetId),
        those(JobId),
        those(ConsumerId),
        tuple(sorted(members)),
        tuple(sorted({origin for link in owned for origin in link.origins})),
    )


def _by_target(graph: Graph, teams: Iterable[TeamId]) -> dict[NodeId, list[str]]:
    found: dict[NodeId, list[str]] = {}
    for link in graph.into(teams, EdgeType.MEMBER_OF):
        found.setdefault(link.target, []).append(str(link.source))
    return found


def _domains(graph: Graph, teams: Iterable[TeamId]) -> dict[NodeId, str]:
    found: dict[NodeId, str] = {}
    for link in graph.out(teams, EdgeType.IN_DOMAIN):
        if isinstance(link.target, DomainId):
            found.setdefault(link.source, link.target.name)
    return found


def _heard(logs: Logs) -> tuple[Window, Coverage]:
    sources = tuple(logs.logged)
    return logs.window(sources), logs.coverage((), sources, 0, 0)

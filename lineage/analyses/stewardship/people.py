"""Who is behind a job or a consumer: principals, team, tier; and who owns a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import msgspec

from lineage.analyses.reach.graph import Graph, Link
from lineage.model import EdgeType, Origin
from lineage.names import DatasetId, JobId, NodeId, PrincipalId, ProcessId, TeamId

SYSTEM = "system"
_OWNERSHIP = (Origin.CLAIMED, Origin.MANUAL, Origin.DECLARED, Origin.OPENLINEAGE, Origin.ENGINE,
              Origin.PARSED)  # fmt: skip


class Profile(msgspec.Struct, frozen=True):
    """A job or consumer, and whom it belongs to.

    team: its owner; of a job else that of its output; else that of most of its principals.
    kind: `job` for every job, else the kind of the consumer (dashboard, person, …).
    system: a bot whose reads never count. seasonal: marked so.
    """

    process: ProcessId
    kind: str
    title: str
    url: str
    tier: str
    team: TeamId | None
    principals: tuple[PrincipalId, ...]
    system: bool
    seasonal: bool


def profiles(graph: Graph, processes: Collection[ProcessId]) -> dict[ProcessId, Profile]:
    """The profile of each of these jobs and consumers."""
    runners: dict[NodeId, list[PrincipalId]] = {process: [] for process in processes}
    for link in graph.out(processes, EdgeType.RUN_BY):
        if isinstance(link.target, PrincipalId):
            runners[link.source].append(link.target)
    logins = {login for mine in runners.values() for login in mine}
    nodes = graph.nodes([*processes, *logins])
    bots = {login for login in logins if nodes[login].value("class") == SYSTEM}
    teams = _by_membership(graph, runners) | _by_output(graph, processes)
    teams |= owners(graph, processes)
    found = {}
    for process in processes:
        node, mine = nodes[process], runners[process]
        team = teams.get(process)
        kind = "job" if isinstance(process, JobId) else node.value("kind", "consumer")
        found[process] = Profile(
            process,
            kind,
            node.value("title"),
            node.value("url"),
            node.value("tier"),
            team,
            tuple(sorted(set(mine))),
            kind == SYSTEM or (bool(mine) and bots.issuperset(mine)),
            node.value("seasonal") == "true",
        )
    return found


def owners(graph: Graph, nodes: Collection[NodeId]) -> dict[NodeId, TeamId]:
    """The team that owns each of these datasets, jobs or consumers, where one does.

    Of several the one that was claimed, else that of a file of owners, else that of an event.
    """
    found: dict[NodeId, TeamId] = {}
    for link in sorted(graph.into(nodes, EdgeType.OWNS), key=precedence):
        if isinstance(link.source, TeamId):
            found.setdefault(link.target, link.source)
    return found


def precedence(link: Link) -> tuple[int, str]:
    """Sorts who owns something: who wins comes first."""
    return min(map(weight_of_owner, link.origins)), str(link.source)


def weight_of_owner(origin: Origin) -> int:
    """Sorts where an owner is known from: what wins comes first."""
    return _OWNERSHIP.index(origin)


def _by_output(graph: Graph, processes: Collection[ProcessId]) -> dict[NodeId, TeamId]:
    """The team that owns what each job writes: one login may run the jobs of many teams."""
    jobs = [process for process in processes if isinstance(process, JobId)]
    written = graph.out(jobs, EdgeType.WRITES)
    teams = owners(graph, {link.target for link in written})
    return {link.source: teams[link.target] for link in written if link.target in teams}


def _by_membership(graph: Graph, runners: dict[NodeId, list[PrincipalId]]) -> dict[NodeId, TeamId]:
    """The team that most of the principals of each process belong to."""
    teams: dict[NodeId, TeamId] = {}
    for link in graph.out({p for mine in runners.values() for p in mine}, EdgeType.MEMBER_OF):
        if isinstance(link.target, TeamId):
            teams[link.source] = min(link.target, teams.get(link.source, link.target))
    found: dict[NodeId, TeamId] = {}
    for process, mine in runners.items():
        votes = Counter(teams[login] for login in mine if login in teams)
        if votes:
            found[process] = min(votes, key=lambda team: (-votes[team], team))
    return found


def contacts(graph: Graph, teams: Collection[TeamId]) -> dict[TeamId, str]:
    """How each of these teams is reached; empty where nobody said."""
    nodes = graph.nodes(teams)
    return {team: nodes[team].value("contact") for team in teams}


def seasonal_datasets(graph: Graph, datasets: Collection[DatasetId]) -> set[NodeId]:
    """Those of these datasets that are marked seasonal or belong to a finance domain."""
    nodes = graph.nodes(datasets)
    marked: set[NodeId] = {d for d in datasets if nodes[d].value("seasonal") == "true"}
    places = graph.out(datasets, EdgeType.IN_DOMAIN)
    return marked | {link.source for link in places if is_finance(link.target)}


def is_finance(domain: NodeId) -> bool:
    """Whether a domain closes books, so that a year may pass between two reads."""
    return "finance" in domain.name.lower()

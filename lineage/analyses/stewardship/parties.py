"""The team and the domain of every job and consumer, of all of a store at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from lineage.analyses.disuse.liveness import Flow
from lineage.model import EdgeType
from lineage.names import ConsumerId, DomainId, JobId, NodeId, PrincipalId, ProcessId, TeamId
from lineage.store import Direction, Store


class Parties:
    """Who is behind jobs and consumers, by the same rules as `people.profiles`.

    The owner of a process; of a job else the owner of what it writes; else the team of most of its
    principals. A domain is that of the team, of a job else that of what it writes.
    """

    def __init__(self, store: Store, flow: Flow) -> None:
        self._flow = flow
        self._member: dict[PrincipalId, TeamId] = {}
        self._principals: dict[NodeId, list[PrincipalId]] = {}
        self._teams: dict[ProcessId, TeamId | None] = {}
        teams = [node.id for node in store.scan_nodes("Team")]
        for edge in store.edges(teams, Direction.UP, [EdgeType.MEMBER_OF]):
            login, team = edge.key.source, edge.key.target
            if isinstance(login, PrincipalId) and isinstance(team, TeamId):
                self._member[login] = min(team, self._member.get(login, team))
        if self._member:
            for key, _ in store.scan_spans([EdgeType.RUN_BY]):
                if isinstance(key.target, PrincipalId):
                    self._principals.setdefault(key.source, []).append(key.target)

    @property
    def staffed(self) -> set[TeamId]:
        """The teams that have members."""
        return set(self._member.values())

    def team(self, process: ProcessId) -> TeamId | None:
        """The team of a job or consumer, None when nobody knows it."""
        if process not in self._teams:
            self._teams[process] = self._team(process)
        return self._teams[process]

    def _team(self, process: ProcessId) -> TeamId | None:
        owner = self._flow.domains.owner
        if process in owner:
            return owner[process]
        if isinstance(process, JobId):
            owned = [owner[one] for one in self._flow.outputs.get(process, ()) if one in owner]
            if owned:
                return min(owned)
        logins = self._principals.get(process)
        if not logins:
            return None
        votes = Counter(self._member[login] for login in logins if login in self._member)
        return min(votes, key=lambda team: (-votes[team], team)) if votes else None

    def domain(self, process: ProcessId) -> DomainId | None:
        """The domain of a job or consumer, None when nobody knows it."""
        domains, team = self._flow.domains, self.team(process)
        if team is not None:
            return domains.of(team)
        written = self._flow.outputs.get(process, ()) if isinstance(process, JobId) else ()
        return min((place for one in written if (place := domains.of(one))), default=None)

    def teams(self, processes: Iterable[ProcessId]) -> set[TeamId]:
        """The teams of these jobs and consumers, as far as they are known."""
        return {team for one in processes if (team := self.team(one))}


def count_of(processes: Iterable[ProcessId]) -> tuple[int, int]:
    """How many of them are consumers, and how many are jobs."""
    counts = Counter(isinstance(one, ConsumerId) for one in processes)
    return counts[True], counts[False]

"""What every decision about a dataset needs: who acts for whom, since when, and how it is kept."""

from __future__ import annotations

import datetime as dt

import msgspec

from lineage.analyses.journal import STEWARDSHIP, Act, Entry, append
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.people import owners
from lineage.calendar import day_of, iso_day
from lineage.errors import InvalidDecision, UnknownName
from lineage.model import Batch, EdgeType
from lineage.names import DatasetId, PrincipalId, TeamId, clean, parts
from lineage.store import Store


class Actor(msgspec.Struct, frozen=True):
    """Who decides, why and when.

    team: on whose behalf; None: that of the actor's login, where it is known. since: the ISO day
    that the decision is dated back to; None: now.
    """

    name: str
    reason: str
    now: dt.datetime
    team: str | None = None
    since: str | None = None

    @property
    def moment(self) -> str:
        """Since when the decision holds, ISO 8601.

        Raises:
            InvalidDecision: that is still to come.
        """
        if self.since is None:
            return self.now.astimezone(dt.UTC).isoformat(timespec="seconds")
        day = iso_day(day_of(self.since))
        if day > self.now.astimezone(dt.UTC).date().isoformat():
            raise InvalidDecision(f"{day} is still to come: a decision holds from now or before")
        return day


def decide(
    store: Store,
    act: str,
    dataset: DatasetId,
    actor: Actor,
    also: Batch | None = None,
    **details: str | None,
) -> Entry:
    """Writes down what somebody decides about a dataset.

    also: what that does to the graph, in the same transaction.

    Raises:
        InvalidDecision: no reason is given.
        UnknownName: there is no such team.
    """
    if not clean(actor.reason):
        raise InvalidDecision("say why: --reason TEXT")
    said = {
        "dataset": msgspec.json.encode(dataset).decode(),
        "team": team_of(store, actor),
        "since": actor.moment if actor.since is not None else None,
        **details,
    }
    kept = {name: value for name, value in said.items() if value is not None}
    made = Act(act, actor.name, actor.reason, details=kept)
    return append(store, STEWARDSHIP, made, actor.now, also)


def team_of(store: Store, actor: Actor) -> str | None:
    """The team that somebody acts for: the one he says, else that of his login.

    Raises:
        UnknownName: there is no such team.
    """
    if actor.team is not None:
        return team_named(store, actor.team).name
    name = clean(actor.name)
    alike = store.named("Principal", parts(name)[-1]) if parts(name) else []
    logins = [
        one for one in alike if isinstance(one, PrincipalId) and one.name.lower() == name.lower()
    ]
    members = Graph(store).out(logins, EdgeType.MEMBER_OF)
    teams = sorted(link.target.name for link in members if isinstance(link.target, TeamId))
    return teams[0] if teams else None


def team_named(store: Store, name: str) -> TeamId:
    """The team of that name, whatever its case.

    Raises:
        UnknownName: there is none; lists some.
    """
    known = [node.id for node in store.scan_nodes("Team") if isinstance(node.id, TeamId)]
    wanted = clean(name).casefold()
    found = [team for team in known if team.name.casefold() == wanted]
    if not found:
        raise UnknownName("team", name, tuple(sorted(team.name for team in known)[:5]))
    return found[0]


def owner_of(store: Store, dataset: DatasetId) -> str | None:
    """The team that owns a dataset."""
    team = owners(Graph(store), [dataset]).get(dataset)
    return team.name if team else None

"""What a team should know of its data after a week: who came, who left, what is announced.

Nothing happened, nothing is said: a digest without events is empty and is not sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from lineage.analyses.listening.coverage import Logs
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.notices import NoticeStatus, State, notices, status
from lineage.analyses.stewardship.people import owners
from lineage.analyses.use.usage import Use, consumers_of
from lineage.analyses.wording import listed, quantity
from lineage.calendar import day_of, iso_day
from lineage.errors import AmbiguousName, UnknownName
from lineage.model import EdgeType
from lineage.names import DatasetId, TeamId
from lineage.store import Store

_IMPORTANT = 0.5  # from here on a consumer is a risk that a producer should know


class Event(msgspec.Struct, frozen=True):
    """A consumer or job that came or left. day: the first or the last read, an ISO date.

    columns: that it uses. risk: why it matters to whoever changes the dataset; empty if little.
    """

    dataset: str
    consumer: str
    title: str
    kind: str
    team: str | None
    day: str
    columns: tuple[str, ...]
    risk: str


class Digest(msgspec.Struct, frozen=True):
    """A week of what a team owns. first, last: ISO dates, both included.

    came, left: consumers of its datasets. announced: open notices about its datasets, and those
    that ask something of it.
    """

    team: str
    verdict: str
    first: str | None
    last: str | None
    datasets: int
    came: tuple[Event, ...]
    left: tuple[Event, ...]
    announced: tuple[NoticeStatus, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing happened."""
        return not (self.came or self.left or self.announced)


def digest(store: Store, team: str, as_of: int | None = None, days: int = 7) -> Digest:
    """What happened to what a team owns in the days that end with `as_of`.

    Raises:
        UnknownName: there is no such team.
    """
    owner = _team(store, team)
    logs = Logs(store, as_of)
    graph = Graph(store, logs.as_of)
    said = [link.target for link in graph.out([owner], EdgeType.OWNS)]
    winning = owners(graph, said)
    datasets = sorted(n for n in said if isinstance(n, DatasetId) and winning[n] == owner)
    if logs.as_of is None:
        return Digest(owner.name, _verdict(owner, 0, 0, 0), None, None, len(datasets), (), (), ())
    first = logs.as_of - days + 1
    before, earlier = Graph(store, first - 1), Logs(store, first - 1)
    came: list[Event] = []
    left: list[Event] = []
    for dataset in datasets:
        uses = consumers_of(graph, logs, dataset)
        came += [
            _event(dataset, use, owner, use.first)
            for use in uses
            if use.first and day_of(use.first) >= first
        ]
        if not all(map(_stays, uses)):
            left += _left(dataset, owner, consumers_of(before, earlier, dataset), uses)
    announced = tuple(_announced(store, owner, {str(one) for one in datasets}, logs.as_of))
    return Digest(
        owner.name,
        _verdict(owner, len(came), len(left), len(announced)),
        iso_day(first),
        iso_day(logs.as_of),
        len(datasets),
        tuple(came),
        tuple(left),
        announced,
    )


def _left(
    dataset: DatasetId, owner: TeamId, before: Iterable[Use], uses: Iterable[Use]
) -> Iterator[Event]:
    """Who was alive a week before and is not any more."""
    now = {use.consumer: use for use in uses}
    for use in before:
        later = now.get(use.consumer)
        if _stays(use) and later and not _stays(later):
            yield _event(dataset, later, owner, later.last or "")


def _stays(use: Use) -> bool:
    return use.alive and not use.superseded


def _event(dataset: DatasetId, use: Use, owner: TeamId, day: str) -> Event:
    return Event(
        str(dataset),
        use.consumer,
        use.title,
        use.kind,
        use.team,
        day,
        tuple(name for name in use.columns if name != "*"),
        _risk(use, owner),
    )


def _risk(use: Use, owner: TeamId) -> str:
    said = []
    if use.importance >= _IMPORTANT:
        said.append("important")
    if use.team != owner.name:
        said.append(f"of another team ({use.team})" if use.team else "of no known team")
    if "*" in use.columns:
        said.append("reads every column")
    return ", ".join(said)


def _announced(store: Store, owner: TeamId, owned: set[str], as_of: int) -> Iterator[NoticeStatus]:
    """The open notices about what a team owns, or that it has to act on."""
    for notice in notices(store):
        if notice.closed is not None:
            continue
        try:
            found = status(store, notice, as_of)
        except (UnknownName, AmbiguousName):
            continue  # the subject is gone from the store: nobody uses it
        mine = any(
            notice.subject == name or notice.subject.startswith(f"{name}.") for name in owned
        )
        asked = owner.name in notice.teams or any(
            one.team == owner.name and one.state is not State.GONE for one in found.watched
        )
        if mine or asked:
            yield found


def _team(store: Store, name: str) -> TeamId:
    known = [node.id for node in store.scan_nodes("Team") if isinstance(node.id, TeamId)]
    for team in known:
        if team.name.casefold() == name.strip().casefold():
            return team
    raise UnknownName("team", name, tuple(sorted(team.name for team in known)[:5]))


def _verdict(owner: TeamId, came: int, left: int, announced: int) -> str:
    said = [quantity(came, "new consumer")] if came else []
    said += [quantity(left, "consumer gone silent", "consumers gone silent")] if left else []
    said += [quantity(announced, "open notice")] if announced else []
    return f"{owner.name}: {listed(said) if said else 'nothing happened'}."

"""Who owns a dataset by his own word: claims and transfers, and where others say otherwise.

A claim is an edge of its own origin, so it stays whatever is imported, and it wins.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lineage.analyses.reach.graph import Graph, Link
from lineage.analyses.stewardship.deciding import Actor, decide, owner_of, team_named
from lineage.analyses.stewardship.people import precedence
from lineage.errors import InvalidDecision, UnknownName
from lineage.model import Batch, Edge, EdgeKey, EdgeType, Origin
from lineage.names import DatasetId, NodeId, TeamId, clean, team
from lineage.store import Store

OWN = "own"


class Said(msgspec.Struct, frozen=True):
    """Who is said to own something, and by whom: `claimed`, `manual` (a file), `openlineage`."""

    team: str
    origin: Origin


class Conflict(msgspec.Struct, frozen=True):
    """A dataset that several teams are said to own. owner: the one that wins."""

    dataset: str
    owner: Said
    others: tuple[Said, ...]


class Claim(msgspec.Struct, frozen=True):
    """A claim that was made. before: who owned it until now. others: who is said to, and loses."""

    verdict: str
    dataset: str
    owner: str
    before: str | None
    others: tuple[Said, ...]


def claim(store: Store, dataset: DatasetId, name: str, actor: Actor, *, new: bool = False) -> Claim:
    """Makes a team the owner of a dataset, over whatever is imported.

    new: a team that nobody knows yet may own it.

    Raises:
        UnknownName: there is no such team.
        InvalidDecision: no reason is given, or it is claimed for that team already.
    """
    try:
        owner = team_named(store, name)
    except UnknownName:
        if not new or not clean(name):
            raise
        owner = team(name)
    before = _said(_owning(store, [dataset]))
    if before and (before[0].team, before[0].origin) == (owner.name, Origin.CLAIMED):
        raise InvalidDecision(f"{owner.name} has claimed {dataset.name} already")
    edge = Edge(EdgeKey(EdgeType.OWNS, owner, dataset, origin=Origin.CLAIMED))
    decide(
        store, OWN, dataset, actor, Batch(edges=(edge,), retract=((dataset, Origin.CLAIMED),)),
        owner=owner.name, before=before[0].team if before else None,
    )  # fmt: skip
    others = tuple(
        said for said in before if said.origin is not Origin.CLAIMED and said.team != owner.name
    )
    return Claim(
        _verdict(dataset, owner, others),
        str(dataset),
        owner.name,
        before[0].team if before else None,
        others,
    )


def transfer(
    store: Store, dataset: DatasetId, name: str, actor: Actor, *, new: bool = False
) -> Claim:
    """Hands a dataset over from its owner to another team.

    Raises:
        InvalidDecision: nobody owns it, or that team does already; or no reason is given.
        UnknownName: there is no such team.
    """
    before = owner_of(store, dataset)
    if before is None:
        raise InvalidDecision(f"nobody owns {dataset.name}: claim it")
    if before.casefold() == clean(name).casefold():
        raise InvalidDecision(f"{before} owns {dataset.name} already")
    return claim(store, dataset, name, actor, new=new)


def conflicts(links: Iterable[Link]) -> tuple[Conflict, ...]:
    """The datasets among what is owned that several teams are said to own."""
    by_target: dict[NodeId, list[Link]] = {}
    for link in links:
        if isinstance(link.target, DatasetId):
            by_target.setdefault(link.target, []).append(link)
    found = ((target, _said(mine)) for target, mine in by_target.items() if len(mine) > 1)
    rows = (Conflict(str(target), said[0], said[1:]) for target, said in found)
    return tuple(sorted(rows, key=lambda row: row.dataset))


def _owning(store: Store, datasets: Iterable[DatasetId]) -> list[Link]:
    return Graph(store).into(datasets, EdgeType.OWNS)


def _said(links: Iterable[Link]) -> tuple[Said, ...]:
    """Who is said to own it, the winner first; each by the origin that counts most."""
    return tuple(
        Said(link.source.name, _strongest(link))
        for link in sorted(links, key=precedence)
        if isinstance(link.source, TeamId)
    )


def _strongest(link: Link) -> Origin:
    alone = (msgspec.structs.replace(link, origins=(one,)) for one in link.origins)
    return min(alone, key=precedence).origins[0]


def _verdict(dataset: DatasetId, owner: TeamId, others: tuple[Said, ...]) -> str:
    text = f"{owner.name} owns {dataset.name} now."
    for said in others:
        text += f" {said.team} is said to by {_BY.get(said.origin, said.origin.value)}, and loses."
    return text


_BY = {Origin.MANUAL: "a file of owners", Origin.OPENLINEAGE: "an event"}

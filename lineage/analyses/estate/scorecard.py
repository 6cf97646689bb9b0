"""How well domains and teams look after their data, by evidence and over time."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from enum import StrEnum

import msgspec

from lineage.analyses.disuse.cost import MONTH, costs
from lineage.analyses.disuse.orphan_policy import DEFAULT, OrphanPolicy
from lineage.analyses.disuse.orphan_trend import POINTS
from lineage.analyses.estate.domains import Product, products, same
from lineage.analyses.estate.estate import Estate
from lineage.analyses.estate.flows_between import Candidate, FlowBetween, Reads
from lineage.analyses.estate.traits import Measure, measures, traits
from lineage.analyses.listening.coverage import Coverage, Logs, Window
from lineage.analyses.wording import quantity
from lineage.calendar import iso_day
from lineage.errors import UnknownName
from lineage.names import DatasetId
from lineage.store import Store


class Group(StrEnum):
    """Whom a card is of."""

    DOMAIN = "domain"
    TEAM = "team"


class Card(msgspec.Struct, frozen=True):
    """The card of one domain or team; None is for what belongs to none.

    datasets: of production. exposed: those that a data product exposes. dead: those that nobody
    needs. bytes, cost: of all, as far as they are known. score: the mean of the shares of those
    measures of which anything can be told, 0.0 to 1.0; None when nothing can.
    """

    name: str | None
    datasets: int
    exposed: int
    dead: int
    bytes: int
    cost: float | None
    score: float | None
    measures: dict[str, Measure]
    traits: dict[str, Measure]


class Past(msgspec.Struct, frozen=True):
    """The shares of a card on an earlier day, an ISO date; None where nothing could be told."""

    day: str
    name: str | None
    score: float | None
    shares: dict[str, float | None]


class Scorecards(msgspec.Struct, frozen=True):
    """A card for each domain or team, the biggest first.

    flows: from domain to domain. products: what domains expose. candidates: what should become a
    product. history: by month, when it was asked for; owners, descriptions and levels are those of
    now. currency: of the costs.
    """

    verdict: str
    by: Group
    cards: tuple[Card, ...]
    flows: tuple[FlowBetween, ...]
    products: tuple[Product, ...]
    candidates: tuple[Candidate, ...]
    history: tuple[Past, ...]
    currency: str | None
    window: Window
    coverage: Coverage


def scorecards(
    store: Store,
    by: Group = Group.DOMAIN,
    name: str | None = None,
    as_of: int | None = None,
    window: int = 90,
    policy: OrphanPolicy = DEFAULT,
    *,
    trend: bool = False,
) -> Scorecards:
    """The cards of all domains or teams, or of the one of that name.

    Raises:
        UnknownName: there is no such domain or team.
    """
    logs = Logs(store, as_of, window)
    sources = set(logs.logged)
    span = logs.window(sources)
    known = Estate(store, as_of, policy)
    cards = _cards(known, by, name)
    if name is not None and not cards:
        others = [one for one in _groups(known, by) if one]
        raise UnknownName(by.value, name, tuple(get_close_matches(name, others)))
    reads = Reads(store, known, span.start)
    prices = known.survey.prices
    return Scorecards(
        _verdict(cards, by),
        by,
        cards,
        tuple(one for one in reads.between() if by is Group.TEAM or _touches(one, name)),
        tuple(
            one
            for one in products(store, known.flow.domains)
            if name is None or by is Group.TEAM or same(one.domain, name)
        ),
        tuple(
            one
            for one in reads.candidates()
            if name is None or same(one.domain if by is Group.DOMAIN else one.owner, name)
        ),
        tuple(_history(store, by, name, logs, policy)) if trend else (),
        prices.currency if prices else None,
        span,
        logs.coverage((), sources, 0, 0),
    )


def _touches(flow: FlowBetween, name: str | None) -> bool:
    return name is None or same(flow.source, name) or same(flow.reader, name)


def _groups(known: Estate, by: Group) -> dict[str | None, list[DatasetId]]:
    found: dict[str | None, list[DatasetId]] = {}
    domains = known.flow.domains
    for dataset in known.survey.looked_at:
        place = domains.of(dataset) if by is Group.DOMAIN else domains.owner.get(dataset)
        found.setdefault(place.name if place else None, []).append(dataset)
    return found


def _cards(known: Estate, by: Group, name: str | None) -> tuple[Card, ...]:
    groups = _groups(known, by)
    wanted = {one: mine for one, mine in groups.items() if name is None or same(one, name)}
    cards = [_card(known, one, mine) for one, mine in wanted.items()]
    cards.sort(key=lambda card: (card.name is None, -card.datasets, card.name or ""))
    return tuple(cards)


def _card(known: Estate, name: str | None, datasets: Sequence[DatasetId]) -> Card:
    survey, found = known.survey, measures(known, datasets)
    priced = costs(known.flow, survey.sizes, survey.prices, datasets)
    shares = [one.share for one in found.values() if one.share is not None]
    return Card(
        name,
        len(datasets),
        sum(dataset in known.flow.domains.exposed for dataset in datasets),
        sum(dataset in survey.dead for dataset in datasets),
        sum(survey.sizes.bytes_of(known.node(dataset)) or 0 for dataset in datasets),
        round(sum(one.total for one in priced.values()), 2) if priced else None,
        round(sum(shares) / len(shares), 4) if shares else None,
        found,
        traits(known, datasets),
    )


def _history(
    store: Store, by: Group, name: str | None, logs: Logs, policy: OrphanPolicy
) -> Sequence[Past]:
    last = logs.as_of or 0
    first = min((seen.days[0] for seen in logs.logged.values()), default=last)
    days = [last - MONTH * back for back in range(POINTS) if last - MONTH * back >= first]
    return [
        Past(
            iso_day(day),
            card.name,
            card.score,
            {measure: one.share for measure, one in card.measures.items()},
        )
        for day in reversed(days)
        for card in _cards(Estate(store, day, policy), by, name)
    ]


def _verdict(cards: Sequence[Card], by: Group) -> str:
    named = [card for card in cards if card.name is not None]
    total = sum(card.datasets for card in cards)
    without = sum(card.datasets for card in cards if card.name is None)
    said = f"{quantity(len(named), by.value)}, {quantity(total, 'dataset')}"
    if without:
        said += f", {without:,} of no {by.value}"
    scored = [(card.score, card.name) for card in named if card.score is not None]
    if len(scored) > 1:
        said += f". Best: {max(scored)[1]} ({max(scored)[0]:.0%}); "
        said += f"most to do: {min(scored)[1]} ({min(scored)[0]:.0%})"
    return f"{said}."

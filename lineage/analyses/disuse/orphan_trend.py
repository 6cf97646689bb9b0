"""How many datasets were dead, month by month and by domain, and how often that was wrong.

Each point is judged by what was known on its day. Owners, domains and sizes have no history: they
are those of now.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lineage.analyses.disuse.cost import MONTH, costs, money
from lineage.analyses.disuse.orphan_policy import DEFAULT, Label, OrphanPolicy
from lineage.analyses.disuse.orphans import Survey
from lineage.analyses.estate.domains import same
from lineage.analyses.listening.coverage import Coverage, Logs, Window
from lineage.analyses.stewardship.stewardship import Stewardship, stewardship_of
from lineage.analyses.wording import quantity
from lineage.calendar import iso_day
from lineage.names import DatasetId
from lineage.store import Store

POINTS = 6


class DomainPoint(msgspec.Struct, frozen=True):
    """What was dead in a domain on a day; domain: None for what belongs to none.

    datasets: all of production. cannot_tell: those whose logs have holes. bytes, cost: of the
    dead, as far as they are known.
    """

    domain: str | None
    datasets: int
    dead: int
    cannot_tell: int
    bytes: int
    cost: float | None


class Point(msgspec.Struct, frozen=True):
    """One day of the trend, an ISO date: the sums, and each domain."""

    day: str
    datasets: int
    dead: int
    cannot_tell: int
    bytes: int
    cost: float | None
    domains: tuple[DomainPoint, ...]


class FalseAlarms(msgspec.Struct, frozen=True):
    """How often a dataset was tombstoned, and how often that was taken back.

    rate: taken back of tombstoned, 0.0 to 1.0; None while nothing was tombstoned.
    """

    tombstones: int
    taken_back: int
    rate: float | None


class OrphanTrend(msgspec.Struct, frozen=True):
    """The points, the earliest first."""

    verdict: str
    points: tuple[Point, ...]
    false_alarms: FalseAlarms
    currency: str | None
    window: Window
    coverage: Coverage


def orphan_trend(
    store: Store,
    domain: str | None = None,
    as_of: int | None = None,
    policy: OrphanPolicy = DEFAULT,
    points: int = POINTS,
) -> OrphanTrend:
    """What was dead on the last day of each of the last months that the logs reach back to.

    Raises:
        StoreError: a journal was tampered with.
    """
    logs = Logs(store, as_of)
    last = logs.as_of or 0
    first = min((seen.days[0] for seen in logs.logged.values()), default=last)
    days = [last - MONTH * back for back in range(points) if last - MONTH * back >= first]
    surveys = [(day, Survey(store, day, policy)) for day in reversed(days)]
    found = tuple(_point(day, survey, domain) for day, survey in surveys)
    prices = surveys[-1][1].prices
    sources = set(logs.logged)
    return OrphanTrend(
        _verdict(found, prices.currency if prices else None),
        found,
        false_alarms(stewardship_of(store, None, as_of)),
        prices.currency if prices else None,
        logs.window(sources),
        logs.coverage((), sources, 0, 0),
    )


def false_alarms(decided: Mapping[DatasetId, Stewardship]) -> FalseAlarms:
    """How many of the tombstones were taken back."""
    deprecations = [one.deprecation for one in decided.values()]
    tombstones = sum(one.tombstones for one in deprecations)
    back = sum(one.taken_back for one in deprecations)
    return FalseAlarms(tombstones, back, round(back / tombstones, 4) if tombstones else None)


def _point(day: int, survey: Survey, domain: str | None) -> Point:
    groups: dict[str | None, list[DatasetId]] = {}
    for dataset in survey.looked_at:
        place = survey.flow.domains.of(dataset)
        name = place.name if place else None
        if domain is None or same(name, domain):
            groups.setdefault(name, []).append(dataset)
    names = sorted(groups, key=lambda name: (name is None, name or ""))
    found = [_domain(survey, name, groups[name]) for name in names]
    priced = [one.cost for one in found if one.cost is not None]
    return Point(
        iso_day(day),
        sum(one.datasets for one in found),
        sum(one.dead for one in found),
        sum(one.cannot_tell for one in found),
        sum(one.bytes for one in found),
        round(sum(priced), 2) if priced else None,
        tuple(found),
    )


def _domain(survey: Survey, name: str | None, members: list[DatasetId]) -> DomainPoint:
    dead = [dataset for dataset in members if dataset in survey.dead]
    open_ = [
        dataset
        for dataset in members
        if any(label is Label.CANNOT_TELL for label, _ in survey.found.get(dataset, ()))
    ]
    priced = costs(survey.flow, survey.sizes, survey.prices, dead)
    nodes = (survey.flow.traffic[dataset].node for dataset in dead)
    return DomainPoint(
        name,
        len(members),
        len(dead),
        len(open_),
        sum(survey.sizes.bytes_of(node) or 0 for node in nodes),
        round(sum(one.total for one in priced.values()), 2) if priced else None,
    )


def _verdict(points: tuple[Point, ...], currency: str | None) -> str:
    now, then = points[-1], points[0]
    price = f", about {money(now.cost, currency)} a month" if now.cost and currency else ""
    said = f"{quantity(now.dead, 'dataset')} of {now.datasets:,} dead on {now.day}{price}"
    if len(points) == 1:
        return f"{said}; the logs reach back no further."
    change = now.dead - then.dead
    more = "more" if change > 0 else "fewer"
    moved = f"{abs(change):,} {more} than" if change else "as many as"
    return f"{said}: {moved} on {then.day}."

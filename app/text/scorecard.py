"""Scorecards, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.impact_words import name_in
from app.text.parts import footer, more, rows, verdict
from lineage.analyses.disuse.cost import bytes_in_words, money
from lineage.analyses.estate.domains import Product
from lineage.analyses.estate.flows_between import Candidate, FlowBetween
from lineage.analyses.estate.scorecard import Card, Past, Scorecards
from lineage.analyses.estate.traits import MEASURES, Measure
from lineage.analyses.wording import listed, quantity

_ROWS = 12
_FLOWS = 8
_CANDIDATES = 5
_NAMED = 3


def render(answer: Scorecards, *, every: bool = False) -> RenderableType:
    """The verdict, a row a card; of one card its measures and traits; flows and candidates.

    every: all rows, not only the first.
    """
    parts: list[RenderableType] = [verdict(answer.verdict)]
    if len(answer.cards) == 1:
        parts += _card(answer.cards[0], answer.currency)
    else:
        limit = len(answer.cards) if every else _ROWS
        parts += [_table(answer.cards[:limit], answer.by.value)]
        parts += more(len(answer.cards), limit, "rows; --all shows all")
        parts.append(Text("“?”: cannot be told by what was imported.", style="dim"))
    parts += _history(answer.history) + _flows(answer.flows, every)
    parts += _products(answer.products, every)
    parts += _candidates(answer.candidates, every)
    return Group(*parts, footer(answer.window, answer.coverage))


def _table(cards: Sequence[Card], by: str) -> RenderableType:
    table = rows(by, "datasets>", *(f"{name}>" for name in MEASURES), "score>", "dead>", "")
    for card in cards:
        shares = [_share(card.measures[name].share) for name in MEASURES]
        name = Text(card.name or f"no {by}", style="bold" if card.name else "dim")
        table.add_row(name, f"{card.datasets:,}", *shares, _share(card.score), f"{card.dead:,}", "")
    return table


def _share(share: float | None) -> str:
    return "?" if share is None else f"{share:.0%}"


def _card(card: Card, currency: str | None) -> list[RenderableType]:
    said = [
        quantity(card.datasets, "dataset"),
        f"{card.exposed:,} exposed by a product",
        f"{card.dead:,} that nobody needs",
        bytes_in_words(card.bytes) if card.bytes else "",
        f"about {money(card.cost, currency or '')} a month" if card.cost is not None else "",
    ]
    parts: list[RenderableType] = [Text(" · ".join(filter(None, said))), Text()]
    return [*parts, _measures(card.measures), Text(), _measures(card.traits)]


def _measures(found: Mapping[str, Measure]) -> RenderableType:
    table = rows("", "share>", "met>", "of>", "cannot tell>", "by")
    for name, one in found.items():
        how = Text(one.how)
        if one.missing:
            names = [name_in(dataset) for dataset in one.missing[:_NAMED]]
            rest = one.judged - one.met - len(names)
            how.append(f"\nnot: {listed([*names, f'{rest} more'] if rest else names)}", style="dim")
        table.add_row(
            Text(name, style="bold"), _share(one.share), f"{one.met:,}", f"{one.judged:,}",
            f"{one.cannot_tell:,}", how,
        )  # fmt: skip
    return table


def _history(history: Sequence[Past]) -> list[RenderableType]:
    if not history:
        return []
    days = sorted({one.day for one in history})
    scores = {(one.name, one.day): one.score for one in history}
    table = rows("score", *(f"{day}>" for day in days), "")
    for name in dict.fromkeys(one.name for one in history):
        table.add_row(Text(name or "none"), *(_share(scores.get((name, day))) for day in days), "")
    return [Text(), table]


def _flows(flows: Sequence[FlowBetween], every: bool) -> list[RenderableType]:
    if not flows:
        return []
    limit = len(flows) if every else _FLOWS
    table = rows("data of", "used by", "datasets>", "private>", "consumers>", "jobs>", "reads>", "")
    for one in flows[:limit]:
        table.add_row(
            Text(one.source or "no domain"), Text(one.reader or "no domain"),
            f"{one.datasets:,}", f"{one.private or '-'}", f"{one.consumers:,}", f"{one.jobs:,}",
            f"{one.reads:,}", "",
        )  # fmt: skip
    return [Text(), table, *more(len(flows), limit, "flows; --all shows all")]


def _products(found: Sequence[Product], every: bool) -> list[RenderableType]:
    if not found:
        return []
    limit = len(found) if every else _ROWS
    table = rows("product", "domain", "datasets>", "exposes")
    for one in found[:limit]:
        names = [name_in(dataset) for dataset in one.datasets]
        rest = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
        table.add_row(
            Text(one.product, style="bold"), Text(one.domain or "-"), f"{len(names):,}",
            Text(listed([*names[:_NAMED], *rest])),
        )  # fmt: skip
    return [Text(), table, *more(len(found), limit, "products; --all shows all")]


def _candidates(found: Sequence[Candidate], every: bool) -> list[RenderableType]:
    if not found:
        return []
    limit = len(found) if every else _CANDIDATES
    table = rows("teams>", "consumers>", "jobs>", "use>", "should become a product")
    for one in found[:limit]:
        name = Text(name_in(one.dataset), style="bold")
        owner = f"owner {one.owner}" if one.owner else "no owner"
        name.append(f"  {owner}; {listed(one.teams[:_NAMED])}", style="not bold dim")
        if len(one.teams) > _NAMED:
            name.append(f" and {len(one.teams) - _NAMED} more", style="not bold dim")
        table.add_row(
            f"{len(one.teams):,}", f"{one.consumers:,}", f"{one.jobs:,}", f"{one.usage:,.0f}", name
        )
    return [Text(), table, *more(len(found), limit, "candidates; --all shows all")]

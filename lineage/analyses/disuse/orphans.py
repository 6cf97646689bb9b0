"""Which datasets nobody owns, feeds, reads or needs, and why we think so.

Labels are not exclusive. A label that rests on silence is only given where somebody was listening;
where the logs have holes, the dataset is said to be one of which this cannot be told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

import msgspec

from lineage.analyses.disuse.column_labels import exact_copies, unused_columns
from lineage.analyses.disuse.cost import Cost, bytes_in_words, costs, money, prices_of
from lineage.analyses.disuse.dead_branches import DeadBranch, dead_branches
from lineage.analyses.disuse.liveness import Flow
from lineage.analyses.disuse.orphan_labels import Finding, Labels
from lineage.analyses.disuse.orphan_policy import DEFAULT, Label, OrphanPolicy, matcher
from lineage.analyses.disuse.orphan_proof import Proof, proofs
from lineage.analyses.disuse.sizes import Sizes
from lineage.analyses.estate.domains import same
from lineage.analyses.listening.coverage import Coverage, Logs, Window
from lineage.analyses.listening.silence import Silence
from lineage.analyses.reach.graph import is_production
from lineage.analyses.wording import listed, quantity
from lineage.calendar import iso_or_none
from lineage.names import DatasetId
from lineage.store import Store

EXPLAINED = 50  # rows that are explained down to statements
# Of what is not needed: these say that this is no lack of knowledge.
DEAD = frozenset({Label.WRITE_ONLY, Label.DEAD_BRANCH, Label.UNPRODUCED})
_COMMON = {
    Label.UNOWNED: "have no owner: none were imported, or they name other datasets",
    Label.UNPRODUCED: "have no producer: the logs of what writes them were not imported",
    Label.USED_UNSUPPORTED: "are used, and nobody has said that they are supported",
    Label.CANNOT_TELL: "cannot be judged by silence: the logs have holes",
}


class Orphan(msgspec.Struct, frozen=True):
    """A dataset with its labels and a sentence of evidence for each.

    owner: its team. last_read: by anybody but bots; last_write: ISO dates. bytes: its size, None
    when it is not known. cost: an estimate a month in the currency of the prices; basis: the
    sentences that it rests on. proof: who writes and reads it, when that was asked for.
    """

    dataset: str
    classes: tuple[Label, ...]
    owner: str | None
    domain: str | None
    last_read: str | None
    last_write: str | None
    cost: float | None
    evidence: tuple[str, ...]
    bytes: int | None = None
    basis: tuple[str, ...] = ()
    proof: Proof | None = None


class Orphans(msgspec.Struct, frozen=True):
    """The datasets that want a decision, the most expensive and most labelled first.

    counts: datasets by label, before a domain or class was chosen. notes: what is true of so many
    that it is no row. elsewhere: datasets outside production, which are not looked at. branches:
    the dead that can go together. bytes, cost: of the dead, as far as they are known; currency:
    None without prices.
    """

    verdict: str
    datasets: tuple[Orphan, ...]
    counts: dict[str, int]
    notes: tuple[str, ...]
    elsewhere: int
    coverage: Coverage
    window: Window
    branches: tuple[DeadBranch, ...] = ()
    bytes: int = 0
    cost: float | None = None
    currency: str | None = None


def orphans(
    store: Store,
    classes: Collection[Label] = (),
    domain: str | None = None,
    as_of: int | None = None,
    window: int = 90,
    policy: OrphanPolicy = DEFAULT,
    *,
    only: Collection[DatasetId] = (),
    explain: bool = False,
) -> Orphans:
    """The datasets that carry any of these labels, or any label at all.

    only: of these datasets. explain: with the witnesses of the first `EXPLAINED` rows.

    Unused columns, and copies under another name, are only looked for when their label is asked
    for: that reads every column.

    Raises:
        StoreError: a journal was tampered with.
    """
    survey = Survey(store, as_of, policy, classes)
    rows = survey.rows(classes, domain, only)
    if explain:
        rows = survey.explained(store, rows)
    inside = {row.dataset for row in rows}
    branches = tuple(
        branch
        for branch in survey.branches()
        if (not classes or DEAD & set(classes)) and not inside.isdisjoint(branch.datasets)
    )
    logs = Logs(store, as_of, window)
    sources = set(logs.logged)
    gone = {str(dataset) for dataset in survey.dead}
    dead = [row for row in rows if row.dataset in gone]
    priced = [row.cost for row in dead if row.cost is not None]
    return Orphans(
        _verdict(rows, len(survey.looked_at), domain),
        tuple(rows),
        survey.counts,
        survey.notes(),
        len(survey.flow.traffic) - len(survey.looked_at),
        logs.coverage((), sources, 0, 0),
        logs.window(sources),
        branches,
        sum(row.bytes or 0 for row in dead),
        round(sum(priced), 2) if priced else None,
        survey.prices.currency if survey.prices else None,
    )


class Survey:
    """Every dataset of production with its labels, as it was known on a day.

    asked: labels; unused columns and exact copies are only looked for when they are among them.
    found: the labels and the evidence of those that have any. common: labels that say more of the
    import than of a dataset.
    """

    def __init__(
        self,
        store: Store,
        as_of: int | None = None,
        policy: OrphanPolicy = DEFAULT,
        asked: Collection[Label] = (),
    ) -> None:
        day = Logs(store, as_of).as_of
        self.flow = Flow(store, day or 0, policy, as_of)
        self.prices, self.sizes = prices_of(store), Sizes(store)
        self.labels = Labels(
            store,
            self.flow,
            Silence(store, self.flow, day),
            unused_columns(store, self.flow) if Label.UNUSED_COLUMN in asked else {},
            exact_copies(store, self.flow) if Label.COPY in asked else {},
        )
        ignored = matcher(policy.ignore)
        self.looked_at = [
            dataset
            for dataset, traffic in self.flow.traffic.items()
            if is_production(traffic.node) and not (policy.ignore and ignored.match(str(dataset)))
        ]
        self.found = self.labels.of(self.looked_at)
        counts = Counter(label for some in self.found.values() for label, _ in some)
        total = len(self.looked_at)
        self.counts = {label.value: counts[label] for label in Label if counts[label]}
        self.common = {label for label, n in counts.items() if n > policy.common * total}

    @cached_property
    def dead(self) -> set[DatasetId]:
        """The datasets that nobody needs, and of which that can be told."""
        return {
            dataset
            for dataset, some in self.found.items()
            if dataset not in self.flow.needed
            and any(label in DEAD for label, _ in some)
            and not any(label is Label.CANNOT_TELL for label, _ in some)
        }

    def branches(self) -> tuple[DeadBranch, ...]:
        """The dead datasets in the sets that can go together."""
        dead = self.dead
        return dead_branches(
            self.flow, self.sizes, dead, costs(self.flow, self.sizes, self.prices, dead)
        )

    def notes(self) -> tuple[str, ...]:
        """A sentence for each label that is too common for rows."""
        total = len(self.looked_at)
        return tuple(
            f"{self.counts[label]:,} of {total:,} datasets "
            f"{_COMMON.get(label, f'are {label.value}')}."
            for label in Label
            if label in self.common - self._said()
        )

    def rows(
        self,
        classes: Collection[Label] = (),
        domain: str | None = None,
        only: Collection[DatasetId] = (),
    ) -> list[Orphan]:
        """The rows of these labels, of a domain, and of these datasets; of all where none is said.

        The most expensive come first, then the biggest, then those with most labels.
        """
        wanted = set(classes or Label) - self.common - self._said()
        mine = {
            dataset: some
            for dataset, all_ in self.found.items()
            if (not only or dataset in only)
            and (some := [one for one in all_ if one[0] in wanted])
            and self._lies_in(dataset, domain)
        }
        priced = costs(self.flow, self.sizes, self.prices, list(mine))
        rows = [self._row(dataset, some, priced) for dataset, some in mine.items()]
        rows.sort(
            key=lambda row: (-(row.cost or 0.0), -(row.bytes or 0), -len(row.classes), row.dataset)
        )
        return rows

    def explained(self, store: Store, rows: Sequence[Orphan]) -> list[Orphan]:
        """The rows, the first of them with their proof."""
        first = {row.dataset for row in rows[:EXPLAINED]}
        asked = [dataset for dataset in self.found if str(dataset) in first]
        found = proofs(store, self.flow, self.labels.parties, asked)
        by_name = {str(dataset): proof for dataset, proof in found.items()}
        return [msgspec.structs.replace(row, proof=by_name.get(row.dataset)) for row in rows]

    def _said(self) -> set[Label]:
        """The labels that a note on another has said: what nobody owns, nobody supports."""
        return {Label.USED_UNSUPPORTED} if Label.UNOWNED in self.common else set()

    def _lies_in(self, dataset: DatasetId, domain: str | None) -> bool:
        place = self.flow.domains.of(dataset)
        return domain is None or same(place.name if place else None, domain)

    def _row(
        self, dataset: DatasetId, findings: Sequence[Finding], priced: Mapping[DatasetId, Cost]
    ) -> Orphan:
        flow, cost = self.flow, priced.get(dataset)
        traffic, place, owner = (
            flow.traffic[dataset], flow.domains.of(dataset), flow.domains.owner.get(dataset),
        )  # fmt: skip
        labels, evidence = zip(*findings, strict=True)
        return Orphan(
            str(dataset),
            labels,
            owner.name if owner else None,
            place.name if place else None,
            iso_or_none(traffic.last_read),
            iso_or_none(traffic.last_write),
            cost.total if cost else None,
            evidence,
            self.sizes.bytes_of(traffic.node),
            cost.basis if cost else (),
        )


def _verdict(rows: Collection[Orphan], total: int, domain: str | None) -> str:
    where = f" in {domain}" if domain else ""
    if not rows:
        return f"None of {quantity(total, 'dataset')} wants a decision{where}."
    counts = Counter(label for row in rows for label in row.classes)
    said = [f"{counts[label]:,} {label.value}" for label in Label if counts[label]]
    verb = "wants" if len(rows) == 1 else "want"
    return (
        f"{len(rows):,} of {quantity(total, 'dataset')} {verb} a decision{where}: {listed(said)}."
    )


def estimate(bytes_: int, cost: float | None, currency: str | None) -> str:
    """What the dead take up, in words; empty when nothing of it is known."""
    size = bytes_in_words(bytes_) if bytes_ else ""
    price = f"about {money(cost, currency or '')} a month" if cost is not None else ""
    return listed([one for one in (size, price) if one])


__all__ = ["DEAD", "EXPLAINED", "Label", "Orphan", "Orphans", "Survey", "estimate", "orphans"]

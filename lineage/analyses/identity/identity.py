"""Which identifiers are one dataset, by which rule, and who said so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import msgspec

from lineage.analyses.identity.aliases import AliasRule, aliases
from lineage.analyses.identity.identities import Identities
from lineage.analyses.identity.identity_decisions import Decision
from lineage.analyses.identity.sameness import Refused, Rule, Said, Same, Why
from lineage.analyses.journal import actors
from lineage.analyses.wording import listed, quantity
from lineage.calendar import iso_day
from lineage.model import EdgeType, Origin
from lineage.names import DatasetId, NodeId
from lineage.store import Direction, Store

# Datasets in one answer; `total` counts them all.
LIMIT = 1_000
_BY_PRODUCERS = (Origin.OPENLINEAGE, Origin.DECLARED)
_JOBS = 3  # named as evidence of one link
_BY = {Rule.MERGE: "decision", Rule.ALIAS: "alias file", Rule.SYMLINK: "symlink"}


class Link(msgspec.Struct, frozen=True):
    """That two identifiers were said to be one. evidence: what says so, for people.

    decision: the number of the decision that it rests on, or that refuses it.
    """

    source: str
    target: str
    rule: Rule
    evidence: tuple[str, ...]
    decision: int | None = None


class Refusal(msgspec.Struct, frozen=True):
    """What was said and is not believed, and why."""

    link: Link
    why: Why
    reason: str


class OneDataset(msgspec.Struct, frozen=True):
    """A dataset by the name that answers use, its identifiers, and what makes them one."""

    dataset: str
    identifiers: tuple[str, ...]
    links: tuple[Link, ...]


class DecisionRow(msgspec.Struct, frozen=True):
    """A decision that stands. act: merge or split; at: ISO 8601, UTC."""

    number: int
    act: str
    source: str
    target: str
    at: str
    actor: str
    reason: str


class IdentityAnswer(msgspec.Struct, frozen=True):
    """Who was merged with whom. total: the datasets of several identifiers, beyond a limit."""

    dataset: str | None
    verdict: str
    datasets: tuple[OneDataset, ...]
    refused: tuple[Refusal, ...]
    decisions: tuple[DecisionRow, ...]
    total: int
    truncated: bool


def explain(store: Store, dataset: DatasetId | None = None, limit: int = LIMIT) -> IdentityAnswer:
    """The identifiers of a dataset, or of every dataset that has several; with rule and evidence.

    store: as it is kept. dataset: any identifier.
    """
    identities = Identities(store)
    if dataset is None:
        same, refused = _everything(identities)
    else:
        verdict = identities.verdict(dataset)
        same = tuple(one for one in verdict.same if dataset in one.members)
        refused = verdict.refused
    shown = same[:limit]
    refusals = refused[:limit]
    links = [one for some in shown for one in some.believed] + [one.said for one in refusals]
    evidence = _Evidence(store, identities, links)
    return IdentityAnswer(
        str(dataset) if dataset else None,
        _verdict(dataset, same, refused),
        tuple(
            OneDataset(
                str(one.shown),
                tuple(map(str, one.members)),
                tuple(map(evidence.link, one.believed)),
            )
            for one in shown
        ),
        tuple(map(evidence.refusal, refusals)),
        evidence.decisions(dataset, same),
        len(same),
        len(same) > len(shown) or len(refused) > len(refusals),
    )


def _everything(identities: Identities) -> tuple[tuple[Same, ...], tuple[Refused, ...]]:
    refused: dict[Said, Refused] = {}
    seen: set[DatasetId] = set()
    for one in identities.identifiers():
        if one not in seen:
            verdict = identities.verdict(one)
            seen.update(member for same in verdict.same for member in same.members)
            refused.update((other.said, other) for other in verdict.refused)
    ordered = sorted(refused.values(), key=lambda other: other.said.order)
    return identities.all(), tuple(ordered)


class _Evidence:
    """What says that identifiers are one: decisions, rules of alias files, events of jobs."""

    def __init__(self, store: Store, identities: Identities, links: Collection[Said]) -> None:
        self._standing = identities.decisions
        self._actors = actors(store, {one.entry.actor for one in self._standing.standing})
        self._rules = aliases(store)
        sources = {one.source for one in links if one.rule is Rule.SYMLINK}
        self._producers = _producers(store, sources)

    def link(self, said: Said) -> Link:
        """What was said, with what says so."""
        decision = self._standing.of(said.pair) if said.rule is Rule.MERGE else None
        number = decision.entry.number if decision else None
        return Link(str(said.source), str(said.target), said.rule, self._of(said), number)

    def refusal(self, refused: Refused) -> Refusal:
        """What is not believed, with the reason."""
        link = self.link(refused.said)
        if refused.why is Why.ROOT:
            return Refusal(link, refused.why, "everything lies in a root: it is no table's place")
        if refused.why is Why.SHARED:
            return Refusal(link, refused.why, "differently named tables lie there")
        decision = self._standing.of(refused.said.pair)
        if decision is None:
            return Refusal(link, refused.why, "it would join what was split")
        numbered = msgspec.structs.replace(link, decision=decision.entry.number)
        return Refusal(numbered, refused.why, self._told(decision))

    def decisions(self, dataset: DatasetId | None, same: Iterable[Same]) -> tuple[DecisionRow, ...]:
        """The decisions that stand; of one dataset, those about its identifiers."""
        about = {member for one in same for member in one.members} | {dataset}
        return tuple(
            DecisionRow(
                one.entry.number,
                one.entry.act,
                str(one.source),
                str(one.target),
                one.entry.at,
                self._actor(one),
                one.entry.reason,
            )
            for one in self._standing.standing
            if dataset is None or about & one.pair
        )

    def _of(self, said: Said) -> tuple[str, ...]:
        if said.rule is Rule.MERGE:
            decision = self._standing.of(said.pair)
            return (self._told(decision),) if decision else ()
        if said.rule is Rule.ALIAS:
            rule = next((one for one in self._rules if one.target(said.source)), None)
            return (_rule(rule),) if rule else ()
        return self._producers.get(said.source) or ("symlinks in an event about the dataset",)

    def _told(self, decision: Decision) -> str:
        entry = decision.entry
        return f"decision {entry.number}, {entry.at[:10]}, {self._actor(decision)}: {entry.reason}"

    def _actor(self, decision: Decision) -> str:
        return self._actors.get(decision.entry.actor, decision.entry.actor)


def _rule(rule: AliasRule) -> str:
    return f"{rule.place}: {rule}" if rule.place else str(rule)


def _producers(store: Store, sources: Collection[DatasetId]) -> Mapping[NodeId, tuple[str, ...]]:
    """Which jobs' events tell of these datasets, the latest first."""
    found: dict[NodeId, dict[NodeId, int]] = {}
    ways = ((Direction.DOWN, EdgeType.READ_BY), (Direction.UP, EdgeType.WRITES))
    for direction, type_ in ways if sources else ():
        for edge in store.edges(sources, direction, [type_]):
            if edge.key.origin in _BY_PRODUCERS:
                near, far = edge.key.source, edge.key.target
                dataset, job = (near, far) if direction is Direction.DOWN else (far, near)
                jobs, last = found.setdefault(dataset, {}), edge.activity.last
                jobs[job] = max(jobs.get(job, -1), -1 if last is None else last)
    return {dataset: (_said_by(jobs),) for dataset, jobs in found.items()}


def _said_by(jobs: Mapping[NodeId, int]) -> str:
    """Whose events told of a dataset; one of them said what else it is called."""
    latest = sorted(jobs.items(), key=lambda one: (-one[1], str(one[0])))
    said = [
        f"{job} (last on {iso_day(last)})" if last >= 0 else str(job)
        for job, last in latest[:_JOBS]
    ]
    more = len(latest) - _JOBS
    said += [quantity(more, "more job")] if more > 0 else []
    return f"symlinks in events of {' or '.join(said)}"


def _verdict(
    dataset: DatasetId | None, same: Collection[Same], refused: Collection[Refused]
) -> str:
    links = quantity(len(refused), "link")
    doubted = f" {links} {'is' if len(refused) == 1 else 'are'} not believed." if refused else ""
    if dataset is None:
        if not same:
            return f"Every dataset has one identifier.{doubted}"
        verb = "has" if len(same) == 1 else "have"
        return f"{quantity(len(same), 'dataset')} {verb} several identifiers.{doubted}"
    if not same:
        return f"{dataset.name} has one identifier.{doubted}"
    (one,) = same
    rules = Counter(rule for _, rule in {(said.pair, said.rule) for said in one.believed})
    by = listed([f"{rules[rule]:,} by {_BY[rule]}" for rule in Rule if rules[rule]])
    return f"{one.shown.name} has {len(one.members):,} identifiers: {by}.{doubted}"

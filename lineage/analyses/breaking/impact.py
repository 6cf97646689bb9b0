"""What a change breaks, whom it belongs to, how sure that is, and the statement that proves it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lineage.analyses.breaking.breakage import Breakage
from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.analyses.breaking.items import Item, TeamImpact, items_of, teams_of
from lineage.analyses.breaking.lateness import UNTIMED
from lineage.analyses.breaking.seeds import Seeded, seed, unfolded
from lineage.analyses.breaking.subjects import tied
from lineage.analyses.breaking.weights import RINGS, weights
from lineage.analyses.listening.coverage import Coverage, Logs, Window, coverage
from lineage.analyses.listening.unread import Unjudged
from lineage.analyses.reach.graph import Graph
from lineage.analyses.wording import listed, quantity
from lineage.errors import AmbiguousName
from lineage.names import NodeId
from lineage.store import Store

# Edges read for one change; beyond it the answer says that it was cut short.
BUDGET = 50_000


_BREAKS = ("break", "")
_WITHOUT_FAILURE = {
    ChangeKind.DELAY_DATASET: ("make", " late"),
    ChangeKind.STOP_DATASET: ("leave", " stale"),
    ChangeKind.STOP_JOB: ("leave", " stale"),
    ChangeKind.MEANING_COLUMN: ("change", ""),
    ChangeKind.FILTER_DATASET: ("change", ""),
    ChangeKind.RETAIN_DATASET: ("change", ""),
    ChangeKind.NULLABLE_COLUMN: ("change", ""),
}


class Impact(msgspec.Struct, frozen=True):
    """What changes do together. Items by ring, then importance; teams by their worst item.

    elsewhere: how many datasets outside production are reached. ignored: how many bots.
    truncated: the walk was cut short; `items` holds what was found until then.
    """

    change: str
    verdict: str
    items: tuple[Item, ...]
    teams: tuple[TeamImpact, ...]
    unjudged: tuple[Unjudged, ...]
    elsewhere: int
    ignored: int
    coverage: Coverage
    window: Window
    truncated: bool
    weights: int


def impact(
    store: Store,
    changes: Sequence[Change],
    as_of: int | None = None,
    window: int = 90,
    budget: int = BUDGET,
) -> Impact:
    """What these changes do to everybody who was ever seen to depend on their subjects.

    Raises:
        UnknownName: a subject is not in the store.
        AmbiguousName: a subject may be several things.
    """
    logs = Logs(store, as_of, window)
    graph = Graph(store, logs.as_of)
    found = Breakage(graph)
    seeded = []
    known, unseen = _subjects(store, changes)
    steps = [step for change, subject in known for step in unfolded(graph, change, subject)]
    for change, subject in steps:
        breakage = Breakage(graph, change.argument)
        seeded.append(seed(breakage, change, subject))
        breakage.run(graph.loaded + budget)
        found.absorb(breakage)
    span, heard = coverage(graph, logs, {one.dataset for one in seeded if one.dataset})
    subjects = {node for one in seeded for node in (one.subject, one.dataset)}
    items, ignored = items_of(found, subjects, logs.as_of or 0)
    unjudged = (*unseen, *_unjudged(seeded, items))
    return Impact(
        "; ".join(str(change) for change, _ in known),
        _verdict(seeded if len(known) > 1 else seeded[:1], items, unjudged, found.truncated),
        items,
        teams_of(graph, items),
        unjudged,
        len(found.elsewhere),
        ignored,
        heard,
        span,
        found.truncated,
        weights().version,
    )


def _subjects(
    store: Store, changes: Sequence[Change]
) -> tuple[list[tuple[Change, NodeId]], list[Unjudged]]:
    """What the changes are about; of several, those that nobody was seen to use are told apart."""
    found = tied(store, changes)
    for _, error in found.unknown:
        if not found.known or isinstance(error, AmbiguousName):
            raise error
    reason = "not in the store"
    unseen = [Unjudged(one.subject, f"{one.kind.value}: {reason}") for one, _ in found.unknown]
    return list(found.known), unseen


def _unjudged(seeded: Sequence[Seeded], items: Sequence[Item]) -> tuple[Unjudged, ...]:
    """What could not be judged and is no item by another way."""
    judged = {item.id for item in items}
    found = {missing for one in seeded for missing in one.unjudged}
    return tuple(sorted((one for one in found if one.id not in judged), key=lambda one: one.id))


def _verdict(
    seeded: Sequence[Seeded],
    items: Sequence[Item],
    unjudged: Sequence[Unjudged],
    truncated: bool,
) -> str:
    """The answer in a sentence or two."""
    if not seeded:
        return "Nothing changes for anybody."
    doing = seeded[0].change.doing(seeded[0].name) if len(seeded) == 1 else "Together the changes"
    fails, wrong, stale = ([item for item in items if item.ring is ring] for ring in RINGS)
    ends = "s" if len(seeded) == 1 else ""
    said = []
    if fails:
        teams = {item.team for item in fails if item.team}
        of = f" of {quantity(len(teams), 'team')}" if teams else ""
        said.append(f"break{ends} {_counted(fails)}{of}")
    if wrong:
        said.append(f"silently change{ends} {_counted(wrong)}")
    text = f"{doing} {' and '.join(said)}" if said else ""
    if stale:
        verb = "gets" if len(stale) == 1 else "get"
        how = "late" if any(item.late for item in stale) else "stale"
        if all(item.cause == UNTIMED for item in stale):
            verb = "may get"
        rest = f"{_counted(stale)} {verb} {how}"
        text = f"{text}; {rest}" if text else f"{doing}: {rest}"
    text = text or f"{doing} {_nothing(seeded, ends)} that was seen"
    more = " There may be more: the walk was cut short." if truncated else ""
    doubt = f" {quantity(len(unjudged), 'reference')} could not be judged." if unjudged else ""
    return f"{text}.{more}{doubt}"


def _nothing(seeded: Sequence[Seeded], ends: str) -> str:
    """What a change does not do to anybody: only some can break a statement."""
    verb, state = _WITHOUT_FAILURE.get(seeded[0].change.kind, _BREAKS)
    if any(one.change.kind is not seeded[0].change.kind for one in seeded):
        verb, state = _BREAKS
    return f"{verb}{ends} nothing{state}"


def _counted(items: Sequence[Item]) -> str:
    """How many of each kind; a dataset that fails is a view."""
    kinds = ("consumer", "job", "dataset")
    counts = {kind: sum(item.kind == kind for item in items) for kind in kinds}
    nouns = {"dataset": "view"} if items[0].ring is RINGS[0] else {}
    return listed([quantity(n, nouns.get(kind, kind)) for kind, n in counts.items() if n])

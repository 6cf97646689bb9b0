"""Where a change begins to bite: from a change to the first marks, and to what it cannot judge."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from lineage.analyses.breakage import CARRIED, Breakage, Mark
from lineage.analyses.change import Change, ChangeKind
from lineage.analyses.graph import Graph
from lineage.analyses.retype import Retyping, retyping
from lineage.analyses.unread import Unjudged, blind_readers
from lineage.analyses.weights import Ring, weights
from lineage.errors import UnknownName
from lineage.model import EdgeType
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, parts
from lineage.resolve import resolve_column, resolve_dataset, resolve_process
from lineage.store import Store


class Seeded(msgspec.Struct, frozen=True):
    """A change that has been tied to the graph.

    subject: what changes; dataset: the one it belongs to, None for a job.
    """

    change: Change
    subject: NodeId
    dataset: DatasetId | None
    unjudged: tuple[Unjudged, ...] = ()

    @property
    def name(self) -> str:
        """The subject as a sentence calls it."""
        if isinstance(self.subject, ColumnId):
            return f"{self.subject.dataset.name}.{self.subject.name}"
        return self.subject.name


def subject_of(store: Store, change: Change) -> NodeId:
    """The dataset, column or job that a change is about.

    Raises:
        UnknownName: nothing answers to the name.
        AmbiguousName: several things do.
    """
    if change.kind is ChangeKind.ADD_COLUMN:
        return _new_column(store, change.subject)
    if change.kind.of_column:
        return resolve_column(store, change.subject)
    if change.kind is ChangeKind.STOP_JOB:
        return resolve_process(store, change.subject)
    return resolve_dataset(store, change.subject)


def _new_column(store: Store, text: str) -> ColumnId:
    dataset, dot, _ = text.rpartition(".")
    if not dot:
        raise UnknownName("dataset", text)
    return ColumnId(resolve_dataset(store, dataset), parts(text)[-1])


def seed(breakage: Breakage, change: Change, subject: NodeId) -> Seeded:
    """Sets the first marks of a change."""
    dataset = subject.dataset if isinstance(subject, ColumnId) else subject
    place = dataset if isinstance(dataset, DatasetId) else None
    unjudged = _SEEDS[change.kind](breakage, change, subject)
    return Seeded(change, subject, place, tuple(unjudged))


def _lose_column(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    assert isinstance(subject, ColumnId)
    graph = breakage.graph
    mark = breakage.seed(Ring.FAILS, subject, "drop-column")
    for feed in graph.current(graph.into_columns([subject], EdgeType.FEEDS)):
        if feed.job and breakage.fills(feed):
            # Its producer fails as well; that it feeds the subject again is the changer's own task.
            writing = msgspec.structs.replace(feed, source=subject, target=feed.job)
            breakage.touch(mark, writing, weights().rules["drop-column"]["any"])
    return blind_readers(graph, subject.dataset)


def _blind(graph: Graph, subject: NodeId) -> list[Unjudged]:
    return blind_readers(graph, subject.dataset) if isinstance(subject, ColumnId) else []


def _lose_dataset(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    mark = breakage.seed(Ring.FAILS, subject, CARRIED)
    base = weights().rules["drop-dataset"]["any"]
    for writing in breakage.graph.current(breakage.graph.into([subject], EdgeType.WRITES)):
        backwards = msgspec.structs.replace(writing, source=subject, target=writing.source)
        breakage.reach(mark, backwards, base, ())
    return []


def _stop_dataset(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    breakage.seed(Ring.STALE, subject, CARRIED, weights().stale.behind_a_stop)
    return []


def _stop_job(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    mark = Mark(Ring.STALE, subject, CARRIED, weights().stale.behind_a_stop)
    if isinstance(subject, JobId):
        breakage.outputs(mark, subject)
    return []


def _retype(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    known = breakage.graph.nodes([subject])[subject].value("type")
    effect = retyping(known, change.argument)
    if effect is Retyping.SAME:
        return []
    breakage.seed(Ring.WRONG, subject, effect.value)
    found = _blind(breakage.graph, subject)
    if not known:
        reason = "its type is not known; the new one is judged as incompatible"
        found.append(Unjudged(str(subject), reason))
    return found


def _forbid_nulls(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    assert isinstance(subject, ColumnId)
    writers = breakage.graph.into([subject.dataset], EdgeType.WRITES)
    reason = f"writes {subject.dataset.name}; whether it writes nulls is not in the logs"
    return [Unjudged(str(link.source), reason) for link in breakage.graph.current(writers)]


def _delay(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    reads = breakage.graph.current(breakage.graph.out([subject], EdgeType.READ_BY))
    reason = f"reads {subject.name}; at what time of the day is not kept, so lateness is not known"
    return [
        Unjudged(str(link.target), reason)
        for link in reads
        if isinstance(link.target, JobId | ConsumerId)
    ]


def _by_rule(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    rule = change.kind.value.replace(" ", "-")
    breakage.seed(Ring.WRONG, subject, rule)
    return _blind(breakage.graph, subject)


def _add_column(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    assert isinstance(subject, ColumnId)
    breakage.seed(Ring.WRONG, subject.dataset, "add-column")
    return []


_Seed = Callable[[Breakage, Change, NodeId], list[Unjudged]]
_SEEDS: dict[ChangeKind, _Seed] = {
    ChangeKind.DROP_COLUMN: _lose_column,
    ChangeKind.RENAME_COLUMN: _lose_column,
    ChangeKind.RETYPE_COLUMN: _retype,
    ChangeKind.NULLABLE_COLUMN: _by_rule,
    ChangeKind.NOT_NULL_COLUMN: _forbid_nulls,
    ChangeKind.ADD_COLUMN: _add_column,
    ChangeKind.MEANING_COLUMN: _by_rule,
    ChangeKind.DROP_DATASET: _lose_dataset,
    ChangeKind.RENAME_DATASET: _lose_dataset,
    ChangeKind.STOP_DATASET: _stop_dataset,
    ChangeKind.STOP_JOB: _stop_job,
    ChangeKind.DELAY_DATASET: _delay,
    ChangeKind.FILTER_DATASET: _by_rule,
    ChangeKind.GRAIN_DATASET: _by_rule,
    ChangeKind.RETAIN_DATASET: _by_rule,
}

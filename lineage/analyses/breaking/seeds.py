"""Where a change begins to bite: from a change to the first marks, and to what it cannot judge."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from lineage.analyses.breaking import phrases
from lineage.analyses.breaking.breakage import Breakage, Mark
from lineage.analyses.breaking.change import Change, ChangeKind, minutes_of
from lineage.analyses.breaking.judging import CARRIED
from lineage.analyses.breaking.retype import Retyping, is_text, retyping
from lineage.analyses.breaking.weights import Ring, weights
from lineage.analyses.breaking.writers import Nulls, puts_nulls, still_fits, writings
from lineage.analyses.listening.unread import Unjudged, blind_readers
from lineage.analyses.reach.graph import ANY_COLUMN, Graph, Link
from lineage.errors import UnknownName
from lineage.model import EdgeType
from lineage.names import ColumnId, DatasetId, JobId, NodeId
from lineage.resolve import resolve_dataset


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


def seed(breakage: Breakage, change: Change, subject: NodeId) -> Seeded:
    """Sets the first marks of a change."""
    dataset = subject.dataset if isinstance(subject, ColumnId) else subject
    place = dataset if isinstance(dataset, DatasetId) else None
    unjudged = _SEEDS[change.kind](breakage, change, subject)
    return Seeded(change, subject, place, tuple(unjudged))


def _lose_column(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    assert isinstance(subject, ColumnId)
    graph = breakage.graph
    rule = change.kind.value.replace(" ", "-")
    mark = breakage.seed(Ring.FAILS, subject, rule)
    table = weights().rules[rule]
    # Its producers fail as well; that they feed the subject again is the changer's own task.
    for feed in graph.current(graph.into_columns([subject], EdgeType.FEEDS)):
        if feed.job and breakage.judge.fills(feed) and not _only_by_position(graph, feed, subject):
            writing = msgspec.structs.replace(feed, source=subject, target=feed.job)
            breakage.touch(mark, writing, table["any"])
    for one in writings(graph, subject.dataset):
        if one.names(subject.name):
            breakage.touch(mark, one.link, table["any"])
        elif one.goes_by_position() and table["positional"][1]:
            breakage.touch(mark, one.link, table["positional"])
    return blind_readers(graph, subject.dataset)


def _only_by_position(graph: Graph, feed: Link, subject: ColumnId) -> bool:
    """Whether who feeds a column is known to do so without saying its name."""
    mine = [one for one in writings(graph, subject.dataset) if one.job == feed.job]
    return any(one.goes_by_position() and not one.names(subject.name) for one in mine)


def _blind(graph: Graph, subject: NodeId) -> list[Unjudged]:
    return blind_readers(graph, subject.dataset) if isinstance(subject, ColumnId) else []


def _lose_dataset(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    mark = breakage.seed(Ring.FAILS, subject, CARRIED)
    base = weights().rules["drop-dataset"]["any"]
    for writing in breakage.graph.current(breakage.graph.into([subject], EdgeType.WRITES)):
        backwards = msgspec.structs.replace(writing, source=subject, target=writing.source)
        breakage.reach(mark, backwards, base, ())
    return []


def unfolded(graph: Graph, change: Change, subject: NodeId) -> list[tuple[Change, NodeId]]:
    """The change itself, and of a replaced dataset what becomes of its columns."""
    steps = [(change, subject)]
    if change.kind is not ChangeKind.REPLACE_DATASET or not isinstance(subject, DatasetId):
        return steps
    known, new = known_columns(graph, subject), _new_columns(graph, change.argument)
    if not known or not new:
        return steps
    for name, column in known.items():
        if name not in new:
            steps.append((Change(ChangeKind.DROP_COLUMN, str(column)), column))
        elif new[name] and graph.nodes([column])[column].value("type"):
            steps.append((Change(ChangeKind.RETYPE_COLUMN, str(column), new[name]), column))
    for name in list(new)[len(known) :]:
        added = ColumnId(subject, name)
        steps.append((Change(ChangeKind.ADD_COLUMN, str(added), new[name]), added))
    return steps


def _replace_dataset(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    assert isinstance(subject, DatasetId)
    graph = breakage.graph
    reason = "is replaced; only its columns were compared, not which rows and values it will hold"
    if not known_columns(graph, subject) or not _new_columns(graph, change.argument):
        reason = "is replaced; which columns it had or will have is not known"
    return [Unjudged(str(subject), reason)]


def _new_columns(graph: Graph, text: str) -> dict[str, str]:
    """Lower-case name → type, of a list of columns or of a dataset that is there."""
    if text.startswith("("):
        items = phrases.parts_of(text[1:].removesuffix(")"))
        pairs = [item.partition(" ") for item in items]
        return {name.strip('"').lower(): type_.strip() for name, _, type_ in pairs}
    try:
        other = resolve_dataset(graph.store, text)
    except UnknownName:
        return {}
    columns = known_columns(graph, other)
    nodes = graph.nodes(columns.values())
    return {name: nodes[column].value("type") for name, column in columns.items()}


def known_columns(graph: Graph, dataset: DatasetId) -> dict[str, ColumnId]:
    """Lower-case name → column, of all that were declared or seen and not dropped."""
    columns = [link.target for link in graph.out([dataset], EdgeType.HAS_COLUMN)]
    nodes = graph.nodes(columns)
    return {
        column.name.lower(): column
        for column in columns
        if isinstance(column, ColumnId)
        and column.name != ANY_COLUMN
        and nodes[column].value("dropped") != "true"
    }


def _stop_dataset(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    breakage.seed(Ring.STALE, subject, CARRIED, weights().stale.behind_a_stop)
    return []


def _stop_job(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    mark = Mark(Ring.STALE, subject, CARRIED, weights().stale.behind_a_stop)
    if isinstance(subject, JobId):
        breakage.outputs(mark, subject)
    return []


def _retype(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    known = change.before
    if known is None:
        known = breakage.graph.nodes([subject])[subject].value("type")
    effect = retyping(known, change.argument)
    if effect is Retyping.SAME:
        return []
    mark = breakage.seed(Ring.WRONG, subject, effect.value)
    _retype_written(breakage, mark, subject, change.argument)
    found = _blind(breakage.graph, subject)
    if not known:
        reason = "its type is not known; the new one is judged as incompatible"
        found.append(Unjudged(str(subject), reason))
    return found


def _retype_written(breakage: Breakage, mark: Mark, subject: NodeId, new: str) -> None:
    """Marks who fills a column with values that its new type need not take."""
    assert isinstance(subject, ColumnId)
    verdict = weights().rules[mark.rule].get("written")
    if verdict is None or is_text(new):
        return
    for one in writings(breakage.graph, subject.dataset):
        fits = still_fits(breakage.graph, one, subject, new)
        fills = one.names(subject.name) or one.goes_by_position()
        if fits is False or (fits is None and fills):
            breakage.touch(mark, one.link, verdict)


def _forbid_nulls(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    assert isinstance(subject, ColumnId)
    mark = breakage.seed(Ring.FAILS, subject, "not-null-column")
    unknown = []
    for one in writings(breakage.graph, subject.dataset):
        nulls = puts_nulls(breakage.graph, one, subject)
        if nulls is Nulls.YES:
            breakage.touch(mark, one.link, weights().rules["not-null-column"]["written"])
        elif nulls is Nulls.UNKNOWN:
            reason = f"writes {subject.dataset.name}; whether it writes nulls is not in the logs"
            unknown.append(Unjudged(str(one.job), reason))
    return unknown


def _delay(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    assert isinstance(subject, DatasetId)
    untimed = breakage.delay(subject, minutes_of(change.argument))
    reason = "reads what gets late; at what time of the day it does, or that arrives, is not known"
    return [Unjudged(str(reader), reason) for reader in untimed]


def _by_rule(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    rule = change.kind.value.replace(" ", "-")
    breakage.seed(Ring.WRONG, subject, rule)
    return _blind(breakage.graph, subject)


def _add_column(breakage: Breakage, change: Change, subject: NodeId) -> list[Unjudged]:
    assert isinstance(subject, ColumnId)
    mark = breakage.seed(Ring.WRONG, subject.dataset, "add-column")
    table = weights().rules["add-column"]
    needed = change.argument.lower().endswith("not null")
    for one in writings(breakage.graph, subject.dataset):
        if one.goes_by_position():
            breakage.touch(mark, one.link, table["positional"])
        elif needed and any(insert.columns for insert in one.inserts()):
            breakage.touch(mark, one.link, table["left_out"])
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
    ChangeKind.REPLACE_DATASET: _replace_dataset,
    ChangeKind.STOP_DATASET: _stop_dataset,
    ChangeKind.STOP_JOB: _stop_job,
    ChangeKind.DELAY_DATASET: _delay,
    ChangeKind.FILTER_DATASET: _by_rule,
    ChangeKind.GRAIN_DATASET: _by_rule,
    ChangeKind.RETAIN_DATASET: _by_rule,
}

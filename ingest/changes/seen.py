"""The changes of datasets and columns that the logs hold, as those who made them wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ingest.changes import changes_of
from ingest.deriving.columns import KnownColumns, last_told
from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.analyses.breaking.replay import Seen
from lineage.analyses.breaking.subjects import subject_of
from lineage.calendar import day_of
from lineage.errors import AmbiguousName, InvalidChange, UnknownName
from lineage.model import EdgeType, Node
from lineage.names import ColumnId, NodeId, QueryId
from lineage.store import Direction, Store

_CHANGES = ("alter", "drop", "rename", "exec")
_DATED = (EdgeType.RAN, EdgeType.NAMED_IN)


def changes_seen(store: Store, last: int, as_of: int | None = None) -> list[Seen]:
    """The last changes up to a day, the latest first; of a template its last run counts.

    A change whose day nothing tells comes last.
    """
    queries = [node for node in store.scan_nodes("Query") if _may_change(node.value("sql"))]
    days = _days(store, [node.id for node in queries])
    found = [seen for node in queries if (seen := _seen(store, node, days.get(node.id)))]
    found = [one for one in found if as_of is None or one.day is None or one.day <= as_of]
    found.sort(key=lambda one: (-(one.day or -1), one.sql))
    return _with_types(store, found[:last])


def _with_types(store: Store, found: Sequence[Seen]) -> list[Seen]:
    """The same changes; of a column that got another type with the one before, not today's."""
    retyped = ChangeKind.RETYPE_COLUMN
    if not any(change.kind is retyped for one in found for change in one.changes):
        return list(found)
    columns = KnownColumns.of(store)

    def dated(change: Change, day: int) -> Change:
        try:
            subject = subject_of(store, change)
        except (UnknownName, AmbiguousName):
            return change
        assert isinstance(subject, ColumnId)
        types = columns.versions(subject.dataset).on(day - 1)
        known = {name.lower(): type_ for name, type_ in types.items()}
        return msgspec.structs.replace(change, before=known.get(subject.name.lower(), ""))

    return [
        msgspec.structs.replace(
            one,
            changes=tuple(
                dated(change, one.day) if one.day and change.kind is retyped else change
                for change in one.changes
            ),
        )
        for one in found
    ]


def _may_change(sql: str) -> bool:
    return sql.lstrip("( \n\t").lower().startswith(_CHANGES)


def _days(store: Store, queries: Sequence[NodeId]) -> dict[NodeId, int]:
    """The last day on which each of these ran, where an edge or what it told of columns says so."""
    ids = [query for query in queries if isinstance(query, QueryId)]
    days: dict[NodeId, int] = dict(last_told(store, ids).items())
    for edge in store.edges(queries, Direction.UP, _DATED):
        if (last := edge.activity.last) is not None:
            days[edge.key.target] = max(last, days.get(edge.key.target, last))
    return days


def _seen(store: Store, query: Node, day: int | None) -> Seen | None:
    """What a statement changes; None when it changes no dataset or column."""
    sql = query.value("sql")
    try:
        changes, missed = changes_of(sql, query.value("dialect"))
    except InvalidChange:
        return None
    return Seen(day or _dropped(store, changes), sql, tuple(changes), tuple(missed))


def _dropped(store: Store, changes: Iterable[Change]) -> int | None:
    """The day on which what these changes drop was last dropped."""
    days = []
    for change in changes:
        try:
            subject = subject_of(store, change)
        except (UnknownName, AmbiguousName):
            continue
        dropped = store.nodes([subject])[subject].facts.get("dropped")
        if dropped and dropped.value == "true" and dropped.at:
            days.append(day_of(dropped.at))
    return max(days, default=None)

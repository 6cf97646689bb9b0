"""What people said of a source: on which days it must have a log, and what leaves none."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from lineage.calendar import weekday
from lineage.model import Document
from lineage.store import Store

SOURCE = "source"  # the kind of its document
UNKNOWN = "unknown"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS = {
    "daily": frozenset(range(7)),
    "business-daily": frozenset(range(5)),
    **{name: frozenset({day}) for day, name in enumerate(_WEEKDAYS)},
    **{name[:3]: frozenset({day}) for day, name in enumerate(_WEEKDAYS)},
}
SCHEDULES = tuple(_DAYS)


class Listening(msgspec.Struct, frozen=True):
    """What `sources.yml` says of a source.

    schedule: of SCHEDULES; empty: learned from the log. unlogged: access paths that leave no log;
    None: nobody has said.
    """

    namespace: str
    schedule: tuple[str, ...] = ()
    unlogged: tuple[str, ...] | None = None

    def document(self, name: str) -> Document:
        """What is kept of it beside the graph, under the name of the source."""
        return Document(SOURCE, name, msgspec.json.encode(self))

    def expects(self, day: int) -> bool:
        """Whether there must be a log of a day (since 1970-01-01)."""
        return any(weekday(day) in _DAYS[one] for one in self.schedule)


def listening(store: Store) -> dict[str, tuple[Listening, ...]]:
    """Namespace → what was said of the sources that it has."""
    found: dict[str, list[Listening]] = {}
    for document in store.documents(SOURCE):
        one = msgspec.json.decode(document.body, type=Listening)
        found.setdefault(one.namespace, []).append(one)
    return {namespace: tuple(ones) for namespace, ones in found.items()}


def paths_without_log(sources: Collection[tuple[Listening, ...]]) -> str:
    """The access paths of these sources that leave no log: `unknown`, `none`, or their names."""
    ones = [one for source in sources for one in source]
    if not all(sources) or not ones or any(one.unlogged is None for one in ones):
        return UNKNOWN
    names = sorted({path for one in ones for path in one.unlogged or ()})
    return ", ".join(names) or "none"

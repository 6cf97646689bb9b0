"""How well was listened: which days have a log, and which statements were not understood.

No answer about use is given without it: silence is only evidence where somebody was listening.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from lineage.analyses.listening.listening import UNKNOWN, listening, paths_without_log
from lineage.analyses.reach.graph import Graph
from lineage.calendar import day_of, iso_day, weekday
from lineage.model import Activity, EdgeType
from lineage.names import DatasetId, NodeId, parts
from lineage.store import Store

NOT_UNDERSTOOD = frozenset({"table_only", "failed"})
_DEAD_LETTER = "dead_letter"


class Window(msgspec.Struct, frozen=True):
    """The days that counts are about, both ends included.

    first, last: ISO dates; None when nothing is logged.
    """

    first: str | None
    last: str | None
    days: int

    @property
    def as_of(self) -> int:
        """Its last day, as a number; 0 when nothing is logged."""
        return day_of(self.last) if self.last else 0

    @property
    def start(self) -> int:
        """Its first day, as a number; 0 when nothing is logged."""
        return day_of(self.first) if self.first else 0


class SourceDays(msgspec.Struct, frozen=True):
    """The days of a window that a source has logged. `holes`: ranges of ISO dates."""

    source: str
    days_logged: int
    days_expected: int
    holes: tuple[str, ...]


class Coverage(msgspec.Struct, frozen=True):
    """How well was listened in a window.

    text: for people, such as `64 of 90 days, 3 unread statements`.
    share: days logged × statements understood, in 0.0 to 1.0; access paths are not in it.
    statements: templates that name the datasets; unread: those, and dead letters, that were
    understood in part or not at all.
    paths: access that leaves no log, by name; `none`; `unknown` unless it was declared.
    corrected: how many edges of the store were taken out by hand, and are in no answer.
    """

    text: str
    share: float
    days_logged: int
    days_expected: int
    holes: tuple[str, ...]
    statements: int
    unread: int
    sources: tuple[SourceDays, ...]
    paths: str = UNKNOWN
    corrected: int = 0

    @property
    def complete(self) -> bool:
        """Whether no expected day is missing and every statement was understood."""
        return self.days_logged == self.days_expected > 0 and not self.unread


class _DeadLetter(msgspec.Struct, frozen=True):
    tokens: tuple[str, ...] = ()


class Logs:
    """What was logged up to a day, and what of it was never understood."""

    def __init__(self, store: Store, as_of: int | None = None, window: int = 90) -> None:
        self.logged = {source: seen for source, seen in store.logged().items() if seen.days}
        self.as_of = self._last(store) if as_of is None else as_of
        self._length = window
        self._unread = _tokens_of_dead_letters(store)
        self._said = listening(store)

    def _last(self, store: Store) -> int | None:
        """The greatest logged day; without a log, the last day that anything was active."""
        if self.logged:
            return max(seen.days[-1] for seen in self.logged.values())
        return store.counts().last

    def sources_of(self, dataset: DatasetId, naming: Iterable[str] = ()) -> tuple[str, ...]:
        """The sources, which are namespaces, whose statements could name a dataset.

        That of its own namespace and those that did name it; all of them when none is known.
        """
        near = {dataset.namespace, *naming} & self.logged.keys()
        return tuple(sorted(near or self.logged))

    def window(self, sources: Collection[str]) -> Window:
        """The days that answers about these sources count: at most those since their first log."""
        firsts = [self.logged[source].days[0] for source in sources]
        if self.as_of is None or not firsts:
            return Window(None, None, 0)
        length = max(1, min(self._length, self.as_of - min(firsts) + 1))
        return Window(iso_day(self.as_of - length + 1), iso_day(self.as_of), length)

    def dead_letters(self, dataset: DatasetId) -> int:
        """How many statements that were not understood hold the name of a dataset."""
        return self._unread[_last_part(dataset)] if self._unread else 0

    def coverage(
        self,
        datasets: Collection[DatasetId],
        sources: Collection[str],
        statements: int,
        partial: int,
    ) -> Coverage:
        """How well was listened to these sources about these datasets.

        statements: how many templates name them; partial: how many of them were understood only
        in part.
        """
        window = self.window(sources)
        silent = {source: self._silence(source, window) for source in sorted(sources)}
        days = tuple(_source_days(source, *days) for source, days in silent.items())
        # A day counts when every source that should have logged it has.
        missing = sorted({day for _, holes in silent.values() for day in holes})
        expected = max((source.days_expected for source in days), default=0)
        logged = max(0, expected - len(missing))
        dead = sum(self._unread[last] for last in {_last_part(dataset) for dataset in datasets})
        understood = (statements - partial) / (statements + dead) if partial + dead else 1.0
        return Coverage(
            _text(window, logged, expected, partial + dead),
            round(logged / expected * understood, 4) if expected else 0.0,
            logged,
            expected,
            tuple(_ranges(missing)),
            statements,
            partial + dead,
            days,
            paths_without_log([self._said.get(source, ()) for source in sources]),
        )

    def _silence(self, source: str, window: Window) -> tuple[int, list[int]]:
        """How many days of a window a source should have logged, and which of them it has not."""
        logged = self.logged[source]
        seen, quiet = set(logged.days), quiet_weekdays(logged)
        declared = [one for one in self._said.get(source, ()) if one.schedule]
        expected = [
            day
            for day in range(window.start, window.as_of + 1)
            if day in seen
            or (
                any(one.expects(day) for one in declared) if declared else weekday(day) not in quiet
            )
        ]
        return len(expected), [day for day in expected if day not in seen]


def coverage(graph: Graph, logs: Logs, datasets: Collection[DatasetId]) -> tuple[Window, Coverage]:
    """The window and the coverage of an answer about these datasets, under all their names."""
    names = {link.source for link in graph.into(datasets, EdgeType.SAME_AS)}
    datasets = {*datasets, *(name for name in names if isinstance(name, DatasetId))}
    queries = {link.target for link in graph.out(datasets, EdgeType.NAMED_IN)}
    nodes = graph.nodes(queries)
    partial = sum(node.value("parse") in NOT_UNDERSTOOD for node in nodes.values())
    naming = {query.namespace for query in queries}
    sources = {source for dataset in datasets for source in logs.sources_of(dataset, naming)}
    heard = logs.coverage(datasets, sources, len(queries), partial)
    return logs.window(sources), _with_corrections(heard, len(graph.corrections))


def _with_corrections(heard: Coverage, corrected: int) -> Coverage:
    if not corrected:
        return heard
    edges = "1 edge was" if corrected == 1 else f"{corrected} edges were"
    text = f"{heard.text}, {edges} corrected by hand"
    return msgspec.structs.replace(heard, text=text, corrected=corrected)


def _text(window: Window, logged: int, expected: int, unread: int) -> str:
    if not window.days:
        return "nothing is logged"
    days = f"{logged} of {expected} days"
    statements = "1 unread statement" if unread == 1 else f"{unread} unread statements"
    return f"{days}, {statements}" if unread else days


def _source_days(source: str, expected: int, holes: Sequence[int]) -> SourceDays:
    return SourceDays(source, expected - len(holes), expected, tuple(_ranges(holes)))


def quiet_weekdays(logged: Activity) -> frozenset[int]:
    """The weekdays (0 is Monday) on which a source is usually silent, learned from its history.

    Only a source that logs more often than not on some weekday has a rhythm to learn from; in one
    that logs a few days a year, silence stays unexplained.
    """
    if not logged.days:
        return frozenset()
    every = Counter(map(weekday, range(logged.days[0], logged.days[-1] + 1)))
    seen = Counter(map(weekday, logged.days))
    share = {day: seen[day] / count for day, count in every.items()}
    if max(share.values()) <= 0.5:
        return frozenset()
    return frozenset(day for day, part in share.items() if part <= 0.1 and every[day] >= 3)


def _ranges(days: Sequence[int]) -> Iterator[str]:
    start = 0
    for i, day in enumerate(days):
        if i + 1 == len(days) or days[i + 1] != day + 1:
            first = iso_day(days[start])
            yield first if i == start else f"{first}..{iso_day(day)}"
            start = i + 1


def _tokens_of_dead_letters(store: Store) -> Counter[str]:
    """How many dead letters hold each identifier, in lower case."""
    counts: Counter[str] = Counter()
    decoder = msgspec.json.Decoder(_DeadLetter)
    for document in store.documents(_DEAD_LETTER):
        tokens = decoder.decode(document.body).tokens
        counts.update({part.lower() for token in tokens for part in parts(token)})
    return counts


def _last_part(node: NodeId) -> str:
    return parts(node.name)[-1].lower()

"""From what a person types to the one thing that is meant: datasets, columns, jobs, consumers.

A name is written in full as `namespace:name`, or as any dotted end of its name that is unique;
an exact match beats an ending, the typed case beats another one, double quotes protect dots.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from lineage.errors import AmbiguousName, UnknownName
from lineage.model import EdgeType
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, ProcessId, parts
from lineage.store import Direction, Store

_Id = TypeVar("_Id", DatasetId, JobId, ConsumerId)
# Platforms whose dataset names differ when their letters' case differs.
_CASE_SENSITIVE = frozenset({
    "abfss", "bigquery", "cassandra", "clickhouse", "dbfs", "file", "gs", "hdfs", "kafka",
    "mongodb", "mysql", "s3", "wasbs",
})  # fmt: skip
_DOT_OUTSIDE_QUOTES = re.compile(r'"(?:[^"]|"")*"|(\.)')
_NEAREST = 5
# Scanning more names than this for a likely misspelling would keep a person waiting.
_SCANNED = 50_000


def resolve_dataset(store: Store, text: str) -> DatasetId:
    """The dataset that a text means.

    Raises:
        UnknownName: nothing answers to it; lists the nearest.
        AmbiguousName: several datasets do; lists them.
    """
    found = _datasets(store, text)
    if not found:
        raise UnknownName("dataset", text, _nearest(store, "Dataset", text))
    return _only("dataset", text, found)


def resolve_column(store: Store, text: str) -> ColumnId:
    """The column that `dataset.column` means, by the longest dataset that has it.

    Raises:
        UnknownName: no dataset of that name has it; lists the columns it may be.
        AmbiguousName: several do; lists them.
    """
    known: list[DatasetId] = []
    for place in reversed(_dots(text)):
        datasets = _datasets(store, text[:place])
        name = ".".join(parts(text[place + 1 :]))
        found = [column for dataset in datasets for column in _columns(store, dataset, name)]
        if found:
            return _only("column", text, found)
        known = known or datasets
    raise UnknownName("column", text, _nearest_columns(store, text, known))


def column_of(store: Store, dataset: DatasetId, name: str) -> ColumnId:
    """The column of a dataset, by its name alone.

    Raises:
        UnknownName: the dataset has no such column; lists the nearest.
    """
    found = _columns(store, dataset, name)
    if not found:
        raise UnknownName("column", f"{dataset}.{name}", _nearest_columns(store, name, [dataset]))
    return _only("column", name, found)


def resolve_process(store: Store, text: str) -> ProcessId:
    """The job or consumer that a text means.

    Raises:
        UnknownName: nothing answers to it; lists the nearest.
        AmbiguousName: several do; lists them.
    """
    found: list[ProcessId] = [*_matching(store, JobId, text), *_matching(store, ConsumerId, text)]
    if not found:
        nearest = _nearest(store, "Job", text) + _nearest(store, "Consumer", text)
        raise UnknownName("job or consumer", text, nearest)
    return _only("job or consumer", text, found)


_Found = TypeVar("_Found", bound=NodeId)


def _only(what: str, text: str, found: Sequence[_Found]) -> _Found:
    if len(found) > 1:
        raise AmbiguousName(what, text, tuple(sorted(map(str, found))))
    return found[0]


def _datasets(store: Store, text: str) -> list[DatasetId]:
    """The datasets that a text means; several identifiers may be one of them."""
    found = _matching(store, DatasetId, text)
    nodes = store.nodes(found)
    shown = (nodes[one].id if one in nodes else one for one in found)
    return [one for one in dict.fromkeys(shown) if isinstance(one, DatasetId)]


def _matching(store: Store, kind: type[_Id], text: str) -> list[_Id]:
    """The ids that a text means, by the first rule that any answers to."""
    text = text.strip()
    full = [kind(text[:i], text[i + 1 :]) for i in _colons(text)]
    exact = store.nodes(full)
    for candidate in full:
        if candidate in exact:
            return [candidate]
    for candidate in full:
        if same := _by_end(store, candidate.name, kind, candidate.namespace):
            return same
    return _by_end(store, text, kind)


def _by_end(store: Store, text: str, kind: type[_Id], namespace: str | None = None) -> list[_Id]:
    """The ids whose name is the text, else those whose name ends in it.

    Case is not compared where the platform does not; of names of one namespace that differ in
    nothing else, the one in the typed case is meant.
    """
    wanted = parts(text)
    if not wanted:
        return []
    named = store.named(kind.__name__.removesuffix("Id"), wanted[-1])
    ids = [n for n in named if isinstance(n, kind) and namespace in (None, n.namespace)]
    folded = tuple(part.lower() for part in wanted)
    whole = [n for n in ids if n.name == text or parts(n.name) == wanted]
    whole = whole or [n for n in ids if _folds(n) and _folded(n) == folded]
    if whole:
        return whole
    ending = [n for n in ids if _ends_in(n, wanted)]
    typed = [n for n in ending if parts(n.name)[-len(wanted) :] == wanted]
    return typed if typed and len({n.namespace for n in ending}) == 1 else ending


def _ends_in(node: DatasetId | JobId | ConsumerId, wanted: tuple[str, ...]) -> bool:
    size = len(wanted)
    if parts(node.name)[-size:] == wanted:
        return True
    return _folds(node) and _folded(node)[-size:] == tuple(part.lower() for part in wanted)


def _folds(node: DatasetId | JobId | ConsumerId) -> bool:
    return node.namespace.partition("://")[0].lower() not in _CASE_SENSITIVE


def _folded(node: DatasetId | JobId | ConsumerId) -> tuple[str, ...]:
    return tuple(part.lower() for part in parts(node.name))


def _columns(store: Store, dataset: DatasetId, name: str) -> list[ColumnId]:
    """The column of that name; else those that differ in case only."""
    exact = ColumnId(dataset, name)
    known = store.nodes([exact]).get(exact)
    if known and isinstance(known.id, ColumnId):
        return [known.id]
    return [column for column in _columns_of(store, dataset) if column.name.lower() == name.lower()]


def _columns_of(store: Store, dataset: DatasetId) -> list[ColumnId]:
    edges = store.edges([dataset], Direction.DOWN, [EdgeType.HAS_COLUMN])
    found = {edge.key.target for edge in edges if isinstance(edge.key.target, ColumnId)}
    return sorted(column for column in found if column.name != "*")


def _colons(text: str) -> list[int]:
    """Where a namespace may end, the longest first."""
    return [i for i in range(len(text) - 2, 0, -1) if text[i] == ":"]


def _dots(text: str) -> list[int]:
    return [match.start() for match in _DOT_OUTSIDE_QUOTES.finditer(text) if match.group(1)]


def _nearest(store: Store, label: str, text: str) -> tuple[str, ...]:
    """What may have been meant: a dataset with such a column, and names that look alike."""
    wanted = parts(text)[-1].lower() if parts(text) else text.lower()
    owners = (n.dataset for n in store.named("Column", wanted) if isinstance(n, ColumnId))
    having = sorted({str(owner) for owner in owners}) if label == "Dataset" else []
    by_last: dict[str, list[str]] = {}
    for count, node in enumerate(store.scan_nodes(label)):
        if count >= _SCANNED:
            break
        by_last.setdefault(parts(node.id.name)[-1].lower(), []).append(str(node.id))
    alike = difflib.get_close_matches(wanted, by_last, n=_NEAREST)
    close = [name for last in alike for name in sorted(by_last[last])]
    return tuple(dict.fromkeys([*close, *having]))[:_NEAREST]


def _nearest_columns(store: Store, text: str, datasets: Iterable[DatasetId]) -> tuple[str, ...]:
    wanted = parts(text)[-1].lower() if parts(text) else text.lower()
    known = {c.name.lower(): c for dataset in datasets for c in _columns_of(store, dataset)}
    if not known:
        return tuple(sorted(map(str, store.named("Column", wanted))))[:_NEAREST]
    alike = difflib.get_close_matches(wanted, known, n=_NEAREST) or sorted(known)[:_NEAREST]
    return tuple(str(known[name]) for name in alike)

"""What a change is about: from its words to the dataset, column or job in the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from lineage.analyses.breaking.change import EVERY, Change, ChangeKind
from lineage.analyses.reach.graph import ANY_COLUMN
from lineage.errors import AmbiguousName, UnknownName
from lineage.names import ColumnId, DatasetId, NodeId, parts
from lineage.resolve import resolve_column, resolve_dataset, resolve_process
from lineage.store import Store


class Tied(msgspec.Struct, frozen=True):
    """Changes with their subjects, and those whose subject nobody can tell, with the error."""

    known: tuple[tuple[Change, NodeId], ...]
    unknown: tuple[tuple[Change, UnknownName | AmbiguousName], ...]


def tied(store: Store, changes: Sequence[Change]) -> Tied:
    """The changes by what they are about; `drop dataset shop.*` is one for each dataset in it."""
    known: list[tuple[Change, NodeId]] = []
    unknown: list[tuple[Change, UnknownName | AmbiguousName]] = []
    for change in changes:
        try:
            known += _members(store, change) or [(change, subject_of(store, change))]
        except (UnknownName, AmbiguousName) as error:
            unknown.append((change, error))
    return Tied(tuple(known), tuple(unknown))


def _members(store: Store, change: Change) -> list[tuple[Change, NodeId]]:
    """The drops of all datasets of a schema or database."""
    if change.kind is not ChangeKind.DROP_DATASET or not change.subject.endswith(EVERY):
        return []
    place = change.subject.removesuffix(EVERY)
    found = sorted(_datasets_in(store, place), key=str)
    if not found:
        raise UnknownName("schema", place)
    return [(Change(change.kind, str(one)), one) for one in found]


def _datasets_in(store: Store, place: str) -> Iterator[DatasetId]:
    for node in store.scan_nodes("Dataset"):
        one = node.id
        if not isinstance(one, DatasetId) or node.value("dropped") == "true":
            continue
        namespace = place.startswith(f"{one.namespace}:")
        wanted = _folded(place.removeprefix(f"{one.namespace}:") if namespace else place)
        holds = _folded(one.name)[:-1]
        if wanted and (holds[-len(wanted) :] == wanted or holds[: len(wanted)] == wanted):
            yield one


def _folded(name: str) -> tuple[str, ...]:
    return tuple(part.lower() for part in parts(name))


def subject_of(store: Store, change: Change) -> NodeId:
    """The dataset, column or job that a change is about.

    Raises:
        UnknownName: nothing answers to the name.
        AmbiguousName: several things do.
    """
    if change.kind is ChangeKind.ADD_COLUMN:
        return _new_column(store, change.subject)
    if change.kind.of_column:
        return _column(store, change.subject)
    if change.kind is ChangeKind.STOP_JOB:
        return resolve_process(store, change.subject)
    return resolve_dataset(store, change.subject)


def _column(store: Store, text: str) -> ColumnId:
    """The column of that name, if only as one of those that a `SELECT *` takes unseen."""
    try:
        return resolve_column(store, text)
    except UnknownName:
        dataset, dot, _ = text.rpartition(".")
        if not dot:
            raise
        try:
            star = ColumnId(resolve_dataset(store, dataset), ANY_COLUMN)
        except UnknownName:
            star = None
        if star is None or star not in store.nodes([star]):
            raise
        return ColumnId(star.dataset, parts(text)[-1])


def _new_column(store: Store, text: str) -> ColumnId:
    dataset, dot, _ = text.rpartition(".")
    if not dot:
        raise UnknownName("dataset", text)
    return ColumnId(resolve_dataset(store, dataset), parts(text)[-1])

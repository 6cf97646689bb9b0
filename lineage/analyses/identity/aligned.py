"""From any identifier of a dataset or column to the one that answers use, and back to all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property

import msgspec

from lineage.analyses.identity.identities import Identities
from lineage.analyses.identity.sameness import Same
from lineage.model import EdgeType
from lineage.names import ColumnId, DatasetId, NodeId
from lineage.store import Direction, Store


class _Columns(msgspec.Struct, frozen=True):
    """The columns of one dataset of several identifiers, each of which may spell them its way.

    shown: spelling → the one that answers use; spelled: that one → all its spellings.
    """

    shown: dict[str, str]
    spelled: dict[str, tuple[str, ...]]


class Names:
    """The names of a store's datasets and columns, for the length of a question."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._identities = Identities(store)
        self._same: dict[NodeId, Same] = {}
        self._columns: dict[DatasetId, _Columns] = {}

    @property
    def plain(self) -> bool:
        """Whether every dataset of the store has one identifier."""
        return not self._identities.any

    def look_up(self, ids: Iterable[NodeId]) -> bool:
        """Finds out about these ids; whether any of them is one with others."""
        if self.plain:
            return False
        some = list(ids)
        datasets = {one for one in some if isinstance(one, DatasetId)}
        of_columns = {one.dataset for one in some if isinstance(one, ColumnId)}
        found = self._identities.of(datasets | of_columns)
        self._same.update(found.items())
        self._align([found[one] for one in of_columns if one in found])
        return bool(found)

    @property
    def spare(self) -> int:
        """How many identifiers the store has beyond one for each dataset."""
        if self.plain:
            return 0
        beside = sum(len(same.members) - 1 for same in self._identities.all())
        return beside + len(self.bare_places)

    def look_up_all(self) -> tuple[Same, ...]:
        """Finds out about all ids; the datasets of several identifiers."""
        every = () if self.plain else self._identities.all()
        self._same.update((member, same) for same in every for member in same.members)
        self._align(every)
        return every

    @cached_property
    def bare_places(self) -> frozenset[DatasetId]:
        """Identifiers that are a place of several tables, and no dataset."""
        return frozenset() if self.plain else self._identities.bare_places()

    def of(self, node: NodeId) -> tuple[Same, ...]:
        """The dataset of several identifiers that it is one of, if any; it was looked up."""
        same = self._same.get(node)
        return (same,) if same else ()

    def is_one_of_several(self, node: NodeId) -> bool:
        """Whether it is, or belongs to, a dataset of several identifiers; it was looked up."""
        return _dataset(node) in self._same

    def shown(self, node: NodeId) -> NodeId:
        """The id that answers use; it was looked up."""
        same = self._same.get(_dataset(node)) if self._same else None
        if same is None:
            return node
        if not isinstance(node, ColumnId):
            return same.shown
        spellings = self._columns[same.shown].shown
        return ColumnId(same.shown, spellings.get(node.name, node.name))

    def every(self, node: NodeId) -> tuple[NodeId, ...]:
        """All ids that are one with it; it was looked up."""
        same = self._same.get(_dataset(node)) if self._same else None
        if same is None:
            return (node,)
        if not isinstance(node, ColumnId):
            return same.members
        columns = self._columns[same.shown]
        names = columns.spelled.get(columns.shown.get(node.name, node.name), (node.name,))
        return tuple(ColumnId(member, name) for member in same.members for name in names)

    def _align(self, some: Collection[Same]) -> None:
        missing = {same.shown: same for same in some if same.shown not in self._columns}
        if not missing:
            return
        members = [member for same in missing.values() for member in same.members]
        held: dict[DatasetId, set[str]] = {member: set() for member in members}
        for edge in self._store.edges(members, Direction.DOWN, [EdgeType.HAS_COLUMN]):
            column = edge.key.target
            if isinstance(column, ColumnId) and column.dataset in held:
                held[column.dataset].add(column.name)
        for shown, same in missing.items():
            self._columns[shown] = _aligned(held[shown], [held[one] for one in same.members])


def _dataset(node: NodeId) -> NodeId:
    return node.dataset if isinstance(node, ColumnId) else node


def _aligned(shown: Collection[str], held: Collection[Collection[str]]) -> _Columns:
    """Columns that differ in case alone are one, unless one identifier has both."""
    by_name: dict[str, set[str]] = {}
    for name in {name for names in held for name in names}:
        by_name.setdefault(name.casefold(), set()).add(name)
    counts = (Counter(map(str.casefold, names)) for names in held)
    twice = {folded for count in counts for folded, times in count.items() if times > 1}
    columns = _Columns({}, {})
    for folded, names in by_name.items():
        if folded not in twice:
            best = min(names, key=lambda name: (name not in shown, name))
            columns.shown.update(dict.fromkeys(names, best))
            columns.spelled[best] = tuple(sorted(names))
    return columns

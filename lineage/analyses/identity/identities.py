"""The identifiers of each dataset of a store, read as far as a question touches them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from lineage.analyses.corrections import Corrections, corrections
from lineage.analyses.identity.identity_decisions import Decisions, decisions
from lineage.analyses.identity.sameness import Rule, Said, Same, Sayings, Verdict
from lineage.model import FLOW, EdgeKey, EdgeType, Origin
from lineage.names import DatasetId
from lineage.store import Direction, Store

# So many are read at once; a store that has more of them is asked about what a question touches.
_FEW = 2_000


class Identities:
    """What of a store is one dataset, for the length of a question."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.decisions: Decisions = decisions(store)
        self._corrections: Corrections = corrections(store)
        few = list(islice(_keys_in(store), _FEW + 1))
        self._complete = len(few) <= _FEW
        self._sayings = self._of_all(few if self._complete else ())
        self._loaded: set[DatasetId] = set()
        self._judged: set[DatasetId] = set()
        self._same: dict[DatasetId, Same] = {}

    @property
    def any(self) -> bool:
        """Whether anything was said of any identifier."""
        return not self._complete or next(iter(self._sayings), None) is not None

    def of(self, datasets: Iterable[DatasetId]) -> dict[DatasetId, Same]:
        """Those of the identifiers that are one with others, each with all of them."""
        wanted = set(datasets)
        self._judge(wanted - self._judged)
        return {one: self._same[one] for one in wanted if one in self._same}

    def verdict(self, dataset: DatasetId) -> Verdict:
        """What follows for an identifier, and what is not believed of it."""
        self._load({dataset})
        return self._sayings.judge(dataset)

    def all(self) -> tuple[Same, ...]:
        """All datasets of several identifiers, by the name that answers use."""
        found = self.of(self.identifiers()).values()
        return tuple(sorted({one.shown: one for one in found}.values(), key=lambda one: one.shown))

    def identifiers(self) -> tuple[DatasetId, ...]:
        """Every identifier of which anything was said."""
        if not self._complete:
            self._sayings = self._of_all(_keys_in(self._store))
            self._complete = True
        return tuple(sorted(self._sayings))

    def bare_places(self) -> frozenset[DatasetId]:
        """Places that are known only since several tables lie there: none reads or writes them."""
        places = [one for one in self.identifiers() if self._sayings.is_crowded(one)]
        used = {
            end
            for direction in (Direction.DOWN, Direction.UP)
            for edge in self._store.edges(places, direction, [*FLOW, EdgeType.HAS_COLUMN])
            for end in (edge.key.source, edge.key.target)
        }
        return frozenset(places) - used

    def _of_all(self, keys: Iterable[EdgeKey]) -> Sayings:
        return Sayings(self.decisions.apart, (*self._said(keys), *self.decisions.merged))

    def _judge(self, datasets: Collection[DatasetId]) -> None:
        self._load(datasets)
        for dataset in datasets:
            if dataset in self._sayings and dataset not in self._judged:
                for same in self._sayings.judge(dataset).same:
                    self._same.update(dict.fromkeys(same.members, same))
                    self._judged.update(same.members)
            self._judged.add(dataset)

    def _load(self, datasets: Collection[DatasetId]) -> None:
        """Reads what was said of these identifiers and of all that they may be one with."""
        rest = set() if self._complete else set(datasets) - self._loaded
        while rest:
            near: dict[DatasetId, list[Said]] = {one: [] for one in rest}
            for one in self._said(self._keys(rest)):
                for end in one.pair & rest:
                    near[end].append(one)
            for dataset, said in near.items():
                self._sayings.add(dataset, said)
            self._loaded |= rest
            rest = {one for end in rest for one in self._sayings.neighbours(end)} - self._loaded

    def _keys(self, datasets: Collection[DatasetId]) -> Iterator[EdgeKey]:
        for direction in Direction:
            for edge in self._store.edges(datasets, direction, [EdgeType.SAME_AS]):
                yield edge.key

    def _said(self, keys: Iterable[EdgeKey]) -> Iterator[Said]:
        for key in keys:
            source, target = key.source, key.target
            assert isinstance(source, DatasetId)
            assert isinstance(target, DatasetId)
            if source != target and not self._corrections.denies(key):
                rule = Rule.ALIAS if key.origin is Origin.MANUAL else Rule.SYMLINK
                yield Said(rule, source, target)


def _keys_in(store: Store) -> Iterator[EdgeKey]:
    return (edge.key for edge in store.scan_edges([EdgeType.SAME_AS]))

"""Which identifiers are one dataset: a union of what was said to be the same, with guards.

The store keeps what was said, never what follows from it, so that each word can be taken back. What
follows depends on all that was said and on nothing else: not on the order in which it was heard.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum

import msgspec

from lineage.names import DatasetId

Pair = frozenset[DatasetId]
_PATHS = frozenset({"abfss", "dbfs", "file", "gs", "hdfs", "s3"})
_SEPARATORS = re.compile(r"[/.]+")
# Differently named tables of one namespace that may share a location and still be one.
_TENANTS = 1


class Rule(StrEnum):
    """Why two identifiers are one, the strongest first."""

    MERGE = "merge"  # somebody decided it
    ALIAS = "alias"  # a rule of an alias file
    SYMLINK = "symlink"  # a producer's symlinks facet


class Why(StrEnum):
    """Why two identifiers stay two although they were said to be one."""

    SPLIT = "split"  # somebody decided it
    SHARED = "shared location"  # several tables lie there
    ROOT = "root"  # the root of a bucket or file system, which holds everything


_STRENGTH = {rule: place for place, rule in enumerate(Rule)}


class Said(msgspec.Struct, frozen=True):
    """That two identifiers are one, and the rule that says so."""

    rule: Rule
    source: DatasetId
    target: DatasetId

    @property
    def pair(self) -> Pair:
        """Both, without direction."""
        return frozenset((self.source, self.target))

    @property
    def order(self) -> tuple[int, DatasetId, DatasetId, DatasetId]:
        """Where it stands among all that is said."""
        return (_STRENGTH[self.rule], min(self.pair), max(self.pair), self.source)


class Refused(msgspec.Struct, frozen=True):
    """What was said and is not believed."""

    said: Said
    why: Why


class Same(msgspec.Struct, frozen=True):
    """The identifiers of one dataset, sorted; `shown` is the one that answers use."""

    shown: DatasetId
    members: tuple[DatasetId, ...]
    believed: tuple[Said, ...]


class Verdict(msgspec.Struct, frozen=True):
    """What follows from what was said: datasets of several identifiers; what is not believed."""

    same: tuple[Same, ...]
    refused: tuple[Refused, ...]


class Sayings:
    """What was said of each identifier.

    apart: pairs that somebody decided to be two.
    """

    def __init__(self, apart: Iterable[Pair] = (), said: Iterable[Said] = ()) -> None:
        self._apart = frozenset(apart)
        self._of: dict[DatasetId, set[Said]] = {}
        self._crowded: dict[DatasetId, Why | None] = {}
        for one in said:
            for end in one.pair:
                self.add(end, (one,))

    def __contains__(self, dataset: DatasetId) -> bool:
        return dataset in self._of

    def __iter__(self) -> Iterator[DatasetId]:
        return iter(self._of)

    def add(self, dataset: DatasetId, said: Iterable[Said]) -> None:
        """Takes in what was said of an identifier: all of it, before anybody asks."""
        self._of.setdefault(dataset, set()).update(said)

    def neighbours(self, dataset: DatasetId) -> set[DatasetId]:
        """What an identifier may be one with; nothing when too many tables lie there."""
        return {end for one in self._open(dataset) for end in one.pair if end != dataset}

    def is_crowded(self, dataset: DatasetId) -> bool:
        """Whether it is a place where several tables lie rather than the place of one."""
        return self._why_crowded(dataset) is not None

    def judge(self, start: DatasetId) -> Verdict:
        """What follows for an identifier and all that it may be one with.

        A weaker word yields to a stronger one that together with it would make one of a pair that
        is kept apart.
        """
        said, refused = self._around(start)
        groups = _Groups(self._apart)
        believed = []
        for one in sorted(said, key=lambda one: one.order):
            if groups.join(one.pair):
                believed.append(one)
            else:
                refused.append(Refused(one, Why.SPLIT))
        refused.sort(key=lambda one: one.said.order)
        return Verdict(tuple(_same(groups, believed)), tuple(refused))

    def _around(self, start: DatasetId) -> tuple[set[Said], list[Refused]]:
        found, rest = {start}, [start]
        said: set[Said] = set()
        refused: dict[Said, Refused] = {}
        while rest:
            for one in self._of.get(rest.pop(), ()):
                why = self._refusal(one)
                if why:
                    refused[one] = Refused(one, why)
                    continue
                said.add(one)
                rest += one.pair - found
                found |= one.pair
        return said, list(refused.values())

    def _open(self, dataset: DatasetId) -> Iterator[Said]:
        """What was said of an identifier; no symlink leads on from a place of several tables."""
        crowded = self._why_crowded(dataset)
        return (
            one for one in self._of.get(dataset, ()) if not (crowded and one.rule is Rule.SYMLINK)
        )

    def _refusal(self, one: Said) -> Why | None:
        if one.rule is not Rule.SYMLINK:
            return None  # people know what they say
        return self._why_crowded(one.source) or self._why_crowded(one.target)

    def _why_crowded(self, dataset: DatasetId) -> Why | None:
        if dataset not in self._of:
            return None  # not asked about; the other end is what counts
        if dataset not in self._crowded:
            links = (one for one in self._of[dataset] if one.rule is Rule.SYMLINK)
            near = {end for one in links for end in one.pair if end != dataset}
            self._crowded[dataset] = _crowded(dataset, near)
        return self._crowded[dataset]


def _crowded(dataset: DatasetId, neighbours: Iterable[DatasetId]) -> Why | None:
    """Why a dataset is a place where several tables lie rather than the place of one."""
    if not is_path(dataset):
        return None
    if not dataset.name.strip("/"):
        return Why.ROOT
    tenants: dict[str, set[str]] = {}
    for one in neighbours:
        tenants.setdefault(one.namespace, set()).add(_last(one.name))
    return Why.SHARED if any(len(names) > _TENANTS for names in tenants.values()) else None


def is_path(dataset: DatasetId) -> bool:
    """Whether a dataset is a place in a file system or object store, not a table of a catalogue."""
    return _scheme(dataset) in _PATHS


def _scheme(dataset: DatasetId) -> str:
    return dataset.namespace.partition("://")[0]


def _last(name: str) -> str:
    return _SEPARATORS.split(name.strip("/"))[-1].lower()


class _Groups:
    """A union-find that keeps some pairs apart."""

    def __init__(self, apart: Collection[Pair]) -> None:
        self._apart = apart
        self._group: dict[DatasetId, set[DatasetId]] = {}

    def join(self, pair: Pair) -> bool:
        """Whether the two are one now; false when that would join what is kept apart."""
        one, other = (self._group.setdefault(end, {end}) for end in sorted(pair))
        if one is other:
            return True
        if any(one & wanted and other & wanted for wanted in self._apart):
            return False
        one |= other
        self._group.update((end, one) for end in other)
        return True

    def __iter__(self) -> Iterator[set[DatasetId]]:
        return iter({id(group): group for group in self._group.values()}.values())


def _same(groups: Iterable[set[DatasetId]], believed: Iterable[Said]) -> Iterator[Same]:
    by_source: dict[DatasetId, list[Said]] = {}
    for one in believed:
        by_source.setdefault(one.source, []).append(one)
    for group in groups:
        if len(group) > 1:
            members = tuple(sorted(group))
            said = tuple(one for member in members for one in by_source.get(member, ()))
            yield Same(_shown(group, said), members, said)


def _shown(group: Collection[DatasetId], said: Iterable[Said]) -> DatasetId:
    """The name that people chose, else that of a table, else the one that its producer uses."""
    chosen = {one.target for one in said if one.rule is not Rule.SYMLINK}
    renamed = {one.source for one in said if one.rule is not Rule.SYMLINK}
    primary = {one.source for one in said}
    return min(
        group,
        key=lambda one: (one not in chosen - renamed, _strangeness(one), one not in primary, one),
    )


def _strangeness(dataset: DatasetId) -> int:
    """How far a name is from what people call a table."""
    if _scheme(dataset) == "inmemory" or dataset.namespace.endswith("://unknown"):
        return 3
    return 2 if is_path(dataset) else int("/" in dataset.name)

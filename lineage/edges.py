"""The edges of a batch, one a key, with all that they share kept once.

The columns of a statement are used by whoever ran it, on the same days, as the same run proves. So
an edge is three numbers here: the place of its source, a link (its kind, target and via packed
into one), and what was seen of it (which runs, and how sure that is, packed into one). They are
kept as they are added, and merged when they are asked for. Merged edges have the sum of runs, which
is worked out once, and only where somebody wants to know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from itertools import chain, islice, product
from typing import TYPE_CHECKING, Final, NamedTuple

from lineage.model import (
    CERTAIN,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Origin,
    Role,
    Runs,
    Sighting,
    Sure,
    surer,
)
from lineage.names import NodeId

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# What an edge is, apart from its ends.
KINDS: Final = tuple(product(EdgeType, (None, *Role), Origin))
_KIND: Final = {kind: number for number, kind in enumerate(KINDS)}
# A link fits into 63 bits, and so does what was seen.
KIND_BITS: Final = 10
PLACE_BITS: Final = 26
SURE_BITS: Final = 16
_PLACE: Final = (1 << PLACE_BITS) - 1
_SURE: Final = (1 << SURE_BITS) - 1

# Edges from many places: of which kind, how sure, and the places.
Start = tuple[int, int, Sequence[int]]


def kind(type_: EdgeType, role: Role | None = None, origin: Origin = Origin.PARSED) -> int:
    """The number of a kind of edge: its place in KINDS, and the link to nowhere of that kind."""
    return _KIND[type_, role, origin]


def aim(target: int, via: int = 0) -> int:
    """A link of no kind yet to these places; `aim(...) | kind(...)` is a link."""
    return (target << PLACE_BITS | via) << KIND_BITS


def parts(link: int) -> tuple[int, int, int]:
    """Kind, target and via of a link."""
    return (
        link & (1 << KIND_BITS) - 1,
        link >> PLACE_BITS + KIND_BITS,
        link >> KIND_BITS & _PLACE,
    )


class Columns(NamedTuple):
    """Edges, one a key, sorted by source and link: place of the source, link, what was seen."""

    sources: NDArray[np.int64]
    links: NDArray[np.int64]
    seen: NDArray[np.int64]


class EdgeSet(Collection[Edge]):
    """Edges, one a key; what is added to an edge that is there is merged with it.

    nodes: their ends by place, from 1; 0 stands for no node. sures: how sure edges are, by number.
    """

    def __init__(self, edges: Iterable[Edge] = ()) -> None:
        self.nodes: dict[NodeId, int] = {}
        self.sures: list[Sure] = [(CERTAIN, True)]
        self._sure: dict[Sure, int] = {(CERTAIN, True): 0}
        self._runs: list[Runs | tuple[int, int]] = []  # two numbers: the sum of both
        self._numbers: dict[Runs | tuple[int, int], int] = {}
        self._sums: dict[tuple[int, int], int] = {}  # of what was seen
        # As they were added: from these places this link, of which that was seen.
        self._starts: list[Sequence[int]] = []
        self._links: list[int] = []
        self._seen: list[int] = []
        self._merged: Columns | None = None  # all but those
        for edge in edges:
            self.add(edge)

    def __len__(self) -> int:
        return len(self.columns().seen)

    def __contains__(self, edge: object) -> bool:
        return isinstance(edge, Edge) and self.get(edge.key) == edge

    def __iter__(self) -> Iterator[Edge]:
        return (sighting.of(key) for key, sighting in self.sightings())

    def sightings(self) -> Iterator[tuple[EdgeKey, Sighting]]:
        """The key of each edge, and what was seen of it; what edges share is one object."""
        made: dict[tuple[EdgeType, int], Sighting] = {}
        for key, seen in self._keyed():
            sighting = made.get((key.type, seen))
            if sighting is None:
                sighting = made[key.type, seen] = self._sighting(key.type, seen)
            yield key, sighting

    def edge_keys(self) -> Iterator[EdgeKey]:
        """The keys of all edges."""
        return (key for key, _ in self._keyed())

    def get(self, key: EdgeKey) -> Edge | None:
        """The edge of that key, if there is one."""
        if not all(node in self.nodes for node in (key.source, key.target, key.via) if node):
            return None
        source, link = self._spelled(key)
        sources, links, seen = self.columns()
        first, end = sources.searchsorted([source, source + 1])
        place = first + links[first:end].searchsorted(link)
        if place == end or links[place] != link:
            return None
        return self._sighting(key.type, int(seen[place])).of(key)

    def columns(self) -> Columns:
        """All of them."""
        if self._merged is None or self._starts:
            import numpy as np  # who only asks a store does without

            starts, links, seen = self._starts, self._links, self._seen
            self._starts, self._links, self._seen = [], [], []
            sizes = np.fromiter(map(len, starts), np.int64)
            edges = Columns(
                np.fromiter(chain.from_iterable(starts), np.int64),
                np.repeat(np.array(links, np.int64), sizes),
                np.repeat(np.array(seen, np.int64), sizes),
            )
            if self._merged:
                edges = Columns(*map(np.concatenate, zip(self._merged, edges, strict=True)))
            self._merged = self._merge(edges)
        return self._merged

    def place(self, node: NodeId) -> int:
        """The place of an end, a new one if need be."""
        place = self.nodes.get(node)
        if place is None:
            place = self.nodes[node] = len(self.nodes) + 1
        return place

    def ran(self, runs: Runs) -> int:
        """What was seen of a certain edge when these ran; `ran(...) | sure(...)`: of another."""
        return self._number(runs) << SURE_BITS

    def sure(self, evidence: Evidence = CERTAIN, *, named: bool = True) -> int:
        """The number of how sure an edge is; a new one if need be."""
        number = self._sure.get((evidence, named))
        if number is None:
            number = self._sure[evidence, named] = len(self.sures)
            self.sures.append((evidence, named))
        return number

    def sum(self, one: int, other: int) -> int:
        """All that was seen, the one time and the other."""
        found = self._sums.get((one, other))
        if found is None:
            number = self._number((one >> SURE_BITS, other >> SURE_BITS))
            evidence, named = surer(self.sures[one & _SURE], self.sures[other & _SURE])
            sure = self.sure(evidence, named=named)
            found = self._sums[one, other] = number << SURE_BITS | sure
        return found

    def runs(self, number: int) -> Runs:
        """The runs of that number."""
        found = self._runs[number]
        if isinstance(found, tuple):
            one, *others = self._summed(number)
            found = self._runs[number] = one.merge(*others)
        return found

    def add(self, edge: Edge) -> None:
        """Adds an edge."""
        source, link = self._spelled(edge.key)
        ran = self.ran(edge.sighting.runs)
        self.put(source, link, ran | self.sure(edge.evidence, named=edge.named))

    def put(self, source: int, link: int, seen: int) -> None:
        """Adds a link that leaves a place, with what was seen of it."""
        self._starts.append((source,))
        self._links.append(link)
        self._seen.append(seen)

    def spread(self, starts: Iterable[Start], target: int, ran: int) -> None:
        """Adds an edge from each of many places to one, of what ran."""
        aimed = aim(target)
        for kind_, sure, places in starts:
            self._starts.append(places)
            self._links.append(aimed | kind_)
            self._seen.append(ran | sure)

    def update(self, other: EdgeSet) -> None:
        """Adds all edges of another."""
        rows, places = other._rows(), [0, *map(self.place, other.nodes)]
        ran = [self.ran(other.runs(number)) for number in range(len(other._runs))]
        sures = [self.sure(evidence, named=named) for evidence, named in other.sures]
        for place, link, seen in rows:
            kind_, target, via = parts(link)
            aimed = aim(places[target], places[via])
            self.put(places[place], aimed | kind_, ran[seen >> SURE_BITS] | sures[seen & _SURE])

    def _number(self, runs: Runs | tuple[int, int]) -> int:
        """The number of runs, or of the sum of two that have one; a new one if need be."""
        number = self._numbers.get(runs)
        if number is None:
            number = self._numbers[runs] = len(self._runs)
            self._runs.append(runs)
        return number

    def _summed(self, number: int) -> Iterator[Runs]:
        """The runs of which those of a number are the sum."""
        left = [number]
        while left:
            found = self._runs[left.pop()]
            if isinstance(found, tuple):
                left += found
            else:
                yield found

    def _sighting(self, type_: EdgeType, seen: int) -> Sighting:
        evidence, named = self.sures[seen & _SURE]
        return self.runs(seen >> SURE_BITS).seen(type_, evidence, named=named)

    def _spelled(self, key: EdgeKey) -> tuple[int, int]:
        """The place of the source, and the link."""
        via = self.place(key.via) if key.via else 0
        aimed = aim(self.place(key.target), via)
        return self.place(key.source), aimed | _KIND[key.type, key.role, key.origin]

    def _rows(self) -> Iterator[tuple[int, int, int]]:
        return zip(*(column.tolist() for column in self.columns()), strict=True)

    def _keyed(self) -> Iterator[tuple[EdgeKey, int]]:
        nodes: list[NodeId | None] = [None, *self.nodes]
        for source, link, seen in self._rows():
            kind_, target, via = parts(link)
            type_, role, origin = KINDS[kind_]
            yield EdgeKey(type_, nodes[source], nodes[target], role, nodes[via], origin), seen  # type: ignore[arg-type]  # written as such ends

    def _merge(self, edges: Columns) -> Columns:
        """These edges, one a key; what was added first comes first in a sum."""
        import numpy as np

        order = np.lexsort((edges.links, edges.sources))
        sources, links, seen = (column[order] for column in edges)
        is_other = (np.diff(sources, prepend=-1) != 0) | (np.diff(links, prepend=-1) != 0)
        firsts = np.flatnonzero(is_other)
        sizes = np.diff(firsts, append=len(seen))
        merged = Columns(sources[firsts], links[firsts], seen[firsts])
        several = iter(seen[np.repeat(sizes > 1, sizes)].tolist())
        merged.seen[sizes > 1] = [
            reduce(self.sum, islice(several, size)) for size in sizes[sizes > 1].tolist()
        ]
        return merged

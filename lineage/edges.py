"""The edges of a batch, one a key, with all that they share kept once.

The columns of a statement are used by whoever ran it, on the same days, as the same run proves. So
an edge is three numbers here: the place of its source, a link (its kind, target and via packed
into one), and which sighting it has. Merged edges have the sum of sightings, which is worked out
once, when it is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import product
from typing import Final

from lineage.model import Edge, EdgeKey, EdgeType, Origin, Role, Sighting
from lineage.names import NodeId

# What an edge is, apart from its ends.
KINDS: Final = tuple(product(EdgeType, (None, *Role), Origin))
_KIND: Final = {kind: number for number, kind in enumerate(KINDS)}
_PLACE_BITS: Final = 32
_KIND_BITS: Final = 10
_PLACE: Final = (1 << _PLACE_BITS) - 1
_VIA_AND_KIND: Final = _PLACE_BITS + _KIND_BITS


def kind(type_: EdgeType, role: Role | None = None, origin: Origin = Origin.PARSED) -> int:
    """The number of a kind of edge: its place in KINDS, and the link to nowhere of that kind."""
    return _KIND[type_, role, origin]


def aim(target: int, via: int = 0) -> int:
    """A link of no kind yet to these places; `aim(...) | kind(...)` is a link."""
    return (target << _PLACE_BITS | via) << _KIND_BITS


def parts(link: int) -> tuple[int, int, int]:
    """Kind, target and via of a link."""
    return (
        link & (1 << _KIND_BITS) - 1,
        link >> _VIA_AND_KIND,
        link >> _KIND_BITS & _PLACE,
    )


class EdgeSet(Collection[Edge]):
    """Edges, one a key; what is added to an edge that is there is merged with it.

    nodes: their ends by place, from 1; 0 stands for no node. out: by the place of a source, the
    links that leave it, each with the number of its sighting.
    """

    def __init__(self, edges: Iterable[Edge] = ()) -> None:
        self.nodes: dict[NodeId, int] = {}
        self.out: list[dict[int, int]] = [{}]
        self._sightings: list[Sighting | tuple[int, int]] = []  # two numbers: the sum of both
        self._numbers: dict[Sighting | tuple[int, int], int] = {}
        for edge in edges:
            self.add(edge)

    def __len__(self) -> int:
        return sum(map(len, self.out))

    def __contains__(self, edge: object) -> bool:
        return isinstance(edge, Edge) and self.get(edge.key) == edge

    def __iter__(self) -> Iterator[Edge]:
        return (sighting.of(key) for key, sighting in self.sightings())

    def sightings(self) -> Iterator[tuple[EdgeKey, Sighting]]:
        """The key of each edge, and what was seen of it; what edges share is one object."""
        return ((key, self.sighting(number)) for key, number in self._keyed())

    def edge_keys(self) -> Iterator[EdgeKey]:
        """The keys of all edges."""
        return (key for key, _ in self._keyed())

    def get(self, key: EdgeKey) -> Edge | None:
        """The edge of that key, if there is one."""
        if not all(node in self.nodes for node in (key.source, key.target, key.via) if node):
            return None
        source, link = self._spelled(key)
        number = self.out[source].get(link)
        return None if number is None else self.sighting(number).of(key)

    def place(self, node: NodeId) -> int:
        """The place of an end, a new one if need be."""
        place = self.nodes.get(node)
        if place is None:
            place = self.nodes[node] = len(self.out)
            self.out.append({})
        return place

    def number(self, sighting: Sighting | tuple[int, int]) -> int:
        """The number of a sighting, or of the sum of two that have one; a new one if need be."""
        number = self._numbers.get(sighting)
        if number is None:
            number = self._numbers[sighting] = len(self._sightings)
            self._sightings.append(sighting)
        return number

    def sighting(self, number: int) -> Sighting:
        """The sighting of that number."""
        found = self._sightings[number]
        if isinstance(found, tuple):
            one, *others = self._summed(number)
            found = self._sightings[number] = one.merge(*others)
        return found

    def add(self, edge: Edge) -> None:
        """Adds an edge."""
        source, link = self._spelled(edge.key)
        self.put(source, link, self.number(edge.sighting))

    def put(self, source: int, link: int, number: int) -> None:
        """Adds a link that leaves a place, with the number of what was seen of it."""
        out = self.out[source]
        known = out.get(link)
        out[link] = number if known is None else self.number((known, number))

    def spread(
        self, starts: Iterable[tuple[int, int, Sequence[int]]], target: int, numbers: Sequence[int]
    ) -> None:
        """Adds an edge from each of many places to one.

        starts: the kind of edge, which of the numbers its sighting has, and the places.
        """
        outs, sums = self.out, self._numbers
        for kind_, which, places in starts:
            link, number = aim(target) | kind_, numbers[which]
            for place in places:
                out = outs[place]
                known = out.get(link)
                if known is None:
                    out[link] = number
                else:
                    both = known, number
                    out[link] = sums[both] if both in sums else self.number(both)

    def update(self, other: EdgeSet) -> None:
        """Adds all edges of another."""
        places = [0, *map(self.place, other.nodes)]
        numbers = [self.number(other.sighting(number)) for number in range(len(other._sightings))]
        for place, links in zip(places, other.out, strict=True):
            for link, number in links.items():
                kind_, target, via = parts(link)
                self.put(place, aim(places[target], places[via]) | kind_, numbers[number])

    def _summed(self, number: int) -> Iterator[Sighting]:
        """The sightings of which that of a number is the sum."""
        left = [number]
        while left:
            found = self._sightings[left.pop()]
            if isinstance(found, tuple):
                left += found
            else:
                yield found

    def _spelled(self, key: EdgeKey) -> tuple[int, int]:
        """The place of the source, and the link."""
        via = self.place(key.via) if key.via else 0
        aimed = aim(self.place(key.target), via)
        return self.place(key.source), aimed | _KIND[key.type, key.role, key.origin]

    def _keyed(self) -> Iterator[tuple[EdgeKey, int]]:
        nodes: list[NodeId | None] = [None, *self.nodes]
        for source, out in zip(nodes, self.out, strict=True):
            for link, number in out.items():
                kind_, target, via = parts(link)
                type_, role, origin = KINDS[kind_]
                yield EdgeKey(type_, source, nodes[target], role, nodes[via], origin), number  # type: ignore[arg-type]  # written as such ends

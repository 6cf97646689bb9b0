"""Edges that somebody took out by hand, for good: they stay out whatever is imported again.

A correction names the two ends. That a dashboard does not read a table takes out its uses of the
table's columns too, those that a later log would add as well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator

import msgspec

from lineage.analyses.journal import CORRECTIONS, Act, Entry, append, entries
from lineage.errors import AmbiguousName, InvalidName, UnknownName
from lineage.model import Edge, EdgeKey, EdgeType
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId
from lineage.resolve import resolve_column, resolve_dataset, resolve_process
from lineage.store import Direction, Store

_FALSE, _UNDO = "false", "undo"
_CORRECTED = (EdgeType.READ_BY, EdgeType.WRITES, EdgeType.USED_BY, EdgeType.FEEDS, EdgeType.SAME_AS)
_Pair = tuple[NodeId, NodeId]
_Named = ColumnId | DatasetId | JobId | ConsumerId


class Correction(msgspec.Struct, frozen=True):
    """An edge that is held to be wrong, and the entry that says so."""

    source: NodeId
    target: NodeId
    entry: Entry

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


class Corrections:
    """The corrections that stand."""

    def __init__(self, standing: tuple[Correction, ...]) -> None:
        self.standing = standing
        self._pairs = frozenset((one.source, one.target) for one in standing)

    def __len__(self) -> int:
        return len(self.standing)

    def denies(self, edge: EdgeKey) -> bool:
        """Whether an edge is taken out: its ends are, or what they belong to."""
        if not self._pairs or edge.type not in _CORRECTED:
            return False
        return not self._pairs.isdisjoint(_pairs(edge))

    def kept(self, edges: Iterable[Edge]) -> Iterable[Edge]:
        """The edges that are not taken out."""
        return (edge for edge in edges if not self.denies(edge.key)) if self._pairs else edges


def corrections(store: Store) -> Corrections:
    """The corrections of a store that were not undone."""
    found: dict[int, Correction] = {}
    for entry in entries(store, CORRECTIONS):
        if entry.act == _UNDO and entry.about is not None:
            found.pop(entry.about, None)
        elif entry.act == _FALSE:
            source, target = (
                msgspec.json.decode(entry.details[end], type=_Named) for end in ("source", "target")
            )
            found[entry.number] = Correction(source, target, entry)
    return Corrections(tuple(_as_shown(store, found.values())))


def _as_shown(store: Store, found: Collection[Correction]) -> Iterator[Correction]:
    """The corrections between the ids that answers use; a dataset may have had another then."""
    nodes = store.nodes({end for one in found for end in (one.source, one.target)}) if found else {}
    for one in found:
        source, target = (
            nodes[end].id if end in nodes else end for end in (one.source, one.target)
        )
        assert isinstance(source, _Named)
        assert isinstance(target, _Named)
        yield Correction(source, target, one.entry)


def correct(store: Store, edge: str, actor: str, reason: str, now: dt.datetime) -> Correction:
    """Takes an edge out: `shop.orders -> dashboard/7`, from what is read to who reads it.

    Raises:
        InvalidName: it is not written so, there is no such edge, or no reason is given.
        UnknownName, AmbiguousName: an end of it.
    """
    if not reason.strip():
        raise InvalidName("say why the edge is wrong: --reason TEXT")
    source, target = _ends(store, edge)
    for known in corrections(store).standing:
        if (known.source, known.target) == (source, target):
            return known
    if not _seen(store, source, target):
        raise InvalidName(
            f"no edge leads from {source} to {target}: `lineage downstream` lists the edges;"
            " one leads from a dataset or column to who reads it, and from a job to what it writes"
        )
    details = {
        "source": msgspec.json.encode(source).decode(),
        "target": msgspec.json.encode(target).decode(),
    }
    entry = append(store, CORRECTIONS, Act(_FALSE, actor, reason, details=details), now)
    return Correction(source, target, entry)


def undo(store: Store, number: int, actor: str, reason: str, now: dt.datetime) -> Correction:
    """Puts the edge of a correction back, by the number that the list shows.

    Raises:
        UnknownName: no correction of that number stands.
    """
    for one in corrections(store).standing:
        if one.entry.number == number:
            append(store, CORRECTIONS, Act(_UNDO, actor, reason, about=number), now)
            return one
    raise UnknownName("correction", str(number))


def _pairs(edge: EdgeKey) -> Iterator[_Pair]:
    """Every pair of ends whose correction takes the edge out."""
    sources, targets = _with_dataset(edge.source), _with_dataset(edge.target)
    yield from ((source, target) for source in sources for target in targets)
    if isinstance(edge.via, JobId):
        yield from ((source, edge.via) for source in sources)
        yield from ((edge.via, target) for target in targets)


def _with_dataset(node: NodeId) -> tuple[NodeId, ...]:
    return (node, node.dataset) if isinstance(node, ColumnId) else (node,)


def _seen(store: Store, source: NodeId, target: NodeId) -> bool:
    found = store.edges([source], Direction.DOWN, _CORRECTED)
    return any(edge.key.target == target or edge.key.via == target for edge in found)


def _ends(store: Store, text: str) -> tuple[_Named, _Named]:
    """The ends of an edge. The arrow may stand in a job's name too: every one is tried."""
    failed: list[UnknownName | AmbiguousName] = []
    places = [place for place in range(len(text)) if text.startswith("->", place)]
    for place in places:
        try:
            return _end(store, text[:place].strip()), _end(store, text[place + 2 :].strip())
        except (UnknownName, AmbiguousName) as error:
            failed.append(error)
    if failed:
        raise failed[0]
    raise InvalidName(f"{text!r} is no edge; write it as: shop.orders -> dashboard/7")


def _end(store: Store, text: str) -> _Named:
    failed: UnknownName | None = None
    for resolve in (resolve_dataset, resolve_process, resolve_column):
        try:
            return resolve(store, text)
        except UnknownName as error:
            failed = failed or error
    assert failed is not None
    raise failed

"""What people decided of identity: that two identifiers are one dataset, or are not.

A journal beside the graph: it survives every import, and each decision can be undone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from lineage.analyses.identity.sameness import Pair, Rule, Said
from lineage.analyses.journal import IDENTITY, Act, Entry, append, entries
from lineage.errors import InvalidName, UnknownName
from lineage.names import DatasetId
from lineage.store import Store

_MERGE, _SPLIT, _UNDO = "merge", "split", "undo"
_decoder: Final = msgspec.json.Decoder(DatasetId)


class Decision(msgspec.Struct, frozen=True):
    """That two identifiers are one, or are two, and the entry that says so."""

    one: bool
    source: DatasetId
    target: DatasetId
    entry: Entry

    @property
    def pair(self) -> Pair:
        """Both, without direction."""
        return frozenset((self.source, self.target))


class Decisions(msgspec.Struct, frozen=True):
    """The decisions that stand: the newest of each pair, in their order."""

    standing: tuple[Decision, ...] = ()

    @property
    def merged(self) -> tuple[Said, ...]:
        """What was decided to be one."""
        ones = (one for one in self.standing if one.one)
        return tuple(Said(Rule.MERGE, one.source, one.target) for one in ones)

    @property
    def apart(self) -> frozenset[Pair]:
        """The pairs that were decided to be two."""
        return frozenset(one.pair for one in self.standing if not one.one)

    def of(self, pair: Pair) -> Decision | None:
        """The decision that stands of a pair."""
        return next((one for one in self.standing if one.pair == pair), None)


def decisions(store: Store) -> Decisions:
    """The decisions of a store that stand."""
    found: dict[int, Decision] = {}
    for entry in entries(store, IDENTITY):
        if entry.act == _UNDO and entry.about is not None:
            found.pop(entry.about, None)
        elif entry.act in (_MERGE, _SPLIT):
            source, target = (_decoder.decode(entry.details[end]) for end in ("source", "target"))
            found[entry.number] = Decision(entry.act == _MERGE, source, target, entry)
    return Decisions(_newest(found.values()))


def _newest(found: Iterable[Decision]) -> tuple[Decision, ...]:
    newest = {one.pair: one for one in found}
    return tuple(sorted(newest.values(), key=lambda one: one.entry.number))


def merge(
    store: Store, source: DatasetId, target: DatasetId, actor: str, reason: str, now: dt.datetime
) -> Decision:
    """Decides that two identifiers are one dataset, which answers call by the second.

    Raises:
        InvalidName: they are the same identifier, or no reason is given.
    """
    return _decide(store, _MERGE, (source, target), actor, reason, now)


def split(
    store: Store, source: DatasetId, target: DatasetId, actor: str, reason: str, now: dt.datetime
) -> Decision:
    """Decides that two identifiers are two datasets, whoever says that they are one.

    Raises:
        InvalidName: they are the same identifier, or no reason is given.
    """
    return _decide(store, _SPLIT, (source, target), actor, reason, now)


def undo(store: Store, number: int, actor: str, reason: str, now: dt.datetime) -> Decision:
    """Takes a decision back, by the number that `lineage identity explain` shows.

    Raises:
        UnknownName: no decision of that number stands.
    """
    for one in decisions(store).standing:
        if one.entry.number == number:
            append(store, IDENTITY, Act(_UNDO, actor, reason, about=number), now)
            return one
    raise UnknownName("decision", str(number))


def _decide(
    store: Store,
    act: str,
    ends: tuple[DatasetId, DatasetId],
    actor: str,
    reason: str,
    now: dt.datetime,
) -> Decision:
    source, target = ends
    if source == target:
        raise InvalidName(
            f"{source} is one identifier: name two; `lineage identity explain` lists those of a"
            " dataset"
        )
    if not reason.strip():
        raise InvalidName("say why: --reason TEXT")
    known = decisions(store).of(frozenset(ends))
    if known and known.one == (act == _MERGE) and (known.source, known.target) == ends:
        return known
    encoded = (msgspec.json.encode(end).decode() for end in ends)
    details = dict(zip(("source", "target"), encoded, strict=True))
    entry = append(store, IDENTITY, Act(act, actor, reason, details=details), now)
    return Decision(act == _MERGE, source, target, entry)

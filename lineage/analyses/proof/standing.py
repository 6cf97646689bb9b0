"""What people said about a dataset that bears on deleting it: claims on it, waits, agreement."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from lineage.analyses.breaking.change import ChangeKind
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.lifecycle import Deprecation
from lineage.analyses.stewardship.notices import Notice, notices
from lineage.analyses.stewardship.stewardship import (
    UNDECIDED,
    Stewardship,
    stewardship_of,
)
from lineage.calendar import day_of, iso_day
from lineage.model import Node
from lineage.names import DatasetId

# Of a contract: nothing is promised by it yet, or any more.
_NO_PROMISE = frozenset({"draft", "proposed", "retired"})


class Standing(msgspec.Struct, frozen=True):
    """What people said about a dataset up to a day, each a sentence without a person's name.

    claims: why it must stay. waits: open notices. agreed: who agreed that it goes, or which
    tombstone has passed; None: nobody.
    """

    claims: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    agreed: str | None = None


def standings(graph: Graph, datasets: Collection[DatasetId], day: int) -> dict[DatasetId, Standing]:
    """The standing of each of these datasets, by what was decided up to the end of a day."""
    decided = stewardship_of(graph.store, datasets, day)
    nodes = graph.nodes(datasets)
    said = [one for one in notices(graph.store) if _is_open(one, day)]
    return {
        dataset: _standing(
            nodes[dataset], decided.get(dataset, UNDECIDED), _about(said, dataset), day
        )
        for dataset in datasets
    }


def _standing(node: Node, decided: Stewardship, about: list[Notice], day: int) -> Standing:
    over = [one for one in about if day_of(one.on) <= day and _is_drop(one)]
    waits = tuple(_waiting(one) for one in about if one not in over)
    agreed = _agreed(decided.deprecation, day)
    if agreed is None and over:
        agreed = f"notice {over[0].number} announced it on {over[0].said} for {over[0].on}"
    return Standing((*_claims(node, decided, day),), waits, agreed)


def _claims(node: Node, decided: Stewardship, day: int) -> list[str]:
    today, found = iso_day(day), []
    hold, contract, support = decided.hold, decided.contract, decided.support
    if hold is not None and (hold.until is None or hold.until >= today):
        found.append(f"on hold{f' until {hold.until}' if hold.until else ''}")
    if contract is not None and contract.status.lower() not in _NO_PROMISE:
        found.append(f"under contract {contract.id} {contract.version}".rstrip())
    if support.level.relied_on and (support.until is None or support.until >= today):
        found.append(f"declared {support.level.value}")
    if decided.keep_until and decided.keep_until >= today:
        found.append(f"kept until {decided.keep_until}")
    if node.value("tier") == "critical":
        found.append("marked critical")
    return found


def _agreed(deprecation: Deprecation, day: int) -> str | None:
    if deprecation.returned is not None:
        return None
    if deprecation.agreed is not None:
        return f"team {deprecation.agreed} agreed"
    if deprecation.state.grace and deprecation.until and day_of(deprecation.until) <= day:
        return f"its tombstone of {deprecation.since} passed on {deprecation.until}"
    return None


def _is_open(notice: Notice, day: int) -> bool:
    return notice.closed is None and day_of(notice.said) <= day


def _about(said: list[Notice], dataset: DatasetId) -> list[Notice]:
    """The notices about a dataset, or a column of it."""
    full = str(dataset)
    return [
        one
        for one in said
        if one.subject == full
        or (one.subject.startswith(f"{full}.") and one.change.split(" ", 2)[1] == "column")
    ]


def _is_drop(notice: Notice) -> bool:
    return notice.change.startswith(f"{ChangeKind.DROP_DATASET.value} ")


def _waiting(notice: Notice) -> str:
    return f"notice {notice.number} is open until {notice.on}"

"""What people decided about datasets: whom they support, what they keep, what is to go.

For other analyses: `stewardship_of(store, datasets, as_of)` gives a `Stewardship` for each dataset
about which somebody decided something, and `UNDECIDED` stands for all the others. Its fields:
`support` (level, since, until, team), `deprecation` (state, since, until, agreed, returned),
`hold` (until), `keep_until`, `contract` (id, version, status, level).

The acts are entries of the journal `STEWARDSHIP`. The state of a deprecation follows from them and
from the logs: a counted read in a grace state takes the dataset back to *proposed*.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

import msgspec

from lineage.analyses.journal import ACKNOWLEDGE, NOTICES, STEWARDSHIP, Entry, entries
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.lifecycle import Deprecation, lifecycles, since_of
from lineage.analyses.stewardship.people import owners
from lineage.calendar import day_of, iso_day
from lineage.model import Node
from lineage.names import DatasetId
from lineage.store import Store

SUPPORT, DEPRECATE, HOLD, RELEASE, PROMISE = "support", "deprecate", "hold", "release", "contract"


class Level(StrEnum):
    """How far the producer of a dataset stands in for it; a conscious act from `DECLINED` on."""

    UNAWARE = "unaware"
    INFORMED = "informed"
    DECLINED = "declined"
    BEST_EFFORT = "best-effort"
    SUPPORTED = "supported"
    GUARANTEED = "guaranteed"

    @property
    def relied_on(self) -> bool:
        """Whether consumers may rely on it: a root of what is needed."""
        return self in (Level.SUPPORTED, Level.GUARANTEED)

    @property
    def accepted(self) -> bool:
        """Whether the producer accepts that it is used."""
        return self.relied_on or self is Level.BEST_EFFORT


class Support(msgspec.Struct, frozen=True):
    """A support level. since, until: ISO dates. by: a pseudonym. team: on whose behalf.

    source: `journal`, `contract`, `imported`, or `notice` when the owner acknowledged one; empty
    when nobody said anything.
    """

    level: Level = Level.UNAWARE
    since: str | None = None
    until: str | None = None
    by: str = ""
    team: str | None = None
    reason: str = ""
    source: str = ""


class Hold(msgspec.Struct, frozen=True):
    """Nobody may take it away. until: an ISO date, None without an end. by: a pseudonym."""

    until: str | None
    since: str | None
    by: str
    reason: str


class Promise(msgspec.Struct, frozen=True):
    """The data contract about a dataset, and the support level that it stands for."""

    id: str
    version: str
    status: str
    level: Level


class Stewardship(msgspec.Struct, frozen=True):
    """What was decided about one dataset. keep_until: an ISO date, as imported."""

    support: Support = Support()
    deprecation: Deprecation = Deprecation()
    hold: Hold | None = None
    keep_until: str | None = None
    contract: Promise | None = None


UNDECIDED = Stewardship()


def stewardship_of(
    store: Store,
    datasets: Collection[DatasetId] | None = None,
    as_of: int | None = None,
    nodes: Mapping[DatasetId, Node] | None = None,
) -> dict[DatasetId, Stewardship]:
    """What was decided about these datasets, or about all; those with no decision are left out.

    as_of: the day that the user named, and None when he named none: then all that was decided
    holds. It is not the last day of the logs, which decisions are often younger than. nodes: those
    of the datasets, where the caller has them already.

    Raises:
        StoreError: the journal was tampered with.
    """
    acts = _Acts(entries(store, STEWARDSHIP), as_of)
    nodes = _nodes(store, datasets) if nodes is None else nodes
    imported = {one: node for one, node in nodes.items() if not _STEWARDED.isdisjoint(node.facts)}
    informed = _informed(store, as_of)
    decided = (acts.support.keys() | acts.states.keys() | acts.holds.keys() | acts.promises.keys()
               | imported.keys() | informed.keys())  # fmt: skip
    if datasets is not None:
        decided &= set(datasets)
    today = iso_day(as_of if as_of is not None else _last_day(store))
    going = lifecycles(Graph(store, as_of), acts.states, datasets)
    found = {}
    for dataset in sorted(decided):
        node = imported.get(dataset, Node(dataset))
        support = _support(acts, dataset, node, today)
        if support == Support() and dataset in informed:
            support = informed[dataset]
        found[dataset] = Stewardship(
            support,
            going.get(dataset, Deprecation()),
            _hold(acts.holds.get(dataset), node, today),
            _kept(node, support),
            acts.promises.get(dataset),
        )
    return {dataset: one for dataset, one in found.items() if one != UNDECIDED}


_STEWARDED = frozenset({"support", "hold", "keep_until"})


def dataset_in(entry: Entry) -> DatasetId:
    """The dataset that an act is about."""
    return msgspec.json.decode(entry.details["dataset"], type=DatasetId)


class _Acts:
    """The acts up to a day, by what they are about; of those that replace each other, the last."""

    def __init__(self, journal: Iterable[Entry], as_of: int | None) -> None:
        self.support: dict[DatasetId, Entry] = {}
        self.states: dict[DatasetId, list[Entry]] = {}
        self.holds: dict[DatasetId, Entry] = {}
        self.promises: dict[DatasetId, Promise] = {}
        for entry in journal:
            if as_of is None or day_of(since_of(entry)) <= as_of:
                self._take(entry)

    def _take(self, entry: Entry) -> None:
        if entry.act == SUPPORT:
            self.support[dataset_in(entry)] = entry
        elif entry.act == DEPRECATE:
            self.states.setdefault(dataset_in(entry), []).append(entry)
        elif entry.act in (HOLD, RELEASE):
            self.holds[dataset_in(entry)] = entry
        elif entry.act == PROMISE:
            self._promise(entry)

    def _promise(self, entry: Entry) -> None:
        """A contract takes the place of its version before, also where it no longer reaches."""
        said = entry.details
        promise = Promise(said["id"], said["version"], said["status"], Level(said["level"]))
        self.promises = {d: one for d, one in self.promises.items() if one.id != promise.id}
        for dataset in msgspec.json.decode(said["datasets"], type=tuple[DatasetId, ...]):
            self.promises[dataset] = promise


def _nodes(store: Store, datasets: Collection[DatasetId] | None) -> dict[DatasetId, Node]:
    known = store.scan_nodes("Dataset") if datasets is None else store.nodes(datasets).values()
    return {node.id: node for node in known if isinstance(node.id, DatasetId)}


def _last_day(store: Store) -> int:
    """The last logged day: what the logs do not reach has not lapsed."""
    return max((seen.days[-1] for seen in store.logged().values() if seen.days), default=0)


def _support(acts: _Acts, dataset: DatasetId, node: Node, today: str) -> Support:
    """The level by the producer's act, else by a contract, else as it was imported."""
    promise, said = acts.promises.get(dataset), node.value("support").strip().lower()
    if entry := acts.support.get(dataset):
        support = Support(
            Level(entry.details["level"]),
            since_of(entry)[:10],
            entry.details.get("until"),
            entry.actor,
            entry.details.get("team"),
            entry.reason,
            "journal",
        )
        over = support.level is not Level.DECLINED and (support.until or today) < today
        return msgspec.structs.replace(support, level=Level.INFORMED) if over else support
    if promise and promise.level.accepted:
        return Support(promise.level, reason=f"contract {promise.id}", source="contract")
    known = said in {level.value for level in Level}
    return Support(Level(said), source="imported") if known else Support()


def _informed(store: Store, as_of: int | None) -> dict[DatasetId, Support]:
    """The datasets whose owner acknowledged a notice about them."""
    said = entries(store, NOTICES)
    subjects = {one.number: one.details["subject"] for one in said if "subject" in one.details}
    known = [
        (subjects[one.about], one)
        for one in said
        if one.act == ACKNOWLEDGE and one.about in subjects
        if as_of is None or day_of(one.at) <= as_of
    ]
    ids = {
        DatasetId(text[:place], text[place + 1 :])
        for text, _ in known
        for place, letter in enumerate(text)
        if letter == ":"
    }
    datasets = {str(one): one for one in store.nodes(ids) if isinstance(one, DatasetId)}
    teams = owners(Graph(store), datasets.values())
    return {
        datasets[text]: Support(
            Level.INFORMED, one.at[:10], None, one.actor, one.details["team"],
            f"acknowledged notice {one.about}", "notice",
        )
        for text, one in known
        if text in datasets
        if datasets[text] in teams and teams[datasets[text]].name == one.details["team"]
    }  # fmt: skip


def _hold(entry: Entry | None, node: Node, today: str) -> Hold | None:
    if entry is not None:
        until = entry.details.get("until")
        if entry.act == RELEASE or (until or today) < today:
            return None
        return Hold(until, since_of(entry)[:10], entry.actor, entry.reason)
    return Hold(None, None, "", "as imported") if node.value("hold") == "true" else None


def _kept(node: Node, support: Support) -> str | None:
    """Until when it is kept: what is declined by a date is, up to that date."""
    days = [node.value("keep_until")]
    if support.level is Level.DECLINED:
        days.append(support.until or "")
    return max(days) or None

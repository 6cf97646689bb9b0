"""Which datasets nobody owns, feeds, reads or needs, and why we think so.

Labels are not exclusive. A label that rests on silence is only given where somebody was listening;
where the logs have holes, the dataset is said to be one of which this cannot be told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum

import msgspec

from lineage.analyses.column_labels import exact_copies, unused_columns
from lineage.analyses.coverage import Coverage, Logs, Window
from lineage.analyses.graph import Graph, is_production
from lineage.analyses.liveness import Flow, Traffic
from lineage.analyses.people import profiles
from lineage.analyses.wording import listed, quantity
from lineage.calendar import cadence, iso_day, iso_or_none
from lineage.model import EdgeType
from lineage.names import ConsumerId, DatasetId, NodeId, TeamId, parts
from lineage.store import Store


class Label(StrEnum):
    """What may be wrong with a dataset."""

    UNOWNED = "unowned"
    DANGLING_OWNER = "dangling-owner"
    UNPRODUCED = "unproduced"
    WRITE_ONLY = "write-only"
    DEAD_BRANCH = "dead-branch"
    STALE_BUT_READ = "stale-but-read"
    GHOST = "ghost"
    COPY = "copy"
    USED_UNSUPPORTED = "used-unsupported"
    UNUSED_COLUMN = "unused-column"
    CANNOT_TELL = "cannot-tell"


# Labels that rest on silence: holes in the logs block them.
_OF_ABSENCE = frozenset(
    {Label.UNPRODUCED, Label.WRITE_ONLY, Label.DEAD_BRANCH, Label.STALE_BUT_READ,
     Label.UNUSED_COLUMN}
)  # fmt: skip
_TOO_COMMON = 0.8
_COPY = re.compile(
    r"(?P<base>.+?)(?:[_$]?(?:backup|bak|copy|old|snapshot|archive|tmp|temp)|[_$]\d{6,14})+"
    r"(?:[_$]\d{1,14})?$",
    re.IGNORECASE,
)
_Finding = tuple[Label, str]


class Orphan(msgspec.Struct, frozen=True):
    """A dataset with its labels and a sentence of evidence for each.

    owner: its team. last_read: by anybody but bots; last_write: ISO dates. cost: as imported.
    """

    dataset: str
    classes: tuple[Label, ...]
    owner: str | None
    domain: str | None
    last_read: str | None
    last_write: str | None
    cost: float | None
    evidence: tuple[str, ...]


class Orphans(msgspec.Struct, frozen=True):
    """The datasets that want a decision, the most expensive and most labelled first.

    counts: datasets by label, before a domain or class was chosen. notes: what is true of so many
    that it is no row. elsewhere: datasets outside production, which are not looked at.
    """

    verdict: str
    datasets: tuple[Orphan, ...]
    counts: dict[str, int]
    notes: tuple[str, ...]
    elsewhere: int
    coverage: Coverage
    window: Window


def orphans(
    store: Store,
    classes: Collection[Label] = (),
    domain: str | None = None,
    as_of: int | None = None,
    window: int = 90,
) -> Orphans:
    """The datasets that carry any of these labels, or any label at all.

    Unused columns, and copies under another name, are only looked for when their label is asked
    for: that reads every column.
    """
    logs = Logs(store, as_of, window)
    flow = Flow(store, logs.as_of or 0)
    people = _People(store)
    unowned = (one for dataset, one in flow.traffic.items() if dataset not in people.owner)
    people.meet(store, {reader for traffic in unowned for reader in traffic.living})
    labels = _Labels(logs, flow, people)
    if Label.UNUSED_COLUMN in classes:
        labels.unused = unused_columns(store, flow)
    if Label.COPY in classes:
        labels.copies = exact_copies(store, flow)
    looked_at = [
        (dataset, traffic)
        for dataset, traffic in flow.traffic.items()
        if is_production(traffic.node)
    ]
    found = {d: one for d, traffic in looked_at if (one := labels.of(d, traffic))}
    counts = Counter(label for one in found.values() for label, _ in one)
    common = {label for label, n in counts.items() if n > _TOO_COMMON * len(looked_at)}
    wanted = set(classes or Label) - common
    if Label.UNOWNED in common:
        wanted.discard(Label.USED_UNSUPPORTED)  # that nobody owns it says nothing of the dataset
    rows = [
        _row(dataset, flow, mine, people)
        for dataset, one in found.items()
        if (mine := [finding for finding in one if finding[0] in wanted])
    ]
    rows = [row for row in rows if domain is None or (row.domain or "").lower() == domain.lower()]
    rows.sort(key=lambda row: (-(row.cost or 0.0), -len(row.classes), row.dataset))
    sources = set(logs.logged)
    return Orphans(
        _verdict(rows, len(looked_at)),
        tuple(rows),
        {label.value: counts[label] for label in Label if counts[label]},
        tuple(_note(label, counts[label], len(looked_at)) for label in Label if label in common),
        len(flow.traffic) - len(looked_at),
        logs.coverage((), sources, 0, 0),
        logs.window(sources),
    )


class _People:
    """Owners of all datasets; which teams are gone; the teams of consumers."""

    def __init__(self, store: Store) -> None:
        self.owner: dict[NodeId, TeamId] = {}
        for edge in store.scan_edges([EdgeType.OWNS]):
            if isinstance(team := edge.key.source, TeamId):
                self.owner[edge.key.target] = min(team, self.owner.get(edge.key.target, team))
        self.gone = {n.id for n in store.scan_nodes("Team") if n.value("active") == "false"}
        staffed = {edge.key.target for edge in store.scan_edges([EdgeType.MEMBER_OF])}
        if staffed:
            # Where members are known at all, a team that has none, nor anything but data, is gone.
            busy = {team for what, team in self.owner.items() if not isinstance(what, DatasetId)}
            self.gone |= set(self.owner.values()) - busy - staffed
        self._of_consumer: dict[NodeId, TeamId] = {}

    def meet(self, store: Store, consumers: Collection[ConsumerId]) -> None:
        """Reads the teams of these consumers, all at once."""
        known = profiles(Graph(store), consumers)
        self._of_consumer |= {who: one.team for who, one in known.items() if one.team}

    def teams_of(self, consumers: Iterable[ConsumerId]) -> set[TeamId]:
        """The teams of these consumers, as far as they are known."""
        return {self._of_consumer[who] for who in consumers if who in self._of_consumer}


class _Labels:
    """The rules: each says why a dataset carries its label, or nothing."""

    def __init__(self, logs: Logs, flow: Flow, people: _People) -> None:
        self.flow = flow
        self.people = people
        self.unused: Mapping[DatasetId, list[str]] = {}
        self.copies: Mapping[DatasetId, DatasetId] = {}
        self._logs = logs
        self._as_of = flow.as_of
        self._heard: dict[tuple[str, ...], Coverage] = {}
        self._rules: tuple[tuple[Label, Callable[[DatasetId, Traffic], str]], ...] = (
            (Label.UNOWNED, self._unowned),
            (Label.DANGLING_OWNER, self._dangling_owner),
            (Label.UNPRODUCED, self._unproduced),
            (Label.WRITE_ONLY, self._write_only),
            (Label.DEAD_BRANCH, self._dead_branch),
            (Label.STALE_BUT_READ, self._stale_but_read),
            (Label.COPY, self._copy),
            (Label.USED_UNSUPPORTED, self._used_unsupported),
            (Label.UNUSED_COLUMN, self._unused_column),
        )

    def of(self, dataset: DatasetId, traffic: Traffic) -> list[_Finding]:
        """The labels of a dataset and the evidence for each."""
        dropped = traffic.node.facts.get("dropped")
        if dropped and dropped.value == "true":
            return self._ghost(dropped.at, traffic)
        found = [(label, why) for label, rule in self._rules if (why := rule(dataset, traffic))]
        silent = [label for label, _ in found if label in _OF_ABSENCE]
        if silent and (hole := self._hole(dataset)):
            found = [(label, why) for label, why in found if label not in _OF_ABSENCE]
            found.append((Label.CANNOT_TELL, f"Might be {listed(silent)}, but {hole}."))
        return found

    def _hole(self, dataset: DatasetId) -> str:
        """Why silence proves nothing here; empty when it does."""
        sources = self._logs.sources_of(dataset)
        if sources not in self._heard:
            self._heard[sources] = self._logs.coverage((), sources, 0, 0)
        heard = self._heard[sources]
        unread = self._logs.dead_letters(dataset)
        if heard.days_logged < heard.days_expected or not heard.days_expected:
            return f"only {heard.text} are logged" if heard.days_expected else heard.text
        return f"{quantity(unread, 'unread statement')} may name it" if unread else ""

    def _ghost(self, at: str, traffic: Traffic) -> list[_Finding]:
        last = iso_or_none(traffic.last_read)
        if last is None or last <= at[:10]:
            return []
        return [(Label.GHOST, f"Dropped on {at[:10]}, and read on {last}.")]

    def _unowned(self, dataset: DatasetId, traffic: Traffic) -> str:
        return "" if dataset in self.people.owner else "No team owns it."

    def _dangling_owner(self, dataset: DatasetId, traffic: Traffic) -> str:
        team = self.people.owner.get(dataset)
        if team is None or team not in self.people.gone:
            return ""
        return f"Its owner, team {team.name}, is gone."

    def _unproduced(self, dataset: DatasetId, traffic: Traffic) -> str:
        if traffic.writers or traffic.node.value("static") == "true":
            return ""
        return "Nothing was ever seen to write it, and it is not declared static or external."

    def _write_only(self, dataset: DatasetId, traffic: Traffic) -> str:
        if not traffic.writers or traffic.outsiders or dataset in self.flow.needed:
            return ""
        by = quantity(len(traffic.writers), "job")
        if traffic.writes.last is None:
            return f"Written by {by}; no counted read by anyone else."
        last = iso_day(traffic.writes.last)
        return f"Written by {by}, last on {last}; no counted read by anyone else."

    def _dead_branch(self, dataset: DatasetId, traffic: Traffic) -> str:
        if not traffic.outsiders or dataset in self.flow.needed:
            return ""
        readers = quantity(len(traffic.outsiders), "reader")
        last = f", last on {iso_day(traffic.last_read)}" if traffic.last_read is not None else ""
        return f"Has {readers}{last}, but no living consumer behind them."

    def _stale_but_read(self, dataset: DatasetId, traffic: Traffic) -> str:
        last, read = traffic.writes.last, traffic.last_read
        if last is None or read is None or not traffic.living or self.flow.is_view(dataset):
            return ""
        if self._as_of - last <= 3:
            return ""  # fresh in any rhythm, and cheap to tell
        rhythm = cadence(traffic.writes, self._as_of)
        if rhythm.period is None or self._as_of - last <= 3 * rhythm.period:
            return ""
        return f"Was written {rhythm.kind}, last on {iso_day(last)}; read until {iso_day(read)}."

    def _copy(self, dataset: DatasetId, traffic: Traffic) -> str:
        if dataset in self.copies:
            return f"Every column and row is taken as it is from {self.copies[dataset].name}."
        found = _COPY.fullmatch(dataset.name)
        if not found:
            return ""
        base = found["base"]
        sources = self.flow.sources(dataset)
        if [parts(one.name)[-1].lower() for one in sources] == [parts(base)[-1].lower()]:
            return f"A dated or backup copy: written from {sources.pop().name} alone."
        beside = DatasetId(dataset.namespace, base) in self.flow.traffic
        return f"Suspected by its name alone to be a copy of {base}." if beside else ""

    def _used_unsupported(self, dataset: DatasetId, traffic: Traffic) -> str:
        if dataset in self.people.owner or not traffic.living:
            return ""
        teams = self.people.teams_of(traffic.living)
        of = f" of {quantity(len(teams), 'team')}" if teams else ""
        return f"{quantity(len(traffic.living), 'consumer')}{of} rely on it; nobody owns it."

    def _unused_column(self, dataset: DatasetId, traffic: Traffic) -> str:
        names = self.unused.get(dataset)
        return f"No statement uses {listed(names)}." if names else ""


def _row(dataset: DatasetId, flow: Flow, findings: Iterable[_Finding], people: _People) -> Orphan:
    traffic, place = flow.traffic[dataset], flow.domains.get(dataset)
    labels, evidence = zip(*findings, strict=True)
    owner = people.owner.get(dataset)
    cost = traffic.node.value("cost")
    return Orphan(
        str(dataset),
        labels,
        owner.name if owner else None,
        place.name if place else None,
        iso_or_none(traffic.last_read),
        iso_or_none(traffic.writes.last),
        float(cost) if cost else None,
        evidence,
    )


_COMMON = {
    Label.UNOWNED: "have no owner: none were imported, or they name other datasets",
    Label.UNPRODUCED: "have no producer: the logs of what writes them were not imported",
    Label.CANNOT_TELL: "cannot be judged by silence: the logs have holes",
}


def _note(label: Label, count: int, total: int) -> str:
    """What is so common that it says more of the import than of the datasets."""
    return f"{count:,} of {total:,} datasets {_COMMON.get(label, f'are {label.value}')}."


def _verdict(rows: Collection[Orphan], total: int) -> str:
    if not rows:
        return f"None of {quantity(total, 'dataset')} wants a decision."
    counts = Counter(label for row in rows for label in row.classes)
    said = [f"{counts[label]:,} {label.value}" for label in Label if counts[label]]
    verb = "wants" if len(rows) == 1 else "want"
    return f"{len(rows):,} of {quantity(total, 'dataset')} {verb} a decision: {listed(said)}."

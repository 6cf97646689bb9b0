"""The rules of the orphans: each says why a dataset carries its label, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lineage.analyses.disuse.liveness import Flow, Traffic
from lineage.analyses.disuse.orphan_policy import Label, copy_name
from lineage.analyses.listening.silence import Silence
from lineage.analyses.stewardship.parties import Parties, count_of
from lineage.analyses.stewardship.stewardship import Level
from lineage.analyses.wording import listed, quantity
from lineage.calendar import cadence, iso_day
from lineage.model import Activity, Node
from lineage.names import DatasetId, JobId, NodeId, ProcessId, TeamId, parts
from lineage.store import Store

Finding = tuple[Label, str]
# Labels that rest on silence: holes in the logs block them.
OF_ABSENCE = frozenset(
    {Label.UNPRODUCED, Label.WRITE_ONLY, Label.DEAD_BRANCH, Label.STALE_BUT_READ,
     Label.SUPPORTED_UNUSED, Label.UNUSED_COLUMN}
)  # fmt: skip
# Those that also rest on what was not heard of the datasets that are made of it.
_OF_ALL_BEHIND = frozenset({Label.DEAD_BRANCH, Label.SUPPORTED_UNUSED})
FRESH = 3  # days: so lately written is fresh in any rhythm
_LEVELS = {
    Level.UNAWARE: "its owner has not said how far it is supported",
    Level.INFORMED: "its owner knows, and has not decided",
    Level.DECLINED: "its owner has declined to support it",
}


class Labels:
    """The rules over all of a flow.

    unused: columns that nobody refers to; copies: what a dataset is an exact copy of.
    """

    def __init__(
        self,
        store: Store,
        flow: Flow,
        silence: Silence,
        unused: Mapping[DatasetId, list[str]],
        copies: Mapping[DatasetId, DatasetId],
    ) -> None:
        self.flow = flow
        self.parties = Parties(store, flow)
        self._gone = _gone(store, flow, self.parties)
        self._silence = silence
        self._unused = unused
        self._copies = copies
        self._copy_name = copy_name(flow.policy)
        self._copy_ends = (*"0123456789", *(word.lower() for word in flow.policy.copies))
        self._schemas = _catalogued_schemas(flow)
        self._levels = any(level_of(flow, one.node) for one in flow.traffic.values())
        self._writes: Mapping[DatasetId, Activity] = {}
        rules: tuple[tuple[Label, Callable[[DatasetId, Traffic], str]], ...] = (
            (Label.UNOWNED, self._unowned),
            (Label.DANGLING_OWNER, self._dangling_owner),
            (Label.UNPRODUCED, self._unproduced),
            (Label.WRITE_ONLY, self._write_only),
            (Label.DEAD_BRANCH, self._dead_branch),
            (Label.STALE_BUT_READ, self._stale_but_read),
            (Label.GHOST, self._ghost),
            (Label.COPY, self._copy),
            (Label.USED_UNSUPPORTED, self._used_unsupported),
            (Label.SUPPORTED_UNUSED, self._supported_unused),
            (Label.BYPASS, self._bypass),
            (Label.UNUSED_COLUMN, self._unused_column),
        )
        given = flow.policy.classes or tuple(Label)
        idle = self._idle()
        self._rules = [(one, rule) for one, rule in rules if one in given and one not in idle]

    def _idle(self) -> set[Label]:
        """The labels that nothing in this store can carry, so that no dataset is asked."""
        known = {
            Label.DANGLING_OWNER: self._gone,
            Label.GHOST: self._schemas,  # what was dropped is asked by itself
            Label.SUPPORTED_UNUSED: self._levels,
            Label.BYPASS: self.flow.domains.exposed,
            Label.UNUSED_COLUMN: self._unused,
        }
        return {label for label, what in known.items() if not what}

    def of(self, datasets: Iterable[DatasetId]) -> dict[DatasetId, list[Finding]]:
        """The labels of those datasets that have any, with the evidence for each."""
        traffic = {dataset: self.flow.traffic[dataset] for dataset in datasets}
        self._writes = self._rhythms(traffic)
        found = {dataset: self._found(dataset, one) for dataset, one in traffic.items()}
        silent = [d for d, some in found.items() if any(label in OF_ABSENCE for label, _ in some)]
        self._silence.judge(silent)
        for dataset in silent:
            found[dataset] = self._judged(dataset, found[dataset])
        return {dataset: some for dataset, some in found.items() if some}

    def _found(self, dataset: DatasetId, traffic: Traffic) -> list[Finding]:
        if dropped_on(traffic.node):
            why = self._ghost(dataset, traffic)
            return [(Label.GHOST, why)] if why else []
        return [(label, why) for label, rule in self._rules if (why := rule(dataset, traffic))]

    def _judged(self, dataset: DatasetId, found: list[Finding]) -> list[Finding]:
        """The findings without those that a hole in the logs leaves open."""
        holes = {
            label: hole
            for label, _ in found
            if label in OF_ABSENCE
            and (hole := self._silence.hole(dataset, behind=label in _OF_ALL_BEHIND))
        }
        if not holes:
            return found
        kept = [(label, why) for label, why in found if label not in holes]
        why = f"Might be {listed(list(holes))}, but {next(iter(holes.values()))}."
        return [*kept, (Label.CANNOT_TELL, why)]

    def _rhythms(self, traffic: Mapping[DatasetId, Traffic]) -> dict[DatasetId, Activity]:
        """When those datasets were written whose rhythm may tell that they are stale."""
        asked = [
            dataset
            for dataset, one in traffic.items()
            if one.living
            and one.last_write is not None
            and self.flow.as_of - one.last_write > FRESH
            and not self.flow.is_view(dataset)
        ]
        found = {}
        for dataset, by_job in self.flow.writes(asked).items():
            found[dataset] = Activity()
            for activity in by_job.values():
                found[dataset] = found[dataset].union(activity)
        return found

    def _unowned(self, dataset: DatasetId, traffic: Traffic) -> str:
        return "" if dataset in self.flow.domains.owner else "No team owns it."

    def _dangling_owner(self, dataset: DatasetId, traffic: Traffic) -> str:
        team = self.flow.domains.owner.get(dataset)
        if team is None or team not in self._gone:
            return ""
        return f"Its owner, team {team.name}, is gone."

    def _unproduced(self, dataset: DatasetId, traffic: Traffic) -> str:
        if traffic.writers or traffic.node.value("static") == "true":
            return ""
        never = "write it" if traffic.readers else "write or read it"
        return f"Nothing was ever seen to {never}, and it is not declared static or external."

    def _write_only(self, dataset: DatasetId, traffic: Traffic) -> str:
        if not traffic.writers or traffic.outsiders or dataset in self.flow.needed:
            return ""
        by = quantity(len(traffic.writers), "job")
        last = f", last on {iso_day(traffic.last_write)}" if traffic.last_write is not None else ""
        return f"Written by {by}{last}; no counted read by anyone else."

    def _dead_branch(self, dataset: DatasetId, traffic: Traffic) -> str:
        if not traffic.outsiders or dataset in self.flow.needed:
            return ""
        readers = quantity(len(traffic.outsiders), "reader")
        last = f", last on {iso_day(traffic.last_read)}" if traffic.last_read is not None else ""
        return f"Has {readers}{last}, but no living consumer behind them."

    def _stale_but_read(self, dataset: DatasetId, traffic: Traffic) -> str:
        writes, read = self._writes.get(dataset), traffic.last_read
        if writes is None or writes.last is None or read is None:
            return ""
        rhythm, flow = cadence(writes, self.flow.as_of), self.flow
        if rhythm.period is None:
            return ""
        if flow.as_of - writes.last <= flow.policy.stale_periods * rhythm.period:
            return ""
        last = iso_day(writes.last)
        return f"Was written {rhythm.kind}, last on {last}; read until {iso_day(read)}."

    def _ghost(self, dataset: DatasetId, traffic: Traffic) -> str:
        dropped = dropped_on(traffic.node)
        if not dropped and (not self._schemas or traffic.node.value("catalogued")):
            return ""
        last = iso_day(traffic.last_read) if traffic.last_read is not None else ""
        if dropped:
            return f"Dropped on {dropped}, and read on {last}." if last > dropped else ""
        listed_at = self._schemas.get(_schema(dataset))
        if listed_at is None or not last:
            return ""
        written = iso_day(traffic.last_write) if traffic.last_write is not None else ""
        # What is younger than the catalogue could not be in it.
        if written if not listed_at else max(last, written) > listed_at[:10]:
            return ""
        return f"Read until {last}, but the catalogue of its schema does not list it."

    def _copy(self, dataset: DatasetId, traffic: Traffic) -> str:
        if dataset in self._copies:
            return f"Every column and row is taken as it is from {self._copies[dataset].name}."
        # Most names end otherwise, and the expression is slow to say so.
        if not dataset.name.lower().endswith(self._copy_ends):
            return ""
        found = self._copy_name.fullmatch(dataset.name)
        if not found:
            return ""
        base = found["base"]
        sources = self.flow.sources(dataset)
        if [parts(one.name)[-1].lower() for one in sources] == [parts(base)[-1].lower()]:
            return f"A dated or backup copy: written from {sources.pop().name} alone."
        beside = DatasetId(dataset.namespace, base) in self.flow.traffic
        return f"Suspected by its name alone to be a copy of {base}." if beside else ""

    def _used_unsupported(self, dataset: DatasetId, traffic: Traffic) -> str:
        if not traffic.current:
            return ""
        owner = self.flow.domains.owner.get(dataset)
        level = level_of(self.flow, traffic.node) or Level.UNAWARE
        # Where nobody ever chose a level, only that nobody owns it says something.
        if level.accepted or (owner is not None and not self._levels):
            return ""
        team, relying = self.parties.team, self._relying(traffic)
        others = [one for one in relying if owner is None or team(one) != owner]
        if not others:
            return ""
        teams = self.parties.teams(others)
        of = f" of {quantity(len(teams), 'team')}" if teams else ""
        rely = "relies" if len(others) == 1 else "rely"
        why = "nobody owns it" if owner is None else _LEVELS[level]
        return f"{_readers(others)}{of} {rely} on it; {why}."

    def _relying(self, traffic: Traffic) -> list[ProcessId]:
        """The living consumers of a dataset, and the jobs that need it for such consumers."""
        served, outputs = self.flow.served, self.flow.outputs
        jobs = (one for one in traffic.current - traffic.writers if isinstance(one, JobId))
        needing = (job for job in jobs if not served.isdisjoint(outputs.get(job, ())))
        return [*traffic.living, *needing]

    def _supported_unused(self, dataset: DatasetId, traffic: Traffic) -> str:
        level = level_of(self.flow, traffic.node) if self._levels else None
        if level is None or not level.relied_on or dataset in self.flow.served:
            return ""
        since = self.flow.decisions(dataset).support.since
        when = f" since {since}" if since else ""
        return f"Its support level is {level}{when}; no living consumer is behind it."

    def _bypass(self, dataset: DatasetId, traffic: Traffic) -> str:
        domains = self.flow.domains
        if not traffic.current or not domains.is_private(dataset):
            return ""
        home = domains.of(dataset)
        places = {one: self.parties.domain(one) for one in traffic.current}
        others = {one: place.name for one, place in places.items() if place and place != home}
        if home is None or not others:
            return ""
        by, last = _readers(others), [traffic.readers[one] for one in others]
        day = max((one for one in last if one is not None), default=None)
        when = f", last on {iso_day(day)}" if day is not None else ""
        names = listed(sorted(set(others.values())))
        return f"Private to {home.name}; read by {by} of {names}{when}."

    def _unused_column(self, dataset: DatasetId, traffic: Traffic) -> str:
        names = self._unused.get(dataset)
        return f"No statement uses {listed(names)}." if names else ""


def dropped_on(node: Node) -> str:
    """The ISO date on which a dataset was dropped; empty when it was not."""
    dropped = node.facts.get("dropped")
    return dropped.at[:10] if dropped and dropped.value == "true" else ""


def _readers(processes: Iterable[ProcessId]) -> str:
    consumers, jobs = count_of(processes)
    groups = [quantity(consumers, "consumer")] if consumers else []
    return listed([*groups, quantity(jobs, "job")] if jobs else groups)


def level_of(flow: Flow, node: Node) -> Level | None:
    """The support level of a dataset, by decision, contract or import; None when nobody said."""
    assert isinstance(node.id, DatasetId)
    decided = flow.decided.get(node.id)
    if decided is None:
        return None
    if decided.support.source:
        return decided.support.level
    return decided.contract.level if decided.contract else None


def _gone(store: Store, flow: Flow, parties: Parties) -> set[TeamId]:
    """The owners that are no more, by what is known of their members."""
    teams = {node.id: node for node in store.scan_nodes("Team") if isinstance(node.id, TeamId)}
    gone = {team for team, node in teams.items() if node.value("active") == "false"}
    staffed = parties.staffed | {team for team, node in teams.items() if node.value("members")}
    if not staffed:
        return gone
    # Where members are known at all, a team that has none, nor anything but data, is gone. Of a
    # person who owns something it is not known where else he would be seen.
    persons = {team for team, node in teams.items() if node.value("contact") == team.name}
    owner: Mapping[NodeId, TeamId] = flow.domains.owner
    busy = {team for what, team in owner.items() if not isinstance(what, DatasetId)}
    return gone | (set(owner.values()) - busy - staffed - persons)


def _schema(dataset: DatasetId) -> tuple[str, ...]:
    return dataset.namespace, *parts(dataset.name)[:-1]


def _catalogued_schemas(flow: Flow) -> dict[tuple[str, ...], str]:
    """The schemas of which a catalogue lists a table, and when it was last exported."""
    found: dict[tuple[str, ...], str] = {}
    for dataset, traffic in flow.traffic.items():
        listed_at = traffic.node.facts.get("catalogued")
        if listed_at is not None:
            place = _schema(dataset)
            found[place] = max(found.get(place, ""), listed_at.at)
    return found

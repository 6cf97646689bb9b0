"""Random data meshes made by plan: who is alive is decided first, the edges follow from it.

A dataset is planned as needed or as dead. Needed ones take from needed ones, and each has a living
consumer or feeds one that does; dead ones take from any, and nobody living reads them. Loops,
diamonds, views, backups, replicas, bots, seasonal and quarterly readers are laid over both. The
truth is what was planned: no graph is walked for it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from lineage.calendar import day_of
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Fact, Node, Role, Shard
from lineage.names import (
    ColumnId,
    ConsumerId,
    DatasetId,
    JobId,
    NodeId,
    PrincipalId,
    ProcessId,
    domain,
    product,
    team,
)

END = day_of("2026-10-31")
START = END - 520
DOMAINS = ("checkout", "pricing", "finance", "returns", "marketing")
_RHYTHMS = ("daily", "weekly", "monthly", "quarterly", "sporadic")
_ALLOWED = {"daily": 90, "weekly": 90, "monthly": 91, "quarterly": 273, "sporadic": 90}


class Mesh:
    """A mesh: its batch for a store, and which datasets carry each label by plan.

    silent: by dataset, those whose silence its labels of absence rest on.
    """

    def __init__(self, seed: int, size: int = 60) -> None:
        self._chance = random.Random(seed)
        self.labels: dict[str, set[DatasetId]] = {}
        self.silent: dict[DatasetId, set[DatasetId]] = {}
        self._facts: dict[NodeId, dict[str, Fact]] = {}
        self._edges: dict[EdgeKey, Edge] = {}
        self._home: dict[DatasetId, str] = {}
        self._needed: list[DatasetId] = []
        self._dead: list[DatasetId] = []
        self._read_dead: set[DatasetId] = set()
        self._owner: dict[DatasetId, str] = {}
        # Who still reads what: the dataset, the team and the domain of the reader, None where
        # nobody knows them; of a job, what it writes.
        self._reads: list[tuple[DatasetId, str | None, str | None, DatasetId | None]] = []
        self._numbers = iter(range(1_000_000))
        self._people()
        for _ in range(size):
            self._chance.choice((self._plan_needed, self._plan_needed, self._plan_dead))()
        self._plan_loops()
        self._plan_extras()
        self._settle()

    def batch(self, without: tuple[str, int] | None = None) -> Batch:
        """All of it; without: a source and a day that its log lacks."""
        shards = (
            Shard(f"db-{name}", day, 0, day.to_bytes(16))
            for name in DOMAINS
            for day in range(START, END + 1)
            if (f"db-{name}", day) != without
        )
        nodes = (Node(node, facts) for node, facts in self._facts.items())
        return Batch(tuple(nodes), tuple(self._edges.values()), shards=tuple(shards))

    # What is there by itself.

    def _people(self) -> None:
        for name in DOMAINS:
            self._edge(EdgeType.IN_DOMAIN, team(name), domain(name))
            self._edge(EdgeType.MEMBER_OF, PrincipalId("db", f"person-{name}"), team(name))
        former = self._dataset("needed", owned=False)
        self._own(former, "former")
        self._mark("dangling-owner", former)
        self._write([], former)
        self._read(former, "daily")

    def _mark(self, label: str, dataset: DatasetId) -> None:
        self.labels.setdefault(label, set()).add(dataset)

    def _fact(self, node: NodeId, **facts: str) -> None:
        self._facts.setdefault(node, {}).update({k: Fact("", v) for k, v in facts.items()})

    def _edge(
        self,
        type_: EdgeType,
        source: NodeId,
        target: NodeId,
        days: Iterable[int] = (),
        role: Role | None = None,
        via: JobId | None = None,
    ) -> None:
        self._facts.setdefault(source, {})
        self._facts.setdefault(target, {})
        key = EdgeKey(type_, source, target, role, via)
        self._edges[key] = Edge(key, Activity.of(dict.fromkeys(days, 1)))

    def _dataset(self, fate: str, *, owned: bool = True, home: str = "") -> DatasetId:
        home = home or self._chance.choice(DOMAINS)
        found = DatasetId(f"db-{home}", f"{home}.t{next(self._numbers)}")
        self._home[found] = home
        self._edge(EdgeType.IN_DOMAIN, found, domain(home))
        (self._needed if fate == "needed" else self._dead).append(found)
        if owned and self._chance.random() < 0.75:
            self._own(found, home)
        elif owned:
            self._mark("unowned", found)
        return found

    def _own(self, dataset: DatasetId, name: str) -> None:
        self._owner[dataset] = name
        self._edge(EdgeType.OWNS, team(name), dataset)

    # Days.

    def _days(self, rhythm: str, last: int) -> list[int]:
        """Active days up to about `last`, as real ones are: some are left out, some shift."""
        chance = self._chance
        if rhythm == "daily":
            days = [day for day in range(START, last + 1) if chance.random() > 0.05]
        elif rhythm == "weekly":
            first = last - (last - START) // 7 * 7
            days = [day for day in range(first, last + 1, 7) if chance.random() > 0.05]
        elif rhythm == "sporadic":
            days = sorted(chance.sample(range(START, last), 7))
        else:
            step = 30.4375 if rhythm == "monthly" else 91.3125
            count = int((last - START) / step)
            days = [round(last - step * back) for back in range(count, -1, -1)]
        return sorted({*days, last})

    def _living(self, rhythm: str, *, seasonal: bool = False) -> list[int]:
        if seasonal:
            return [END - self._chance.randint(120, 390)]
        quiet = {"daily": 3, "weekly": 7, "monthly": 30, "quarterly": 110, "sporadic": 80}[rhythm]
        return self._days(rhythm, END - self._chance.randint(0, quiet))

    def _gone(self, rhythm: str) -> list[int]:
        quiet = self._chance.randint(_ALLOWED[rhythm] + 8, 300)
        return self._days(rhythm, END - max(quiet, _ALLOWED[rhythm] + 8))

    # Jobs and readers.

    def _write(
        self,
        sources: Sequence[DatasetId],
        target: DatasetId,
        kind: str = "job",
        days: Sequence[int] | None = None,
    ) -> JobId:
        job = JobId("jobs", f"make {target.name} {next(self._numbers)}")
        self._fact(job, kind=kind)
        days = self._days("daily", END) if days is None else days
        self._edge(EdgeType.WRITES, job, target, days)
        for source in sources:
            self._edge(EdgeType.READ_BY, source, job, days)
            owner = self._owner.get(target)
            place = owner if owner in DOMAINS else None if owner else self._home[target]
            self._reads.append((source, owner, place, target))
            if source in self._dead and source != target:
                self._read_dead.add(source)
        return job

    def _read(
        self, dataset: DatasetId, rhythm: str, of: str = "", *, gone: bool = False,
        seasonal: bool = False,
    ) -> ProcessId:  # fmt: skip
        of = of or self._home[dataset]
        reader = ConsumerId("bi", f"board {next(self._numbers)}")
        self._fact(reader, kind="dashboard")
        self._edge(EdgeType.RUN_BY, reader, PrincipalId("db", f"person-{of}"))
        days = self._gone(rhythm) if gone else self._living(rhythm, seasonal=seasonal)
        self._edge(EdgeType.READ_BY, dataset, reader, days)
        if gone:
            self._read_dead.add(dataset)
        else:
            self._reads.append((dataset, of, of, None))
        return reader

    def _scan(self, dataset: DatasetId) -> None:
        bot = ConsumerId("bi", f"scanner {next(self._numbers)}")
        self._fact(bot, kind="system")
        self._edge(EdgeType.READ_BY, dataset, bot, self._days("weekly", END))

    def _some(self, among: Sequence[DatasetId], most: int) -> list[DatasetId]:
        return self._chance.sample(among, min(len(among), self._chance.randint(0, most)))

    # The plan.

    def _plan_needed(self) -> None:
        """A dataset of needed ones; a living consumer reads it, or one that is made of it."""
        made = self._dataset("needed")
        sources = self._some(self._needed[:-1], 3)
        self._write(sources, made, "view" if self._chance.random() < 0.15 else "job")
        if self._chance.random() < 0.3:  # nobody reads it but for what is made of it
            last = self._dataset("needed")
            self._write([made, *self._some(self._needed[:-2], 1)], last)
            made = last
        rhythm = self._chance.choice(_RHYTHMS)
        if self._home[made] == "finance" and self._chance.random() < 0.5:
            self._read(made, "sporadic", seasonal=True)
        else:
            self._read(made, rhythm)
        if self._chance.random() < 0.3:
            self._read(made, self._chance.choice(_RHYTHMS), gone=True)

    def _plan_dead(self) -> None:
        """A dataset that only the dead, the silent or a bot read."""
        made = self._dataset("dead")
        sources = [*self._some(self._needed, 2), *self._some(self._dead[:-1], 2)]
        self._write(sources, made)
        self._rest_on(sources, made)
        if self._chance.random() < 0.35:
            self._read(made, self._chance.choice(_RHYTHMS), gone=True)
        if self._chance.random() < 0.3:
            self._scan(made)

    def _rest_on(self, sources: Iterable[DatasetId], made: DatasetId) -> None:
        for source in sources:
            if source in self._dead:
                self.silent.setdefault(source, set()).add(made)

    def _plan_loops(self) -> None:
        for _ in range(4):
            one, other = self._dataset("dead"), self._dataset("dead")
            self._write([other, *self._some(self._needed, 1)], one)
            self._write([one], other)
            self._rest_on([one], other)
            self._rest_on([other], one)
            one, other = self._dataset("needed"), self._dataset("needed")
            self._write([other], one)
            self._write([one], other)
            self._read(other, self._chance.choice(_RHYTHMS))

    def _plan_extras(self) -> None:
        for _ in range(5):
            self._plan_stale()
            self._plan_backup()
            self._plan_replica()
            self._plan_ghost()
            self._plan_source()
            self._plan_bypass()
            self._plan_supported()
            self._plan_columns()

    def _plan_stale(self) -> None:
        rhythm, after = self._chance.choice((("daily", 20), ("weekly", 40), ("monthly", 130)))
        stopped = self._dataset("needed")
        self._write([], stopped, days=self._days(rhythm, END - after))
        self._read(stopped, "daily")
        self._mark("stale-but-read", stopped)

    def _plan_backup(self) -> None:
        base = self._chance.choice(self._needed)
        name = base.name + self._chance.choice(("_backup", "_20260801"))
        copy = DatasetId(base.namespace, name)
        if copy in self._home:
            return
        self._home[copy] = self._home[base]
        self._dead.append(copy)
        self._own(copy, self._home[base])
        self._write([base], copy, days=[END - 60])
        self._mark("copy", copy)

    def _plan_replica(self) -> None:
        """Every column as it is; beside it one that leaves rows out, which is no copy."""
        base = self._chance.choice(self._needed)
        for chosen in (False, True):
            made = self._dataset("needed")
            job = self._write([base], made)
            self._read(made, "daily")
            for name in ("id", "at"):
                source, target = ColumnId(base, name), ColumnId(made, name)
                self._edge(EdgeType.HAS_COLUMN, base, source)
                self._edge(EdgeType.HAS_COLUMN, made, target)
                self._edge(EdgeType.FEEDS, source, target, role=Role.IDENTITY, via=job)
                self._edge(EdgeType.USED_BY, source, job, role=Role.IDENTITY)
                reader = self._use(made, target)
            if chosen:
                self._edge(EdgeType.USED_BY, ColumnId(base, "id"), job, role=Role.FILTER)
            else:
                self._mark("copy", made)
            assert reader is not None

    def _use(self, dataset: DatasetId, column: ColumnId) -> ProcessId:
        """A living consumer of a column."""
        reader = self._read(dataset, "daily")
        self._edge(EdgeType.USED_BY, column, reader, [END], role=Role.IDENTITY)
        return reader

    def _plan_columns(self) -> None:
        made = self._dataset("needed")
        self._write([], made)
        for name in ("used", "unused"):
            self._edge(EdgeType.HAS_COLUMN, made, ColumnId(made, name))
        self._use(made, ColumnId(made, "used"))
        self._mark("unused-column", made)

    def _plan_ghost(self) -> None:
        gone = self._dataset("needed")
        self._facts[gone]["dropped"] = Fact("2026-09-01T00:00:00Z", "true")
        for labels in self.labels.values():
            labels.discard(gone)
        self._needed.remove(gone)
        self._read(gone, "daily")
        self._mark("ghost", gone)

    def _plan_source(self) -> None:
        source = self._dataset("needed")
        self._read(source, "daily")
        if self._chance.random() < 0.5:
            self._fact(source, static="true")
        else:
            self._mark("unproduced", source)

    def _plan_bypass(self) -> None:
        """The domain `returns` exposes one dataset; pricing also reads one that it keeps."""
        exposed = self._dataset("needed", home="returns")
        kept = self._dataset("needed", home="returns")
        self._edge(EdgeType.EXPOSES, product("returns"), exposed)
        self._edge(EdgeType.IN_DOMAIN, product("returns"), domain("returns"))
        for dataset in (exposed, kept):
            self._write([], dataset)
            self._read(dataset, "daily", of="pricing")

    def _plan_supported(self) -> None:
        idle = self._dataset("dead")
        self._fact(idle, support=self._chance.choice(("supported", "guaranteed")))
        self._write(self._some(self._needed, 2), idle)
        self._dead.remove(idle)  # a promise keeps it
        self._read_dead.discard(idle)
        self._mark("supported-unused", idle)

    # What follows from the plan as a whole.

    def _settle(self) -> None:
        for dataset in self._dead:
            self._mark("dead-branch" if dataset in self._read_dead else "write-only", dataset)
        gone = self.labels["ghost"]
        needed, exposed = (
            set(self._needed),
            {key.target for key in self._edges if key.type is EdgeType.EXPOSES},
        )
        for source, of, place, target in self._reads:
            if source in gone or source == target:
                continue
            kept = self._home[source] == "returns" and source not in exposed
            if kept and place not in (None, "returns"):
                self._mark("bypass", source)
            serves = target is None or target in needed
            # Whoever reads what nobody owns relies on it, and so does who is not of the owner.
            if serves and (source not in self._owner or of != self._owner[source]):
                self._mark("used-unsupported", source)

    @property
    def datasets(self) -> list[DatasetId]:
        """All datasets, sorted."""
        return sorted(self._home)

    @property
    def dead(self) -> set[DatasetId]:
        """The datasets that nobody needs, by plan."""
        return set(self._dead)

"""What is known: nodes, edges, and the batch that adds to them. All frozen, all mergeable.

Every lineage edge points the way the data flows, so that downstream is a walk along out-edges.
Merging is commutative, associative and, apart from the counts that the ledger guards, idempotent:
the order in which logs arrive never shows in the graph.

Records that come by the hundred thousand are `gc=False`: being frozen, they can be in no cycle, and
the collector would look at each again and again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from enum import StrEnum

import msgspec

from lineage.names import DatasetId, JobId, NodeId, PrincipalId, QueryId


class Role(StrEnum):
    """How a statement uses a column; OpenLineage's vocabulary (columnLineage facet 1-2-0)."""

    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"
    JOIN = "JOIN"
    FILTER = "FILTER"
    GROUP_BY = "GROUP_BY"
    SORT = "SORT"
    WINDOW = "WINDOW"
    CONDITIONAL = "CONDITIONAL"

    @property
    def direct(self) -> bool:
        """Whether the value itself travels to an output column."""
        return self in DIRECT


DIRECT = frozenset({Role.IDENTITY, Role.TRANSFORMATION, Role.AGGREGATION})


class EdgeType(StrEnum):
    """The relationship types of the graph, as in Neo4j."""

    READ_BY = "READ_BY"  # Dataset → Job | Consumer
    WRITES = "WRITES"  # Job → Dataset
    HAS_COLUMN = "HAS_COLUMN"  # Dataset → Column
    FEEDS = "FEEDS"  # Column → Column, direct roles only, by a job
    USED_BY = "USED_BY"  # Column → Job | Consumer, every role
    RAN = "RAN"  # Job | Consumer → Query, by a principal: the fold cells
    NAMED_IN = "NAMED_IN"  # Dataset → Query: which statements name it
    RUN_BY = "RUN_BY"  # Job | Consumer → Principal
    PART_OF = "PART_OF"  # Job → Job
    PRECEDES = "PRECEDES"  # Job → Job that waits for it: control, no data, no lineage walk
    MEMBER_OF = "MEMBER_OF"  # Principal → Team
    OWNS = "OWNS"  # Team → Dataset | Job | Consumer
    IN_DOMAIN = "IN_DOMAIN"  # Team | Dataset | DataProduct → Domain
    EXPOSES = "EXPOSES"  # DataProduct → Dataset
    SAME_AS = "SAME_AS"  # Dataset → Dataset


FLOW = (EdgeType.READ_BY, EdgeType.WRITES)
TIMED = frozenset({*FLOW, EdgeType.RAN})  # which have a clock


class Origin(StrEnum):
    """Where the evidence of an edge comes from."""

    ENGINE = "engine"
    OPENLINEAGE = "openlineage"
    PARSED = "parsed"
    DECLARED = "declared"
    MANUAL = "manual"
    CLAIMED = "claimed"  # by somebody who acted; of owners, it wins over what files and events say


class Evidence(msgspec.Struct, frozen=True, order=True):
    """How sure one origin is: three factors in 0.0 to 1.0 and their product.

    provenance: observed 1.0, declared 0.9, inferred 0.5.
    parse: full 1.0, star expanded 0.95, table only 0.7, star unknown 0.4.
    resolve: exact 1.0, normalised 0.95, ambiguous 0.5.
    """

    certainty: float
    provenance: float
    parse: float
    resolve: float

    @classmethod
    def of(cls, provenance: float = 1.0, parse: float = 1.0, resolve: float = 1.0) -> Evidence:
        """Evidence with the certainty that follows from its factors."""
        return cls(round(provenance * parse * resolve, 4), provenance, parse, resolve)

    @property
    def weakest(self) -> str:
        """What keeps it from being certain, in words; empty when nothing does."""
        causes = {
            0.95: "normalised name" if self.resolve == 0.95 else "through SELECT *",
            0.9: "declared, not observed",
            0.7: "only its tables were understood",
            0.5: "ambiguous name" if self.resolve == 0.5 else "inferred",
            0.4: "SELECT * over unknown columns",
        }
        return causes.get(min(self.provenance, self.parse, self.resolve), "")


CERTAIN = Evidence.of()


class Sample(msgspec.Struct, frozen=True, order=True, gc=False):
    """The statement shown as proof: the one of greatest (start, key)."""

    start: str  # ISO 8601, UTC
    key: str
    query: QueryId


class Activity(msgspec.Struct, frozen=True, gc=False):
    """Counts by UTC day: two parallel tuples, sorted by day (days since 1970-01-01)."""

    days: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()

    @classmethod
    def of(cls, by_day: dict[int, int]) -> Activity:
        """The activity of a day → count mapping; zero counts vanish."""
        days = sorted(by_day if all(by_day.values()) else filter(by_day.__getitem__, by_day))
        return cls(tuple(days), tuple(map(by_day.__getitem__, days)))

    @property
    def first(self) -> int | None:
        """The first active day."""
        return self.days[0] if self.days else None

    @property
    def last(self) -> int | None:
        """The last active day."""
        return self.days[-1] if self.days else None

    @property
    def total(self) -> int:
        """The sum of the counts."""
        return sum(self.counts)

    def plus(self, *others: Activity) -> Activity:
        """All added day by day: for facts that the ledger keeps apart."""
        active = [one for one in (self, *others) if one.days]
        if len(active) < 2:
            return active[0] if active else self
        first, *rest = active
        if len(rest) == 1 and first.days[-1] < rest[0].days[0]:  # as a month later
            return Activity(first.days + rest[0].days, first.counts + rest[0].counts)
        merged = dict(zip(first.days, first.counts, strict=True))
        known = merged.get
        for one in rest:
            for day, count in zip(one.days, one.counts, strict=True):
                merged[day] = known(day, 0) + count
        return Activity.of(merged)

    def union(self, other: Activity) -> Activity:
        """The greater count day by day: for two origins that witnessed the same runs."""
        if not self.days or not other.days:
            return self if self.days else other
        if self.days == other.days:  # mostly the same runs, and often the same counts
            same = self.counts == other.counts
            return self if same else Activity(self.days, tuple(map(max, self.counts, other.counts)))
        merged = dict(zip(self.days, self.counts, strict=True))
        for day, count in zip(other.days, other.counts, strict=True):
            merged[day] = max(merged.get(day, 0), count)
        return Activity.of(merged)

    def between(self, first: int | None, last: int | None) -> Activity:
        """The part from `first` to `last`, both included; None leaves a side open."""
        start = 0 if first is None else bisect_left(self.days, first)
        end = len(self.days) if last is None else bisect_right(self.days, last)
        if end - start == len(self.days):
            return self
        return Activity(self.days[start:end], self.counts[start:end])


class EdgeKey(msgspec.Struct, frozen=True, order=True, gc=False):
    """What makes an edge one edge; one record per origin, so that an origin can be taken back.

    role: of USED_BY and FEEDS. via: the job of a FEEDS, the principal of a RAN.
    """

    type: EdgeType
    source: NodeId
    target: NodeId
    role: Role | None = None
    via: JobId | PrincipalId | None = None
    origin: Origin = Origin.PARSED


class Runs(msgspec.Struct, frozen=True, gc=False):
    """When something ran and how often; all the edges of a statement share it.

    sample: the latest run. clock: counts by quarter of an hour of the UTC day, 0 to 95.
    """

    activity: Activity = Activity()
    sample: Sample | None = None
    clock: Activity = Activity()

    def merge(self, *others: Runs) -> Runs:
        """The runs of all of them."""
        sample = self.sample
        for one in others:
            if sample is None or (one.sample is not None and one.sample > sample):
                sample = one.sample
        return Runs(
            self.activity.plus(*[one.activity for one in others]),
            sample,
            self.clock.plus(*[one.clock for one in others if one.clock.days]),
        )

    def seen(self, type_: EdgeType, evidence: Evidence, *, named: bool) -> Sighting:
        """What was seen of an edge of that type when these ran."""
        clock = self.clock if type_ in TIMED else Activity()
        return Sighting(self.activity, evidence, self.sample, named, clock)


Sure = tuple[Evidence, bool]  # and whether it was by name


def surer(one: Sure, other: Sure) -> Sure:
    """How sure an edge is that was seen both ways."""
    return max(one[0], other[0]), one[1] or other[1]


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """What was seen of an edge.

    named: USED_BY only; false when every use reached the column through `*`, NATURAL or position.
    clock: of TIMED types.
    """

    activity: Activity = Activity()
    evidence: Evidence = CERTAIN
    sample: Sample | None = None
    named: bool = True
    clock: Activity = Activity()

    @property
    def runs(self) -> Runs:
        """When it was seen."""
        return Runs(self.activity, self.sample, self.clock)

    def merge(self, other: Sighting) -> Sighting:
        """What both saw."""
        runs = self.runs.merge(other.runs)
        evidence, named = surer((self.evidence, self.named), (other.evidence, other.named))
        return Sighting(runs.activity, evidence, runs.sample, named, runs.clock)

    def of(self, key: EdgeKey) -> Edge:
        """The edge of that key of which this was seen."""
        return Edge(key, self.activity, self.evidence, self.sample, self.named, self.clock)


class Edge(msgspec.Struct, frozen=True, gc=False):
    """An edge with what was seen of it: the fields of a `Sighting`."""

    key: EdgeKey
    activity: Activity = Activity()
    evidence: Evidence = CERTAIN
    sample: Sample | None = None
    named: bool = True
    clock: Activity = Activity()

    @property
    def sighting(self) -> Sighting:
        """What was seen of it."""
        return Sighting(self.activity, self.evidence, self.sample, self.named, self.clock)

    def merge(self, other: Edge) -> Edge:
        """The edge that knows what both know; the keys are equal."""
        return self.sighting.merge(other.sighting).of(self.key)


class Fact(msgspec.Struct, frozen=True, order=True):
    """A property of a node and when it was true from; the latest wins, ties by value."""

    at: str  # ISO 8601, UTC; empty sorts first: a default
    value: str


class Node(msgspec.Struct, frozen=True):
    """A node and its properties, each a last-writer-wins fact."""

    id: NodeId
    facts: dict[str, Fact] = {}

    def merge(self, other: Node) -> Node:
        """The node that knows what both know; the ids are equal."""
        facts = dict(self.facts)
        for name, fact in other.facts.items():
            facts[name] = max(facts[name], fact) if name in facts else fact
        return Node(self.id, facts)

    def value(self, name: str, default: str = "") -> str:
        """The value of a property, or the default."""
        fact = self.facts.get(name)
        return fact.value if fact else default


class Document(msgspec.Struct, frozen=True):
    """A base fact beside the graph: a run, a dead letter, an import, a ledger shard.

    The newest document of a (kind, key) replaces the one before; one without a body takes it away.
    """

    kind: str
    key: str
    body: bytes


class Shard(msgspec.Struct, frozen=True):
    """Statement keys of one source and day: sorted 16-byte digests, packed.

    version: the one that was read; the store refuses the batch when it has changed since.
    A day below 0 is bookkeeping (records without a time), never a logged day. closed: how many
    statements the day has whose keys were dropped, because records of that age are refused.
    """

    source: str
    day: int
    version: int
    keys: bytes
    closed: int = 0

    def close(self) -> Shard:
        """The shard when its keys are no longer needed."""
        return Shard(self.source, self.day, self.version, b"", self.closed + len(self.keys) // 16)


class Batch(msgspec.Struct, frozen=True):
    """What one transaction adds. All of it is applied, or nothing.

    edges: of a large batch a `lineage.edges.EdgeSet`, which keeps once what they share.
    retract: nodes whose edges of that origin (as source, target or via) are taken back first.
    undone: edges that are taken back first, each with all that was seen of it; their ends stay.
    unsaid: facts that are taken back first, where they stand exactly so.
    """

    nodes: tuple[Node, ...] = ()
    edges: Collection[Edge] = ()
    retract: tuple[tuple[NodeId, Origin], ...] = ()
    documents: tuple[Document, ...] = ()
    shards: tuple[Shard, ...] = ()
    undone: tuple[EdgeKey, ...] = ()
    unsaid: tuple[Node, ...] = ()


__all__ = [
    "CERTAIN",
    "DIRECT",
    "FLOW",
    "TIMED",
    "Activity",
    "Batch",
    "DatasetId",
    "Document",
    "Edge",
    "EdgeKey",
    "EdgeType",
    "Evidence",
    "Fact",
    "Node",
    "Origin",
    "Role",
    "Runs",
    "Sample",
    "Shard",
    "Sighting",
]

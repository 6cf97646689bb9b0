"""How breakage spreads: who fails, whose result changes silently, what is no longer refreshed.

*Fails* passes through views to every reader and stops at the first job that materialises; what
that job writes is *stale*, transitively. *Wrong* spreads by value along direct edges, and by row
set along the other roles to the whole output. The walk goes frontier by frontier and keeps for
every node and ring the way of the greatest certainty, so that cycles and diamonds end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from lineage.analyses.breaking.judging import BY_TEXT, CARRIED, Judge
from lineage.analyses.breaking.lateness import UNTIMED, lateness
from lineage.analyses.breaking.weights import RINGS, Ring, Rule, weights
from lineage.analyses.listening.unread import partial_uses
from lineage.analyses.reach.graph import Graph, Link
from lineage.analyses.use.views import uses_of
from lineage.model import Activity, EdgeType, Evidence, Role
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId

_DOUBT = Evidence.of(provenance=0.5)
_UNSEEN = Evidence.of(parse=0.4)


class Mark(msgspec.Struct, frozen=True, eq=False):
    """What happens to a node, by the surest way there.

    rule: the table in `weights.toml` that judges who uses the node. base, certainty: 0.0 to 1.0.
    cause: why it is not certain. steps: links from the subject of the change. roles: how the
    process uses what changes. late: minutes that it arrives after its usual time, for a delay.
    """

    ring: Ring
    node: NodeId
    rule: str
    base: float
    certainty: float = 1.0
    cause: str = ""
    steps: int = 0
    roles: tuple[Role, ...] = ()
    link: Link | None = None
    parent: Mark | None = None
    late: int = 0

    def is_better_than(self, other: Mark | None) -> bool:
        """Whether this is the way to tell of: the surest, then the heaviest, then the shortest."""
        return other is None or self._rank > other._rank

    @property
    def _rank(self) -> tuple[float, float, int]:
        return (self.certainty, self.base, -self.steps)

    @property
    def path(self) -> list[NodeId]:
        """The nodes from the subject of the change to this one."""
        way: list[NodeId] = []
        mark: Mark | None = self
        while mark is not None:
            way.append(mark.node)
            mark = mark.parent
        return way[::-1]


class Breakage:
    """What a change does, spread from its seeds.

    marks: the best mark of each (ring, node). before: the nodes that each node was reached from.
    reads: what was seen of each consumer's use of what changes. elsewhere: datasets outside
    production that are not followed. truncated: the budget, a number of edges, ended it early.
    """

    def __init__(self, graph: Graph, argument: str = "") -> None:
        self.graph = graph
        self.judge = Judge(graph, argument)
        self.marks: dict[tuple[Ring, NodeId], Mark] = {}
        self.before: dict[NodeId, set[NodeId]] = {}
        self.reads: dict[ConsumerId, Activity] = {}
        self.elsewhere: set[DatasetId] = set()
        self.truncated = False
        self._frontier: dict[tuple[Ring, NodeId], Mark] = {}
        self._by_user: dict[DatasetId, dict[NodeId, list[Link]]] = {}

    def seed(self, ring: Ring, node: NodeId, rule: str, base: float = 1.0) -> Mark:
        """Starts from a node that changes."""
        mark = Mark(ring, node, rule, base)
        self.marks[ring, node] = self._frontier[ring, node] = mark
        return mark

    def absorb(self, other: Breakage) -> None:
        """Adds what another change does; of each ring and node the surest mark stays."""
        for place, mark in other.marks.items():
            if mark.is_better_than(self.marks.get(place)):
                self.marks[place] = mark
        for node, before in other.before.items():
            self.before.setdefault(node, set()).update(before)
        for reader, activity in other.reads.items():
            self.reads[reader] = self.reads.get(reader, Activity()).union(activity)
        self.elsewhere |= other.elsewhere
        self.truncated = self.truncated or other.truncated

    def run(self, limit: int) -> None:
        """Spreads until nothing changes any more, or the graph has loaded that many edges."""
        while self._frontier:
            if self.graph.loaded > limit:
                self.truncated = True
                return
            frontier, self._frontier = list(self._frontier.values()), {}
            self._load([mark.node for mark in frontier])
            self._load_texts([mark for mark in frontier if mark.rule != CARRIED])
            for mark in frontier:
                if isinstance(mark.node, ColumnId):
                    self._from_column(mark, mark.node)
                elif isinstance(mark.node, DatasetId):
                    self._from_dataset(mark, mark.node)

    def _load(self, nodes: Sequence[NodeId]) -> None:
        """Reads in few calls what the steps from these nodes will look at one by one."""
        graph = self.graph
        columns = [node for node in nodes if isinstance(node, ColumnId)]
        datasets = [node for node in nodes if isinstance(node, DatasetId)]
        named = graph.out(dict.fromkeys(column.dataset for column in columns), EdgeType.NAMED_IN)
        graph.nodes(link.target for link in named)
        found = graph.out(datasets, EdgeType.READ_BY)
        found += graph.out_of_columns(columns, EdgeType.USED_BY)
        found += graph.out_of_columns(columns, EdgeType.FEEDS)
        jobs = {link.job for link in found if link.job}
        written = graph.out(jobs, EdgeType.WRITES)
        graph.current([*found, *written])
        ends = {link.target for link in (*found, *written)}
        owners = {end.dataset for end in ends if isinstance(end, ColumnId)}
        graph.nodes([*jobs, *(end for end in ends if isinstance(end, DatasetId)), *owners])

    def _load_texts(self, marks: Sequence[Mark]) -> None:
        """Reads the statements that the rules of these marks will look at."""
        for asks_all in (True, False):
            nodes = [mark.node for mark in marks if (mark.rule in BY_TEXT) is asks_all]
            columns = [node for node in nodes if isinstance(node, ColumnId)]
            datasets = [node for node in nodes if isinstance(node, DatasetId)]
            uses = self.graph.out_of_columns(columns, EdgeType.USED_BY)
            uses += self.graph.out(datasets, EdgeType.READ_BY)
            self.judge.prepare([use for use in uses if asks_all or not use.named])

    def _from_dataset(self, mark: Mark, dataset: DatasetId) -> None:
        for read in self.graph.current(self.graph.out([dataset], EdgeType.READ_BY)):
            if mark.rule == CARRIED:
                self.reach(mark, read, (mark.ring, mark.base), ())
            elif found := self._judge_reader(mark.rule, dataset, read):
                verdict, roles = found
                self.reach(mark, read, verdict, roles)

    def _judge_reader(
        self, rule: str, dataset: DatasetId, read: Link
    ) -> tuple[Rule, tuple[Role, ...]] | None:
        """The verdict on who reads rows of a dataset, by the roles of the columns he uses."""
        uses = self._uses(dataset).get(read.target, [])
        found = [verdict for use in uses if (verdict := self.judge.weigh(rule, use, 1.0))]
        if whole := self.judge.weigh_read(rule, read, uses):
            found.append(whole)
        return (min(found, key=_gravity), _roles(uses)) if found else None

    def _uses(self, dataset: DatasetId) -> Mapping[NodeId, list[Link]]:
        """By user, the uses of the columns of a dataset."""
        if dataset not in self._by_user:
            found: dict[NodeId, list[Link]] = {}
            for use in uses_of(self.graph, [dataset]):
                found.setdefault(use.target, []).append(use)
            self._by_user[dataset] = found
        return self._by_user[dataset]

    def touch(
        self, mark: Mark, link: Link, verdict: Rule, roles: tuple[Role, ...] = ()
    ) -> Mark | None:
        """Marks a process alone."""
        ring, base = verdict
        return self._hit(mark, ring, link.target, base, link, roles)

    def reach(self, mark: Mark, link: Link, verdict: Rule, roles: tuple[Role, ...]) -> None:
        """Marks a process that reads a dataset, and what it writes as a whole."""
        mine = self.touch(mark, link, verdict, roles)
        if mine is not None and isinstance(link.target, JobId):
            self.outputs(mine, link.target)

    def outputs(self, mark: Mark, job: JobId) -> None:
        """Marks what a job writes: a view breaks, a table is no longer refreshed, or is wrong."""
        for written in self.graph.current(self.graph.out([job], EdgeType.WRITES)):
            if mark.ring is not Ring.FAILS:
                self._hit(mark, mark.ring, written.target, mark.base, written)
            elif self.graph.is_view(job):
                self._hit(mark, Ring.FAILS, written.target, mark.base, written)
            else:
                base = weights().stale.behind_a_failure
                self._hit(mark, Ring.STALE, written.target, base, written)

    def delay(self, dataset: DatasetId, minutes: int) -> tuple[NodeId, ...]:
        """Marks what gets late behind a dataset; the readers of whom nobody knows when they read.

        The whole way is known at once, so there is nothing left to spread.
        """
        found = lateness(self.graph, dataset, minutes)
        base = weights().stale.behind_a_delay
        marks: dict[NodeId, Mark] = {dataset: self.seed(Ring.STALE, dataset, CARRIED, base)}
        for node, how in (*found.late.items(), *found.perhaps.items()):
            parent = marks.get(how.before) if how.before else None
            if parent and how.link:
                dark = node in found.perhaps
                link = _in_the_dark(how.link) if dark else how.link
                cause = UNTIMED if dark else ""
                mark = self._hit(
                    parent, Ring.STALE, node, base, link, late=how.minutes, cause=cause
                )
                if mark:
                    marks[node] = mark
        self._frontier.clear()
        return found.untimed

    def _from_column(self, mark: Mark, column: ColumnId) -> None:
        graph = self.graph
        uses: dict[NodeId, list[Link]] = {}
        for use in graph.current(graph.out_of_columns([column], EdgeType.USED_BY)):
            uses.setdefault(use.target, []).append(use)
        feeds: dict[NodeId, list[Link]] = {}
        for feed in graph.current(graph.out_of_columns([column], EdgeType.FEEDS)):
            if feed.job:
                feeds.setdefault(feed.job, []).append(feed)
        for use in partial_uses(graph, column):
            uses.setdefault(use.target, [use])
        for process, mine in uses.items():
            self._use(mark, mine, feeds.pop(process, []))
        for mine in feeds.values():
            self._values(mark, mark, mine)

    def _use(self, mark: Mark, uses: list[Link], feeds: list[Link]) -> None:
        """Marks who uses a column, and what he makes of it."""
        judged = [
            (verdict, use)
            for use in uses
            if (verdict := self.judge.weigh(mark.rule, use, mark.base, feeds))
        ]
        if not judged:
            return
        verdict, link = min(judged, key=lambda pair: (*_gravity(pair[0]), -pair[1].certainty))
        if mark.rule == "meaning-column" and link.role in (Role.FILTER, Role.CONDITIONAL):
            # Which value it compares with is masked.
            link = msgspec.structs.replace(link, evidence=min(link.evidence, _DOUBT))
        if verdict[0] is Ring.FAILS:
            self.reach(mark, link, verdict, _roles(uses))
            return
        rebound = mark.ring is Ring.FAILS and self.judge.rebinds(link)
        if rebound:
            link, feeds = _by_name(link), [_by_name(feed) for feed in feeds]
        mine = self._hit(mark, Ring.WRONG, link.target, verdict[1], link, _roles(uses))
        if mine is not None and isinstance(link.target, JobId):
            self._values(mark, mine, feeds, stays=rebound)
            if not feeds or any(use.role and not use.role.direct for _, use in judged):
                self.outputs(mine, link.target)

    def _values(self, mark: Mark, via: Mark, feeds: list[Link], *, stays: bool = False) -> None:
        """Marks the columns that a changed column feeds: gone as well, or of other values.

        stays: another column takes the place of the one that is gone.
        """
        gone = mark.ring is Ring.FAILS and not stays
        ring = Ring.WRONG if stays else mark.ring
        for feed in feeds:
            verdict = self.judge.weigh(mark.rule, feed, mark.base)
            base = via.base if gone or stays or verdict is None else verdict[1]
            rule = mark.rule if gone or self.judge.is_passed_on(mark.rule, feed) else CARRIED
            self._hit(via, ring, feed.target, base, feed, rule=rule)

    def _hit(
        self,
        parent: Mark,
        ring: Ring,
        node: NodeId,
        base: float,
        link: Link,
        roles: tuple[Role, ...] = (),
        rule: str = CARRIED,
        late: int = 0,
        cause: str = "",
    ) -> Mark | None:
        """The mark of a node reached over a link; None when it is outside production."""
        dataset = node.dataset if isinstance(node, ColumnId) else node
        if isinstance(dataset, DatasetId) and not self.graph.is_production(dataset):
            self.elsewhere.add(dataset)
            return None
        weaker = link.certainty < parent.certainty
        mark = Mark(
            ring,
            node,
            rule,
            base,
            min(parent.certainty, link.certainty),
            cause or (link.evidence.weakest if weaker else parent.cause),
            parent.steps + 1,
            roles,
            link,
            parent,
            late,
        )
        self.before.setdefault(node, set()).add(parent.node)
        if isinstance(node, ConsumerId):
            self.reads[node] = self.reads.get(node, Activity()).union(link.activity)
        if mark.is_better_than(self.marks.get((ring, node))):
            self.marks[ring, node] = mark
            if not isinstance(node, JobId | ConsumerId):
                self._frontier[ring, node] = mark
        return mark


def _in_the_dark(link: Link) -> Link:
    """A link of which nobody knows whether it hands a delay on."""
    return msgspec.structs.replace(link, evidence=min(link.evidence, _UNSEEN))


def _by_name(link: Link) -> Link:
    """A link that is as sure as its names: it does not hang on a `SELECT *`."""
    told = link.evidence
    sure = Evidence.of(told.provenance, 1.0, told.resolve)
    return msgspec.structs.replace(link, evidence=sure)


def _gravity(verdict: Rule) -> tuple[int, float]:
    """Sorts the worst verdict first."""
    ring, base = verdict
    return (RINGS.index(ring), -base)


def _roles(uses: Iterable[Link]) -> tuple[Role, ...]:
    return tuple(sorted({use.role for use in uses if use.role}))

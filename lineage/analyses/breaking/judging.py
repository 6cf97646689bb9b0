"""What a rule of `weights.toml` says of one use of a column, where need be by the statement's text.

A role alone does not tell whether `COUNT(x)` or `SUM(x)` was meant, nor whether a value fits where
it is inserted. The texts of the graph and the types of the columns do; where they do not, the more
careful rule holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

from lineage.analyses.breaking import phrases
from lineage.analyses.breaking.retype import Retyping, is_text, is_time, retyping
from lineage.analyses.breaking.weights import Ring, Rule, weights
from lineage.analyses.reach.graph import Graph, Link
from lineage.model import EdgeType, Role
from lineage.names import ColumnId, DatasetId, JobId, NodeId

CARRIED = ""  # the rule of what is behind the first step: as the step before
_FILL = re.compile(r"(?:^|[;)])\s*(?:insert|merge|update)\b", re.IGNORECASE)
# A column that is passed on as it is takes these changes along.
PASSED_ON = frozenset({*(effect.value for effect in Retyping), "nullable-column"})
# Rules that look at the statement even where it says the column's name.
BY_TEXT = PASSED_ON | {"grain-dataset"}
_COMPARES = frozenset({Role.FILTER, Role.JOIN, Role.CONDITIONAL})


class Judge:
    """Weighs uses of what changes. argument: of the change, the new type of a retyping."""

    def __init__(self, graph: Graph, argument: str = "") -> None:
        self.graph = graph
        self.argument = argument
        self._running: dict[DatasetId, Mapping[NodeId, Collection[NodeId]]] = {}

    def weigh(
        self, rule: str, use: Link, carried: float, feeds: Iterable[Link] = ()
    ) -> Rule | None:
        """What a rule says of one use of a column; None when it does no harm.

        feeds: what the same process makes of the column.
        """
        if rule == CARRIED:
            return (Ring.WRONG, carried)
        table = weights().rules[rule]
        keys = chain(self._by_text(rule, use, feeds), (use.role or "any", "any"))
        verdict = next((table[key] for key in keys if key in table), None)
        return verdict if verdict and verdict[1] else None

    def weigh_read(self, rule: str, read: Link, uses: Iterable[Link]) -> Rule | None:
        """What a rule says of who reads rows of a dataset; uses: of its columns by the reader."""
        table = weights().rules[rule]
        if "all_rows" in table and self._reads_all_times(read, uses):
            return table["all_rows"]
        return self.weigh(rule, read, 1.0)

    def _reads_all_times(self, read: Link, uses: Iterable[Link]) -> bool:
        """Whether a reader asks for rows of any age: no filter by what may be a time."""
        filters = [use.source for use in uses if use.role in (Role.FILTER, Role.CONDITIONAL)]
        types = [node.value("type") for node in self.graph.nodes(filters).values()]
        return read.evidence.parse > 0.7 and all(type_ and not is_time(type_) for type_ in types)

    def _by_text(self, rule: str, use: Link, feeds: Iterable[Link]) -> Iterator[str]:
        """The keys of a rule that go before the role."""
        if self.rebinds(use):
            yield "rebound"
        if not use.named:
            yield from self._of_star(use)
        if rule in PASSED_ON and use.role is Role.IDENTITY and use.job and self.fills(use):
            yield from self._of_insert(rule, feeds)
        if not use.named:
            yield "star"
        if rule == "grain-dataset":
            texts = self.texts(use)
            if any(map(phrases.merges, texts)):
                yield "merge"
            if texts and all(map(phrases.is_blind_to_copies, texts)):
                yield "blind"
        if rule == Retyping.INCOMPATIBLE.value and self._takes_any_type(use):
            yield "tolerant"

    def rebinds(self, use: Link) -> bool:
        """Whether an outer column of the same name would silently take the place of a column."""
        column = use.source
        if use.named or not isinstance(column, ColumnId):
            return False
        texts = self.texts(use)
        return bool(texts) and all(phrases.names_within(text, column.name) for text in texts)

    def _of_star(self, use: Link) -> Iterator[str]:
        """How a `SELECT *` is taken by position: one column less or more does not fit."""
        texts = self.texts(use)
        inserts = [one for text in texts for one in phrases.inserts(text)] if use.job else []
        if any(one.items is None and one.columns != () for one in inserts):
            yield "positional"
        if any(map(phrases.unites_stars, texts)):
            yield "united"

    def _of_insert(self, rule: str, feeds: Iterable[Link]) -> Iterator[str]:
        targets = [feed.target for feed in feeds if isinstance(feed.target, ColumnId)]
        if rule == "nullable-column":
            if any(is_required(self.graph, target) for target in targets):
                yield "insert_into_required"
            return
        fits = self._fits(targets)
        if fits is False:
            yield "insert_into_narrower"
        if not fits:
            yield "insert"

    def _fits(self, targets: list[ColumnId]) -> bool | None:
        """Whether a value of the new type fits where it is written; None when types are unknown."""
        nodes = self.graph.nodes(targets).values()
        types = [type_ for node in nodes if (type_ := node.value("type"))]
        if not types:
            return None
        return all(fits(self.argument, type_) for type_ in types)

    def _takes_any_type(self, use: Link) -> bool:
        """Whether all statements that say the column put it where any type, or a text, will do."""
        column = use.source
        assert isinstance(column, ColumnId)
        texts = [text for text in self.texts(use) if column.name.lower() in text.lower()]
        if use.role is Role.AGGREGATION:
            harmless = phrases.keeps_type
        elif use.role is Role.TRANSFORMATION:
            harmless = phrases.is_joined_as_text
        elif use.role in _COMPARES and is_text(self.argument):
            harmless = phrases.is_compared_with_text
        else:
            return False
        return bool(texts) and all(harmless(text, column.name) for text in texts)

    def fills(self, use: Link) -> bool:
        """Whether a job fills the columns of a table that is there, and does not make it anew."""
        return any(_FILL.search(text) for text in self.texts(use))

    def is_passed_on(self, rule: str, feed: Link) -> bool:
        """Whether a change of a column is one of the column that it feeds: in a view or a copy."""
        if rule not in PASSED_ON or feed.role is not Role.IDENTITY or not feed.job:
            return False
        return self.graph.is_view(feed.job) or any(map(phrases.creates, self.texts(feed)))

    def texts(self, use: Link) -> list[str]:
        """The masked statements by which a process uses a dataset now; empty when not known.

        An edge keeps one statement as its sample; another may put the same column otherwise.
        """
        queries: Collection[NodeId] = self._statements(_used(use)).get(use.job or use.target, ())
        if not queries and use.sample:
            queries = [use.sample.query]
        nodes = self.graph.nodes(queries).values()
        return [text for node in nodes if (text := node.value("sql"))]

    def prepare(self, uses: Collection[Link]) -> None:
        """Reads in few calls what will be asked of these uses one by one."""
        processes = {use.job or use.target for use in uses}
        runs = self.graph.current(self._runs({_used(use) for use in uses}))
        self.graph.nodes(run.target for run in runs if run.source in processes)

    def _statements(self, dataset: DatasetId) -> Mapping[NodeId, Collection[NodeId]]:
        """By process, the statements that name a dataset and that it runs now."""
        if dataset not in self._running:
            found: dict[NodeId, dict[NodeId, None]] = {}
            for run in self.graph.current(self._runs([dataset])):
                found.setdefault(run.source, {})[run.target] = None
            self._running[dataset] = found
        return self._running[dataset]

    def _runs(self, datasets: Collection[DatasetId]) -> list[Link]:
        """The runs of all statements that name a dataset: of a service those are a few of many."""
        named = self.graph.out(datasets, EdgeType.NAMED_IN)
        return self.graph.into(sorted({link.target for link in named}, key=str), EdgeType.RAN)


def _used(use: Link) -> DatasetId:
    """The dataset of which something is used."""
    assert isinstance(use.source, ColumnId | DatasetId)
    return use.source.dataset if isinstance(use.source, ColumnId) else use.source


def fits(type_: str, target: str) -> bool:
    """Whether every value of a type can be written into a column of another; text takes all."""
    effect = retyping(type_, target)
    return effect in (Retyping.SAME, Retyping.WIDENING) or is_text(target)


def texts_of(graph: Graph, job: NodeId) -> list[str]:
    """The masked statements by which a job is done now, without superseded versions."""
    runs = graph.current(graph.out([job], EdgeType.RAN))
    nodes = graph.nodes(dict.fromkeys(run.target for run in runs))
    return [text for node in nodes.values() if (text := node.value("sql"))]


def is_required(graph: Graph, column: ColumnId) -> bool:
    """Whether DDL that was seen forbids nulls in a column."""
    dataset: DatasetId = column.dataset
    for writing in graph.into([dataset], EdgeType.WRITES):
        if isinstance(writing.source, JobId) and any(
            phrases.creates(text) and phrases.requires(text, column.name)
            for text in texts_of(graph, writing.source)
        ):
            return True
    return False

"""Whether contracts are kept: what they promise against what was seen and what consumers need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from lineage.analyses.breaking.retype import Retyping, retyping
from lineage.analyses.listening.coverage import Coverage, Logs, Window
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.contracts import Contract, PromisedDataset, Service
from lineage.analyses.stewardship.needs import NeededColumn, needs
from lineage.analyses.wording import listed, quantity
from lineage.calendar import day_of
from lineage.model import EdgeType, Node
from lineage.names import ColumnId, DatasetId
from lineage.store import Store

_LATENCY = ("latency", "ly", "freshness")
_FREQUENCY = ("frequency", "fy")
_BY = ("timeofavailability",)
_DAY = 24.0  # hours
_COUNTS = {"rowcount": ("rows_written", "rows"), "nullvalues": ("nulls",)}  # metric → facts
_FAMILIES = ("varchar", "double", "timestamp", "boolean", "binary")
_NOTHING = Node(DatasetId("", ""))


class Kept(StrEnum):
    """What becomes of a promise."""

    BROKEN = "broken"
    UNPROMISED = "unpromised"  # consumers need what the contract does not promise
    UNUSED = "unused"  # promised, and nobody needs it
    UNKNOWN = "cannot tell"
    KEPT = "kept"

    @property
    def violation(self) -> bool:
        """Whether a gate shuts on it."""
        return self in (Kept.BROKEN, Kept.UNPROMISED)


class Clause(msgspec.Struct, frozen=True):
    """One promise, or the need of one. kind: `schema`, `service`, `quality` or `use`.

    column: None when it is about the dataset. promised, seen: in words. teams: whom it touches.
    """

    kept: Kept
    kind: str
    dataset: str
    column: str | None
    promised: str
    seen: str
    teams: tuple[str, ...] = ()


class CheckedContract(msgspec.Struct, frozen=True):
    """A contract and its clauses, the worst first."""

    id: str
    name: str
    version: str
    status: str
    clauses: tuple[Clause, ...]


class ContractCheck(msgspec.Struct, frozen=True):
    """Whether contracts are kept. violations: broken promises, and needs that none covers."""

    verdict: str
    kept: bool
    violations: tuple[Clause, ...]
    contracts: tuple[CheckedContract, ...]
    window: Window
    coverage: Coverage


def check_contracts(
    store: Store, found: Sequence[Contract], as_of: int | None = None, window: int = 90
) -> ContractCheck:
    """Whether these contracts are kept: what they promise, and what consumers need beyond."""
    checked = tuple(_checked(store, one, as_of, window) for one in found)
    violations = tuple(clause for one in checked for clause in one.clauses if clause.kept.violation)
    logs = Logs(store, as_of, window)
    sources = {
        source
        for contract in found
        for one in contract.datasets
        if one.dataset is not None
        for source in logs.sources_of(one.dataset)
    }
    return ContractCheck(
        _verdict(checked, violations),
        not violations,
        violations,
        checked,
        logs.window(sources),
        logs.coverage((), sources, 0, 0),
    )


def _checked(store: Store, contract: Contract, as_of: int | None, window: int) -> CheckedContract:
    clauses: list[Clause] = []
    for one in contract.datasets:
        if one.dataset is None:
            name = one.names[-1] if one.names else "a dataset without a name"
            seen = "nothing in the store is called so"
            clauses.append(Clause(Kept.BROKEN, "schema", name, None, "the dataset", seen))
            continue
        seen_now = _Seen(store, one.dataset, as_of, window)
        clauses += _schema(one, seen_now)
        clauses += _uses(one, seen_now)
        clauses += (_service(service, seen_now) for service in one.services)
        clauses += _quality(one, seen_now)
    clauses.sort(key=lambda one: (list(Kept).index(one.kept), one.dataset, one.column or ""))
    return CheckedContract(
        contract.id, contract.name, contract.version, contract.status, tuple(clauses)
    )


class _Seen:
    """What is known of a dataset on the day that is asked about."""

    def __init__(self, store: Store, dataset: DatasetId, as_of: int | None, window: int) -> None:
        self.dataset = dataset
        self.as_of = Logs(store, as_of, window).as_of
        self.graph = Graph(store, self.as_of)
        self.needs = needs(store, dataset, as_of, window)
        held = self.graph.out([dataset], EdgeType.HAS_COLUMN)
        columns = [link.target for link in held if isinstance(link.target, ColumnId)]
        self.node = self.graph.nodes([dataset])[dataset]
        self.columns = {node.id.name.lower(): node for node in self.graph.nodes(columns).values()}

    def about(self, column: str | None) -> Node:
        """The node of a column, or of the dataset."""
        return self.node if column is None else self.columns.get(column.lower(), _NOTHING)


def _schema(one: PromisedDataset, seen: _Seen) -> Iterator[Clause]:
    """A column that is missing or of another type; not judged where nobody told the columns."""
    for column in one.columns:
        shown = f"{column.name} {column.type}".strip()
        if column.name.lower() in seen.columns:
            type_ = seen.about(column.name).value("type")
            kept = Kept.BROKEN if _differ(type_, column.type) else Kept.KEPT
            what = type_ or "it is there; nobody told its type"
        elif seen.columns:
            kept, what = Kept.BROKEN, "there is no such column"
        else:
            kept, what = Kept.UNKNOWN, "nobody told what columns there are"
        yield Clause(kept, "schema", str(seen.dataset), column.name, shown, what)


def _differ(one: str, other: str) -> bool:
    """Whether two types are of different families, as far as both are known."""
    known = all(
        any(retyping(type_, family) is not Retyping.INCOMPATIBLE for family in _FAMILIES)
        for type_ in (one, other)
    )
    return known and retyping(one, other) is Retyping.INCOMPATIBLE


def _uses(one: PromisedDataset, seen: _Seen) -> Iterator[Clause]:
    """Needs without a promise, and promises without a need."""
    needed = seen.needs
    promised = {column.name.lower() for column in one.columns}
    used = {column.name.lower() for column in needed.columns}
    for column in needed.columns:
        if column.name.lower() not in promised:
            yield Clause(
                Kept.UNPROMISED, "use", needed.dataset, column.name, "nothing", _used(column),
                column.teams,
            )  # fmt: skip
    for name in (column.name for column in one.columns):
        if name.lower() in seen.columns and name.lower() not in used:
            what = "nobody who is alive uses it"
            yield Clause(Kept.UNUSED, "use", needed.dataset, name, "the column", what)


def _used(column: NeededColumn) -> str:
    roles = ", ".join(role.value for role in column.roles)
    return f"{quantity(column.consumers, 'user')}{f' as {roles}' if roles else ''}"


def _service(service: Service, seen: _Seen) -> Clause:
    key, hours = service.property, service.hours
    if hours is None or key not in (*_LATENCY, *_FREQUENCY, *_BY):
        kept, what = Kept.UNKNOWN, "not to be seen in the logs"
    elif key in _LATENCY:
        kept, what = _latency(hours, seen)
    elif key in _FREQUENCY:
        kept, what = _frequency(hours, seen)
    else:
        kept, what = _arrival(hours, seen)
    return Clause(kept, "service", str(seen.dataset), None, f"{key} {service.said}", what)


def _latency(hours: float, seen: _Seen) -> tuple[Kept, str]:
    """By days, as that is what is kept of the writes: a broken one is so for certain."""
    last = seen.needs.last_write
    if seen.needs.view:
        return Kept.UNKNOWN, "a view is as fresh as what it shows"
    if last is None or seen.as_of is None:
        return Kept.UNKNOWN, "no write was seen"
    days = seen.as_of - day_of(last)
    return (Kept.BROKEN if (days - 1) * _DAY >= hours else Kept.KEPT), f"last written on {last}"


def _frequency(hours: float, seen: _Seen) -> tuple[Kept, str]:
    rhythm, period = seen.needs.cadence, seen.needs.period
    if seen.needs.view:
        return Kept.UNKNOWN, "a view is as fresh as what it shows"
    if period is None:
        return Kept.UNKNOWN, "its writes have no rhythm"
    if hours < _DAY:
        return Kept.UNKNOWN, f"written {rhythm}; how often on a day is not kept"
    return (Kept.KEPT if period * _DAY <= hours * 1.5 else Kept.BROKEN), f"written {rhythm}"


def _arrival(hours: float, seen: _Seen) -> tuple[Kept, str]:
    arrival = seen.needs.arrival
    if arrival is None:
        return Kept.UNKNOWN, "when it arrives is not known"
    text = f"usually there by {arrival // 60 % 24:02d}:{arrival % 60:02d} UTC"
    return (Kept.KEPT if arrival <= hours * 60 else Kept.BROKEN), text


def _quality(one: PromisedDataset, seen: _Seen) -> Iterator[Clause]:
    """By the counts and the failed checks that events told of; silence about a rule is no proof."""
    for rule in one.quality:
        node = seen.about(rule.column)
        count = next(filter(None, map(node.value, _COUNTS.get(rule.metric.lower(), ()))), "")
        failed = node.value("failed_checks")
        if count.isdecimal() and (rule.least, rule.most) != (None, None):
            least, most = rule.least, rule.most
            fits = (least is None or int(count) >= least) and (most is None or int(count) <= most)
            kept, what = (Kept.KEPT if fits else Kept.BROKEN), f"{int(count):,}"
        elif failed:
            kept, what = Kept.BROKEN, f"failed: {failed}"
        else:
            ran = seen.node.value("checks")
            what = f"none of {ran} checks failed on it" if ran else "no check was seen"
            kept = Kept.UNKNOWN
        said = f"{rule.metric} {rule.said}".strip()
        yield Clause(kept, "quality", str(seen.dataset), rule.column, said, what)


def _verdict(checked: Sequence[CheckedContract], violations: Sequence[Clause]) -> str:
    if not checked:
        return "There is no contract to check."
    counts = Counter(clause.kept for one in checked for clause in one.clauses)
    said = []
    if counts[Kept.BROKEN]:
        said.append(f"{quantity(counts[Kept.BROKEN], 'promise')} broken")
    if counts[Kept.UNPROMISED]:
        said.append(f"{quantity(counts[Kept.UNPROMISED], 'column')} used without a promise")
    what = quantity(len(checked), "contract")
    text = f"{what}: {listed(said)}" if violations else f"{what} kept, as far as the logs tell"
    rest = [
        f"{counts[Kept.UNUSED]:,} promised and unused" if counts[Kept.UNUSED] else "",
        f"{counts[Kept.UNKNOWN]:,} cannot be judged" if counts[Kept.UNKNOWN] else "",
    ]
    return f"{text}; {listed(list(filter(None, rest)))}." if any(rest) else f"{text}."

"""What the plan makes true of the graph: flows between datasets, and the use of each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from attribution import consumer, node_id
from events import DECLARED_EDGE, EventJob, EventRun
from plan import DIRECT, Catalogue, Reference, Shape
from run import Execution
from schedule import LAST_DAY, period


@dataclass(frozen=True)
class Flow:
    """A job that writes one dataset: what it reads, in which roles, and whether it still runs.

    `view`: the target is a view, so that it breaks together with what it reads. `positional`: a
    column more or less in what it reads makes the statement fail.
    """

    job: str
    reads: tuple[str, ...]
    target: str
    references: tuple[Reference, ...]
    live: bool
    view: bool = False
    positional: bool = False


@dataclass
class Use:
    """How a consumer uses a dataset; only counted reads."""

    kind: str
    days: dict[date, int] = field(default_factory=dict)
    periods: set[int] = field(default_factory=set)
    references: set[Reference] = field(default_factory=set)

    @property
    def reads(self) -> int:
        """How many reads there were."""
        return sum(self.days.values())

    def alive(self, domain: str | None) -> bool:
        """Whether the consumer is still there on the last day, going by its rhythm."""
        rhythm = min((days for days in self.periods if days), default=0)
        patience = max(90, 3 * rhythm)
        if not rhythm and self.reads < 3 and domain == "finance":
            patience = 400
        return (LAST_DAY - max(self.days)).days <= patience


Uses = dict[str, dict[str, Use]]


def uses(executions: Iterable[Execution], principals: Mapping[str, list[str]]) -> Uses:
    """Dataset → consumer → use, of the statements that only read and are counted."""
    found: Uses = defaultdict(dict)
    for execution in executions:
        shape = execution.shape
        if execution.error or not _counted(shape, principals):
            continue
        name, kind = consumer(shape, principals)
        for dataset in shape.reads:
            use = found[dataset].setdefault(name, Use(kind))
            day = execution.at.date()
            use.days[day] = use.days.get(day, 0) + 1
            use.periods.add(period(shape.options))
            use.references |= {ref for ref in shape.references if ref.dataset == dataset}
    return found


def _counted(shape: Shape, principals: Mapping[str, list[str]]) -> bool:
    machine = shape.flag("machine") or shape.options["user"] in principals["system"]
    return shape.target is None and not machine and not shape.flag("ddl")


def flows(
    executions: Iterable[Execution], runs: Iterable[EventRun], catalogue: Catalogue
) -> list[Flow]:
    """Every job that wrote a dataset, through temporary ones to what lies behind them."""
    last: dict[Shape, date] = {}
    for execution in executions:
        if execution.shape.target and not execution.error:
            last[execution.shape] = execution.at.date()
    found = [_sql_flow(shape, day, catalogue) for shape, day in last.items()]
    jobs = {run.job.name: run.job for run in runs if not run.failed}
    found += [_event_flow(job, catalogue) for job in jobs.values()]
    found.append(
        Flow("services:storefront.order-events", DECLARED_EDGE[:1], DECLARED_EDGE[1], (), True)
    )
    temporary = {dataset.id for dataset in catalogue.datasets if dataset.kind == "temporary"}
    return _bridged(found, temporary)


def _sql_flow(shape: Shape, last: date, catalogue: Catalogue) -> Flow:
    target = shape.target or ""
    view = catalogue[target].kind == "view"
    live = view or (LAST_DAY - last).days <= 90
    job = _job_name(shape, target)
    starred = any(not ref.named for ref in shape.references)
    positional = starred and shape.text.lower().startswith("insert")
    reads = tuple(name for name in shape.reads if name != target)
    return Flow(job, reads, target, shape.references, live, view, positional)


def _job_name(shape: Shape, target: str) -> str:
    if shape.options.get("tool") == "dbt":
        return f"dbt:{node_id(shape.options)}"
    name = shape.options.get("application", shape.options["user"])
    return f"{name} → {target}"


def _event_flow(job: EventJob, catalogue: Catalogue) -> Flow:
    references = tuple(ref for ref in job.references if ref.dataset in job.inputs)
    view = catalogue[job.output].kind == "view"
    return Flow(f"{job.integration}:{job.name}", job.inputs, job.output, references, True, view)


def _bridged(found: list[Flow], temporary: set[str]) -> list[Flow]:
    """The flows with each temporary dataset replaced by what it was made from."""
    makers = {flow.target: flow for flow in found if flow.target in temporary}
    return [
        _through(flow, makers) if set(flow.reads) & set(makers) else flow
        for flow in found
        if flow.target not in temporary
    ]


def _through(flow: Flow, makers: Mapping[str, Flow]) -> Flow:
    reads: list[str] = []
    references: list[Reference] = []
    for name in flow.reads:
        reads += makers[name].reads if name in makers else [name]
    for outer in flow.references:
        maker = makers.get(outer.dataset)
        references += _composed(outer, maker) if maker else [outer]
    for maker in makers.values():
        if maker.target in flow.reads:
            references += [ref for ref in maker.references if not ref.targets]
    return Flow(
        flow.job, tuple(dict.fromkeys(reads)), flow.target, tuple(references), flow.live, flow.view
    )


_STRENGTH = ("IDENTITY", "TRANSFORMATION", "AGGREGATION")


def _composed(outer: Reference, maker: Flow) -> list[Reference]:
    """The references behind one to a temporary dataset's column."""
    inner = [ref for ref in maker.references if outer.column in ref.targets]
    if outer.role not in DIRECT:
        return [Reference(ref.dataset, ref.column, outer.role) for ref in inner]
    return [
        Reference(
            ref.dataset, ref.column, max(outer.role, ref.role, key=_STRENGTH.index), outer.targets
        )
        for ref in inner
    ]


def dataset_edges(found: Iterable[Flow]) -> list[tuple[str, str]]:
    """Dataset → dataset through a job; nothing feeds itself."""
    return sorted(
        {(name, flow.target) for flow in found for name in flow.reads if name != flow.target}
    )


def column_edges(found: Iterable[Flow]) -> list[tuple[str, str]]:
    """Column → column, where the value itself travels."""
    return sorted(
        {
            (f"{ref.dataset}.{ref.column}", f"{flow.target}.{target}")
            for flow in found
            for ref in flow.references
            for target in ref.targets
            if ref.dataset != flow.target
        }
    )

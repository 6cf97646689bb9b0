"""The way of a set out of use: in which order, by which statements. Printed, never run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lineage.analyses.proof.certificate import Action
from lineage.analyses.proof.closure import Closure
from lineage.analyses.proof.platforms import platform_of
from lineage.analyses.reach.graph import Graph
from lineage.analyses.wording import listed, quantity
from lineage.model import EdgeType
from lineage.names import DatasetId, JobId, NodeId

_SHOWN = 5  # names in a sentence


def deletion_order(graph: Graph, found: Closure) -> tuple[DatasetId, ...]:
    """The members, so that what is made of another goes before it; of a loop, the first by name."""
    behind: dict[NodeId, set[NodeId]] = {member: set() for member in found.members}
    jobs = [link.target for link in found.flows]
    makes: dict[NodeId, set[NodeId]] = {}
    for link in graph.out(jobs, EdgeType.WRITES):
        makes.setdefault(link.source, set()).add(link.target)
    for read in found.flows:
        behind[read.source] |= makes.get(read.target, set()) - {read.source}
    left, order = sorted(found.members), list[DatasetId]()
    while left:
        free = [one for one in left if behind[one].isdisjoint(left)] or left[:1]
        order += free
        left = [one for one in left if one not in free]
    return tuple(order)


def drop_of(graph: Graph, dataset: DatasetId) -> str:
    """The statement that deletes a dataset, or the command where no SQL does."""
    return _spelled(graph, dataset, platform_of(dataset).drop)


def runbook(
    graph: Graph, order: Sequence[DatasetId], wait: int, as_of: str, until: str
) -> tuple[Action, ...]:
    """The steps out of use.

    wait: days to watch for somebody who still asks. until: the last day the certificate is valid.
    """
    stored = [one for one in order if not graph.is_view(one)]
    copy = f"__archived_{as_of.replace('-', '')}"
    return (
        Action("verify", f"`lineage verify`, on the newest logs; it is valid until {until}."),
        Action("stop", _stop(_writers(graph, order))),
        Action("revoke", "Take the right to read away; give it back to whoever misses it.",
               _all(graph, order, "revoke")),
        Action("wait", f"Wait {quantity(wait, 'day')}, import the logs, and prove it again."),
        Action("archive", "Keep a copy for as long as somebody may ask for it.",
               _all(graph, stored, "archive", copy)),
        Action("drop", f"Drop {quantity(len(order), 'dataset')}, in this order.",
               tuple(drop_of(graph, one) for one in order)),
        Action("rollback", "Undo the drop where the platform can, else rename the archive; make"
               " views again, start the jobs, give the rights back.",
               _all(graph, tuple(reversed(stored)), "undo")),
    )  # fmt: skip


def _writers(graph: Graph, datasets: Iterable[DatasetId]) -> list[JobId]:
    """The jobs that write one of these, views left out."""
    links = graph.current(graph.into(datasets, EdgeType.WRITES))
    jobs = {link.source for link in links if isinstance(link.source, JobId)}
    return sorted(job for job in jobs if not graph.is_view(job))


def _stop(jobs: Sequence[JobId]) -> str:
    names = [job.name for job in jobs[:_SHOWN]]
    more = [f"{len(jobs) - _SHOWN} more"] if len(jobs) > _SHOWN else []
    if not jobs:
        return "Nothing was seen to write it."
    return f"Stop {quantity(len(jobs), 'job')}: {listed([*names, *more])}."


def _all(
    graph: Graph, datasets: Iterable[DatasetId], what: str, suffix: str = ""
) -> tuple[str, ...]:
    """The statement of each platform for each dataset, where it has one."""
    found = ((one, str(getattr(platform_of(one), what))) for one in datasets)
    return tuple(_spelled(graph, one, text, suffix) for one, text in found if text)


def _spelled(graph: Graph, dataset: DatasetId, statement: str, suffix: str = "") -> str:
    kind = "view" if graph.is_view(dataset) else "table"
    if "materialized" in graph.nodes([dataset])[dataset].value("kind").lower():
        kind = "materialized view"
    return platform_of(dataset).spell(statement, dataset, kind, suffix)

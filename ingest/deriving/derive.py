"""Derives the graph from fold cells and the analyses of their templates.

Edges are never written by hand: first import, late catalogue and better analyser all come through
here, so that the graph depends on what was logged and not on when it was imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import NamedTuple

import msgspec

from ingest.attribution import Issuer
from ingest.deriving.additions import NEVER, Additions
from ingest.deriving.analysing import Analysed
from ingest.deriving.drawing import Drawing, Ground
from ingest.deriving.version import analysed_at
from ingest.folding.cells import CellKey, FoldedCell, Template
from ingest.sql import Analysis
from lineage.model import Activity, Sample
from lineage.names import PrincipalId, ProcessId


def derive(
    cells: Iterable[FoldedCell],
    analyses: Mapping[str, Analysed],
    additions: Additions,
    earlier: Iterable[FoldedCell] = (),
) -> None:
    """Adds the nodes and edges that these cells stand for; analyses are by template fingerprint.

    earlier: what is in the graph already of cells whose days decide what they mean.
    """
    impersonal, people = _impersonal(cells)
    by_template: dict[Template, list[FoldedCell]] = {}
    for cell in impersonal:
        by_template.setdefault(cell.key.template, []).append(cell)
    varying = (mine for one, mine in by_template.items() if analyses[one.id.name].varies)
    whole = _whole(chain(*varying, earlier))
    ground = Ground(additions, people, set())
    for template, mine in by_template.items():
        analysed = analyses[template.id.name]
        _describe(additions, template, analysed.latest)
        for part in analysed.parts:
            there = [one for cell in mine if (one := _within(cell, part.days, whole)) is not None]
            ran: set[ProcessId] = set()  # a text of several statements runs once
            for statement in part.analysis.statements if there else ():
                Drawing(ground, template, statement, there, ran).draw()


def _impersonal(
    cells: Iterable[FoldedCell],
) -> tuple[Iterable[FoldedCell], dict[CellKey, set[PrincipalId]]]:
    """The cells whoever looked, and the people of each as their tool names them."""
    found: dict[CellKey, FoldedCell] = {}
    people: dict[CellKey, set[PrincipalId]] = {}
    for cell in cells:
        issuer = cell.key.issuer
        key = cell.key
        if issuer.person:
            bare = msgspec.structs.replace(issuer, person="")
            key = msgspec.structs.replace(key, issuer=bare)
            if key.principal is None or issuer.person != key.principal.name:
                people.setdefault(key, set()).add(_person(issuer))
        known = found.get(key)
        found[key] = FoldedCell(key, *_sum(cell, known)) if known or issuer.person else cell
    return found.values(), people


def _sum(cell: FoldedCell, known: FoldedCell | None) -> tuple[Activity, Sample, Activity]:
    if known is None:
        return cell.activity, cell.sample, cell.clock
    return (
        cell.activity.plus(known.activity),
        max(cell.sample, known.sample),
        cell.clock.plus(known.clock),
    )


def _person(issuer: Issuer) -> PrincipalId:
    name = issuer.person if "@" in issuer.person else f"user/{issuer.person}"
    return PrincipalId(issuer.namespace, name)


class _Whole(NamedTuple):
    """All days of a cell, and its latest run."""

    days: frozenset[int]
    sample: Sample


def _whole(cells: Iterable[FoldedCell]) -> dict[CellKey, _Whole]:
    found: dict[CellKey, _Whole] = {}
    for cell in cells:
        known = found.get(cell.key, _Whole(frozenset(), cell.sample))
        days = known.days.union(cell.activity.days)
        found[cell.key] = _Whole(days, max(known.sample, cell.sample))
    return found


def _within(
    cell: FoldedCell, days: frozenset[int] | None, whole: Mapping[CellKey, _Whole]
) -> FoldedCell | None:
    """What a cell counts on these days; None when it has none of them.

    A cell that had such days before keeps them, with nothing more to count, so that its latest run
    is the sample of all its edges, whichever of its days was imported first. The times of the day,
    which belong to no day, are counted with its last.
    """
    if days is None:
        return cell
    known = whole[cell.key]
    if not days & known.days:
        return None
    counts = zip(cell.activity.days, cell.activity.counts, strict=True)
    activity = Activity.of({day: count for day, count in counts if day in days})
    clock = cell.clock if cell.activity.last in days else NEVER
    return FoldedCell(cell.key, activity, known.sample, clock)


def _describe(additions: Additions, template: Template, analysis: Analysis) -> None:
    """Adds what a template is; only what its text alone decides, never what a catalogue adds."""
    partial = any(statement.parse == "table_only" for statement in analysis.statements)
    context = template.context
    parse = "table_only" if partial else "full"
    additions.node(template.id, analysed_at(), parse=parse)
    additions.node(
        template.id,
        sql=template.sql,
        dialect=template.dialect,
        default_db=context.default_db,
        default_schema=context.default_schema,
        search_path=",".join(context.search_path),
        stated=msgspec.json.encode(template.stated).decode() if template.stated else "",
    )

"""Contracts and whether they are kept, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.escaping import printable
from app.text.parts import footer, more, rows, verdict
from lineage.analyses.stewardship.contracts import Contracts
from lineage.analyses.stewardship.keeping import (
    CheckedContract,
    Clause,
    ContractCheck,
    Kept,
)

_ROWS = 25
_TEAMS = 4


def render_list(answer: Contracts) -> RenderableType:
    """The verdict, and a row a contract with its datasets."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    table = rows("status", "version", "level", "team", "contract")
    for one in answer.contracts[:_ROWS]:
        name = Text(printable(one.name or one.id), style="bold")
        names = [one.id] if one.name else []
        names += [dataset for dataset in one.datasets if dataset != one.id]
        names += [f"{unknown}: nothing in the store is called so" for unknown in one.unknown]
        for line in names:
            name.append(f"\n{printable(line)}", style="not bold dim")
        cells = (one.status, one.version, one.level, one.team or "-")
        table.add_row(*(Text(printable(cell)) for cell in cells), name)
    parts += [table] if answer.contracts else []
    return Group(*parts, *more(len(answer.contracts), _ROWS, "contracts; --format json has all"))


def render_check(answer: ContractCheck) -> RenderableType:
    """The verdict, then for each contract what is not kept, needed or known."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    for one in answer.contracts:
        parts += _contract(one, several=len(answer.contracts) > 1)
    return Group(*parts, footer(answer.window, answer.coverage))


def _contract(one: CheckedContract, *, several: bool) -> list[RenderableType]:
    """A row for each clause that is not simply kept, and for each promise of service."""
    shown = [clause for clause in one.clauses if clause.kept is not Kept.KEPT or _telling(clause)]
    head = printable(f"{one.name or one.id} {one.version}, {one.status}")
    parts: list[RenderableType] = [Text(head, style="bold")] if several else []
    if shown:
        table = rows("", "about", "promised", "seen")
        for clause in shown[:_ROWS]:
            about = clause.column or clause.dataset.rpartition(".")[2]
            seen = Text(printable(clause.seen))
            if clause.teams:
                seen.append(f"\n{printable(_some(clause.teams))}", style="dim")
            cells = (clause.kept, about, clause.promised)
            table.add_row(*(Text(printable(cell)) for cell in cells), seen)
        parts += [table, *more(len(shown), _ROWS, "clauses; --format json has all")]
    kept = sum(clause.kept is Kept.KEPT and not _telling(clause) for clause in one.clauses)
    return [*parts, Text(f"{kept} promised columns are there as promised", style="dim")]


def _telling(clause: Clause) -> bool:
    return clause.kind != "schema"


def _some(names: tuple[str, ...]) -> str:
    rest = f" +{len(names) - _TEAMS} more" if len(names) > _TEAMS else ""
    return ", ".join(names[:_TEAMS]) + rest

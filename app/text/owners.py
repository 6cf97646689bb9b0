"""Who owns what, and whom nobody has named, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.escaping import printable
from app.text.parts import footer, more, rows, verdict
from lineage.analyses.stewardship.claims import Claim
from lineage.analyses.stewardship.owners import Missing, Owners
from lineage.analyses.stewardship.ownership import Proposal, Reason
from lineage.analyses.stewardship.unowned import Unowned
from lineage.analyses.wording import quantity
from lineage.model import Origin

_ROWS = 25
_SHOWN = 4
_PROPOSALS = 2
_REASONS = 3
_WEAK = 0.3  # of a score, from which on it is more than a guess
_BY = {
    Origin.CLAIMED: "claimed", Origin.MANUAL: "a file", Origin.DECLARED: "declared",
    Origin.OPENLINEAGE: "an event", Origin.ENGINE: "the engine", Origin.PARSED: "a statement",
}  # fmt: skip


def render(answer: Owners) -> RenderableType:
    """The verdict, then a row a team: how much it owns, how it is reached."""
    parts: list[RenderableType] = [verdict(answer.verdict)]
    table = rows("datasets>", "jobs>", "consumers>", "members>", "domain", "team")
    for one in answer.owners[:_ROWS]:
        name = Text(one.team, style="bold")
        for line in filter(None, (one.contact, _some(one.datasets))):
            name.append(f"\n{line}", style="not bold dim")
        owned = (one.datasets, one.jobs, one.consumers, one.members)
        table.add_row(*(str(len(found)) for found in owned), one.domain or "-", name)
    if answer.owners:
        parts.append(table)
    parts += more(len(answer.owners), _ROWS, "teams; --format json has all")
    if answer.conflicts:
        table = rows("owner", "by", "others", "dataset")
        for said in answer.conflicts[:_ROWS]:
            others = ", ".join(f"{other.team} ({_BY[other.origin]})" for other in said.others)
            cells = (said.owner.team, _BY[said.owner.origin], others, said.dataset)
            table.add_row(*(Text(printable(cell)) for cell in cells))
        parts += [Text("\nSaid to be of several; the first wins", style="bold"), table]
        parts += more(len(answer.conflicts), _ROWS, "datasets; --format json has all")
    if answer.unowned:
        some = quantity(answer.unowned, "dataset has", "datasets have")
        parts.append(Text(f"\n{some} no owner: lineage owners --missing --propose", style="yellow"))
    return Group(*parts, footer(answer.window, answer.coverage))


def render_missing(answer: Missing) -> RenderableType:
    """The verdict, what nobody owns, then the logins and the consumers without a team."""
    parts: list[RenderableType] = [verdict(answer.verdict), *_unowned(answer.datasets)]
    if answer.missing:
        table = rows("reads>", "days>", "datasets>", "last", "class", "login")
        for one in answer.missing[:_ROWS]:
            table.add_row(f"{one.reads:,}", str(one.days), str(one.datasets), one.last or "-",
                          one.class_, Text(one.principal, style="bold"))  # fmt: skip
        parts += [table, *more(len(answer.missing), _ROWS, "logins; --format json has all")]
    if answer.consumers:
        table = rows("reads>", "days>", "datasets>", "last", "kind", "consumer")
        for use in answer.consumers[:_ROWS]:
            name = Text(use.title or use.consumer, style="bold")
            name.append(f"\n{_some(use.principals)}", style="not bold dim")
            table.add_row(f"{use.reads:,}", str(use.days), str(use.datasets), use.last or "-",
                          use.kind, name)  # fmt: skip
        parts += [Text(""), table]
        parts += more(len(answer.consumers), _ROWS, "consumers; --format json has all")
    if answer.missing or answer.consumers:
        parts.append(Text("\nName them: lineage import --members FILE --consumers FILE", "dim"))
    return Group(*parts, footer(answer.window, answer.coverage))


def render_claim(answer: Claim) -> RenderableType:
    """What holds now."""
    return verdict(printable(answer.verdict))


def _unowned(datasets: Sequence[Unowned]) -> list[RenderableType]:
    """A row a dataset, with the best two proposals and their reasons."""
    if not datasets:
        return []
    table = rows("consumers>", "jobs>", "last read", "dataset")
    for one in datasets[:_ROWS]:
        name = Text(printable(one.dataset), style="bold")
        if one.gone:
            name.append(f"\nof {printable(one.gone)}, which is gone", style="not bold yellow")
        for proposal in one.proposals[:_PROPOSALS]:
            reasons = "; ".join(reason.said for reason in _heaviest(proposal))
            perhaps = "perhaps " if proposal.score < _WEAK else ""
            said = f"\n{perhaps}{proposal.team} ({proposal.score:.2f}): {reasons}"
            name.append(printable(said), style="not bold dim")
        table.add_row(str(one.consumers), str(one.jobs), one.last_read or "-", name)
    return [table, *more(len(datasets), _ROWS, "datasets; --format json has all"), Text("")]


def _heaviest(proposal: Proposal) -> list[Reason]:
    return sorted(proposal.reasons, key=lambda reason: -reason.weight)[:_REASONS]


def _some(names: Sequence[str]) -> str:
    rest = f" +{len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest

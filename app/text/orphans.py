"""Orphans, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from app.text.impact_words import name_in, step_name
from app.text.parts import footer, more, rows, verdict
from lineage.analyses.disuse.cost import bytes_in_words, money
from lineage.analyses.disuse.dead_branches import DeadBranch
from lineage.analyses.disuse.orphan_proof import Proof, Witness
from lineage.analyses.disuse.orphan_trend import FalseAlarms, OrphanTrend
from lineage.analyses.disuse.orphans import Orphan, Orphans, estimate
from lineage.analyses.wording import listed, quantity

_ROWS = 10
_BRANCHES = 5
_STATEMENT = 200  # characters of a statement


def render(answer: Orphans, *, every: bool = False) -> RenderableType:
    """The verdict, the datasets with their evidence, what can go together.

    every: all rows, not only the first.
    """
    parts: list[RenderableType] = [verdict(answer.verdict)]
    parts += [Text(note, style="yellow") for note in answer.notes]
    if said := estimate(answer.bytes, answer.cost, answer.currency):
        parts.append(Text(f"The dead among them: {said}, as estimated."))
    limit = len(answer.datasets) if every else _ROWS
    for one in answer.datasets[:limit]:
        parts += [Text(), *_dataset(one, answer.currency)]
    parts += more(len(answer.datasets), limit, "datasets; --all shows all")
    parts += _branches(answer.branches, every)
    return Group(*parts, footer(answer.window, answer.coverage))


def _dataset(one: Orphan, currency: str | None) -> Iterator[Text]:
    name = Text(name_in(one.dataset), style="bold")
    namespace = one.dataset.removesuffix(f":{name.plain}")
    name.append(f"  {namespace}", style="not bold dim")
    yield name
    yield Text(f"  {', '.join(one.classes)}", style="yellow")
    for sentence in one.evidence:
        yield Text(f"  {sentence}")
    yield Text(f"  {_details(one, currency)}", style="dim")
    if one.proof:
        yield from _proof(one.proof)


def _details(one: Orphan, currency: str | None) -> str:
    said = [
        f"owner {one.owner}" if one.owner else "",
        f"domain {one.domain}" if one.domain else "",
        bytes_in_words(one.bytes) if one.bytes is not None else "",
        f"about {money(one.cost, currency or '')} a month" if one.cost is not None else "",
        f"last read {one.last_read or 'never'}",
        f"last write {one.last_write or 'never'}",
    ]
    return " · ".join(filter(None, said))


def _proof(proof: Proof) -> Iterator[Text]:
    for witness in proof.witnesses:
        yield _witness(witness)
        if witness.statement:
            text = witness.statement[:_STATEMENT]
            yield Text(f"      {text}{'…' if len(witness.statement) > _STATEMENT else ''}", "dim")
    if proof.more:
        yield Text(f"    +{proof.more} more", style="dim")


def _witness(one: Witness) -> Text:
    name = step_name(one.process) if one.kind == "job" else name_in(one.process)
    seen = (
        f"{one.first} to {one.last}, {one.times:,} times, {one.cadence}"
        if one.first
        else "declared"
    )
    text = Text(f"    {one.does}: {name}")
    text.append(f"  {one.kind}, {one.team or 'no known team'}; {seen}", style="dim")
    if one.counts:
        text.append(f"; {one.counts}", style="yellow")
    return text


def _branches(found: Sequence[DeadBranch], every: bool) -> list[RenderableType]:
    several = [one for one in found if len(one.datasets) > 1]
    if not several:
        return []
    parts: list[RenderableType] = [Text(), Text("What can go together", style="bold")]
    limit = len(several) if every else _BRANCHES
    for branch in several[:limit]:
        said = estimate(branch.bytes, branch.cost, branch.currency)
        parts.append(Text(f"  {branch.verdict}{f' {said}.' if said else ''}"))
        parts += [Text(f"    {number}. {step}", style="dim") for number, step in _steps(branch)]
    return parts + more(len(several), limit, "sets; --all shows all")


def _steps(branch: DeadBranch) -> Iterator[tuple[int, str]]:
    for number, step in enumerate(branch.steps, 1):
        drop = f"drop {listed([name_in(name) for name in step.datasets])}"
        stop = f"stop {listed([step_name(job) for job in step.jobs])}, " if step.jobs else ""
        yield number, f"{stop}{drop}"


def render_trend(answer: OrphanTrend) -> RenderableType:
    """The verdict, a row a month, the last month by domain, the false alarms."""
    table = rows("day", "datasets>", "dead>", "cannot tell>", "bytes>", "a month>", "")
    for point in answer.points:
        table.add_row(
            point.day, f"{point.datasets:,}", f"{point.dead:,}", f"{point.cannot_tell:,}",
            bytes_in_words(point.bytes) if point.bytes else "-",
            _price(point.cost, answer.currency), "",
        )  # fmt: skip
    parts: list[RenderableType] = [verdict(answer.verdict), table, Text()]
    places = rows(
        "domain", "datasets>", "dead>", "before>", "cannot tell>", "bytes>", "a month>", ""
    )
    before = {one.domain: one.dead for one in answer.points[0].domains}
    last = sorted(answer.points[-1].domains, key=lambda one: (-one.dead, one.domain or ""))
    for one in last:
        places.add_row(
            Text(one.domain or "no domain"), f"{one.datasets:,}", f"{one.dead:,}",
            f"{before.get(one.domain, 0):,}", f"{one.cannot_tell:,}",
            bytes_in_words(one.bytes) if one.bytes else "-", _price(one.cost, answer.currency), "",
        )  # fmt: skip
    parts += [places, Text(f"\n{_alarms(answer.false_alarms)}")]
    parts.append(Text("Owners, domains and sizes are those of today.", style="dim"))
    return Group(*parts, footer(answer.window, answer.coverage))


def _price(amount: float | None, currency: str | None) -> str:
    return money(amount, currency or "") if amount is not None else "-"


def _alarms(found: FalseAlarms) -> str:
    if found.rate is None:
        return "Nothing was tombstoned yet, so the rate of false alarms is not known."
    back = f"{found.taken_back:,} of {quantity(found.tombstones, 'tombstone')}"
    return f"False alarms: {back} taken back ({found.rate:.0%})."

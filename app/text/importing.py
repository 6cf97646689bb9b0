"""An import, for a terminal: progress while it runs, the funnel when it is done."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import IO

import msgspec
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from app.text.parts import verdict
from ingest.pipeline import Progress as Where
from ingest.planning import Planned
from ingest.report import ImportReport

_EVERY = 5.0  # seconds between two lines where there is no terminal


class Watch:
    """Shows the progress of an import: a bar on a terminal, else a JSON line now and then."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._started = time.monotonic()
        self._said = self._started
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> Watch:
        if self._stream.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(), console=Console(file=self._stream), transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("reading", total=None, rate="")
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, where: Where) -> None:
        """Shows where the import is."""
        now = time.monotonic()
        rate = where.read / max(now - self._started, 0.001)
        if self._bar:
            dead = f", {where.dead:,} not understood" if where.dead else ""
            self._bar.update(
                self._task, description=f"{where.stage} {where.file}",
                completed=where.done or None, total=where.total or None,
                rate=f"{where.read:,} records, {rate:,.0f}/s{dead}",
            )  # fmt: skip
        elif now - self._said >= _EVERY:
            self._said = now
            line = msgspec.json.encode({**msgspec.structs.asdict(where), "rate": round(rate)})
            self._stream.write(line.decode() + "\n")
            self._stream.flush()


def render(report: ImportReport, store: str) -> RenderableType:
    """The funnel: what was read and what became of each record."""
    rate = f" ({report.read / report.seconds:,.0f}/s)" if report.seconds else ""
    headline = f"{report.read:,} records read in {report.seconds:.1f} s{rate}"
    parts: list[RenderableType] = [verdict(headline), _funnel(report), Text("")]
    for source in report.sources:
        files = "1 file" if source.files == 1 else f"{source.files} files"
        namespace = f" → {source.namespace}" if source.namespace else ""
        parts.append(Text(f"{source.source}: {files}, {source.format}{namespace}"))
    for name, days in report.coverage.items():
        parts.append(
            Text(f"{name}: {days['days_logged']} of {days['days_expected']} days logged", "dim")
        )
    parts += [Text(f"warning: {sentence}", style="yellow") for sentence in report.warnings]
    if report.dead_letters:
        parts.append(Text("`lineage dead-letters` shows what was not understood.", style="dim"))
    return Group(*parts, Text(f"store: {store}", style="dim"))


def _funnel(report: ImportReport) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(style="dim")
    kinds = f"{report.templates:,} different"
    if report.partial:
        kinds += f", {report.partial:,} understood only in their tables"
    if report.enriched:
        kinds += f"; {report.enriched:,} records told more of one that was counted"
    table.add_row("imported", f"{report.imported:,}", kinds)
    table.add_row("duplicate", f"{report.duplicate:,}", "counted before")
    ignored, dead = report.ignored, report.dead_letters
    table.add_row("ignored", f"{sum(ignored.values()):,}", _reasons(ignored))
    style = "red" if dead else ""
    table.add_row("not understood", f"{sum(dead.values()):,}", _reasons(dead), style=style)
    return table


def _reasons(counts: dict[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in ranked)


def render_plan(planned: Sequence[Planned], skipped: Sequence[str]) -> RenderableType:
    """A paragraph a file: as what it would be read, and why."""
    parts: list[RenderableType] = []
    for one in planned:
        line = Text(one.input.name, style="bold")
        line.append(f"  {one.detection.name}: {one.detection.why}", style="not bold")
        parts.append(line)
        if one.detection.kind == "queries":
            source = one.source
            parts.append(Text(f"    source {source.name}, {source.namespace}, "
                              f"dialect {source.dialect or 'ANSI'}", style="dim"))  # fmt: skip
            parts += [Text(f"    {sentence}", style="yellow") for sentence in source.assumed]
    parts += [Text(sentence, style="yellow") for sentence in skipped]
    return Group(*parts)

"""An import, for a terminal: progress while it runs, the funnel when it is done."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType, TracebackType
from typing import IO

import msgspec
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from app.text.eta import Eta
from app.text.parts import verdict
from ingest.pipeline import Progress as Where
from ingest.planning import Planned
from ingest.report import ImportReport

Handler = Callable[[int, FrameType | None], object] | int | None

_INTERRUPTED = 130  # the exit code of what Ctrl-C has ended
_SHOW_CURSOR = b"\x1b[?25h"
_GAPS = 5  # that are named
_EVERY = 5.0  # seconds between two lines where there is no terminal


class Watch:
    """Shows the progress of an import: a bar on a terminal, else a JSON line now and then.

    clock: seconds, of any beginning. store: the URL of where it goes.
    """

    def __init__(
        self, stream: IO[str], clock: Callable[[], float] = time.monotonic, store: str = "sqlite:"
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._started = clock()
        self._eta = Eta(self._started, server=not store.startswith("sqlite:"))
        self._where: Where | None = None
        self._said = self._started
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._asked_to_stop = False
        self._before: Handler = None

    def __enter__(self) -> Watch:
        self._before = signal.signal(signal.SIGINT, self._stop)
        if self._stream.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]}"),
                console=Console(file=self._stream), transient=True,
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
        signal.signal(signal.SIGINT, self._before)
        if self._bar:
            self._bar.stop()
        if kind is KeyboardInterrupt and self._where:
            self._stream.write(_left(self._where))

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        """Asked once, it ends between two steps: an exception in a finaliser would be lost.

        Asked again, nothing is waited for: to interrupt the end of other processes may block it.
        """
        # Not through the stream: it may be what was interrupted, and is not re-entrant.
        say = partial(os.write, sys.stderr.fileno())
        if self._asked_to_stop:
            say((_SHOW_CURSOR if self._bar else b"") + b"\nstopped; run the same command again\n")
            os._exit(_INTERRUPTED)
        self._asked_to_stop = True
        say(b"stopping after this step; Ctrl-C again stops at once\n")

    def show(self, where: Where) -> None:
        """Shows where the import is.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed, and nothing is about to be written.
        """
        if self._asked_to_stop and where.stage != "writing":
            raise KeyboardInterrupt
        now = self._clock()
        self._where = where
        self._eta.see(where.stage, where.done, now, where.read - where.stored, where.cells)
        left = self._eta.left(where.total)
        rate = where.read / max(now - self._started, 0.001)
        if self._bar:
            facts = [f"{where.read:,} records, {rate:,.0f}/s"] if where.read else []
            facts += [f"{where.dead:,} not understood"] if where.dead else []
            facts += [f"{_duration(left)} left"] if left is not None else []
            self._bar.update(
                self._task, description=f"{where.stage} {where.file}",
                completed=where.done or None, total=where.total or None, rate=", ".join(facts),
            )  # fmt: skip
        elif now - self._said >= _EVERY:
            self._said = now
            more = {"rate": round(rate), "eta_seconds": None if left is None else round(left)}
            line = msgspec.json.encode({**msgspec.structs.asdict(where), **more})
            self._stream.write(line.decode() + "\n")
            self._stream.flush()


def _left(where: Where) -> str:
    """What an import that was stopped has done."""
    if not where.stored:
        return "nothing of it is in the store yet\n"
    return (
        f"{where.stored:,} of the {where.read:,} records read are in the store, the rest was"
        " dropped: a rerun counts each of them once\n"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
        if minutes >= 60
        else f"{minutes}:{rest:02d}"
    )


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
        if name in report.gaps:
            parts.append(Text(f"  no log of {_some(report.gaps[name])}", "yellow"))
    for one in report.next:
        parts.append(Text(f"{one.source} ({one.format}) is read up to {one.watermark}; next:"))
        parts.append(Text(f"  {one.export}", "dim"))
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
    if report.revived:
        kinds += f", {report.revived:,} of them dead letters before"
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


def _some(ranges: Sequence[str]) -> str:
    more = f" and {len(ranges) - _GAPS} more" if len(ranges) > _GAPS else ""
    return ", ".join(ranges[:_GAPS]) + more


def render_replay(before: int, after: int) -> RenderableType:
    """How many records were not understood before, and how many of them still are not."""
    if not before:
        return verdict("Every record was understood before.")
    now = f"{before - after:,} of {before:,}"
    return verdict(f"{now} records that were not understood are understood now.")


def render_plan(planned: Sequence[Planned], would: ImportReport, store: str) -> RenderableType:
    """What the import would change; then how it would read the files, and why."""
    counted = f"{would.imported:,} of {would.read:,} records"
    parts: list[RenderableType] = [
        verdict(f"The import would count {counted}; nothing was written."), _funnel(would)
    ]  # fmt: skip
    new = ", ".join(f"{count:,} {label}" for label, count in would.new.items())
    parts.append(Text(f"new in the graph: {new or 'nothing'}\n"))
    alike: dict[tuple[str, str, str], list[Planned]] = {}
    for one in planned:
        how = (one.detection.name, one.detection.why, one.source.name)
        alike.setdefault(how, []).append(one)
    for files in alike.values():
        parts += _read_as(files)
    parts += [Text(f"warning: {sentence}", style="yellow") for sentence in would.warnings]
    return Group(*parts, Text(f"store: {store}", style="dim"))


def _read_as(files: Sequence[Planned]) -> list[RenderableType]:
    """As what files that are alike would be read."""
    one = files[0]
    more = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
    line = Text(one.input.name + more, style="bold")
    line.append(f"  {one.detection.name}: {one.detection.why}", style="not bold")
    if one.detection.kind != "queries":
        return [line]
    source = one.source
    dialect = f"dialect {source.dialect or 'ANSI'}"
    where = Text(f"    source {source.name}, {source.namespace}, {dialect}", style="dim")
    return [line, where, *(Text(f"    {sentence}", style="yellow") for sentence in source.assumed)]

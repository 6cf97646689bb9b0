"""How use grows or fades: the last days of the logs against as many days before."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from lineage.analyses.listening.coverage import Logs
from lineage.analyses.use.importance import rhythm_of
from lineage.calendar import iso_day
from lineage.model import Activity
from lineage.names import JobId, ProcessId


class Span(msgspec.Struct, frozen=True):
    """What was read from `first` to `last`, ISO dates; `days_logged` of its days have a log."""

    first: str
    last: str
    days_logged: int
    reads: int
    consumers: int
    jobs: int


class Trend(msgspec.Struct, frozen=True):
    """Two spans of equal length, and who came and went between them.

    change: of the reads per logged day, 0.25 for a quarter more; None when nothing was read before.
    new: first read ever in the later span. gone: read in the earlier one only, and the rhythm
    expects no more of them.
    """

    now: Span
    before: Span
    change: float | None
    new: tuple[str, ...]
    gone: tuple[str, ...]


def trend(
    seen: Mapping[ProcessId, Activity],
    logs: Logs,
    sources: Collection[str],
    window: int,
    stopped: Collection[ProcessId] = (),
) -> Trend | None:
    """The trend of these reads over a window and the one before; None when there is no log of it.

    Where the logs do not reach back two windows, the spans are half of what they reach. stopped:
    jobs whose newest version reads it no more; they are gone whatever their rhythm.
    """
    logged = {day for source in sources for day in logs.logged[source].days}
    if logs.as_of is None or not logged:
        return None
    as_of = logs.as_of
    # Before the youngest source was logged, there was less to hear.
    start = max(logs.logged[source].days[0] for source in sources)
    length = min(window, (as_of - start + 1) // 2)
    if length < 1:
        return None
    start = as_of - length + 1
    now = _span(seen, logged, start, as_of)
    before = _span(seen, logged, start - length, start - 1)
    return Trend(
        now,
        before,
        _change(now, before),
        tuple(sorted(str(one) for one, how in seen.items() if (how.first or 0) >= start)),
        tuple(
            sorted(
                str(one)
                for one, how in seen.items()
                if how.last is not None
                and start - length <= how.last < start
                and (one in stopped or not _expected(how, as_of))
            )
        ),
    )


def _span(
    seen: Mapping[ProcessId, Activity], logged: Collection[int], first: int, last: int
) -> Span:
    counts = {process: activity.between(first, last).total for process, activity in seen.items()}
    reading = [process for process, count in counts.items() if count]
    jobs = sum(isinstance(process, JobId) for process in reading)
    days = sum(first <= day <= last for day in logged)
    reads = sum(counts.values())
    return Span(iso_day(first), iso_day(last), days, reads, len(reading) - jobs, jobs)


def _change(now: Span, before: Span) -> float | None:
    """By logged day, so that a hole in the logs does not look like less use."""
    if not before.reads or not now.days_logged:
        return None
    return round(now.reads / now.days_logged * before.days_logged / before.reads - 1, 3)


def _expected(activity: Activity, as_of: int) -> bool:
    due = rhythm_of(activity, as_of).next
    return due is not None and due > as_of

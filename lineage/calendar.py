"""Days as the graph keeps them, and what a series of active days says: rhythm, life, weight.

A day is the number of days since 1970-01-01, UTC. Every judgement is made on a calendar and not
on gaps alone, so that a quarterly reader is not taken for dead after ninety quiet days.
"""

from __future__ import annotations

import datetime as dt
import math
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import median

import msgspec

from lineage.errors import InvalidName
from lineage.model import Activity

HALF_LIFE = 30  # days after which a read weighs half
QUIET = 90  # days without a read that anybody may have
QUIET_SEASONAL = 400  # the same for what is marked seasonal and was seen too rarely to judge
_EPOCH = dt.date(1970, 1, 1).toordinal()
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FITS = 0.8  # share of the steps from one active day to the next that a rhythm must explain


class Quiet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a read may be away before nobody expects it any more.

    days: that anybody may have. periods: of its rhythm. seasonal: days of what is marked seasonal
    and was seen too rarely to have a rhythm.
    """

    days: int = QUIET
    periods: float = 3.0
    seasonal: int = QUIET_SEASONAL


QUIET_TIMES = Quiet()


def iso_day(day: int) -> str:
    """The ISO date of a day."""
    return dt.date.fromordinal(day + _EPOCH).isoformat()


def iso_or_none(day: int | None) -> str | None:
    """The ISO date of a day, or None."""
    return None if day is None else iso_day(day)


def day_of(text: str) -> int:
    """The day of an ISO date, or of the date part of an ISO time.

    Raises:
        InvalidName: it is no ISO date.
    """
    try:
        return dt.date.fromisoformat(text[:10]).toordinal() - _EPOCH
    except ValueError as error:
        raise InvalidName(f"{text!r} is not a date; write it as 2026-10-31") from error


def weekday(day: int) -> int:
    """The weekday of a day: 0 is Monday."""
    return (day + 3) % 7


class Cadence(msgspec.Struct, frozen=True):
    """The rhythm of a series of active days.

    kind: `daily`, `business-daily`, weekdays such as `Mon Thu`, `weekly`, `monthly`, `quarterly`,
    `every 10 days`, else `sporadic`.
    period: days from one to the next on average. next: the day the next one is expected.
    Both are None when sporadic.
    """

    kind: str
    period: float | None = None
    next: int | None = None

    def expects_by(self, as_of: int) -> bool:
        """Whether the rhythm is regular and the next day less than 1.5 periods overdue."""
        if self.period is None or self.next is None:
            return False
        return as_of - self.next < 1.5 * self.period


SPORADIC = Cadence("sporadic")


class _Rhythm(msgspec.Struct, frozen=True):
    kind: str
    period: float
    after: Callable[[int], int]
    slack: int = 0

    def explains(self, days: Sequence[int]) -> float:
        """The share of the steps from one active day to the next that go where it says."""
        hits = sum(abs(self.after(one) - other) <= self.slack for one, other in pairwise(days))
        return hits / (len(days) - 1)

    def continued(self, last: int) -> Cadence:
        return Cadence(self.kind, round(self.period, 2), self.after(last))


def cadence(activity: Activity, as_of: int | None = None) -> Cadence:
    """The rhythm of the active days up to `as_of`, over the longest history held."""
    days = [day for day in activity.days if as_of is None or day <= as_of]
    if len(days) < 3:
        return SPORADIC
    return (
        _best(days, (_DAILY, *_weekly(days)))
        or _best(_starts(days), (_MONTHLY, _QUARTERLY))
        or _steady(days)
    )


def _best(days: Sequence[int], rhythms: Sequence[_Rhythm]) -> Cadence | None:
    if len(days) < 3:
        return None
    best = max(rhythms, key=lambda rhythm: rhythm.explains(days))
    return best.continued(days[-1]) if best.explains(days) >= _FITS else None


def _later(months: int) -> Callable[[int], int]:
    def after(day: int) -> int:
        date = dt.date.fromordinal(day + _EPOCH)
        month = date.month - 1 + months
        year, month = date.year + month // 12, month % 12 + 1
        last = monthrange(year, month)[1]
        return dt.date(year, month, min(date.day, last)).toordinal() - _EPOCH

    return after


_DAILY = _Rhythm("daily", 1, lambda day: day + 1)
_MONTHLY = _Rhythm("monthly", 30.4, _later(1), slack=3)
_QUARTERLY = _Rhythm("quarterly", 91.3, _later(3), slack=7)


def _weekly(days: Sequence[int]) -> list[_Rhythm]:
    """The set of weekdays that were active in most weeks, when two weeks or more were seen."""
    weeks = (days[-1] - days[0]) / 7
    counts = Counter(map(weekday, days))
    chosen = frozenset(day for day, count in counts.items() if count > weeks / 2)
    if weeks < 1.5 or not chosen:
        return []
    return [_Rhythm(_weekday_kind(chosen), 7 / len(chosen), lambda day: _next_of(day, chosen))]


def _weekday_kind(chosen: frozenset[int]) -> str:
    if len(chosen) == 1:
        return "weekly"
    if chosen == frozenset(range(5)):
        return "business-daily"
    return "daily" if len(chosen) == 7 else " ".join(_WEEKDAYS[day] for day in sorted(chosen))


def _next_of(day: int, chosen: frozenset[int]) -> int:
    return next(later for later in range(day + 1, day + 8) if weekday(later) in chosen)


def _starts(days: Sequence[int]) -> list[int]:
    """The first day of each burst: closing a month takes some days, and is one event."""
    return [days[0], *(other for one, other in pairwise(days) if other - one > 7)]


def _steady(days: Sequence[int]) -> Cadence:
    """Every p days when the gaps vary little (coefficient of variation below 0.35)."""
    gaps = [other - one for one, other in pairwise(days)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    if len(gaps) < 3 or spread / mean >= 0.35:
        return SPORADIC
    period = round(median(gaps))
    return Cadence(f"every {period} days", period, days[-1] + period)


def alive(
    activity: Activity,
    as_of: int,
    *,
    seasonal: bool = False,
    rhythm: Cadence | None = None,
    times: Quiet = QUIET_TIMES,
) -> bool:
    """Whether the next read may still come: the last is within max(90 days, 3 periods).

    What is marked seasonal and was seen on fewer than three days without a rhythm has 400 days.
    """
    if activity.last is None:
        return False
    quiet = as_of - activity.last
    if quiet <= times.days:
        return True
    return quiet <= patience(activity, as_of, seasonal=seasonal, rhythm=rhythm, times=times)


def patience(
    activity: Activity,
    as_of: int,
    *,
    seasonal: bool = False,
    rhythm: Cadence | None = None,
    times: Quiet = QUIET_TIMES,
) -> int:
    """For how many days after the last one the next is still waited for."""
    rhythm = rhythm or cadence(activity, as_of)
    if rhythm.period is not None:
        return max(times.days, int(times.periods * rhythm.period))
    rare = seasonal and len(activity.days) < 3
    return max(times.days, times.seasonal) if rare else times.days


def usage(activity: Activity, as_of: int) -> float:
    """How much an activity weighs: each active day once, halved every 30 days of age."""
    return sum([_weight(as_of - day) for day in activity.days if day <= as_of], 0.0)


@lru_cache(maxsize=4096)
def _weight(age: int) -> float:
    return math.exp2(-age / HALF_LIFE)

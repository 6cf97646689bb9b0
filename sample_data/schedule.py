"""When a statement runs: the words of a schedule turned into moments in UTC."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

LAST_DAY = date(2026, 10, 31)
FIRST_DAY = {
    "postgres": date(2026, 7, 14),
    "lake": date(2026, 7, 1),
    "warehouse": date(2026, 5, 1),
    "finance": date(2025, 8, 1),
    "openlineage": date(2026, 7, 1),
}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PERIODS = {"daily": 1, "business": 1, "weekly": 7, "monthly": 31, "monthend": 31, "quarterly": 92}


def period(options: Mapping[str, str]) -> int:
    """Days between two runs of a schedule; 0 when it has no rhythm."""
    words = options["at"].split()
    if words[0] == "weekly":
        return 7 // (words[1].count(",") + 1)
    return 1 if "/" in words[0] else _PERIODS.get(words[0], 0)


def moments(options: Mapping[str, str], source: str, stream: random.Random) -> list[datetime]:
    """Every run of a schedule between the first and the last day of its log, in order.

    Words: `daily 07:30`, `business 07:30`, `weekly mon,thu 07:30`, `monthly 3 07:30`,
    `monthend 07:30`, `quarterly 22 07:30`, `once 2026-09-01 07:30`,
    `on 2026-09-01,2026-09-09 07:30`, `4/day`, `2/business`, `sporadic 12` (that many in all).
    """
    first = date.fromisoformat(options.get("from", FIRST_DAY[source].isoformat()))
    last = date.fromisoformat(options.get("until", LAST_DAY.isoformat()))
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    kind, *rest = options["at"].split()
    if kind == "sporadic":
        office = [day for day in days if day.weekday() < 5]
        return sorted(_office_hour(stream.choice(office), stream) for _ in range(int(rest[0])))
    if "/" in kind:
        count, unit = kind.split("/")
        chosen = [day for day in days if unit == "day" or day.weekday() < 5]
        return sorted(_any_hour(day, stream) for day in chosen for _ in range(int(count)))
    hour = time.fromisoformat(rest[-1])
    return [_jittered(day, hour, stream) for day in days if _due(day, kind, rest)]


def _due(day: date, kind: str, rest: list[str]) -> bool:
    match kind:
        case "daily":
            return True
        case "business":
            return day.weekday() < 5
        case "weekly":
            return _WEEKDAYS[day.weekday()] in rest[0].split(",")
        case "monthly":
            return day.day == int(rest[0])
        case "monthend":
            return (day + timedelta(1)).day == 1
        case "quarterly":
            return day.day == int(rest[0]) and day.month % 3 == 1
        case "on" | "once":
            return day.isoformat() in rest[0].split(",")
    raise ValueError(f"unknown schedule {kind}")


def _jittered(day: date, hour: time, stream: random.Random) -> datetime:
    shift = timedelta(seconds=stream.randrange(20), milliseconds=stream.randrange(1000))
    return datetime.combine(day, hour, UTC) + shift


def _office_hour(day: date, stream: random.Random) -> datetime:
    return _at_second(day, stream.randrange(7 * 3600, 17 * 3600), stream)


def _any_hour(day: date, stream: random.Random) -> datetime:
    return _at_second(day, stream.randrange(5 * 3600, 23 * 3600 + 3500), stream)


def _at_second(day: date, second: int, stream: random.Random) -> datetime:
    midnight = datetime.combine(day, time(), UTC)
    return midnight + timedelta(seconds=second, milliseconds=stream.randrange(1000))

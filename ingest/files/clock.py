"""Time stamps as logs write them, to microseconds since 1970-01-01 UTC."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from lineage.errors import UnreadableInput

NO_TIME = -1  # the start of a statement whose log tells no time

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_NAIVE = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - stands for UTC in a subtraction
_MICROSECOND = dt.timedelta(microseconds=1)
_NUMBER = re.compile(r"[0-9]{9,20}(?:\.[0-9]+)?")
_AMBIGUOUS = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:[0-9]{4}|[0-9]{2})\b")
_NAMED_ZONE = re.compile(r"(.*[0-9])\s*([A-Za-z][A-Za-z_/+-]*(?:[0-9]+)?)$")
_SHORT_OFFSET = re.compile(r"[+-][0-9]{1,2}$")
# A minute, its seconds with their fraction, and the zone.
USUAL = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:)([0-5][0-9](?:\.[0-9]+)?)(.*)"
)
# 02-JAN-26 03.04.05.250000000 AM: how Oracle writes a date unless told otherwise.
_MONTH_NAMED = re.compile(
    r"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4}|[0-9]{2})"
    r"(?: ([0-9]{1,2})[.:]([0-9]{2})[.:]([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(?: ([AaPp])[Mm])?(.*)"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MINUTES = 4096
_ENDS = (dt.time(0), dt.time(23))  # of a day
_UTC_NAMES = frozenset({"UTC", "GMT", "Z", "UCT", "ZULU"})


class UnreadableTime(ValueError):
    """A time stamp that cannot be read; the message says why and what to do."""


class Clock:
    """Reads the time stamps of one source.

    Args:
        timezone: the IANA zone of stamps that carry none; empty means UTC.

    Raises:
        UnreadableInput: there is no such zone.
    """

    def __init__(self, timezone: str = "") -> None:
        self._zone = zone(timezone) if timezone else None
        self._assumed_utc = False
        self._refused = ""
        self._minutes: dict[tuple[str, str], int] = {}

    def micros(self, stamp: str) -> int:
        """Microseconds since 1970-01-01 UTC of a stamp.

        ISO 8601 in its usual spellings, with or without zone, or an epoch number of seconds to
        nanoseconds, told apart by size.

        Raises:
            UnreadableTime: neither; day and month cannot be told apart; the zone is not known.
        """
        usual = USUAL.fullmatch(stamp)
        if not usual:
            return self._remembered(stamp.strip())
        minute, seconds, zone_ = usual.groups()
        start = self._minutes.get((minute, zone_))
        if start is None:
            start = self._minute(minute, zone_.strip())
            if len(self._minutes) >= _MINUTES:
                self._minutes.clear()
            self._minutes[minute, zone_] = start
        return start + int(float(seconds) * 1_000_000 + 0.5)

    def _remembered(self, stamp: str) -> int:
        try:
            return self._unusual(stamp)
        except UnreadableTime as error:
            self._refused = self._refused or str(error)
            raise

    def _minute(self, minute: str, zone_: str) -> int:
        stamp = f"{minute}00{zone_}"
        try:
            moment = dt.datetime.fromisoformat(stamp)
        except ValueError:
            return self._remembered(stamp)
        return self._local(moment) if moment.tzinfo is None else (moment - _EPOCH) // _MICROSECOND

    def tell(self, notice: Callable[[str], None]) -> None:
        """Says that a stamp was read as UTC because nobody said its zone, and what was refused."""
        if self._assumed_utc:
            notice("times without a zone were read as UTC: say --timezone")
        if self._refused:
            notice(self._refused)

    def _local(self, moment: dt.datetime) -> int:
        if self._zone is None:
            self._assumed_utc = True
            return (moment - _EPOCH_NAIVE) // _MICROSECOND
        return (moment.replace(tzinfo=self._zone) - _EPOCH) // _MICROSECOND

    def _unusual(self, stamp: str) -> int:
        if _NUMBER.fullmatch(stamp):
            return epoch_micros(stamp)
        month = _MONTH_NAMED.fullmatch(stamp)
        if month:
            return self.micros(_iso_of(month))
        named = _NAMED_ZONE.fullmatch(stamp)
        if named:
            return self._named(named.group(1), named.group(2), stamp)
        if _SHORT_OFFSET.search(stamp):  # `+00`, `-3`: PostgreSQL, DuckDB
            sign = max(stamp.rfind("+"), stamp.rfind("-"))
            return self._iso(f"{stamp[: sign + 1]}{stamp[sign + 1 :]:0>2}:00", stamp)
        return self._iso(stamp, stamp)

    def _iso(self, stamp: str, said: str) -> int:
        stamp = re.sub(r"^([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})", r"\1-\2-\3", stamp)
        # a day or an hour without its zero: 2026-1-2 3:04
        stamp = re.sub(r"(?<![0-9.])([0-9])(?=[-: T])", r"0\1", stamp)
        try:
            moment = dt.datetime.fromisoformat(re.sub(r"\s+([+-])", r"\1", stamp))
        except ValueError:
            raise UnreadableTime(_why(said)) from None
        if moment.tzinfo is None:
            return self._local(moment)
        return (moment - _EPOCH) // _MICROSECOND

    def _named(self, stamp: str, name: str, said: str) -> int:
        if name.upper() in _UTC_NAMES:
            return self._iso(f"{stamp}+00:00", said)
        try:
            place = ZoneInfo(name) if "/" in name else self._zone
        except (ZoneInfoNotFoundError, ValueError):
            place = None
        try:
            moment = dt.datetime.fromisoformat(stamp)
        except ValueError:
            raise UnreadableTime(_why(said)) from None
        # The abbreviation tells the two runs of the hour apart that the end of summer time repeats.
        for fold in (0, 1) if place else ():
            local = moment.replace(tzinfo=place, fold=fold)
            if "/" in name or local.tzname() == name:
                return (local - _EPOCH) // _MICROSECOND
        meant = _meant(name, moment.date()) or place
        if meant is None:
            raise UnreadableTime(f"zone {name!r} of {said!r} is ambiguous: say --timezone")
        return (moment.replace(tzinfo=meant) - _EPOCH) // _MICROSECOND


class Ordinals:
    """Tells statements apart that a log of whole seconds gives the same time."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[int, int]] = {}

    def next(self, session: str, start: int) -> int:
        """The place of a statement among those of its session with the same start, from 0."""
        before, ordinal = self._latest.get(session, (NO_TIME, -1))
        ordinal = ordinal + 1 if before == start else 0
        self._latest[session] = (start, ordinal)
        return ordinal


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name.

    Raises:
        UnreadableInput: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnreadableInput(
            f"unknown time zone {name!r}: use an IANA name such as UTC or Europe/Berlin"
        ) from None


@lru_cache(maxsize=1024)
def _meant(name: str, day: dt.date) -> dt.timezone | None:
    """The one offset that an abbreviation stands for on a day, wherever it is used; else None.

    CET and EDT are the same everywhere; IST is not, nor is CST.
    """
    moments = (dt.datetime.combine(day, time, zone) for zone in _zones() for time in _ENDS)
    offsets = {moment.utcoffset() for moment in moments if moment.tzname() == name}
    only = offsets.pop() if len(offsets) == 1 else None
    return dt.timezone(only) if only is not None else None


@lru_cache(maxsize=1)
def _zones() -> tuple[ZoneInfo, ...]:
    return tuple(ZoneInfo(name) for name in sorted(available_timezones()) if "/" in name)


def epoch_micros(number: str) -> int:
    """Microseconds of an epoch number in seconds, milliseconds, microseconds or nanoseconds.

    The number of digits before the point decides: ten or fewer are seconds (until the year 2286).
    """
    whole, _, fraction = number.partition(".")
    digits = len(whole)
    power = 6 if digits <= 10 else 3 if digits <= 13 else 0 if digits <= 16 else -3
    if power < 0:
        return int(whole) // 1000
    return int(whole + (fraction + "0" * power)[:power])


def _iso_of(found: re.Match[str]) -> str:
    """The stamp with its parts in the order of ISO 8601.

    Raises:
        UnreadableTime: there is no such month or hour.
    """
    day, name, year, hour, minute, second, fraction, half, zone_ = found.groups(default="")
    if name.lower() not in _MONTHS:
        raise UnreadableTime(_why(found.group()))
    month = _MONTHS.index(name.lower()) + 1
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + 12 * (half.lower() == "p")
    date = f"{year if len(year) == 4 else 2000 + int(year)}-{month:02d}-{int(day):02d}"
    time = f"{hours:02d}:{minute or '00'}:{second or '00'}.{(fraction or '0')[:6]}"
    return f"{date} {time}{zone_}"


def _why(stamp: str) -> str:
    if _AMBIGUOUS.match(stamp):
        return (
            f"day and month of {stamp!r} cannot be told apart: "
            "export times as ISO 8601, for example 2026-01-02T03:04:05Z"
        )
    return f"time {stamp!r} is neither ISO 8601 nor epoch"

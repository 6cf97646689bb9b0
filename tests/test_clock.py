"""Time stamps as logs write them."""

from __future__ import annotations

import re

import pytest

from ingest.files.clock import Clock, UnreadableTime

MOMENT = 1_767_323_045_250_000  # 2026-01-02 03:04:05.25 UTC


@pytest.mark.parametrize(
    "stamp",
    [
        *("2026-01-02T03:04:05.25Z", "2026-01-02 03:04:05.250 UTC", "2026-01-02 03:04:05.250000"),
        *("2026-01-01 19:04:05.250 -0800", "2026-01-02T08:34:05.25+05:30", "1767323045.25"),
        *("1767323045250", "1767323045250000", "1767323045250000000", "2026/1/2 3:04:05.25"),
        *("2026-01-02 03:04:05.25+00", "2026-01-02 04:04:05.25 Europe/Berlin"),
        *("20260102T030405.25Z", "2026-01-02 03:04:05,250"),
        *("02-JAN-26 03.04.05.250000000 AM", "02-Jan-2026 03:04:05.25"),
    ],
)
def test_times(stamp: str) -> None:
    """One moment in the spellings that logs have."""
    assert Clock().micros(stamp) == MOMENT


def test_times_without_zone_are_those_of_the_source() -> None:
    """Summer and winter; the hour that comes twice is told by its abbreviation."""
    clock = Clock("Europe/Berlin")
    assert clock.micros("2026-01-02 04:04:05.25") == MOMENT
    assert clock.micros("2026-01-02 04:04:05.25 CET") == MOMENT
    twice = [clock.micros(f"2026-10-25 02:30:00 {zone}") for zone in ("CEST", "CET")]
    assert twice[1] - twice[0] == 3_600_000_000
    heard: list[str] = []
    clock.tell(heard.append)
    assert heard == []


def test_abbreviations_that_mean_one_offset_need_no_word() -> None:
    """CEST is the same everywhere, and it is not UTC because a format's times usually are."""
    for clock in (Clock(), Clock("UTC")):
        assert clock.micros("2026-01-02 04:04:05.25 CET") == MOMENT
        assert clock.micros("2026-01-01 22:04:05.25 EST") == MOMENT
        assert clock.micros("2026-07-02 05:00:00 CEST") == clock.micros("2026-07-02T03:00:00Z")
    assert Clock("Asia/Kolkata").micros("2026-01-02 08:34:05.25 IST") == MOMENT


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        ("1/2/2026 3:04", "day and month of '1/2/2026 3:04' cannot be told apart"),
        ("02.01.2026", "cannot be told apart"),
        ("yesterday", "neither ISO 8601 nor epoch"),
        ("2026-13-45 00:00:00", "neither ISO 8601 nor epoch"),
        ("2026-01-02 03:04:05 IST", "zone 'IST' .* is ambiguous: say --timezone"),
        ("12", "neither ISO 8601 nor epoch"),
        ("02-FOO-26 03.04.05 AM", "neither ISO 8601 nor epoch"),
    ],
)
def test_times_that_cannot_be_read_say_why(stamp: str, why: str) -> None:
    """No time is ever guessed, and the user hears of the first that was refused."""
    clock = Clock()
    for one in (stamp, "never"):
        with pytest.raises(UnreadableTime):
            clock.micros(one)
    heard: list[str] = []
    clock.tell(heard.append)
    assert re.search(why, heard[0])
    assert len(heard) == 1

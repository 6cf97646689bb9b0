"""Days, rhythms, life and weight of an activity."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.calendar import SPORADIC, alive, cadence, day_of, iso_day, usage, weekday
from lineage.errors import InvalidName
from lineage.model import Activity

MONDAY = day_of("2026-01-05")
DAYS = st.integers(min_value=0, max_value=40_000)


def _on(days: object) -> Activity:
    return Activity.of(dict.fromkeys(days, 1))  # type: ignore[call-overload]


@given(DAYS)
def test_a_day_survives_its_iso_form(day: int) -> None:
    """A day and its ISO date are one thing, in both directions."""
    assert day_of(iso_day(day)) == day


def test_a_text_that_is_no_date_is_refused() -> None:
    """What is no ISO date is an error that says how to write one."""
    with pytest.raises(InvalidName, match="2026-10-31"):
        day_of("yesterday")


@pytest.mark.parametrize(
    ("days", "kind", "next_day"),
    [
        (range(MONDAY, MONDAY + 60), "daily", MONDAY + 60),
        ([d for d in range(MONDAY, MONDAY + 61) if d % 10], "daily", MONDAY + 61),
        ([d for d in range(MONDAY, MONDAY + 33) if weekday(d) < 5], "business-daily", MONDAY + 35),
        ([d for d in range(MONDAY, MONDAY + 60) if weekday(d) in (0, 3)], "Mon Thu", MONDAY + 63),
        (range(MONDAY, MONDAY + 90, 7), "weekly", MONDAY + 91),
        (range(MONDAY, MONDAY + 90, 14), "every 14 days", MONDAY + 98),
        (range(MONDAY, MONDAY + 90, 10), "every 10 days", MONDAY + 90),
        (map(day_of, ["2026-01-31", "2026-02-28", "2026-03-31"]), "monthly", day_of("2026-04-30")),
        (map(day_of, ["2025-11-02", "2025-12-01", "2026-01-02"]), "monthly", day_of("2026-02-02")),
        (
            map(day_of, ["2025-09-30", "2025-12-31", "2026-01-02", "2026-03-31", "2026-04-01"]),
            "quarterly",
            day_of("2026-06-30"),
        ),
        ([MONDAY, MONDAY + 1], "sporadic", None),
        ([MONDAY, MONDAY + 3, MONDAY + 41, MONDAY + 47], "sporadic", None),
    ],
)
def test_cadence(days: object, kind: str, next_day: int | None) -> None:
    """The rhythm is told on a calendar, holes in the log and all, with the next expected day."""
    found = cadence(_on(days))
    assert (found.kind, found.next) == (kind, next_day)


@given(
    start=DAYS,
    count=st.integers(min_value=4, max_value=60),
    period=st.integers(min_value=8, max_value=27).filter(lambda p: p % 7),
)
def test_a_steady_series_has_its_period_wherever_it_starts(
    start: int, count: int, period: int
) -> None:
    """Every p days is every p days, next in p days."""
    found = cadence(_on(range(start, start + count * period, period)))
    assert found.kind == f"every {period} days"
    assert found.next == start + count * period


@given(st.lists(DAYS, unique=True, max_size=60), DAYS)
def test_the_next_day_is_ahead_of_the_last(days: list[int], as_of: int) -> None:
    """A rhythm expects something later than the last day that it has seen, or nothing."""
    found = cadence(_on(days), as_of)
    seen = [day for day in days if day <= as_of]
    assert found == SPORADIC or (found.next is not None and found.next > max(seen) - 8)


def test_usage_is_what_the_definition_says() -> None:
    """Figures of the definition: each active day once, half after thirty days."""
    daily = _on(range(90))
    assert usage(daily, 89) == pytest.approx(38.31, abs=0.01)
    assert usage(_on(range(0, 90, 7)), 84) == pytest.approx(5.88, abs=0.01)
    assert usage(_on([85]), 90) == pytest.approx(0.89, abs=0.01)
    assert usage(Activity((85,), (1440,)), 90) == usage(_on([85]), 90)


@given(st.sets(DAYS, max_size=50), st.integers(min_value=40_000, max_value=50_000))
def test_usage_only_fades(days: set[int], as_of: int) -> None:
    """Without new reads usage halves every thirty days; reads after the day do not count."""
    activity = _on(days)
    assert usage(activity, as_of + 30) == pytest.approx(usage(activity, as_of) / 2)
    assert usage(_on([as_of + 1]), as_of) == 0
    assert math.isfinite(usage(activity, as_of))


def test_alive_goes_by_the_rhythm() -> None:
    """A quarterly reader silent for 100 days lives; who read now and then has ninety days."""
    quarterly = _on(map(day_of, ["2025-12-31", "2026-03-31", "2026-06-30"]))
    assert alive(quarterly, day_of("2026-06-30") + 100)
    assert not alive(quarterly, day_of("2026-06-30") + 300)
    assert alive(_on([MONDAY]), MONDAY + 90)
    assert not alive(_on([MONDAY]), MONDAY + 91)
    assert alive(_on([MONDAY]), MONDAY + 400, seasonal=True)
    assert not alive(_on([MONDAY]), MONDAY + 401, seasonal=True)
    assert not alive(Activity(), MONDAY)

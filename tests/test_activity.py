"""Counts by day: cut to a span of days, and joined, whatever days they have."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lineage.model import Activity

DAYS = st.integers(0, 12)
BY_DAY = st.dictionaries(DAYS, st.integers(1, 3), max_size=6)


def _by_day(activity: Activity) -> dict[int, int]:
    return dict(zip(activity.days, activity.counts, strict=True))


@given(BY_DAY, st.none() | DAYS, st.none() | DAYS)
def test_a_span_holds_the_days_in_it(
    by_day: dict[int, int], first: int | None, last: int | None
) -> None:
    """Both ends count; a side without an end is open; one that ends before it begins is empty."""
    cut = Activity.of(by_day).between(first, last)
    low, high = 0 if first is None else first, 12 if last is None else last
    assert _by_day(cut) == {day: n for day, n in by_day.items() if low <= day <= high}
    assert list(cut.days) == sorted(cut.days)


@given(BY_DAY, BY_DAY | st.none())
def test_two_witnesses_count_the_greater(
    by_day: dict[int, int], other: dict[int, int] | None
) -> None:
    """Day by day, also where both saw the same days, or one saw none."""
    seen = dict.fromkeys(by_day, 2) if other is None else other
    both = Activity.of(by_day).union(Activity.of(seen))
    days = by_day.keys() | seen.keys()
    assert _by_day(both) == {day: max(by_day.get(day, 0), seen.get(day, 0)) for day in days}
    assert list(both.days) == sorted(both.days)

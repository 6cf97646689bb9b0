"""The few rules of English that the verdicts share."""

from __future__ import annotations

from collections.abc import Sequence


def quantity(count: int, noun: str, plural: str = "") -> str:
    """A number and its noun: `1 team`, `2 teams`, `1,204 datasets`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {plural or noun + 's'}"


def not_shown(elsewhere: int, noun: str) -> str:
    """A sentence on what other environments have; empty when it is nothing."""
    if not elsewhere:
        return ""
    return f" Not shown: {quantity(elsewhere, noun)} of other environments."


def listed(items: Sequence[str]) -> str:
    """The items as a list in a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def lasting(minutes: int) -> str:
    """A time in words: `45 min`, `6 h`, `1 h 30 min`, `2 d 3 h`."""
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    units = [(days, "d"), (hours, "h"), (0 if days else left, "min")]
    return " ".join(f"{count} {unit}" for count, unit in units if count) or "0 min"

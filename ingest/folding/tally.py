"""Statements that were counted elsewhere: those that mean the same wherever they stand."""

from __future__ import annotations

import msgspec

from ingest.folding.portions import Portion, Variant


class Tally(msgspec.Struct, frozen=True):
    """The statements of a variant that count.

    variant: its record is the first of them, which may itself not count. days, quarters: counts by
    UTC day and by quarter of an hour of it. start: microseconds since 1970-01-01 UTC, and key: of
    the last one; -1 when none counts.
    """

    variant: Variant
    days: dict[int, int]
    quarters: dict[int, int]
    start: int
    key: bytes


class Folded(msgspec.Struct, frozen=True):
    """What became of the records of a file, and what they told in the order in which they told it.

    newest: the latest start, -1 when there is none. told: the statements in a portion were not
    counted yet, and are in none of the numbers.
    """

    read: int
    imported: int
    duplicate: int
    ignored: dict[str, int]
    newest: int
    told: list[Tally | Portion]

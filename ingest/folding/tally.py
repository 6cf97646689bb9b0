"""What became of the records of a file, told by whoever counted most of them elsewhere."""

from __future__ import annotations

import msgspec

from ingest.folding.portions import One, Variant


class Tally(msgspec.Struct, frozen=True):
    """The statements of a variant that count; they mean the same wherever they stand.

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

    newest: the latest start, -1 when there is none. told: of a record by itself nobody has said yet
    what becomes of it; it is in none of the numbers but `read`.
    """

    read: int
    imported: int
    duplicate: int
    ignored: dict[str, int]
    newest: int
    told: list[Tally | One]


def at_line(variant: Variant, line: int) -> Variant:
    """The variant whose first statement is in this line."""
    return msgspec.structs.replace(
        variant, record=msgspec.structs.replace(variant.record, line=line)
    )


def single(variant: Variant, key: bytes, start: int, session: str, line: int, length: int) -> One:
    """A statement of a variant, by itself."""
    record = msgspec.structs.replace(variant.record, start=start, session=session, line=line)
    return One(record, key, variant.masked, length)

"""What becomes of the statements of a variant, as far as they and their keys alone decide it."""

from __future__ import annotations

from enum import IntEnum
from hashlib import blake2b

import msgspec

from ingest.declared.sources import Source
from ingest.folding.finding import reason_to_pass
from ingest.folding.portions import UNSUCCESSFUL, Variant
from ingest.folding.rows import weight
from ingest.folding.session import needs_session


class Fate(IntEnum):
    """What becomes of a statement that nothing is known of yet.

    COUNTED: a cell counts it, once. PASSED: it is ignored. VOID: it is ignored, and its row says
    so to the records that tell more of it. ALONE: what later ones of its session mean hangs on it.
    """

    COUNTED = 0
    PASSED = 1
    VOID = 2
    ALONE = 3


def fate_of(variant: Variant, dialect: str) -> tuple[Fate, str]:
    """What becomes of the statements of a variant, and the reason when they are ignored."""
    record, text = variant.record, variant.masked.text
    failed = UNSUCCESSFUL.get(record.status)
    if failed:
        return (Fate.PASSED if record.status == "running" else Fate.VOID), failed
    if needs_session(text):
        return Fate.ALONE, ""
    joins = record.joins and record.query_id != ""
    reason = reason_to_pass(text, None if record.joins else record.stated, dialect)
    if reason:
        return (Fate.VOID if joins else Fate.PASSED), reason
    return Fate.COUNTED, ""


class Sort(msgspec.Struct, frozen=True):
    """What the statements of a variant share.

    weight: of a text that has no character. user: a number that stands for the login.
    """

    variant: Variant
    fate: Fate
    reason: str
    joins: bool
    count: int
    weight: int
    user: int


def sort_of(variant: Variant, dialect: str) -> Sort:
    """What the statements of a variant share."""
    record = variant.record
    fate, reason = fate_of(variant, dialect)
    joins = record.joins and record.query_id != ""
    bare = weight(record, 1, complete=record.complete) - 1 if record.text else 0
    user = number_of(record.user)
    return Sort(variant, fate, reason, joins, record.count, bare, user)


def number_of(name: str) -> int:
    """A number that stands for a name; no two names share it but by an accident of 64 bits."""
    told = name.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(told, digest_size=8).digest(), signed=True)


def variant_id(source: Source, variant: Variant) -> bytes:
    """16 bytes that statements share when they are of one variant of one source."""
    same = (
        source.name, source.namespace, source.dialect, source.default_db, source.default_schema,
        source.search_path, variant.key,
    )  # fmt: skip
    return blake2b(repr(same).encode(), digest_size=16).digest()

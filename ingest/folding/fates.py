"""What becomes of the statements of a variant, as far as they and their keys alone decide it."""

from __future__ import annotations

from enum import IntEnum
from hashlib import blake2b

import msgspec

from ingest.declared.sources import Source
from ingest.folding.finding import reason_to_pass
from ingest.folding.portions import UNSUCCESSFUL, Variant
from ingest.folding.session import needs_session
from ingest.masking.template import Masked
from ingest.record import QueryRecord


class Fate(IntEnum):
    """What becomes of a statement that nothing is known of yet.

    COUNTED: a cell counts it, once. PASSED: it is ignored. VOID: it is ignored, and its row says
    so to the records that tell more of it. ALONE: what it means is not for it to say.
    """

    COUNTED = 0
    PASSED = 1
    VOID = 2
    ALONE = 3


def fate_of(variant: Variant, dialect: str) -> tuple[Fate, str]:
    """What becomes of the statements of a variant, and the reason when they are ignored."""
    record, text = variant.record, variant.masked.text
    if needs_session(text):
        return Fate.ALONE, ""
    joins = record.joins and record.query_id != ""
    reason = reason_to_pass(text, None if record.joins else record.stated, dialect)
    if reason:
        return (Fate.VOID if joins else Fate.PASSED), reason
    return Fate.COUNTED, ""


def unsuccessful(record: QueryRecord) -> tuple[Variant, Fate, str] | None:
    """What statements that failed and that others may tell of have in common, and their fate.

    None for other records. Of the text is kept whether there is any.
    """
    reason = UNSUCCESSFUL.get(record.status)
    if reason is None or not record.query_id or not record.joins:
        return None
    text = "-" if record.text else ""
    same = msgspec.structs.replace(record, text=text, session="", hints={})
    running = record.status == "running"
    return Variant(b"", same, Masked(text)), Fate.PASSED if running else Fate.VOID, reason


def variant_id(source: Source, variant: Variant) -> bytes:
    """16 bytes that statements share when they are of one variant of one source."""
    record, masked = variant.record, variant.masked
    same = (
        source.name, source.namespace, source.dialect, source.default_db, source.default_schema,
        source.search_path, masked.text, masked.comments, record.user, record.database,
        record.schema, record.stated, record.count, record.joins, record.query_id != "",
        record.complete, UNSUCCESSFUL.get(record.status), *record.hints.items(),
    )  # fmt: skip
    return blake2b(repr(same).encode(), digest_size=16).digest()

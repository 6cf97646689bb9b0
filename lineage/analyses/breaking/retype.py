"""What a change of a column's type does to the values it can hold."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec


class Retyping(StrEnum):
    """The effect of a new type; the values are those of the rules in `weights.toml`."""

    SAME = "same"
    WIDENING = "retype-widening"
    NARROWING = "retype-narrowing"
    INCOMPATIBLE = "retype-incompatible"


class _Type(msgspec.Struct, frozen=True):
    family: str
    rank: int  # within the family: a greater one holds all values of a smaller
    size: float  # length of a text, digits before the point of a decimal; infinite when not told
    scale: int = 0


_ENDLESS = float("inf")
_RANKS = {
    "number": ("tinyint int1 byteint", "smallint int2", "int integer int4 mediumint serial",
               "bigint int8 int64 long bigserial", "decimal numeric number dec bignumeric",
               "real float4", "float double float8 float64"),
    "text": ("char character nchar bpchar varchar nvarchar varchar2 nvarchar2 text string clob "
             "tinytext mediumtext longtext",),
    "time": ("date", "datetime timestamp timestamp_ntz timestamp_ltz timestamptz timestamp_tz "
             "datetime2 smalldatetime"),
    "boolean": ("boolean bool bit",),
    "binary": ("binary varbinary bytea blob bytes",),
}  # fmt: skip
_KNOWN = {
    name: (family, rank)
    for family, ranks in _RANKS.items()
    for rank, names in enumerate(ranks)
    for name in names.split()
}
_TYPE = re.compile(r"\s*([A-Za-z_]\w*)[^()]*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?.*", re.DOTALL)
_DECIMAL = ("number", 4)


def retyping(old: str, new: str) -> Retyping:
    """What becomes of a column of type `old` when its type is `new`.

    What is not proven to be safe is incompatible, types that nobody knows too.
    """
    if old.strip().lower() == new.strip().lower():
        return Retyping.SAME
    before, after = _type(old), _type(new)
    if before is None or after is None or before.family != after.family:
        return Retyping.INCOMPATIBLE
    if before == after:
        return Retyping.SAME
    narrower = after.rank < before.rank or (
        after.rank == before.rank and (after.size < before.size or after.scale < before.scale)
    )
    return Retyping.NARROWING if narrower else Retyping.WIDENING


def is_text(type_: str) -> bool:
    """Whether a type is one of texts, into which every other value can be written."""
    known = _type(type_)
    return known is not None and known.family == "text"


def is_time(type_: str) -> bool:
    """Whether a type is one of days or times; what nobody knows is none."""
    known = _type(type_)
    return known is not None and known.family == "time"


def _type(text: str) -> _Type | None:
    found = _TYPE.fullmatch(text)
    if not found or found[1].lower() not in _KNOWN:
        return None
    family, rank = _KNOWN[found[1].lower()]
    size, scale = int(found[2] or 0), int(found[3] or 0)
    if (family, rank) == _DECIMAL:
        return _Type(family, rank, size - scale if size else _ENDLESS, scale)
    return _Type(family, rank, size if size and family == "text" else _ENDLESS)

"""Statements whose facts come in several records: one row each, merged in any order.

A Snowflake statement has its text in QUERY_HISTORY and its lineage in ACCESS_HISTORY, an Athena one
its user in CloudTrail. Whichever comes first, in this import or another, the row is the same in the
end. A row takes some 30 bytes in the store, and only such sources have any.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Hashable, Iterable
from itertools import chain
from typing import TypeVar

import msgspec

from ingest.attribution import RUN, Issuer
from ingest.folding.ledger import WIDTH
from ingest.record import QueryRecord, Stated

_COMPLETE = 1 << 40  # weight of a text that was not cut
_PLACED = 1 << 36  # weight of a database or schema that its names are in; above any length
_Value = TypeVar("_Value", bound=Hashable)


class Row(msgspec.Struct, frozen=True, gc=False):
    """What is known of one statement.

    start: microseconds since 1970-01-01 UTC; -1 when no record has told it. text: the fingerprint
    of its template, empty when unknown. weight: how good the text is, 0 when no record had one.
    issuer: None when it is only the login. void: it failed or is no use of data, whatever others
    tell of it. What a record with a text says (`*_by_text`) goes before what the others say.
    runs: the keys of the runs that say that it was theirs; their job goes before other issuers.
    """

    start: int
    count: int = 1
    text: str = ""
    weight: int = 0
    user: str = ""
    issuer: Issuer | None = None
    stated: Stated | None = None
    void: bool = False
    start_by_text: bool = False
    user_by_text: bool = False
    issuer_by_text: bool = False
    runs: tuple[str, ...] = ()

    @property
    def told(self) -> bool:
        """Whether a log has told of it; else only a run has."""
        return self.start >= 0

    def merge(self, other: Row) -> Row:
        """The row that knows what both know; commutative, associative and idempotent."""
        one = max(self, other, key=lambda row: (row.start >= 0, row.start_by_text, -row.start))
        text = max(self, other, key=lambda row: (row.weight, row.text))
        user = max(self, other, key=lambda row: (row.user != "", row.user_by_text, row.user))
        issuer = max(self, other, key=_issuer_rank)
        return Row(
            one.start,
            max(self.count, other.count),
            text.text,
            text.weight,
            user.user,
            issuer.issuer,
            _both(self.stated, other.stated),
            self.void or other.void,
            one.start_by_text,
            user.user_by_text,
            issuer.issuer_by_text,
            tuple(sorted({*self.runs, *other.runs})) if self.runs or other.runs else (),
        )


def _issuer_rank(row: Row) -> tuple[object, ...]:
    issuer = row.issuer
    if issuer is None:
        return (False, False, row.issuer_by_text)
    told = (issuer.namespace, issuer.name, issuer.kind, issuer.url, issuer.person)
    return (True, issuer.kind == RUN, row.issuer_by_text, *told)


def weight(record: QueryRecord, length: int, *, complete: bool) -> int:
    """How good the text of a record, of so many characters, is; 0 when it has none.

    One that was not cut beats one that was, then one of which the log says what its names are in,
    then the longer one.
    """
    if not length:
        return 0
    placed = _PLACED * (bool(record.database) + bool(record.schema))
    return length + placed + (_COMPLETE if complete else 1)


def length_of(weight: int) -> int:
    """The characters of the text of a record that has this weight."""
    return max(0, weight % _PLACED - (weight < _COMPLETE))


def _both(one: Stated | None, other: Stated | None) -> Stated | None:
    return one.union(other) if one and other else one or other


class PackedRows(msgspec.Struct, frozen=True, array_like=True):
    """Rows by column, what many of them share once; all in the order of the keys.

    numbers: of each kind of row count, places of text, user, issuer and stated, and flags. kinds:
    which each row is of; empty where every row has numbers of its own, as in older stores.
    """

    keys: bytes
    starts: bytes
    numbers: bytes
    weights: bytes
    texts: tuple[str, ...]
    users: tuple[str, ...]
    issuers: tuple[Issuer | None, ...]
    stated: tuple[Stated | None, ...]
    runs: dict[int, tuple[str, ...]] = {}  # by place, of the few that have any
    kinds: bytes = b""


def flags_of(row: Row) -> int:
    """What of a row is yes or no, as bits."""
    return row.void | row.start_by_text << 1 | row.user_by_text << 2 | row.issuer_by_text << 3


def packed(rows: dict[bytes, Row]) -> bytes:
    """The rows by statement key, small; equal rows give equal bytes."""
    keys = sorted(rows)
    mine = [rows[key] for key in keys]
    texts, users = _distinct(row.text for row in mine), _distinct(row.user for row in mine)
    issuers = _distinct({id(row.issuer): row.issuer for row in mine}.values())
    stated = _distinct({id(row.stated): row.stated for row in mine}.values())
    kinds = array("i")
    numbers: dict[tuple[int, ...], int] = {}
    # Most rows have what another has: what a row refers to is looked up once a set of objects.
    known: dict[tuple[int, str, str, int, int, int], int] = {}
    for row in mine:
        same = row.count, row.text, row.user, id(row.issuer), id(row.stated), flags_of(row)
        kind = known.get(same)
        if kind is None:
            told = (
                row.count, texts[row.text], users[row.user], issuers[row.issuer],
                stated[row.stated], same[-1],
            )  # fmt: skip
            kind = known[same] = numbers.setdefault(told, len(numbers))
        kinds.append(kind)
    body = PackedRows(
        b"".join(keys),
        array("q", [row.start for row in mine]).tobytes(),
        array("q", chain.from_iterable(numbers)).tobytes(),
        array("q", [row.weight for row in mine]).tobytes(),
        tuple(texts),
        tuple(users),
        tuple(issuers),
        tuple(stated),
        {place: row.runs for place, row in enumerate(mine) if row.runs},
        kinds.tobytes(),
    )
    return zlib.compress(msgspec.msgpack.encode(body), 1)


def unpacked(body: bytes) -> dict[bytes, Row]:
    """The rows that `packed` made small."""
    found = msgspec.msgpack.decode(zlib.decompress(body), type=PackedRows)
    starts, weights, numbers, kinds = array("q"), array("q"), array("q"), array("i")
    starts.frombytes(found.starts)
    weights.frombytes(found.weights)
    numbers.frombytes(found.numbers)
    kinds.frombytes(found.kinds)
    each = iter(numbers)
    table = list(zip(each, each, each, each, each, each, strict=True))
    rows: dict[bytes, Row] = {}
    for place, kind in enumerate(kinds or range(len(starts))):
        count, text, user, issuer, stated, flags = table[kind]
        void, start_said, user_said, issuer_said = (bool(flags >> bit & 1) for bit in range(4))
        rows[found.keys[place * WIDTH : (place + 1) * WIDTH]] = Row(
            starts[place], count, found.texts[text], weights[place], found.users[user],
            found.issuers[issuer], found.stated[stated], void, start_said, user_said, issuer_said,
            found.runs.get(place, ()),
        )  # fmt: skip
    return rows


def _distinct(values: Iterable[_Value]) -> dict[_Value, int]:
    """Each value once, and its place."""
    return {value: place for place, value in enumerate(dict.fromkeys(values))}

"""Records that were not understood: counted, kept masked, found again."""

from __future__ import annotations

import re

import msgspec

from ingest.folding.ledger import UNTIMED
from lineage.store import Store

DEAD_LETTER = "dead_letter"  # the kind of its document
_IDENTIFIER = re.compile(r"[^\W\d]\w*")


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that was not understood, as it is kept: masked, and where to find it again.

    file, line: where it was first met. digest: of the text as it stands in the log. tokens: the
    words that may name a dataset; day: its UTC day, or -1 when it has no time.
    """

    reason: str
    source: str
    file: str
    line: int
    sql: str = ""
    why: str = ""
    count: int = 1
    tokens: tuple[str, ...] = ()
    day: int = UNTIMED
    digest: str = ""


class Letters(msgspec.Struct, frozen=True):
    """What the imports into a store did not understand. letters: the most frequent first."""

    total: int
    reasons: dict[str, int]
    letters: tuple[DeadLetter, ...]


def letters_of(store: Store, most: int) -> Letters:
    """The dead letters of a store, at most so many of them, and how many there are by reason."""
    found = sorted(
        (msgspec.json.decode(d.body, type=DeadLetter) for d in store.documents(DEAD_LETTER)),
        key=lambda letter: (-letter.count, letter.reason, letter.file, letter.line),
    )
    reasons: dict[str, int] = {}
    for letter in found:
        reasons[letter.reason] = reasons.get(letter.reason, 0) + letter.count
    return Letters(sum(reasons.values()), reasons, tuple(found[:most]))


def tokens(sql: str) -> tuple[str, ...]:
    """The words of a text that may name a dataset, in lower case, sorted; at most 500."""
    return tuple(sorted({word.lower() for word in _IDENTIFIER.findall(sql)}))[:500]

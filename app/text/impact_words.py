"""The words of an impact report: rings, names, counts."""

from __future__ import annotations

import re
from functools import lru_cache

from lineage.analyses.breaking.items import Item
from lineage.analyses.breaking.weights import Ring
from lineage.analyses.wording import listed, quantity
from lineage.names import parts

RING_WORDS = {
    Ring.FAILS: "fails",
    Ring.WRONG: "changes silently",
    Ring.STALE: "gets stale",
}
HEADINGS = {
    Ring.FAILS: "Fails",
    Ring.WRONG: "Changes silently",
    Ring.STALE: "Gets stale",
}
MEANINGS = {
    Ring.FAILS: "The statement errors.",
    Ring.WRONG: "It runs on, and its result is another one.",
    Ring.STALE: "Its data is no longer refreshed.",
}
CAUTION = "The walk was cut short: there is more than is listed here."
_NAMESPACE = re.compile(r"(?:[a-z0-9+.-]+://[^:]*(?::\d+)?|[^:]*):(?=.)", re.IGNORECASE)


def name_in(identifier: str) -> str:
    """The name in `namespace:name`, as answers write identifiers."""
    return _NAMESPACE.sub("", identifier, count=1)


@lru_cache(maxsize=100_000)
def step_name(identifier: str) -> str:
    """What a step of a path is called: its name; what fills a table, by the table it fills."""
    name = name_in(identifier)
    issuer, arrow, _ = name.partition(" -> ")
    target, filled, _ = name.partition(" <- ")
    return issuer if arrow else f"fill {parts(target)[-1]}" if filled else name


def who(item: Item) -> str:
    """What people call an item."""
    return item.title or (step_name(item.id) if item.kind == "job" else name_in(item.id))


def count_in_words(fails: int, wrong: int, stale: int) -> str:
    """How many of each ring: `2 fail, 1 changes silently and 3 get stale`."""
    said = [
        f"{quantity(count, one, many)}"
        for count, one, many in (
            (fails, "fails", "fail"),
            (wrong, "changes silently", "change silently"),
            (stale, "gets stale", "get stale"),
        )
        if count
    ]
    return listed(said) if said else "nothing"


def store_name(url: str) -> str:
    """A store without the folders that it lies in: what leaves tells nothing of a machine."""
    return url.rpartition("/")[2]

"""Price files: what a terabyte and a run cost, by namespace."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ingest.declared.content import Content
from lineage.analyses.disuse.cost import Prices
from lineage.errors import UnreadableInput


def read_prices(path: str) -> Prices:
    """The prices in a YAML or JSON file.

    Raises:
        UnreadableInput: it cannot be read, or holds a key that is not known; says which.
    """
    try:
        prices = msgspec.convert(Content(Path(path)).value or {}, Prices)
    except msgspec.ValidationError as error:
        raise UnreadableInput(
            f"{path}: {error}; a price file is described in docs/orphans.md"
        ) from error
    if prices == Prices(prices.currency):
        raise UnreadableInput(f"{path}: no price in it; it is described in docs/orphans.md")
    return prices

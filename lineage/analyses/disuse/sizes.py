"""How big datasets are, as catalogues told last, or as the last event that wrote one told."""

from __future__ import annotations

import msgspec

from lineage.model import Document, Node
from lineage.names import DatasetId
from lineage.store import Store

SIZE = "size"  # the kind of the documents; the key is the dataset as it prints


class Size(msgspec.Struct, frozen=True):
    """How big a dataset is; None is not told. at: an ISO date, empty when that is not told.

    written: only what the last run wrote is known, so that it may be bigger.
    """

    bytes: int | None
    rows: int | None
    at: str = ""
    written: bool = False

    def plus(self, other: Size) -> Size:
        """The size of two parts of a dataset."""
        return Size(_sum(self.bytes, other.bytes), _sum(self.rows, other.rows), self.at)

    def document(self, dataset: DatasetId) -> Document:
        """The size as it is kept beside the graph; a later import replaces it."""
        return Document(SIZE, str(dataset), msgspec.json.encode(self))


class Sizes:
    """The sizes of all datasets that anybody told of."""

    def __init__(self, store: Store) -> None:
        decoder = msgspec.json.Decoder(Size)
        self._told = {one.key: decoder.decode(one.body) for one in store.documents(SIZE)}

    def of(self, node: Node) -> Size | None:
        """The size of a dataset; None when nobody told it."""
        told = self._told.get(str(node.id)) if self._told else None
        if told is None and node.facts:
            told = _of_events(node, "bytes", "rows") or _of_events(
                node, "bytes_written", "rows_written"
            )
        return told

    def bytes_of(self, node: Node) -> int | None:
        """The bytes of a dataset; None when nobody told them."""
        size = self.of(node)
        return size.bytes if size else None


def _of_events(node: Node, bytes_: str, rows: str) -> Size | None:
    """The size as the statistics or the quality metrics of an event told it last."""
    said, count = node.facts.get(bytes_), node.value(rows)
    if said is None or not said.value.isdecimal():
        return None
    number = int(count) if count.isdecimal() else None
    return Size(int(said.value), number, said.at[:10], written=bytes_ != "bytes")


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other

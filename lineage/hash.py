"""One number for what is known, whatever the order, the batches and the store it came by."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from itertools import chain

import msgspec

from lineage.model import Edge, Node
from lineage.store import Store

_canonical = msgspec.json.Encoder(order="sorted")


def graph_hash(store: Store) -> str:
    """The hash of all nodes and edges, 64 hexadecimal digits; equal graphs have equal hashes.

    The sum of the blake2b-256 of each record's canonical JSON (sorted keys, no white space),
    modulo 2²⁵⁶. A record holds ids, facts with their times, roles, days, counts, evidence and
    samples. Documents and the ledger are no part of it.
    """
    return records_hash(chain(store.scan_nodes(), store.scan_edges()))


def records_hash(records: Iterable[Node | Edge]) -> str:
    """The hash of these nodes and edges, in any order; also of a part of a graph."""
    total = sum(
        int.from_bytes(blake2b(_canonical.encode(record), digest_size=32).digest(), "big")
        for record in records
    )
    return f"{total % 2**256:064x}"

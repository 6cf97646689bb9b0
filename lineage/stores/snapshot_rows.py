"""The graph of a snapshot: a SQLite store that is written at one go."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from lineage.edges import EdgeSet
from lineage.model import Batch, Document, Node, Shard
from lineage.stores.sqlite import open_sqlite


def write_graph(path: Path, batches: Iterable[Batch]) -> None:
    """Writes batches to a new file; equal batches in equal order make equal bytes."""
    store = open_sqlite(f"sqlite:///{path}", create=True)
    store.apply(_together(batches))
    store.close()
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("VACUUM")
    finally:
        db.close()


def _together(batches: Iterable[Batch]) -> Batch:
    """One batch: what edges share is kept once in each."""
    nodes: list[Node] = []
    edges = EdgeSet()
    documents: list[Document] = []
    shards: list[Shard] = []
    for batch in batches:
        nodes += batch.nodes
        documents += batch.documents
        shards += batch.shards
        for edge in batch.edges:
            edges.add(edge)
    return Batch(tuple(nodes), edges, documents=tuple(documents), shards=tuple(shards))

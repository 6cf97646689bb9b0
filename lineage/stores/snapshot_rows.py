"""The graph of a snapshot: the schema of the SQLite store, with `edges` as a view.

Edges of one statement were active on the same days, with the same evidence and the same sample. So
what was seen of edges is a row of `bodies`, and an edge names it: a tenth of the size.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

from lineage.model import Batch, Edge, Node
from lineage.names import NodeId
from lineage.stores.sqlite import open_sqlite
from lineage.stores.sqlite_rows import Text, body_row, ends_row, node_row

_ENDS: Final = ("src", "type", "dst", "role", "via", "origin")
_COMPACT: Final = """
DROP TABLE edges;
CREATE TABLE bodies (id INTEGER PRIMARY KEY, {body});
CREATE TABLE ends (
    src INTEGER, type TEXT, dst INTEGER, role TEXT, via INTEGER, origin TEXT, body INTEGER,
    PRIMARY KEY (src, type, dst, role, via, origin)
) WITHOUT ROWID;
CREATE VIEW edges AS
SELECT {ends}, {body} FROM ends JOIN bodies ON bodies.id = ends.body
"""
_INDEX: Final = "CREATE INDEX ends_in ON ends (dst, type, src)"
_ADD_NODE: Final = (
    "INSERT INTO nodes (id, label, namespace, dataset, name, last_part, facts)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def write_graph(path: Path, batches: Iterable[Batch]) -> None:
    """Writes batches to a new file; no node and no edge comes twice, nodes before their edges."""
    open_sqlite(f"sqlite:///{path}", create=True).close()
    db = sqlite3.connect(path, isolation_level=None)
    try:
        for setting in ("journal_mode = DELETE", "synchronous = OFF", "cache_size = -65536"):
            db.execute(f"PRAGMA {setting}")
        names = [row[1] for row in db.execute("PRAGMA table_info(edges)") if row[1] not in _ENDS]
        body = ", ".join(names)
        for statement in _COMPACT.format(body=body, ends=", ".join(_ENDS)).split(";\n"):
            db.execute(statement)
        db.execute("BEGIN")
        graph = _Graph(db, len(names))
        for batch in batches:
            graph.add(batch)
        db.execute(_INDEX)
        db.execute("UPDATE meta SET version = 1")
        db.execute("COMMIT")
        db.execute("VACUUM")
    finally:
        db.close()


class _Graph:
    """Which row each node and each body has."""

    def __init__(self, db: sqlite3.Connection, width: int) -> None:
        self._db = db
        self._nodes: dict[NodeId, int] = {}
        self._bodies: dict[tuple[Text, ...], int] = {}
        self._numbers = count(1)
        self._add_body = f"INSERT INTO bodies VALUES (?{', ?' * width})"  # noqa: S608 - marks

    def add(self, batch: Batch) -> None:
        db = self._db
        for node in batch.nodes:
            self._add_node(node)
        db.executemany("INSERT INTO ends VALUES (?, ?, ?, ?, ?, ?, ?)", self._rows(batch.edges))
        db.executemany(
            "INSERT INTO documents VALUES (?, ?, ?)",
            ((one.kind, one.key, one.body) for one in batch.documents),
        )
        db.executemany(
            "INSERT INTO shards (source, day, version, keys) VALUES (?, ?, 1, ?)",
            ((one.source, one.day, one.keys) for one in batch.shards),
        )

    def _rows(self, edges: Iterable[Edge]) -> Iterator[tuple[Text, ...]]:
        for edge in edges:
            key, end = edge.key, self._end
            via = end(key.via) if key.via else 0
            yield *ends_row(key, end(key.source), end(key.target), via), self._body(edge)

    def _end(self, node: NodeId) -> int:
        """The row of the end of an edge; one that is known by its edges alone gets its own."""
        return self._nodes.get(node) or self._add_node(Node(node))

    def _add_node(self, node: Node) -> int:
        row = self._nodes[node.id] = next(self._numbers)
        self._db.execute(_ADD_NODE, (row, *node_row(node)))
        return row

    def _body(self, edge: Edge) -> int:
        body = body_row(edge)
        row = self._bodies.get(body)
        if row is None:
            row = self._bodies[body] = len(self._bodies) + 1
            self._db.execute(self._add_body, (row, *body))
        return row

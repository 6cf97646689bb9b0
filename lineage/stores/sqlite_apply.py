"""Writing a batch into SQLite, inside the transaction that the store has opened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from operator import itemgetter
from sqlite3 import Connection
from typing import Final

from lineage.model import Batch, Edge, EdgeKey, Node, Origin, Shard
from lineage.names import NodeId
from lineage.stores.codec import (
    conflict,
    ends,
    merged_edges,
    merged_nodes,
    newest_documents,
    spell,
    unspell,
)
from lineage.stores.sqlite_rows import (
    BODY,
    Ends,
    Text,
    body_row,
    edge,
    ends_row,
    facts,
    facts_text,
    node_row,
)

Rows = dict[NodeId, int]  # the row of each node, as far as known

SPELLED: Final = "label, namespace, dataset, name"
FIND_NODE: Final = (
    "SELECT id, facts FROM nodes WHERE label = ? AND namespace = ? AND dataset = ? AND name = ?"
)
_FIND_EDGE: Final = (
    f"SELECT {BODY}, rowid FROM edges"  # noqa: S608 - constant
    " WHERE src = ? AND type = ? AND dst = ? AND role = ? AND via = ? AND origin = ?"
)
_DROP_EDGE: Final = (
    "DELETE FROM edges"
    " WHERE src = ? AND type = ? AND dst = ? AND role = ? AND via = ? AND origin = ?"
)
_BARE: Final = """
SELECT 1 FROM nodes n WHERE id = ?
AND NOT EXISTS (SELECT 1 FROM edges WHERE src = n.id)
AND NOT EXISTS (SELECT 1 FROM edges WHERE via = n.id AND via <> 0)
AND NOT EXISTS (SELECT 1 FROM edges WHERE dst = n.id
    AND NOT (label = 'Column' AND type = 'HAS_COLUMN' AND origin = 'parsed'))
"""
_ADD_EDGE: Final = (
    "INSERT INTO edges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (src, type, dst, role, via, origin) DO NOTHING"
)
_ENDS_AFTER: Final = "SELECT src, type, dst, role, via, origin FROM edges WHERE rowid > ?"
_CHANGE_EDGE: Final = (
    "UPDATE edges SET first = ?, last = ?, total = ?, days = ?, counts = ?, evidence = ?,"
    " sample = ?, named = ?, clock = ? WHERE rowid = ?"
)


def apply_batch(db: Connection, batch: Batch, rows: Rows) -> None:
    """Write all of the batch; the caller commits or rolls back, and forgets `rows` if it fails.

    Raises:
        LedgerConflict: a shard's version is not the one in the store.
    """
    _check_shards(db, batch.shards)
    touched = _retract(db, batch.retract)
    _undo(db, batch.undone)
    _unsay(db, batch.unsaid)
    edges, nodes, documents = merged_edges(batch), merged_nodes(batch), newest_documents(batch)
    _write_nodes(db, nodes, ends(edges), rows)
    _write_edges(db, edges, rows)
    db.executemany(
        "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
        [(*at, body) for at, body in documents.items() if body],
    )
    db.executemany(
        "DELETE FROM documents WHERE kind = ? AND key = ?",
        [at for at, body in documents.items() if not body],
    )
    _sweep(db, touched, {rows[node] for node in nodes}, rows)
    db.executemany(
        "INSERT OR REPLACE INTO shards VALUES (?, ?, ?, ?, ?)",
        [(one.source, one.day, one.version + 1, one.keys, one.closed) for one in batch.shards],
    )
    db.execute("UPDATE meta SET version = version + 1")


def _check_shards(db: Connection, shards: Iterable[Shard]) -> None:
    find = "SELECT version FROM shards WHERE source = ? AND day = ?"
    for shard in shards:
        row = db.execute(find, (shard.source, shard.day)).fetchone()
        if shard.version != (row[0] if row else 0):
            raise conflict(shard)


def _retract(db: Connection, retract: Iterable[tuple[NodeId, Origin]]) -> set[int]:
    """Deletes the edges of these nodes; the rows of all nodes that those edges had touched."""
    touched: set[int] = set()
    for node, origin in retract:
        row = db.execute(FIND_NODE, spell(node)).fetchone()
        if row is None:
            continue
        for column in ("src", "dst", "via"):
            gone = db.execute(
                f"DELETE FROM edges WHERE {column} = ? AND {column} <> 0 AND origin = ?"  # noqa: S608
                " RETURNING src, dst, via",
                (row[0], origin.value),
            )
            touched.update(end for ends in gone.fetchall() for end in ends)
    return touched - {0}


def _undo(db: Connection, undone: Iterable[EdgeKey]) -> None:
    """Deletes these edges."""
    for key in undone:
        found = [db.execute(FIND_NODE, spell(node)).fetchone() for node in ends([key])]
        if all(found):
            places = [row[0] for row in found]
            at = ends_row(key, places[0], places[1], places[2] if key.via else 0)
            db.execute(_DROP_EDGE, at)


def _unsay(db: Connection, unsaid: Iterable[Node]) -> None:
    """Takes facts back where they stand exactly so."""
    for node in unsaid:
        row = db.execute(FIND_NODE, spell(node.id)).fetchone()
        if row is None:
            continue
        known = facts(row[1])
        left = {name: fact for name, fact in known.items() if node.facts.get(name) != fact}
        if left != known:
            text = facts_text(Node(node.id, left))
            db.execute("UPDATE nodes SET facts = ? WHERE id = ?", (text, row[0]))


def _write_nodes(
    db: Connection, nodes: Mapping[NodeId, Node], needed: Iterable[NodeId], rows: Rows
) -> None:
    """Merges nodes in, adds those that are only needed, and leaves the rows of all in `rows`."""
    known = {node.id for node in nodes.values() if node.facts}
    for id_ in chain(nodes, needed):
        if id_ not in rows:
            found = db.execute(FIND_NODE, spell(id_)).fetchone()
            if found:
                rows[id_] = found[0]
            else:
                rows[id_] = _add_node(db, nodes.get(id_, Node(id_)))
                known.discard(id_)
    for id_ in known:
        _merge_facts(db, nodes[id_], rows[id_])


def _merge_facts(db: Connection, node: Node, row: int) -> None:
    text = db.execute("SELECT facts FROM nodes WHERE id = ?", (row,)).fetchone()[0]
    merged = facts_text(Node(node.id, facts(text)).merge(node))
    if merged != text:
        db.execute("UPDATE nodes SET facts = ? WHERE id = ?", (merged, row))


def _add_node(db: Connection, node: Node) -> int:
    added = db.execute("INSERT INTO nodes VALUES (NULL, ?, ?, ?, ?, ?, ?)", node_row(node))
    assert added.lastrowid is not None
    return added.lastrowid


def _write_edges(db: Connection, edges: Mapping[EdgeKey, Edge], rows: Rows) -> None:
    """Adds the new edges at one go, then merges those that were there."""
    newest = db.execute("SELECT ifnull(max(rowid), 0) FROM edges").fetchone()[0]
    seen = [
        (ends_row(key, rows[key.source], rows[key.target], rows[key.via] if key.via else 0), edge)
        for key, edge in edges.items()
    ]
    seen.sort(key=itemgetter(0))  # neighbours in the index are written together
    added = db.executemany(_ADD_EDGE, (at + body_row(edge) for at, edge in seen))
    if added.rowcount < len(seen):
        new = set(db.execute(_ENDS_AFTER, (newest,)))
        db.executemany(_CHANGE_EDGE, _changes(db, [e for e in seen if e[0] not in new]))


def _changes(db: Connection, seen: Iterable[tuple[Ends, Edge]]) -> Iterator[tuple[Text, ...]]:
    """The merged bodies of edges that are there already, each with its row."""
    for at, new in seen:
        *body, row = db.execute(_FIND_EDGE, at).fetchone()
        known = edge(new.key, body)
        merged = known.merge(new)
        if merged != known:
            yield (*body_row(merged), row)


def _sweep(db: Connection, touched: set[int], keep: Collection[int], rows: Rows) -> None:
    """Deletes those of the nodes that are bare; a column may leave its dataset bare in turn."""
    while touched:
        row = touched.pop()
        if row not in keep and db.execute(_BARE, (row,)).fetchone():
            gone = db.execute("DELETE FROM edges WHERE dst = ? RETURNING src", (row,)).fetchall()
            touched.update(source for (source,) in gone)
            spelled = db.execute(f"DELETE FROM nodes WHERE id = ? RETURNING {SPELLED}", (row,))  # noqa: S608
            rows.pop(unspell(*spelled.fetchone()), None)

"""Writing a batch into SQLite, inside the transaction that the store has opened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import chain, count
from sqlite3 import Connection
from typing import Final

from lineage.edges import EdgeSet
from lineage.model import Batch, EdgeKey, EdgeType, Node, Origin, Shard
from lineage.names import NodeId
from lineage.stores.codec import (
    conflict,
    ends,
    merged_nodes,
    newest_documents,
    spell,
    unspell,
)
from lineage.stores.sqlite_bulk import find_rows, put_rows
from lineage.stores.sqlite_rows import KEY, NUMBERS, ends_row, facts, facts_text, node_row
from lineage.stores.sqlite_runs import RunsWriter

Rows = dict[NodeId, int]  # the row of each node, as far as known

SPELLED: Final = "label, namespace, dataset, name"
FIND_NODE: Final = (
    "SELECT id, facts FROM nodes WHERE label = ? AND namespace = ? AND dataset = ? AND name = ?"
)
_FIND_NODES: Final = """SELECT column1, id FROM {} CROSS JOIN nodes
    ON label = column2 AND namespace = column3 AND dataset = column4 AND name = column5"""
_GET_FACTS: Final = "SELECT id, facts FROM {} CROSS JOIN nodes ON id = column2"
_DROP_EDGE: Final = f"DELETE FROM edges WHERE ({KEY}) = (?, ?, ?, ?, ?, ?) RETURNING runs"  # noqa: S608
_BARE: Final = f"""
SELECT 1 FROM nodes n WHERE id = ?
AND NOT EXISTS (SELECT 1 FROM edges WHERE src = n.id)
AND NOT EXISTS (SELECT 1 FROM edges WHERE via = n.id AND via <> 0)
AND NOT EXISTS (SELECT 1 FROM edges WHERE dst = n.id
    AND NOT (label = 'Column' AND type = {NUMBERS[EdgeType.HAS_COLUMN]}
        AND origin = {NUMBERS[Origin.PARSED]}))
"""  # noqa: S608 - constants


def apply_batch(db: Connection, batch: Batch, rows: Rows) -> None:
    """Write all of the batch; the caller commits or rolls back, and forgets `rows` if it fails.

    Raises:
        LedgerConflict: a shard's version is not the one in the store.
    """
    from lineage.stores.sqlite_edge_writer import write_edges  # with numpy: who reads does without

    _check_shards(db, batch.shards)
    edges = batch.edges if isinstance(batch.edges, EdgeSet) else EdgeSet(batch.edges)
    runs = RunsWriter(db, edges)
    touched = _retract(db, batch.retract, runs)
    _undo(db, batch.undone, runs)
    _unsay(db, batch.unsaid)
    nodes, documents = merged_nodes(batch), newest_documents(batch)
    first_new = _write_nodes(db, nodes, edges.nodes, rows)
    write_edges(db, edges, rows, first_new, runs)
    db.executemany(
        "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
        [(*at, body) for at, body in documents.items() if body],
    )
    db.executemany(
        "DELETE FROM documents WHERE kind = ? AND key = ?",
        [at for at, body in documents.items() if not body],
    )
    _sweep(db, touched, {rows[node] for node in nodes}, rows, runs)
    runs.finish()
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


def _retract(
    db: Connection, retract: Iterable[tuple[NodeId, Origin]], runs: RunsWriter
) -> set[int]:
    """Deletes the edges of these nodes; the rows of all nodes that those edges had touched."""
    touched: set[int] = set()
    for node, origin in retract:
        row = db.execute(FIND_NODE, spell(node)).fetchone()
        if row is None:
            continue
        for column in ("src", "dst", "via"):
            gone = db.execute(
                f"DELETE FROM edges WHERE {column} = ? AND {column} <> 0 AND origin = ?"  # noqa: S608
                " RETURNING src, dst, via, runs",
                (row[0], NUMBERS[origin]),
            ).fetchall()
            touched.update(end for *ends, _ in gone for end in ends)
            runs.lose(lost for *_, lost in gone)
    return touched - {0}


def _undo(db: Connection, undone: Iterable[EdgeKey], runs: RunsWriter) -> None:
    """Deletes these edges."""
    for key in undone:
        found = [db.execute(FIND_NODE, spell(node)).fetchone() for node in ends([key])]
        if all(found):
            places = [row[0] for row in found]
            at = ends_row(key, places[0], places[1], places[2] if key.via else 0)
            runs.lose(lost for (lost,) in db.execute(_DROP_EDGE, at).fetchall())


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
) -> int:
    """Merges nodes in, adds those that are only needed, and leaves the rows of all in `rows`.

    The first row of those that are new.
    """
    unknown = list(dict.fromkeys(id_ for id_ in chain(nodes, needed) if id_ not in rows))
    asked = map(spell, unknown if db.execute("SELECT 1 FROM nodes").fetchone() else ())
    for start, found in find_rows(db, _FIND_NODES, asked, 4):
        rows.update((unknown[start + place], row) for place, row in found)
    last = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'nodes'").fetchone()
    first_new: int = last[0] + 1 if last else 1
    _merge_facts(db, {rows[id_]: node for id_, node in nodes.items() if id_ in rows and node.facts})
    new = {id_: nodes.get(id_) or Node(id_) for id_ in unknown if id_ not in rows}
    rows.update(zip(new, count(first_new)))
    added = ((rows[node.id], *node_row(node)) for node in new.values())
    put_rows(db, "INSERT INTO nodes VALUES {}", added, 7)
    return first_new


def _merge_facts(db: Connection, nodes: Mapping[int, Node]) -> None:
    """Merges nodes with what is known of them; by row."""
    found = find_rows(db, _GET_FACTS, ((row,) for row in nodes), 1)
    changed = []
    for row, text in chain.from_iterable(some for _, some in found):
        node = nodes[row]
        new = facts_text(node)
        merged = text if new == text else facts_text(Node(node.id, facts(text)).merge(node))
        if merged != text:
            changed.append((merged, row))
    db.executemany("UPDATE nodes SET facts = ? WHERE id = ?", changed)


def _sweep(
    db: Connection, touched: set[int], keep: Collection[int], rows: Rows, runs: RunsWriter
) -> None:
    """Deletes those of the nodes that are bare; a column may leave its dataset bare in turn."""
    while touched:
        row = touched.pop()
        if row not in keep and db.execute(_BARE, (row,)).fetchone():
            sql = "DELETE FROM edges WHERE dst = ? RETURNING src, runs"
            gone = db.execute(sql, (row,)).fetchall()
            touched.update(source for source, _ in gone)
            runs.lose(lost for _, lost in gone)
            spelled = db.execute(f"DELETE FROM nodes WHERE id = ? RETURNING {SPELLED}", (row,))  # noqa: S608
            rows.pop(unspell(*spelled.fetchone()), None)

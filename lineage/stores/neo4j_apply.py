"""Writing a batch into Neo4j, inside the transaction that the store has opened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from neo4j import ManagedTransaction

from lineage.edges import EdgeSet
from lineage.model import Batch, Node, Origin, Shard
from lineage.names import ColumnId, DatasetId, JobId, NodeId, PrincipalId
from lineage.stores import cypher, neo4j_steps
from lineage.stores.codec import (
    conflict,
    ends,
    merged_nodes,
    newest_documents,
    spell,
    unspell,
)
from lineage.stores.neo4j_edges import undo_edges, write_edges
from lineage.stores.neo4j_rows import Row, facts, id_row, properties, via_row
from lineage.stores.neo4j_run import Rows, by_label, run, write
from lineage.stores.neo4j_steps import Step, packed, steps, unpacked


def apply_batch(tx: ManagedTransaction, batch: Batch, rows: Rows, *, first: bool) -> int:
    """Write the batch; how many steps of it are left for transactions to come, see `do_step`.

    The caller commits or rolls back, and forgets `rows` if it fails. first: there is nothing yet in
    the store, so that nothing is looked for.

    Raises:
        LedgerConflict: a shard's version is not the one in the store.
    """
    _check_shards(tx, batch.shards)
    edges = batch.edges if isinstance(batch.edges, EdgeSet) else EdgeSet(batch.edges)
    nodes = merged_nodes(batch)
    needed = {*nodes, *edges.nodes}
    is_large = len(needed) + len(edges) > neo4j_steps.AT_ONCE
    # What hangs on nothing else first: the server is at it while the edges are made ready here.
    documents = newest_documents(batch)
    write(tx, cypher.PUT_DOCUMENTS, [[*at, body] for at, body in documents.items() if body])
    write(tx, cypher.DROP_DOCUMENTS, [[*at] for at, body in documents.items() if not body])
    write(tx, cypher.PUT_SHARDS, [_shard_row(shard, whole=not is_large) for shard in batch.shards])
    touched = set() if first else _retract(tx, batch.retract)
    undo_edges(tx, batch.undone, _find_nodes(tx, set(ends(batch.undone))))
    _unsay(tx, batch.unsaid)
    if not first:
        rows |= _find_nodes(tx, needed - rows.keys())
    new = needed - rows.keys()
    told = [nodes.get(one) or Node(one) for one in needed if one in new or one in nodes]
    if is_large:
        return _put_steps(tx, steps(told, edges, new, touched, nodes))
    _merge_nodes(tx, told, rows)
    write_edges(tx, dict(edges.sightings()), rows, new)
    _sweep(tx, touched, nodes, rows)
    return 0


def do_step(tx: ManagedTransaction, rows: Rows) -> None:
    """Do the next step of a large batch.

    The caller commits or rolls back, and forgets `rows` if it fails.
    """
    ((key, body),) = tx.run(cypher.NEXT_STEP).values()
    step = unpacked(body)
    needed = {*(node.id for node in step.nodes), *ends(key for key, _ in step.edges)}
    rows |= _find_nodes(tx, needed - rows.keys())
    _merge_nodes(tx, step.nodes, rows)
    sources = {key.source for key, _ in step.edges} if step.fresh else set()
    write_edges(tx, dict(step.edges), rows, sources)
    _sweep(tx, step.touched, step.keep, rows)
    tx.run(cypher.STEP_DONE, key=key).consume()


def _put_steps(tx: ManagedTransaction, steps_: Iterable[Step]) -> int:
    """Writes the steps down; how many they are."""
    count = 0
    for step in steps_:
        write(tx, cypher.PUT_DOCUMENTS, [[cypher.STEP, f"{count:06d}", packed(step)]])
        count += 1
    tx.run(cypher.STEPS_LEFT, steps=count).consume()
    return count


def _shard_row(shard: Shard, *, whole: bool) -> Row:
    """A negative version is that of a batch with steps to come: nobody may build on half of one."""
    version = shard.version + 1
    statements = len(shard.keys) // 16 + shard.closed
    told = version if whole else -version
    return [shard.source, shard.day, told, shard.keys, statements, shard.closed]


def _check_shards(tx: ManagedTransaction, shards: Collection[Shard]) -> None:
    keys = [[shard.source, shard.day] for shard in shards]
    versions = {
        (source, day): version for source, day, version in run(tx, cypher.SHARD_VERSIONS, keys)
    }
    for shard in shards:
        if shard.version != versions.get((shard.source, shard.day), 0):
            raise conflict(shard)


def _retract(tx: ManagedTransaction, retract: Collection[tuple[NodeId, Origin]]) -> set[NodeId]:
    """Deletes the edges of these nodes; all nodes that those edges had touched."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for node, origin in retract:
        rows[cypher.RETRACT[spell(node)[0]]].append([*id_row(node), origin.value])
        if isinstance(node, JobId | PrincipalId):
            rows[cypher.RETRACT_VIA].append([via_row(node), origin.value])
    touched: set[NodeId] = set()
    for statement, some in rows.items():
        for *ends_, via in run(tx, statement, some):
            touched |= {unspell(*ends_[:4]), unspell(*ends_[4:])}
            if via:
                touched.add(unspell(via[0], via[1], "", via[2]))
    return touched


def _unsay(tx: ManagedTransaction, unsaid: Collection[Node]) -> None:
    """Takes facts back where they stand exactly so."""
    rows = _find_nodes(tx, {node.id for node in unsaid})
    known = dict(run(tx, cypher.GET_FACTS, list(rows.values())))
    changed = []
    for node in unsaid:
        before = facts(known[rows[node.id]]) if node.id in rows else {}
        left = {name: fact for name, fact in before.items() if node.facts.get(name) != fact}
        if left != before:
            gone = dict.fromkeys(properties(before).keys() - properties(left).keys())
            changed.append([rows[node.id], properties(left) | gone])
    write(tx, cypher.SET_FACTS, changed)


def _find_nodes(tx: ManagedTransaction, nodes: Collection[NodeId]) -> Rows:
    """The element ids of those of the nodes that are there."""
    rows: Rows = {}
    for label, some in by_label(nodes).items():
        asked = [[*id_row(node), place] for place, node in enumerate(some)]
        for place, element in run(tx, cypher.FIND_NODE[label], asked):
            rows[some[place]] = element
    return rows


def _merge_nodes(tx: ManagedTransaction, nodes: Collection[Node], rows: Rows) -> None:
    """Adds the nodes that are not in `rows`, and their element ids to it; merges the others."""
    known = [node for node in nodes if node.id in rows and node.facts]
    new = {node.id: node for node in nodes if node.id not in rows}
    for label, some in by_label(new).items():
        added = [
            [*id_row(node), place, properties(new[node].facts) if new[node].facts else {}]
            for place, node in enumerate(some)
        ]
        for place, element in run(tx, cypher.ADD_NODE[label], added):
            rows[some[place]] = element
    _merge_facts(tx, known, rows)


def _merge_facts(tx: ManagedTransaction, nodes: Collection[Node], rows: Rows) -> None:
    known = dict(run(tx, cypher.GET_FACTS, [rows[node.id] for node in nodes]))
    changed = []
    for node in nodes:
        before = facts(known[rows[node.id]])
        after = Node(node.id, before).merge(node).facts
        if after != before:
            changed.append([rows[node.id], properties(after)])
    write(tx, cypher.SET_FACTS, changed)


def _sweep(
    tx: ManagedTransaction, touched: Collection[NodeId], keep: Collection[NodeId], rows: Rows
) -> None:
    """Deletes those of the nodes that are bare, also from `rows`.

    Columns go first: one may leave its dataset bare in turn.
    """
    kept = set(keep)
    columns = {node for node in touched if isinstance(node, ColumnId)}
    others = set(touched) - columns
    for column, datasets in _delete_bare(tx, columns - kept):
        rows.pop(column, None)
        others |= datasets
    for node, _ in _delete_bare(tx, others - kept):
        rows.pop(node, None)


def _delete_bare(
    tx: ManagedTransaction, nodes: Collection[NodeId]
) -> Iterator[tuple[NodeId, set[DatasetId]]]:
    for label, some in by_label(nodes).items():
        asked = [[*id_row(node), via_row(node), place] for place, node in enumerate(some)]
        for place, datasets in run(tx, cypher.SWEEP[label], asked):
            yield some[place], {DatasetId(*dataset) for dataset in datasets}

"""The Cypher of the Neo4j store: constants, and texts put together from our own enums.

Names, facts and days are parameters; nothing that was read from a log becomes Cypher. A node is
found by the row that `neo4j_rows.id_row` makes of its id; `$rows` are such rows, with more behind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from lineage.model import EdgeType, Role
from lineage.store import Direction
from lineage.stores.codec import LABELS
from lineage.stores.neo4j_rows import BODY, KEY

PerLabel = Mapping[str, str]
PerType = Mapping[EdgeType, str]


def _per_label(statement: str) -> PerLabel:
    """The statement for each label, with `NODE` replaced by what matches the node of a row.

    The index is named, so that no plan that was made on a small store, and is kept while it grows,
    does without it.
    """
    found = {}
    for label in LABELS:
        parts = {"namespace": 0, "dataset": 1, "name": 2}
        if label != "Column":
            del parts["dataset"]
        node = f"(n:{label} {{{', '.join(f'{part}: row[{i}]' for part, i in parts.items())}}})"
        hint = f" USING INDEX SEEK n:{label}({', '.join(parts)})"
        hinted = statement.replace("MATCH NODE", f"MATCH {node}{hint}")
        found[label] = hinted.replace("NODE", node)
    return found


def identity(node: str) -> str:
    """The four columns that spell a node."""
    return f"labels({node})[0], {node}.namespace, {node}.dataset, {node}.name"


# What is known of the store.
SCHEMA: Final = "MATCH (s:LineageStore) RETURN s.schema"
MIGRATED: Final = "MATCH (s:LineageStore) SET s.schema = $schema"
VERSION: Final = "MATCH (s:LineageStore) RETURN s.version"
STEPS: Final = "MATCH (s:LineageStore) RETURN s.steps"
# The first statement of every transaction that writes: it takes a lock that makes them follow one
# another. With how many steps of a large batch are left.
NEXT_VERSION: Final = (
    "MATCH (s:LineageStore) SET s.version = s.version + 1 RETURN s.version, s.steps"
)

# Nodes.
FIND_NODE: Final = _per_label("UNWIND $rows AS row MATCH NODE RETURN row[4], elementId(n)")
ADD_NODE: Final = _per_label(
    "UNWIND $rows AS row CREATE NODE SET n.last_part = row[3], n += row[5]"
    " RETURN row[4], elementId(n)"
)
GET_NODE: Final = _per_label("UNWIND $rows AS row MATCH NODE RETURN row[4], properties(n)")
GET_FACTS: Final = (
    "UNWIND $rows AS row MATCH (n) WHERE elementId(n) = row RETURN row, properties(n)"
)
SET_FACTS: Final = "UNWIND $rows AS row MATCH (n) WHERE elementId(n) = row[0] SET n += row[1]"
SCAN_NODES: Final = {label: f"MATCH (n:{label}) RETURN properties(n)" for label in LABELS}
NAMED: Final = {
    label: f"MATCH (n:{label} {{last_part: $last}}) RETURN {identity('n')}" for label in LABELS
}

NAMESPACES: Final = {label: f"MATCH (n:{label}) RETURN n.namespace, count(n)" for label in LABELS}


def names(label: str, *, every: bool) -> str:
    """A page of ids, of one namespace or of every one."""
    namespace = "" if every else " AND n.namespace = $namespace"
    return (
        f"MATCH (n:{label}) WHERE n.name IS NOT NULL{namespace} AND toLower(n.name) CONTAINS $part"
        f" RETURN {identity('n')} ORDER BY n.namespace, n.dataset, n.name"
        " SKIP $offset LIMIT $limit"
    )


def _family(node: str) -> str:
    """The three columns that spell all of a node but its name."""
    return f"labels({node})[0], {node}.namespace, coalesce({node}.dataset, '')"


def _parts(first: int) -> str:
    """Sets properties of `r` from their three parts; where they stand begins at that column."""
    return (
        f"r += $kinds[row[{first}]], r += $seen[row[{first + 1}]],"
        f" r.sample = $proofs[row[{first + 2}]]"
    )


# Relationships. What many rows have in common is sent once: a row says where in the list it stands.
EDGE_COLUMNS: Final = ", ".join(f"r.{name}" for name in (*KEY, *BODY))
# Each end is looked up once, however many edges it has; one that is gone keeps its place.
_ENDS: Final = (
    "UNWIND range(0, size($nodes) - 1) AS place"
    " OPTIONAL MATCH (n) WHERE elementId(n) = $nodes[place]"
    " WITH place, n ORDER BY place WITH collect([n]) AS nodes"
    " UNWIND $rows AS row WITH row, nodes[row[0]][0] AS a, nodes[row[1]][0] AS b"
)
# Of all types at once, as of the next two: a server takes as long to plan a statement as to do it
# for some thousand edges. What many edges have in common comes once.
FIND_EDGES: Final = (
    f"{_ENDS} MATCH (a)-[r:{'|'.join(EdgeType)}]->(b)"
    f" RETURN collect([row[2], elementId(r)]), type(r), {EDGE_COLUMNS}"
)
ADD_EDGES: Final = f"{_ENDS} CREATE (a)-[r:$($types[row[2]])]->(b) SET {_parts(3)}"
# Planned anew each time: for a graph of two edges the planner prefers to scan all edges, and would
# go on doing so for a while after the graph has grown.
CHANGE_EDGES: Final = (
    "CYPHER replan=force UNWIND $rows AS row MATCH ()-[r]->() WHERE elementId(r) = row[0]"
    f" SET {_parts(1)}"
)
SCAN_EDGES: Final[PerType] = {
    type_: f"MATCH (a)-[r:{type_}]->(b) RETURN {identity('a')}, {identity('b')}, {EDGE_COLUMNS}"
    for type_ in EdgeType
}

# What many rows have in common comes once, with long lists of names: several times as fast.
SCAN_SPANS: Final[PerType] = {
    type_: f"MATCH (a)-[r:{type_}]->(b) RETURN {_family('a')}, {_family('b')},"
    f" {', '.join(f'r.{name}' for name in KEY)}, r.days[-1], collect(a.name), collect(b.name)"
    for type_ in EdgeType
}

# Taking back.
RETRACT: Final = _per_label(
    "UNWIND $rows AS row MATCH NODE WITH row, n MATCH (n)-[r]-() WHERE r.origin = row[4]"
    " WITH DISTINCT r, startNode(r) AS a, endNode(r) AS b, r.via AS via"
    f" DELETE r RETURN {identity('a')}, {identity('b')}, via"
)
RETRACT_VIA: Final = (
    "UNWIND $rows AS row MATCH (a)-[r:FEEDS|RAN]->(b) WHERE r.via = row[0] AND r.origin = row[1]"
    f" WITH DISTINCT r, a, b, r.via AS via DELETE r RETURN {identity('a')}, {identity('b')}, via"
)
DROP_EDGES: Final = (
    "CYPHER replan=force UNWIND $rows AS row MATCH ()-[r]->() WHERE elementId(r) = row[0] DELETE r"
)
_SWEEP: Final = (
    "UNWIND $rows AS row MATCH NODE"
    " WHERE NOT EXISTS { (n)-->() }"
    " AND NOT EXISTS { (n)<-[r]-() WHERE NOT (r:HAS_COLUMN AND r.origin = 'parsed' AND n:Column) }"
    " AND NOT EXISTS { ()-[r:FEEDS|RAN]->() WHERE r.via = row[4] }"
    " WITH row, n, [(d)-[:HAS_COLUMN]->(n) | [d.namespace, d.name]] AS datasets"
    " DETACH DELETE n RETURN row[5], datasets"
)
SWEEP: Final = _per_label(_SWEEP)

# Beside the graph.
PUT_DOCUMENTS: Final = (
    "UNWIND $rows AS row MERGE (d:Document {kind: row[0], key: row[1]}) SET d.body = row[2]"
)
DROP_DOCUMENTS: Final = (
    "UNWIND $rows AS row MATCH (d:Document {kind: row[0], key: row[1]}) DELETE d"
)
STEP: Final = "step"  # the kind of the documents that hold steps
STEPS_LEFT: Final = "MATCH (s:LineageStore) SET s.steps = $steps"
NEXT_STEP: Final = (
    f"MATCH (d:Document {{kind: '{STEP}'}}) WITH d ORDER BY d.key LIMIT 1 RETURN d.key, d.body"
)
# With the last one, the batch is whole.
STEP_DONE: Final = (
    f"MATCH (d:Document {{kind: '{STEP}', key: $key}}) DELETE d WITH count(*) AS done"
    " MATCH (s:LineageStore) SET s.steps = s.steps - done"
    " WITH s WHERE s.steps = 0 MATCH (half:Shard) WHERE half.version < 0"
    " SET half.version = -half.version"
)
DOCUMENTS: Final = "MATCH (d:Document {kind: $kind}) RETURN d.kind, d.key, d.body"
DOCUMENTS_OF: Final = (
    "UNWIND $keys AS key MATCH (d:Document {kind: $kind, key: key}) RETURN d.kind, d.key, d.body"
)
_SPAN: Final = "MATCH (d:Document) WHERE d.kind = $kind AND d.key >= {} AND d.key < {}"
COUNT_DOCUMENTS: Final = f"{_SPAN.format('$first', '$end')} RETURN count(d)"
PUT_SHARDS: Final = (
    "UNWIND $rows AS row MERGE (s:Shard {source: row[0], day: row[1]})"
    " SET s.version = row[2], s.keys = row[3], s.statements = row[4], s.closed = row[5]"
)
SHARDS: Final = (
    "UNWIND $rows AS row MATCH (s:Shard {source: row[0], day: row[1]})"
    " RETURN s.source, s.day, s.version, s.keys, coalesce(s.closed, 0)"
)
SHARD_VERSIONS: Final = (
    "UNWIND $rows AS row MATCH (s:Shard {source: row[0], day: row[1]})"
    " RETURN s.source, s.day, s.version"
)
LOGGED: Final = """MATCH (s:Shard) WHERE s.day >= 0 AND s.statements > 0
    RETURN s.source, s.day, s.statements"""
COUNT_NODES: Final = " UNION ALL ".join(
    f"MATCH (n:{label}) RETURN '{label}' AS label, count(n) AS count" for label in LABELS
)
COUNT_EDGES: Final = " UNION ALL ".join(
    f"MATCH ()-[r:{type_}]->() RETURN '{type_}' AS type, count(r) AS count" for type_ in EdgeType
)
_DAYS: Final = "duration.inDays(date('1970-01-01'), {}).days"
PERIOD: Final = (
    f"MATCH ()-[r:{'|'.join(EdgeType)}]->() WITH min(r.first) AS first, max(r.last) AS last"
    f" RETURN {_DAYS.format('first')}, {_DAYS.format('last')}"
)


def pages(*, backwards: bool) -> str:
    """A page of the documents of each row's span, with the row's first column."""
    order = "DESC" if backwards else "ASC"
    return (
        f"UNWIND $rows AS row CALL (row) {{ {_SPAN.format('row[1]', 'row[2]')}"
        f" RETURN d ORDER BY d.kind {order}, d.key {order} SKIP $offset LIMIT $limit }}"
        " RETURN row[0], d.kind, d.key, d.body"
    )


def _far(direction: Direction, types: Collection[EdgeType], hops: str = "") -> str:
    edge = f"[r:{'|'.join(sorted(types))}{hops}]"
    return f"-{edge}->(far)" if direction is Direction.DOWN else f"<-{edge}-(far)"


def edges_of(
    direction: Direction, types: Collection[EdgeType], role: Role | None = None
) -> PerLabel:
    """For each label: the edges of the rows' nodes, with the row's fifth column and the far end."""
    only = f" WHERE r.role = '{role}'" if role else ""
    return _per_label(
        # In two parts: planned as one, it would begin at every edge of the type.
        f"UNWIND $rows AS row MATCH NODE WITH row, n MATCH (n){_far(direction, types)}{only}"
        f" RETURN type(r), row[4], {identity('far')}, {EDGE_COLUMNS}"
    )


# What a walk reached comes back in a few long lists: a row for each node takes four times as long.
_GROUP: Final = f"{_family('far')}, collect(far.name)"


def walk(direction: Direction, types: Collection[EdgeType], hops: int | None) -> str:
    """Everything reached from one node, by distance; plans as VarLengthExpand(Pruning,BFS)."""
    far = _far(direction, types, f"*1..{'' if hops is None else int(hops)}")
    return (
        f"UNWIND $rows AS row MATCH (n) WHERE elementId(n) = row MATCH p = (n){far}"
        f" WITH far, min(length(p)) AS hop RETURN hop, {_GROUP}"
    )


def step(direction: Direction, types: Collection[EdgeType]) -> str:
    """The nodes one edge away from any of the rows' nodes, with their element ids."""
    return (
        "UNWIND $rows AS row MATCH (n) WHERE elementId(n) = row"
        f" MATCH (n){_far(direction, types)} WITH DISTINCT far"
        f" RETURN {_GROUP}, collect(elementId(far))"
    )

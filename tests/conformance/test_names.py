"""Names are data on every store: whatever is in one, it comes back as it went in."""

from __future__ import annotations

import json
from pathlib import Path

from lineage.model import (
    Activity,
    Batch,
    Document,
    Edge,
    EdgeKey,
    EdgeType,
    Fact,
    Node,
    Origin,
    Role,
    Sample,
    Shard,
)
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, PrincipalId, QueryId
from lineage.store import Direction, Store

HOSTILE: list[str] = json.loads(Path(__file__).with_name("names.json").read_text("utf-8"))


def _hostile_batch() -> Batch:
    nodes, edges = [], []
    for name in HOSTILE:
        dataset, job, query = DatasetId(name, name), JobId(name, name), QueryId(name, name)
        column = ColumnId(dataset, name)
        nodes.append(Node(dataset, {name: Fact(name, name)}))
        edges += [
            Edge(EdgeKey(EdgeType.READ_BY, dataset, ConsumerId(name, name))),
            Edge(EdgeKey(EdgeType.HAS_COLUMN, dataset, column)),
            Edge(
                EdgeKey(EdgeType.FEEDS, column, ColumnId(dataset, "x" + name), Role.IDENTITY, job),
                Activity((20000,), (1,)),
                sample=Sample(name, name, query),
            ),
            Edge(EdgeKey(EdgeType.RAN, job, query, None, PrincipalId(name, name))),
        ]
    return Batch(tuple(nodes), tuple(edges))


def test_names_come_back(store: Store) -> None:
    """Every hostile name is found again as namespace, name, column, fact, via and sample."""
    batch = _hostile_batch()
    store.apply(batch)
    assert {edge.key: edge for edge in store.scan_edges()} == {e.key: e for e in batch.edges}
    ids = [node.id for node in batch.nodes]
    assert store.nodes(ids) == {node.id: node for node in batch.nodes}
    assert len(store.edges(ids, Direction.DOWN, list(EdgeType))) == 2 * len(ids)
    assert len(store.reach(ids, Direction.DOWN, [EdgeType.HAS_COLUMN])) == 2 * len(ids)


def test_names_merge_with_themselves(store: Store) -> None:
    """Applied twice, hostile names make no second node and no second edge."""
    store.apply(_hostile_batch())
    before = store.counts()
    store.apply(_hostile_batch())
    assert (store.counts().nodes, store.counts().edges) == (before.nodes, before.edges)


def test_names_are_taken_back(store: Store) -> None:
    """A retraction of a hostile name takes back what is of that name."""
    store.apply(_hostile_batch())
    jobs = [JobId(name, name) for name in HOSTILE]
    store.apply(Batch(retract=tuple((job, Origin.PARSED) for job in jobs)))
    assert store.nodes(jobs) == {}
    assert store.counts().edges == {"READ_BY": len(HOSTILE)}


def test_documents_and_shards_of_any_name(store: Store) -> None:
    """Kinds, keys, sources and bytes come back as they went in."""
    body = bytes(range(256))
    documents = tuple(Document(name, name, body + name.encode()) for name in HOSTILE)
    shards = tuple(Shard(name, 20000, 0, name[0].encode()[:1] * 16) for name in HOSTILE)
    store.apply(Batch(documents=documents, shards=shards))
    for document in documents:
        assert list(store.documents(document.kind)) == [document]
        assert list(store.documents(document.kind, [document.key])) == [document]
    assert store.shards([(shard.source, 20000) for shard in shards]) == {
        (shard.source, 20000): Shard(shard.source, 20000, 1, shard.keys) for shard in shards
    }


def test_named_finds_the_last_part_without_case(store: Store) -> None:
    """A name is found by its last part in any case, within its label, quotes and all."""
    names = [
        "Shop.Public.Orders",
        "crm.ORDERS",
        "orders",
        'x."my.Orders"',
        "orders.lines",
        "STRASSE",
    ]
    datasets = {name: DatasetId("pg", name) for name in names}
    column = ColumnId(DatasetId("pg", "t"), "address.Orders")
    store.apply(Batch(tuple(map(Node, (*datasets.values(), JobId("dbt", "orders"), column)))))
    assert set(store.named("Dataset", "oRDERS")) == {datasets[name] for name in names[:3]}
    assert store.named("Dataset", "MY.orders") == [datasets['x."my.Orders"']]
    assert store.named("Dataset", "straße") == [datasets["STRASSE"]]
    assert store.named("Job", "ORDERS") == [JobId("dbt", "orders")]
    assert store.named("Column", "orders") == [column]
    assert store.named("Dataset", "order") == []

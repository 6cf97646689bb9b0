"""The order, the batches and the store by which a graph came do not show in its hash."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.hash import graph_hash, records_hash
from lineage.model import (
    Activity,
    Batch,
    Document,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Fact,
    Node,
    Origin,
    Role,
    Sample,
    Shard,
)
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, PrincipalId, QueryId
from lineage.store import Store
from lineage.stores import open_store

FreshUrl = Callable[[], str]

# Few names, so that batches meet in the same nodes and edges.
_name = st.sampled_from(["a", "A", "b.c", "ö`'\"\\", "$x"])
_dataset = st.builds(DatasetId, _name, _name)
_column = st.builds(ColumnId, _dataset, _name)
_job = st.builds(JobId, _name, _name)
_process = st.one_of(_job, st.builds(ConsumerId, _name, _name))
_query = st.builds(QueryId, _name, _name)
_principal = st.builds(PrincipalId, _name, _name)
_none = st.none()
_direct = st.sampled_from([role for role in Role if role.direct])
_origin = st.sampled_from(Origin)
_ENDS = (
    (EdgeType.READ_BY, _dataset, _process, _none, _none),
    (EdgeType.WRITES, _job, _dataset, _none, _none),
    (EdgeType.HAS_COLUMN, _dataset, _column, _none, _none),
    (EdgeType.FEEDS, _column, _column, _direct, _job),
    (EdgeType.USED_BY, _column, _process, st.sampled_from(Role), _none),
    (EdgeType.RAN, _process, _query, _none, _principal),
)
_key = st.one_of(
    st.builds(EdgeKey, st.just(type_), source, target, role, via, _origin)
    for type_, source, target, role, via in _ENDS
)
_activity = st.dictionaries(st.integers(0, 40_000), st.integers(1, 9), max_size=3).map(Activity.of)
_factor = st.sampled_from([1.0, 0.95, 0.7, 0.4])
_sample = st.none() | st.builds(Sample, st.sampled_from(["2025", "2026"]), _name, _query)
_edge = st.builds(
    Edge, _key, _activity, st.builds(Evidence.of, _factor, _factor), _sample, st.booleans()
)
_fact = st.builds(Fact, st.sampled_from(["", "2025", "2026"]), _name)
_facts = st.dictionaries(st.sampled_from(["kind", "name", "ö`"]), _fact, max_size=2)
_node = st.builds(Node, st.one_of(_dataset, _column, _job, _query), _facts)
_part = st.builds(
    Batch, st.lists(_node, max_size=2).map(tuple), st.lists(_edge, max_size=4).map(tuple)
)
_settings = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _hash(url: str, batches: Iterable[Batch]) -> str:
    store = open_store(url, create=True)
    try:
        for batch in batches:
            store.apply(batch)
        return graph_hash(store)
    finally:
        store.close()


def _together(batches: list[Batch]) -> Batch:
    return Batch(
        tuple(node for batch in batches for node in batch.nodes),
        tuple(edge for batch in batches for edge in batch.edges),
    )


@_settings
@given(st.lists(_part, max_size=4), st.randoms(use_true_random=False))
def test_any_order_and_split_gives_the_same_hash(
    fresh_url: FreshUrl, batches: list[Batch], random: Random
) -> None:
    """Batches one by one, shuffled, and as one batch: the same graph."""
    shuffled = list(batches)
    random.shuffle(shuffled)
    one_by_one = _hash(fresh_url(), batches)
    assert _hash(fresh_url(), shuffled) == one_by_one
    assert _hash(fresh_url(), [_together(batches)]) == one_by_one


_retractable = st.one_of(_dataset, _column, _process, _principal, _query)
_change = st.builds(
    Batch,
    edges=st.lists(_edge, max_size=3).map(tuple),
    retract=st.lists(st.tuples(_retractable, _origin), max_size=3).map(tuple),
)


@_settings
@given(st.lists(st.one_of(_part, _change), max_size=5))
def test_all_stores_agree(fresh_urls: Callable[[], list[str]], batches: list[Batch]) -> None:
    """Whatever is applied and taken back, SQLite and Neo4j hold the same graph."""
    sqlite, neo4j = (_hash(url, batches) for url in fresh_urls())
    assert sqlite == neo4j


COLUMN, JOB = ColumnId(DatasetId("pg", "a"), "x"), JobId("dbt", "m")
KEY = EdgeKey(EdgeType.FEEDS, COLUMN, ColumnId(DatasetId("pg", "b"), "x"), Role.IDENTITY, JOB)
SAMPLE = Sample("2026-01-01T00:00:00Z", "k", QueryId("pg", "f"))
EDGE = Edge(KEY, Activity((20000,), (1,)), Evidence.of(), SAMPLE)
GOLDEN = "812c2ad4e3a37b64dd1989f7989244aa55038a3663bf10b3f435eb81cffff1c4"
NODE = Node(DatasetId("pg", "a"), {"kind": Fact("2026", "view")})


def test_every_part_counts() -> None:
    """Whatever differs in a node or an edge, the hash differs."""
    replace = msgspec.structs.replace
    variants: list[Node | Edge] = [
        NODE,
        Node(NODE.id),
        Node(NODE.id, {"kind": Fact("2026", "table")}),
        Node(NODE.id, {"kind": Fact("2025", "view")}),
        Node(NODE.id, {"type": Fact("2026", "view")}),
        Node(JobId("pg", "a"), NODE.facts),
        EDGE,
        replace(EDGE, activity=Activity((20000,), (2,))),
        replace(EDGE, activity=Activity((20001,), (1,))),
        replace(EDGE, evidence=Evidence.of(parse=0.95)),
        replace(EDGE, evidence=Evidence.of(resolve=0.95)),
        replace(EDGE, sample=None),
        replace(EDGE, sample=replace(SAMPLE, key="l")),
        replace(EDGE, named=False),
        replace(EDGE, clock=Activity((32,), (1,))),
        replace(EDGE, key=replace(KEY, role=Role.AGGREGATION)),
        replace(EDGE, key=replace(KEY, via=JobId("dbt", "n"))),
        replace(EDGE, key=replace(KEY, origin=Origin.ENGINE)),
        replace(EDGE, key=replace(KEY, source=KEY.target, target=KEY.source)),
    ]
    hashes = [records_hash([record]) for record in variants]
    assert len(set(hashes)) == len(variants)
    assert records_hash(variants) == records_hash(reversed(variants))
    assert records_hash([]) == "0" * 64


def test_the_hash_is_the_same_tomorrow(store: Store) -> None:
    """A hash that someone has kept, in a certificate, holds; documents and ledger do not count."""
    document, shard = Document("run", "1", b"{}"), Shard("pg", 20000, 0, b"0" * 16)
    store.apply(Batch((NODE,), (EDGE,), documents=(document,), shards=(shard,)))
    assert graph_hash(store) == GOLDEN

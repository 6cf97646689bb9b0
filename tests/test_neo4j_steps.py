"""A batch too large for one transaction of a server is done in steps, and yet whole or not at all.

As little as two dozen edges is taken for too much here; the server is a real one.
"""

import os
import random

import pytest

from lineage.errors import LedgerConflict
from lineage.model import Batch, Edge, EdgeKey, EdgeType, Node, Origin, Shard
from lineage.names import ColumnId, DatasetId
from lineage.stores import neo4j, neo4j_steps, open_store
from lineage.stores.neo4j_steps import Step, packed, unpacked
from tests.trusted_logs import export, hash_of, killed, month, take

SOURCE, DAY = "snowflake://acme", 20_000


class Crash(Exception):
    """What ends a process between two transactions."""


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """Every import has large batches."""
    monkeypatch.setattr(neo4j_steps, "AT_ONCE", 25)


@pytest.fixture
def store(neo4j_url, fresh_urls):
    """An empty store in Neo4j."""
    opened = open_store(fresh_urls()[1], create=True)
    yield opened
    opened.close()


@pytest.fixture
def log(tmp_path):
    """The month in one file."""
    return export(month(), tmp_path / "month.csv")


@pytest.fixture
def clean(tmp_path, log):
    """The hash of one clean import of the month."""
    url = f"sqlite:///{tmp_path}/clean.db"
    take(url, [log])
    return hash_of(url)


def wide(name, columns=40, version=0):
    """A batch that tells of a dataset of so many columns, and of a statement in the ledger."""
    dataset = DatasetId(SOURCE, name)
    ends = [ColumnId(dataset, f"c{i}") for i in range(columns)]
    edges = [Edge(EdgeKey(EdgeType.HAS_COLUMN, dataset, end)) for end in ends]
    return Batch((Node(dataset),), edges, shards=(Shard(SOURCE, DAY, version, bytes(16)),))


def stop_at(monkeypatch, number):
    """Lets the process end in the transaction of that step."""
    do_step, done = neo4j.do_step, []

    def crash(*arguments):
        done.append(1)
        if len(done) == number:
            raise Crash
        do_step(*arguments)

    monkeypatch.setattr(neo4j, "do_step", crash)
    return lambda: monkeypatch.setattr(neo4j, "do_step", do_step)


@pytest.mark.parametrize("flush", [25, 1_000_000])
def test_the_graph_is_that_of_one_transaction(store, log, clean, flush):
    """However many batches an import has, and steps a batch."""
    take(store.url, [log], flush=flush)
    assert hash_of(store.url) == clean
    assert not list(store.documents("step"))


@pytest.mark.parametrize(("number", "create"), [(1, True), (2, False), (3, True)])
def test_what_one_has_left_the_next_who_opens_it_does(store, monkeypatch, number, create):
    """From its first transaction on, the batch is in the store; who asks is not told half of it."""
    go_on = stop_at(monkeypatch, number)
    with pytest.raises(Crash):
        store.apply(wide("orders"))
    go_on()
    assert list(store.documents("step"))
    open_store(store.url, create=create).close()
    assert store.counts().edges == {"HAS_COLUMN": 40}
    assert store.shards([(SOURCE, DAY)])[SOURCE, DAY].version == 1
    assert not list(store.documents("step"))


def test_nobody_builds_on_half_a_batch(store, monkeypatch):
    """Who read the ledger while steps were left does them, and then has to read again."""
    go_on = stop_at(monkeypatch, 2)
    with pytest.raises(Crash):
        store.apply(wide("orders"))
    go_on()
    half = store.shards([(SOURCE, DAY)])[SOURCE, DAY].version
    for version in (half, 0):
        with pytest.raises(LedgerConflict):
            store.apply(wide("items", version=version))
        assert store.counts().edges == {"HAS_COLUMN": 40}
    store.apply(wide("items", version=store.shards([(SOURCE, DAY)])[SOURCE, DAY].version))
    assert store.counts().edges == {"HAS_COLUMN": 80}


def test_what_a_retraction_leaves_bare_goes_with_the_last_step(store):
    """Nodes that the batch tells of anew stay."""
    store.apply(wide("orders"))
    batch = wide("items", version=1)
    gone = ((DatasetId(SOURCE, "orders"), Origin.PARSED),)
    store.apply(Batch(batch.nodes, batch.edges, gone, shards=batch.shards))
    assert store.counts().nodes == {"Dataset": 1, "Column": 40}
    kept = Batch((Node(DatasetId(SOURCE, "items")),), wide("a").edges, (
        (DatasetId(SOURCE, "items"), Origin.PARSED),
    ))  # fmt: skip
    store.apply(kept)
    assert store.counts().nodes == {"Dataset": 2, "Column": 40}


def test_killed_between_steps(store, log, clean):
    """Kill -9 at random moments while steps are done: the next import completes the work, once."""
    pick = random.Random(7)
    for _ in range(6):
        killed(store.url, [log], pick.randint(1, 2), pick.uniform(0, 0.6))
    take(store.url, [log])
    assert hash_of(store.url) == clean


def test_two_at_the_same_time(store, tmp_path, clean):
    """Two imports of overlapping exports do each other's steps; each statement counts once."""
    rows = month()
    logs = [export(rows[:90], tmp_path / "a.csv"), export(rows[60:], tmp_path / "b.csv")]
    children = []
    for log in logs:
        child = os.fork()
        if not child:
            try:
                take(store.url, [log])
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert hash_of(store.url) == clean


def test_a_step_is_kept_as_it_is(store, log):
    """Whatever its edges say."""
    take(store.url, [log])
    edges = [(edge.key, edge.sighting) for edge in store.scan_edges()]
    step = Step(list(store.scan_nodes()), edges, fresh=True, touched=[edges[0][0].source], keep=[])
    assert unpacked(packed(step)) == step

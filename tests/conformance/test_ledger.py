"""The ledger and the atomicity of `apply`: all of a batch, or nothing."""

from __future__ import annotations

import pytest

from lineage.errors import LedgerConflict
from lineage.hash import graph_hash
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
    Shard,
)
from lineage.names import ConsumerId, DatasetId
from lineage.store import Store

ORDERS, ANN = DatasetId("pg", "orders"), ConsumerId("pg", "ann")
READ = Edge(EdgeKey(EdgeType.READ_BY, ORDERS, ANN), Activity((20000,), (1,)))
KEYS = b"0123456789abcdef"


class Broken(RuntimeError):
    """What goes wrong in the middle of a batch."""


class Trap(Document, frozen=True):
    """A document that breaks when it is written: after the nodes and edges of its batch."""

    def __getattribute__(self, name: str) -> object:
        """Nothing but an error."""
        raise Broken(name)


def _state(store: Store) -> object:
    documents = list(store.documents("run"))
    return graph_hash(store), store.version(), documents, store.shards([("pg", 20000)])


def test_a_failure_in_the_middle_leaves_nothing(store: Store) -> None:
    """A batch that breaks half way changes nothing, and the store goes on."""
    store.apply(Batch(edges=(READ,), shards=(Shard("pg", 20000, 0, KEYS),)))
    before = _state(store)
    broken = Batch(
        nodes=(Node(ORDERS, {"kind": Fact("2026", "view")}), Node(DatasetId("pg", "new"))),
        edges=(READ, Edge(EdgeKey(EdgeType.READ_BY, DatasetId("pg", "newer"), ANN))),
        retract=((ANN, Origin.PARSED),),
        documents=(Document("run", "1", b"{}"), Trap("run", "2", b"{}")),
        shards=(Shard("pg", 20000, 1, KEYS + KEYS),),
    )
    with pytest.raises(Broken):
        store.apply(broken)
    assert _state(store) == before
    store.apply(Batch(broken.nodes, broken.edges))
    newer = DatasetId("pg", "newer")
    assert set(store.nodes([newer, DatasetId("pg", "new")])) == {newer, DatasetId("pg", "new")}
    assert store.counts().edges == {"READ_BY": 2}


def test_a_shard_is_written_once_for_its_version(store: Store) -> None:
    """A shard starts at version 0, each write raises it, and another version is refused whole."""
    assert store.shards([("pg", 20000)]) == {("pg", 20000): Shard("pg", 20000, 0, b"")}
    store.apply(Batch(shards=(Shard("pg", 20000, 0, KEYS), Shard("pg", 20001, 0, KEYS))))
    store.apply(Batch(shards=(Shard("pg", 20000, 1, KEYS + KEYS),)))
    before = _state(store)
    for stale in (0, 1, 3):
        batch = Batch(
            edges=(READ,),
            shards=(Shard("pg", 20001, 1, KEYS), Shard("pg", 20000, stale, KEYS)),
        )
        with pytest.raises(LedgerConflict, match=r"pg.*2024-10-04"):
            store.apply(batch)
        assert _state(store) == before
    assert store.shards([("pg", 20000), ("pg", 20001)]) == {
        ("pg", 20000): Shard("pg", 20000, 2, KEYS + KEYS),
        ("pg", 20001): Shard("pg", 20001, 1, KEYS),
    }


def test_logged_days(store: Store) -> None:
    """Per source, the days of the ledger with their statements; bookkeeping days do not count."""
    days = (("pg", 20002, 3), ("pg", 20000, 1), ("snow", 20001, 2), ("snow", -1, 5), ("x", -2, 1))
    shards = tuple(Shard(source, day, 0, KEYS * count) for source, day, count in days)
    store.apply(Batch(shards=shards))
    assert dict(store.logged()) == {
        "pg": Activity((20000, 20002), (1, 3)),
        "snow": Activity((20001,), (2,)),
    }


def test_the_newest_document_replaces_the_one_before(store: Store) -> None:
    """One document a kind and key; the last one given is kept, within a batch and across."""
    first, second, third = (Document("run", "1", body) for body in (b"1", b"2", b"3"))
    other = Document("run", "2", b"other")
    store.apply(Batch(documents=(first, other, second, Document("import", "1", b"x"))))
    assert {doc.key: doc for doc in store.documents("run")} == {"1": second, "2": other}
    store.apply(Batch(documents=(third,)))
    assert list(store.documents("run", ["1", "9"])) == [third]
    assert list(store.documents("run", [])) == []
    assert list(store.documents("nothing")) == []


def test_the_version_grows_with_every_batch(store: Store) -> None:
    """Every applied batch raises the version, an empty one too."""
    versions = [store.version()]
    for batch in (Batch(), Batch(edges=(READ,)), Batch(edges=(READ,))):
        store.apply(batch)
        versions.append(store.version())
    assert versions == sorted(set(versions))


def test_a_document_without_a_body_takes_it_away(store: Store) -> None:
    """What is no longer needed goes, also when it came in the same batch."""
    store.apply(Batch(documents=(Document("run", "1", b"{}"), Document("run", "2", b"{}"))))
    gone = (Document("run", "1", b""), Document("run", "3", b"{}"), Document("run", "3", b""))
    store.apply(Batch(documents=gone))
    assert list(store.documents("run")) == [Document("run", "2", b"{}")]


def test_a_closed_shard_still_tells_how_many_statements_its_day_has(store: Store) -> None:
    """Its keys are gone and its day stays a logged one."""
    store.apply(Batch(shards=(Shard("pg", 20000, 0, b"0" * 32),)))
    place = ("pg", 20000)
    store.apply(Batch(shards=(store.shards([place])[place].close(),)))
    assert store.shards([place])[place] == Shard("pg", 20000, 2, b"", 2)
    assert store.logged()["pg"] == Activity((20000,), (2,))

"""Several at one store: writers wait for each other, readers wait for nobody."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from lineage.errors import LedgerConflict
from lineage.model import Activity, Batch, Document, Edge, EdgeKey, EdgeType, Origin, Shard
from lineage.names import ConsumerId, DatasetId
from lineage.store import Store
from lineage.stores import open_store

ORDERS = DatasetId("pg", "orders")
ROUNDS = 15


def _read(consumer: str, count: int = 1) -> Edge:
    key = EdgeKey(EdgeType.READ_BY, ORDERS, ConsumerId("pg", consumer))
    return Edge(key, Activity((20000,), (count,)))


def _at_once(url: str, *works: Callable[[Store], None]) -> None:
    """Runs each work on a store of its own, all at once."""

    def work_on_own(work: Callable[[Store], None]) -> None:
        store = open_store(url, create=True)
        try:
            work(store)
        finally:
            store.close()

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work_on_own, work) for work in works]:
            done.result(timeout=600)


def test_two_writers_lose_nothing(store: Store, url: str) -> None:
    """Two writers of the same edges, each with a store of its own: every count is there."""

    def write(own: Store) -> None:
        for number in range(ROUNDS):
            own.apply(Batch(edges=(_read("ann"), _read(f"new {number}"))))

    _at_once(url, write, write)
    totals = {edge.key.target.name: edge.activity.total for edge in store.scan_edges()}
    assert totals == {"ann": 2 * ROUNDS} | {f"new {number}": 2 for number in range(ROUNDS)}


def test_the_ledger_keeps_two_importers_apart(store: Store, url: str) -> None:
    """Two importers of one day: who comes late is refused, reads again, and nothing is lost."""

    def importer(name: bytes) -> Callable[[Store], None]:
        def run(own: Store) -> None:
            for number in range(ROUNDS):
                _count_once(own, name + number.to_bytes(15, "big"))

        return run

    _at_once(url, importer(b"a"), importer(b"b"))
    shard = store.shards([("pg", 20000)])["pg", 20000]
    assert (len(shard.keys), shard.version) == (2 * ROUNDS * 16, 2 * ROUNDS)
    assert [edge.activity.total for edge in store.scan_edges()] == [2 * ROUNDS]


def _count_once(store: Store, key: bytes) -> None:
    while True:
        known = store.shards([("pg", 20000)])["pg", 20000]
        keys = b"".join(sorted([key, *_split(known.keys)]))
        try:
            store.apply(
                Batch(edges=(_read("ann"),), shards=(Shard("pg", 20000, known.version, keys),))
            )
        except LedgerConflict:
            continue
        return


def _split(keys: bytes) -> list[bytes]:
    return [keys[at : at + 16] for at in range(0, len(keys), 16)]


class Slow(Document, frozen=True):
    """A document that is not written before it is let: what waits in the middle of a batch."""

    writing: Event
    go_on: Event

    def __getattribute__(self, name: str) -> object:
        """The attribute, later."""
        get = super().__getattribute__
        get("writing").set()
        assert get("go_on").wait(600)
        return get(name)


def test_a_reader_sees_the_state_before_a_write(store: Store, url: str) -> None:
    """While a batch is being written, others read at once, and what was there before."""
    store.apply(Batch(edges=(_read("ann"),)))
    writing, go_on = Event(), Event()
    document = Slow("run", "1", b"", writing, go_on)
    other = open_store(url)

    def write(own: Store) -> None:
        own.apply(Batch(edges=(_read("ann"), _read("bob")), documents=(document,)))

    def read(own: Store) -> None:
        assert writing.wait(600)
        try:
            for reader in (own, other):
                assert list(reader.scan_edges()) == [_read("ann")]
                assert reader.version() == 1
        finally:
            go_on.set()

    _at_once(url, write, read)
    assert {edge.key.target.name: edge.activity.total for edge in other.scan_edges()} == {
        "ann": 2,
        "bob": 1,
    }
    other.close()


def test_what_another_store_removed_is_known(store: Store, url: str) -> None:
    """A store that has written a node notices that another store took it away."""
    store.apply(Batch(edges=(_read("ann"),)))

    def retract(own: Store) -> None:
        own.apply(Batch(retract=((ORDERS, Origin.PARSED),)))

    _at_once(url, retract)
    assert list(store.scan_nodes()) == []
    store.apply(Batch(edges=(_read("ann", 5),)))
    assert list(store.scan_edges()) == [_read("ann", 5)]

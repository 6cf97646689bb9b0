"""From a URL to a store: the registry of adapters; a driver is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lineage.errors import StoreMissing, StoreUnavailable
from lineage.store import Store


def _sqlite(url: str, *, create: bool) -> Store:
    from lineage.stores.sqlite import open_sqlite

    return open_sqlite(url, create=create)


def _neo4j(url: str, *, create: bool) -> Store:
    from lineage.stores.neo4j import open_neo4j

    return open_neo4j(url, create=create)


def _snapshot(url: str, *, create: bool) -> Store:
    from lineage.stores.snapshot import open_snapshot

    return open_snapshot(url, create=create)


_ADAPTERS: Final[dict[str, Callable[..., Store]]] = {
    "sqlite": _sqlite,
    "neo4j": _neo4j,
    "neo4j+s": _neo4j,
    "neo4j+ssc": _neo4j,
    "bolt": _neo4j,
    "bolt+s": _neo4j,
    "bolt+ssc": _neo4j,
    "snapshot": _snapshot,
}


def open_store(url: str, *, create: bool = False) -> Store:
    """The store at that URL; without `create`, one that holds something.

    `sqlite:///lineage.db` (relative to the working directory), `sqlite:////data/lineage.db`,
    `snapshot:///graph.snap` (only read), `neo4j://host:7687`, `bolt://…`, `neo4j+s://…`. For
    Neo4j the login is in the environment: `NEO4J_USER`, `NEO4J_PASSWORD`, and `NEO4J_DATABASE`
    unless it is the server's default.

    Raises:
        StoreMissing: nothing was imported into it yet, and `create` is false.
        StoreUnavailable: it does not answer, refuses the login, or the scheme is unknown.
        StoreTooNew: a newer version of this program has written it.
    """
    adapter = _ADAPTERS.get(url.partition("://")[0])
    if adapter is None:
        schemes = ", ".join(f"{scheme}://" for scheme in _ADAPTERS)
        raise StoreUnavailable(f"{url!r} is no store: begin it with one of {schemes}")
    store = adapter(url, create=create)
    if not create and not store.version():
        store.close()
        raise StoreMissing(f"nothing was imported into {store.url} yet: run `lineage import`")
    return store

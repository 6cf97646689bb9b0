"""The server store: a Neo4j database, over the official driver."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import neo4j
from neo4j.exceptions import AuthError, ClientError, DriverError, Neo4jError

from lineage.errors import StoreError, StoreUnavailable
from lineage.model import Activity, Batch, Document, Edge, EdgeKey, EdgeType, Node, Role, Shard
from lineage.names import NodeId
from lineage.store import Counts, Direction
from lineage.stores import cypher
from lineage.stores.codec import LABELS, unspell
from lineage.stores.migrations import pending
from lineage.stores.neo4j_apply import apply_batch, do_step
from lineage.stores.neo4j_rows import edge, edge_keys, facts, id_row
from lineage.stores.neo4j_run import Rows, Runner, by_label, run
from lineage.stores.neo4j_walk import reach

_CONNECT_S: Final = 10.0
_ROWS_KEPT: Final = 1_000_000  # element ids remembered before starting over
_THERE_ALREADY: Final = "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists"
_IN_STEPS: Final = "IN TRANSACTIONS"
_NO_ROOM: Final = "Neo.TransientError.General.MemoryPoolOutOfMemoryError"
_FETCH: Final = 5_000  # rows the server sends at once


def open_neo4j(url: str, *, create: bool) -> Neo4jStore:
    """The store in the database behind `neo4j://`, `bolt://` or `neo4j+s://`.

    The login is in `NEO4J_USER` and `NEO4J_PASSWORD`, the database in `NEO4J_DATABASE` unless it
    is the server's default.

    Raises:
        StoreUnavailable: no server answers, or it refuses the login.
        StoreTooNew: a newer version of this program has written it.
        StoreError: the URL holds a login.
    """
    if "@" in urlsplit(url).netloc:
        scheme = url.partition("://")[0]
        raise StoreError(f"{scheme}://… holds a login: set NEO4J_USER and NEO4J_PASSWORD instead")
    store = Neo4jStore(url)
    try:
        store.migrate(allowed=create)
    except StoreError:
        store.close()
        raise
    return store


class Neo4jStore:
    """A `lineage.store.Store` in a Neo4j database; any thread may use it."""

    def __init__(self, url: str) -> None:
        self._url = url
        password = os.environ.get("NEO4J_PASSWORD")
        user = os.environ.get("NEO4J_USER", "neo4j")
        with _explained(url):
            self._driver = neo4j.GraphDatabase.driver(
                url,
                auth=(user, password) if password else None,
                connection_timeout=_CONNECT_S,
                notifications_min_severity="OFF",
            )
        self._database = os.environ.get("NEO4J_DATABASE")
        # In a cluster, a reader of this store sees what this store has written.
        self._bookmarks = neo4j.GraphDatabase.bookmark_manager()
        self._rows: tuple[int, Rows] = (-1, {})

    @property
    def url(self) -> str:
        """The URL it was opened with."""
        return self._url

    def migrate(self, *, allowed: bool) -> None:
        """Bring the schema up to date, or refuse one that needs it when not allowed.

        And do what is left of a large batch: nobody is to be told half of it.
        """
        with self._session(neo4j.WRITE_ACCESS) as session:
            self._driver.verify_connectivity()  # at once, where a query would try again and again
            schema = _number(session, cypher.SCHEMA)
            if schema is None and not allowed:
                return
            for number, statements in pending("neo4j", self._url, schema or 0, migrate=allowed):
                for statement in statements:
                    _change_schema(session, statement)
                session.execute_write(_run, cypher.MIGRATED, schema=number)
            if _number(session, cypher.STEPS):
                self._write(session, None)

    def version(self) -> int:
        """A number that grows with every applied batch; 0 before the first."""
        with self._session() as session:
            return _number(session, cypher.VERSION) or 0

    def apply(self, batch: Batch) -> None:
        """Apply all of the batch, or nothing.

        A large one is done step by step. From its first transaction on it is in the store: who is
        killed meanwhile leaves steps to the next one who opens the store, or applies a batch.
        """
        with self._session(neo4j.WRITE_ACCESS) as session:
            self._write(session, batch)

    def _write(self, session: neo4j.Session, batch: Batch | None) -> None:
        """Does what steps are left, then the batch, and its steps."""
        left = True
        while left or batch:
            known = [self._rows]
            self._rows = (-1, {})
            done = session.execute_write(_apply, batch, known)
            self._rows, left = (done.version, done.rows), done.left > 0
            batch = None if done.is_applied else batch

    def nodes(self, ids: Collection[NodeId]) -> dict[NodeId, Node]:
        """The nodes of these ids that exist."""
        with self._session() as session:
            return _nodes(session, ids)

    def named(self, label: str, last: str) -> list[NodeId]:
        """The ids of that label whose last name part equals `last`, compared without case."""
        with self._session() as session:
            found = session.run(cypher.NAMED[label], last=last.casefold())
            return [unspell(*spelled) for spelled in found.values()]

    def names(
        self, label: str, namespace: str | None, limit: int, offset: int = 0, part: str = ""
    ) -> list[NodeId]:
        """A page of the ids of a label, of one namespace or of all, sorted as ids are."""
        statement = cypher.names(label, every=namespace is None)
        wanted = {"namespace": namespace, "part": part.lower(), "limit": limit, "offset": offset}
        with self._session() as session:
            return [unspell(*spelled) for spelled in session.run(statement, wanted).values()]

    def namespaces(self, label: str) -> dict[str, int]:
        """How many nodes of that label there are in each namespace."""
        with self._session() as session:
            return dict(session.run(cypher.NAMESPACES[label]).values())

    def scan_nodes(self, label: str | None = None) -> Iterator[Node]:
        """Every node, or every node of a label; in no particular order."""
        with self._session() as session:
            for one in [label] if label else LABELS:
                for (found,) in session.run(cypher.SCAN_NODES[one]):
                    names = found["namespace"], found.get("dataset", ""), found["name"]
                    yield Node(unspell(one, *names), facts(found))

    def scan_edges(self, types: Collection[EdgeType] | None = None) -> Iterator[Edge]:
        """Every edge, or every edge of these types; in no particular order."""
        with self._session() as session:
            for type_ in EdgeType if types is None else types:
                for row in session.run(cypher.SCAN_EDGES[type_]):
                    yield edge(type_, unspell(*row[:4]), unspell(*row[4:8]), row[8:])

    def scan_spans(self, types: Collection[EdgeType]) -> Iterator[tuple[EdgeKey, int | None]]:
        """Every edge of these types by its key, and the last day that it was active, if any."""
        with self._session() as session:
            for type_ in types:
                for row in session.run(cypher.SCAN_SPANS[type_]):
                    *group, last, sources, targets = row
                    yield from ((key, last) for key in edge_keys(type_, group, sources, targets))

    def edges(
        self,
        ids: Collection[NodeId],
        direction: Direction,
        types: Collection[EdgeType],
        role: Role | None = None,
    ) -> list[Edge]:
        """The edges of these types that leave (DOWN) or enter (UP) the nodes of these ids."""
        with self._session() as session:
            return _edges(session, ids, direction, types, role) if types else []

    def reach(
        self,
        starts: Collection[NodeId],
        direction: Direction,
        types: Collection[EdgeType],
        hops: int | None = None,
    ) -> dict[NodeId, int]:
        """Every node reached over these edge types and its distance in edges; starts are 0."""
        with self._session() as session:
            return reach(session, starts, direction, types, hops)

    def documents(self, kind: str, keys: Collection[str] | None = None) -> Iterator[Document]:
        """The documents of a kind, or those of these keys."""
        with self._session() as session:
            found = (
                session.run(cypher.DOCUMENTS, kind=kind)
                if keys is None
                else session.run(cypher.DOCUMENTS_OF, kind=kind, keys=list(keys))
            )
            for row in found:
                yield Document(*row)

    def pages(
        self,
        kind: str,
        spans: Sequence[tuple[str, str]],
        limit: int,
        offset: int = 0,
        *,
        backwards: bool = False,
    ) -> list[list[Document]]:
        """Of each span a page of the documents of a kind, in the order of their keys."""
        statement = cypher.pages(backwards=backwards)
        rows = [[place, *span] for place, span in enumerate(spans)]
        found: list[list[Document]] = [[] for _ in spans]
        with self._session() as session:
            wanted = {"kind": kind, "rows": rows, "limit": limit, "offset": offset}
            for place, *row in session.run(statement, wanted):
                found[place].append(Document(*row))
        return [sorted(page, key=lambda one: one.key, reverse=backwards) for page in found]

    def count_documents(self, kind: str, first: str, end: str) -> int:
        """How many documents of a kind have a key from `first` on, and before `end`."""
        with self._session() as session:
            found = session.run(cypher.COUNT_DOCUMENTS, kind=kind, first=first, end=end)
            return int(found.single(strict=True)[0])

    def shards(self, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], Shard]:
        """The ledger's shards of these (source, day); one that is not there has version 0."""
        with self._session() as session:
            found = session.run(cypher.SHARDS, rows=[list(key) for key in keys]).values()
        there = {(source, day): Shard(source, day, *rest) for source, day, *rest in found}
        return {key: there.get(key) or Shard(*key, 0, b"") for key in keys}

    def logged(self) -> Mapping[str, Activity]:
        """Per source, the days of its ledger and how many statements each holds."""
        days: dict[str, dict[int, int]] = {}
        with self._session() as session:
            for source, day, count in session.run(cypher.LOGGED):
                days.setdefault(source, {})[day] = count
        return {source: Activity.of(by_day) for source, by_day in days.items()}

    def counts(self) -> Counts:
        """How many nodes and edges there are, and from when to when."""
        with self._session() as session:
            return _counts(session)

    def close(self) -> None:
        """Give back connections; the store is not used afterwards."""
        self._driver.close()

    @contextmanager
    def _session(self, access: str = neo4j.READ_ACCESS) -> Iterator[neo4j.Session]:
        """A session; what reads runs in it by itself, which takes one round trip and not three."""
        with (
            _explained(self._url),
            self._driver.session(
                database=self._database,
                bookmark_manager=self._bookmarks,
                default_access_mode=access,
                fetch_size=_FETCH,
            ) as session,
        ):
            yield session


def _change_schema(session: neo4j.Session, statement: str) -> None:
    """Runs it, also where two imports migrate at the same time: one waits, or comes too late."""
    try:
        if _IN_STEPS in statement:  # it makes transactions of its own
            session.run(statement).consume()
        else:
            session.execute_write(_run, statement)
    except ClientError as error:
        if error.code != _THERE_ALREADY:
            raise


def _run(tx: neo4j.ManagedTransaction, /, statement: str, **parameters: int) -> None:
    tx.run(statement, parameters).consume()


def _number(tx: Runner, statement: str) -> int | None:
    record = tx.run(statement).single()
    return record[0] if record else None


class _Done(NamedTuple):
    """What a transaction has done: the version it made, and what is known of nodes' element ids.

    left: how many steps of a large batch. is_applied: whether the given batch is, but for those.
    """

    version: int
    rows: Rows
    left: int
    is_applied: bool


def _apply(
    tx: neo4j.ManagedTransaction, batch: Batch | None, known: list[tuple[int, Rows]]
) -> _Done:
    """Does the next step that is left of an earlier batch; or the batch, if there is none.

    `known` is used up by the first attempt: what a rolled back one has learnt is not so.
    """
    version, left = tx.run(cypher.NEXT_VERSION).values()[0]
    at, rows = known.pop() if known else (-1, {})
    if at != version - 1 or len(rows) > _ROWS_KEPT:
        rows = {}
    if left:
        do_step(tx, rows)
        return _Done(version, rows, left - 1, is_applied=False)
    left = apply_batch(tx, batch, rows, first=version == 1) if batch else 0
    return _Done(version, rows, left, is_applied=True)


def _nodes(tx: Runner, ids: Collection[NodeId]) -> dict[NodeId, Node]:
    found = {}
    for label, nodes in by_label(set(ids)).items():
        asked = [[*id_row(node), place] for place, node in enumerate(nodes)]
        for place, properties in run(tx, cypher.GET_NODE[label], asked):
            found[nodes[place]] = Node(nodes[place], facts(properties))
    return found


def _edges(
    tx: Runner,
    ids: Collection[NodeId],
    direction: Direction,
    types: Collection[EdgeType],
    role: Role | None,
) -> list[Edge]:
    statements = cypher.edges_of(direction, types, role)
    found = []
    for label, nodes in by_label(set(ids)).items():
        asked = [[*id_row(node), place] for place, node in enumerate(nodes)]
        for type_, place, *row in run(tx, statements[label], asked):
            near, far = nodes[place], unspell(*row[:4])
            source, target = (near, far) if direction is Direction.DOWN else (far, near)
            found.append(edge(EdgeType(type_), source, target, row[4:]))
    return found


def _counts(tx: Runner) -> Counts:
    nodes = {label: count for label, count in tx.run(cypher.COUNT_NODES) if count}
    edges = {type_: count for type_, count in tx.run(cypher.COUNT_EDGES) if count}
    first, last = tx.run(cypher.PERIOD).values()[0]
    return Counts(nodes, edges, first, last)


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """The driver's and the server's errors as errors of this project, with what to do."""
    try:
        yield
    except AuthError as error:
        raise StoreUnavailable(
            f"{url} refuses the login: set NEO4J_USER and NEO4J_PASSWORD ({error.message})"
        ) from error
    except DriverError as error:
        raise StoreUnavailable(
            f"no Neo4j answers at {url}: check the address, or start one with"
            f" `lineage neo4j start` ({error})"
        ) from error
    except Neo4jError as error:
        if error.code == _NO_ROOM:
            raise StoreUnavailable(
                f"{url} has too little memory for what is written at once: raise"
                " server.memory.heap.max_size in its neo4j.conf, or let less be written at once,"
                f" as with LINEAGE_FLUSH=20000 statements ({error.message})"
            ) from error
        raise StoreUnavailable(f"{url} could not do it: {error.message} ({error.code})") from error

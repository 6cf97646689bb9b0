"""The embedded store: one SQLite file, read by many while one import writes (WAL)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from lineage.errors import StoreError, StoreMissing, StoreUnavailable
from lineage.model import (
    Activity,
    Batch,
    Document,
    Edge,
    EdgeKey,
    EdgeType,
    Node,
    Role,
    Shard,
)
from lineage.names import NodeId
from lineage.store import Counts, Direction
from lineage.stores.codec import spell, unspell
from lineage.stores.migrations import pending
from lineage.stores.sqlite_apply import FIND_NODE, SPELLED, Rows, apply_batch
from lineage.stores.sqlite_edges import EdgeReader, names
from lineage.stores.sqlite_rows import KEY, NUMBERS, TYPES, facts
from lineage.stores.sqlite_writer import writer_of

_APPLICATION: Final = 0x4C494E47  # "LING" in the file's header, so that no other program's is taken
_WAIT_MS: Final = 30_000  # how long one writer waits for another
_CACHE: Final = -65_536  # KiB, below zero
# What a large batch touches all over: a page that is written out and read again costs as much as
# the edges in it. It is taken as far as it is needed, and given back.
_CACHE_TO_WRITE: Final = -262_144
_NAMES_KEPT: Final = 1_000_000  # ids remembered before starting over

_CAUSES: Final = {
    sqlite3.SQLITE_BUSY: "is locked by {writer}: wait until it ends, then try again",
    sqlite3.SQLITE_LOCKED: "is locked by {writer}: wait until it ends, then try again",
    sqlite3.SQLITE_FULL: "cannot grow, the disk is full: free space, then try again",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: check that its folder exists and may be written",
    sqlite3.SQLITE_READONLY: "may not be written: check the permissions of file and folder",
    sqlite3.SQLITE_PERM: "may not be opened: check the permissions of file and folder",
    sqlite3.SQLITE_IOERR: "cannot be read or written: check the disk",
}

_EDGE: Final = f"{KEY}, runs, evidence"
# The ends of the flow: most of them are needed, and one statement is faster than one a name.
_FLOWING: Final = """SELECT id, label, namespace, dataset, name FROM nodes
    WHERE label IN ('Dataset', 'Job', 'Consumer')"""
_LOGGED: Final = """SELECT source, day, length(keys) / 16 + closed FROM shards
    WHERE day >= 0 AND (length(keys) > 0 OR closed > 0)"""
_STEP: Final = {
    Direction.DOWN: ("src", "dst"),
    Direction.UP: ("dst", "src"),
}


def open_sqlite(url: str, *, create: bool) -> SqliteStore:
    """The store in the file of `sqlite:///relative.db` or `sqlite:////absolute.db`.

    Raises:
        StoreMissing: there is no such file, and it is not to be created.
        StoreUnavailable: the file cannot be opened.
        StoreTooNew: a newer version of this program has written it.
        StoreError: it is something else.
    """
    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not path.name:
        raise StoreError(f"{url} names no file: write sqlite:///lineage.db")
    if not create and not path.exists():
        raise StoreMissing(f"{url} does not exist: run `lineage import` first")
    store = SqliteStore(url, path, create=create)
    try:
        store.migrate(allowed=create)
    except StoreError:
        store.close()
        raise
    return store


class SqliteStore:
    """A `lineage.store.Store` in one file; any thread may use it."""

    def __init__(self, url: str, path: Path, *, create: bool) -> None:
        self._url = url
        self._file = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
        self._idle: list[sqlite3.Connection] = []
        # Which row a node has: known from batch to batch as long as nobody else writes.
        self._rows: tuple[int, Rows] = (-1, {})

    @property
    def url(self) -> str:
        """The URL it was opened with."""
        return self._url

    def migrate(self, *, allowed: bool) -> None:
        """Bring the schema up to date, or refuse a file that needs it when not allowed."""
        with self._transaction() as db:
            if not self._pending(db, allowed=allowed):
                return
        with _explained(self._url):
            db = self._connect()
            self._idle.append(db)
            _write_ahead(db)
        # Asked again under the lock: another import may have been faster.
        with self._transaction("BEGIN IMMEDIATE") as db:
            for number, statements in self._pending(db, allowed=allowed):
                for statement in statements:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {number}")
                db.execute(f"PRAGMA application_id = {_APPLICATION}")

    def _pending(self, db: sqlite3.Connection, *, allowed: bool) -> list[tuple[int, list[str]]]:
        schema = db.execute("PRAGMA user_version").fetchone()[0]
        mine = db.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION
        empty = not db.execute("SELECT 1 FROM sqlite_schema").fetchone()
        if not mine and not empty:
            raise StoreError(f"{self._url} is another program's database: name another file")
        if empty and not allowed:
            raise StoreMissing(f"{self._url} is empty: run `lineage import` first")
        return pending("sqlite", self._url, schema, migrate=allowed)

    def version(self) -> int:
        """A number that grows with every applied batch."""
        with self._transaction() as db:
            return _version(db)

    def apply(self, batch: Batch) -> None:
        """Apply all of the batch, or nothing."""
        with self._transaction("BEGIN IMMEDIATE") as db:
            db.execute(f"PRAGMA cache_size = {_CACHE_TO_WRITE}")
            version = _version(db)
            known_at, rows = self._rows
            if known_at != version or len(rows) > _NAMES_KEPT:
                rows = {}
            self._rows = (-1, {})
            apply_batch(db, batch, rows)
            db.execute(f"PRAGMA cache_size = {_CACHE}")
        self._rows = (version + 1, rows)

    def nodes(self, ids: Collection[NodeId]) -> dict[NodeId, Node]:
        """The nodes of these ids that exist."""
        with self._transaction() as db:
            rows = ((node, db.execute(FIND_NODE, spell(node)).fetchone()) for node in set(ids))
            return {node: Node(node, facts(row[1])) for node, row in rows if row}

    def named(self, label: str, last: str) -> list[NodeId]:
        """The ids of that label whose last name part equals `last`, compared without case."""
        sql = "SELECT label, namespace, dataset, name FROM nodes WHERE last_part = ? AND label = ?"
        with self._transaction() as db:
            return [unspell(*row) for row in db.execute(sql, (last.casefold(), label))]

    def names(
        self, label: str, namespace: str | None, limit: int, offset: int = 0, part: str = ""
    ) -> list[NodeId]:
        """A page of the ids of a label, of one namespace or of all, sorted as ids are."""
        wanted = {"label": label, "namespace": namespace, "part": part.lower()}
        sql = f"""SELECT {SPELLED} FROM nodes WHERE label = :label
            {"" if namespace is None else "AND namespace = :namespace"}
            {"AND instr(lowered(name), :part)" if part else ""}
            ORDER BY namespace, dataset, name LIMIT :limit OFFSET :offset"""  # noqa: S608
        with self._transaction() as db:
            rows = db.execute(sql, {**wanted, "limit": limit, "offset": offset})
            return [unspell(*row) for row in rows]

    def namespaces(self, label: str) -> dict[str, int]:
        """How many nodes of that label there are in each namespace."""
        sql = "SELECT namespace, count(*) FROM nodes WHERE label = ? GROUP BY namespace"
        with self._transaction() as db:
            return dict(db.execute(sql, (label,)).fetchall())

    def scan_nodes(self, label: str | None = None) -> Iterator[Node]:
        """Every node, or every node of a label; in no particular order."""
        sql = "SELECT label, namespace, dataset, name, facts FROM nodes"
        with self._transaction() as db:
            rows = db.execute(f"{sql} WHERE label = ?", (label,)) if label else db.execute(sql)
            for *spelled, text in rows:
                yield Node(unspell(*spelled), facts(text))

    def scan_edges(self, types: Collection[EdgeType] | None = None) -> Iterator[Edge]:
        """Every edge, or every edge of these types; in no particular order."""
        # Spelled out, so that SQLite finds the index of a type that has one.
        wanted = [f"type = {NUMBERS[type_]}" for type_ in (EdgeType if types is None else types)]
        sql = f"SELECT {_EDGE} FROM edges WHERE {' OR '.join(wanted or ['FALSE'])}"  # noqa: S608
        with self._transaction() as db:
            yield from EdgeReader(db).edges(db.execute(sql))

    def scan_spans(self, types: Collection[EdgeType]) -> Iterator[tuple[EdgeKey, int | None]]:
        """Every edge of these types by its key, and the last day that it was active, if any."""
        sql = f"""SELECT {KEY}, last FROM edges JOIN runs ON runs.id = edges.runs
            WHERE type IN (SELECT value FROM json_each(?))"""  # noqa: S608
        with self._transaction() as db:
            known = {row: unspell(*spelled) for row, *spelled in db.execute(_FLOWING)}
            yield from EdgeReader(db, known).keys(db.execute(sql, (_numbers(types),)))

    def edges(
        self,
        ids: Collection[NodeId],
        direction: Direction,
        types: Collection[EdgeType],
        role: Role | None = None,
    ) -> list[Edge]:
        """The edges of these types that leave (DOWN) or enter (UP) the nodes of these ids."""
        near, _ = _STEP[direction]
        with self._transaction() as db:
            found = _json(_rows_of(db, ids))
            sql = f"""SELECT {_EDGE} FROM json_each(?) start CROSS JOIN edges
                ON {near} = start.value AND edges.type IN (SELECT value FROM json_each(?))
                {f"AND role = {NUMBERS[role]}" if role else ""}"""  # noqa: S608
            return list(EdgeReader(db).edges(db.execute(sql, (found, _numbers(types)))))

    def reach(
        self,
        starts: Collection[NodeId],
        direction: Direction,
        types: Collection[EdgeType],
        hops: int | None = None,
    ) -> dict[NodeId, int]:
        """Every node reached over these edge types and its distance in edges; starts are 0."""
        near, far = _STEP[direction]
        sql = f"""SELECT DISTINCT {far} FROM json_each(?) start CROSS JOIN edges
            ON {near} = start.value AND edges.type IN (SELECT value FROM json_each(?))"""  # noqa: S608
        wanted = _numbers(types)
        with self._transaction() as db:
            frontier = _rows_of(db, starts)
            distance = dict.fromkeys(frontier, 0)
            hop = 0
            while frontier and hop != hops:
                hop += 1
                rows = db.execute(sql, (_json(frontier), wanted))
                frontier = [node for (node,) in rows if node not in distance]
                distance.update(dict.fromkeys(frontier, hop))
            known = names(db, distance)
            return {known[node]: hop for node, hop in distance.items()}

    def documents(self, kind: str, keys: Collection[str] | None = None) -> Iterator[Document]:
        """The documents of a kind, or those of these keys."""
        sql = "SELECT kind, key, body FROM documents WHERE kind = ?"
        some = "key IN (SELECT value FROM json_each(?))"
        with self._transaction() as db:
            rows = (
                db.execute(sql, (kind,))
                if keys is None
                else db.execute(f"{sql} AND {some}", (kind, _json(keys)))
            )
            for row in rows:
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
        order = "DESC" if backwards else "ASC"
        sql = f"""SELECT kind, key, body FROM documents WHERE kind = ? AND key >= ? AND key < ?
            ORDER BY key {order} LIMIT ? OFFSET ?"""  # noqa: S608
        with self._transaction() as db:
            return [
                [Document(*row) for row in db.execute(sql, (kind, *span, limit, offset))]
                for span in spans
            ]

    def count_documents(self, kind: str, first: str, end: str) -> int:
        """How many documents of a kind have a key from `first` on, and before `end`."""
        sql = "SELECT count(*) FROM documents WHERE kind = ? AND key >= ? AND key < ?"
        with self._transaction() as db:
            count: int = db.execute(sql, (kind, first, end)).fetchone()[0]
            return count

    def shards(self, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], Shard]:
        """The ledger's shards of these (source, day); one that is not there has version 0."""
        sql = "SELECT source, day, version, keys, closed FROM shards WHERE source = ? AND day = ?"
        with self._transaction() as db:
            return {
                (source, day): Shard(
                    *(db.execute(sql, (source, day)).fetchone() or (source, day, 0, b"", 0))
                )
                for source, day in keys
            }

    def logged(self) -> Mapping[str, Activity]:
        """Per source, the days of its ledger and how many statements each holds."""
        days: dict[str, dict[int, int]] = {}
        with self._transaction() as db:
            for source, day, count in db.execute(_LOGGED):
                days.setdefault(source, {})[day] = count
        return {source: Activity.of(by_day) for source, by_day in days.items()}

    def counts(self) -> Counts:
        """How many nodes and edges there are, and from when to when."""
        with self._transaction() as db:
            nodes = dict(db.execute("SELECT label, count(*) FROM nodes GROUP BY label").fetchall())
            edges = db.execute("SELECT type, count(*) FROM edges GROUP BY type").fetchall()
            by_type = {TYPES[type_].value: count for type_, count in edges}
            first, last = db.execute("SELECT min(first), max(last) FROM runs").fetchone()
            return Counts(nodes, by_type, first, last)

    def close(self) -> None:
        """Give back connections; the store is not used afterwards."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _transaction(self, begin: str = "BEGIN") -> Iterator[sqlite3.Connection]:
        """A connection of its own, in a transaction: a reader sees one state while others write."""
        with _explained(self._url):
            db = self._connection()
            try:
                db.execute(begin)
                yield db
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                self._idle.append(db)

    def _connection(self) -> sqlite3.Connection:
        """An idle connection, else a new one; two threads never take the same."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._file, uri=True, isolation_level=None, check_same_thread=False)
        for setting in (
            f"busy_timeout = {_WAIT_MS}",
            "synchronous = NORMAL",
            f"cache_size = {_CACHE}",
            "wal_autocheckpoint = 10000",  # pages; fewer flushes while an import writes
        ):
            db.execute(f"PRAGMA {setting}")
        db.create_function("lowered", 1, str.lower, deterministic=True)
        return db


def _write_ahead(db: sqlite3.Connection) -> None:
    """Sets the journal mode, which is kept in the file.

    SQLite does not wait for others here: several imports may make the same store at once.
    """
    until = time.monotonic() + _WAIT_MS / 1000
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """SQLite's errors as errors of this project, with what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _CAUSES:
            process = writer_of(Path(url.removeprefix("sqlite:///")))
            cause = _CAUSES[code].format(
                writer=f"process {process}" if process else "another import"
            )
            raise StoreUnavailable(f"{url} {cause} ({error})") from error
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise StoreError(f"{url} is no SQLite database, or damaged ({error})") from error
        raise


def _json(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()


def _numbers(types: Iterable[EdgeType]) -> str:
    return _json([NUMBERS[type_] for type_ in types])


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute("SELECT version FROM meta").fetchone()[0]
    return version


def _rows_of(db: sqlite3.Connection, ids: Collection[NodeId]) -> list[int]:
    rows = (db.execute(FIND_NODE, spell(node)).fetchone() for node in set(ids))
    return [row[0] for row in rows if row]

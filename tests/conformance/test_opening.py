"""What `open_store` opens, creates, and refuses, with what to do about it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import neo4j
import pytest

from lineage.errors import StoreError, StoreMissing, StoreTooNew, StoreUnavailable
from lineage.model import (
    Activity,
    Batch,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Node,
    Role,
    Sample,
)
from lineage.names import ColumnId, ConsumerId, DatasetId, QueryId
from lineage.store import Store
from lineage.stores import open_store
from lineage.stores.sqlite_writer import writer_of

NODE = Node(DatasetId("pg", "orders"))
ID, ANN = ColumnId(DatasetId("pg", "orders"), "id"), ConsumerId("pg", "ann")


def test_an_answer_opens_what_an_import_filled(store: Store, url: str) -> None:
    """What was imported is read without `create`; the URL is the one that was given."""
    store.apply(Batch((NODE,)))
    answer = open_store(url)
    assert answer.url == url
    assert list(answer.scan_nodes()) == [NODE]
    answer.close()


def test_an_answer_refuses_what_nothing_was_imported_into(store: Store, url: str) -> None:
    """An empty store is no answer: it names the store and the command that fills it."""
    with pytest.raises(StoreMissing, match="lineage import") as error:
        open_store(url)
    assert url in str(error.value)


def test_opening_to_write_keeps_what_is_there(store: Store, url: str) -> None:
    """`create` on a store that exists changes nothing."""
    store.apply(Batch((NODE,)))
    again = open_store(url, create=True)
    assert (again.version(), list(again.scan_nodes())) == (1, [NODE])
    again.close()


def test_an_answer_creates_no_file(tmp_path: Path) -> None:
    """A missing SQLite file stays missing."""
    with pytest.raises(StoreMissing, match="lineage import"):
        open_store(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_sqlite_is_written_ahead(tmp_path: Path) -> None:
    """The file is in WAL mode, so that readers go on while an import writes."""
    open_store(f"sqlite:///{tmp_path}/a.db", create=True).close()
    db = sqlite3.connect(tmp_path / "a.db")
    assert db.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    db.close()


def test_a_relative_path_is_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sqlite:///name.db` is in the working directory, with any characters in its name."""
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///odd name?#%20ö.db", create=True).close()
    assert (tmp_path / "odd name?#%20ö.db").exists()


@pytest.mark.parametrize("url", ["lineage.db", "mysql://host/db", "", "sqlite+x:///a.db"])
def test_an_unknown_scheme_lists_the_known(url: str) -> None:
    """What is no store says which URLs are."""
    with pytest.raises(StoreUnavailable, match=r"sqlite://.*neo4j://.*bolt://"):
        open_store(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://host/a.db"])
def test_a_url_without_a_file_says_how_one_looks(url: str) -> None:
    """A SQLite URL must name a file."""
    with pytest.raises(StoreError, match="sqlite:///lineage"):
        open_store(url, create=True)


@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_no_database(tmp_path: Path, create: bool) -> None:
    """A file of something else is named, and left as it is."""
    path = tmp_path / "notes.db"
    path.write_text("these are notes, and no database at all\n" * 100)
    with pytest.raises(StoreError, match="no SQLite database"):
        open_store(f"sqlite:///{path}", create=create)
    assert path.read_text().startswith("these are notes")


@pytest.mark.parametrize("create", [True, False])
def test_another_programs_database(tmp_path: Path, create: bool) -> None:
    """A SQLite database of another program is refused, and gets no tables of ours."""
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE nodes (id)")
    with pytest.raises(StoreError, match="another program"):
        open_store(f"sqlite:///{path}", create=create)
    assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("nodes",)]
    assert other.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
    other.close()


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    """A store in a missing folder says so."""
    with pytest.raises(StoreUnavailable, match="folder exists"):
        open_store(f"sqlite:///{tmp_path}/none/a.db", create=True)


@pytest.mark.parametrize("create", [True, False])
def test_a_newer_sqlite_schema(tmp_path: Path, create: bool) -> None:
    """A file that a newer version wrote is refused, with what to do."""
    url = f"sqlite:///{tmp_path}/a.db"
    open_store(url, create=True).close()
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("PRAGMA user_version = 9999")
    db.close()
    with pytest.raises(StoreTooNew, match="upgrade"):
        open_store(url, create=create)


def test_a_newer_neo4j_schema(neo4j_url: str, run_cypher: Callable[..., neo4j.EagerResult]) -> None:
    """A database that a newer version wrote is refused, with what to do."""
    open_store(neo4j_url, create=True).close()
    known = run_cypher("MATCH (s:LineageStore) RETURN s.schema").records[0][0]
    change = "MATCH (s:LineageStore) SET s.schema = $schema"
    run_cypher(change, schema=9999)
    try:
        with pytest.raises(StoreTooNew, match="upgrade"):
            open_store(neo4j_url, create=True)
    finally:
        run_cypher(change, schema=known)


_AS_SCHEMA_2_HAD_IT = """
    MATCH (a)-[r]->() SET r.total = 5, r.named = coalesce(r.named, true),
    r.provenance = coalesce(r.provenance, 1.0), r.parse = coalesce(r.parse, 1.0),
    r.resolve = coalesce(r.resolve, 1.0),
    r.sample_start = r.sample[0], r.sample_key = r.sample[1], r.sample_query = r.sample[2],
    r.sample_source = CASE WHEN r.sample IS NOT NULL THEN coalesce(r.sample[3], a.namespace) END
    REMOVE r.sample
"""


def test_edges_of_an_older_neo4j_schema(
    neo4j_url: str,
    fresh_urls: Callable[[], list[str]],
    run_cypher: Callable[..., neo4j.EagerResult],
) -> None:
    """Edges that an earlier version wrote become those that this one writes."""
    fresh_urls()
    store = open_store(neo4j_url, create=True)
    doubt = Evidence.of(parse=0.95)
    samples = [Sample("2024-10-06", "k", QueryId(source, "q")) for source in ("pg", "other")]
    edges = [
        Edge(EdgeKey(EdgeType.READ_BY, NODE.id, ANN), Activity((1, 3), (4, 1)), sample=samples[0]),
        Edge(
            EdgeKey(EdgeType.USED_BY, ID, ANN, Role.FILTER),
            Activity((2,), (1,)),
            doubt,
            samples[1],
            named=False,
        ),
        Edge(EdgeKey(EdgeType.HAS_COLUMN, NODE.id, ID)),
    ]
    store.apply(Batch(edges=tuple(edges)))
    said = "MATCH ()-[r]->() RETURN type(r) AS type, properties(r) AS said ORDER BY type"
    before = run_cypher(said)
    run_cypher(_AS_SCHEMA_2_HAD_IT)
    run_cypher("MATCH (s:LineageStore) SET s.schema = 2")
    store.close()
    store = open_store(neo4j_url, create=True)
    assert sorted(store.scan_edges(), key=lambda one: one.key.type) == sorted(
        edges, key=lambda one: one.key.type
    )
    store.close()
    assert run_cypher(said).records == before.records


def test_a_locked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that waits too long says for which process, and what to do; nothing is written."""
    monkeypatch.setattr("lineage.stores.sqlite._WAIT_MS", 20)
    store = open_store(f"sqlite:///{tmp_path}/a.db", create=True)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    holder = os.getpid() if Path("/proc/locks").exists() else 0
    assert writer_of(tmp_path / "a.db") == holder
    by = f"process {holder}" if holder else "another import"
    with pytest.raises(StoreUnavailable, match=f"is locked by {by}: wait until it ends"):
        store.apply(Batch((NODE,)))
    other.close()
    assert writer_of(tmp_path / "a.db") == 0
    assert store.version() == 0
    store.apply(Batch((NODE,)))
    store.close()


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that cannot grow says so, and holds what it held before."""
    from lineage.stores.sqlite import SqliteStore

    store = open_store(f"sqlite:///{tmp_path}/a.db", create=True)
    connect = SqliteStore._connect

    def small(self: SqliteStore) -> sqlite3.Connection:
        db = connect(self)
        db.execute("PRAGMA max_page_count = 100")
        return db

    store.close()
    monkeypatch.setattr(SqliteStore, "_connect", small)
    with pytest.raises(StoreUnavailable, match="disk is full"):
        store.apply(Batch(tuple(Node(DatasetId("pg", "t" * 500 + str(n))) for n in range(2000))))
    assert (store.version(), list(store.scan_nodes())) == (0, [])
    store.close()


def test_no_server(tmp_path: Path) -> None:
    """A port where nothing listens is reported at once, with the command that starts a server."""
    for scheme in ("bolt", "neo4j"):
        with pytest.raises(StoreUnavailable, match="lineage neo4j start"):
            open_store(f"{scheme}://127.0.0.1:1")


def test_a_login_in_the_url_is_refused() -> None:
    """A password belongs into the environment; the message does not repeat it."""
    with pytest.raises(StoreError, match="NEO4J_PASSWORD") as error:
        open_store("bolt://neo4j:hush@127.0.0.1:1")
    assert "hush" not in str(error.value)


def test_an_unknown_database(neo4j_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """NEO4J_DATABASE names the database; one that is not there is reported."""
    monkeypatch.setenv("NEO4J_DATABASE", "nowhere")
    with pytest.raises(StoreUnavailable, match="nowhere"):
        open_store(neo4j_url, create=True)

"""A table that is built beside and renamed or swapped into place keeps its sources and columns."""

import pytest

from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, import_paths
from lineage.analyses.reach.walk import upstream
from lineage.model import EdgeType
from lineage.names import ColumnId, DatasetId
from lineage.stores import open_store

NAMESPACE = "postgres://h:5432"


@pytest.fixture
def graph(tmp_path):
    """Gives the store after statements that ran in this order."""

    def of(*statements):
        lines = [f'"{text}",etl,2026-10-01T08:00:{n:02d}Z' for n, text in enumerate(statements)]
        (tmp_path / "log.csv").write_text("\n".join(["query,user,timestamp", *lines, ""]))
        # Without the port, which is the default one: it is the same server.
        flags = SourceFlags(namespace="postgres://h", dialect="postgres")
        store = open_store(f"sqlite:///{tmp_path}/a.db", create=True)
        options = ImportOptions(SourceBook.from_flags(flags), workers=1)
        import_paths(store, [str(tmp_path / "log.csv")], options)
        return store

    return of


def column(dataset, name="id"):
    """A column of a dataset of these tests."""
    return ColumnId(DatasetId(NAMESPACE, dataset), name)


def feeds(store):
    """The column edges of a store."""
    return {(edge.key.source, edge.key.target) for edge in store.scan_edges([EdgeType.FEEDS])}


MADE = "CREATE TABLE s.raw (id int)"


def test_a_rename_hands_on_what_the_table_held(graph):
    """Readers of the new name are behind the sources of the old one, column by column."""
    store = graph(
        MADE,
        "CREATE TABLE s.t_new AS SELECT id FROM s.raw",
        "ALTER TABLE s.t_new RENAME TO t",
        "CREATE VIEW s.v AS SELECT * FROM s.t",
    )
    assert (column("s.t_new"), column("s.t")) in feeds(store)
    assert (column("s.t"), column("s.v")) in feeds(store)
    found = upstream(store, DatasetId(NAMESPACE, "s.v"))
    assert any("s.raw" in str(node) for node in found.nodes)


def test_a_swap_goes_both_ways(graph):
    """After a swap each name holds what the other was made of."""
    store = graph(
        "CREATE TABLE s.a (id int)", "CREATE TABLE s.b (id int)",
        "ALTER TABLE s.a SWAP WITH s.b",
    )  # fmt: skip
    assert {(column("s.a"), column("s.b")), (column("s.b"), column("s.a"))} <= feeds(store)


def test_what_dbt_builds_beside_a_relation_is_the_relation(graph):
    """The temporary name of dbt is the model's, and what it puts aside was never dropped."""
    store = graph(
        MADE,
        "CREATE TABLE s.m__dbt_tmp AS SELECT id FROM s.raw",
        "ALTER TABLE s.m RENAME TO m__dbt_backup",
        "ALTER TABLE s.m__dbt_tmp RENAME TO m",
        "DROP TABLE s.m__dbt_backup",
    )
    assert feeds(store) == {(column("s.raw"), column("s.m"))}
    datasets = {str(node.id.name): node.value("dropped") for node in store.scan_nodes("Dataset")}
    assert datasets == {"s.raw": "false", "s.m": "false"}

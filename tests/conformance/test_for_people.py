"""A person with sqlite3 or Neo4j Browser understands what is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import neo4j

from lineage.model import (
    Activity,
    Batch,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Fact,
    Node,
    Role,
    Sample,
)
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, QueryId
from lineage.stores import open_store

ORDERS, ANN, JOB = DatasetId("pg", "shop.orders"), ConsumerId("pg", "ann"), JobId("dbt", "mart")
QUERY = QueryId("pg", "f1")
BATCH = Batch(
    nodes=(
        Node(ORDERS, {"kind": Fact("2024-10-04", "view")}),
        Node(QUERY, {"sql": Fact("", "select id from orders")}),
    ),
    edges=(
        Edge(
            EdgeKey(EdgeType.READ_BY, ORDERS, ANN),
            Activity((20000, 20002), (1, 4)),
            Evidence.of(parse=0.95),
            Sample("2024-10-06T08:00:00Z", "k7", QUERY),
        ),
        Edge(
            EdgeKey(
                EdgeType.FEEDS,
                ColumnId(ORDERS, "id"),
                ColumnId(DatasetId("pg", "mart"), "order_id"),
                Role.IDENTITY,
                JOB,
            )
        ),
    ),
)


def test_sqlite_views(tmp_path: Path) -> None:
    """Each edge type has a view with names, dates and the proof; each label has one with names."""
    store = open_store(f"sqlite:///{tmp_path}/a.db", create=True)
    store.apply(BATCH)
    store.close()
    db = sqlite3.connect(tmp_path / "a.db")
    assert db.execute("SELECT * FROM read_by").fetchall() == [
        (
            "pg:shop.orders",
            "pg:ann",
            "parsed",
            0.95,
            "2024-10-04",
            "2024-10-06",
            5,
            "select id from orders",
        )
    ]
    assert db.execute('SELECT "column", into_column, role, job FROM feeds').fetchall() == [
        ("pg:shop.orders.id", "pg:mart.order_id", "IDENTITY", "dbt:mart")
    ]
    assert db.execute("SELECT namespace, name FROM datasets").fetchall() == [("pg", "shop.orders")]
    views = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")}
    assert views >= {type_.lower() for type_ in EdgeType}
    for view in views:
        db.execute(f"SELECT * FROM {view}").fetchall()
    db.close()


def test_neo4j_properties(
    fresh_urls: Callable[[], list[str]], run_cypher: Callable[..., neo4j.EagerResult]
) -> None:
    """Names, facts and dates are plain properties; labels and types are the words of the graph."""
    store = open_store(fresh_urls()[1], create=True)
    store.apply(BATCH)
    store.close()
    found = run_cypher(
        "MATCH (d:Dataset)-[r:READ_BY]->(c:Consumer)"
        " RETURN properties(d), properties(r), toString(r.first), toString(r.last)"
    ).records
    dataset, read, first, last = found[0].values()
    assert {"namespace": "pg", "name": "shop.orders", "kind": "view"}.items() <= dataset.items()
    assert (first, last) == ("2024-10-04", "2024-10-06")
    assert (read["certainty"], read["parse"], read["origin"]) == (0.95, 0.95, "parsed")
    assert read["sample"] == ["2024-10-06T08:00:00Z", "k7", "f1"]
    assert (read["days"], read["counts"]) == ([20000, 20002], [1, 4])
    column = run_cypher("MATCH (c:Column {name: 'id'}) RETURN c.dataset").records
    assert column[0][0] == "shop.orders"

"""The lineage canvas in Python: which cards and edges a neighbourhood has, and what it sends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from app.canvas import CanvasGraph
from app.views.effects import picture
from app.views.neighbourhood import MOST_CARDS, Member, neighbourhood
from app.views.picture import card_id, draw
from lineage.analyses.breaking.change import parse_change
from lineage.analyses.breaking.impact import impact
from lineage.analyses.listening.coverage import Window
from lineage.analyses.reach.graph import Graph
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Evidence, Fact, Node, Role
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, PrincipalId, TeamId
from lineage.store import Store
from lineage.stores import open_store

TODAY = 20_000
WINDOW = Window("2024-07-06", "2024-10-04", 90)


def ident(text: str) -> Member:
    """`orders` is a dataset, `job:x` a job, `who:x` a consumer."""
    kind, _, name = text.rpartition(":")
    return {"job": JobId, "who": ConsumerId, "": DatasetId}[kind]("db", name)  # type: ignore[operator,no-any-return]


def edge(source: NodeId, target: NodeId, type_: EdgeType, certainty: float = 1.0, **more) -> Edge:
    """An edge that was active three times today."""
    activity = Activity((TODAY,), (3,))
    return Edge(EdgeKey(type_, source, target, **more), activity, Evidence.of(certainty))


def flow(text: str) -> Iterator[Edge]:
    """Edges of `orders > job:daily > daily > who:ana`."""
    chain = [ident(word.strip()) for word in text.split(">")]
    for source, target in pairwise(chain):
        type_ = EdgeType.WRITES if isinstance(source, JobId) else EdgeType.READ_BY
        yield edge(source, target, type_)


def column(dataset: str, name: str) -> ColumnId:
    """A column of a dataset."""
    return ColumnId(DatasetId("db", dataset), name)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    yield opened
    opened.close()


def fill(store: Store, *flows: str, edges: tuple[Edge, ...] = (), nodes: tuple[Node, ...] = ()):
    """Adds flows as texts, further edges, and nodes with facts."""
    found = [one for text in flows for one in flow(text)]
    store.apply(Batch(nodes=nodes, edges=(*found, *edges)))


def shown(graph: CanvasGraph) -> set[str]:
    """The cards of a canvas."""
    return {node["id"].removeprefix("db:") for node in graph["nodes"]}


def pairs(graph: CanvasGraph) -> set[tuple[str, str]]:
    """The edges of a canvas."""
    return {(one["source"], one["target"]) for one in graph["edges"]}


def around(store: Store, focus: str, up: int, down: int, steps=()) -> CanvasGraph:
    """The canvas around a node, so many hops up and down."""
    graph = Graph(store, TODAY)
    return draw(graph, neighbourhood(graph, ident(focus), up, down, steps), WINDOW)


def test_depth_counts_datasets(store: Store) -> None:
    """One hop leads over a job to the next dataset, and shows who reads the start."""
    fill(store, "raw > job:a > stage > job:b > mart > who:ana", "stage > who:leo")
    assert shown(around(store, "stage", 0, 1)) == {
        "stage", "JobId db:b", "mart", "ConsumerId db:leo",
    }  # fmt: skip
    assert shown(around(store, "stage", 1, 0)) == {"stage", "JobId db:a", "raw"}
    assert "ConsumerId db:ana" in shown(around(store, "stage", 0, 2))


def test_what_is_not_drawn_is_counted_on_the_card(store: Store) -> None:
    """Hidden neighbours show as a number, and opening them makes it vanish."""
    fill(store, "raw > job:a > stage > job:b > mart", "other > job:b")
    cards = {node["id"]: node for node in around(store, "stage", 0, 1)["nodes"]}
    assert cards["db:stage"]["more_up"] == 1
    assert cards["JobId db:b"]["more_up"] == 1
    opened = around(store, "stage", 0, 1, ((ident("job:b"), "up"),))
    cards = {node["id"]: node for node in opened["nodes"]}
    assert cards["JobId db:b"]["more_up"] == 0
    assert "db:other" in cards


def test_a_cycle_ends(store: Store) -> None:
    """Datasets that feed each other are drawn once, however many hops are asked for."""
    fill(store, "a > job:x > b > job:y > a")
    assert shown(around(store, "a", 3, 3)) == {"a", "b", "JobId db:x", "JobId db:y"}


def test_a_view_stands_for_the_job_that_defines_it(store: Store) -> None:
    """No card for the definition; the edge leads from the table to the view."""
    view = Node(ident("job:v"), {"kind": Fact("", "view")})
    fill(store, "table > job:v > view > who:ana", nodes=(view,))
    graph = around(store, "table", 0, 2)
    assert pairs(graph) == {("db:table", "db:view"), ("db:view", "ConsumerId db:ana")}


def test_bots_are_left_out(store: Store) -> None:
    """A consumer that only a login of class system runs has no card and is not counted."""
    bot = PrincipalId("db", "scanner")
    fill(
        store,
        "a > who:scan",
        edges=(edge(ident("who:scan"), bot, EdgeType.RUN_BY),),
        nodes=(Node(bot, {"class": Fact("", "system")}),),
    )
    (card,) = around(store, "a", 1, 1)["nodes"]
    assert (card["more_down"], card["reads"]) == (0, 0)


def test_a_picture_never_has_more_cards_than_fit(store: Store) -> None:
    """The busiest neighbours are drawn, the others counted."""
    fill(store, *(f"hub > who:reader{i}" for i in range(MOST_CARDS + 50)))
    graph = around(store, "hub", 0, 1)
    hub = next(node for node in graph["nodes"] if node["id"] == "db:hub")
    assert len(graph["nodes"]) == MOST_CARDS
    assert hub["more_down"] == 51


def test_column_edges_lead_by_the_job_and_to_who_uses_the_column(store: Store) -> None:
    """A value goes from column to column by way of its job; a consumer is reached as a whole."""
    amount, revenue = column("orders", "amount"), column("daily", "revenue")
    fill(
        store,
        "orders > job:d > daily > who:ana",
        edges=(
            edge(amount.dataset, amount, EdgeType.HAS_COLUMN),
            edge(revenue.dataset, revenue, EdgeType.HAS_COLUMN),
            edge(amount, revenue, EdgeType.FEEDS, role=Role.AGGREGATION, via=ident("job:d")),
            edge(amount, ident("job:d"), EdgeType.USED_BY, role=Role.AGGREGATION),
            edge(revenue, ident("who:ana"), EdgeType.USED_BY, role=Role.FILTER),
        ),
    )
    found = {tuple(one.values()) for one in around(store, "orders", 0, 2)["column_edges"]}
    assert found == {
        ("db:orders", "amount", "db:daily", "revenue", "JobId db:d"),
        ("db:daily", "revenue", "ConsumerId db:ana", ""),
    }


def test_certainty_shows_as_a_band(store: Store) -> None:
    """An edge says how sure it is."""
    fill(store, edges=(edge(ident("a"), ident("who:x"), EdgeType.READ_BY, 0.6),))
    (only,) = around(store, "a", 0, 1)["edges"]
    assert only["band"] == "likely"


def test_an_owner_is_missing_only_where_owners_are_known(store: Store) -> None:
    """Without any owner imported no card says that it has none."""
    fill(store, "a > job:x > b")
    assert all("owner" not in node for node in around(store, "a", 0, 1)["nodes"])
    fill(store, edges=(edge(TeamId("team", "Sales"), ident("a"), EdgeType.OWNS),))
    owners = {node["id"]: node.get("owner") for node in around(store, "a", 0, 1)["nodes"]}
    assert (owners["db:a"], owners["db:b"]) == ("Sales", "")


def test_a_change_colours_what_it_reaches_and_nothing_else(store: Store) -> None:
    """Dropping a dataset: its reader fails, what its job writes is stale, a stranger is absent."""
    fill(store, "a > who:ana", "a > job:x > b > who:leo", "other > job:x")
    answer = impact(store, [parse_change("drop dataset a")], as_of=TODAY)
    drawn = picture(Graph(store, TODAY), [ident("a")], answer.items, WINDOW)
    rings = {node["id"]: node["impact"] for node in drawn["nodes"]}
    assert rings == {
        "db:a": "origin",
        "ConsumerId db:ana": "fails",
        "JobId db:x": "fails",
        "db:b": "stale",
        "ConsumerId db:leo": "stale",
    }


def test_a_job_and_a_dataset_of_one_name_have_two_cards() -> None:
    """Card ids tell them apart."""
    assert card_id(DatasetId("db", "x")) != card_id(JobId("db", "x"))

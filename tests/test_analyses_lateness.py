"""A delay is used up by the slack between arrivals and reads; what is left is handed on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.analyses.breaking.change import minutes_of, parse_change
from lineage.analyses.breaking.impact import impact
from lineage.analyses.breaking.lateness import lateness, slack, usual_times
from lineage.analyses.reach.graph import Graph
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Fact, Node
from lineage.names import ConsumerId, DatasetId, JobId
from lineage.stores import open_store

DAY = Activity((20000,), (1,))
ORDERS, DAILY, VIEW = (DatasetId("pg", name) for name in ("orders", "daily", "v"))
LOAD, BUILD, SHOW = (JobId("job", name) for name in ("load", "build", "view v"))
BOARD, ROBOT = ConsumerId("bi", "board"), ConsumerId("pg", "robot")


def at(*times: str) -> Activity:
    """The clock of something that happens once at each of these times (`hh:mm`)."""
    pairs = (time.split(":") for time in times)
    return Activity.of({int(hour) * 4 + int(minute) // 15: 1 for hour, minute in pairs})


def read(dataset, process, *times):
    """A process reads a dataset at these times."""
    return Edge(EdgeKey(EdgeType.READ_BY, dataset, process), DAY, clock=at(*times))


def write(job, dataset, *times):
    """A job writes a dataset at these times."""
    return Edge(EdgeKey(EdgeType.WRITES, job, dataset), DAY, clock=at(*times))


@pytest.fixture
def graph(tmp_path):
    """Orders arrive at 2, are built into daily at 4; a board reads daily at 9, a robot always."""
    store = open_store(f"sqlite:///{tmp_path}/a.db", create=True)
    hourly = [f"{hour}:30" for hour in range(24)]
    edges = (
        write(LOAD, ORDERS, "2:00"),
        read(ORDERS, BUILD, "4:00"),
        write(BUILD, DAILY, "4:00"),
        read(DAILY, SHOW),
        write(SHOW, VIEW),
        read(VIEW, BOARD, "9:00"),
        read(ORDERS, ROBOT, *hourly),
    )
    store.apply(Batch((Node(SHOW, {"kind": Fact("", "view")}),), edges))
    return Graph(store)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (15, {}),
        (60, {ROBOT: 30}),
        (120, {ROBOT: 90}),
        (180, {ROBOT: 150, BUILD: 60, DAILY: 60, SHOW: 60, VIEW: 60}),
        (600, {ROBOT: 570, BUILD: 480, DAILY: 480, SHOW: 480, VIEW: 480, BOARD: 180}),
    ],
)
def test_slack_uses_up_the_delay(graph, minutes, expected):
    """Two hours between arrival and build, five between build and board; a view adds none."""
    found = lateness(graph, ORDERS, minutes)
    assert {node: how.minutes for node, how in found.late.items()} == {ORDERS: minutes, **expected}
    assert found.untimed == ()


def test_who_reads_at_unknown_times_is_named(graph):
    """A declared reader, or one of a dataset whose arrival nobody saw, is not judged."""
    declared = ConsumerId("bi", "declared")
    graph.store.apply(Batch(edges=(read(ORDERS, declared),)))
    found = lateness(Graph(graph.store), ORDERS, 600)
    assert found.untimed == (declared,)


def test_what_lies_behind_unknown_times_may_be_late(graph):
    """From a topic whose arrivals nobody sees, all of the delay may reach its readers."""
    topic, archiver = DatasetId("bus", "orders"), JobId("job", "archiver")
    edges = (read(topic, archiver), write(archiver, ORDERS, "2:00"))
    graph.store.apply(Batch(edges=edges))
    found = lateness(Graph(graph.store), topic, 180)
    assert found.untimed == (archiver,)
    assert found.late.keys() == {topic}
    assert {node: how.minutes for node, how in found.perhaps.items()} == {
        archiver: 180, ORDERS: 180, ROBOT: 150, BUILD: 60, DAILY: 60, SHOW: 60, VIEW: 60,
    }  # fmt: skip
    answer = impact(graph.store, [parse_change("delay dataset bus:orders by 3h")])
    assert {item.band for item in answer.items} == {"possible"}
    assert answer.verdict.endswith("may get late.")


def test_what_ran_once_long_ago_is_not_late(graph):
    """A backup of last quarter has had its data."""
    backup = JobId("job", "backup")
    graph.store.apply(Batch(edges=(read(ORDERS, backup, "2:30"),)))
    assert backup in lateness(Graph(graph.store, 20010), ORDERS, 600).late
    assert backup not in lateness(Graph(graph.store, 20100), ORDERS, 600).late


def test_a_cycle_ends(graph):
    """What feeds itself gets no later than it was."""
    graph.store.apply(Batch(edges=(read(DAILY, LOAD, "4:00"),)))
    assert lateness(Graph(graph.store), ORDERS, 600).late[ORDERS].minutes == 600


def test_a_rare_time_is_no_usual_one():
    """One read at night among a hundred in the morning does not count as a nightly reader."""
    assert usual_times(Activity((2, 36), (1, 100))) == (36,)


@given(st.integers(0, 95), st.integers(0, 95))
def test_slack_goes_over_midnight(arrival, reading):
    """The next read after an arrival may be on the next day."""
    found = slack((arrival,), (reading,))
    assert found is not None
    assert 0 <= found < 24 * 60
    assert (arrival + found // 15) % 96 == reading


def test_impact_says_who_gets_late_and_by_how_much(graph):
    """What is late is stale for as long; nothing fails; the rest is not touched."""
    found = impact(graph.store, [parse_change("delay dataset orders by 10h")])
    assert {(item.id, item.ring, item.late) for item in found.items} == {
        ("job:build", "stale", 480),
        ("pg:daily", "stale", 480),
        ("bi:board", "stale", 180),
        ("pg:robot", "stale", 570),
    } | {("pg:v", "stale", 480)}
    assert "get late" in found.verdict


@pytest.mark.parametrize(
    ("text", "minutes"), [("6h", 360), ("90 min", 90), ("1.5 h", 90), ("45m", 45), ("2d", 2880)]
)
def test_durations_are_read(text, minutes):
    """Minutes, hours, days and weeks, whole or in parts."""
    assert minutes_of(text) == minutes

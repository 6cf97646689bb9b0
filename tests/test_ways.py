"""All ways from one thing to another: what they pass, which makes the end latest, what cuts off."""

import msgspec
import networkx as nx
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from app.commands.chokepoints import chokepoints_command
from app.commands.walking import path_command
from lineage.analyses.reach.between import between, passed_by_all
from lineage.analyses.reach.chokepoints import chokepoints
from lineage.analyses.reach.graph import Graph
from lineage.analyses.reach.path import path
from lineage.errors import UnknownName
from lineage.model import FLOW, Activity, Batch, Edge, EdgeKey, EdgeType, Fact, Node, Shard
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, domain
from lineage.stores import open_store

END = 20_700
SEEN = Activity.of(dict.fromkeys(range(END - 9, END + 1), 1))


def d(name):
    """A dataset."""
    return DatasetId("db", name)


def at(time):
    """The clock of what happens once a day at that time (`hh:mm`); empty: nobody knows when."""
    if not time:
        return Activity()
    hour, minute = map(int, time.split(":"))
    return Activity((hour * 4 + minute // 15,), (10,))


def job(name, reads, writes, time=""):
    """A job that reads these datasets and writes that one at a time of the day."""
    process = JobId("jobs", name)
    yield Edge(EdgeKey(EdgeType.WRITES, process, d(writes)), SEEN, clock=at(time))
    for dataset in reads.split():
        yield Edge(EdgeKey(EdgeType.READ_BY, d(dataset), process), SEEN, clock=at(time))


def reader(name, reads, time=""):
    """A dashboard that reads these datasets at a time of the day."""
    for dataset in reads.split():
        key = EdgeKey(EdgeType.READ_BY, d(dataset), ConsumerId("bi", name))
        yield Edge(key, SEEN, clock=at(time))


def fill(store, *parts, facts=()):
    """These edges, their nodes, and a log of ten days."""
    edges = tuple(edge for part in parts for edge in part)
    ends = {end for edge in edges for end in (edge.key.source, edge.key.target)}
    nodes = {end: Node(end) for end in ends} | {node.id: node for node in facts}
    shards = tuple(Shard("db", day, 0, day.to_bytes(16)) for day in SEEN.days)
    store.apply(Batch(nodes=tuple(nodes.values()), edges=edges, shards=shards))
    return store


# raw is staged, goes two ways, fast and slow, and meets again in mart.
DIAMOND = [
    [*part]
    for part in (
        job("ingest", "", "raw", "1:00"),
        job("stage", "raw", "staged", "2:00"),
        job("quick", "staged", "fast", "3:00"),
        job("plod", "staged", "slow", "6:00"),
        job("meet", "fast slow", "mart", "7:00"),
        reader("board", "mart", "9:00"),
        job("aside", "raw", "elsewhere", "1:15"),
    )
]


@pytest.fixture
def url(tmp_path):
    """The URL of a store with the diamond."""
    url = f"sqlite:///{tmp_path}/a.db"
    fill(open_store(url, create=True), *DIAMOND).close()
    return url


@pytest.fixture
def store(url):
    """That store, opened."""
    opened = open_store(url)
    yield opened
    opened.close()


def test_a_path_names_what_all_ways_pass(store):
    """Both arms are ways; what lies before and behind them is on every one."""
    found = path(store, d("raw"), ConsumerId("bi", "board"))
    assert [point.id for point in found.points] == [
        "jobs:stage", "db:staged", "jobs:meet", "db:mart",
    ]  # fmt: skip
    assert {point.kind for point in found.points} == {"job", "dataset"}
    assert found.other_ways
    only = path(store, d("fast"), d("mart"))
    assert [point.id for point in only.points] == ["jobs:meet"]
    assert not only.other_ways


def test_no_way_has_no_points(store):
    """What does not reach the end has nothing to pass."""
    found = path(store, d("elsewhere"), d("mart"), delay=60)
    assert (found.steps, found.points, found.other_ways, found.delay) == ((), (), False, None)


@pytest.mark.parametrize(("minutes", "late"), [(60, 0), (420, 0), (435, 15), (600, 180)])
def test_the_critical_path_is_the_way_with_the_least_slack(store, minutes, late):
    """From raw at 1:00 to mart at 7:00 six hours are to spare, whichever arm; two more to board."""
    found = path(store, d("raw"), d("mart"), delay=minutes).delay
    assert found.spare == 360
    assert found.late == max(0, minutes - 360)
    board = path(store, d("raw"), ConsumerId("bi", "board"), delay=minutes + 60).delay
    assert board.spare == 480
    assert board.late == late
    assert [step.late for step in board.steps] == sorted(
        (step.late for step in board.steps), reverse=True
    )


def test_the_later_arm_is_critical(tmp_path):
    """Of two ways the one that hands on more delay is shown."""
    arms = (
        job("ingest", "", "raw", "1:00"),
        job("early", "raw", "one", "1:30"),
        job("late", "raw", "two", "5:00"),
        job("all", "one", "mart", "2:00"),
        job("all2", "two", "mart", "9:00"),
    )
    store = fill(open_store(f"sqlite:///{tmp_path}/b.db", create=True), *arms)
    found = path(store, d("raw"), d("mart"), delay=120).delay
    assert [step.edge.target for step in found.steps] == [
        "jobs:early", "db:one", "jobs:all", "db:mart",
    ]  # fmt: skip
    assert (found.spare, found.late) == (60, 60)


def test_unknown_times_are_named(tmp_path):
    """Where nobody knows when a job reads, nothing is said of the end."""
    parts = (job("ingest", "", "raw", "1:00"), job("dark", "raw", "mart"))
    store = fill(open_store(f"sqlite:///{tmp_path}/b.db", create=True), *parts)
    found = path(store, d("raw"), d("mart"), delay=120).delay
    assert (found.spare, found.late, found.steps) == (None, 0, ())
    assert found.untimed == ("jobs:dark",)


def test_a_delay_of_columns_is_one_of_their_datasets(store):
    """A value is as late as the dataset it is in."""
    column, fed = ColumnId(d("raw"), "x"), ColumnId(d("staged"), "y")
    feeds = EdgeKey(EdgeType.FEEDS, column, fed, via=JobId("jobs", "stage"))
    store.apply(Batch((Node(column), Node(fed)), (Edge(feeds, SEEN),)))
    found = path(store, column, fed, delay=120)
    assert (found.points, found.other_ways) == ((), False)
    assert (found.delay.spare, found.delay.late) == (60, 60)


def test_the_commands_answer(url):
    """Job and consumer names are ends as well; a time that is none is refused."""
    run = CliRunner().invoke
    text = run(path_command, ["stage", "board", "--delay", "9h", "--store", url]).output
    assert "all of them pass" in text
    text = run(path_command, ["raw", "board", "--delay", "9h", "--store", url]).output
    assert "9 h late at the start is 1 h late at the end" in text
    assert run(path_command, ["raw", "mart", "--delay", "soon", "--store", url]).exit_code == 2
    missing = run(path_command, ["raw", "nowhere", "--store", url])
    assert isinstance(missing.exception, UnknownName)
    assert "dataset" in str(missing.exception)
    assert "board" in run(chokepoints_command, ["--store", url]).output


def places(**of):
    """Which dataset is in which domain."""
    return [Edge(EdgeKey(EdgeType.IN_DOMAIN, d(x), domain(name))) for x, name in of.items()]


def test_chokepoints_by_domain(tmp_path):
    """What all ways pass, one entry for what cuts off the same; others are not single points."""
    store = fill(
        open_store(f"sqlite:///{tmp_path}/b.db", create=True),
        *DIAMOND,
        reader("other", "mart elsewhere2"),
        job("second", "", "elsewhere2"),
        places(raw="sales", staged="sales", mart="shop"),
    )
    found = {one.domain: one for one in chokepoints(store).domains}
    (sales,) = found["sales"].points
    assert sales.nodes == ("jobs:ingest", "db:raw", "jobs:stage", "db:staged")
    assert [cut.consumer for cut in sales.cut] == ["bi:board"]
    assert sales.behind == 2
    (shop,) = found["shop"].points
    assert shop.nodes == ("jobs:meet", "db:mart")
    assert found.keys() == {"sales", "shop"}
    assert chokepoints(store, "SALES").domains == (found["sales"],)
    with pytest.raises(UnknownName):
        chokepoints(store, "nowhere")


def test_bots_and_other_environments_cut_nobody(tmp_path):
    """Who only reads for a test, or is a bot, is not cut off; nor does dev keep anybody alive."""
    store = fill(
        open_store(f"sqlite:///{tmp_path}/b.db", create=True),
        job("a", "raw", "mart"),
        job("b", "raw", "dev"),
        reader("scanner", "mart"),
        reader("tester", "dev"),
        facts=[
            Node(ConsumerId("bi", "scanner"), {"kind": Fact("", "system")}),
            Node(d("dev"), {"environment": Fact("", "dev")}),
        ],
    )
    found = chokepoints(store)
    assert found.domains == ()
    assert found.verdict.startswith("Nothing stands alone")


def test_both_stores_answer_alike(fresh_urls):
    """Paths and chokepoints are the same documents on SQLite and on Neo4j."""
    answers = []
    for url in fresh_urls():
        store = fill(open_store(url, create=True), *DIAMOND, places(raw="sales", mart="shop"))
        answers.append(
            [
                msgspec.json.encode(path(store, d("raw"), ConsumerId("bi", "board"), delay=540)),
                msgspec.json.encode(chokepoints(store)),
            ]
        )
        store.close()
    assert answers[0] == answers[1]


HOPS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=14, unique=True)
TAPS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=5, unique=True)


@settings(max_examples=40, deadline=None)
@given(HOPS, TAPS)
def test_a_point_is_what_cuts_off_when_taken_out(tmp_path_factory, hops, taps):
    """Against the definition, on graphs with loops: without the node there is no way any more."""
    folder = tmp_path_factory.mktemp("points")
    parts = [job(f"{a} {b}", f"d{a}", f"d{b}") for a, b in hops]
    parts += [reader(f"c{c}", f"d{a}") for a, c in taps]
    store = fill(open_store(f"sqlite:///{folder}/a.db", create=True), *parts)
    graph = Graph(store)
    flow = nx.DiGraph((e.key.source, e.key.target) for e in store.scan_edges(FLOW))
    for consumer in {ConsumerId("bi", f"c{c}") for _, c in taps}:
        found = between(graph, d("d0"), consumer, FLOW)
        nodes = {end for link in found for end in (link.source, link.target)}
        points = passed_by_all(found, d("d0"), consumer)
        linked = d("d0") in flow and nx.has_path(flow, d("d0"), consumer)
        assert bool(found) == linked
        assert {n for n in nodes - {d("d0"), consumer} if _cuts(flow, n, d("d0"), consumer)} == set(
            points
        )
    store.close()


def _cuts(flow, node, source, target):
    return not nx.has_path(nx.restricted_view(flow, [node], []), source, target)


@settings(max_examples=40, deadline=None)
@given(HOPS, TAPS)
def test_a_chokepoint_cuts_off_from_every_source(tmp_path_factory, hops, taps):
    """Against the definition; of a loop that nothing feeds, each part counts as a source."""
    folder = tmp_path_factory.mktemp("cuts")
    parts = [job(f"{a} {b}", f"d{a}", f"d{b}") for a, b in hops]
    parts += [reader(f"c{c}", f"d{a}") for a, c in taps]
    store = fill(open_store(f"sqlite:///{folder}/a.db", create=True), *parts)
    flow = nx.DiGraph((e.key.source, e.key.target) for e in store.scan_edges(FLOW))
    loops = nx.condensation(flow)
    fed = {
        n for number, degree in loops.in_degree() if degree for n in loops.nodes[number]["members"]
    }
    sources = set(flow) - fed
    found = {
        (node, cut.consumer)
        for one in chokepoints(store).domains
        for point in one.points
        for node in point.nodes
        for cut in point.cut
    }
    consumers = {n for n in flow if isinstance(n, ConsumerId)}
    wanted = {
        (str(node), str(consumer))
        for consumer in consumers
        for node in set(flow) - {consumer}
        if not any(
            nx.has_path(nx.restricted_view(flow, [node], []), source, consumer)
            for source in sources - {node}
        )
    }
    assert found == wanted
    store.close()

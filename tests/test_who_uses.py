"""Beyond who uses a dataset: trend, teams and domains, columns, what it is used together with."""

import json

import msgspec
import pytest
from click.testing import CliRunner

from app.commands.using import who_uses_command
from lineage.analyses.listening.coverage import Logs
from lineage.analyses.reach.graph import Graph
from lineage.analyses.use.passing_on import passed_on
from lineage.analyses.use.usage import consumers_of, who_uses
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Fact, Node, Role, Shard
from lineage.names import (
    ColumnId,
    ConsumerId,
    DatasetId,
    JobId,
    PrincipalId,
    QueryId,
    domain,
    team,
)
from lineage.stores import open_store

END = 20_700
ORDERS, CUSTOMERS, RATES, MART = (DatasetId("db", n) for n in ("orders", "customers", "rates", "m"))
BOARD, ANN, OLD, BOT = (ConsumerId("bi", name) for name in ("board", "ann", "old", "bot"))
LOAD, RUN = JobId("jobs", "load"), JobId("jobs", "run")
KINDS = {BOARD: "dashboard", ANN: "person", OLD: "report", BOT: "system"}


def days(first, last, count=1):
    """So many reads on each day; days are counted back from the end of the logs."""
    return Activity.of(dict.fromkeys(range(END - first, END - last + 1), count))


def edge(type_, source, target, seen=Activity(), role=None, via=None):  # noqa: B008
    """An edge with the days on which it was seen."""
    return Edge(EdgeKey(type_, source, target, role, via), seen)


def used(dataset, column, process, role, seen):
    """A column that a process uses."""
    named = ColumnId(dataset, column)
    return [
        edge(EdgeType.HAS_COLUMN, dataset, named),
        edge(EdgeType.USED_BY, named, process, seen, role),
    ]


def read(dataset, process, seen):
    """A dataset that a process reads."""
    return edge(EdgeType.READ_BY, dataset, process, seen)


def ran(process, name, seen, *datasets):
    """A statement that names these datasets."""
    query, login = QueryId("db", name), PrincipalId("db", process.name)
    return [
        edge(EdgeType.RAN, process, query, seen, via=login),
        *(edge(EdgeType.NAMED_IN, dataset, query) for dataset in datasets),
    ]


BOARD_DAYS, JOINED = days(39, 0, 2), days(9, 0)
EDGES = [
    read(ORDERS, BOARD, BOARD_DAYS),
    read(CUSTOMERS, BOARD, JOINED),
    *ran(BOARD, "q1", JOINED, ORDERS, CUSTOMERS),
    *ran(BOARD, "q2", days(39, 10, 2), ORDERS),
    *used(ORDERS, "customer", BOARD, Role.JOIN, JOINED),
    *used(ORDERS, "state", BOARD, Role.FILTER, JOINED),
    *used(ORDERS, "amount", BOARD, Role.IDENTITY, BOARD_DAYS),
    *used(CUSTOMERS, "CUSTOMER", BOARD, Role.JOIN, JOINED),
    *used(CUSTOMERS, "region", BOARD, Role.JOIN, JOINED),
    edge(EdgeType.HAS_COLUMN, ORDERS, ColumnId(ORDERS, "note")),
    read(ORDERS, ANN, days(4, 3)),
    read(ORDERS, OLD, days(39, 25)),
    read(ORDERS, BOT, days(39, 0, 100)),
    read(ORDERS, LOAD, days(39, 1)),
    *ran(LOAD, "q3", days(39, 1), ORDERS, MART),
    edge(EdgeType.WRITES, LOAD, MART, days(39, 1)),
    read(ORDERS, RUN, days(6, 0)),
    read(RATES, RUN, days(6, 5)),
    edge(EdgeType.RUN_BY, ANN, PrincipalId("db", "ann")),
    *(edge(EdgeType.RUN_BY, BOARD, PrincipalId("db", f"p{n}")) for n in range(6)),
    edge(EdgeType.MEMBER_OF, PrincipalId("db", "ann"), team("sales")),
    edge(EdgeType.OWNS, team("growth"), BOARD),
    edge(EdgeType.OWNS, team("growth"), OLD),
    edge(EdgeType.IN_DOMAIN, team("growth"), domain("marketing")),
    edge(EdgeType.IN_DOMAIN, team("sales"), domain("marketing")),
    edge(EdgeType.IN_DOMAIN, MART, domain("shop")),
]
LOGINS = ["ann", *(f"p{n}" for n in range(6))]
NODES = [
    *(Node(who, {"kind": Fact("", kind)}) for who, kind in KINDS.items()),
    *(Node(PrincipalId("db", name), {"class": Fact("", "person")}) for name in LOGINS),
]


def fill(store, first=39):
    """The graph above; its logs begin so many days before their end."""
    shards = [Shard("db", END - day, 0, day.to_bytes(16)) for day in range(first + 1)]
    ends = {end for one in EDGES for end in (one.key.source, one.key.target)}
    ends |= {one.key.via for one in EDGES if one.key.via}
    nodes = {end: Node(end) for end in ends} | {node.id: node for node in NODES}
    store.apply(Batch(nodes=tuple(nodes.values()), edges=tuple(EDGES), shards=tuple(shards)))
    return store


@pytest.fixture
def url(tmp_path):
    """The URL of a SQLite store with the graph above."""
    url = f"sqlite:///{tmp_path}/uses.db"
    fill(open_store(url, create=True)).close()
    return url


@pytest.fixture
def graph(url):
    """That store, opened."""
    store = open_store(url)
    yield store
    store.close()


def test_trend_says_who_came_and_who_went(graph):
    """The window against the one before; a bot counts in neither."""
    found = who_uses(graph, ORDERS, window=20).trend
    assert (found.now.reads, found.now.consumers, found.now.jobs) == (40 + 2 + 19 + 7, 2, 2)
    assert (found.before.reads, found.before.consumers) == (40 + 15 + 20, 2)
    assert found.change == pytest.approx(68 / 75 - 1, abs=0.001)
    assert found.new == ("bi:ann", "jobs:run")
    assert found.gone == ("bi:old",)


def test_trend_of_short_logs_halves_what_there_is(graph):
    """Ninety days are not there twice: forty days make two spans of twenty."""
    found = who_uses(graph, ORDERS, window=90).trend
    assert (found.now.days_logged, found.before.days_logged) == (20, 20)


def test_trend_needs_a_log_and_counts_by_logged_day(tmp_path):
    """One day of logs has no day before it; a hole does not look like less use."""
    short = fill(open_store(f"sqlite:///{tmp_path}/a.db", create=True), first=0)
    assert who_uses(short, ORDERS).trend is None
    holes = open_store(f"sqlite:///{tmp_path}/b.db", create=True)
    logged = [*range(10), *range(10, 20, 2)]
    shards = [Shard("db", END - day, 0, day.to_bytes(16)) for day in logged]
    seen = Activity.of({END - day: 1 for day in logged})
    holes.apply(Batch((Node(ORDERS), Node(OLD)), (read(ORDERS, OLD, seen),), shards=tuple(shards)))
    found = who_uses(holes, ORDERS).trend
    assert found.now.days_logged > found.before.days_logged
    assert found.change == 0


def test_a_rhythm_keeps_a_reader_from_being_gone(tmp_path):
    """A monthly reader whose next read is still to come has not left."""
    store = open_store(f"sqlite:///{tmp_path}/a.db", create=True)
    monthly = Activity.of({20_604: 1, 20_634: 1, 20_665: 1, 20_695: 1})
    shards = [Shard("db", day, 0, day.to_bytes(16)) for day in range(20_600, END + 1)]
    store.apply(
        Batch((Node(ORDERS), Node(OLD)), (read(ORDERS, OLD, monthly),), shards=tuple(shards))
    )
    assert who_uses(store, ORDERS, window=4).trend.before.reads == 1
    assert who_uses(store, ORDERS, window=4).trend.gone == ()


def test_used_together_counts_shared_statements(graph):
    """Only what one statement reads; not what it writes; of a bare run the days it read both."""
    found = {one.dataset: one for one in who_uses(graph, ORDERS, window=5).together}
    assert found.keys() == {"db:customers", "db:rates"}
    customers = found["db:customers"]
    assert (customers.reads, customers.total, customers.users) == (5, 10, ("bi:board",))
    assert (customers.columns, customers.other_columns) == (("customer",), ("CUSTOMER",))
    assert (found["db:rates"].reads, found["db:rates"].total) == (0, 2)


def test_rolled_up_by_team_and_domain(graph):
    """Reads, consumers, jobs, people, last and next; a job without a team by what it writes."""
    answer = who_uses(graph, ORDERS, window=20)
    teams = {one.name: one for one in answer.teams}
    assert (teams["growth"].reads, teams["growth"].consumers, teams["growth"].people) == (40, 2, 6)
    assert (teams["sales"].people, teams["sales"].within) == (1, ("marketing",))
    assert (teams[None].jobs, teams[None].people) == (2, 0)
    domains = {one.name: one for one in answer.domains}
    assert (domains["marketing"].reads, domains["marketing"].within) == (42, ("growth", "sales"))
    assert (domains["shop"].jobs, domains["shop"].reads) == (1, 19)
    assert sum(one.reads for one in answer.domains) == sum(use.reads for use in answer.consumers)


def test_columns_say_who_in_which_role_since_when(graph):
    """Each column with its users; one that nobody reads has none."""
    found = {one.column: one for one in who_uses(graph, ORDERS).columns}
    assert list(found) == ["amount", "customer", "state", "note"]
    assert (found["amount"].reads, found["amount"].roles) == (80, {"IDENTITY": 80})
    assert found["amount"].first < found["state"].first
    (user,) = found["state"].users
    assert (user.consumer, user.roles, user.reads) == ("bi:board", {"FILTER": 10}, 10)
    assert (found["note"].users, found["note"].last) == ((), None)
    (only,) = who_uses(graph, ORDERS, "state").columns
    assert only == found["state"]


def test_a_bot_sets_no_date(graph):
    """The last read of a team is that of its people and tools, whatever a scanner does."""
    answer = who_uses(graph, ORDERS)
    assert "bi:bot" not in {use.consumer for use in answer.consumers}
    assert {one.name: one.last for one in answer.teams}["sales"] == "2026-09-01"
    assert max(one.last for one in answer.teams) <= "2026-09-04"


@pytest.mark.parametrize("as_of", [END, END - 20])
def test_who_asks_for_the_consumers_alone_gets_the_same(graph, as_of):
    """One by one, and of many datasets over one graph."""
    logs = Logs(graph, as_of)
    shared = Graph(graph, as_of)
    for dataset in (ORDERS, CUSTOMERS, RATES):
        whole = who_uses(graph, dataset, as_of=as_of)
        assert consumers_of(shared, logs, dataset) == whole.consumers


def test_as_of_is_the_past(graph):
    """Nothing that came later is in the answer."""
    answer = who_uses(graph, ORDERS, as_of=END - 20)
    assert {use.consumer for use in answer.consumers} == {"bi:board", "bi:old", "jobs:load"}
    assert answer.together == ()


def test_what_is_passed_on_names_no_person(graph):
    """Persons are counted by team, few of them not even that; the sums stay."""
    answer = who_uses(graph, ORDERS)
    shared = passed_on(graph, answer)
    text = msgspec.json.encode(shared).decode()
    assert "ann" not in text
    assert not any(f"db:p{n}" in text for n in range(6))
    teams = {one.name: one for one in shared.teams}
    assert (teams["sales"].people, teams["growth"].people) == ("fewer than 5", 6)
    assert teams["sales"].reads == 2
    assert [one.people for one in shared.teams if one.name is None] == [0]


def test_the_command_has_both_forms(url):
    """Text has the parts that a producer looks for; JSON to pass on has no person in it."""
    arguments = ["orders", "--store", url, "--window", "20d"]
    text = CliRunner().invoke(who_uses_command, arguments, catch_exceptions=False).output
    for part in ("Trend: 68 reads in 20 days", "growth", "used together with", "on customer"):
        assert part in text
    assert "read by nobody: note" in text
    arguments += ["--no-people", "--format", "json"]
    passed = CliRunner().invoke(who_uses_command, arguments, catch_exceptions=False).output
    assert json.loads(passed)["trend"]["new"] == ["jobs:run"]


def test_both_stores_answer_alike(fresh_urls):
    """The whole answer is the same document on SQLite and on Neo4j."""
    answers = []
    for url in fresh_urls():
        store = fill(open_store(url, create=True))
        answers.append(msgspec.json.encode(who_uses(store, ORDERS)))
        answers.append(msgspec.json.encode(who_uses(store, ORDERS, "state", END - 5, 7)))
        store.close()
    assert answers[:2] == answers[2:]

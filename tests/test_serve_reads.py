"""Lineage as Marquez's clients ask for it is answered, and right where Marquez is not."""

import json

import pytest

from tests.reads_world import (
    CASES,
    SCENARIOS,
    ask,
    event,
    flowing,
    graph,
    named,
    real_events,
    serving,
    telling,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store that holds the real events; nobody writes to it."""
    yield from real_events(tmp_path_factory.mktemp("reads"))


@pytest.fixture(scope="module")
def client(store):
    """A client of the reads over the real events."""
    return serving(store)


@pytest.fixture
def told(tmp_path):
    """Gives a client of a store that holds just these events."""
    yield from telling(tmp_path)


@pytest.fixture(scope="module")
def told_once(tmp_path_factory):
    """The same for a store that several tests read."""
    yield from telling(tmp_path_factory.mktemp("told"))


# --- the whole of what Marquez answered ---------------------------------------------------------


def union(client, starts, path, **parameters):
    """All edges of the graphs of these nodes."""
    edges = set()
    for start in starts:
        edges |= graph(client, start, path, **parameters)[1]
    return edges


@pytest.mark.parametrize("name", SCENARIOS)
def test_all_that_marquez_shows_is_shown(client, name):
    """Every edge that Marquez answered after these real events is in our answers.

    Ours has more: Marquez shows a job's inputs and outputs of its last finished run only.
    """
    marquez = json.loads((CASES / f"{name}.marquez.json").read_text("utf-8"))
    assert set(map(tuple, marquez["edges"])) <= union(client, marquez["nodes"], "lineage")


@pytest.mark.parametrize("name", SCENARIOS)
def test_column_edges_point_along_the_flow(client, name):
    """Of Marquez's column edges those that are true are in our answers, and none against the flow.

    Marquez writes the inEdges of a column from the column to its input, as if data flowed back. It
    also draws an INDIRECT input, which sorts or filters the whole dataset, as if its value arrived
    in each column.
    """
    marquez = json.loads((CASES / f"{name}.marquez.json").read_text("utf-8"))
    datasets = [node for node in marquez["nodes"] if node.startswith("dataset:")]
    ours = union(client, datasets, "column-lineage", withDownstream="true")
    flowing = {(origin, target) for origin, target in map(tuple, marquez["column_edges"])}
    true = {pair for pair in flowing if pair in ours}
    turned = {pair for pair in flowing if pair[::-1] in ours}
    assert flowing - true - turned == INDIRECT.get(name, set())
    assert {pair[::-1] for pair in turned} == true
    assert not {pair[::-1] for pair in ours} & ours


_WORDS = "datasetField:bigquery:bigquery-public-data.samples.shakespeare:"
_OUT = "datasetField:file:/tmp/outputs/1729097570970:"
_STEERING = {
    (f"{_WORDS}word", f"{_OUT}sum(word_count)"),
    (f"{_WORDS}word_count", f"{_OUT}word"),
}
INDIRECT = {"shakespeare": _STEERING | {pair[::-1] for pair in _STEERING}}


# --- where Marquez is wrong ---------------------------------------------------------------------


def test_a_late_empty_start_wipes_nothing(told):
    """A START without data after the COMPLETE leaves job, edges and state as they are.

    In Marquez the job falls out of the lineage graph, and the run is RUNNING again.
    """
    client = told(
        event("load", "raw", "mart", minute=5),
        event("load", type_="START", minute=0),
        event("load", type_="RUNNING", minute=9),
    )
    assert graph(client, "dataset:db:mart") == (
        {"raw", "load", "mart"},
        {("raw", "load"), ("load", "mart")},
    )
    job = ask(client, "namespaces/n/jobs/load")
    assert (job["inputs"], job["outputs"]) == (
        [{"namespace": "db", "name": "raw"}],
        [{"namespace": "db", "name": "mart"}],
    )
    assert job["latestRun"]["state"] == "COMPLETED"
    assert job["latestRun"]["startedAt"] == "2026-10-01T08:00:00.000000Z"
    assert job["latestRun"]["durationMs"] == 300_000


def test_siblings_are_not_mixed_in(told):
    """The lineage of a dataset holds what it is made of and what is made of it.

    Marquez adds the other readers of its inputs and what they write, and the other inputs of its
    readers, so that nearly everything is related to everything.
    """
    client = told(
        event("mine", "raw", "mart"),
        event("other", "raw", "elsewhere"),
        event("report", "mart rates", "page"),
    )
    assert graph(client, "dataset:db:mart")[0] == {"raw", "mine", "mart", "report", "page"}
    assert graph(client, "job:n:mine")[0] == {"raw", "mine", "mart", "report", "page"}
    assert graph(client, "dataset:db:raw")[0] == {
        "raw", "mine", "other", "mart", "elsewhere", "report", "page",
    }  # fmt: skip


def test_a_parent_is_in_its_own_namespace(told):
    """A parent job is found under the namespace that the facet names; it takes no state of a child.

    Marquez creates it in the namespace of the child, with the child's state.
    """
    parent = {"run": {"runId": "dag-run"}, "job": {"namespace": "airflow", "name": "dag"}}
    client = told(
        event("task", "raw", "mart", type_="FAIL", run_more={"facets": {"parent": parent}})
    )
    task = ask(client, "namespaces/n/jobs/task")
    assert (task["parentJobName"], task["parent"]) == (
        "dag",
        {"namespace": "airflow", "name": "dag"},
    )
    assert task["latestRun"]["parent"]["runId"] == "dag-run"
    dag = ask(client, "namespaces/airflow/jobs/dag")
    assert (dag["latestRun"], dag["inputs"], dag["outputs"]) == (None, [], [])
    assert client.get("/api/v1/namespaces/n/jobs/dag").status_code == 404


def test_columns_without_a_schema_have_lineage(told):
    """Column lineage is kept whole, also of columns and inputs that no other facet names.

    Marquez drops columns that are not in the output's schema, and inputs that the run does not
    list, and answers 404 when nothing is left.
    """
    output = {"namespace": "db", "name": "mart", "facets": flowing("total <- raw.amount")}
    client = told(event("load", outputs=[output]))
    assert graph(client, "datasetField:db:mart:total", "column-lineage") == (
        {"mart:total", "raw:amount"},
        {("raw:amount", "mart:total")},
    )
    (field,) = ask(client, "namespaces/db/datasets/mart")["fields"]
    assert (field["name"], field["type"]) == ("total", None)


def test_the_last_run_does_not_hide_the_others(told):
    """A job shows what all its runs read and wrote, not only the last one."""
    client = told(
        event("sync", "monday", "mart", run="r1"),
        event("sync", "tuesday", "mart", run="r2", minute=9),
    )
    assert graph(client, "job:n:sync")[0] == {"monday", "tuesday", "sync", "mart"}
    inputs = ask(client, "namespaces/n/jobs/sync")["inputs"]
    assert [one["name"] for one in inputs] == ["monday", "tuesday"]


# --- depth, node ids, errors --------------------------------------------------------------------


@pytest.fixture(scope="module")
def chain(told_once):
    """A client of a chain of jobs: d0 → j0 → d1 → … → d5, with a column in each."""
    links = [
        event(
            f"j{i}",
            f"d{i}(x)",
            outputs=[
                {
                    "namespace": "db",
                    "name": f"d{i + 1}",
                    "facets": {**named("d(x)")[0]["facets"], **flowing(f"x <- d{i}.x")},
                }
            ],
        )
        for i in range(5)
    ]
    return told_once(*links)


@pytest.mark.parametrize(
    ("node", "depth", "expected"),
    [
        ("dataset:db:d2", 0, "d1 j1 d2 j2 d3"),
        ("dataset:db:d2", 1, "d0 j0 d1 j1 d2 j2 d3 j3 d4"),
        ("job:n:j2", 0, "d2 j2 d3"),
        ("job:n:j2", 1, "d1 j1 d2 j2 d3 j3 d4"),
        ("dataset:db:d5", 99, "d0 j0 d1 j1 d2 j2 d3 j3 d4 j4 d5"),
    ],
)
def test_depth_counts_jobs_beyond_the_first(chain, node, depth, expected):
    """As in Marquez, depth 0 gives a job with its data, or a dataset with the jobs next to it."""
    assert graph(chain, node, depth=depth)[0] == set(expected.split())


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"depth": 1}, "d1 d2"),
        ({"depth": 2}, "d0 d1 d2"),
        ({"depth": 1, "withDownstream": "True"}, "d1 d2 d3"),
        ({"withDownstream": "False"}, "d0 d1 d2"),
        ({"depth": 0}, "d2"),
    ],
)
@pytest.mark.parametrize("node", ["datasetField:db:d2:x", "dataset:db:d2", "job:n:j1"])
def test_column_lineage_counts_edges(chain, node, parameters, expected):
    """Of a column, of the columns of a dataset, and of those that a job makes."""
    nodes, _ = graph(chain, node, "column-lineage", **parameters)
    assert nodes == {f"{name}:x" for name in expected.split()}


def test_what_a_column_is_made_of_is_told_with_it(chain):
    """The data of a column names its inputs and how they arrive; so does its dataset."""
    nodes = ask(chain, "column-lineage", nodeId="datasetField:db:d1:x")["graph"]
    data = next(one["data"] for one in nodes if one["id"] == "datasetField:db:d1:x")
    assert (data["fieldType"], data["transformationType"]) == ("INT", "IDENTITY")
    (source,) = data["inputFields"]
    assert (source["namespace"], source["dataset"], source["field"]) == ("db", "d0", "x")
    (column,) = ask(chain, "namespaces/db/datasets/d1")["columnLineage"]
    assert column == {"name": "x", "inputFields": [source]}


@pytest.fixture(scope="module")
def spelled(told_once):
    """A client of a store with names that hold colons and slashes."""
    orders = {"namespace": "s3a://lake", "name": "raw/orders"}
    orders["facets"] = {"schema": {"fields": [{"name": "amount"}]}}
    table = {"namespace": "postgres://h:5432", "name": "db.public.t"}
    job = {"namespace": "a:b", "name": "c:d#1"}
    return told_once(event(job, inputs=[orders], outputs=[table]))


@pytest.mark.parametrize(
    "node",
    [
        "dataset:s3://lake:raw/orders",
        "dataset:s3a://lake:/raw/orders/",
        "dataset:s3://lake:raw/orders#8bcf13d0-864b-5e29-bf92-d8c6a38c5096",
        "job:a:b:c:d#1",
        "datasetField:s3://lake:raw/orders:amount",
        "dataset:postgres://h:5432:db.public.t",
        "dataset:postgresql://H:db.public.t",
    ],
)
def test_node_ids_with_colons_slashes_and_versions(spelled, node):
    """A node is found by every spelling that names the same, wherever its colons are."""
    path = "column-lineage" if node.startswith("datasetField") else "lineage"
    assert ask(spelled, path, nodeId=node)["graph"]


def test_an_alias_finds_the_dataset(told):
    """The reader by one name and the writer by another meet, and either name finds both.

    In Marquez they stay apart for ever when the alias was a dataset of its own before.
    """
    alias = [{"namespace": "hive://h:9083", "name": "sales.orders", "type": "TABLE"}]
    stored = {"namespace": "s3://lake", "name": "sales/orders"}
    client = told(
        event("reader", inputs=[{"namespace": "hive://h:9083", "name": "sales.orders"}]),
        event(
            "writer", outputs=[{**stored, "facets": {"symlinks": {"identifiers": alias}}}], minute=1
        ),
    )
    for node in ("dataset:s3://lake:sales/orders", "dataset:hive://h:9083:sales.orders"):
        nodes, edges = graph(client, node)
        (table,) = nodes - {"reader", "writer"}
        assert edges == {("writer", table), (table, "reader")}


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("lineage", 400, "say nodeId"),
        ("lineage?nodeId=orders", 400, "write dataset:NAMESPACE:NAME or job:NAMESPACE:NAME"),
        ("lineage?nodeId=dataset:orders", 400, "write dataset:NAMESPACE:NAME"),
        ("lineage?nodeId=run:n:1", 400, "write dataset:NAMESPACE:NAME"),
        ("lineage?nodeId=dataset:" + "a:" * 60 + "b", 400, "write dataset:NAMESPACE:NAME"),
        ("lineage?nodeId=dataset:db:nowhere", 404, "Node 'dataset:db:nowhere' not found."),
        ("lineage?nodeId=job:food_delivery:nobody", 404, "not found"),
        ("lineage?nodeId=job:food_delivery:etl_menus&depth=-1", 400, "from 0 on"),
        ("lineage?nodeId=job:food_delivery:etl_menus&depth=many", 400, "a whole number"),
        ("column-lineage?nodeId=datasetField:db:t", 400, "datasetField:NAMESPACE:NAME:FIELD"),
        ("column-lineage?nodeId=datasetField:food_delivery:public.menus:nil", 404, "not found"),
        ("column-lineage?nodeId=job:airflow:BQ&withDownstream=9", 400, "true or false"),
        ("namespaces/nowhere", 404, "Namespace 'nowhere' not found."),
        ("namespaces/nowhere/datasets", 404, "Namespace 'nowhere' not found."),
        ("namespaces/food_delivery/datasets/nil", 404, "Dataset 'nil' not found."),
        ("namespaces/food_delivery/datasets/nil/versions", 404, "Dataset 'nil' not found."),
        ("namespaces/food_delivery/datasets/public.menus/versions/1", 404, "'1' not found"),
        ("namespaces/food_delivery/jobs/nil", 404, "Job 'nil' not found."),
        ("namespaces/food_delivery/jobs/nil/runs", 404, "Job 'nil' not found."),
        ("namespaces?limit=-3", 400, "limit"),
        ("namespaces?offset=x", 400, "offset"),
        ("sources/nowhere", 404, "Source 'nowhere' not found."),
        ("jobs?lastRunStates=FAILED", 400, "not supported"),
        ("jobs/runs/nil", 404, "Run 'nil' not found."),
        ("jobs/runs/nil/facets", 404, "Run 'nil' not found."),
        ("runlineage/upstream", 400, "say runId"),
        ("search", 400, "say q"),
        ("search?q=x&filter=TABLE", 400, "DATASET, JOB"),
        ("events/lineage?after=yesterday", 400, "write a time"),
        ("events/lineage?sortDirection=up", 400, "ASC, DESC"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered(client, path, status, message):
    """An error has Marquez's body, says what is wrong, and is never the server's fault."""
    answer = client.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, status)
    assert message in answer.json()["message"]

"""Lists, runs, events and the search, as Marquez's clients ask for them."""

import json
from urllib.parse import quote

import pytest

from app.serving.reads import describe, routes
from lineage.stores import open_store
from tests.reads_world import CASES, ask, event, filled, named, real_events, serving, telling


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


def test_names_with_slashes_and_colons_are_percent_encoded(told):
    """In a path a name is found encoded, as clients send it, and as people type it."""
    table = {"namespace": "s3://lake", "name": "raw/2026: orders?"}
    client = told(event({"namespace": "spark://h:7077", "name": "a/versions/%b"}, inputs=[table]))
    for spelled in (quote("s3://lake", safe=""), "s3://lake"):
        path = f"namespaces/{spelled}/datasets/{quote('raw/2026: orders?', safe='')}"
        assert ask(client, path)["name"] == "raw/2026: orders?"
    path = f"namespaces/{quote('spark://h:7077', safe='')}/jobs/{quote('a/versions/%b', safe='')}"
    assert ask(client, path)["id"] == {"namespace": "spark://h:7077", "name": "a/versions/%b"}
    assert ask(client, f"{path}/runs")["totalCount"] == 1


LISTS = {
    "namespaces": "namespaces",
    "sources": "sources",
    "namespaces/food_delivery/datasets": "datasets",
    "namespaces/food_delivery/jobs": "jobs",
    "jobs": "jobs",
    "events/lineage": "events",
    "events": "events",
    "jobs/": "jobs",
    "namespaces/food_delivery/jobs/etl_menus/runs": "runs",
    "namespaces/food_delivery/datasets/public.menus/versions": "versions",
}


@pytest.mark.parametrize("path", LISTS)
def test_lists_come_in_pages(client, path):
    """Pages of a list, one behind the other, are the list; each says how many rows there are."""
    key = LISTS[path]
    whole = ask(client, path)
    rows = whole[key]
    assert rows
    assert whole["totalCount"] == len(rows) <= 100
    paged = []
    while page := ask(client, path, limit=3, offset=len(paged))[key]:
        assert len(page) <= 3
        paged += page
    assert paged == rows
    assert ask(client, path, limit=0)[key] == []


def test_namespaces_and_sources(client):
    """Namespaces are those of datasets and jobs; a source is where datasets are."""
    names = [one["name"] for one in ask(client, "namespaces")["namespaces"]]
    assert names == ["airflow", "bigquery", "default", "file", "food_delivery", "gs://mock-bucket"]
    assert ask(client, "namespaces/gs%3A%2F%2Fmock-bucket")["ownerName"] == "anonymous"
    sources = {one["name"]: one["type"] for one in ask(client, "sources")["sources"]}
    assert sources == {
        "bigquery": "BIGQUERY",
        "file": "FILE",
        "food_delivery": "UNKNOWN",
        "gs://mock-bucket": "GS",
    }
    assert ask(client, "sources/bigquery")["connectionUrl"] == "bigquery"


def test_a_dataset(client):
    """A dataset has its columns in order, its facets by name, and says when it was written."""
    found = ask(client, "namespaces/food_delivery/datasets/public.menus")
    assert found["id"] == {"namespace": "food_delivery", "name": "public.menus"}
    assert (found["type"], found["physicalName"]) == ("DB_TABLE", "public.menus")
    fields = [(one["name"], one["type"]) for one in found["fields"]]
    assert fields[:2] == [("id", "INTEGER"), ("name", "VARCHAR")]
    assert found["lastModifiedAt"].startswith("20")
    assert found["createdAt"] <= found["updatedAt"]
    assert not found["deleted"]
    assert [field["name"] for field in found["facets"]["schema"]["fields"]] == [
        name for name, _ in fields
    ]
    listed = ask(client, "namespaces/food_delivery/datasets")["datasets"]
    (again,) = [one for one in listed if one["name"] == "public.menus"]
    assert again == {**found, "columnLineage": None}


def test_versions_follow_the_lists_of_columns(told):
    """A dataset has a version for each list of columns that was told, the newest first."""
    client = told(
        event("a", writes="t(x,y)", run="r1"),
        event("a", writes="t(x,y)", run="r2", minute=1),
        event("a", writes="t(x,y,z)", run="r3", eventTime="2026-10-02T08:00:00Z"),
    )
    path = "namespaces/db/datasets/t"
    versions = ask(client, f"{path}/versions")["versions"]
    columns = [[field["name"] for field in one["fields"]] for one in versions]
    assert columns == [["x", "y", "z"], ["x", "y"]]
    assert versions[0]["version"] == ask(client, path)["currentVersion"]
    assert versions[0]["createdAt"].startswith("2026-10-02")
    assert ask(client, f"{path}/versions/{versions[1]['version']}") == versions[1]


def test_runs(told):
    """Runs are found by job, the newest first, and by id; of two jobs with one id the later one."""
    nominal = {"nominalTime": {"nominalStartTime": "2026-10-01T00:00:00Z"}}
    client = told(
        event("a", "raw", type_="START", run="r1"),
        event("a", writes="mart", type_="FAIL", run="r1", minute=3),
        event("a", run="r2", minute=4, type_="START", run_more={"facets": nominal}),
        event("b", run="r2", minute=6),
        event("a/b", run="r3", minute=6, type_="ABORT"),
        event("a", run="odd \x1f id", minute=1, type_="WHATEVER"),
    )
    answer = ask(client, "namespaces/n/jobs/a/runs")
    runs = answer["runs"]
    assert (answer["totalCount"], [run["id"] for run in runs]) == (3, ["r2", "odd \x1f id", "r1"])
    assert [run["state"] for run in runs] == ["RUNNING", "NEW", "FAILED"]
    assert runs[0]["nominalStartTime"] == "2026-10-01T00:00:00Z"
    assert runs[0]["endedAt"] is runs[0]["durationMs"] is None
    r1 = ask(client, "jobs/runs/r1")
    assert r1 == runs[2]
    assert (r1["startedAt"], r1["endedAt"], r1["durationMs"]) == (
        "2026-10-01T08:00:00.000000Z",
        "2026-10-01T08:03:00.000000Z",
        180_000,
    )
    assert [one["datasetVersionId"]["name"] for one in r1["inputDatasetVersions"]] == ["raw"]
    assert [one["datasetVersionId"]["name"] for one in r1["outputDatasetVersions"]] == ["mart"]
    assert ask(client, "jobs/runs/r2")["jobVersion"]["name"] == "b"
    assert ask(client, "jobs/runs/r3")["state"] == "ABORTED"
    assert ask(client, f"jobs/runs/{quote('odd ' + chr(31) + ' id', safe='')}")["state"] == "NEW"


def test_a_run_is_listed_once_whenever_its_start_is_heard_of(tmp_path):
    """A START that comes in a later import moves the run in the list of its job's runs."""
    heard = [
        [event("a", run="r1", minute=5), event("a", run="r2", minute=4)],
        [event("a", run="r1", type_="START", minute=1)],
    ]
    for number, events in enumerate(heard):
        path = tmp_path / f"{number}.ndjson"
        path.write_text("\n".join(map(json.dumps, events)), "utf-8")
        kept = filled(f"sqlite:///{tmp_path}/graph.db", [path])
        runs = ask(serving(kept), "namespaces/n/jobs/a/runs")
        assert runs["totalCount"] == 2
        assert [run["id"] for run in runs["runs"]] == [["r1", "r2"], ["r2", "r1"]][number]
        kept.close()


def test_the_facets_of_a_run(told):
    """All facets of a run's events are given, unknown ones too; of each the newest.

    Where a producer used one id for the runs of two jobs, those of the later run alone.
    """

    def said(**facets):
        return {"facets": {name: {"n": n} for name, n in facets.items()}}

    sql = {"sql": {"query": "SELECT x", "dialect": None}}
    client = told(
        event("a", type_="START", run_more=said(mine=1, other=1)),
        event("a", minute=2, run_more=said(mine=2)),
        event("a", minute=1, type_="RUNNING", run_more=said(mine=3)),
        event("b", run="twice", run_more=said(mine=8)),
        event("c", run="twice", minute=1, run_more=said(mine=9)),
        event({"namespace": "n", "name": "d", "facets": sql}, run_more={"facets": None}),
    )
    assert ask(client, "jobs/runs/run-of-a/facets", type="run") == {
        "runId": "run-of-a",
        "facets": {"mine": {"n": 2}, "other": {"n": 1}},
        "truncated": False,
    }
    assert ask(client, "jobs/runs/twice/facets")["facets"] == {"mine": {"n": 9}}
    assert ask(client, "jobs/runs/run-of-d/facets")["facets"] == {}
    of_job = ask(client, "jobs/runs/run-of-d/facets", type="job")["facets"]
    assert of_job["sql"]["query"] == "SELECT x"


def test_the_runs_that_made_what_a_run_read(told):
    """Upstream of a run are the last good runs of what it read, from before it began."""
    client = told(
        event("load", writes="raw", run="l1", minute=1),
        event("load", writes="raw", run="l2", minute=3),
        event("load", writes="raw", run="l3", minute=4, type_="FAIL"),
        event("build", "raw other", "mart", run="b1", minute=5, type_="START"),
        event("build", run="b1", minute=6),
        event("load", writes="raw", run="l4", minute=7),
        event("show", "mart", run="s1", minute=8),
    )
    runs = ask(client, "runlineage/upstream", runId="s1")["runs"]
    assert [one["run"]["id"] for one in runs] == ["s1", "b1", "l2"]
    assert runs[1]["job"]["name"] == "build"
    assert runs[1]["run"]["status"] == "COMPLETED"
    made = {one["name"]: one["producedByRunId"] for one in runs[1]["inputs"]}
    assert made == {"raw": "l2", "other": None}
    near = ask(client, "runlineage/upstream", runId="s1", depth=1)["runs"]
    assert [one["run"]["id"] for one in near] == ["s1", "b1"]


def test_search(client):
    """Names that hold a text, whatever its case, by name or by time, of one kind or of both."""
    found = ask(client, "search", q="MENU")
    names = [(one["type"], one["name"]) for one in found["results"]]
    assert ("JOB", "etl_menus") in names
    assert ("DATASET", "public.menus") in names
    assert [name for _, name in names] == sorted(name for _, name in names)
    assert found["totalCount"] == len(names) < 10
    assert found["results"][0]["nodeId"] in ("job:food_delivery:etl_menu_items",)
    jobs = ask(client, "search", q="menu", filter="JOB", limit=1)
    assert ([one["name"] for one in jobs["results"]], jobs["totalCount"]) == (["etl_menu_items"], 2)
    newest = ask(client, "search", q="a", sort="UPDATE_AT", limit=50)["results"]
    times = [one["updatedAt"] for one in newest]
    assert times == sorted(times, reverse=True)
    assert ask(client, "search", q="a", namespace="airflow", filter="dataset")["results"] == []
    assert ask(client, "search", q="%")["totalCount"] == 0


def test_events(client):
    """Events come as they were sent, the newest first, of the span of time that is asked for."""
    newest = ask(client, "events/lineage")["events"]
    times = [one["eventTime"] for one in newest]
    assert times == sorted(times, reverse=True)
    oldest = ask(client, "events/lineage", sortDirection="asc")["events"]
    assert oldest == newest[::-1]
    span = {"after": "2024-11-26T00:00:00Z", "before": "2024-11-27T00:00:00+00:00"}
    of_airflow = ask(client, "events/lineage", limit=5, **span)
    assert (len(of_airflow["events"]), of_airflow["totalCount"]) == (5, 32)
    assert {one["job"]["namespace"] for one in of_airflow["events"]} == {"airflow"}
    sent = [json.loads(line) for line in (CASES / "seed.ndjson").read_text("utf-8").splitlines()]
    kept = [one for one in newest if one["job"]["namespace"] == "food_delivery"]
    assert {one["run"]["runId"] for one in kept} == {one["run"]["runId"] for one in sent}


def test_an_empty_store(tmp_path):
    """Before the first event lists are empty, and nothing has a name."""
    empty = open_store(f"sqlite:///{tmp_path}/empty.db", create=True)
    client = serving(empty)
    for path, key in (("namespaces", "namespaces"), ("jobs", "jobs"), ("events/lineage", "events")):
        assert ask(client, path) == {key: [], "totalCount": 0}
    assert ask(client, "search", q="a")["results"] == []
    assert client.get("/api/v1/who-uses?dataset=a").status_code == 404
    empty.close()


def test_tags(told):
    """Tags are those of datasets, columns and jobs, and stand with each of them."""
    tags = [
        {"key": "gold", "value": "true"},
        {"key": "pii", "value": "true", "field": "x"},
    ]
    table = {**named("t(x)")[0]}
    table["facets"] = {**table["facets"], "tags": {"tags": tags}}
    client = told(event("a", outputs=[table]))
    assert [one["name"] for one in ask(client, "tags")["tags"]] == ["gold", "pii"]
    found = ask(client, "namespaces/db/datasets/t")
    assert (found["tags"], found["fields"][0]["tags"]) == (["gold"], ["pii"])


# --- both stores, and what is described ---------------------------------------------------------


def test_answers_are_equal_on_both_stores(fresh_urls):
    """What is answered does not depend on where the graph is kept."""
    kept = [filled(url, [CASES / "shakespeare.ndjson"]) for url in fresh_urls()]
    one, other = map(serving, kept)
    run = "namespaces/default/jobs/shakespeare_on_spark"
    run = ask(one, run)["latestRun"]["id"]
    words = "bigquery:bigquery-public-data.samples.shakespeare"
    for path in (
        "namespaces",
        "namespaces/default/jobs?limit=2&offset=1",
        "namespaces/file/datasets",
        "namespaces/file/datasets/%2Ftmp%2Foutputs%2F1729097570970",
        "namespaces/file/datasets/%2Ftmp%2Foutputs%2F1729097570970/versions",
        f"lineage?nodeId=dataset:{words}",
        f"column-lineage?nodeId=dataset:{words}&withDownstream=true",
        f"jobs/runs/{run}",
        f"jobs/runs/{run}/facets",
        f"runlineage/upstream?runId={run}",
        "search?q=SHAKE&sort=UPDATE_AT",
        "events/lineage?sortDirection=asc&limit=7&offset=3",
        "tags",
    ):
        assert ask(one, path) == ask(other, path), path
    for store in kept:
        store.close()


def test_every_route_is_described(store):
    """OpenAPI has every path with its methods and parameters, and refers to nothing outside."""
    described = describe()
    served = {
        (route.path.replace(":path", ""), method.lower())
        for route in routes(lambda: store)
        for method in route.methods - {"HEAD"}
    }
    told_of = {(path, method) for path, methods in described.items() for method in methods}
    assert told_of == served
    assert "$ref" not in json.dumps(described)
    for path, methods in described.items():
        for operation in methods.values():
            given = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert given == {part[1:-1] for part in path.split("/") if part.startswith("{")}

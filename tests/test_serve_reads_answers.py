"""Our own answers over HTTP are the command line's documents, and name persons only to whom may."""

import json

import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.cli import cli
from app.serving.reads import routes
from lineage.analyses.breaking.impacted import is_person
from lineage.errors import StoreUnavailable
from lineage.stores import open_store

ORDERS = "MART.ORDERS"
MIGRATION = "ALTER TABLE MART.ORDERS DROP COLUMN VOUCHER_CODE; DROP TABLE MART.CUSTOMERS;"


@pytest.fixture(scope="module")
def store(sample_store):
    """The sample company; nobody writes to it."""
    opened = open_store(sample_store)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(store):
    """A client to whom persons are named."""
    return TestClient(Starlette(routes=routes(lambda: store)))


@pytest.fixture(scope="module")
def stranger(store):
    """A client to whom persons are not named."""
    return TestClient(Starlette(routes=routes(lambda: store, people=False)))


SAME = {
    "who-uses": (["who-uses", ORDERS], f"who-uses?dataset={ORDERS}"),
    "who-uses of a column": (
        [
            "who-uses",
            ORDERS,
            "--column",
            "VOUCHER_CODE",
            "--window",
            "30d",
            "--as-of",
            "2026-10-20",
        ],
        f"who-uses?dataset={ORDERS}&column=VOUCHER_CODE&window=30d&as_of=2026-10-20",
    ),
    "downstream": (
        ["downstream", ORDERS, "--depth", "2"],
        f"downstream?dataset={ORDERS}&depth=2",
    ),
    "upstream of a column": (
        ["upstream", ORDERS, "--column", "ORDER_ID", "--all-roles"],
        f"upstream?dataset={ORDERS}&column=ORDER_ID&all_roles=true",
    ),
    "impact in words": (
        ["impact", f"drop column {ORDERS}.VOUCHER_CODE"],
        f"impact?change=drop column {ORDERS}.VOUCHER_CODE",
    ),
    "orphans": (
        ["orphans", "--class", "unowned", "--class", "write-only"],
        "orphans?class=unowned&class=write-only",
    ),
    "stats": (["stats"], "stats"),
}


@pytest.mark.parametrize("name", SAME)
def test_answers_are_those_of_the_command_line(client, sample_store, name):
    """The same document, field by field, as `--format json` prints."""
    command, path = SAME[name]
    run = CliRunner().invoke(cli, [*command, "--store", sample_store, "--format", "json"])
    assert run.exit_code == 0, run.output
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.json() == json.loads(run.stdout)


def test_the_impact_of_a_migration(client, sample_store, tmp_path):
    """SQL in the body of a POST is what `--ddl` reads."""
    file = tmp_path / "migration.sql"
    file.write_text(MIGRATION, "utf-8")
    command = ["impact", "--ddl", str(file), "--store", sample_store, "--format", "json"]
    answer = client.post("/api/v1/impact?dialect=snowflake", content=MIGRATION)
    assert answer.status_code == 200, answer.text
    printed = CliRunner().invoke(cli, [*command, "--dialect", "snowflake"])
    assert answer.json() == json.loads(printed.stdout)
    assert answer.json()["items"]


def test_a_path(client, store):
    """How a dataset reaches a dashboard, with the statements on the way."""
    dashboard = next(
        str(node.id) for node in store.scan_nodes("Consumer") if node.value("kind") == "dashboard"
    )
    reads = client.get("/api/v1/upstream", params={"dataset": ORDERS}).json()
    source = next(node["id"] for node in reads["nodes"] if node["distance"] == 1)
    answer = client.get("/api/v1/path", params={"source": source, "target": ORDERS}).json()
    assert answer["steps"][-1]["edge"]["target"].endswith(ORDERS)
    assert (
        client.get("/api/v1/path", params={"source": ORDERS, "target": dashboard}).status_code
        == 200
    )


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("who-uses", 400, "say dataset"),
        ("who-uses?dataset=MART.ORDRES", 404, "unknown dataset 'MART.ORDRES'"),
        ("who-uses?dataset=MART.ORDERS&column=NIL", 404, "unknown column"),
        ("who-uses?dataset=MART.ORDERS&window=soon", 400, "like 90d"),
        ("who-uses?dataset=MART.ORDERS&as_of=soon", 400, "not a date"),
        ("who-uses?dataset=ORDERS", 409, "is ambiguous"),
        ("downstream?dataset=MART.ORDERS&depth=0", 400, "from 1 on"),
        ("path?source=MART.ORDERS", 400, "say target"),
        ("path?source=MART.ORDERS&target=MART.CUSTOMERS&delay=soon", 400, "like 2h"),
        ("impact", 400, "say a change"),
        ("impact?change=paint it green", 400, "paint it green"),
        ("impact?change=drop dataset MART.ORDRES", 404, "unknown"),
        ("orphans?class=lost", 400, "unowned"),
    ],
)
def test_what_cannot_be_answered(client, path, status, says):
    """A wrong name or value is refused as the command line refuses it; near names are listed."""
    answer = client.get(f"/api/v1/{path}")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, status)
    assert says in body["message"]
    if status == 409 or path.endswith("=MART.ORDRES"):
        assert any("ORDERS" in name for name in body["candidates"])


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"\xff\xfe", 400), (b"-" * (1 << 20) + b"-x", 413), (b"", 400), (b"SELECT", 400)],
)
def test_a_body_that_is_no_migration(client, body, status):
    """What is not SQL, not text or too much of it is refused."""
    assert client.post("/api/v1/impact", content=body).status_code == status


def test_a_store_that_does_not_answer():
    """The client is told to try again later."""

    def unavailable():
        raise StoreUnavailable("no Neo4j answers at bolt://nowhere")

    answer = TestClient(Starlette(routes=routes(unavailable))).get("/api/v1/jobs")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"code": 503, "message": "no Neo4j answers at bolt://nowhere"}


READS = [
    f"who-uses?dataset={ORDERS}",
    f"downstream?dataset={ORDERS}",
    f"upstream?dataset={ORDERS}",
    f"downstream?dataset={ORDERS}&column=ORDER_ID&all_roles=1",
    f"impact?change=drop dataset {ORDERS}",
    f"impact?change=drop column {ORDERS}.VOUCHER_CODE",
    "orphans",
    "events/lineage?limit=200",
    "jobs?limit=200",
    "search?q=a&limit=500",
]


@pytest.fixture(scope="module")
def persons(store):
    """The logins of all persons, and their names where the company's members file tells them."""
    found = {node.id.name for node in store.scan_nodes("Consumer") if is_person(node)}
    assert len(found) > 5
    return found


@pytest.mark.parametrize("path", READS)
def test_persons_are_not_named_to_whom_may_not(stranger, client, persons, path):
    """No answer holds the login of a person, where it would for somebody who may read it."""
    answer = stranger.get(f"/api/v1/{path}")
    assert answer.status_code == 200
    assert [
        name for name in persons if f'{name}"' in answer.text or f":{name}" in answer.text
    ] == []
    if path.startswith(("who-uses", "downstream")):
        assert any(f":{name}" in client.get(f"/api/v1/{path}").text for name in persons)


def test_a_person_is_nobody_to_whom_may_not(stranger, client, store):
    """The way to a person is shown to whom persons are named; to others there is no such name."""
    walk = client.get(f"/api/v1/downstream?dataset={ORDERS}").json()
    consumers = [node["id"] for node in walk["nodes"] if node["label"] == "Consumer"]
    nodes = {str(node.id): node for node in store.scan_nodes("Consumer")}
    person = next(id_ for id_ in consumers if is_person(nodes[id_]))
    way = {"source": ORDERS, "target": person}
    assert client.get("/api/v1/path", params=way).status_code == 200
    refused = stranger.get("/api/v1/path", params=way)
    assert refused.status_code == 404
    assert "candidates" not in refused.json()


def test_who_may_is_asked_for_each_request(store):
    """Whether persons are named may depend on the request, on its key for example."""
    asking = routes(lambda: store, people=lambda request: "key" in request.headers)
    client = TestClient(Starlette(routes=asking))
    path = f"/api/v1/who-uses?dataset={ORDERS}"
    named, unnamed = client.get(path, headers={"key": "k"}), client.get(path)
    assert any(use["principals"] for use in named.json()["consumers"])
    assert not any(use["principals"] for use in unnamed.json()["consumers"])

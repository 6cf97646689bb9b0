"""`lineage serve` as its users meet it: over HTTP, in processes of its own."""

import gzip
import json
import socket

import click
import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, Run, RunEvent, RunState

from app.commands.serve import serve_command
from app.serving.keys import Keys, make_key
from benchmarks.openlineage.events import events
from benchmarks.openlineage.kills import kill_under_load
from benchmarks.openlineage.server import Client, Server, until
from ingest.openlineage.inbox import Position, waiting
from lineage.errors import LineageError, UnreadableInput

GOOD = [json.dumps(event).encode() for event in events(40)]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server with a key for everything and one for two namespaces; gives it and the keys."""
    folder = tmp_path_factory.mktemp("serve")
    keys = folder / "keys.yml"
    everything, pinned = make_key(keys, "all", []), make_key(keys, "pinned", ["etl", "dbt-*"])
    url = f"sqlite:///{folder}/graph.db"
    with Server(url, folder / "inbox", "--keys", str(keys), "--max-body", "1m") as server:
        yield server, everything, pinned
        assert server.stop() == 0
        assert "Traceback" not in server.log, server.log


@pytest.fixture
def post(served):
    """Posts with the key for everything; gives status and JSON."""
    server, everything, _ = served
    client = Client(server)

    def send(body, path="/api/v1/lineage", key=everything, **headers):
        headers |= {"Authorization": f"Bearer {key}"} if key else {}
        status, answer = client.post(body, path, **headers)
        return status, json.loads(answer)

    yield send
    client.close()


def job_event(namespace, name="j"):
    """A JobEvent."""
    job = {"namespace": namespace, "name": name}
    return json.dumps({"eventTime": "2026-11-01T00:00:00Z", "job": job}).encode()


def test_an_event_is_accepted_once_and_soon_in_the_graph(served, post):
    """201, then 200 for the same with its keys in another order; the graph has it."""
    server, everything, _ = served
    shuffled = json.dumps(dict(reversed(json.loads(GOOD[0]).items()))).encode()
    assert post(GOOD[0]) == (201, {"status": "accepted"})
    assert post(shuffled, "/lineage") == (200, {"status": "duplicate"})
    server.drained()
    status, jobs = server.get("/api/v1/jobs", Authorization=f"Bearer {everything}")
    assert (status, b"j0_0_0" in jobs) == (200, True)


def test_a_batch_may_be_zipped(post):
    """A batch in gzip is taken; sent again, nothing changes."""
    body = gzip.compress(b"[" + b",".join(GOOD[1:20]) + b"]")
    for _ in range(2):
        status, report = post(body, "/api/v1/lineage/batch", **{"Content-Encoding": "gzip"})
        assert (status, report["status"], report["summary"]["successful"]) == (200, "success", 19)


def test_a_key_is_asked_for_and_bounds_what_may_be_told(post, served):
    """401 without a key that is known; 403 outside of its namespaces, in a batch for each event."""
    _, _, pinned = served
    for key in ("", "wrong", "lk_", "ä"):
        assert post(GOOD[0], key=key)[0] == 401
    assert post(job_event("etl"), key=pinned)[0] == 201
    assert post(job_event("dbt-nightly"), key=pinned)[0] == 201
    status, answer = post(job_event("etl2"), key=pinned)
    assert (status, answer["code"]) == (403, 403)
    both = b"[" + job_event("etl", "k") + b"," + job_event("dbt") + b"]"
    _, report = post(both, "/lineage/batch", key=pinned)
    assert [one["index"] for one in report["failed_events"]] == [1]


def test_whoever_runs_it_needs_no_key(served, post):
    """Health, readiness, metrics and the manual are open; answers and events are not."""
    server, _, _ = served
    post(GOOD[20])
    server.drained()
    assert server.get("/health") == (200, b'{"status":"alive"}')
    assert json.loads(server.get("/ready")[1]) == {
        "ready": True, "accepting": True, "problems": [],
        "inbox": {"events": 0, "bytes": 0, "oldest_seconds": 0.0},
    }  # fmt: skip
    assert server.metric("lineage_acknowledgement_seconds_count") > 0
    assert server.metric("lineage_store_up") == 1
    assert b'lineage_applied_events_total{outcome="imported"}' in server.get("/metrics")[1]
    manual = json.loads(server.get("/api/v1/openapi.json")[1])
    page = server.get("/docs")[1].decode()
    assert "post" in manual["paths"]["/api/v1/lineage"]
    assert "get" in manual["paths"]["/api/v1/lineage"]
    assert all(path in page for path in manual["paths"])
    assert "src=" not in page
    assert server.get("/api/v1/jobs")[0] == 401


def test_what_is_not_there_is_said_in_json(served, post):
    """404 and 405 are answered like every other refusal."""
    assert post(b"{}", "/api/v1/lineages")[1]["code"] == 404
    assert post(b"{}", "/api/v1/jobs")[1]["code"] == 405


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"POST /api/v1/lineage HTTP/1.1\r\n\r\n",
        b"POST /lineage HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /lineage HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /lineage HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /lineage HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
        b"POST /lineage HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"",
    ],
)
def test_a_broken_request_breaks_nothing(served, post, sent):
    """What is no HTTP, or ends half way, is refused or dropped, and the next one answered."""
    server, _, _ = served
    with socket.create_connection(("127.0.0.1", server.port), timeout=300) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert post(GOOD[0])[0] in (200, 201)


def test_the_real_client_is_served(served):
    """openlineage-python's events, over its own transport with a key, are accepted."""
    server, everything, _ = served
    transport = {
        "type": "http", "url": f"http://127.0.0.1:{server.port}", "compression": "gzip",
        "auth": {"type": "api_key", "apiKey": everything},
    }  # fmt: skip
    client = OpenLineageClient(config={"transport": transport})
    run_id, job = "01938a6e-3333-7c63-9d7d-d4f3f5a6c001", Job(namespace="client", name="nightly")
    before = server.metric("lineage_transactions_total")
    client.emit(
        RunEvent(
            eventType=RunState.COMPLETE, eventTime="2026-11-01T00:00:00Z", run=Run(runId=run_id),
            job=job, producer="https://example.org", inputs=[InputDataset("db", "read")],
        )
    )  # fmt: skip
    until(lambda: server.metric("lineage_transactions_total") > before)


def test_killed_under_load_it_loses_and_doubles_nothing(tmp_path):
    """Each acknowledged event is in the graph after kill -9, once."""
    url = f"sqlite:///{tmp_path}/graph.db"
    with Server(url, tmp_path / "inbox") as server:
        killed = kill_under_load(server, url, kills=2, number=240, folder=tmp_path)
    assert (killed.acknowledged, killed.counted, killed.same) == (240, 240, True)


def test_events_wait_while_the_store_is_away(tmp_path):
    """Without its store the server takes events, says that it is not ready, and loses none."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        away = f"bolt://127.0.0.1:{taken.getsockname()[1]}"
        with Server(away, tmp_path / "inbox") as server:
            client = Client(server)
            assert [client.post(body)[0] for body in GOOD[:3]] == [201, 201, 201]
            assert client.post(b"{}")[0] == 422
            status, body = server.get("/ready")
            state = json.loads(body)
            assert (status, state["ready"], state["accepting"]) == (503, False, True)
            assert any("no Neo4j answers" in problem for problem in state["problems"])
            assert state["inbox"]["events"] == 3
            assert server.get("/health")[0] == 200
            client.close()
            assert server.stop() == 0
    assert waiting(tmp_path / "inbox", Position())[0] == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "BUSY"], "--port"),
        (["--host", "192.0.2.1", "--port", "0"], "192.0.2.1"),
        (["--port", "0", "--max-body", "large"], "16m"),
        (["--port", "0", "--max-inbox", "0"], "16m"),
        (["--port", "0", "--keys", "no.yml"], "no.yml"),
        (["--port", "0", "--sources", "no.yml"], "no.yml"),
        (["--port", "0", "--inbox", "/dev/null/inbox"], "--inbox"),
        (["--port", "0", "--store", "sqlite:////dev/null/graph.db"], "folder"),
        (["--port", "0", "--store", "mysql://x"], "neo4j://"),
    ],
)
def test_a_wrong_start_says_what_to_do(arguments, says, tmp_path, monkeypatch):
    """Flags that cannot work end the command with what to change."""
    monkeypatch.setenv("LINEAGE_STORE", f"sqlite:///{tmp_path}/graph.db")
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        given = [port if one == "BUSY" else one for one in arguments]
        with pytest.raises((LineageError, click.UsageError)) as raised:
            serve_command.main(given, standalone_mode=False)
    message = getattr(raised.value, "message", str(raised.value))
    assert says in message
    assert raised.value.exit_code in (2, 3, 4)


def test_keys_are_kept_as_hashes(tmp_path):
    """The file has no key in it, nobody else may read it, and each of its keys is found."""
    path = tmp_path / "keys.yml"
    made = {name: make_key(path, name, [f"{name}-*"]) for name in ("etl", "dbt")}
    text = path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    keys = Keys.load(path)
    for name, key in made.items():
        assert key not in text
        found = keys.find(key)
        assert found.name == name
        assert found.allows(f"{name}-x")
        assert not found.allows("x")
    assert keys.find("") is None
    assert keys.find(next(iter(made.values())) + "x") is None
    with pytest.raises(UnreadableInput, match="has a key"):
        make_key(path, "etl", [])
    path.write_text("- name: x\n  secret: y\n")
    with pytest.raises(UnreadableInput, match="serve-key"):
        Keys.load(path)

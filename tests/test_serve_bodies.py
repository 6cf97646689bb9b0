"""What strangers send: never a 5xx, never a traceback, and the next good event is taken."""

import asyncio
import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.serving.application import application
from app.serving.committing import Committer
from app.serving.known import Known
from app.serving.metrics import Metrics
from app.serving.receiving import Receiver
from lineage.errors import StoreUnavailable
from tests.serve_bodies import GOOD, JSON, broken

CASES = list(broken())
MOST = 2 << 20  # bytes of a body


class Answer:
    """What came back."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.decode(): value.decode() for name, value in headers}
        self.json = json.loads(body)


class Endpoint:
    """The application in this process, with an inbox and no store that answers."""

    def __init__(self, folder):
        self._runner = asyncio.Runner()
        self.metrics = Metrics()
        self._runner.run(self._make(folder))

    async def _make(self, folder):
        self.committer = Committer(folder, 1 << 30)
        self.receiver = Receiver(self.committer, Known(_away), self.metrics, MOST)
        self._app = application(self.receiver.routes(), None)

    def post(self, body, path="/api/v1/lineage", headers=(("content-type", JSON),), step=1 << 16):
        """The answer to a body that comes in steps of so many bytes."""
        return self._runner.run(self._post(body, path, headers, step))

    async def _post(self, body, path, headers, step):
        chunks = [body[at : at + step] for at in range(0, len(body), step)] or [b""]
        sent = []

        async def receive():
            chunk = chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(message):
            sent.append(message)

        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(),
                 "query_string": b"", "headers": encoded, "http_version": "1.1",
                 "server": ("test", 80), "client": None, "scheme": "http"}  # fmt: skip
        await self._app(scope, receive, send)
        return Answer(sent[0]["status"], sent[0]["headers"], sent[1]["body"])

    def close(self):
        """Ends its threads."""
        self.receiver.close()
        self._runner.run(self.committer.close())
        self._runner.close()


def _away():
    raise StoreUnavailable("away")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """One endpoint for all bodies: whatever one of them breaks, the next would notice."""
    made = Endpoint(tmp_path_factory.mktemp("serve") / "inbox")
    yield made
    made.close()


def still_answers(endpoint):
    """Whether a good event is taken."""
    return endpoint.post(json.dumps(GOOD).encode()).status == 201


def test_there_are_two_hundred_kinds_of_broken_bodies():
    """The table is what it says: so many, each once."""
    assert len({case.name for case in CASES}) == len(CASES) > 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_body_is_refused_by_name(endpoint, case, capfd):
    """The status says whether to send it again, the message what is wrong."""
    answer = endpoint.post(case.body, headers=case.headers)
    assert answer.status == case.status, answer.json
    if case.status >= 400:
        assert case.says in answer.json["message"]
        assert answer.json["code"] == case.status
    if case.status == 422:
        assert answer.json["path"].startswith("$")
    assert still_answers(endpoint)
    assert capfd.readouterr() == ("", "")


texts = st.text('az09:/.-TZ \0\u202e\ud800\U0001f600"\\')
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = scalars | st.lists(scalars) | st.dictionaries(texts, scalars | st.lists(scalars))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(GOOD)), values)
def test_any_value_in_place_of_a_part_is_taken_or_refused(endpoint, part, value):
    """An event with any JSON in it never makes a 5xx."""
    body = json.dumps({**GOOD, part: value}).encode("utf-8", "surrogatepass")
    assert endpoint.post(body).status in (201, 400, 422)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200), st.integers(1, 50), st.booleans())
def test_any_bytes_are_refused(endpoint, body, step, zipped):
    """Bytes that are no event never make a 5xx, in whatever pieces they come."""
    coding = (("content-type", JSON), ("content-encoding", "gzip" if zipped else "identity"))
    assert endpoint.post(body, headers=coding, step=step).status in (400, 422)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_flipped_bit_in_gzip_is_noticed(endpoint, data):
    """What was changed on its way is not taken for what was sent."""
    zipped = bytearray(gzip.compress(json.dumps(GOOD).encode(), mtime=0))
    at = data.draw(st.integers(10, len(zipped) - 1))
    zipped[at] ^= 1 << data.draw(st.integers(0, 7))
    coding = (("content-type", JSON), ("content-encoding", "gzip"))
    assert endpoint.post(bytes(zipped), headers=coding).status == 400


def test_gzip_in_single_bytes_and_members_is_read(endpoint):
    """A body may come in any pieces, and as several gzip members."""
    body = json.dumps(GOOD).encode()
    zipped = gzip.compress(body[:50]) + gzip.compress(body[50:])
    coding = (("content-type", JSON), ("content-encoding", "gzip"))
    assert endpoint.post(zipped, headers=coding, step=1).status == 201


def test_one_bad_event_of_a_batch_decides_over_no_other(endpoint):
    """Each event of a batch is judged for itself, also where it breaks the JSON of the whole."""
    good = json.dumps(GOOD)
    deep = "[" * 3000 + "]" * 3000
    body = f'[{good}, {{}}, {{"a": NaN}}, {deep}, "}}]", {good}]'.encode()
    answer = endpoint.post(body, "/api/v1/lineage/batch")
    assert answer.status == 200
    assert answer.json["status"] == "partial_success"
    assert answer.json["summary"] == {
        "received": 6, "successful": 2, "failed": 4, "retriable": 0, "non_retriable": 4,
    }  # fmt: skip
    assert [one["index"] for one in answer.json["failed_events"]] == [1, 2, 3, 4]
    assert "NaN" in answer.json["failed_events"][1]["reason"]
    assert not any(one["retriable"] for one in answer.json["failed_events"])


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[]", JSON, 200),
        (b"{}", JSON, 422),
        (b"3", JSON, 422),
        (b"[", JSON, 400),
        (b"[}", JSON, 400),
        (b"[1,2", JSON, 400),
        (b"[[1,2]", JSON, 400),
        (b"[NaN]]", JSON, 400),
        (b"[" + b"[" * 100_000, JSON, 400),
        (b"[" + b"1," * 2_000 + b"1]", JSON, 200),
        (b"[" + b"1," * 10_000 + b"1]", JSON, 413),
        (b"", "application/x-ndjson", 200),
        (b"{}\n\n{}\n", "application/x-ndjson", 200),
        (b"[1]", "text/csv", 415),
    ],
)
def test_a_batch_of_any_shape_is_answered(endpoint, body, kind, status):
    """A batch is an array, or lines; what it is not is said."""
    headers = (("content-type", kind),)
    assert endpoint.post(body, "/lineage/batch", headers).status == status
    assert still_answers(endpoint)


def test_a_full_disk_is_said_and_forgotten_when_there_is_room(endpoint, monkeypatch):
    """An event that cannot be kept is not acknowledged, and the sender told to come again."""

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken_disk:
        broken_disk.setattr("ingest.openlineage.inbox.os.write", full)
        answer = endpoint.post(json.dumps(GOOD).encode())
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "No space left" in answer.json["message"]
    assert still_answers(endpoint)


def test_a_full_inbox_refuses_before_it_reads(endpoint, monkeypatch):
    """What cannot be kept need not be sent: 503 at once, single events and batches."""
    monkeypatch.setattr(endpoint.committer, "bytes", 1 << 40)
    for path in ("/api/v1/lineage", "/api/v1/lineage/batch"):
        answer = endpoint.post(json.dumps(GOOD).encode(), path)
        assert answer.status == 503
        assert "retry-after" in answer.headers

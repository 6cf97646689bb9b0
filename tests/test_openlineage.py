"""OpenLineage events: order and repetition never matter, and what cannot be placed is refused."""

import contextlib
import io
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.folding.ledger import Ledger
from ingest.folding.unread import Unread
from ingest.openlineage.collect import Events
from ingest.openlineage.events import decode
from ingest.openlineage.reading import read_events
from ingest.report import Funnel
from lineage.errors import InvalidEvent
from lineage.hash import graph_hash
from lineage.model import EdgeType
from lineage.stores import open_store

CASES = Path(__file__).parent / "cases" / "openlineage"
EPOCH_OF_BODY = 1_790_812_800_000_000  # 2026-10-01, in microseconds


def imported(events, tmp_path, name="graph.db", flushes=1):
    """A store that holds these events, written in that many flushes."""
    store = open_store(f"sqlite:///{tmp_path / name}", create=True)
    funnel = Funnel()
    ledger = Ledger(store)
    collector = Events(ledger, funnel, Unread(store))
    size = -(-len(events) // flushes) or 1
    for start in range(0, len(events), size):
        list(collector.take(enumerate(events[start : start + size], 1), "openlineage", "events"))
        additions, documents, retract = collector.flush(store)
        store.apply(additions.batch(tuple(retract), tuple(documents), ledger.pending()))
        ledger.committed()
    return store, funnel


def event(run="r1", type_="COMPLETE", time="2026-10-01T00:00:00Z", inputs=(), outputs=(), **more):
    """A RunEvent of the job `j`."""
    data = lambda names: [{"namespace": "db", "name": name} for name in names]  # noqa: E731
    return {
        "eventType": type_,
        "eventTime": time,
        "run": {"runId": run},
        "job": {"namespace": "n", "name": "j"},
        "inputs": data(inputs),
        "outputs": data(outputs),
        **more,
    }


def real_events():
    """The events of the case folder: cut from public repositories, see its README."""
    events = []
    for path in sorted(CASES.glob("*.ndjson")):
        events += [value for _, value in read_events(io.StringIO(path.read_text("utf-8")))]
    return events


def test_any_order_and_repetition_gives_the_same_graph(tmp_path):
    """Real events, shuffled, repeated and split over flushes, always give one graph."""
    events = real_events()
    assert len(events) > 40
    expected = graph_hash(imported(events, tmp_path)[0])
    for seed in range(6):
        pick = random.Random(seed)
        shuffled = events + pick.sample(events, len(events) // 3)
        pick.shuffle(shuffled)
        store, funnel = imported(shuffled, tmp_path, f"{seed}.db", flushes=1 + seed)
        assert graph_hash(store) == expected
        assert funnel.duplicate >= len(events) // 3


def reads(store):
    """(dataset, days, counts) of every READ_BY edge."""
    return {
        edge.key.source.name: (edge.activity.days, edge.activity.counts)
        for edge in store.scan_edges([EdgeType.READ_BY])
    }


def test_a_late_event_with_empty_lists_removes_nothing(tmp_path):
    """Inputs that one event told stay, whatever later events leave out."""
    events = [event(inputs=["a"], outputs=["b"]), event(type_="START", time="2026-09-30T23:00:00Z")]
    store, _ = imported(events, tmp_path, flushes=2)
    assert list(reads(store)) == ["a"]


def test_a_run_counts_once_on_the_day_it_started(tmp_path):
    """START, RUNNING and COMPLETE are one run; a START that comes late moves its day."""
    events = [
        event(type_="COMPLETE", time="2026-10-02T01:00:00Z", inputs=["a"]),
        event(type_="RUNNING", time="2026-10-02T00:30:00Z", inputs=["a"]),
        event(type_="START", time="2026-10-01T23:00:00Z", inputs=["a"]),
    ]
    store, _ = imported(events, tmp_path, flushes=3)
    days, counts = reads(store)["a"]
    assert counts == (1,)
    assert days == (20727,)


def test_a_failed_run_keeps_its_edges_uncounted(tmp_path):
    """A job that failed still reads what it reads; the read does not count."""
    store, _ = imported([event(type_="FAIL", inputs=["a"])], tmp_path)
    assert reads(store) == {"a": ((), ())}


def test_a_newer_job_event_replaces_what_the_producer_declared(tmp_path):
    """Declared lineage is the newest JobEvent of each producer."""

    def declares(name, time):
        return {
            "eventTime": time,
            "producer": "https://p",
            "job": {"namespace": "n", "name": "j"},
            "inputs": [{"namespace": "db", "name": name}],
            "outputs": [],
        }

    old, new = declares("old", "2026-10-01T00:00:00Z"), declares("new", "2026-10-02T00:00:00Z")
    for events in ([old, new], [new, old]):
        store, _ = imported(events, tmp_path, f"{events[0]['eventTime'][:10]}.db", flushes=2)
        assert list(reads(store)) == ["new"]


REFUSED = {
    "$: an event is a JSON object": [],
    "$.eventTime: missing": {"run": {"runId": "r"}, "job": {"namespace": "n", "name": "j"}},
    "$.eventTime: not a time: 'soon'": {
        "eventTime": "soon",
        "job": {"namespace": "n", "name": "j"},
    },
    "$: neither a job nor a dataset": {"eventTime": "2026-10-01T00:00:00Z"},
    "$.job: a job needs a namespace and a name": {
        "eventTime": "2026-10-01T00:00:00Z",
        "job": {"namespace": "", "name": "j"},
    },
    "$.run.runId: missing": {
        "eventTime": "2026-10-01T00:00:00Z",
        "run": {},
        "job": {"namespace": "n", "name": "j"},
    },
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_placed_is_refused_with_its_path(message):
    """The message begins with the JSON path of the fault."""
    with pytest.raises(InvalidEvent) as refused:
        decode(REFUSED[message])
    assert str(refused.value) == message


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(_JSON, _JSON, _JSON, _JSON)
def test_no_json_is_worse_than_an_invalid_event(run, job, inputs, facets):
    """Whatever JSON comes, it is an event or refused as none."""
    body = {"eventTime": "2026-10-01T00:00:00Z", "run": run, "job": job, "inputs": inputs}
    for value in (body, {**body, "job": {"namespace": "n", "name": "j", "facets": facets}}, run):
        with contextlib.suppress(InvalidEvent):
            assert decode(value).time == EPOCH_OF_BODY


@pytest.mark.parametrize(
    "wrap",
    [
        lambda events: "\n".join(map(json.dumps, events)),
        json.dumps,
        lambda events: json.dumps(events, indent=2),
        lambda events: "\n".join(f"2026-10-01 INFO emit {json.dumps(e)}" for e in events),
    ],
    ids=["ndjson", "array", "pretty array", "console log"],
)
def test_every_way_to_write_events_to_a_file(wrap):
    """One a line, an array, a pretty array, lines of a console log: the same events."""
    events = [event(inputs=["a"]), event(run="r2", outputs=["b"])]
    assert [value for _, value in read_events(io.StringIO(wrap(events)))] == events

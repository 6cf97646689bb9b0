"""OpenLineage events: what cannot be placed is refused by name, all else is read and kept."""

import contextlib
import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.openlineage.events import decode, event_key
from ingest.openlineage.keeping import Keeper
from ingest.openlineage.reading import read_events
from lineage.errors import InvalidEvent
from tests.openlineage_events import event

EPOCH_OF_BODY = 1_790_812_800_000_000  # 2026-10-01, in microseconds


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
        lambda events: "\n".join(f"[x] start\n12 {json.dumps(e)} ok" for e in events),
    ],
    ids=["ndjson", "array", "pretty array", "console log", "console log with other lines"],
)
def test_every_way_to_write_events_to_a_file(wrap):
    """One a line, an array, a pretty array, lines of a console log: the same events."""
    events = [event({"in": ["a"]}), event({"run": "r2", "out": ["b"]})]
    found = [value for _, value in read_events(io.StringIO(wrap(events)))]
    assert [value for value in found if not isinstance(value, InvalidEvent)] == events


@pytest.mark.parametrize("line", ['{"eventTime": ', '} {"eventTime"', "{"])
def test_a_broken_line_is_one_invalid_event(line):
    """What was meant as an event and is no JSON is told, and the lines around it are read."""
    good = json.dumps(event({"in": ["a"]}))
    found = [value for _, value in read_events(io.StringIO(f"{good}\n{line}\n{good}\n"))]
    assert [isinstance(value, InvalidEvent) for value in found] == [False, True, False]


def test_a_metric_that_is_no_number_costs_nothing_else():
    """NaN, which Python writes and JSON does not know, is nothing; the event is read."""
    ((_, value),) = read_events(io.StringIO('{"eventTime": "t", "x": NaN, "y": -Infinity}'))
    assert value == {"eventTime": "t", "x": None, "y": None}


TIMES = {
    "2026-10-01T00:00:00Z": 0,
    "2026-10-01T02:00:00+02:00": 0,
    "2026-10-01T02:00:00.000000001+02:00[Europe/Berlin]": 0,
    "2026-10-01T00:00:00.123456789Z": 123456,
    "2026-10-01T00:00:00": 0,
    "2026-10-01": 0,
}


@pytest.mark.parametrize("time", TIMES)
def test_every_way_to_write_a_time(time):
    """Offsets, zones as Java names them, nanoseconds, and times without a zone, which are UTC."""
    assert decode({**event({}), "eventTime": time}).time == EPOCH_OF_BODY + TIMES[time]


def test_null_is_the_same_as_absent():
    """Events that differ in the order of keys and in nulls are one event."""
    one = {"eventTime": "t", "job": {"name": "j", "namespace": "n", "facets": None}, "x": [None]}
    other = {"job": {"namespace": "n", "name": "j"}, "eventTime": "t", "run": None, "x": [None]}
    assert event_key(one) == event_key(other)
    assert event_key(one) != event_key({**other, "x": []})


def test_null_makes_no_kind_of_event():
    """A run that is null makes no RunEvent, a job that is null no other than a DatasetEvent."""
    job, dataset = {"namespace": "n", "name": "j"}, {"namespace": "n", "name": "d"}
    time = {"eventTime": "2026-10-01"}
    assert decode({**time, "run": None, "job": job}).kind == "job"
    assert decode({**time, "job": None, "dataset": dataset}).kind == "dataset"
    assert decode({**time, "run": {"runId": "r"}, "job": job, "dataset": None}).kind == "run"


def kept(said):
    """An event as it is kept."""
    value = event(said)
    return msgspec.json.decode(Keeper().keep(decode(value), value).body)


def test_an_event_is_kept_under_its_time_as_it_came():
    """The document of an event sorts by its time, and holds facets that nobody interprets."""
    value = event({"out": {"a": {"mystery": {"x": [1, "two"]}}}})
    document = Keeper().keep(decode(value), value)
    assert document.key == f"{decode(value).time:020d}-{event_key(value).hex()}"
    assert msgspec.json.decode(document.body) == value


VALUES = {
    "a literal of a statement": {
        "job_facets": {"sql": {"query": "SELECT a FROM t WHERE mail = 'ann@x.org' AND n = 4711"}}
    },
    "a string in double quotes, where they make strings": {
        "job_facets": {
            "sql": {"query": 'SELECT a FROM t WHERE b = "ann@x.org"', "dialect": "spark"}
        }
    },
    "a literal of a column's expression": {
        "out": {
            "a": {
                "columnLineage": {
                    "fields": {
                        "x": {
                            "inputFields": [
                                {
                                    "namespace": "db",
                                    "name": "b",
                                    "field": "y",
                                    "transformations": [
                                        {
                                            "type": "DIRECT",
                                            "description": "if(y = 'ann@x.org', 1, 0)",
                                        }
                                    ],
                                }
                            ]
                        }
                    }
                }
            }
        }
    },
    "a row in an error": {
        "run_facets": {
            "errorMessage": {"message": "Key (mail)=(ann@x.org) exists", "stackTrace": "4711"}
        }
    },
    "the least value of a column": {
        "in": {"a": {"dataQualityMetrics": {"columnMetrics": {"x": {"min": 4711, "count": 3}}}}}
    },
    "the variables of a process": {
        "run_facets": {
            "environmentVariables": {"environmentVariables": [{"name": "A", "value": "ann@x.org"}]}
        }
    },
    "a password": {"run_facets": {"spark_properties": {"properties": {"db.password": "4711"}}}},
    "the login of an address": {
        "out": {"a": {"dataSource": {"uri": "postgres://ann:4711@host/db"}}}
    },
    "a condition": {
        "in": {"a": {"subset": {"inputCondition": {"right": {"type": "literal", "value": "4711"}}}}}
    },
    "the plan of Spark": {"run_facets": {"spark.logicalPlan": {"plan": [{"value": "4711"}]}}},
}


@pytest.mark.parametrize("name", VALUES)
def test_values_are_not_kept(name):
    """Wherever producers quote values, what is kept of the event has none."""
    text = json.dumps(kept(VALUES[name]))
    assert "ann" not in text
    assert "4711" not in text


def test_a_huge_event_is_kept_without_its_greatest_facets():
    """What is left out stays visible, with its size; the rest is there."""
    fields = [{"name": f"c{i}" * 40} for i in range(6000)]
    found = kept({"out": {"a": {"schema": {"fields": fields}, "mystery": {"x": 1}}}, "in": ["b"]})
    facets = found["outputs"][0]["facets"]
    assert facets["schema"]["_omitted"] > 256 * 1024
    assert facets["mystery"] == {"x": 1}
    names = kept({"in": {f"{i:09}": {"x": {"y": i}} for i in range(20_000)}})
    assert names["job"] == {"namespace": "n", "name": "j"}
    assert names["_omitted"] > 256 * 1024

"""What OpenLineage events mean, in any order, with any repetition, in any split over flushes."""

import gzip
import json
import random
from collections import Counter
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.folding.dead_letters import DEAD_LETTER, DeadLetter
from ingest.openlineage.entities import FACETS, Entity, key_of
from ingest.openlineage.keeping import DOCUMENT as EVENT
from ingest.openlineage.runs import DOCUMENT, RunFact
from lineage.calendar import iso_day
from lineage.hash import graph_hash
from lineage.model import EdgeType
from lineage.names import ColumnId, DatasetId, JobId, PrincipalId, TeamId
from tests.openlineage_events import event, imported, real_events


class _Loader(yaml.SafeLoader):
    """YAML whose times are text, as they are in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
FOLDER = Path(__file__).parent / "openlineage"
CASES = {
    f"{path.stem}: {case['says']}": case
    for path in sorted(FOLDER.glob("*.yml"))
    for case in yaml.load(path.read_text("utf-8"), _Loader)
}


def spelled(node):
    """A node as the cases write it."""
    if isinstance(node, ColumnId):
        return f"{spelled(node.dataset)}.{node.name}"
    home = {DatasetId: "db", JobId: "n", PrincipalId: "n", TeamId: "team"}[type(node)]
    word = {JobId: "job ", PrincipalId: "login ", TeamId: "team "}.get(type(node), "")
    return word + (node.name if node.namespace == home else str(node))


def edge_line(edge):
    """An edge as the cases write it."""
    counts = zip(edge.activity.days, edge.activity.counts, strict=True)
    days = [iso_day(day)[5:] + (f"*{n}" if n > 1 else "") for day, n in counts]
    ends = [spelled(edge.key.source), edge.key.type.value, spelled(edge.key.target)]
    return " ".join([*ends, *([edge.key.role.value] if edge.key.role else []), *days])


def shown(store, case):
    """What a store holds of what a case speaks of."""
    lines = case.get("edges", [])
    types = {type_ for type_ in EdgeType if any(f" {type_} " in line for line in lines)}
    nodes = {spelled(node.id): node for node in store.scan_nodes() if not _is_query(node)}
    runs = {
        run.run_id: run
        for document in store.documents(DOCUMENT)
        for run in [msgspec.json.decode(document.body, type=RunFact)]
        if " -> " not in run.job.name
    }
    return {
        "edges": sorted(edge_line(edge) for edge in store.scan_edges(types)) if types else [],
        "facts": {
            name: {fact: nodes[name].value(fact) for fact in facts}
            for name, facts in case.get("facts", {}).items()
        },
        "runs": {
            name: {said: str(_of_run(runs[name], said) or "") for said in wanted}
            for name, wanted in case.get("runs", {}).items()
        },
        "written": {name: _written(store, name) for name in case.get("written", {})},
    }


def _is_query(node):
    return type(node.id).__name__ == "QueryId"


def _of_run(run, said):
    return getattr(run, said) if hasattr(run, said) else run.facts.get(said, (0, ""))[1]


def _written(store, name):
    (document,) = store.documents(FACETS, [key_of(DatasetId("db", name))])
    written = msgspec.json.decode(document.body, type=Entity).written
    return {iso_day(day)[5:]: [str(number) for number in told] for day, told in written.items()}


def expected(case):
    """What a case says that a store must hold; null is nothing."""
    found = {part: case.get(part, {}) for part in ("facts", "runs", "written")}
    return {"edges": sorted(case.get("edges", [])), **_as_text(found)}


def _as_text(value):
    if isinstance(value, dict):
        return {key: _as_text(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    return "" if value is None else str(value)


@pytest.mark.parametrize("name", CASES)
def test_meaning(tmp_path, name):
    """The case holds as written, backwards one by one, and shuffled with repetitions."""
    case = CASES[name]
    events = [event(said) for said in case["events"]]
    mixed = random.Random(name).choices(events, k=2 * len(events)) + events
    hashes = set()
    for number, (order, flushes) in enumerate(
        ((events, 1), (events[::-1], len(events)), (mixed, 3))
    ):
        store, funnel = imported(order, tmp_path / f"{number}.db", flushes)
        assert funnel.read == funnel.imported + funnel.duplicate
        assert shown(store, case) == expected(case)
        hashes.add(graph_hash(store))
    assert len(hashes) == 1


_FACETS = [
    {},
    {"documentation": {"description": "one"}},
    {"documentation": {"description": "two"}, "ownership": {"owners": [{"name": "team:x"}]}},
    {"documentation": {"_deleted": True}, "ownership": {"_deleted": True}},
    {"ownership": {"owners": [{"name": "user:y"}]}, "tags": {"tags": ["pii"]}},
    {"tags": {"tags": []}, "schema": {"_deleted": True}},
    {"schema": {"fields": [{"name": "x", "type": "int"}, {"name": "y"}]}},
    {"schema": {"fields": [{"name": "x", "type": "bigint"}]}},
    {"schema": {"fields": [{"name": "y", "type": "text"}, {"name": "z"}]}},
    {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}},
    {
        "lifecycleStateChange": {
            "lifecycleStateChange": "RENAME",
            "previousIdentifier": {"namespace": "db", "name": "b"},
        }
    },
    {"dataQualityAssertions": {"assertions": [{"assertion": "u", "success": True}]}},
    {"dataQualityAssertions": {"assertions": [{"assertion": "u", "success": False}]}},
    {"outputStatistics": {"rowCount": 5}, "version": {"datasetVersion": "2"}},
    {"lineage": {"inputs": [{"type": "DATASET", "namespace": "db", "name": "b"}]}},
    {"columnLineage": {"fields": {"x": {"inputFields": [
        {"namespace": "db", "name": "b", "field": "y", "transformations": [
            {"type": "DIRECT", "subtype": "IDENTITY", "masking": True}]}]}}}},
]  # fmt: skip
_STREAM = {"jobType": {"processingType": "STREAMING", "integration": "X"}}
_DATASETS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(_FACETS), max_size=2)
_SAID = st.fixed_dictionaries(
    {
        "at": st.sampled_from(["09:00", "10:00", "11:00", "2026-10-02T10:00:00Z"]),
        "by": st.sampled_from(["https://p", "https://q/tree/1.0", "https://q/tree/2.0"]),
        "type": st.sampled_from(["START", "RUNNING", "COMPLETE", "FAIL", "OTHER"]),
        "run": st.sampled_from(["r1", "r2"]),
        "job": st.sampled_from("jk"),
        "in": _DATASETS,
        "out": _DATASETS,
        "job_facets": st.sampled_from(
            [{}, {}, _STREAM, {"ownership": {"owners": [{"name": "o"}]}}]
        ),
        "run_facets": st.sampled_from([{}, {"hive_session": {"username": "ann"}}]),
    },
    optional={
        "static": st.just(value=True),
        "dataset": st.dictionaries(
            st.sampled_from("abc"), st.sampled_from(_FACETS), min_size=1, max_size=1
        ),
    },
)
_FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@_FEW
@given(
    st.lists(_SAID, min_size=1, max_size=7), st.randoms(use_true_random=False), st.integers(1, 7)
)
def test_any_order_of_any_events_gives_one_graph(tmp_path_factory, said, chance, flushes):
    """Events in which producers contradict each other: order, repetition and split never matter."""
    events = [event(one) for one in said]
    mixed = chance.choices(events, k=3) + events
    chance.shuffle(mixed)
    folder = tmp_path_factory.mktemp("orders")
    one, other = imported(events, folder / "1.db")[0], imported(mixed, folder / "2.db", flushes)[0]
    assert graph_hash(one) == graph_hash(other)


@settings(_FEW, max_examples=3)
@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_any_order_of_real_events_gives_one_graph(tmp_path_factory, chance, flushes):
    """Real events, shuffled, repeated and split over flushes, always give one graph."""
    events = real_events()
    mixed = events + chance.sample(events, len(events) // 3)
    chance.shuffle(mixed)
    folder = tmp_path_factory.mktemp("orders")
    store, funnel = imported(mixed, folder / "1.db", flushes)
    assert graph_hash(store) == graph_hash(imported(events, folder / "2.db")[0])
    assert funnel.duplicate >= len(events) // 3


def test_both_stores_know_the_same(fresh_urls):
    """The cases one after the other, and mixed in other flushes, give one graph on every store."""
    events = [event(said) for case in CASES.values() for said in case["events"]]
    mixed = random.Random(7).sample(events, len(events))
    hashes = set()
    for url, order, flushes in zip(fresh_urls(), (events, mixed), (1, 3), strict=True):
        store, _ = imported(order, url, flushes)
        hashes.add(graph_hash(store))
        store.close()
    assert len(hashes) == 1


def all_events():
    """(file, event) of every event of the archive."""
    with gzip.open(FOLDER / "all.ndjson.gz", "rt", encoding="utf-8") as lines:
        return [tuple(json.loads(line)) for line in lines]


def test_every_event_is_taken_or_refused_by_name(tmp_path):
    """What integrations of six engines send is taken but for what cannot be placed."""
    store, funnel = imported([value for _, value in all_events()], tmp_path / "all.db")
    why = [
        msgspec.json.decode(document.body, type=DeadLetter)
        for document in store.documents(DEAD_LETTER)
    ]
    refused = Counter()
    for letter in why:
        refused[letter.why] += letter.count
    assert refused == {
        "$.inputs[0]: a dataset needs a namespace and a name, got '', 'test.jdbc_source1'": 2,
        "$.inputs[0]: a dataset needs a namespace and a name, got '', 'test.ol_clients'": 1,
        "$.run.runId: missing": 1,
    }
    assert (funnel.read, funnel.imported, funnel.duplicate) == (576, 566, 6)
    assert len(list(store.documents(EVENT))) == 566


ANSWERS = {
    answer["scenario"]: answer
    for answer in json.loads((FOLDER / "answers.json").read_text("utf-8"))
}


@pytest.mark.parametrize("scenario", ANSWERS)
def test_what_other_consumers_answer(tmp_path, scenario):
    """We know each dataset, job and edge that other consumers know after the same events.

    Where Marquez knows fewer, it has lost some: a dataset that only column lineage names is none of
    its datasets, though data comes from it.
    """
    answer = ANSWERS[scenario]
    events = [value for name, value in all_events() if name.startswith(scenario)]
    store, _ = imported(events, tmp_path / "scenario.db")
    reads = [edge.key for edge in store.scan_edges([EdgeType.READ_BY])]
    writes = [edge.key for edge in store.scan_edges([EdgeType.WRITES])]
    if "links" in answer:
        assert {tuple(link) for link in answer["links"]} == {
            (str(read.source), str(written.target))
            for read in reads
            for written in writes
            if read.target == written.source
        }
    if "edges" in answer:
        named = [(f"dataset:{key.source}", f"job:{key.target}") for key in reads]
        named += [(f"job:{key.source}", f"dataset:{key.target}") for key in writes]
        assert {tuple(edge) for edge in answer["edges"]} == set(named)
        ours = {f"dataset:{node.id}" for node in store.scan_nodes("Dataset")}
        ours |= {f"job:{node.id}" for node in store.scan_nodes("Job")}
        assert ours - set(answer["nodes"]) <= {"dataset:food_delivery:public.menu_item_id"}
        assert set(answer["nodes"]) <= ours

"""The sample company, end to end: every answer against the truth that its plan wrote."""

import json
from contextlib import closing
from functools import cache
from pathlib import Path

import msgspec
import pytest

from app.options import answering
from lineage.analyses.breaking.change import parse_change
from lineage.analyses.breaking.impact import impact
from lineage.analyses.disuse.orphans import orphans
from lineage.analyses.reach.walk import downstream
from lineage.analyses.use.usage import who_uses
from lineage.hash import graph_hash
from lineage.model import EdgeType
from lineage.names import JobId
from lineage.resolve import resolve_dataset
from lineage.stores import open_store

TRUTH = json.loads((Path(__file__).parents[1] / "sample_data" / "truth.json").read_text())
RINGS = ("fails", "wrong", "stale")


@cache
def opened(url):
    """The store at that URL."""
    return open_store(url)


@pytest.fixture
def store(sample_store):
    """The store of the sample company, as questions see it."""
    return answering(opened(sample_store))


@pytest.mark.parametrize("dataset", TRUTH["who_uses"])
def test_who_uses(store, dataset):
    """Every consumer of a dataset with its reads, days, roles, team and liveness; no bots."""
    answer = who_uses(store, resolve_dataset(store, dataset), window=10_000)
    jobs = {str(node.id) for node in store.scan_nodes("Job")}
    direct = {use.consumer: use for use in answer.consumers if use.direct}
    assert direct.keys() - jobs == TRUTH["who_uses"][dataset].keys()
    for consumer, truth in TRUTH["who_uses"][dataset].items():
        use = direct[consumer]
        found = (use.kind, use.team, use.direct, use.alive)
        assert found == (truth["kind"], truth["team"], truth["reads"], truth["alive"])
        if not use.via:
            assert (use.days, use.first, use.last) == (truth["days"], truth["first"], truth["last"])
            roles = {column: sorted(roles) for column, roles in use.column_roles.items()}
            assert roles == {column: sorted(roles) for column, roles in truth["roles"].items()}


def test_edges(store):
    """The dataset edges through jobs are those of the plan: none missing, none extra."""
    reads, writes = {}, {}
    for edge in store.scan_edges([EdgeType.READ_BY]):
        if isinstance(edge.key.target, JobId):
            reads.setdefault(edge.key.target, set()).add(str(edge.key.source))
    for edge in store.scan_edges([EdgeType.WRITES]):
        writes.setdefault(edge.key.source, set()).add(str(edge.key.target))
    found = {(a, b) for job in reads for a in reads[job] for b in writes.get(job, ())}
    assert found == {tuple(edge) for edge in TRUTH["edges"]}


def test_column_edges(store):
    """The column edges of direct roles are those of the plan: none missing, none extra."""
    feeds = store.scan_edges([EdgeType.FEEDS])
    found = {(str(edge.key.source), str(edge.key.target)) for edge in feeds}
    assert found == {tuple(edge) for edge in TRUTH["column_edges"]}


@pytest.mark.parametrize("label", TRUTH["orphans"])
def test_orphans(store, label):
    """Each label is on the datasets of the plan, and on no other."""
    found = {one.dataset for one in orphans(store).datasets if label in one.classes}
    assert found == set(TRUTH["orphans"][label])


@pytest.mark.parametrize("case", TRUTH["impact"], ids=lambda case: case["change"])
def test_impact(store, case):
    """What fails, changes silently and gets stale, as the plan says."""
    answer = impact(store, [parse_change(case["change"])])
    found = {
        ring: {item.id for item in answer.items if item.ring == ring and item.kind != "job"}
        for ring in RINGS
    }
    assert found == {ring: set(case[ring]) for ring in RINGS}


def test_both_stores_hold_the_same_graph_and_answer_alike(fresh_urls, sample_store, import_sample):
    """The same import into a real Neo4j: equal hash, and every answer equal."""
    sqlite = opened(sample_store)
    questions = [
        *(lambda s, c=case: impact(s, [parse_change(c["change"])]) for case in TRUTH["impact"][:8]),
        *(lambda s, d=d: who_uses(s, resolve_dataset(s, d)) for d in list(TRUTH["who_uses"])[:8]),
        lambda s: downstream(s, resolve_dataset(s, "kafka://bus:9092:checkout.order-placed")),
        orphans,
    ]
    _, server = fresh_urls()
    with closing(open_store(import_sample(server))) as other:
        assert graph_hash(other) == graph_hash(sqlite)
        for ask in questions:
            answers = [msgspec.to_builtins(ask(answering(one))) for one in (other, sqlite)]
            assert answers[0] == answers[1]

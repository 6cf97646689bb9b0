"""Every analysis sees a dataset once, by whichever of its identifiers it is read or asked about.

`shop.orders` of a metastore and the path at which it lies are one: a job writes the path, a
dashboard reads the table, a job reads the path and writes `shop.daily`. A root is said to be the
location of two other tables.
"""

import datetime as dt
import json

import pytest

from ingest.canonical import as_typed
from lineage.analyses.breaking.change import parse_change
from lineage.analyses.breaking.impact import impact
from lineage.analyses.corrections import correct
from lineage.analyses.disuse.orphans import Label, orphans
from lineage.analyses.identity import identities
from lineage.analyses.identity.identity import explain
from lineage.analyses.identity.identity_decisions import merge, split, undo
from lineage.analyses.identity.merged import merged
from lineage.analyses.leaving import leaving
from lineage.analyses.reach.chokepoints import chokepoints
from lineage.analyses.reach.path import path
from lineage.analyses.reach.walk import downstream, upstream
from lineage.analyses.stats import stats
from lineage.analyses.use.usage import who_uses
from lineage.errors import InvalidName, UnknownName
from lineage.hash import graph_hash
from lineage.model import (
    FLOW,
    Activity,
    Batch,
    Document,
    Edge,
    EdgeKey,
    EdgeType,
    Node,
    Origin,
    Role,
    Shard,
)
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, team
from lineage.resolve import resolve_column, resolve_dataset
from lineage.store import Direction
from lineage.stores import open_store

DAY = 20_700
SEEN = Activity((DAY - 1, DAY), (1, 1))
NOW = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)

TABLE = DatasetId("hive://ms:9083", "shop.orders")
PLACE = DatasetId("s3://lake", "warehouse/orders")
ROOT = DatasetId("s3://lake", "/")
BUS = DatasetId("kafka://bus:9092", "orders")
DAILY = DatasetId("hive://ms:9083", "shop.daily")
CUSTOMERS = DatasetId("hive://ms:9083", "shop.customers")
STAFF = DatasetId("hive://ms:9083", "shop.staff")
LOAD, BUILD = JobId("spark", "load"), JobId("spark", "build")
BOARD, SCAN = ConsumerId("bi", "board"), ConsumerId("bi", "scan")


def edge(type_, source, target, role=None, via=None, origin=Origin.OPENLINEAGE):
    """An edge that was active on two days."""
    return Edge(EdgeKey(type_, source, target, role, via, origin), SEEN)


def same_as(source, target, origin=Origin.OPENLINEAGE):
    """What a symlinks facet, or an alias file, says."""
    return Edge(EdgeKey(EdgeType.SAME_AS, source, target, origin=origin))


def column(dataset, name):
    """A column of a dataset."""
    return ColumnId(dataset, name)


FED = edge(EdgeType.FEEDS, column(PLACE, "amount"), column(DAILY, "total"), Role.AGGREGATION, BUILD)
EDGES = (
    edge(EdgeType.READ_BY, BUS, LOAD),
    edge(EdgeType.WRITES, LOAD, PLACE),
    edge(EdgeType.READ_BY, TABLE, BOARD, origin=Origin.PARSED),
    edge(EdgeType.USED_BY, column(TABLE, "AMOUNT"), BOARD, Role.IDENTITY, origin=Origin.PARSED),
    edge(EdgeType.READ_BY, PLACE, BUILD),
    edge(EdgeType.READ_BY, PLACE, BOARD, origin=Origin.PARSED),
    edge(EdgeType.USED_BY, column(PLACE, "amount"), BUILD, Role.AGGREGATION),
    FED,
    edge(EdgeType.WRITES, BUILD, DAILY),
    edge(EdgeType.READ_BY, DAILY, BOARD, origin=Origin.PARSED),
    edge(EdgeType.READ_BY, CUSTOMERS, SCAN, origin=Origin.PARSED),
    edge(EdgeType.READ_BY, STAFF, BOARD, origin=Origin.PARSED),
    edge(EdgeType.HAS_COLUMN, TABLE, column(TABLE, "AMOUNT")),
    edge(EdgeType.HAS_COLUMN, TABLE, column(TABLE, "id")),
    edge(EdgeType.HAS_COLUMN, PLACE, column(PLACE, "amount")),
    edge(EdgeType.HAS_COLUMN, DAILY, column(DAILY, "total")),
    edge(EdgeType.OWNS, team("sales"), TABLE),
    same_as(TABLE, PLACE),
    same_as(PLACE, TABLE),
    same_as(CUSTOMERS, ROOT),
    same_as(STAFF, ROOT),
)
LOGGED = tuple(Shard("db", DAY - day, 0, bytes(16)) for day in range(2))


@pytest.fixture(params=["read at once", "read when touched"])
def ways(request, monkeypatch):
    """A store of few symlinks is read at once, one of many as far as a question goes."""
    if request.param == "read when touched":
        monkeypatch.setattr(identities, "_FEW", 0)


@pytest.fixture
def store(tmp_path, ways):
    """An empty store in a file."""
    opened = open_store(f"sqlite:///{tmp_path}/kept.db", create=True)
    yield opened
    opened.close()


@pytest.fixture
def kept(store):
    """The store with all that was said."""
    store.apply(Batch(edges=EDGES, shards=LOGGED))
    return store


@pytest.fixture
def seen(kept):
    """The store as answers see it."""
    return merged(kept, as_typed)


def consumers(answer):
    """Who uses it."""
    return {use.consumer for use in answer.consumers}


def nodes(walk):
    """What a walk has found."""
    return {node.id for node in walk.nodes}


@pytest.mark.parametrize(
    "text", [str(TABLE), "shop.orders", str(PLACE), "s3a://lake/warehouse/orders/", "orders"]
)
def test_every_identifier_and_spelling_finds_the_dataset(kept, text):
    """A path, a table, an end of its name, another spelling: the table is meant, by its name."""
    if text == "orders":
        kept.apply(Batch(nodes=(Node(DatasetId("x", "orders")),), edges=(same_as(TABLE, BUS),)))
        kept.apply(Batch(edges=(same_as(TABLE, DatasetId("x", "orders")),)))
    assert resolve_dataset(merged(kept, as_typed), text) == TABLE


def test_readers_of_every_identifier_use_it(seen):
    """who-uses of either name lists the readers of both, and adds up what one has read of both."""
    answers = [who_uses(seen, one) for one in (TABLE, PLACE)]
    assert all(consumers(answer) == {str(BOARD), str(BUILD)} for answer in answers)
    (board,) = (use for use in answers[0].consumers if use.consumer == str(BOARD))
    assert (board.total, board.columns) == (4, ("AMOUNT",))


def test_columns_that_differ_in_case_are_one(seen):
    """A column is found by the spelling of either identifier, and has the users of both."""
    for text in (f"{TABLE}.AMOUNT", f"{PLACE}.amount", f"{TABLE}.Amount"):
        assert resolve_column(seen, text) == column(TABLE, "AMOUNT")
    assert consumers(who_uses(seen, TABLE, "AMOUNT")) == {str(BOARD), str(BUILD)}


def test_columns_of_one_identifier_that_differ_in_case_stay_two(kept):
    """Where one identifier has both spellings, the case is what tells them apart."""
    more = edge(EdgeType.HAS_COLUMN, PLACE, column(PLACE, "AMOUNT"))
    kept.apply(Batch(edges=(more,)))
    view = merged(kept)
    held = view.edges([TABLE], Direction.DOWN, [EdgeType.HAS_COLUMN])
    assert {edge.key.target.name for edge in held} == {"AMOUNT", "amount", "id"}
    assert consumers(who_uses(view, TABLE, "amount")) == {str(BUILD)}


def test_walks_pass_through(seen):
    """Down from the source, and up from what is made: the dataset is passed once, by its name."""
    assert nodes(downstream(seen, BUS)) == {*map(str, (BUS, LOAD, TABLE, BUILD, DAILY, BOARD))}
    assert nodes(upstream(seen, DAILY)) == {*map(str, (DAILY, BUILD, TABLE, LOAD, BUS))}
    assert nodes(upstream(seen, column(DAILY, "total"))) >= {str(column(TABLE, "AMOUNT"))}
    assert path(seen, BUS, DAILY).steps


def test_what_breaks_is_found_under_every_identifier(seen):
    """A column dropped from the table breaks who reads it by its path."""
    answer = impact(seen, [parse_change("drop column shop.orders.amount")])
    assert {str(BOARD), str(BUILD)} <= {item.id for item in answer.items if item.ring == "fails"}


def test_a_table_read_by_its_path_is_no_orphan(seen):
    """What is written and owned under one name and read under another is neither of the two."""
    labels = {one.dataset: set(one.classes) for one in orphans(seen, classes=list(Label)).datasets}
    assert str(PLACE) not in labels
    assert str(ROOT) not in labels
    assert not labels.get(str(TABLE), set()) & {"unproduced", "write-only", "unowned"}


def test_whole_graph_questions_see_it_once(seen, kept):
    """Scans give the dataset under one name, and its other names as what is the same."""
    assert {node.id for node in seen.scan_nodes("Dataset")} == {
        *(TABLE, BUS, DAILY, CUSTOMERS, STAFF)
    }
    assert stats(seen).datasets == 5
    flows = {(edge.key.source, edge.key.target): edge for edge in seen.scan_edges(FLOW)}
    assert flows[TABLE, BOARD].activity.counts == (2, 2)
    assert {key for key, _ in seen.scan_spans(FLOW)} == {edge.key for edge in flows.values()}
    (same,) = seen.scan_edges([EdgeType.SAME_AS])
    assert (same.key.source, same.key.target) == (PLACE, TABLE)
    assert seen.edges([TABLE, PLACE], Direction.UP, [EdgeType.SAME_AS]) == [same]
    assert seen.edges([TABLE, PLACE], Direction.DOWN, [EdgeType.SAME_AS, *FLOW])[-1] == same
    assert graph_hash(merged(seen)) == graph_hash(seen)
    assert chokepoints(seen).domains
    assert len(list(seen.scan_edges())) == len({edge.key for edge in seen.scan_edges()})


def test_a_statement_that_names_another_identifier_and_was_not_read_is_counted(kept):
    """Silence is no evidence where an unread statement holds the path of the table."""
    letter = {"tokens": ["warehouse/orders"]}
    kept.apply(Batch(documents=(Document("dead_letter", "1", json.dumps(letter).encode()),)))
    assert who_uses(merged(kept), TABLE).coverage.unread == 1
    assert who_uses(merged(kept), DAILY).coverage.unread == 0


def test_reach_counts_hops_through_every_identifier(seen):
    """A step from one identifier to another of the same dataset is none."""
    reached = seen.reach([BUS], Direction.DOWN, FLOW)
    assert reached == {BUS: 0, LOAD: 1, TABLE: 2, BOARD: 3, BUILD: 3, DAILY: 4}
    assert seen.reach([PLACE], Direction.DOWN, FLOW, 1) == {TABLE: 0, BOARD: 1, BUILD: 1}


def test_split_takes_apart_and_undo_joins_again(kept):
    """A decision is applied at once, to what is there and to what is said again later."""
    before = consumers(who_uses(merged(kept), TABLE))
    made = split(kept, PLACE, TABLE, "ann", "another table", NOW)
    kept.apply(Batch(edges=EDGES))
    assert consumers(who_uses(merged(kept), TABLE)) == {str(BOARD)}
    assert [one.why for one in explain(kept, TABLE).refused] == ["split", "split"]
    undo(kept, made.entry.number, "ann", "it is", NOW)
    assert consumers(who_uses(merged(kept), TABLE)) == before
    with pytest.raises(UnknownName):
        undo(kept, made.entry.number, "ann", "again", NOW)


def test_merge_joins_what_no_rule_does(kept):
    """A merge gives the name that was chosen; a later split of the same two takes it back."""
    made = merge(kept, CUSTOMERS, DAILY, "ann", "one and the same", NOW)
    assert merge(kept, CUSTOMERS, DAILY, "bob", "again", NOW) == made
    assert resolve_dataset(merged(kept), "shop.customers") == DAILY
    assert str(SCAN) in consumers(who_uses(merged(kept), DAILY))
    (one,) = explain(kept, DAILY).datasets
    assert (one.links[0].rule, one.links[0].decision) == ("merge", 1)
    assert "one and the same" in one.links[0].evidence[0]
    split(kept, DAILY, CUSTOMERS, "ann", "no", NOW)
    assert resolve_dataset(merged(kept), "shop.customers") == CUSTOMERS


def test_a_decision_needs_two_identifiers_and_a_reason(kept):
    """Nothing is decided without a reason, or of one identifier alone."""
    with pytest.raises(InvalidName, match="reason"):
        merge(kept, TABLE, DAILY, "ann", " ", NOW)
    with pytest.raises(InvalidName, match="one identifier"):
        split(kept, TABLE, TABLE, "ann", "why not", NOW)


def test_decisions_leave_the_graph_as_it_is(kept):
    """What was imported stays what it was, whatever is decided of it."""
    before = graph_hash(kept)
    merge(kept, CUSTOMERS, DAILY, "ann", "same", NOW)
    split(kept, PLACE, TABLE, "ann", "not the same", NOW)
    assert graph_hash(kept) == before


def test_a_correction_holds_under_every_identifier(kept):
    """An edge that was taken out under one name stays out when another name is shown."""
    correct(kept, f"{PLACE} -> {BUILD}", "ann", "it does not", NOW)
    correct(kept, f"{TABLE} -> {BOARD}", "ann", "nor does it", NOW)
    assert consumers(who_uses(merged(kept), TABLE)) == set()


def test_a_symlink_can_be_corrected_too(kept):
    """A SAME_AS that somebody takes out joins nothing."""
    for source, target in ((TABLE, PLACE), (PLACE, TABLE)):
        correct(kept, f"{source} -> {target}", "ann", "a test of somebody", NOW)
    assert explain(kept, TABLE).datasets == ()


def test_a_snapshot_holds_what_was_merged(seen, tmp_path):
    """Who asks a snapshot, by any name, hears what the store would have answered."""
    packed = open_store(f"sqlite:///{tmp_path}/packed.db", create=True)
    for batch in leaving(seen, None, texts=True, people=True):
        packed.apply(batch)
    view = merged(packed)
    assert resolve_dataset(view, str(PLACE)) == TABLE
    assert consumers(who_uses(view, TABLE)) == consumers(who_uses(seen, TABLE))
    packed.close()


def test_everything_is_explained(kept):
    """Without a dataset: all that are merged, all that is not believed, with rule and evidence."""
    answer = explain(kept)
    (one,) = answer.datasets
    assert (one.dataset, one.identifiers) == (str(TABLE), (str(TABLE), str(PLACE)))
    said = {(link.source, link.rule): link.evidence for link in one.links}
    assert said[str(PLACE), "symlink"] == (
        "symlinks in events of spark:build (last on 2026-09-04) or spark:load (last on 2026-09-04)",
    )
    assert {(one.link.source, one.why) for one in answer.refused} == {
        (str(CUSTOMERS), "root"),
        (str(STAFF), "root"),
    }
    assert explain(kept, limit=0).truncated


def test_all_stores_answer_alike(fresh_urls):
    """What is one, who uses it and what lies behind it is the same on every store."""
    answers = []
    for url in fresh_urls():
        kept = open_store(url, create=True)
        kept.apply(Batch(edges=EDGES, shards=LOGGED))
        split(kept, CUSTOMERS, STAFF, "ann", "two", NOW)
        view = merged(kept, as_typed)
        answers.append((
            resolve_dataset(view, "s3a://lake/warehouse/orders"),
            downstream(view, BUS),
            view.reach([DAILY], Direction.UP, FLOW),
            {node.id: node for node in view.scan_nodes()},
            {edge.key: edge for edge in view.scan_edges()},
            explain(kept),
        ))  # fmt: skip
        kept.close()
    assert answers[0] == answers[1]


def test_a_store_without_symlinks_pays_nothing(store):
    """Where nothing is called the same, every question is put to the store as it is."""
    store.apply(Batch(edges=tuple(one for one in EDGES if one.key.type is not EdgeType.SAME_AS)))
    asked = []
    view = merged(_Counting(store, asked))
    graph_edges = view.edges([TABLE], Direction.DOWN, FLOW)
    view.edges([BUILD], Direction.DOWN, FLOW)
    view.nodes([TABLE, DAILY])
    assert len(graph_edges) == 1
    assert asked.count("edges") <= 2 if identities._FEW else True
    assert asked.count("nodes") == 1


class _Counting:
    """A store that writes down what it is asked."""

    def __init__(self, store, asked):
        self._store, self._asked = store, asked

    def __getattr__(self, name):
        self._asked.append(name)
        return getattr(self._store, name)

"""Orphans, what they cost, what can go together and how well domains do, on planned meshes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from benchmarks.orphan_truth.mesh import DOMAINS, END, Mesh
from benchmarks.orphan_truth.scoring import EVERY_ROW, Score, labels_found
from lineage.analyses.disuse.cost import Prices, Rates
from lineage.analyses.disuse.orphan_labels import OF_ABSENCE
from lineage.analyses.disuse.orphan_policy import Label, OrphanPolicy, Roots
from lineage.analyses.disuse.orphan_trend import orphan_trend
from lineage.analyses.disuse.orphans import Orphans, Survey, orphans
from lineage.analyses.disuse.sizes import Size
from lineage.analyses.estate.scorecard import Group, scorecards
from lineage.analyses.stewardship.deciding import Actor
from lineage.analyses.stewardship.deprecation import deprecate, hold, release
from lineage.analyses.stewardship.lifecycle import State
from lineage.calendar import Quiet, iso_day
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Fact, Node, Shard
from lineage.names import ConsumerId, DatasetId, JobId, domain, product, team
from lineage.store import Store
from lineage.stores import open_store

SEEDS = range(6)
LEAST = 0.98
TB = 10**12


@pytest.mark.parametrize("seed", SEEDS)
def test_labels_are_those_of_the_plan(seed: int, tmp_path: Path) -> None:
    """Every label of a mesh is found, and no other, by F1."""
    mesh = Mesh(seed)
    found = labels_found(mesh, tmp_path)
    for label in Label:
        score = Score().plus(mesh.labels.get(label, set()), found[label])
        assert score.f1 >= LEAST, (label, score)
    assert all(mesh.labels[label] for label in set(Label) - {Label.CANNOT_TELL})


@pytest.mark.parametrize("seed", [10, 11])
def test_a_day_without_a_log_makes_no_orphan(seed: int, tmp_path: Path) -> None:
    """What rests on the silence of that source can no longer be told, nothing else changes."""
    mesh = Mesh(seed)
    hole = (f"db-{DOMAINS[seed % len(DOMAINS)]}", END - 40)
    (tmp_path / "whole").mkdir()
    before = labels_found(mesh, tmp_path / "whole")
    after = labels_found(mesh, tmp_path, hole)
    for label in set(Label) - OF_ABSENCE - {Label.CANNOT_TELL}:
        assert after[label] == before[label]
    lost: set[DatasetId] = set()
    for label in OF_ABSENCE:
        assert after[label] <= before[label]
        lost |= before[label] - after[label]
        assert all(dataset.namespace != hole[0] for dataset in after[label])
    assert lost
    assert after[Label.CANNOT_TELL] == lost
    dead_there = {dataset for dataset in mesh.dead if dataset.namespace == hole[0]}
    reached = {one for one, made in _behind(mesh).items() if made & dead_there}
    assert lost >= dead_there
    assert (reached & before[Label.DEAD_BRANCH]) <= lost


def _behind(mesh: Mesh) -> dict[DatasetId, set[DatasetId]]:
    """All that is made of each dead dataset, however far, by plan."""
    found = {one: set(made) for one, made in mesh.silent.items()}
    for _ in found:
        for made in found.values():
            made |= {more for one in tuple(made) for more in found.get(one, ())}
    return found


@pytest.mark.parametrize("seed", [20, 21])
def test_what_goes_together_leaves_nothing_behind(seed: int, tmp_path: Path) -> None:
    """The sets hold all that is dead, each once; nothing is dropped that a later step reads."""
    mesh = Mesh(seed)
    store = open_store(f"sqlite:///{tmp_path}/mesh.db", create=True)
    store.apply(mesh.batch())
    survey = Survey(store, END, EVERY_ROW)
    branches = survey.branches()
    members = [name for branch in branches for name in branch.datasets]
    assert sorted(members) == sorted(map(str, survey.dead))
    assert len(members) == len(set(members))
    by_name = {str(dataset): dataset for dataset in mesh.datasets}
    for branch in branches:
        standing = set(branch.datasets)
        for step in branch.steps:
            standing -= set(step.datasets)
            for name in step.datasets:
                made = {str(one) for one in survey.flow.feeds(by_name[name])}
                assert not made & standing, f"{name} is dropped before what is made of it"
        assert not standing
    store.close()


class _World:
    """A small graph: who reads and writes what, day by day until END."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.sizes: list[Size] = []

    def flow(self, job: str, sources: str, target: str, days: int = 30) -> None:
        made, seen = JobId("jobs", job), _last(days)
        self.edges.append(Edge(EdgeKey(EdgeType.WRITES, made, table(target)), seen))
        for source in sources.split():
            self.edges.append(Edge(EdgeKey(EdgeType.READ_BY, table(source), made), seen))

    def read(self, board: str, source: str, ago: int = 0) -> None:
        reader = ConsumerId("bi", board)
        self.nodes.append(Node(reader, {"kind": Fact("", "dashboard")}))
        seen = Activity.of({END - ago - back: 1 for back in range(30)})
        self.edges.append(Edge(EdgeKey(EdgeType.READ_BY, table(source), reader), seen))

    def own(self, name: str, *datasets: str, of: str = "") -> None:
        self.edges.append(Edge(EdgeKey(EdgeType.IN_DOMAIN, team(name), domain(of or name))))
        for dataset in datasets:
            self.edges.append(Edge(EdgeKey(EdgeType.OWNS, team(name), table(dataset))))

    def fact(self, name: str, **facts: str) -> None:
        self.nodes.append(Node(table(name), {key: Fact("", said) for key, said in facts.items()}))

    def batch(self, **sizes: int) -> Batch:
        told = (Size(size, None, "2026-10-30").document(table(one)) for one, size in sizes.items())
        shards = (Shard("db", day, 0, day.to_bytes(16)) for day in range(END - 300, END + 1))
        return Batch(
            tuple(self.nodes), tuple(self.edges), documents=tuple(told), shards=tuple(shards)
        )


def table(name: str) -> DatasetId:
    """A dataset of the small graph."""
    return DatasetId("db", name)


def _last(days: int) -> Activity:
    return Activity.of({END - back: 1 for back in range(days)})


def names(answer: Orphans, label: Label) -> set[str]:
    """The datasets that carry a label."""
    return {one.dataset.removeprefix("db:") for one in answer.datasets if label in one.classes}


@pytest.fixture
def world(store: Store) -> Store:
    """Raw → stage → mart → a dashboard; stage → a → b → c and c → b, read by nobody any more."""
    made = _World()
    made.flow("j1", "raw", "stage")
    made.flow("j2", "stage", "mart")
    made.flow("j3", "stage", "a")
    made.flow("j4", "a c", "b")
    made.flow("j5", "b", "c")
    made.read("board", "mart")
    made.read("former", "c", ago=150)
    made.fact("raw", static="true")
    made.own("shop", "raw", "stage", "mart")
    made.own("lab", "a", "b", "c")
    store.apply(made.batch(stage=2 * TB, a=3 * TB, b=TB, c=TB))
    return store


def test_a_dead_branch_is_priced_as_a_whole(world: Store) -> None:
    """Storage, and runs times what they read; a loop goes at once, and what feeds it after it."""
    prices = Prices("EUR", Rates(storage_per_tb_month=10, scan_per_tb=1))
    world.apply(Batch(documents=(prices.document(),)))
    answer = orphans(world)
    (branch,) = answer.branches
    assert branch.datasets == ("db:a", "db:b", "db:c")
    assert [step.datasets for step in branch.steps] == [("db:b", "db:c"), ("db:a",)]
    assert [step.jobs for step in branch.steps] == [("jobs:j4", "jobs:j5"), ("jobs:j3",)]
    # 30 runs each: a reads stage (2 TB), b reads a and c (4 TB), c reads b (1 TB).
    by_name = {one.dataset: one for one in answer.datasets}
    assert {name: by_name[name].cost for name in branch.datasets} == {
        "db:a": 30 + 60, "db:b": 10 + 120, "db:c": 10 + 30,
    }  # fmt: skip
    assert branch.cost == 260
    assert (branch.bytes, branch.unsized, branch.owners) == (5 * TB, 0, ("lab",))
    assert by_name["db:a"].basis == (
        "3.0 TB, as its catalogue told on 2026-10-30",
        "30 runs in 30 days, each taken to read 2.0 TB",
    )


def test_what_people_decided_keeps_a_branch_alive(world: Store) -> None:
    """A hold is a root as long as it stands; a tombstone that is taken back was a false alarm."""
    moment = dt.datetime.fromtimestamp(END * 86_400, dt.UTC)
    actor = Actor("ana", "audit", moment)
    hold(world, table("c"), actor)
    assert names(orphans(world), Label.DEAD_BRANCH) == set()
    release(world, table("c"), actor)
    assert names(orphans(world), Label.DEAD_BRANCH) == {"a", "b", "c"}
    for state in (State.PROPOSED, State.TOMBSTONED, State.ACTIVE):
        deprecate(world, table("c"), state, actor)
    alarms = orphan_trend(world, points=1).false_alarms
    assert (alarms.tombstones, alarms.taken_back, alarms.rate) == (1, 1, 1.0)


def test_nothing_costs_anything_without_prices(world: Store) -> None:
    """Sizes are told as they are; no price is made up."""
    answer = orphans(world)
    assert (answer.bytes, answer.cost, answer.currency) == (5 * TB, None, None)
    assert all(one.cost is None for one in answer.datasets)


@pytest.mark.parametrize(
    ("policy", "dead"),
    [
        (OrphanPolicy(), {"a", "b", "c"}),
        (OrphanPolicy(roots=Roots(datasets=("*:c",))), set()),
        (OrphanPolicy(quiet=Quiet(days=200)), set()),
        (OrphanPolicy(classes=(Label.UNOWNED,)), set()),
        (OrphanPolicy(ignore=("db:a",)), {"b", "c"}),
    ],
)
def test_a_policy_says_what_is_needed(world: Store, policy: OrphanPolicy, dead: set[str]) -> None:
    """Roots, thresholds, labels and exceptions are the site's."""
    assert names(orphans(world, policy=policy), Label.DEAD_BRANCH) == dead


def test_evidence_goes_down_to_who_reads_and_writes(world: Store) -> None:
    """Each witness with its days, and why it does not count."""
    (row,) = orphans(world, only=[table("c")], explain=True).datasets
    assert row.proof is not None
    told = {one.process: (one.does, one.times, one.counts) for one in row.proof.witnesses}
    assert told == {
        "jobs:j5": ("writes", 30, ""),
        "jobs:j4": ("reads", 30, "nothing that it writes is needed"),
        "bi:former": ("reads", 30, "silent for longer than its rhythm allows"),
    }


def test_the_trend_is_judged_day_by_day(world: Store) -> None:
    """The branch was alive while somebody read it; each domain has its own line."""
    found = orphan_trend(world)
    assert [point.day for point in found.points] == [
        iso_day(END - 30 * n) for n in range(5, -1, -1)
    ]
    # The last read of c was 150 days before the end: from 90 days after it on, nobody needs it.
    assert [point.dead for point in found.points][-1] == 3
    assert {one.domain: one.dead for one in found.points[-1].domains} == {"lab": 3, "shop": 0}
    assert found.false_alarms.rate is None


def test_a_product_makes_the_rest_private(store: Store) -> None:
    """Only in a domain that exposes something, and only for readers of another domain."""
    made = _World()
    made.own("shop", "orders", "carts")
    made.own("stock", "levels")
    for source in ("orders", "carts", "levels"):
        made.flow(f"load {source}", "", source)
        made.read(f"{source} board", source)
        made.edges.append(
            Edge(EdgeKey(EdgeType.OWNS, team("sales"), ConsumerId("bi", f"{source} board")))
        )
    made.own("sales")
    made.edges.append(Edge(EdgeKey(EdgeType.EXPOSES, product("orders"), table("orders"))))
    made.edges.append(Edge(EdgeKey(EdgeType.IN_DOMAIN, product("orders"), domain("shop"))))
    store.apply(made.batch())
    (row,) = (one for one in orphans(store).datasets if Label.BYPASS in one.classes)
    assert row.dataset == "db:carts"
    assert row.evidence == (
        f"Private to shop; read by 1 consumer of sales, last on {iso_day(END)}.",
    )


def test_support_without_use_and_use_without_support(store: Store) -> None:
    """A promise that nobody needs, and a need that nobody promised, each with its reason."""
    made = _World()
    made.own("shop", "kept", "idle", "open")
    for name, level in (("kept", "guaranteed"), ("idle", "supported"), ("open", "declined")):
        made.flow(f"load {name}", "", name)
        made.fact(name, support=level)
    made.read("b1", "kept")
    made.read("b2", "open")
    store.apply(made.batch())
    found = {one.dataset: (one.classes, one.evidence) for one in orphans(store).datasets}
    assert found == {
        "db:idle": (
            (Label.SUPPORTED_UNUSED,),
            ("Its support level is supported; no living consumer is behind it.",),
        ),
        "db:open": (
            (Label.USED_UNSUPPORTED,),
            ("1 consumer relies on it; its owner has declined to support it.",),
        ),
    }


def test_what_no_catalogue_lists_is_a_ghost(store: Store) -> None:
    """Where the catalogue of its schema is younger than the last read, the table is not there."""
    made = _World()
    made.own("shop", "s.listed", "s.gone", "s.young", "other.t")
    for name, ago in (("s.listed", 0), ("s.gone", 20), ("s.young", 0), ("other.t", 20)):
        made.read(f"{name} board", name, ago)
        made.fact(name, static="true")
    at = f"{iso_day(END - 5)}T00:00:00Z"
    made.nodes.append(Node(table("s.listed"), {"catalogued": Fact(at, "true")}))
    store.apply(made.batch())
    (row,) = orphans(store).datasets
    assert (row.dataset, row.classes) == ("db:s.gone", (Label.GHOST,))


def test_scorecards_tell_what_can_be_told(world: Store) -> None:
    """A share where there is evidence, `cannot tell` where there is none; never a guess."""
    found = scorecards(world, name="shop")
    (card,) = found.cards
    shares = {name: one.share for name, one in card.measures.items()}
    assert shares == {
        "owned": 1.0, "described": None, "supported": None, "fresh": 1.0, "used": 1.0,
        "quality": None,
    }  # fmt: skip
    assert card.traits["addressable"].share == 1.0
    assert card.traits["trustworthy"].cannot_tell == card.datasets == 3
    (lab,) = scorecards(world, Group.TEAM, "lab").cards
    assert (lab.dead, lab.measures["used"].share) == (3, 0.0)
    assert lab.measures["used"].missing == ("db:a", "db:b", "db:c")


def test_who_uses_whose_data_and_what_should_be_a_product(world: Store) -> None:
    """Flows cross domains only; what two other teams need is worth a product."""
    more = _World()
    for name in ("sales", "finance"):
        more.read(f"{name} board", "mart")
        board = ConsumerId("bi", f"{name} board")
        more.edges.append(Edge(EdgeKey(EdgeType.OWNS, team(name), board)))
        more.own(name)
    world.apply(msgspec.structs.replace(more.batch(), shards=()))
    found = scorecards(world)
    flows = {
        (one.source, one.reader): (one.datasets, one.consumers, one.jobs) for one in found.flows
    }
    assert flows[("shop", "sales")] == (1, 1, 0)
    assert flows[("shop", "lab")] == (1, 0, 1)
    assert ("lab", "lab") not in flows
    (candidate,) = found.candidates
    assert (candidate.dataset, candidate.teams) == ("db:mart", ("finance", "sales"))


def test_both_stores_answer_alike(neo4j_url: str, fresh_urls, tmp_path: Path) -> None:
    """Orphans, branches, scorecards and trend of a mesh are equal on SQLite and Neo4j."""
    mesh, answers = Mesh(30, size=25), []
    for url in fresh_urls():
        store = open_store(url, create=True)
        store.apply(mesh.batch())
        found = (
            orphans(store, list(Label), policy=EVERY_ROW, explain=True),
            scorecards(store),
            orphan_trend(store, points=2),
        )
        answers.append([msgspec.to_builtins(one) for one in found])
        store.close()
    assert answers[0] == answers[1]

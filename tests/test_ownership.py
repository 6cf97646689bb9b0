"""Who owns a dataset by claim, who should, what is written out, and who is forgotten."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ingest.declared.dataset_entries import read_dataset_files
from ingest.declared.declare import read_declarations
from ingest.declared.owner_exports import exported
from ingest.declared.owner_files import read_owner_files
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.openlineage.runs import RunFact
from ingest.pipeline import ImportOptions, import_paths
from lineage.analyses.estate.domains import Domains
from lineage.analyses.journal import CORRECTIONS, Act, actors, append, entries
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.claims import claim, transfer
from lineage.analyses.stewardship.deciding import Actor, owner_of
from lineage.analyses.stewardship.digest import digest
from lineage.analyses.stewardship.forgetting import forget
from lineage.analyses.stewardship.owners import missing, owners
from lineage.analyses.stewardship.ownership import proposals
from lineage.analyses.stewardship.stewardship import stewardship_of
from lineage.calendar import day_of
from lineage.errors import InvalidDecision, UnknownName, UnreadableInput
from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Fact, Node, Origin, Role, Shard
from lineage.names import (
    ColumnId,
    ConsumerId,
    DatasetId,
    JobId,
    NodeId,
    PrincipalId,
    QueryId,
    TeamId,
)
from lineage.store import Store
from lineage.stores import open_store

CASES = Path(__file__).parent / "cases" / "declared"
DATASETS = yaml.safe_load((CASES / "datasets.yml").read_text(encoding="utf-8"))
WHO = Actor("lea", "agreed", dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
NAMESPACE = "postgres://h:5432"
DAYS = tuple(range(day_of("2026-10-01"), day_of("2026-10-31") + 1))
DAILY = Activity(DAYS, (1,) * len(DAYS))
SALES, BRAND, CENTRAL = (TeamId("team", name) for name in ("sales", "brand", "central"))


def table(name: str) -> DatasetId:
    """A table."""
    return DatasetId("db", name)


def edge(type_: EdgeType, source: NodeId, target: NodeId, seen: Activity = DAILY) -> Edge:
    """An edge that was seen every day."""
    return Edge(EdgeKey(type_, source, target), seen)


def owns(team: TeamId, owned: NodeId, origin: Origin = Origin.MANUAL) -> Edge:
    """Who owns it, by a file of owners."""
    return Edge(EdgeKey(EdgeType.OWNS, team, owned, origin=origin))


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    """An empty SQLite store."""
    opened = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    yield opened
    opened.close()


class TestClaims:
    """Who claims a dataset owns it, whatever files and events say."""

    def test_a_claim_wins_and_the_others_are_shown(self, store: Store) -> None:
        """Equal on every store; a transfer replaces it, and each is kept in the journal."""
        mart = table("mart.daily")
        store.apply(
            Batch(edges=(owns(BRAND, mart), owns(CENTRAL, mart, Origin.OPENLINEAGE),
                         owns(SALES, table("x"))))
        )  # fmt: skip
        assert owner_of(store, mart) == "brand"
        made = claim(store, mart, "Sales", WHO)
        assert made.verdict == (
            "sales owns mart.daily now. brand is said to by a file of owners, and loses."
            " central is said to by an event, and loses."
        )
        assert owner_of(store, mart) == "sales"
        assert Domains(store).owner[mart] == SALES
        (conflict,) = owners(store).conflicts
        assert [conflict.owner.team, *(one.team for one in conflict.others)] == [
            "sales", "brand", "central",
        ]  # fmt: skip
        assert transfer(store, mart, "central", WHO).before == "sales"
        assert owner_of(store, mart) == "central"
        assert [entry.details["owner"] for entry in entries(store, "stewardship")] == [
            "sales", "central",
        ]  # fmt: skip

    def test_what_cannot_be_claimed(self, empty: Store) -> None:
        """A team that nobody knows, what is owned already, a transfer of what nobody owns."""
        mart = table("mart.daily")
        empty.apply(Batch(nodes=(Node(mart), Node(SALES))))
        with pytest.raises(UnknownName, match="team 'slaes'; nearest: sales"):
            claim(empty, mart, "slaes", WHO)
        with pytest.raises(InvalidDecision, match=r"nobody owns mart\.daily: claim it"):
            transfer(empty, mart, "sales", WHO)
        claim(empty, mart, "fresh", WHO, new=True)
        with pytest.raises(InvalidDecision, match=r"has claimed mart\.daily already"):
            claim(empty, mart, "fresh", WHO)
        with pytest.raises(InvalidDecision, match=r"fresh owns mart\.daily already"):
            transfer(empty, mart, "FRESH", WHO)

    def test_a_claim_outlives_the_files(self, empty: Store, tmp_path: Path) -> None:
        """Owners that are imported again, and others, change nothing about it."""
        (tmp_path / "log.csv").write_text(
            "query,user,timestamp\nselect id from shop.orders,ana,2026-10-01T10:00:00Z\n"
        )
        for team in ("brand", "central"):
            (tmp_path / "owners.csv").write_text(f"dataset,team\nshop.orders,{team}\n")
            take(empty, tmp_path, "owners.csv")
            if team == "brand":
                orders = DatasetId(NAMESPACE, "shop.orders")
                claim(empty, orders, "sales", WHO, new=True)
        assert owner_of(empty, orders) == "sales"
        assert [digest(empty, team).datasets for team in ("sales", "central")] == [1, 0]


def take(store: Store, folder: Path, *names: str) -> None:
    """Imports the log of a folder, with files of owners."""
    book = SourceBook.from_flags(SourceFlags(namespace=NAMESPACE, dialect="postgres"))
    said = read_declarations([str(folder / name) for name in names])
    options = ImportOptions(book=book, declarations=said, workers=1)
    import_paths(store, [str(folder / "log.csv")], options)


class TestProposals:
    """Who should own what nobody owns."""

    def best(self, store: Store, dataset: DatasetId) -> tuple[str, str]:
        """The team that is proposed first, and its heaviest reason."""
        found = proposals(Graph(store, DAYS[-1]), [dataset])[dataset]
        reason = max(found[0].reasons, key=lambda one: one.weight)
        return found[0].team, reason.said

    def test_who_runs_the_job_that_writes_it(self, empty: Store) -> None:
        """Before those who read it."""
        mart, job, login = table("mart.a"), JobId("etl", "a"), PrincipalId("db", "svc_brand")
        reader = ConsumerId("b", "x")
        empty.apply(Batch(edges=(
            edge(EdgeType.WRITES, job, mart), edge(EdgeType.RUN_BY, job, login),
            edge(EdgeType.MEMBER_OF, login, BRAND), edge(EdgeType.READ_BY, mart, reader),
            owns(SALES, reader),
        )))  # fmt: skip
        assert self.best(empty, mart) == ("brand", "svc_brand of it writes it")

    def test_behind_a_platform_job_whose_data_it_is(self, empty: Store) -> None:
        """An archiver copies the topics of many domains; they stay those of the domains."""
        login = PrincipalId("db", "archiver")
        edges = [edge(EdgeType.MEMBER_OF, login, CENTRAL)]
        for name in ("sales", "brand", "returns"):
            topic, copy, job = table(f"{name}.t"), table(f"lake.{name}"), JobId("etl", name)
            source, target = ColumnId(topic, "id"), ColumnId(copy, "id")
            edges += [
                owns(TeamId("team", name), topic), edge(EdgeType.READ_BY, topic, job),
                edge(EdgeType.WRITES, job, copy), edge(EdgeType.RUN_BY, job, login),
                edge(EdgeType.HAS_COLUMN, copy, target),
                Edge(EdgeKey(EdgeType.FEEDS, source, target, Role.IDENTITY, job), DAILY),
            ]  # fmt: skip
        empty.apply(Batch(edges=tuple(edges)))
        assert self.best(empty, table("lake.brand")) == (
            "brand", "its data comes from brand.t, carried as it is by archiver for 3 domains",
        )  # fmt: skip

    def test_who_mends_it_after_failures(self, empty: Store) -> None:
        """By hand, and counted twice where a run had failed; a person is not named."""
        mart, job, hand = table("mart.a"), JobId("etl", "a"), JobId("db", "by hand")
        platform, person = PrincipalId("db", "svc"), PrincipalId("db", "bo")
        once = Activity(DAYS[10:12], (1, 1))
        failed = RunFact(job, "r1", (3, 0, 2, "FAIL"), None, DAYS[9] * 86_400 * 10**6)
        empty.apply(Batch(
            nodes=(Node(person, {"class": Fact("", "person")}),),
            edges=(
                edge(EdgeType.WRITES, job, mart), edge(EdgeType.RUN_BY, job, platform),
                edge(EdgeType.WRITES, hand, mart, once), edge(EdgeType.RUN_BY, hand, person),
                edge(EdgeType.MEMBER_OF, person, BRAND),
            ),
            documents=(failed.document,),
        ))  # fmt: skip
        (found,) = proposals(Graph(empty, DAYS[-1]), [mart])[mart]
        assert [one.said for one in found.reasons] == [
            "a person of it writes it",
            "people of it wrote it by hand on 2 days, 2 of them after a failure",
        ]  # fmt: skip

    def test_its_neighbours_and_its_name(self, empty: Store) -> None:
        """A team that is gone is not proposed."""
        siblings = [table(f"brand.{name}") for name in "abc"]
        empty.apply(Batch(
            nodes=(Node(table("brand.new")),), edges=tuple(owns(BRAND, one) for one in siblings),
        ))  # fmt: skip
        graph = Graph(empty, DAYS[-1])
        (found,) = proposals(graph, [table("brand.new")])[table("brand.new")]
        assert [one.said for one in found.reasons] == [
            "owns 3 of 3 other datasets in brand", "its name says brand",
        ]  # fmt: skip
        assert proposals(graph, [table("brand.new")], [BRAND]) == {table("brand.new"): ()}

    def test_what_nobody_owns_is_listed_with_them(self, empty: Store) -> None:
        """The most used first."""
        empty.apply(Batch(
            nodes=(Node(table("brand.idle")),),
            edges=(owns(BRAND, table("brand.a")), owns(BRAND, table("brand.b")),
                   edge(EdgeType.READ_BY, table("brand.new"), ConsumerId("b", "x"))),
            shards=tuple(Shard("db", day, 0, bytes(16)) for day in DAYS),
        ))  # fmt: skip
        found = missing(empty, propose=True)
        assert found.verdict.startswith("2 datasets have no owner; 1 consumer belongs to no team")
        assert [(one.dataset, one.proposals[0].team) for one in found.datasets] == [
            ("db:brand.new", "brand"), ("db:brand.idle", "brand"),
        ]  # fmt: skip


class TestExport:
    """Who owns what, in files that are read again."""

    @pytest.mark.parametrize("name", ["owners.yml", "owners.csv"])
    def test_what_is_written_is_read_again(self, empty: Store, tmp_path: Path, name: str) -> None:
        """Team, domain and contact of every dataset."""
        empty.apply(Batch(
            nodes=(Node(BRAND, {"contact": Fact("", "#brand")}),),
            edges=(owns(BRAND, table("a")), owns(SALES, table("=b, c"))),
        ))  # fmt: skip
        path = tmp_path / name
        path.write_text(exported(owners(empty), path))
        rows, problems = read_owner_files([str(path)])
        assert {(row.dataset, row.team, row.contact) for row in rows} == {
            ("db:a", "brand", "#brand"), ("db:=b, c", "sales", ""),
        }  # fmt: skip
        assert problems == []

    def test_codeowners_need_the_files(self, empty: Store, tmp_path: Path) -> None:
        """They name the models of a dbt project, and are read with its manifest."""
        empty.apply(Batch(edges=(owns(BRAND, table("s.a")), owns(SALES, table("s.b")))))
        manifest = tmp_path / "manifest.json"
        manifest.write_text(
            '{"metadata": {"dbt_schema_version": "x/manifest/v12.json"}, "nodes": {"model.p.a":'
            ' {"resource_type": "model", "schema": "s", "alias": "a",'
            ' "original_file_path": "models/a.sql"}}}'
        )
        path = tmp_path / "CODEOWNERS"
        with pytest.raises(UnreadableInput, match="--dbt MANIFEST"):
            exported(owners(empty), path)
        path.write_text(exported(owners(empty), path, str(manifest)))
        assert path.read_text() == "/models/a.sql  @brand\n"
        rows, _ = read_owner_files([str(path), str(manifest)])
        assert [(row.dataset, row.team) for row in rows] == [("s.a", "brand")]


@pytest.mark.parametrize("case", DATASETS, ids=[case["id"] for case in DATASETS])
def test_what_files_say_of_datasets(tmp_path: Path, case: dict) -> None:
    """Descriptions, tiers, tags, holds and support in the files that name owners."""
    for name, text in case["files"].items():
        (tmp_path / name).write_text(text)
    paths = [str(tmp_path / name) for name in case["files"]]
    rows, problems = read_dataset_files(paths)
    said = [
        {name: value for name in row.__struct_fields__ if (value := getattr(row, name))}
        for row in rows
    ]
    assert said == case["rows"]
    assert [problem.partition(": ")[2] for problem in problems] == case.get("problems", [])
    owned, _ = read_owner_files(paths)
    assert [[row.dataset, row.team] for row in owned] == case["owners"]


def test_what_is_said_no_more_is_gone(empty: Store, tmp_path: Path) -> None:
    """A new file of owners replaces the one before, whole."""
    (tmp_path / "log.csv").write_text(
        "query,user,timestamp\nselect id from shop.orders,ana,2026-10-01T10:00:00Z\n"
    )
    orders = DatasetId(NAMESPACE, "shop.orders")
    (tmp_path / "a.csv").write_text("dataset,team,hold,support\nshop.orders,x,yes,Best Effort\n")
    take(empty, tmp_path, "a.csv")
    known = stewardship_of(empty)[orders]
    assert known.hold is not None
    assert known.support.level.value == "best-effort"
    (tmp_path / "b.csv").write_text("dataset,team\nshop.orders,x\n")
    take(empty, tmp_path, "b.csv")
    assert stewardship_of(empty) == {}


class TestForget:
    """A person is cut out; journals and counts stay whole."""

    def test_the_name_behind_acts_and_the_login(self, store: Store) -> None:
        """The login goes on under a name drawn by lot, with its uses, on every store."""
        orders, login, reader = table("orders"), PrincipalId("db", "ana"), ConsumerId("db", "ana")
        query = QueryId("db", "q")
        ran = Edge(EdgeKey(EdgeType.RAN, reader, query, via=login), DAILY)
        store.apply(Batch(
            nodes=(Node(login, {"class": Fact("", "person")}),
                   Node(reader, {"kind": Fact("", "person"), "title": Fact("", "Ana L.")}),
                   Node(ConsumerId("bi", "b"), {"owner": Fact("", "Ana"),
                                                "kind": Fact("", "dashboard")})),
            edges=(edge(EdgeType.READ_BY, orders, reader), edge(EdgeType.RUN_BY, reader, login),
                   edge(EdgeType.MEMBER_OF, login, SALES), ran),
        ))  # fmt: skip
        entry = append(store, CORRECTIONS, Act("a", "ANA", "for ana"), WHO.now)
        answer = forget(store, "Ana")
        assert (answer.entries, answer.renamed, answer.facts) == (1, ("db:ana",), 1)
        assert actors(store, [entry.actor]) == {}
        assert entries(store, CORRECTIONS) == (entry,)
        left = {str(node.id) for node in store.scan_nodes()}
        assert not {name for name in left if "ana" in name}
        (moved,) = store.scan_nodes("Principal")
        assert moved.id.name.startswith("forgotten-")
        (seen,) = store.scan_edges([EdgeType.RAN])
        assert (seen.key.via, seen.activity) == (moved.id, DAILY)
        assert [one.what for one in answer.remaining] == [
            "reasons in journals, which are never rewritten"
        ]
        with pytest.raises(UnknownName, match="person 'Ana'"):
            forget(store, "Ana")

    def test_services_are_no_persons(self, empty: Store) -> None:
        """Their logins stay."""
        empty.apply(Batch(nodes=(Node(PrincipalId("db", "svc"), {"class": Fact("", "service")}),)))
        with pytest.raises(UnknownName):
            forget(empty, "svc")

    def test_who_acts_again_is_somebody_else(self, empty: Store) -> None:
        """Nothing ties the new pseudonym to the old one."""
        first = append(empty, CORRECTIONS, Act("a", "Ana"), WHO.now)
        assert append(empty, CORRECTIONS, Act("a", "ana"), WHO.now).actor == first.actor
        forget(empty, "Ana")
        assert append(empty, CORRECTIONS, Act("a", "Ana"), WHO.now).actor != first.actor

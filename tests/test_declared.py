"""What people declare: who they are, what they own, and lineage that nothing else shows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ingest.declared.consumer_files import read_consumer_files
from ingest.declared.declare import read_declarations
from ingest.declared.edges import DeclaredEdge, read_edges
from ingest.declared.owner_files import read_member_files, read_owner_files
from ingest.declared.people import ConsumerBook, ConsumerEntry
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, import_paths
from lineage.analyses.reach.walk import downstream
from lineage.analyses.stewardship.owners import missing, owners
from lineage.analyses.use.usage import who_uses
from lineage.errors import UnreadableInput
from lineage.hash import graph_hash
from lineage.model import EdgeType, Origin
from lineage.names import ConsumerId
from lineage.resolve import resolve_dataset
from lineage.stores import open_store

CASES = Path(__file__).parent / "cases" / "declared"
PEOPLE = yaml.safe_load((CASES / "people.yml").read_text(encoding="utf-8"))
EDGES = yaml.safe_load((CASES / "edges.yml").read_text(encoding="utf-8"))
READERS = {
    "owners": read_owner_files,
    "members": read_member_files,
    "consumers": read_consumer_files,
}
NAMESPACE = "postgres://h:5432"
FLAGS = SourceFlags(namespace=NAMESPACE, dialect="postgres")
METABASE = '{""client"":""Metabase"",""dashboardId"":12}'
DBT = '{""app"":""dbt"",""node_id"":""test.s.t""}'
LOG = f"""query,user,timestamp
select id from shop.orders,ana,2026-10-01T10:00:00Z
select id from shop.orders,ana,2026-10-02T10:00:00Z
"/* {METABASE} */ select id from shop.orders",svc_bi,2026-10-02T11:00:00Z
insert into mart.daily select id from shop.orders,svc_etl,2026-10-02T12:00:00Z
"/* {DBT} */ select id from shop.orders",svc_dbt,2026-10-02T12:00:00Z
"""


@pytest.mark.parametrize("case", PEOPLE, ids=[case["id"] for case in PEOPLE])
def test_people_in_the_files_where_they_are_kept(tmp_path: Path, case: dict) -> None:
    """Owners, members and consumers are read from each of these files, told by content."""
    paths = []
    for name, text in case["files"].items():
        (tmp_path / name).write_text(text)
        paths.append(str(tmp_path / name))
    rows, problems = READERS[case["kind"]](paths)
    said = [[getattr(row, name) for name in row.__struct_fields__] for row in rows]
    if case["kind"] == "consumers":
        said = [[cell for cell in row if cell not in ("", None)] for row in said]
        case["rows"] = [[cell for cell in row if cell] for row in case["rows"]]
    assert said == case["rows"]
    assert problems == []


def test_codeowners_alone_are_refused(tmp_path: Path) -> None:
    """Paths mean nothing without the project: the message says what to give as well."""
    (tmp_path / "CODEOWNERS").write_text("* @acme/x\n")
    with pytest.raises(UnreadableInput, match=r"manifest\.json of the dbt project"):
        read_owner_files([str(tmp_path / "CODEOWNERS")])


@pytest.mark.parametrize("case", EDGES, ids=[case["id"] for case in EDGES])
def test_edges_in_the_files_where_they_are_kept(tmp_path: Path, case: dict) -> None:
    """Tables, Kafka Connect's configuration and dbt manifests declare lineage."""
    path = tmp_path / case["file"]
    path.write_text(case["text"])
    file, problems = read_edges(path)
    assert [_shown(edge) for edge in file.edges] == case["edges"]
    assert problems == ()


def _shown(edge: DeclaredEdge) -> str:
    columns = ", ".join(f"{source}:{target}" for source, target in edge.columns)
    return f"{edge.source} -> {edge.target or edge.consumer} [{columns}] {edge.job}".strip()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("from,to,until\na,b,soon\n", "line 2: until 'soon' is no date like 2026-12-31"),
        ("from,to\na,\n", "line 2: from or to is empty"),
        ("from,to,columns\na,b,->c\n", "line 2: columns '->c' leaves one end empty"),
        ('from,to,columns\na,b,"{""x"""\n', "line 2: columns is no JSON"),
        ('{"name": "n", "config": {"connector.class": "x.Odd"}}', "connector n: Odd is not known"),
        (
            '{"name": "n", "config": {"connector.class": "S3SinkConnector", "topics.regex": "a"}}',
            "connector n: it names no topics or tables one by one",
        ),
    ],
)
def test_lines_that_declare_nothing(tmp_path: Path, text: str, problem: str) -> None:
    """A line that cannot be read is said with its place; the others hold."""
    (tmp_path / "e").write_text(text)
    file, problems = read_edges(tmp_path / "e")
    assert file.edges == ()
    assert len(problems) == 1
    assert problem in problems[0]


def test_a_file_without_ends_is_refused(tmp_path: Path) -> None:
    """A file of something else is an error that says what it has."""
    (tmp_path / "e.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnreadableInput, match="no column 'from' among a, b"):
        read_edges(tmp_path / "e.csv")


class Store:
    """A store in a folder, with the log above when it is wanted."""

    def __init__(self, folder: Path, name: str = "a") -> None:
        self.folder = folder
        self.store = open_store(f"sqlite:///{folder}/{name}.db", create=True)
        self.warnings: tuple[str, ...] = ()

    def take(self, text: str = "", **files: str) -> Store:
        """Imports the log text and the declared files, each given as its content."""
        kinds = {"owners": [], "members": [], "consumers": [], "edges": []}
        for kind, content in files.items():
            path = self.folder / f"{kind}.csv"
            path.write_text(content)
            kinds[kind.rstrip("12")].append(str(path))
        book = SourceBook.from_flags(FLAGS)
        declarations = read_declarations(**kinds)
        logs = [self.folder / "log.csv"] if text else []
        for log in logs:
            log.write_text(text)
        options = ImportOptions(book, declarations=declarations, workers=1)
        self.warnings = import_paths(self.store, [*map(str, logs)], options).warnings
        return self

    def edges(self) -> set[str]:
        """The declared lineage edges."""
        found = self.store.scan_edges([EdgeType.READ_BY, EdgeType.WRITES, EdgeType.FEEDS])
        return {
            f"{edge.key.source} {edge.key.type} {edge.key.target}"
            for edge in found
            if edge.key.origin is Origin.DECLARED
        }


@pytest.fixture
def logged(tmp_path: Path) -> Store:
    """A store that holds the log."""
    return Store(tmp_path).take(LOG)


HEAD = "from,to,columns,reason,until\n"
BUS = "kafka://b:9092:orders,shop.orders,id,archived,\n"
OUT = "mart.daily,s3://out/daily,,,\n"


def test_declared_edges_are_walked_and_marked(logged: Store) -> None:
    """They join what was seen, are of origin declared, and are certain at 0.9."""
    logged.take(edges=HEAD + BUS + OUT)
    start = resolve_dataset(logged.store, "kafka://b:9092:orders")
    walk = downstream(logged.store, start)
    assert {"postgres://h:5432:mart.daily", "s3://out:daily"} <= {node.id for node in walk.nodes}
    (edge,) = [edge for edge in walk.edges if edge.source == str(start)]
    assert (edge.origins, edge.certainty, edge.cause) == (
        *((Origin.DECLARED,), 0.9, "declared, not observed"),
    )


def test_a_line_that_goes_takes_its_edge_out(logged: Store, tmp_path: Path) -> None:
    """Read again, a file replaces what it said: the graph is as if it had always said so."""
    logged.take(edges=HEAD + BUS + OUT)
    logged.take(edges=HEAD + BUS.replace("archived", "a"))
    other = Store(tmp_path, "b").take(LOG, edges=HEAD + BUS.replace("archived", "a"))
    assert graph_hash(logged.store) == graph_hash(other.store)
    logged.take(edges=HEAD)
    assert logged.edges() == set()
    assert graph_hash(logged.store) == graph_hash(Store(tmp_path, "c").take(LOG).store)


def test_order_of_log_and_edges_does_not_show(logged: Store, tmp_path: Path) -> None:
    """Edges before the log, after it or with it: one graph."""
    after = logged.take(edges=HEAD + BUS)
    before = Store(tmp_path, "b").take(edges=HEAD + BUS).take(LOG)
    together = Store(tmp_path, "c").take(LOG, edges=HEAD + BUS)
    hashes = {graph_hash(one.store) for one in (after, before, together)}
    assert len(hashes) == 1


def test_what_a_connector_names_is_found_once_a_log_places_it(tmp_path: Path) -> None:
    """A connector knows no cluster: its topic and table wait in a place-holder's namespace."""
    config = {
        "name": "in",
        "connector.class": "JdbcSinkConnector",
        "topics": "orders",
        "connection.url": "jdbc:postgresql://h:5432/shop",
    }
    manifest = {
        "metadata": {"dbt_schema_version": "x/manifest/v12.json", "adapter_type": "postgres"},
        "nodes": {
            "model.s.o": {"resource_type": "model", "schema": "shop", "alias": "orders",
                          "depends_on": {"nodes": ["seed.s.r"]}},
            "seed.s.r": {"resource_type": "seed", "schema": "shop", "alias": "raw"},
        },
    }  # fmt: skip
    one = Store(tmp_path)
    # The flags' namespace is that of the logs; without one there is only the place-holder.
    for edges in (json.dumps(config), json.dumps(manifest)):
        (tmp_path / "e.json").write_text(edges)
        book = SourceBook.from_flags(SourceFlags())
        declarations = read_declarations(edges=[str(tmp_path / "e.json")])
        import_paths(one.store, [], ImportOptions(book, declarations=declarations))
    assert any("postgres://unknown:shop.orders" in edge for edge in one.edges())
    one.take(LOG)
    assert "dbt:model.s.o WRITES postgres://h:5432:shop.orders" in one.edges()
    assert not any("unknown:shop.orders" in edge for edge in one.edges())


def test_an_edge_whose_last_day_is_over_is_said_and_not_kept(logged: Store) -> None:
    """It leaves the graph; the import names it with its day."""
    logged.take(edges=HEAD + BUS.replace(",\n", ",2020-01-31\n"))
    assert logged.edges() == set()
    assert any("over since 2020-01-31" in sentence for sentence in logged.warnings)


def test_names_that_mean_several_datasets_are_said(logged: Store) -> None:
    """Nothing is guessed: the import lists what it may be."""
    logged.take(LOG.replace("shop.orders", "other.orders").replace("10-0", "11-0"))
    logged.take(edges=HEAD + "orders,s3://out/x,,,\n")
    assert logged.edges() == set()
    assert any("ambiguous" in sentence for sentence in logged.warnings)


def test_what_is_archived_reaches_the_partitions_that_are_read(logged: Store) -> None:
    """A path under a declared path of an object store is fed by it."""
    logged.take(edges=HEAD + "shop.orders,s3://arch/orders,,,\n")
    copy = "copy mart.back from 's3://arch/orders/day=1/' csv"
    logged.take(f"query,user,timestamp\n{copy},svc,2026-10-03T00:00:00Z\n")
    assert any("s3://arch:orders/day=1" in edge and "WRITES" in edge for edge in logged.edges())


def test_consumer_file_names_whom_logs_show(logged: Store) -> None:
    """Title, team and tier reach the answer, and a later file corrects them."""
    head = "id,title,url,owner,team,tier\n"
    for title, team in (("Weekly", "Sales"), ("Monthly", "Finance"), ("", "Finance")):
        logged.take(consumers=f"{head}metabase/dashboard/12,{title},,cleo,{team},1\n")
        answer = who_uses(logged.store, resolve_dataset(logged.store, "shop.orders"))
        (use,) = [use for use in answer.consumers if use.consumer == "metabase:dashboard/12"]
        assert (use.title, use.team, use.kind) == (title, team, "dashboard")


@pytest.mark.parametrize(
    "spelling",
    ["metabase:card/12", "metabase/card/12", "card/12", "metabase:card:12", "Metabase.card/12",
     "https://bi.example.com/question/12-weekly"],
)  # fmt: skip
def test_a_consumer_in_any_spelling(spelling: str) -> None:
    """People write the id as they see it, or copy the address."""
    book = ConsumerBook((ConsumerEntry("superset:chart/12"), ConsumerEntry(spelling, "Weekly")))
    found = book.find(ConsumerId("metabase", "card/12"))
    assert found is not None
    assert found.title == "Weekly"
    assert book.find(ConsumerId("metabase", "card/13")) is None


def test_exposure_meets_the_dashboard_that_logs_show(logged: Store) -> None:
    """By its address, where a log names the consumer; else it is a consumer of its own."""
    manifest = {
        "metadata": {"dbt_schema_version": "x/manifest/v12.json", "adapter_type": "postgres"},
        "nodes": {
            "model.s.o": {"resource_type": "model", "schema": "shop", "alias": "orders"},
        },
        "exposures": {
            f"exposure.s.{name}": {
                "name": name, "type": "dashboard", "url": url, "owner": {"name": "Finance"},
                "depends_on": {"nodes": ["model.s.o"]},
            }
            for name, url in (("a", "https://m/dashboard/12"), ("b", "https://m/dashboard/99"))
        },
    }  # fmt: skip
    logged.take(edges=json.dumps(manifest))
    answer = who_uses(logged.store, resolve_dataset(logged.store, "shop.orders"))
    found = {use.consumer: (use.title, use.team, use.reads) for use in answer.consumers}
    assert found["metabase:dashboard/12"] == ("a", "Finance", 1)
    assert found["dbt:exposure.s.b"] == ("b", "Finance", 0)


def test_missing_ranks_whom_to_name(logged: Store) -> None:
    """Logins by the reads that their team would explain; tests and named ones do not count."""
    answer = missing(logged.store)
    assert [(one.principal, one.class_, one.reads, one.days) for one in answer.missing] == [
        ("postgres://h:5432:ana", "person", 2, 2),
        ("postgres://h:5432:svc_bi", "bi", 1, 1),
        ("postgres://h:5432:svc_etl", "job", 1, 1),
    ]
    assert [one.consumer for one in answer.consumers] == ["metabase:dashboard/12"]
    assert answer.share == 1.0
    logged.take(
        members="principal,team\nana,Sales\n",
        consumers="id,team\ndashboard/12,Finance\n",
        owners="dataset,team,domain\nmart.*,Data,core\n",
    )
    assert missing(logged.store).missing == ()
    known = {one.team: one for one in owners(logged.store).owners}
    assert known["Data"].datasets == ("postgres://h:5432:mart.daily",)
    assert known["Data"].domain == "core"
    assert known["Sales"].members == ("postgres://h:5432:ana",)
    assert known["Finance"].consumers == ("metabase:dashboard/12",)


def test_a_new_domain_replaces_the_old_one(logged: Store) -> None:
    """What an owners file no longer says is taken back."""
    for place in ("one", "two"):
        logged.take(owners=f"dataset,team,domain\nshop.*,Shop,{place}\n")
    found = {str(edge.key.target) for edge in logged.store.scan_edges([EdgeType.IN_DOMAIN])}
    assert found == {"domain:two"}


def _lineage(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_commands_without_a_log(tmp_path: Path) -> None:
    """`import --edges` needs no PATH; `owners` and `explain-consumer` answer in JSON."""
    (tmp_path / "e.csv").write_text("from,to\nkafka://b:1:x,s3://out/x\n")
    (tmp_path / "o.csv").write_text("dataset,team\n*:x,Bus\n")
    url = f"sqlite:///{tmp_path}/x.db"
    files = ("--edges", str(tmp_path / "e.csv"), "--owners", str(tmp_path / "o.csv"))
    done = _lineage("import", *files, "--store", url, "--format", "json")
    assert (done.returncode, json.loads(done.stdout)["read"]) == (0, 0)
    shown = _lineage("owners", "--store", url, "--format", "json")
    assert [one["team"] for one in json.loads(shown.stdout)["owners"]] == ["Bus"]
    assert "Bus" in _lineage("owners", "--store", url).stdout
    assert _lineage("import", "--store", url).returncode == 2


def test_explain_consumer_says_which_rule_won(tmp_path: Path) -> None:
    """Every rule that fired, in order, with its confidence and why it won or lost."""
    sql = "select 1 from t -- Looker Query Context '{\"user_id\":6}'"
    hints = ("--hint", "application_name=Grafana", "--user", "svc", "--format", "json")
    answer = json.loads(_lineage("explain-consumer", "--sql", sql, *hints).stdout)
    assert [one["rule"] for one in answer["rules"]] == ["looker", "tool", "principal"]
    assert answer["rules"][0]["why"] == "wins: names a use"
    assert answer["consumer"] == "looker:user/6"
    (tmp_path / "q.sql").write_text(sql)
    assert "looker:user/6" in _lineage("explain-consumer", str(tmp_path / "q.sql")).stdout
    assert _lineage("explain-consumer").returncode == 2
    assert _lineage("explain-consumer", "--sql", "select 1", "--hint", "x").returncode == 2


def test_explain_a_stored_query(logged: Store) -> None:
    """Who ran a template of the store, by a beginning of its fingerprint."""
    ran = logged.store.scan_edges([EdgeType.RAN])
    query = next(edge.key.target.name for edge in ran if edge.key.source.name == "ana")
    url = logged.store.url
    done = _lineage("explain-consumer", "--query", query[:12], "--store", url, "--format", "json")
    ran = {one["consumer"]: one["runs"] for one in json.loads(done.stdout)["ran"]}
    assert ran["postgres://h:5432:ana"] == 2
    assert ran["metabase:dashboard/12"] == 1
    assert _lineage("explain-consumer", "--query", "zz", "--store", url).returncode == 2

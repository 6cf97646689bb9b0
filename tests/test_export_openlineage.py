"""`lineage export` as OpenLineage: what goes out is valid, and comes back in as the same graph."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from app.commands.exporting import export_command
from app.openlineage_file import PRODUCER, write_openlineage
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.openlineage import usage_facet
from ingest.openlineage.usage_facet import FACET, UsageFacet
from ingest.pipeline import Import, ImportOptions, import_paths
from lineage.hash import graph_hash
from lineage.model import EdgeType
from lineage.names import JobId
from lineage.stores import open_store

FLAGS = SourceFlags(namespace="postgres://shop:5432", dialect="postgres", default_db="shop",
                    default_schema="public")  # fmt: skip
OPTIONS = ImportOptions(SourceBook.from_flags(FLAGS), workers=1)
LOG = """start,user,query
2026-10-01T00:00:00Z,etl,"INSERT INTO daily SELECT day, sum(amount) FROM orders WHERE id > 7 GROUP BY 1"
2026-10-02T00:00:00Z,etl,"INSERT INTO daily SELECT day, sum(amount) FROM orders WHERE id > 8 GROUP BY 1"
2026-10-02T09:00:00Z,ana,"SELECT total FROM daily d JOIN orders o ON o.day = d.day"
2026-10-03T09:00:00Z,ana,"CREATE VIEW latest AS SELECT * FROM daily"
"""  # noqa: E501
EVENT = {
    "eventType": "COMPLETE",
    "eventTime": "2026-10-03T00:00:00Z",
    "run": {"runId": "0190c0de-0000-4000-8000-000000000000"},
    "job": {"namespace": "airflow", "name": "load", "facets": {
        "ownership": {"owners": [{"name": "team:finance"}]},
        "documentation": {"description": "loads"},
    }},
    "inputs": [{"namespace": "kafka://bus:9092", "name": "orders"}],
    "outputs": [{"namespace": "postgres://shop:5432", "name": "shop.public.orders", "facets": {
        "schema": {"fields": [{"name": name, "type": "int"} for name in ("id", "day", "amount")]},
        "symlinks": {"identifiers": [
            {"namespace": "s3://lake", "name": "orders", "type": "TABLE"}]},
        "columnLineage": {"fields": {"day": {"inputFields": [
            {"namespace": "kafka://bus:9092", "name": "orders", "field": "at",
             "transformations": [{"type": "DIRECT", "subtype": "TRANSFORMATION"}]}]}}},
    }}],
}  # fmt: skip


def imported(url, *paths):
    """A store after the import of these files."""
    store = open_store(url, create=True)
    report = import_paths(store, [str(path) for path in paths], OPTIONS)
    assert report.balanced
    assert not report.dead_letters
    return store


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A store that a log and an event have filled."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "log.csv").write_text(LOG)
    (folder / "events.ndjson").write_text(json.dumps(EVENT) + "\n")
    store = imported(f"sqlite:///{folder}/shop.db", folder / "log.csv", folder / "events.ndjson")
    yield store
    store.close()


def exported(store, folder, *, people=True):
    """The file of an export, and its events."""
    path = folder / "export.jsonl"
    write_openlineage(store, path, people=people)
    return path, [json.loads(line) for line in path.read_text().splitlines()]


def test_an_export_comes_back_as_the_same_graph(shop, tmp_path, fresh_url):
    """With people, every node, edge, day and evidence is as it was, on every store."""
    path, _ = exported(shop, tmp_path)
    back = imported(fresh_url(), path)
    assert graph_hash(back) == graph_hash(shop)
    back.close()


def lineage_of(store):
    """Datasets, columns and jobs, and the edges of the jobs, whoever told them."""
    jobs = {node.id for node in store.scan_nodes("Job")}
    nodes = {str(node.id) for label in ("Dataset", "Column") for node in store.scan_nodes(label)}
    of_jobs = (EdgeType.READ_BY, EdgeType.WRITES, EdgeType.FEEDS, EdgeType.USED_BY)
    edges = {
        (edge.key.type, str(edge.key.source), str(edge.key.target), edge.key.role)
        for edge in store.scan_edges(of_jobs)
        if {edge.key.source, edge.key.target, edge.key.via} & jobs
    }
    return nodes, {str(job) for job in jobs}, edges


def test_its_standard_part_alone_is_the_same_lineage(shop, tmp_path):
    """Whoever does not know our facet finds the same datasets, columns, jobs and edges."""
    path, events = exported(shop, tmp_path, people=False)
    rest = JobId("lineage-usage", "export")
    kept = [event for event in events if event.get("job", {}).get("name") != rest.name]
    for event in kept:
        del (event.get("dataset") or event["job"])["facets"][FACET]
    path.write_text("".join(json.dumps(event) + "\n" for event in kept))
    back = imported(f"sqlite:///{tmp_path}/back.db", path)
    nodes, jobs, edges = lineage_of(shop)
    nodes_back, jobs_back, edges_back = lineage_of(back)
    assert nodes <= nodes_back | {name for name in nodes if name.endswith(".*")}
    assert jobs_back == jobs
    assert {edge for edge in edges if not edge[1].endswith(".*")} <= edges_back
    back.close()


def test_no_person_leaves_unless_asked(shop, tmp_path):
    """Persons are numbers; services, teams and what they do stay."""
    path, _ = exported(shop, tmp_path, people=False)
    assert "ana" not in path.read_text().replace("analy", "")
    assert "team:finance" in path.read_text()
    back = imported(f"sqlite:///{tmp_path}/back.db", path)
    assert lineage_of(back) == lineage_of(shop)
    back.close()


def test_every_event_is_as_the_client_makes_it(shop, tmp_path):
    """Each has a producer, a schema and a time; each facet says whose it is."""
    _, events = exported(shop, tmp_path)
    assert {"dataset", "job"} == {
        name for event in events for name in ("dataset", "job") if name in event
    }
    schema = Draft202012Validator(usage_facet.json_schema())
    for event in events:
        assert event["producer"] == PRODUCER
        kind = "DatasetEvent" if "dataset" in event else "JobEvent"
        assert event["schemaURL"].endswith(f"OpenLineage.json#/$defs/{kind}")
        facets = (event.get("dataset") or event["job"])["facets"]
        assert all({"_producer", "_schemaURL"} <= facet.keys() for facet in facets.values())
        schema.validate(facets[FACET])


def test_the_schema_that_ships_is_that_of_the_facet():
    """Its JSON Schema lies beside the code, which writes it when it is run."""
    shipped = Path(usage_facet.__file__).with_name("UsageFacet.json")
    assert json.loads(shipped.read_text()) == json.loads(
        msgspec.json.encode(usage_facet.json_schema())
    )


def test_a_broken_facet_of_ours_is_no_facet(tmp_path):
    """An event whose own facet nobody can read is taken as anybody's."""
    event = {
        "eventTime": "2026-10-01T00:00:00Z",
        "job": {"namespace": "n", "name": "j", "facets": {FACET: {"edges": [["READ_BY", 5, 9]]}}},
        "outputs": [{"namespace": "postgres://shop:5432", "name": "shop.public.t"}],
    }
    (tmp_path / "one.ndjson").write_text(json.dumps(event) + "\n")
    store = imported(f"sqlite:///{tmp_path}/one.db", tmp_path / "one.ndjson")
    assert [node.id for node in store.scan_nodes("Job")] == [JobId("n", "j")]
    assert not UsageFacet().edges
    store.close()


@pytest.mark.parametrize(
    ("name", "form"), [("a.jsonl", []), ("a.ndjson", []), ("a.txt", ["--as", "openlineage"])]
)
def test_the_command_writes_events(shop, tmp_path, name, form):
    """The suffix says it, or --as does; other suffixes are told."""
    target = tmp_path / name
    run = CliRunner().invoke(
        export_command, ["--to", str(target), *form, "--store", shop.url], standalone_mode=False
    )
    assert run.exception is None, run.output
    assert all("eventTime" in json.loads(line) for line in target.read_text().splitlines())
    wrong = CliRunner().invoke(export_command, ["--to", "x.xyz", "--store", shop.url])
    assert wrong.exit_code == 2
    assert ".jsonl" in wrong.output


def test_what_arrives_over_the_wire_restores_nothing(shop, tmp_path):
    """Only a file may speak for all namespaces: an arriving event is taken as anybody's."""
    _, events = exported(shop, tmp_path)
    store = open_store(f"sqlite:///{tmp_path}/arriving.db", create=True)
    running = Import(store, OPTIONS)
    running.arrived([("wire", enumerate(events))])
    running.close()
    assert not list(store.scan_nodes("Consumer"))
    assert not list(store.scan_nodes("Principal"))
    store.close()

"""Real OpenLineage clients against a running `lineage serve`, judged by the graph they make.

Not part of the ordinary tests, since the clients must be installed: `make server-logs`.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import column_lineage_dataset, parent_run, schema_dataset

from benchmarks.openlineage.server import Server, until
from lineage.hash import graph_hash
from lineage.model import EdgeType
from lineage.stores import open_store
from tests.servers import spark
from tests.servers.consuming import kafka  # noqa: F401 - a fixture
from tests.servers.dbt import STORY
from tests.servers.tools import INSTALL, program, run

CHILD, PARENT = "01938a6e-3333-7c63-9d7d-d4f3f5a6c001", "01938a6e-3333-7c63-9d7d-d4f3f5a6c002"
EDGES = {
    EdgeType.READ_BY, EdgeType.WRITES, EdgeType.FEEDS, EdgeType.USED_BY, EdgeType.PART_OF,
}  # fmt: skip
SPARK = spark.PROGRAM.with_name("spark_emitting.py")
AGENT = "io.openlineage:openlineage-spark_2.12:1.53.0"


@pytest.fixture
def server(tmp_path):
    """A server with an empty store."""
    with Server(f"sqlite:///{tmp_path}/graph.db", tmp_path / "inbox") as made:
        yield made


def edges(folder):
    """The edges of the graph: type, source, target, role, how often."""
    store = open_store(f"sqlite:///{folder}/graph.db")
    found = {
        (one.key.type.name, str(one.key.source), str(one.key.target), str(one.key.role or ""),
         one.activity.total)
        for one in store.scan_edges(EDGES)
    }  # fmt: skip
    store.close()
    return found


def applied(server, number):
    """Returns when so many events are in the graph."""
    line = f'lineage_applied_events_total{{outcome="imported"}} {number}\n'
    until(lambda: line in server.get("/metrics")[1].decode(), 120)


def story(transport):
    """Emits a run with its parent, columns and their lineage; the same events every time."""
    client = OpenLineageClient(config={"transport": transport})
    fields = [column_lineage_dataset.InputField("db", "raw.orders", "amount")]
    lineage = column_lineage_dataset.ColumnLineageDatasetFacet(
        {"revenue": column_lineage_dataset.Fields(fields)}
    )
    schema = schema_dataset.SchemaDatasetFacet(
        [schema_dataset.SchemaDatasetFacetFields("revenue", "double")]
    )
    parent = parent_run.ParentRunFacet(
        parent_run.Run(PARENT), parent_run.Job(namespace="client", name="nightly")
    )
    written = OutputDataset("db", "mart.daily", {"schema": schema, "columnLineage": lineage})
    for minute, state in enumerate((RunState.START, RunState.COMPLETE)):
        client.emit(
            RunEvent(
                eventType=state, eventTime=f"2026-11-01T00:0{minute}:00Z",
                run=Run(CHILD, {"parent": parent}), job=Job("client", "nightly.daily"),
                producer="https://example.org", inputs=[InputDataset("db", "raw.orders")],
                outputs=[written],
            )
        )  # fmt: skip
    client.close(60)


STORY_EDGES = {
    ("READ_BY", "db:raw.orders", "client:nightly.daily", "", 1),
    ("WRITES", "client:nightly.daily", "db:mart.daily", "", 1),
    ("PART_OF", "client:nightly.daily", "client:nightly", "", 0),
}


def http(server, **more):
    """The settings of a transport over HTTP."""
    return {"type": "http", "url": f"http://127.0.0.1:{server.port}", **more}


@pytest.mark.parametrize("way", ["http", "gzip", "async_http", "composite", "file"])
def test_whatever_the_transport_the_graph_is_the_same(server, tmp_path, way):
    """openlineage-python over HTTP, zipped, asynchronous, to two places; and by a file."""
    file = {"type": "file", "log_file_path": str(tmp_path / "events.ndjson"), "append": True}
    transports = {
        "http": http(server),
        "gzip": http(server, compression="gzip"),
        "async_http": http(server, type="async_http"),
        "composite": {"type": "composite", "transports": {"here": http(server), "kept": file}},
        "file": file,
    }
    story(transports[way])
    if way != "file":
        applied(server, 2)
        server.stop()
        _judge(tmp_path)
    if way in ("composite", "file"):
        url = f"sqlite:///{tmp_path}/imported.db"
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "import", file["log_file_path"], "--store", url,
             "--format", "json"], capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert json.loads(done.stdout)["imported"] == 2
    if way == "composite":
        assert _hash(url) == _hash(f"sqlite:///{tmp_path}/graph.db")


def test_over_kafka_too(kafka, tmp_path):  # noqa: F811 - the fixture
    """Its Kafka transport, and our consumer."""
    kafka.create("openlineage.events")
    story(
        {
            "type": "kafka", "topic": "openlineage.events",
            "config": {"bootstrap.servers": kafka.address},
        }
    )  # fmt: skip
    url = f"sqlite:///{tmp_path}/graph.db"
    with Server(url, tmp_path / "inbox", "--kafka", kafka.address) as server:
        applied(server, 2)
    _judge(tmp_path)


def test_dbt_tells_what_its_models_read_write_and_check(server, tmp_path):
    """dbt-ol: models with columns, a test, a failed model that is not counted, one parent."""
    if not program("dbt-ol"):
        pytest.skip(f"dbt-ol is not installed: {INSTALL}, with openlineage-dbt")
    project = tmp_path / "project"
    shutil.copytree(STORY, project)
    (project / "models" / "checks.yml").write_text(
        "models: [{name: daily, columns: [{name: customer_id, tests: [not_null]}]}]"
    )
    run([program("dbt-ol"), "build", "--profiles-dir", "."], project, 1,
        DBT_SEND_ANONYMOUS_USAGE_STATS="False", OPENLINEAGE_NAMESPACE="analytics",
        OPENLINEAGE_URL=f"http://127.0.0.1:{server.port}")  # fmt: skip
    applied(server, 10)
    server.stop()
    db, job = "duckdb://shop.duckdb:shop", "analytics:shop.mart.shop"
    assert edges(tmp_path) >= {
        ("READ_BY", f"{db}.raw.orders", f"{job}.daily.build.run", "", 1),
        ("WRITES", f"{job}.daily.build.run", f"{db}.mart.daily", "", 1),
        ("READ_BY", f"{db}.mart.daily", f"{job}.report.build.run", "", 1),
        ("READ_BY", f"{db}.mart.daily", f"{job}.daily.build.test", "", 1),
        ("READ_BY", f"{db}.mart.daily", f"{job}.broken.build.run", "", 0),
        ("WRITES", f"{job}.broken.build.run", f"{db}.mart.broken", "", 0),
        ("FEEDS", f"{db}.raw.orders.amount", f"{db}.mart.daily.revenue", "TRANSFORMATION", 1),
        ("PART_OF", f"{job}.daily.build.run", "analytics:dbt-run-shop", "", 0),
    }


def test_spark_tells_columns_and_roles(server, tmp_path):
    """The agent: tables by their place, columns with roles, commands under the application."""
    if absent := spark.missing():
        pytest.skip(absent)
    from tests.servers.kafka import jar

    agent = jar(AGENT, tmp_path)
    settings = {
        "spark.extraListeners": "io.openlineage.spark.agent.OpenLineageSparkListener",
        "spark.openlineage.transport.type": "http",
        "spark.openlineage.transport.url": f"http://127.0.0.1:{server.port}",
        "spark.openlineage.namespace": "etl",
        "spark.ui.enabled": "false",
        "spark.sql.warehouse.dir": str(tmp_path / "warehouse"),
    }
    said = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
    run([program("spark-submit"), "--jars", str(agent), *said, str(SPARK)], tmp_path,
        SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=program("python"))  # fmt: skip
    server.drained()
    until(lambda: server.stop() == 0)
    raw, mart = (f"file:{tmp_path}/warehouse/{one}" for one in ("raw.db/orders", "mart.db/daily"))
    job = "etl:nightly_revenue.execute_create_data_source_table_as_select_command.mart_daily"
    assert edges(tmp_path) >= {
        ("READ_BY", raw, job, "", 1),
        ("WRITES", job, mart, "", 1),
        ("FEEDS", f"{raw}.customer_id", f"{mart}.customer_id", "IDENTITY", 1),
        ("FEEDS", f"{raw}.amount", f"{mart}.revenue", "AGGREGATION", 1),
        ("USED_BY", f"{raw}.amount", job, "FILTER", 1),
        ("USED_BY", f"{raw}.customer_id", job, "GROUP_BY", 1),
        ("PART_OF", job, "etl:nightly_revenue", "", 0),
    }


def _judge(folder: Path):
    found = edges(folder)
    assert found >= STORY_EDGES
    assert ("FEEDS", "db:raw.orders.amount", "db:mart.daily.revenue") in {e[:3] for e in found}


def _hash(url):
    store = open_store(url)
    found = graph_hash(store)
    store.close()
    return found

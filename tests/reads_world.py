"""Real and small events in a store, and the reads that are served over it."""

import json
from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.serving.reads import routes
from ingest.declared.sources import SourceBook
from ingest.pipeline import ImportOptions, import_paths
from lineage.stores import open_store

CASES = Path(__file__).parent / "serve_reads"
SCENARIOS = ("seed", "airflow", "shakespeare")


def serving(store, **options):
    """A client of the reads of a store."""
    return TestClient(Starlette(routes=routes(lambda: store, **options)))


def filled(url, paths):
    """The store at the URL with the events of these files."""
    store = open_store(url, create=True)
    import_paths(store, [str(path) for path in paths], ImportOptions(SourceBook(), workers=1))
    return store


def real_events(folder):
    """Yields a store that holds the real events of all scenarios."""
    opened = filled(
        f"sqlite:///{folder}/graph.db", [CASES / f"{name}.ndjson" for name in SCENARIOS]
    )
    yield opened
    opened.close()


def telling(folder):
    """Gives a client of a store in that folder that holds just the events it is called with."""
    opened = []

    def tell(*events):
        path = folder / "events.ndjson"
        path.write_text("\n".join(map(json.dumps, events)), "utf-8")
        opened.append(filled(f"sqlite:///{folder}/{len(opened)}.db", [path]))
        return serving(opened[-1])

    yield tell
    for one in opened:
        one.close()


def named(names):
    """Datasets of the namespace `db`, some with typed columns: `a b(x,y)`."""
    found = []
    for text in names.split():
        name, _, columns = text.rstrip(")").partition("(")
        fields = [{"name": column, "type": "INT"} for column in columns.split(",") if column]
        found.append({"namespace": "db", "name": name, "facets": {"schema": {"fields": fields}}})
    return found


def event(job, reads="", writes="", run=None, type_="COMPLETE", minute=0, **more):
    """A RunEvent of a job: its name in the namespace `n`, or all of it."""
    if isinstance(job, str):
        job = {"namespace": "n", "name": job}
    return {
        "eventType": type_,
        "eventTime": f"2026-10-01T08:{minute:02d}:00Z",
        "run": {"runId": run or f"run-of-{job['name']}", **more.pop("run_more", {})},
        "job": job,
        "inputs": named(reads),
        "outputs": named(writes),
        **more,
    }


def flowing(*pairs):
    """A columnLineage facet of `column <- dataset.column`, INDIRECT when it says `~`."""
    fields = {}
    for pair in pairs:
        target, _, source = pair.partition(" <- ")
        dataset, _, column = source.lstrip("~").rpartition(".")
        kind = ("INDIRECT", "SORT") if source[0] == "~" else ("DIRECT", "IDENTITY")
        fields.setdefault(target, {"inputFields": []})["inputFields"].append(
            {
                "namespace": "db",
                "name": dataset,
                "field": column,
                "transformations": [{"type": kind[0], "subtype": kind[1]}],
            }
        )
    return {"columnLineage": {"fields": fields}}


def ask(client, path, **parameters):
    """The JSON of an answer that is there."""
    answer = client.get(f"/api/v1/{path}", params=parameters or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def graph(client, node, path="lineage", **parameters):
    """The ids of the nodes of a lineage, without their prefix, and its edges."""
    nodes = ask(client, path, nodeId=node, **parameters)["graph"]
    edges = {
        (short(edge["origin"]), short(edge["destination"]))
        for one in nodes
        for edge in one["inEdges"] + one["outEdges"]
    }
    return {short(one["id"]) for one in nodes}, edges


def short(id_):
    """A node id without what all of the small cases share."""
    for prefix in ("dataset:db:", "datasetField:db:", "job:n:"):
        id_ = id_.removeprefix(prefix)
    return id_

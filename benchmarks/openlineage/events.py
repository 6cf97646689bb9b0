"""Makes events like those of a warehouse at night: jobs in layers, with schemas and columns."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

PRODUCER = "https://example.org/benchmark"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
COLUMNS = ("id", "ts", "customer_id", "amount", "currency", "status", "region", "note")
ISLANDS, LAYERS, WIDTH = 20, 5, 10  # jobs that know each other; a thousand in all
_BEGIN = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)

Json = dict[str, object]


def events(number: int) -> Iterator[Json]:
    """So many events: START and COMPLETE of one job after the other, night after night."""
    for at in range(number):
        run, complete = divmod(at, 2)
        night, job = divmod(run, ISLANDS * LAYERS * WIDTH)
        moment = _BEGIN + dt.timedelta(days=night, seconds=job * 20 + complete * 15)
        yield _event(night, job, moment, "COMPLETE" if complete else "START")


def _event(night: int, job: int, moment: dt.datetime, type_: str) -> Json:
    island, rest = divmod(job, LAYERS * WIDTH)
    layer, place = divmod(rest, WIDTH)
    sources = [f"db.s{island}.t{layer}_{(place + step) % WIDTH}" for step in (0, 1, 3)]
    target = _dataset(f"db.s{island}.t{layer + 1}_{place}")
    target["facets"] |= {"columnLineage": _lineage(sources)}
    facets = {"jobType": _facet("JobType", processingType="BATCH", integration="BENCH")}
    return {
        "eventType": type_,
        "eventTime": moment.isoformat(),
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{night}/{job}"))},
        "job": {"namespace": "bench", "name": f"j{island}_{layer}_{place}", "facets": facets},
        "inputs": [_dataset(name) for name in sources],
        "outputs": [target],
    }


def _dataset(name: str) -> dict:
    fields = [{"name": column, "type": "VARCHAR"} for column in COLUMNS]
    return {
        "namespace": "postgres://bench:5432",
        "name": name,
        "facets": {"schema": _facet("SchemaDatasetFacet", fields=fields)},
    }


def _lineage(sources: list[str]) -> Json:
    identity = [{"type": "DIRECT", "subtype": "IDENTITY"}]
    fields = {
        column: {
            "inputFields": [
                {
                    "namespace": "postgres://bench:5432",
                    "name": source,
                    "field": column,
                    "transformations": identity,
                }
                for source in sources
            ]
        }
        for column in COLUMNS
    }
    return _facet("ColumnLineageDatasetFacet", fields=fields)


def _facet(name: str, **more: object) -> Json:
    url = f"https://openlineage.io/spec/facets/1-0-0/{name}.json"
    return {"_producer": PRODUCER, "_schemaURL": url, **more}

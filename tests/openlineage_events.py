"""Events for tests: real ones, short ways to write others, and stores that hold them."""

import io
from pathlib import Path

from ingest.folding.ledger import Ledger
from ingest.folding.unread import Unread
from ingest.openlineage.collect import Events
from ingest.openlineage.reading import read_events
from ingest.report import Funnel
from lineage.stores import open_store

REAL = Path(__file__).parent / "cases" / "openlineage"


def imported(events, url, flushes=1):
    """A store at this URL (or of that name in this folder) with these events, and the funnel."""
    if isinstance(url, Path):
        url = f"sqlite:///{url}"
    store = open_store(url, create=True)
    funnel, ledger, unread = Funnel(), Ledger(store), Unread(store)
    collector = Events(ledger, funnel, unread)
    size = -(-len(events) // flushes) or 1
    for start in range(0, len(events), size):
        list(collector.take(enumerate(events[start : start + size], 1), "openlineage", "events"))
        additions, documents, retract = collector.flush(store)
        documents += unread.documents()
        shards = (*ledger.pending(), *unread.pending())
        store.apply(additions.batch(tuple(retract), tuple(documents), shards))
        ledger.committed()
        unread.committed()
    return store, funnel


def real_events():
    """The events of the case folder: from public repositories, see its README."""
    events = []
    for path in sorted(REAL.glob("*.ndjson")):
        events += [value for _, value in read_events(io.StringIO(path.read_text("utf-8")))]
    return events


def event(said):
    """The event that a short form stands for.

    type, at (a time of 2026-10-01, or all of a time), run, job, by (the producer), in and out (the
    names of datasets, each with its facets where it has some), job_facets, run_facets. Without
    `run`, and with `static`, it is a JobEvent; with `dataset` a DatasetEvent.
    """
    at = str(said.get("at", "12:00"))
    time = at if "T" in at else f"2026-10-01T{at}:00Z"
    found = {"eventTime": time, "producer": said.get("by", "https://p")}
    if "dataset" in said:
        return {**found, "dataset": _datasets(said["dataset"])[0]}
    job = {"namespace": "n", "name": said.get("job", "j"), "facets": said.get("job_facets", {})}
    data = {"inputs": _datasets(said.get("in", [])), "outputs": _datasets(said.get("out", []))}
    if said.get("static"):
        return {**found, "job": job, **data}
    run = {"runId": said.get("run", "r1"), "facets": said.get("run_facets", {})}
    return {**found, "eventType": said.get("type", "COMPLETE"), "run": run, "job": job, **data}


def _datasets(named):
    facets = named if isinstance(named, dict) else dict.fromkeys(named)
    return [
        {"namespace": "db", "name": name, "facets": dict(facets[name] or {})} for name in facets
    ]

"""Events as they came, and the facets of a run out of its events."""

from __future__ import annotations

import msgspec

from app.serving.reads.asking import Ask
from app.serving.reads.people import event_without_people, facets_without_people
from app.serving.reads.runs import find_run
from app.serving.reads.shapes import Events, Json, RunFacets
from ingest.openlineage.events import job_id, mapping
from ingest.openlineage.keeping import DOCUMENT
from ingest.openlineage.run_index import EVENT_BY_RUN, called, event_key
from lineage.errors import InvalidEvent
from lineage.names import JobId

_FIRST, _LAST = "", "~"  # before and after every key
_MOST_EVENTS = 1_000  # of one run that its facets are put together from, and of one page


def events(ask: Ask) -> Events:
    """The events of a span of time (`after` it begins, `before` it ends), the newest first."""
    first, end = _place(ask.moment("after"), _FIRST), _place(ask.moment("before"), _LAST)
    backwards = ask.one_of("sortDirection", ("ASC", "DESC")) != "ASC"
    limit = min(ask.limit, _MOST_EVENTS)
    (page,) = ask.kept.pages(DOCUMENT, [(first, end)], limit, ask.offset, backwards=backwards)
    bodies = (one.body if ask.people else _without_people(one.body) for one in page)
    return Events(tuple(map(msgspec.Raw, bodies)), ask.kept.count_documents(DOCUMENT, first, end))


def run_facets(ask: Ask) -> RunFacets:
    """The facets that the events of a run told, of each the newest; `type=job`: of its job."""
    run = find_run(ask.kept, ask.path["run"])
    entity = "job" if ask.one_of("type", ("RUN", "JOB")) == "JOB" else "run"
    (page,) = ask.kept.pages(EVENT_BY_RUN, [called(run.run_id)], _MOST_EVENTS + 1, backwards=True)
    kept = ask.kept.documents(DOCUMENT, list(map(event_key, page[:_MOST_EVENTS])))
    facets: dict[str, object] = {}
    for document in sorted(kept, key=lambda one: one.key):
        event = _event(document.body)
        if _job_of(event) == run.job:
            facets |= mapping(mapping(event.get(entity)).get("facets"))
    shown = facets if ask.people else facets_without_people(facets)
    return RunFacets(run.run_id, shown, len(page) > _MOST_EVENTS)


def _place(moment: int | None, default: str) -> str:
    """Where the events from a moment on begin."""
    return default if moment is None else f"{moment:020d}"


def _event(body: bytes) -> Json:
    return mapping(msgspec.json.decode(body))


def _job_of(event: Json) -> JobId | None:
    try:
        return job_id(mapping(event.get("job")), "$.job")
    except InvalidEvent:
        return None


def _without_people(body: bytes) -> bytes:
    return msgspec.json.encode(event_without_people(_event(body)))

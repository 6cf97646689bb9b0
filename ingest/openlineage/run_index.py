"""Where runs are found: by their id, and by their job in order of time; and the events of a run.

The document of a run has one key, which begins with its job, that of an event begins with its time.
Documents whose keys are all they tell stand beside them, so that one run of an id, the last ten of
a job, or the events of one run cost what they are, and not what the store holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.openlineage.events import Event
from ingest.openlineage.runs import RunFact
from lineage.model import Document
from lineage.names import JobId

BY_ID = "run by id"
BY_JOB = "run by job"
EVENT_BY_RUN = "event by run"
_SEPARATOR = "\x1f"
_NEXT = "\x20"  # the character after it: what begins with a prefix ends before prefix + this
_THERE, _GONE = b"1", b""
Span = tuple[str, str]


def indexed(before: RunFact | None, after: RunFact) -> Iterator[Document]:
    """What makes a run found as what it is now, where it was known as `before`."""
    if before is None:
        yield Document(BY_ID, _joined(after.run_id, after.job.namespace, after.job.name), _THERE)
    elif _by_time(before) != _by_time(after):
        yield Document(BY_JOB, _by_time(before), _GONE)
    else:
        return
    yield Document(BY_JOB, _by_time(after), _THERE)


def indexed_event(event: Event, kept: Document) -> Iterator[Document]:
    """What makes an event, kept in this document, found by its run."""
    if event.kind == "run":
        yield Document(EVENT_BY_RUN, _joined(event.run_id, kept.key), _THERE)


def runs_of(job: JobId, *, until: int | None = None) -> Span:
    """The span of BY_JOB with the runs of a job; until: that started before (microseconds)."""
    prefix = _joined(job.namespace, job.name)
    end = prefix + _NEXT if until is None else _joined(prefix, f"{until:020d}")
    return prefix + _SEPARATOR, end


def called(run_id: str) -> Span:
    """The span of BY_ID with the runs of an id, and of EVENT_BY_RUN with its events.

    One run, unless a producer used the id twice.
    """
    return run_id + _SEPARATOR, run_id + _NEXT


def run_key(found: Document) -> str:
    """The key of the run's own document."""
    if found.kind == BY_ID:
        run_id, namespace, name = found.key.rsplit(_SEPARATOR, 2)
    else:
        namespace, name, _, run_id = found.key.split(_SEPARATOR, 3)
    return _joined(namespace, name, run_id)


def event_key(found: Document) -> str:
    """The key of the event's own document."""
    return found.key.rpartition(_SEPARATOR)[2]


def _by_time(run: RunFact) -> str:
    return _joined(run.job.namespace, run.job.name, f"{run.start:020d}", run.run_id)


def _joined(*parts: str) -> str:
    return _SEPARATOR.join(parts)

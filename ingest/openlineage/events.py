"""Decodes an OpenLineage event by its shape; null is the same as absent, everywhere.

Refused is only what cannot be placed: no job and no dataset, no name, no readable time. Whatever
else a producer gets wrong is taken as far as it can be read.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, cast

import msgspec

from ingest.identity import canonical
from lineage.errors import InvalidEvent, InvalidName
from lineage.names import DatasetId, JobId, clean

Json = Mapping[str, object]
EventKind = Literal["run", "job", "dataset"]
_TYPES = frozenset({"START", "RUNNING", "COMPLETE", "FAIL", "ABORT", "OTHER"})
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_ZONE_NAME = re.compile(r"\[[^\]]*\]$")  # as Java writes a zoned time
_VERSION = re.compile(r"(?<=[/@:])v?\d+(?:[.\-+]\w+)+(?=/|$)|(?<=/tree/)[^/]+|(?<=/blob/)[^/]+")


class DatasetRef(msgspec.Struct, frozen=True):
    """A dataset as an event mentions it."""

    id: DatasetId
    facets: Json


class Event(msgspec.Struct, frozen=True):
    """An event of one of the three kinds. time: microseconds since 1970-01-01 UTC."""

    kind: EventKind
    time: int
    key: bytes  # 16 bytes, equal for equal events
    type: str = "OTHER"
    producer: str = ""
    run_id: str = ""
    run_facets: Json = {}
    job: JobId | None = None
    job_facets: Json = {}
    inputs: tuple[DatasetRef, ...] = ()
    outputs: tuple[DatasetRef, ...] = ()


def decode(data: object) -> Event:
    """The event that a decoded JSON value stands for.

    Raises:
        InvalidEvent: it is none; the message begins with the JSON path.
    """
    if not isinstance(data, dict):
        raise InvalidEvent("$", "an event is a JSON object")
    event = cast("Json", data)
    time = _time(event.get("eventTime"))
    producer = text(event.get("producer"))
    if event.get("job") is None and isinstance(event.get("dataset"), dict):
        dataset = _dataset(mapping(event["dataset"]), "$.dataset")
        return Event("dataset", time, event_key(event), producer=producer, outputs=(dataset,))
    job, run = mapping(event.get("job")), mapping(event.get("run"))
    if not job:
        raise InvalidEvent("$", "neither a job nor a dataset")
    is_run = event.get("run") is not None
    if is_run and not text(run.get("runId")):
        raise InvalidEvent("$.run.runId", "missing")
    type_ = text(event.get("eventType")).upper()
    return Event(
        "run" if is_run else "job",
        time,
        event_key(event),
        type_ if type_ in _TYPES else "OTHER",
        producer,
        text(run.get("runId")),
        mapping(run.get("facets")),
        job_id(job, "$.job"),
        mapping(job.get("facets")),
        _datasets(event, "inputs"),
        _datasets(event, "outputs"),
    )


def event_key(event: Json) -> bytes:
    """16 bytes that are equal for events of equal content: keys sorted, nulls dropped."""
    canonical_json = msgspec.json.encode(event, order="sorted")
    if b"null" in canonical_json:
        canonical_json = msgspec.json.encode(_without_nulls(event), order="sorted")
    return blake2b(canonical_json, digest_size=16).digest()


@lru_cache(maxsize=1024)
def producer_family(producer: str) -> str:
    """The producer whatever its version: what it says after an upgrade replaces what it said.

    >>> producer_family("https://github.com/OpenLineage/OpenLineage/tree/1.23.0/integration/spark")
    'https://github.com/OpenLineage/OpenLineage/tree/*/integration/spark'
    """
    return _VERSION.sub("*", producer.strip())


def job_id(job: Json, path: str) -> JobId:
    """The job that an object with namespace and name stands for."""
    namespace, name = clean(text(job.get("namespace"))), clean(text(job.get("name")))
    if not namespace or not name:
        raise InvalidEvent(path, "a job needs a namespace and a name")
    return JobId(namespace, name)


def mapping(value: object) -> Json:
    """The value if it is a JSON object, else an empty one."""
    return cast("Json", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Json]:
    """The objects in the value if it is a JSON array, else none."""
    return (
        [cast("Json", v) for v in value if isinstance(v, dict)] if isinstance(value, list) else []
    )


def text(value: object) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def _datasets(event: Json, side: str) -> tuple[DatasetRef, ...]:
    return tuple(
        _dataset(item, f"$.{side}[{index}]") for index, item in enumerate(items(event.get(side)))
    )


def _dataset(item: Json, path: str) -> DatasetRef:
    try:
        id_ = canonical(text(item.get("namespace")), text(item.get("name")))
    except InvalidName as error:
        raise InvalidEvent(path, str(error)) from error
    facets = {**mapping(item.get("facets")), **mapping(item.get("inputFacets"))}
    return DatasetRef(id_, {**facets, **mapping(item.get("outputFacets"))})


def _time(value: object) -> int:
    if not isinstance(value, str):
        raise InvalidEvent("$.eventTime", "missing")
    try:
        moment = dt.datetime.fromisoformat(_ZONE_NAME.sub("", value.strip()))
        if moment.tzinfo is None:  # seen in real events: UTC is meant
            moment = moment.replace(tzinfo=dt.UTC)
        return (moment - _EPOCH) // dt.timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise InvalidEvent("$.eventTime", f"not a time: {value[:40]!r}") from error


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value]
    return value

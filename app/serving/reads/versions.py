"""Versions of datasets and jobs: ids that follow from what they are, so that they stay the same.

A dataset has another version whenever an event or a catalogue told another list of columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import pairwise
from uuid import UUID

import msgspec

from app.serving.reads.asking import MOST_ROWS
from ingest.deriving.columns import DOCUMENT, lists_of
from ingest.deriving.timeline import Told
from lineage.calendar import iso_day
from lineage.names import DatasetId, JobId, NodeId
from lineage.store import Store

Columns = tuple[tuple[str, str], ...]  # name and type, in the order of the table
_decode = msgspec.json.Decoder(Told).decode


class Listed(msgspec.Struct, frozen=True, order=True):
    """A list of columns, and from when on it held: an ISO time, empty when nobody said."""

    since: str
    columns: Columns


def told_lists(store: Store, dataset: DatasetId) -> list[Listed]:
    """The lists of columns that events and catalogues told, the newest first."""
    (page,) = store.pages(DOCUMENT, [lists_of(dataset)], MOST_ROWS)
    found = sorted({one for document in page for one in _listed(_decode(document.body))})
    changes = [new for old, new in pairwise(found) if old.columns != new.columns]
    return [*found[:1], *changes][::-1]


def _listed(told: Told) -> Iterator[Listed]:
    for said in told.said:
        for telling in said.tellings:
            if not said.days:
                yield Listed("", telling.columns)
            for day in said.days:
                yield Listed(f"{iso_day(day)}{told.time or 'T00:00:00Z'}", telling.columns)


def version_of_columns(dataset: DatasetId, columns: Columns) -> str:
    """The id of a dataset with these columns."""
    return _digest(dataset.namespace, dataset.name, *(part for one in columns for part in one))


def version_of_job(job: JobId, inputs: Iterable[NodeId], outputs: Iterable[NodeId]) -> str:
    """The id of a job with these inputs and outputs."""
    sides = (one for side in (inputs, outputs) for one in ("", *sorted(map(str, side))))
    return _digest(job.namespace, job.name, *sides)


def _digest(*parts: str) -> str:
    digest = blake2b("\x1f".join(parts).encode(), digest_size=16).digest()
    return str(UUID(bytes=digest, version=5))

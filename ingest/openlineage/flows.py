"""Which columns flow where, and which datasets: the columnLineage and the lineage facets.

Source: columnLineage 1-2-0 and its older forms; LineageFacet 1-0-0, which says explicitly what
feeds what, at the level of datasets, jobs and fields, and so supersedes the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from ingest.identity import canonical
from ingest.openlineage.events import DatasetRef, Event, Json, items, job_id, mapping, text
from lineage.errors import InvalidEvent, InvalidName
from lineage.model import Role
from lineage.names import ColumnId, DatasetId, JobId, clean

ColumnFlow = tuple[ColumnId, ColumnId, Role]
ColumnUse = tuple[ColumnId, Role]
# Subtypes that engines emit beside the nine roles.
_ROLES = {role.value: role for role in Role} | {"MASKED": Role.TRANSFORMATION}


class Columns(msgspec.Struct, frozen=True):
    """The flows into a dataset, the columns that steer it, and those that arrive masked."""

    flows: tuple[ColumnFlow, ...] = ()
    uses: tuple[ColumnUse, ...] = ()
    masked: tuple[ColumnId, ...] = ()


class Stated(msgspec.Struct, frozen=True):
    """What a lineage facet says of one target.

    whole: whether it says all that feeds the target as a whole; nothing does when the sources are
    empty then. job: the target when it is a job, or the job that a source stands for.
    """

    target: DatasetId | JobId
    whole: bool
    datasets: frozenset[DatasetId] = frozenset()
    jobs: frozenset[JobId] = frozenset()
    columns: Columns = Columns()

    @property
    def says_columns(self) -> bool:
        """Whether it stands in the place of column lineage that is told elsewhere."""
        return self.whole or bool(self.columns.uses)


_SMALL = 16 * 1024  # bytes of a facet that is remembered


def column_lineage(output: DatasetRef) -> Columns:
    """What the columnLineage facet of an output says; a job repeats it with each of its events."""
    facet = mapping(output.facets.get("columnLineage"))
    if not facet:
        return Columns()
    encoded = msgspec.json.encode(facet)
    return (_remembered if len(encoded) <= _SMALL else _column_lineage)(output.id, encoded)


def _column_lineage(dataset: DatasetId, encoded: bytes) -> Columns:
    facet = mapping(msgspec.json.decode(encoded))
    found = _Found()
    for name, field in mapping(facet.get("fields")).items():
        target = ColumnId(dataset, clean(name))
        if target.name:
            found.field(target, items(mapping(field).get("inputFields")), mapping(field))
    for source in items(facet.get("dataset")):
        found.steer(source)
    return found.columns


_remembered = lru_cache(maxsize=512)(_column_lineage)


def stated_lineage(event: Event) -> list[Stated]:
    """What the lineage facets of an event say, of its outputs and of its job."""
    found = []
    for output in event.outputs:
        facet = mapping(output.facets.get("lineage"))
        if facet and facet.get("_deleted") is not True:
            found.append(_stated(output.id, facet, event.job))
    for entry in items(mapping(event.job_facets.get("lineage")).get("entries")):
        target = _end(entry, event.job)
        if target is not None:
            found.append(_stated(target, entry, event.job))
    return found


def _stated(target: DatasetId | JobId, facet: Json, job: JobId | None) -> Stated:
    found = _Found()
    datasets: set[DatasetId] = set()
    jobs: set[JobId] = set()
    for end in _sources(facet, job):
        if isinstance(end, DatasetId):
            datasets.add(end)
        else:
            jobs.add(end)
    for source in items(facet.get("inputs")):
        found.steer(source)
    if isinstance(target, DatasetId):
        for name, field in mapping(facet.get("fields")).items():
            if clean(name):
                column = ColumnId(target, clean(name))
                found.field(column, items(mapping(field).get("inputs")), {})
    whole = isinstance(facet.get("inputs"), list)
    return Stated(target, whole, frozenset(datasets), frozenset(jobs), found.columns)


def _sources(facet: Json, job: JobId | None) -> Iterator[DatasetId | JobId]:
    """Every dataset and job that the facet names as a source, of the whole or of a field."""
    fields = mapping(facet.get("fields")).values()
    of_fields = (source for field in fields for source in items(mapping(field).get("inputs")))
    for source in (*items(facet.get("inputs")), *of_fields):
        end = _end(source, job)
        if end is not None:
            yield end


def _end(said: Json, job: JobId | None) -> DatasetId | JobId | None:
    """The dataset or job that one end of a stated edge means; a nameless job is the event's."""
    if text(said.get("type")).upper() != "JOB":
        return _dataset(said)
    if not said.get("namespace") and not said.get("name"):
        return job
    try:
        return job_id(said, "$")
    except InvalidEvent:
        return None


def _dataset(said: Json) -> DatasetId | None:
    try:
        return canonical(text(said.get("namespace")), text(said.get("name")))
    except InvalidName:
        return None


class _Found:
    """Flows and uses as they are met; each is kept once, in the order of the event."""

    def __init__(self) -> None:
        self._flows: dict[ColumnFlow, None] = {}
        self._uses: dict[ColumnUse, None] = {}
        self._masked: list[ColumnId] = []

    @property
    def columns(self) -> Columns:
        return Columns(tuple(self._flows), tuple(self._uses), tuple(self._masked))

    def field(self, target: ColumnId, sources: list[Json], field: Json) -> None:
        """Takes in the sources of one column."""
        masked = []
        for source in sources:
            column = _column(source)
            for role in _roles(source, field) if column else ():
                assert column is not None
                self._uses[column, role] = None
                if role.direct:
                    self._flows[column, target, role] = None
            if column:
                masked += _masking(source, field)
        if masked and all(masked):
            self._masked.append(target)

    def steer(self, source: Json) -> None:
        """Takes in a column that steers the whole dataset; what has no field is no column."""
        column = _column(source)
        for role in _transformed(source) or [Role.CONDITIONAL] if column else ():
            assert column is not None
            self._uses[column, role] = None


def _column(source: Json) -> ColumnId | None:
    field, dataset = clean(text(source.get("field"))), _dataset(source)
    return ColumnId(dataset, field) if field and dataset else None


def _roles(source: Json, field: Json) -> list[Role]:
    # Before 1-1-0 the kind stood on the output field, if anywhere.
    old = text(field.get("transformationType")).upper()
    return _transformed(source) or [Role.IDENTITY if old == "IDENTITY" else Role.TRANSFORMATION]


def _transformed(source: Json) -> list[Role]:
    """The roles that the transformations say; a subtype that contradicts its type says nothing."""
    found = set()
    for transformation in items(source.get("transformations")):
        type_ = text(transformation.get("type")).upper()
        role = _ROLES.get(text(transformation.get("subtype")).upper())
        if role is None or (type_ and role.direct == (type_ == "INDIRECT")):
            role = Role.CONDITIONAL if type_ == "INDIRECT" else Role.TRANSFORMATION
        found.add(role)
    return sorted(found)


def _masking(source: Json, field: Json) -> list[bool]:
    """Of each transformation by which the value itself travels, whether it masks it."""
    said = items(source.get("transformations"))
    if not said:
        return [text(field.get("transformationType")).upper() == "MASKED"]
    direct = (one for one in said if text(one.get("type")).upper() != "INDIRECT")
    return [one.get("masking") is True or one.get("subtype") == "MASKED" for one in direct]

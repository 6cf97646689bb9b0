"""What facets say: columns and how they flow, owners, kinds. Unknown facets are left alone.

Source: the facet schemas of OpenLineage spec 2-0-2; columnLineage 1-2-0 and its older forms.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.deriving.additions import Additions
from ingest.identity import canonical
from ingest.openlineage.events import DatasetRef, Event, Json, items, job_id, mapping, text
from lineage.errors import InvalidEvent, InvalidName
from lineage.model import EdgeType, Fact, Node, Origin, Role
from lineage.names import ColumnId, DatasetId, JobId, clean, team

ColumnFlow = tuple[ColumnId, ColumnId, Role]
ColumnUse = tuple[ColumnId, Role]
_OWNERS = frozenset({"team", "group", "user"})
# Subtypes that engines emit beside the nine roles.
_ROLES = {role.value: role for role in Role} | {"MASKED": Role.TRANSFORMATION}


def column_lineage(output: DatasetRef) -> tuple[list[ColumnFlow], list[ColumnUse]]:
    """The column flows into an output, and the columns that steer it as a whole."""
    facet = mapping(output.facets.get("columnLineage"))
    flows: list[ColumnFlow] = []
    uses: list[ColumnUse] = []
    for name, field in mapping(facet.get("fields")).items():
        target = ColumnId(output.id, clean(name))
        for source in items(mapping(field).get("inputFields")):
            column = _column(source)
            for role in _roles(source, mapping(field)) if column and target.name else ():
                assert column is not None
                uses.append((column, role))
                if role.direct:
                    flows.append((column, target, role))
    for source in items(facet.get("dataset")):
        column = _column(source)
        if column:
            uses.extend((column, role) for role in _roles(source, {}))
    return flows, uses


def _column(source: Json) -> ColumnId | None:
    field = clean(text(source.get("field")))
    try:
        dataset = canonical(text(source.get("namespace")), text(source.get("name")))
    except InvalidName:
        return None
    return ColumnId(dataset, field) if field else None


def _roles(source: Json, field: Json) -> list[Role]:
    found = []
    for transformation in items(source.get("transformations")):
        subtype = text(transformation.get("subtype")).upper()
        direct = text(transformation.get("type")).upper() != "INDIRECT"
        found.append(_ROLES.get(subtype, Role.TRANSFORMATION if direct else Role.CONDITIONAL))
    if found:
        return sorted(set(found))
    # Before 1-1-0 the kind stood on the output field, if anywhere.
    old = text(field.get("transformationType")).upper()
    return [Role.IDENTITY if old == "IDENTITY" else Role.TRANSFORMATION]


def schema(dataset: DatasetRef, at: str, *, complete: bool) -> Iterator[Node]:
    """The columns of a schema facet, nested fields by path.

    complete: the list is all there is; the schema of an input may hold only what was read.
    """
    fields = items(mapping(dataset.facets.get("schema")).get("fields"))
    for ordinal, (path, field) in enumerate(_fields(fields, "")):
        facts = {"type": text(field.get("type")), "description": text(field.get("description"))}
        if complete and "." not in path:
            facts["ordinal"] = str(ordinal)
        known = {name: Fact(at, value) for name, value in facts.items() if value}
        yield Node(ColumnId(dataset.id, path), known)


def _fields(fields: list[Json], prefix: str) -> Iterator[tuple[str, Json]]:
    for field in fields:
        name = clean(text(field.get("name")))
        if name:
            yield prefix + name, field
            yield from _fields(items(field.get("fields")), f"{prefix}{name}.")


def describe_dataset(add: Additions, dataset: DatasetRef, at: str, *, written: bool) -> None:
    """Adds what the facets of a dataset say of it."""
    facets = dataset.facets
    change = text(mapping(facets.get("lifecycleStateChange")).get("lifecycleStateChange")).upper()
    add.node(
        dataset.id,
        at,
        kind=text(mapping(facets.get("datasetType")).get("datasetType")).lower(),
        description=text(mapping(facets.get("documentation")).get("description")),
        dropped={"DROP": "true", "CREATE": "false", "OVERWRITE": "false"}.get(change, ""),
    )
    columns = []
    for node in schema(dataset, at, complete=written):
        assert isinstance(node.id, ColumnId)
        add.column(node.id, Origin.OPENLINEAGE)
        add.facts(node)
        if "ordinal" in node.facts:
            columns.append((node.id.name, node.value("type")))
    add.listed(dataset.id, tuple(columns), at)
    _owners(add, dataset.id, facets)
    for link in items(mapping(facets.get("symlinks")).get("identifiers")):
        try:
            other = canonical(text(link.get("namespace")), text(link.get("name")))
        except InvalidName:
            continue
        if other != dataset.id:
            add.edge(EdgeType.SAME_AS, dataset.id, other, origin=Origin.OPENLINEAGE)


def describe_job(add: Additions, event: Event, job: JobId, at: str) -> None:
    """Adds what the facets of a job and its run say of it."""
    facets = event.job_facets
    type_ = mapping(facets.get("jobType"))
    add.node(
        job,
        at,
        kind=text(type_.get("jobType")).lower() or "job",
        integration=text(type_.get("integration")).lower(),
        processing=text(type_.get("processingType")).lower(),
        description=text(mapping(facets.get("documentation")).get("description")),
        url=text(mapping(facets.get("sourceCodeLocation")).get("url")),
    )
    _owners(add, job, facets)
    parent = mapping(mapping(event.run_facets.get("parent")).get("job"))
    if parent:
        try:
            parent_id = job_id(parent, "$.run.facets.parent.job")
        except InvalidEvent:
            return
        if parent_id != job:
            add.edge(EdgeType.PART_OF, job, parent_id, origin=Origin.OPENLINEAGE)


def _owners(add: Additions, owned: DatasetId | JobId, facets: Json) -> None:
    """Who owns it: `team:x`, `group:x`, or a person, `user:x`, who is a team of one."""
    for owner in items(mapping(facets.get("ownership")).get("owners")):
        said = clean(text(owner.get("name")))
        kind, colon, rest = said.partition(":")
        name = rest.strip() if colon and kind.lower() in _OWNERS else said
        if name:
            add.edge(EdgeType.OWNS, team(name), owned, origin=Origin.OPENLINEAGE)
            if kind.lower() == "user":
                add.node(team(name), contact=name)

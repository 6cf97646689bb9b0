"""What an answer says to whom persons may not be named."""

from __future__ import annotations

from msgspec.structs import replace

from app.serving.reads.shapes import Json
from lineage.analyses.breaking.impacted import PERSON, people_among
from lineage.analyses.reach.walk import Walk
from lineage.store import Store

# Facets that name nobody; of all others that is not known.
_IMPERSONAL = frozenset({
    "catalog", "columnLineage", "dataQualityAssertions", "dataQualityMetrics", "dataSource",
    "datasetType", "dataset", "documentation", "externalQuery", "hierarchy", "icebergCommitReport",
    "icebergScanReport", "inputStatistics", "jobDependencies", "jobType", "lifecycleStateChange",
    "lineage", "nominalTime", "outputStatistics", "parent", "parentRun", "processing_engine",
    "schema", "sourceCodeLocation", "sql", "storage", "subset", "symlinks", "tags", "version",
})  # fmt: skip
_FACETS = ("facets", "inputFacets", "outputFacets")


def facets_without_people(facets: Json) -> Json:
    """The facets that name nobody."""
    return {name: facet for name, facet in facets.items() if name in _IMPERSONAL}


def event_without_people(event: Json) -> Json:
    """An event with the facets that name nobody."""
    found: dict[str, object] = {}
    for key, value in event.items():
        if isinstance(value, dict):
            found[key] = _bare(value)
        elif isinstance(value, list):
            found[key] = [_bare(one) if isinstance(one, dict) else one for one in value]
        else:
            found[key] = value
    return found


def _bare(entity: Json) -> Json:
    kept = {
        kind: facets_without_people(facets)
        for kind in _FACETS
        if isinstance(facets := entity.get(kind), dict)
    }
    return {**entity, **kept}


def walk_without_people(store: Store, walk: Walk) -> Walk:
    """The walk with its persons told apart and not named."""
    consumers = [node.id for node in walk.nodes if node.label == "Consumer"]
    people = people_among(store, consumers)
    numbers = {id_: number for number, id_ in enumerate(filter(people.__contains__, consumers), 1)}
    names = {id_: f"{PERSON}:{number}" for id_, number in numbers.items()}
    return replace(
        walk,
        nodes=tuple(
            replace(
                node,
                id=names[node.id],
                name=str(numbers[node.id]),
                title=f"a person ({numbers[node.id]})",
            )
            if node.id in names
            else node
            for node in walk.nodes
        ),
        edges=tuple(
            replace(edge, target=names[edge.target]) if edge.target in names else edge
            for edge in walk.edges
        ),
    )

"""Every read: its path, what it takes, what answers it.

A path that could be read as a longer one stands behind it: a part of a path may hold slashes.
"""

from __future__ import annotations

from app.serving.reads import answers, events, graphs, listings, run_lineage, shapes
from app.serving.reads.endpoints import Endpoint, Parameter
from lineage.analyses.breaking.impact import Impact
from lineage.analyses.disuse.orphans import Orphans
from lineage.analyses.reach.path import Path
from lineage.analyses.reach.walk import Walk
from lineage.analyses.stats import Stats
from lineage.analyses.use.usage import WhoUses

_PAGE = (
    Parameter("limit", "rows of the page, 100 unless said", "integer"),
    Parameter("offset", "rows before the page", "integer"),
)
_DEPTH = Parameter("depth", "how far to walk, 20 unless said", "integer")
_AS_OF = Parameter("as_of", "as it was at the end of that UTC day, 2026-10-31; else the last one")
_WINDOW = Parameter("window", "the days that counts look back, 90d unless said")
_DATASET = Parameter("dataset", "namespace:name, or any unique end of the name", required=True)
_COLUMN = Parameter("column", "one of its columns")
_DIALECT = Parameter("dialect", "of the SQL")
_OF_WALK = (
    _DATASET,
    _COLUMN,
    Parameter("depth", "how many datasets far; all of it unless said", "integer"),
    Parameter("all_roles", "of a column, also filters, joins, groups", "boolean"),
    _AS_OF,
)
_SPAN = (
    Parameter("after", "from this time on, ISO 8601"),
    Parameter("before", "before this time, ISO 8601"),
    Parameter("sortDirection", "desc, unless asc is said"),
    *_PAGE,
)
_DATASETS, _JOBS = "/namespaces/{namespace}/datasets", "/namespaces/{namespace}/jobs"

ENDPOINTS = (
    Endpoint(
        "/lineage", "Datasets and jobs upstream and downstream", graphs.lineage, shapes.Lineage,
        (Parameter("nodeId", "dataset:NAMESPACE:NAME, job:NAMESPACE:NAME", required=True), _DEPTH),
    ),
    Endpoint(
        "/column-lineage", "What columns are made of", graphs.column_lineage, shapes.ColumnLineage,
        (
            Parameter(
                "nodeId",
                "dataset:NAMESPACE:NAME, datasetField:NAMESPACE:NAME:FIELD or job:NAMESPACE:NAME",
                required=True,
            ),
            _DEPTH,
            Parameter("withDownstream", "also what is made of them", "boolean"),
        ),
    ),
    Endpoint(
        "/search", "Datasets and jobs by a part of their name", listings.search,
        shapes.SearchResult,
        (
            Parameter("q", "a part of the name", required=True),
            Parameter("filter", "DATASET or JOB"),
            Parameter("sort", "NAME or UPDATE_AT"),
            Parameter("namespace", "only in this namespace"),
            Parameter("limit", "rows, 10 unless said", "integer"),
        ),
    ),
    Endpoint(
        f"{_DATASETS}/{{dataset}}/versions/{{version}}", "A version of a dataset",
        listings.version, shapes.Version,
    ),
    Endpoint(
        f"{_DATASETS}/{{dataset}}/versions", "The versions of a dataset", listings.versions,
        shapes.Versions, _PAGE,
    ),
    Endpoint(f"{_DATASETS}/{{dataset}}", "A dataset", listings.dataset, shapes.Dataset),
    Endpoint(_DATASETS, "Datasets of a namespace", listings.datasets_of, shapes.Datasets, _PAGE),
    Endpoint(f"{_JOBS}/{{job}}/runs", "The runs of a job", listings.runs, shapes.Runs, _PAGE),
    Endpoint(f"{_JOBS}/{{job}}", "A job", listings.job, shapes.Job),
    Endpoint(_JOBS, "The jobs of a namespace", listings.jobs_of, shapes.Jobs, _PAGE),
    Endpoint("/namespaces/{namespace}", "A namespace", listings.namespace, shapes.Namespace),
    Endpoint("/namespaces", "The namespaces", listings.namespaces, shapes.Namespaces, _PAGE),
    Endpoint("/sources/{source}", "A source", listings.source, shapes.Source),
    Endpoint("/sources", "The sources", listings.sources, shapes.Sources, _PAGE),
    Endpoint("/tags", "The tags", listings.tags, shapes.Tags, _PAGE),
    Endpoint(
        "/jobs/runs/{run}/facets", "The facets of a run", events.run_facets, shapes.RunFacets,
        (Parameter("type", "run or job"),),
    ),
    Endpoint("/jobs/runs/{run}", "A run", listings.run, shapes.Run),
    Endpoint("/jobs", "The jobs of all namespaces", listings.all_jobs, shapes.Jobs, _PAGE),
    Endpoint(
        "/runlineage/upstream", "The runs that made what a run read", run_lineage.upstream_runs,
        shapes.RunLineage, (Parameter("runId", "the id of the run", required=True), _DEPTH),
    ),
    Endpoint(
        "/events/lineage", "The events as they came, values masked", events.events, shapes.Events,
        _SPAN,
    ),
    Endpoint(
        "/events", "The same, as marquez-python asks for it", events.events, shapes.Events, _SPAN
    ),
    Endpoint(
        "/who-uses", "Who uses a dataset or column", answers.who_uses, WhoUses,
        (_DATASET, _COLUMN, _WINDOW, _AS_OF), ours=True,
    ),
    Endpoint(
        "/impact", "What a change breaks", answers.impact, Impact,
        (
            Parameter("change", "in words or DDL", required=True, several=True),
            _DIALECT, _WINDOW, _AS_OF,
        ),
        ours=True,
    ),
    Endpoint(
        "/impact", "What a migration breaks", answers.impact, Impact,
        (_DIALECT, _WINDOW, _AS_OF), body="the SQL of the migration", ours=True,
    ),
    Endpoint(
        "/orphans", "What nobody owns, produces or uses", answers.orphans, Orphans,
        (
            Parameter("class", "only this label", several=True),
            Parameter("domain", "only datasets of this domain"), _WINDOW, _AS_OF,
        ),
        ours=True,
    ),
    Endpoint("/downstream", "What is made of it", answers.downstream, Walk, _OF_WALK, ours=True),
    Endpoint("/upstream", "What it is made of", answers.upstream, Walk, _OF_WALK, ours=True),
    Endpoint(
        "/path", "How one reaches the other", answers.path, Path,
        (
            Parameter("source", "a dataset, job or consumer", required=True),
            Parameter("target", "a dataset, job or consumer", required=True),
            Parameter("column", "both are columns", "boolean"),
            Parameter("delay", "what a delay of the source does: 2h, 90min, 1d"),
            _AS_OF,
        ),
        ours=True,
    ),
    Endpoint(
        "/stats", "How much is in the store", answers.stats, Stats,
        (Parameter("hash", "also the order-free hash of the graph", "boolean"),), ours=True,
    ),
)  # fmt: skip

"""What an event says of its SQL: the text, and the id that the warehouse gave the statement.

Value literals are masked before anything is kept. Source: SQLJobFacet 1-1-0 and
ExternalQueryRunFacet 1-0-2 of OpenLineage spec 2-0-2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from ingest.attribution import RUN, Issuer
from ingest.folding.cells import Template, template
from ingest.folding.finding import no_use
from ingest.folding.ledger import statement_key
from ingest.identity import canonical, dataset_of
from ingest.masking.template import Masks, fingerprint, mask
from ingest.openlineage.dialect import dialect_in, dialect_of
from ingest.openlineage.events import Event, mapping, text
from ingest.record import Stated, StatedTable
from ingest.sql import Context, Table
from ingest.sql.dialects import rules
from lineage.errors import InvalidName
from lineage.names import DatasetId, JobId, parts

_LONGEST: Final = 200_000  # characters of a text
# Namespaces in which a table is no name of SQL: its data is, in a file or a stream.
_NO_TABLES: Final = frozenset({
    "abfss", "dbfs", "file", "gs", "hdfs", "inmemory", "kafka", "pubsub", "s3", "wasbs",
})  # fmt: skip
_LOCATED: Final = re.compile(r"[\w-]+\.(?=[^.]+$)")  # BigQuery's location in front of a job's id


class SqlText(msgspec.Struct, frozen=True):
    """A masked text; dialect: the one that its event tells or shows, else empty."""

    sql: str
    dialect: str

    @property
    def key(self) -> str:
        """Its name among the texts of its job."""
        return fingerprint(self.sql, self.dialect)

    def within(self, other: SqlText) -> bool:
        """Whether the other is the same text, of which more was known."""
        if self.dialect or not other.dialect:
            return False
        return mask(self.sql, other.dialect).text == other.sql


class Tables(msgspec.Struct, frozen=True):
    """The datasets of a job as its events name them; covered: outputs with column lineage."""

    reads: frozenset[DatasetId] = frozenset()
    writes: frozenset[DatasetId] = frozenset()
    covered: frozenset[DatasetId] = frozenset()

    @property
    def structure(self) -> str:
        """What tells apart the sets of tables that give a text another meaning."""
        sides = (self.reads, self.writes, self.covered)
        return fingerprint(*("\x1e".join(sorted(map(str, side))) for side in sides))


class Place(msgspec.Struct, frozen=True):
    """Where a text is at home: what its names mean without more."""

    namespace: str
    names: Context


class Reader:
    """Reads the sql facets of events."""

    def __init__(self) -> None:
        self._masks: dict[str, Masks] = {}

    def read(self, event: Event) -> SqlText | None:
        """The text of an event; None when it has none, or none that uses data.

        Its sql is empty when nobody can tell where its literals are.
        """
        facet = mapping(event.job_facets.get("sql"))
        query = text(facet.get("query")).strip()
        if not query:
            return None
        dialect = rules(dialect_of(event)).name
        if len(query) > _LONGEST:
            return SqlText("", dialect)
        masks = self._masks.setdefault(dialect, Masks(dialect))
        masked = masks.mask(query)
        if masked.reason:
            return SqlText("", dialect)
        return None if no_use(masked.text, dialect) else SqlText(masked.text, dialect)


def statements_of(event: Event) -> Iterator[tuple[str, bytes]]:
    """Namespace of the log and key in it of the statement that was the event's run.

    A source that is no address of a platform is one of those that the event's datasets are in. An
    id of BigQuery without its project may be of any project that the event names.
    """
    facet = mapping(event.run_facets.get("externalQuery"))
    query = text(facet.get("externalQueryId")).strip()
    if not query:
        return
    datasets = [one.id for one in (*event.inputs, *event.outputs)]
    source = text(facet.get("source")).strip()
    if "://" in source or source.lower() in ("bigquery", "arn"):
        namespaces = {_namespace(source)}
    else:
        namespaces = {one.namespace for one in datasets if _scheme(one.namespace) not in _NO_TABLES}
    for namespace in sorted(namespaces - {""}):
        for name in _ids(query, namespace, datasets):
            yield namespace, statement_key(namespace, name)


def job_issuer(job: JobId) -> Issuer:
    """The issuer of the statements that a job's runs are."""
    return Issuer(job.namespace, job.name, RUN, writes=True)


def place_of(tables: Tables) -> Place | None:
    """Where the texts of a job with these tables are at home; None when the tables do not tell.

    It is where its tables are, those written before those read; the database and schema are those
    that all of them share.
    """
    for side in (tables.writes, tables.reads):
        found = [one for one in side if _scheme(one.namespace) not in _NO_TABLES]
        if len({one.namespace for one in found}) == 1:
            namespace = found[0].namespace
            both = (one for one in (*tables.reads, *tables.writes) if one.namespace == namespace)
            return Place(namespace, _shared([parts(one.name) for one in both], namespace))
        if found:
            return None
    return None


def template_in(place: Place, said: SqlText) -> Template:
    """The template of a text in its place: the one of a log that holds the same statement."""
    dialect = said.dialect or dialect_in(place.namespace)
    sql = said.sql if dialect == said.dialect else mask(said.sql, dialect).text
    return template(place.namespace, sql, dialect, place.names)


def stated(tables: Tables, place: Place) -> Stated:
    """The tables of a job in the terms of a statement; a side that is empty is not told."""
    reads, writes = (_tables(side, place.namespace) for side in (tables.reads, tables.writes))
    return Stated(reads or None, writes or None)


def table_of(dataset: DatasetId, namespace: str) -> Table | None:
    """The table or path by which a statement of that namespace means a dataset, if there is one."""
    if dataset.namespace == namespace:
        found = Table(parts(dataset.name))
    else:
        found = Table((f"{dataset.namespace}/{dataset.name.lstrip('/')}",), "path")
    return found if found.parts and dataset_of(found, namespace) == dataset else None


def _tables(datasets: Iterable[DatasetId], namespace: str) -> tuple[StatedTable, ...]:
    found = (table_of(dataset, namespace) for dataset in sorted(datasets))
    return tuple(StatedTable(table.parts, table.kind) for table in found if table)


def _shared(names: list[tuple[str, ...]], namespace: str) -> Context:
    two_levels = rules(dialect_in(namespace)).two_levels
    schemas = {name[-2] for name in names if len(name) > 2 or (len(name) == 2 and not two_levels)}
    databases = {name[-3] for name in names if len(name) > 2}
    databases |= {name[0] for name in names if len(name) == 2 and two_levels}
    return Context(
        databases.pop() if len(databases) == 1 else "", schemas.pop() if len(schemas) == 1 else ""
    )


def _scheme(namespace: str) -> str:
    return namespace.partition(":")[0].lower()


def _namespace(source: str) -> str:
    try:
        return canonical(source, "x").namespace
    except InvalidName:
        return ""


def _ids(query: str, namespace: str, datasets: Iterable[DatasetId]) -> set[str]:
    if namespace != "bigquery":
        return {query}
    project, colon, job = query.rpartition(":")
    if colon:
        return {f"{project}:{_LOCATED.sub('', job)}"}
    projects = {parts(one.name)[0] for one in datasets if one.namespace == namespace}
    return {query, *(f"{project}:{query}" for project in projects)}

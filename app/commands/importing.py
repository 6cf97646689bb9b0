"""`lineage import`."""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
import msgspec

from app.options import console, format_option, store_option
from lineage.errors import StoreMissing

if TYPE_CHECKING:
    from ingest.declared.sources import SourceFlags
    from ingest.engines.rounds import Engine
    from ingest.pipeline import ImportOptions
    from ingest.report import ImportReport
    from lineage.store import Store

PARTIAL = 5  # done, but something was not understood


class Said(msgspec.Struct, frozen=True):
    """What the user said of an import; an empty path is no file."""

    flags: SourceFlags
    sources: str = ""
    catalogs: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    prices: str = ""
    columns: str = ""
    workers: int = 0
    retain: int = 0

    @property
    def processes(self) -> int:
        """How many work beside the import; as many as there are cores, unless somebody said."""
        return self.workers or os.cpu_count() or 2


@click.command("import")
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option("--source", "source", default="auto", metavar="FORMAT", help="see `lineage formats`")
@click.option("--namespace", default="", help="of the datasets, as postgres://host:5432")
@click.option("--dialect", default="", help="of the SQL, as snowflake")
@click.option("--default-db", default="", help="database of names that have none")
@click.option("--default-schema", default="", help="schema of names that have none")
@click.option("--timezone", default="", help="of times without a zone, as Europe/Berlin [UTC]")
@click.option("--sources", default="", metavar="FILE", help="sources.yml: all of this by file")
@click.option("--catalog", "catalogs", multiple=True, metavar="FILE", help="columns: CSV or JSON")
@click.option(
    "--owners",
    multiple=True,
    metavar="FILE",
    help="CSV: dataset,team,domain,contact; teams as YAML, CODEOWNERS, dbt manifest.json",
)
@click.option(
    "--members",
    multiple=True,
    metavar="FILE",
    help="CSV: principal,team; teams as YAML, an export of SCIM or LDAP",
)
@click.option(
    "--consumers",
    multiple=True,
    metavar="FILE",
    help="CSV: id,title,url,owner,team,tier; what a BI tool's API answers",
)
@click.option(
    "--edges",
    multiple=True,
    metavar="FILE",
    help="CSV: from,to,columns,actor,reason,until; Kafka Connect, dbt manifest.json",
)
@click.option(
    "--aliases",
    multiple=True,
    metavar="FILE",
    help="CSV: namespace,name,to_namespace,to_name,regex: other names of datasets",
)
@click.option(
    "--domains",
    multiple=True,
    metavar="FILE",
    help="YAML: domains and data products; CSV: dataset,domain,product",
)
@click.option("--prices", default="", metavar="FILE", help="YAML: what storage and reading cost")
@click.option("--map", "mapping", default="", metavar="K=COL,…", help="text=query,user=who")
@click.option("--workers", default=0, metavar="N", help="processes [default: the cores]")
@click.option(
    "--retain-ledger",
    "retain",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="forget which older statements are counted, and refuse them from now on",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="who reads query logs: this machine, or a Spark cluster",
)
@click.option("--spark-master", default="", metavar="URL", help="as spark-submit --master")
@click.option("--plan", "only_plan", is_flag=True, help="say what would change, and stop")
@click.option(
    "--watch", "watched", is_flag=True, help="PATH is a folder: import what arrives in it"
)
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="of --watch",
)
@click.option("--strict", is_flag=True, help=f"exit {PARTIAL} when a record was not understood")
@store_option
@format_option
def import_command(
    paths: tuple[str, ...], source: str, namespace: str, dialect: str, default_db: str,
    default_schema: str, timezone: str, sources: str, catalogs: tuple[str, ...],
    owners: tuple[str, ...], members: tuple[str, ...], consumers: tuple[str, ...],
    edges: tuple[str, ...], aliases: tuple[str, ...], domains: tuple[str, ...], prices: str,
    mapping: str, workers: int, retain: int | None, engine: str, spark_master: str, only_plan: bool,
    watched: bool, every: float, strict: bool, store: str, form: str,
) -> None:  # fmt: skip
    """Import query logs and OpenLineage events: files, folders, globs, - for standard input.

    Run it again after whatever happened: what is counted is not counted twice. Without a PATH it
    only takes in what --catalog, --owners, --members, --consumers, --edges, --aliases, --domains
    and --prices declare.
    """
    from ingest.declared.sources import SourceFlags

    flags = SourceFlags(
        namespace=namespace, dialect=dialect, default_db=default_db,
        default_schema=default_schema, timezone=timezone,
        format="" if source == "auto" else source,
    )  # fmt: skip
    said = Said(
        flags, sources, catalogs, owners, members, consumers, edges, aliases, domains, prices,
        mapping, workers, retain or 0,
    )  # fmt: skip
    declared = (*catalogs, *owners, *members, *consumers, *edges, *aliases, *domains, prices)
    if not paths and (only_plan or watched or not any(declared)):
        raise click.UsageError("Missing argument 'PATH...'.")
    if watched and (only_plan or strict):
        unlike = "--plan" if only_plan else "--strict"
        raise click.UsageError(f"--watch does not end by itself: leave out {unlike}")
    if engine == "spark" and only_plan:
        raise click.UsageError("--plan reads on this machine: leave out --engine")
    if engine != "spark" and spark_master:
        raise click.UsageError("--spark-master is for --engine spark")
    if engine == "local" and said.processes > 1:
        _make_ready(paths)
    options = import_options(said)
    if only_plan:
        _print_plan(store, paths, options, form)
        return
    with _engine(engine, spark_master) as reader:
        options = msgspec.structs.replace(options, engine=reader)
        if watched:
            from app.commands.watch import watch

            def take(files: tuple[str, ...]) -> None:
                run_import(store, files, options, form=form, strict=False)

            watch(paths, take, every)
        else:
            run_import(store, paths, options, form=form, strict=strict)


def _make_ready(paths: tuple[str, ...]) -> None:
    """Has processes for a long file get ready, while this one reads what else was named."""
    from ingest.processes import WORTH_IT, make_ready

    files = [path for path in map(Path, paths) if path.is_file()]
    if any(file.stat().st_size >= WORTH_IT for file in files):
        make_ready()


def _engine(name: str, master: str) -> AbstractContextManager[Engine | None]:
    """Who reads query logs; None for this process."""
    if name == "local":
        return nullcontext()
    from ingest.engines.spark import Spark

    return closing(Spark(master))


def import_options(said: Said) -> ImportOptions:
    """What the importer needs, of what the user said; files that are named are read now."""
    from ingest.declared.catalogs import read_catalogue
    from ingest.declared.declare import read_declarations
    from ingest.declared.sources import SourceBook
    from ingest.pipeline import ImportOptions

    flags = said.flags
    path = Path(said.sources)
    book = SourceBook.load(path, flags) if said.sources else SourceBook.from_flags(flags)
    catalogues = {
        file: read_catalogue(file, source.namespace)
        for source in book.all()
        for file in source.catalog
    }
    for name in said.catalogs:
        file = Path(name)
        namespace = book.of(name, says_all=True).namespace  # it has no SQL
        catalogues.setdefault(file.resolve(), read_catalogue(file, namespace))
    # A comma belongs to the value unless another key follows it.
    pairs = [pair.partition("=") for pair in re.split(r",(?=[^,=]+=)", said.columns) if pair]
    if not all(equals for _, equals, _ in pairs):
        raise click.BadParameter(f"{said.columns!r}: write it as text=query,user=who")
    return ImportOptions(
        book=book,
        catalogues=tuple(catalogues.values()),
        declarations=read_declarations(
            said.owners,
            said.members,
            said.consumers,
            said.edges,
            said.aliases,
            said.domains,
            said.prices,
        ),
        columns={key: column for key, _, column in pairs},
        workers=said.processes,
        retain=said.retain,
    )


def run_import(
    url: str, paths: tuple[str, ...], options: ImportOptions, *, form: str, strict: bool
) -> None:
    """Imports into the store at `url`, showing progress, and prints the report."""
    from app.text.importing import Watch
    from ingest.pipeline import import_paths
    from lineage.stores import open_store

    # Records come by the hundred thousand and are in no cycle: the collector would look in vain.
    gc.set_threshold(100_000, 20, 100)
    store = open_store(url, create=True)
    with Watch(sys.stderr, store=store.url) as watch:
        report = import_paths(store, paths, options, watch.show)
    print_report(store.url, report, form)
    store.close()
    if strict and _partial(report):
        raise SystemExit(PARTIAL)


def print_report(url: str, report: ImportReport, form: str) -> None:
    """Prints what an import did, in the form that was asked for."""
    from app.text.importing import render

    if form == "json":
        document = {"store": url, **msgspec.to_builtins(report)}
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
    else:
        console().print(render(report, url), soft_wrap=True)  # an export is copied whole


def _partial(report: ImportReport) -> bool:
    return bool(report.dead_letters or report.partial)


def _print_plan(url: str, paths: tuple[str, ...], options: ImportOptions, form: str) -> None:
    from app.text.importing import Watch, render_plan
    from ingest.pipeline import import_paths
    from ingest.planning import plan

    planned, skipped = plan(paths, options.book)
    with _store_as_it_is(url) as store, Watch(sys.stderr) as watch:
        rehearsal = msgspec.structs.replace(options, rehearse=True)
        report = import_paths(store, paths, rehearsal, watch.show)
    if form == "json":
        rows = [
            {"file": one.input.name, "format": one.detection.name, "why": one.detection.why,
             "source": one.source.name, "namespace": one.source.namespace,
             "dialect": one.source.dialect, "assumed": one.source.assumed}
            for one in planned
        ]  # fmt: skip
        document = {"store": url, "files": rows, "skipped": skipped, "would": report}
        click.echo(msgspec.json.format(msgspec.json.encode(document)))
    else:
        console().print(render_plan(planned, report, url))


@contextmanager
def _store_as_it_is(url: str) -> Iterator[Store]:
    """The store, or an empty one when it is not there: a plan creates none."""
    from lineage.stores import open_store

    with TemporaryDirectory() as folder:
        try:
            store = open_store(url)
        except StoreMissing:
            store = open_store(f"sqlite:///{folder}/empty.db", create=True)
        try:
            yield store
        finally:
            store.close()

"""`lineage migrate`."""

from __future__ import annotations

import click

from app.options import store_option


@click.command("migrate")
@click.option("--rederive", is_flag=True, help="derive all lineage again, as an import would")
@store_option
def migrate_command(rederive: bool, store: str) -> None:
    """Bring a store up to this version's schema; creates it when there is none."""
    from ingest.declared.sources import SourceBook
    from ingest.pipeline import ImportOptions, import_paths
    from lineage.stores import open_store

    graph = open_store(store, create=True)
    if rederive:
        import_paths(graph, [], ImportOptions(SourceBook(), rederive=True))
    click.echo(f"{graph.url} is up to date.")
    graph.close()

"""`lineage migrate`."""

from __future__ import annotations

import click

from app.options import store_option


@click.command("migrate")
@store_option
def migrate_command(store: str) -> None:
    """Bring a store up to this version's schema; creates it when there is none."""
    from lineage.stores import open_store

    graph = open_store(store, create=True)
    click.echo(f"{graph.url} is up to date.")
    graph.close()

"""`lineage export`."""

from __future__ import annotations

from pathlib import Path

import click

from app.options import open_answering, store_option
from lineage.errors import UnreadableInput


@click.command("export")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), metavar="FILE")
@store_option
def export_command(target: Path, store: str) -> None:
    """Write the graph to FILE; the suffix says how: .json, .csv, .graphml, .dot, .mmd (Mermaid)."""
    from app.graph_files import WRITERS

    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        raise click.BadParameter(
            f"{target.name!r}: the suffix is one of {', '.join(WRITERS)}", param_hint="--to"
        )
    graph = open_answering(store)
    try:
        target.write_text(writer(graph), encoding="utf-8")
    except OSError as error:
        raise UnreadableInput(f"{target}: {error.strerror}") from error
    click.echo(f"{target} written from {graph.url}", err=True)

"""`lineage export`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from app.options import open_answering, store_option
from lineage.errors import UnreadableInput

_EVENTS: Final = (".jsonl", ".ndjson")
_OPENLINEAGE: Final = "openlineage"


@click.command("export")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), metavar="FILE")
@click.option("--as", "form", type=click.Choice([_OPENLINEAGE]), help="whatever the suffix says")
@click.option("--people", is_flag=True, help="OpenLineage: with the names of persons")
@store_option
def export_command(target: Path, form: str | None, people: bool, store: str) -> None:
    """Write the graph to FILE; the suffix says how.

    .json, .csv, .graphml, .dot, .mmd (Mermaid); .jsonl and .ndjson are OpenLineage events, which
    `lineage import` reads back.
    """
    from app.graph_files import WRITERS

    suffix = target.suffix.lower()
    try:
        if form == _OPENLINEAGE or suffix in _EVENTS:
            url = _events(store, target, people=people)
        elif suffix in WRITERS:
            graph = open_answering(store)
            target.write_text(WRITERS[suffix](graph), encoding="utf-8")
            url = graph.url
        else:
            suffixes = ", ".join((*WRITERS, *_EVENTS))
            raise click.BadParameter(
                f"{target.name!r}: the suffix is one of {suffixes}", param_hint="--to"
            )
    except OSError as error:
        raise UnreadableInput(f"{target}: {error.strerror}") from error
    click.echo(f"{target} written from {url}", err=True)


def _events(store: str, target: Path, *, people: bool) -> str:
    from app.openlineage_file import write_openlineage
    from lineage.stores import open_store

    graph = open_store(store)  # with every name that a dataset has
    try:
        events = write_openlineage(graph, target, people=people)
    finally:
        graph.close()
    who = "with the names of persons" if people else "without persons: --people names them"
    click.echo(f"{events:,} events, {who}", err=True)
    return graph.url

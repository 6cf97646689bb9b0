"""`lineage replay`."""

from __future__ import annotations

import sys

import click

from app.commands.importing import Said, import_options, print_report
from app.options import console, format_option, store_option


@click.command("replay")
@click.option("--source", default="auto", metavar="FORMAT", help="read the files as this format")
@click.option("--sources", default="", metavar="FILE", help="sources.yml, as of the import")
@click.option("--catalog", "catalogs", multiple=True, metavar="FILE", help="columns: CSV or JSON")
@click.option("--map", "mapping", default="", metavar="K=COL,…", help="text=query,user=who")
@click.option("--workers", default=0, metavar="N", help="processes [default: the cores]")
@store_option
@format_option
def replay_command(
    source: str, sources: str, catalogs: tuple[str, ...], mapping: str, workers: int, store: str,
    form: str,
) -> None:  # fmt: skip
    """Try again what was not understood: after an upgrade, with a catalogue, another --map.

    Statements that no analyser understood are in the store, masked. Of all other dead letters the
    files are read again where they still are, as they were read then. What is understood now is
    counted once and leaves the dead letters.
    """
    from app.text.importing import Watch, render_replay
    from ingest.declared.sources import SourceFlags
    from ingest.folding.dead_letters import letters_of
    from ingest.pipeline import replay
    from lineage.stores import open_store

    flags = SourceFlags(format="" if source == "auto" else source)
    options = import_options(Said(flags, sources, catalogs, columns=mapping, workers=workers))
    graph = open_store(store)
    before = letters_of(graph, 0).total
    with Watch(sys.stderr) as watch:
        report = replay(graph, options, watch.show)
    if form == "text":
        console().print(render_replay(before, letters_of(graph, 0).total))
    print_report(graph.url, report, form)
    graph.close()

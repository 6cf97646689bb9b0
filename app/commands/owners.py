"""`lineage owners`."""

from __future__ import annotations

import click

from app.options import answer_options, open_answering, print_answer


@click.command("owners")
@click.option("--missing", "only_missing", is_flag=True, help="who reads and belongs to no team")
@answer_options
def owners_command(
    only_missing: bool, store: str, form: str, as_of: int | None, window: int
) -> None:
    """Which team owns what; with --missing, whom to name to explain most of the reads."""
    from app.text.owners import render, render_missing
    from lineage.analyses.owners import missing, owners

    graph = open_answering(store)
    if only_missing:
        unknown = missing(graph, as_of, window)
        print_answer(form, graph.url, unknown, lambda: render_missing(unknown))
    else:
        known = owners(graph, as_of, window)
        print_answer(form, graph.url, known, lambda: render(known))

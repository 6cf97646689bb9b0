"""`lineage dead-letters`."""

from __future__ import annotations

import click

from app.options import format_option, open_answering, print_answer, store_option


@click.command("dead-letters")
@click.option(
    "--top", type=click.IntRange(min=0), default=20, show_default=True, help="how many to show"
)
@store_option
@format_option
def dead_letters_command(top: int, store: str, form: str) -> None:
    """What the imports did not understand: reason, file, line, masked text."""
    from app.text.dead_letters import render
    from ingest.folding.dead_letters import letters_of

    graph = open_answering(store)
    answer = letters_of(graph, top)
    print_answer(form, graph.url, answer, lambda: render(answer))

"""`lineage chokepoints`."""

from __future__ import annotations

import click

from app.options import as_of_option, format_option, open_answering, print_answer, store_to_read


@click.command("chokepoints")
@click.option("--domain", help="only what belongs to this domain")
@store_to_read
@format_option
@as_of_option
def chokepoints_command(domain: str | None, store: str, form: str, as_of: int | None) -> None:
    """Single points of failure: what cuts consumers off from all their sources when it is lost."""
    from app.text.chokepoints import render
    from lineage.analyses.reach.chokepoints import chokepoints

    graph = open_answering(store)
    answer = chokepoints(graph, domain, as_of)
    print_answer(form, graph.url, answer, lambda: render(answer))

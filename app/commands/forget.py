"""`lineage forget`: cut a person out of a store."""

from __future__ import annotations

import click

from app.options import format_option, open_answering, print_answer, store_option


@click.command("forget")
@click.argument("person")
@store_option
@format_option
def forget_command(person: str, store: str, form: str) -> None:
    """Cut PERSON out: the name that acts were done by, or a login, and say what still holds it.

    Journals and counts stay whole; whose they are is not known any more. It cannot be undone.
    """
    from app.text.forgetting import render
    from lineage.analyses.stewardship.forgetting import forget

    graph = open_answering(store)
    answer = forget(graph, person)
    print_answer(form, graph.url, answer, lambda: render(answer))

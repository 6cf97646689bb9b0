"""`lineage who-uses`."""

from __future__ import annotations

import click

from app.options import answer_options, open_answering, print_answer


@click.command("who-uses")
@click.argument("dataset")
@click.option("--column", help="only who uses this column")
@answer_options
def who_uses_command(
    dataset: str, column: str | None, store: str, form: str, as_of: int | None, window: int
) -> None:
    """Who uses DATASET: dashboards, jobs, teams, people; how, how often, since when, when next.

    DATASET is written in full as namespace:name, or as any unique end of its name.
    """
    from app.text.using import render
    from lineage.analyses.usage import who_uses
    from lineage.resolve import resolve_dataset

    graph = open_answering(store)
    answer = who_uses(graph, resolve_dataset(graph, dataset), column, as_of, window)
    print_answer(form, graph.url, answer, lambda: render(answer))

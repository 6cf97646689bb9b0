"""`lineage who-uses`."""

from __future__ import annotations

import click

from app.options import answer_options, open_answering, print_answer


@click.command("who-uses")
@click.argument("dataset")
@click.option("--column", help="only who uses this column")
@click.option("--all", "every", is_flag=True, help="every row; json always has them")
@click.option(
    "--no-people", is_flag=True, help="to pass on: persons counted by team, from five, not named"
)
@answer_options
def who_uses_command(
    dataset: str, column: str | None, every: bool, no_people: bool, store: str, form: str,
    as_of: int | None, window: int,
) -> None:  # fmt: skip
    """Who uses DATASET: dashboards, jobs, teams, people; how, how often, since when, when next.

    With the trend, the use of each column, and what it is used together with.

    DATASET is written in full as namespace:name, or as any unique end of its name.
    """
    from app.text.using import render
    from lineage.analyses.use.passing_on import passed_on
    from lineage.analyses.use.usage import who_uses
    from lineage.resolve import resolve_dataset

    graph = open_answering(store)
    answer = who_uses(graph, resolve_dataset(graph, dataset), column, as_of, window)
    shown = passed_on(graph, answer) if no_people else answer
    print_answer(form, graph.url, shown, lambda: render(shown, every=every))

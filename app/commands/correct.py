"""`lineage correct`: take a wrong edge out for good, visibly."""

from __future__ import annotations

import datetime as dt

import click

from app.options import actor_option, format_option, open_answering, print_answer, store_option


@click.command("correct")
@click.argument("edge", required=False)
@click.option("--false", "false", is_flag=True, help="EDGE is wrong: leave it out of every answer")
@click.option("--reason", default="", help="why, for the journal")
@click.option("--list", "listed", is_flag=True, help="the corrections that stand")
@click.option("--undo", type=int, metavar="NUMBER", help="put the edge of a correction back")
@actor_option
@store_option
@format_option
def correct_command(
    edge: str | None, false: bool, reason: str, listed: bool, undo: int | None, actor: str,
    store: str, form: str,
) -> None:  # fmt: skip
    """Take EDGE out of every answer, whatever is imported later: "shop.orders -> dashboard/7".

    It leads from a dataset or a column to the job or consumer that uses it, from a job to the
    dataset that it writes, or from a column to a column. With a dataset go its columns.
    """
    from app.text.corrections import Listed, listing, render
    from lineage.analyses.corrections import correct, corrections
    from lineage.analyses.corrections import undo as put_back

    if sum((bool(edge and false), listed, undo is not None)) != 1:
        raise click.UsageError("write: EDGE --false --reason TEXT, or --list, or --undo NUMBER")
    graph = open_answering(store)
    now = dt.datetime.now(dt.UTC)
    if listed:
        answer: Listed = listing(graph, corrections(graph))
        print_answer(form, graph.url, answer, lambda: render(answer))
    elif undo is not None:
        click.echo(f"put back: {put_back(graph, undo, actor, reason, now)}")
    elif edge:
        one = correct(graph, edge, actor, reason, now)
        click.echo(f"correction {one.entry.number}: {one} is left out of every answer")

"""`lineage digest`: what a team should know of its data after a week."""

from __future__ import annotations

from pathlib import Path

import click

from app.options import as_of_option, format_option, open_answering, print_answer, store_to_read


@click.command("digest")
@click.option("--team", required=True, help="whose data it is about")
@click.option("--days", default=7, show_default=True, type=click.IntRange(1))
@click.option("--to", "sink", metavar="SINK", help="send it to FILE, https://… or mailto:ADDRESS")
@click.option("--sign", metavar="FILE", help="sign what a webhook gets with the secret in FILE")
@click.option("--people", is_flag=True, help="name persons")
@store_to_read
@format_option
@as_of_option
def digest_command(
    team: str, days: int, sink: str | None, sign: str | None, people: bool, store: str, form: str,
    as_of: int | None,
) -> None:  # fmt: skip
    """New and lost consumers of what a team owns, and its open notices; empty if nothing happened.

    Nothing is printed as text, and nothing is sent, when nothing happened.
    """
    from app.sinks import Message, send
    from app.text.digest import body, render
    from lineage.analyses.breaking.impacted import people_among
    from lineage.analyses.stewardship.digest import digest
    from lineage.stores.snapshot import read_key

    graph = open_answering(store)
    answer = digest(graph, team, as_of, days)
    ids = [event.consumer for event in (*answer.came, *answer.left)]
    hidden = set() if people else people_among(graph, ids)
    if sink and not answer.empty:
        message = Message("digest", answer.team, answer.verdict, body(answer, hidden))
        send(message, sink, read_key(Path(sign)) if sign else None)
    elif not sink and (form == "json" or not answer.empty):
        print_answer(form, graph.url, answer, lambda: render(answer, hidden))

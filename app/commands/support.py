"""`lineage support`: how far a producer stands in for a dataset."""

from __future__ import annotations

import datetime as dt

import click

from app.options import actor_option, answer_options, open_answering, print_answer

_LEVELS = ("unaware", "informed", "declined", "best-effort", "supported", "guaranteed")


@click.command("support")
@click.argument("dataset", required=False)
@click.argument("level", required=False, type=click.Choice(_LEVELS), metavar="LEVEL")
@click.option("--until", metavar="DATE", help="up to which day; needed to decline")
@click.option("--reason", default="", help="why, for the journal")
@click.option("--team", help="on whose behalf [default: the team of the actor's login]")
@click.option("--since", metavar="DATE", help="it holds since that day already [default: now]")
@click.option("--list", "listed", is_flag=True, help="where support and use differ")
@actor_option
@answer_options
def support_command(
    dataset: str | None, level: str | None, until: str | None, reason: str, team: str | None,
    since: str | None, listed: bool, actor: str, store: str, form: str, as_of: int | None,
    window: int,
) -> None:  # fmt: skip
    """Say how far DATASET is supported; without LEVEL show it, without DATASET the two lists.

    LEVEL is unaware, informed (only its owner can be), declined --until DATE (which proposes to
    deprecate it), best-effort, supported or guaranteed.
    """
    from app.text.deprecation import render as render_one
    from app.text.support import render
    from lineage.analyses.stewardship.deciding import Actor
    from lineage.analyses.stewardship.deprecation import outlook
    from lineage.analyses.stewardship.stewardship import Level
    from lineage.analyses.stewardship.support import support, support_lists
    from lineage.resolve import resolve_dataset

    graph = open_answering(store)
    if dataset is None or listed:
        lists = support_lists(graph, as_of, window)
        print_answer(form, graph.url, lists, lambda: render(lists))
        return
    found = resolve_dataset(graph, dataset)
    if level is not None:
        who = Actor(actor, reason, dt.datetime.now(dt.UTC), team, since)
        support(graph, found, Level(level), who, until)
    one = outlook(graph, found, as_of, window)
    print_answer(form, graph.url, one, lambda: render_one(one))

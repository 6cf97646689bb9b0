"""`lineage stats`."""

from __future__ import annotations

import click

from app.options import answering, format_option, print_answer, store_option


@click.command("stats")
@click.option("--hash", "hashed", is_flag=True, help="also the order-free hash of the graph")
@store_option
@format_option
def stats_command(hashed: bool, store: str, form: str) -> None:
    """How much is in the store, and from when to when."""
    from app.text.stats import render
    from lineage.analyses.stats import stats
    from lineage.stores import open_store

    kept = open_store(store)
    answer = stats(answering(kept), kept if hashed else None)
    print_answer(form, kept.url, answer, lambda: render(answer))

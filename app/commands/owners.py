"""`lineage owners`: who owns what, who should, and who says that he does."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from app.options import (
    actor_option,
    answer_options,
    format_option,
    open_answering,
    print_answer,
    store_option,
)  # fmt: skip
from lineage.errors import UnreadableInput

reason_option = click.option("--reason", default="", help="why, for the journal")
new_option = click.option("--new", is_flag=True, help="TEAM may be one that nobody knows yet")


@click.group("owners", invoke_without_command=True)
@click.option("--missing", "only_missing", is_flag=True, help="what has no owner, who has no team")
@click.option("--propose", is_flag=True, help="with --missing: who should own it, and why")
@answer_options
@click.pass_context
def owners_command(
    ctx: click.Context, only_missing: bool, propose: bool, store: str, form: str,
    as_of: int | None, window: int,
) -> None:  # fmt: skip
    """Which team owns what, and where several are said to.

    With --missing what nobody owns, and whom to name to explain most of the reads.
    """
    from app.text.owners import render, render_missing
    from lineage.analyses.stewardship.owners import missing, owners

    if ctx.invoked_subcommand is not None:
        return
    graph = open_answering(store)
    if only_missing or propose:
        unknown = missing(graph, as_of, window, propose=propose)
        print_answer(form, graph.url, unknown, lambda: render_missing(unknown))
    else:
        known = owners(graph, as_of, window)
        print_answer(form, graph.url, known, lambda: render(known))


@owners_command.command("claim")
@click.argument("dataset")
@click.argument("team")
@new_option
@reason_option
@actor_option
@store_option
@format_option
def claim_command(
    dataset: str, team: str, new: bool, reason: str, actor: str, store: str, form: str
) -> None:
    """TEAM owns DATASET, whatever files or events say."""
    _claim("claim", dataset, team, reason, actor, store, form, new=new)


@owners_command.command("transfer")
@click.argument("dataset")
@click.argument("team")
@new_option
@reason_option
@actor_option
@store_option
@format_option
def transfer_command(
    dataset: str, team: str, new: bool, reason: str, actor: str, store: str, form: str
) -> None:
    """DATASET goes from its owner to TEAM."""
    _claim("transfer", dataset, team, reason, actor, store, form, new=new)


@owners_command.command("export")
@click.option("--to", "target", required=True, metavar="FILE", help="owners.yml, .csv, CODEOWNERS")
@click.option("--dbt", "manifest", metavar="MANIFEST", help="of CODEOWNERS: which file makes what")
@store_option
def export_command(target: str, manifest: str | None, store: str) -> None:
    """Write who owns what, as `lineage import --owners` reads it."""
    from ingest.declared.owner_exports import exported
    from lineage.analyses.stewardship.owners import owners

    text = exported(owners(open_answering(store)), Path(target), manifest)
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnreadableInput(f"{target} cannot be written: {error.strerror}") from error
    click.echo(f"written to {target}", err=True)


def _claim(
    act: str, dataset: str, team: str, reason: str, actor: str, store: str, form: str, *, new: bool
) -> None:
    from app.text.owners import render_claim
    from lineage.analyses.stewardship import claims
    from lineage.analyses.stewardship.deciding import Actor
    from lineage.resolve import resolve_dataset

    graph = open_answering(store)
    who = Actor(actor, reason, dt.datetime.now(dt.UTC))
    make = claims.claim if act == "claim" else claims.transfer
    made = make(graph, resolve_dataset(graph, dataset), team, who, new=new)
    print_answer(form, graph.url, made, lambda: render_claim(made))

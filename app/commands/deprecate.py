"""`lineage deprecate`: take a dataset out of use, step by step."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import actor_option, answer_options, open_answering, print_answer

if TYPE_CHECKING:
    from lineage.analyses.stewardship.deciding import Actor
    from lineage.names import DatasetId
    from lineage.store import Store

_STATES = (
    "candidate", "proposed", "tombstoned", "access-removed", "archived", "deleted", "active",
)  # fmt: skip


@click.command("deprecate")
@click.argument("dataset", required=False)
@click.option("--to", "state", type=click.Choice(_STATES), metavar="STATE", help="the next step")
@click.option("--withdraw", is_flag=True, help="it stays: back to active")
@click.option("--hold", "held", is_flag=True, help="nobody may take it away, up to --until")
@click.option("--release", "released", is_flag=True, help="end the hold")
@click.option(
    "--date", "--until", "date", metavar="DATE",
    help="the day on which it is to go; the last day of a hold [default: no end]",
)  # fmt: skip
@click.option("--since", metavar="DATE", help="it is so since that day already [default: now]")
@click.option("--reason", default="", help="why, for the journal")
@click.option("--team", help="on whose behalf [default: the team of the actor's login]")
@click.option("--watch", "watched", is_flag=True, help="write down what readers took back")
@click.option(
    "--send", "sink", metavar="SINK", help="of --watch: FILE, https://… or mailto:ADDRESS"
)
@click.option("--sign", metavar="FILE", help="sign what a webhook gets with the secret in FILE")
@actor_option
@answer_options
def deprecate_command(
    dataset: str | None, state: str | None, withdraw: bool, held: bool, released: bool,
    date: str | None, since: str | None, reason: str, team: str | None, watched: bool,
    sink: str | None, sign: str | None, actor: str, store: str, form: str, as_of: int | None,
    window: int,
) -> None:  # fmt: skip
    """Move DATASET on its way out, or show how far it is; without DATASET, all that are.

    STATE goes candidate, proposed, tombstoned, access-removed, archived, deleted. Who reads it
    after the tombstone takes it back to proposed. Nothing is deleted here.
    """
    from app.text.deprecation import render, render_all
    from lineage.analyses.stewardship.deciding import Actor
    from lineage.analyses.stewardship.deprecation import deprecations, outlook
    from lineage.resolve import resolve_dataset

    acts = sum((state is not None, withdraw, held, released))
    if acts > 1 or (acts and dataset is None) or (watched and (acts or dataset)):
        raise click.UsageError(
            "write: DATASET and one of --to STATE, --withdraw, --hold, --release; or --watch"
        )
    graph = open_answering(store)
    who = Actor(actor, reason, dt.datetime.now(dt.UTC), team, since)
    if watched:
        _watch(graph, who, sink, sign)
    elif dataset is None:
        every = deprecations(graph, as_of, window)
        print_answer(form, graph.url, every, lambda: render_all(every))
    else:
        found = resolve_dataset(graph, dataset)
        to = "active" if withdraw else state
        _act(graph, found, who, to, date, held=held, released=released)
        one = outlook(graph, found, as_of, window)
        print_answer(form, graph.url, one, lambda: render(one))


def _act(
    graph: Store, dataset: DatasetId, who: Actor, to: str | None, date: str | None, *,
    held: bool, released: bool,
) -> None:  # fmt: skip
    from lineage.analyses.stewardship.deprecation import deprecate, hold, release
    from lineage.analyses.stewardship.lifecycle import State

    if held:
        hold(graph, dataset, who, date)
    elif released:
        release(graph, dataset, who)
    elif to is not None:
        deprecate(graph, dataset, State(to), who, date)


def _watch(graph: Store, who: Actor, sink: str | None, sign: str | None) -> None:
    """Writes down what readers took back, and tells the teams."""
    from app.sinks import send
    from app.text.deprecation import messages
    from lineage.analyses.stewardship.deciding import owner_of
    from lineage.analyses.stewardship.deprecation import record_returns
    from lineage.stores.snapshot import read_key

    found = record_returns(graph, who.name, who.now)
    key = read_key(Path(sign)) if sign else None
    for dataset, reader in found:
        click.echo(f"{dataset.name} is proposed again: {reader.said}")
        for message in messages(dataset, reader, owner_of(graph, dataset)) if sink else ():
            send(message, sink or "", key)
    if not found:
        click.echo("no dataset in a grace state was read since this was last looked for")

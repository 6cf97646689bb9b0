"""`lineage identity`: which identifiers are one dataset, and who said so."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import (
    actor_option,
    answering,
    format_option,
    print_answer,
    store_option,
    store_to_read,
)
from lineage.errors import UnreadableInput

if TYPE_CHECKING:
    from lineage.names import DatasetId
    from lineage.store import Store

_reason = click.option("--reason", default="", help="why, for the journal")


@click.group("identity")
def identity_command() -> None:
    """Which names are one dataset: see docs/identity.md."""


@identity_command.command("explain")
@click.argument("dataset", required=False)
@store_to_read
@format_option
def explain_command(dataset: str | None, store: str, form: str) -> None:
    """Show the identifiers of DATASET, or of every dataset that has several.

    Each with the rule by which it is the same, and what says so; then what was said and is not
    believed, and the decisions that stand.
    """
    from app.text.identity import render
    from lineage.analyses.identity.identity import explain
    from lineage.resolve import resolve_dataset
    from lineage.stores import open_store

    kept = open_store(store)
    wanted = resolve_dataset(answering(kept), dataset) if dataset else None
    answer = explain(kept, wanted)
    print_answer(form, kept.url, answer, lambda: render(answer))


@identity_command.command("merge")
@click.argument("identifier")
@click.argument("dataset")
@_reason
@actor_option
@store_option
def merge_command(identifier: str, dataset: str, reason: str, actor: str, store: str) -> None:
    """Decide that IDENTIFIER is DATASET, by which name answers call both."""
    from lineage.analyses.identity.identity_decisions import merge

    kept, source, target = _identifiers(store, identifier, dataset)
    made = merge(kept, source, target, actor, reason, _now())
    click.echo(f"decision {made.entry.number}: {source} is {target}")


@identity_command.command("split")
@click.argument("identifier")
@click.argument("other")
@_reason
@actor_option
@store_option
def split_command(identifier: str, other: str, reason: str, actor: str, store: str) -> None:
    """Decide that IDENTIFIER and OTHER are two datasets, whoever says that they are one."""
    from lineage.analyses.identity.identity_decisions import split

    kept, source, target = _identifiers(store, identifier, other)
    made = split(kept, source, target, actor, reason, _now())
    click.echo(f"decision {made.entry.number}: {source} is not {target}")


@identity_command.command("undo")
@click.argument("number", type=int)
@_reason
@actor_option
@store_option
def undo_command(number: int, reason: str, actor: str, store: str) -> None:
    """Take back the decision of that NUMBER, as `explain` lists it."""
    from lineage.analyses.identity.identity_decisions import undo
    from lineage.stores import open_store

    made = undo(open_store(store), number, actor, reason, _now())
    click.echo(f"taken back: decision {number} on {made.source} and {made.target}")


@identity_command.command("aliases")
@click.option("--to", "target", default="", metavar="FILE", help="[default: standard output]")
@store_option
def aliases_command(target: str, store: str) -> None:
    """Write the rules that stand as a file that `lineage import --aliases` takes.

    Those of the alias files, then every merge that somebody decided.
    """
    from app.text.identity_csv import alias_file
    from lineage.stores import open_store

    text = alias_file(open_store(store))
    if not target:
        sys.stdout.write(text)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnreadableInput(f"{target}: {error.strerror}") from error


def _identifiers(store: str, one: str, other: str) -> tuple[Store, DatasetId, DatasetId]:
    """The store as it is kept, and two identifiers in it."""
    from lineage.resolve import resolve_dataset
    from lineage.stores import open_store

    kept = open_store(store)
    return kept, resolve_dataset(kept, one), resolve_dataset(kept, other)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)

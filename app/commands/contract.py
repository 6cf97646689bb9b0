"""`lineage contract`: what is promised of datasets, written from their use and held against it."""

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

_JSON = ".json"


@click.group("contract")
def contract_command() -> None:
    """Data contracts in the Open Data Contract Standard, version 3."""


@contract_command.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--dataset", default="", help="which one it is about, if its names do not tell")
@click.option("--reason", default="", help="why, for the journal")
@actor_option
@store_option
@format_option
def import_command(
    files: tuple[str, ...], dataset: str, reason: str, actor: str, store: str, form: str
) -> None:
    """Take in contracts, each in the place of its version before. They are kept as written."""
    from app.text.contracts import render_list
    from ingest.declared.contract_files import read_contract
    from lineage.analyses.stewardship.contracts import keep_contract, listing
    from lineage.analyses.stewardship.deciding import Actor

    read = [read_contract(Path(name)) for name in files]
    graph = open_answering(store)
    who = Actor(actor, reason, dt.datetime.now(dt.UTC))
    taken = listing([keep_contract(graph, one, who, dataset) for one in read])
    print_answer(form, graph.url, taken, lambda: render_list(taken))


@contract_command.command("list")
@store_option
@format_option
def list_command(store: str, form: str) -> None:
    """The contracts that were taken in."""
    from app.text.contracts import render_list
    from lineage.analyses.stewardship.contracts import contracts, listing

    graph = open_answering(store)
    known = listing(contracts(graph))
    print_answer(form, graph.url, known, lambda: render_list(known))


@contract_command.command("export")
@click.argument("name", metavar="ID|DATASET")
@click.option("--to", "target", metavar="FILE", help=".yaml or .json [default: standard output]")
@store_option
def export_command(name: str, target: str | None, store: str) -> None:
    """Write a contract as it was taken in, by its id or the name of its dataset."""
    from ingest.declared.contract_files import contract_text
    from lineage.analyses.stewardship.contracts import contract_of

    contract = contract_of(open_answering(store), name)
    form = contract.form if target is None else _form(target)
    _write(contract_text(contract, form), target)


@contract_command.command("draft")
@click.option("--from-usage", "dataset", required=True, metavar="DATASET", help="whose use")
@click.option("--to", "target", metavar="FILE", help=".yaml or .json [default: standard output]")
@click.option("--people", is_flag=True, help="name persons")
@answer_options
def draft_command(
    dataset: str, target: str | None, people: bool, store: str, form: str, as_of: int | None,
    window: int,
) -> None:  # fmt: skip
    """Write a contract that promises what consumers really use of DATASET.

    Columns with their roles, types, freshness from the rhythm of the writes, who needs them.
    """
    from ingest.declared.contract_drafts import draft
    from ingest.declared.contract_files import written
    from lineage.analyses.stewardship.needs import needs
    from lineage.resolve import resolve_dataset

    graph = open_answering(store)
    made = draft(needs(graph, resolve_dataset(graph, dataset), as_of, window), people=people)
    written_as = _form(target) if target else "json" if form == "json" else "yaml"
    _write(written(made, written_as), target)


@contract_command.command("check")
@click.argument("names", nargs=-1, metavar="[ID|DATASET|FILE]...")
@answer_options
def check_command(
    names: tuple[str, ...], store: str, form: str, as_of: int | None, window: int
) -> None:
    """Hold contracts against what was seen, and what consumers need; all if none is named.

    Ends with 1 when a promise is broken, or a column is used that nobody promised. A FILE is
    checked as it is, and not taken in.
    """
    from app.text.contracts import render_check
    from ingest.declared.contract_files import read_contract
    from lineage.analyses.stewardship.contracts import contract_of, contracts, tie
    from lineage.analyses.stewardship.keeping import check_contracts

    graph = open_answering(store)
    chosen = [
        tie(graph, read_contract(Path(name))) if Path(name).is_file() else contract_of(graph, name)
        for name in names
    ]
    answer = check_contracts(graph, chosen or contracts(graph), as_of, window)
    print_answer(form, graph.url, answer, lambda: render_check(answer))
    if not answer.kept:
        raise SystemExit(1)


def _form(target: str) -> str:
    return "json" if target.lower().endswith(_JSON) else "yaml"


def _write(text: str, target: str | None) -> None:
    if target is None:
        click.echo(text, nl=False)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnreadableInput(f"{target} cannot be written: {error.strerror}") from error
    click.echo(f"written to {target}", err=True)

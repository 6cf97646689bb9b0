"""`lineage upstream`, `lineage downstream` and `lineage path`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from app.options import as_of_option, format_option, open_answering, print_answer, store_to_read

if TYPE_CHECKING:
    from lineage.names import ColumnId, DatasetId, NodeId
    from lineage.store import Store


def _walk_command(name: str, help_: str) -> click.Command:
    """The command that walks from a dataset in the direction of its name."""
    options = [
        click.argument("dataset"),
        click.option("--column", help="follow the values of this column"),
        click.option(
            "--depth", type=click.IntRange(1), help="how many datasets far [default: all]"
        ),
        click.option("--all-roles", is_flag=True, help="of a column, also filters, joins, groups"),
        store_to_read,
        format_option,
        as_of_option,
    ]
    command: Callable[..., object] = partial(_walk, name)
    for option in reversed(options):
        command = option(command)
    return click.command(name, help=help_)(command)


def _walk(
    name: str, dataset: str, column: str | None, depth: int | None, all_roles: bool, store: str,
    form: str, as_of: int | None,
) -> None:  # fmt: skip
    from app.text.walking import render_walk
    from lineage.analyses.reach.walk import downstream, upstream

    graph = open_answering(store)
    walk = downstream if name == "downstream" else upstream
    start = _start(graph, dataset, column)
    answer = walk(graph, start, depth, all_roles=all_roles, as_of=as_of)
    print_answer(form, graph.url, answer, lambda: render_walk(answer))


downstream_command = _walk_command(
    "downstream", "What is made of DATASET, and who reads it, hop by hop."
)
upstream_command = _walk_command("upstream", "What DATASET is made of, hop by hop.")


@click.command("path")
@click.argument("source")
@click.argument("target")
@click.option("--column", is_flag=True, help="SOURCE and TARGET are columns")
@click.option(
    "--delay",
    metavar="TIME",
    callback=lambda _c, _p, value: _minutes(value),
    help="what it does to TARGET when SOURCE is late, by 2h, 90min or 1d: the critical path",
)
@store_to_read
@format_option
@as_of_option
def path_command(
    source: str, target: str, column: bool, delay: int | None, store: str, form: str,
    as_of: int | None,
) -> None:  # fmt: skip
    """How SOURCE reaches TARGET, with the statement that proves each step.

    Both are datasets, jobs or consumers. Also says what every way passes: where the loss of one
    thing cuts TARGET off.
    """
    from app.text.walking import render_path
    from lineage.analyses.reach.path import path
    from lineage.resolve import resolve_column

    graph = open_answering(store)
    resolve = resolve_column if column else _node
    answer = path(graph, resolve(graph, source), resolve(graph, target), as_of, delay)
    print_answer(form, graph.url, answer, lambda: render_path(answer))


def _node(graph: Store, text: str) -> NodeId:
    """The dataset, else the job or consumer, that a text means."""
    from lineage.errors import UnknownName
    from lineage.resolve import resolve_dataset, resolve_process

    try:
        return resolve_dataset(graph, text)
    except UnknownName as no_dataset:
        try:
            return resolve_process(graph, text)
        except UnknownName:
            raise no_dataset from None


def _minutes(value: str | None) -> int | None:
    from lineage.analyses.breaking.change import minutes_of

    if value is None:
        return None
    try:
        return minutes_of(value)
    except (ValueError, KeyError):
        raise click.BadParameter(f"{value!r} is no time like 2h, 90min or 1d") from None


def _start(graph: Store, dataset: str, column: str | None) -> DatasetId | ColumnId:
    from lineage.resolve import column_of, resolve_dataset

    found = resolve_dataset(graph, dataset)
    return column_of(graph, found, column) if column else found

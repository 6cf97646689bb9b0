"""Options that several commands share, and how an answer is printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from lineage.store import Store

_F = TypeVar("_F", bound=Callable[..., object])
DEFAULT_STORE = "sqlite:///lineage.db"

store_option = click.option(
    "--store",
    metavar="URL",
    default=lambda: os.environ.get("LINEAGE_STORE", DEFAULT_STORE),
    show_default="$LINEAGE_STORE or " + DEFAULT_STORE,
    help="sqlite:///path.db, neo4j://host:7687, bolt://host:7687, neo4j+s://host",
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="text for people, json for programs: one document on standard output",
)


def answer_options(command: _F) -> _F:
    """--store, --format, --as-of and --window, as every answer takes them."""
    return store_option(format_option(as_of_option(_window(command))))


as_of_option = click.option(
    "--as-of",
    metavar="DATE",
    callback=lambda _c, _p, value: _day(value),
    help="as it was at the end of that UTC day [default: the last day in the logs]",
)
_window = click.option(
    "--window",
    metavar="DAYS",
    default="90d",
    show_default=True,
    callback=lambda _c, _p, value: _days(value),
    help="the days that counts look back; never who is listed",
)


def _day(value: str | None) -> int | None:
    from lineage.calendar import day_of

    return None if value is None else day_of(value)


def _days(value: str) -> int:
    number = value.removesuffix("d")
    if not number.isdigit() or int(number) < 1:
        raise click.BadParameter(f"{value!r} is no number of days like 90d")
    return int(number)


def open_answering(url: str) -> Store:
    """The store that an answer is asked of; it is never created."""
    from lineage.stores import open_store

    return open_store(url)


def console(*, err: bool = False) -> Console:
    """A console that is as wide as the terminal, or 100 columns when there is none."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else 110, highlight=False)


def print_answer(
    form: str, store: str, answer: msgspec.Struct, text: Callable[[], RenderableType]
) -> None:
    """Prints an answer in the form that was asked for; both name the store."""
    if form == "json":
        document = {"store": store, **msgspec.to_builtins(answer)}
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return
    out = console()
    out.print(text())
    out.print(f"[dim]store: {store}[/dim]")

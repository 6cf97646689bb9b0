"""Options that several commands share, and how an answer is printed."""

from __future__ import annotations

import gc
import getpass
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

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


_SNAPSHOT = "app.snapshot"
_KEY = "app.key"


def store_to_read(command: _F) -> _F:
    """--store, or --snapshot with --key: one argument `store`, the URL to open."""
    for option in (_store_or_snapshot, _snapshot, _key):
        command = option(command)
    return command


def _remember(name: str) -> Callable[[click.Context, click.Parameter, str | None], None]:
    def keep(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        ctx.meta[name] = value

    return keep


def _url(ctx: click.Context, _parameter: click.Parameter, store: str) -> str:
    snapshot, key = ctx.meta.get(_SNAPSHOT), ctx.meta.get(_KEY)
    if not snapshot:
        return store
    return f"snapshot:///{quote(snapshot)}" + (f"?key={quote(key)}" if key else "")


_store_or_snapshot = click.option(
    "--store",
    metavar="URL",
    default=lambda: os.environ.get("LINEAGE_STORE", DEFAULT_STORE),
    show_default="$LINEAGE_STORE or " + DEFAULT_STORE,
    callback=_url,
    help="sqlite:///path.db, neo4j://host:7687, bolt://host:7687, neo4j+s://host",
)
_snapshot = click.option(
    "--snapshot",
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=_remember(_SNAPSHOT),
    help="ask a file that `lineage snapshot` wrote instead of a store",
)
_key = click.option(
    "--key",
    metavar="FILE",
    envvar="LINEAGE_SNAPSHOT_KEY",
    is_eager=True,
    expose_value=False,
    callback=_remember(_KEY),
    help="the key that the snapshot must be signed with [default: $LINEAGE_SNAPSHOT_KEY]",
)


def answer_options(command: _F) -> _F:
    """--store, --format, --as-of and --window, as every answer takes them."""
    return store_to_read(format_option(window_options(command)))


def window_options(command: _F) -> _F:
    """--as-of and --window."""
    return as_of_option(_window(command))


def _login() -> str:
    """The login of whoever runs the command; empty where there is none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


actor_option = click.option(
    "--by",
    "--actor",
    "actor",
    default=_login,
    envvar="LINEAGE_ACTOR",
    metavar="NAME",
    show_default="$LINEAGE_ACTOR or the login",
    help="who does it, for the journal",
)


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
    """The store that an answer is asked of, every dataset under one name; it is never created."""
    from lineage.stores import open_store

    spare_the_collector()
    return answering(open_store(url))


def spare_the_collector() -> None:
    """What a question reads is held until it is answered: the collector would look in vain."""
    gc.set_threshold(100_000, 20, 100)


def answering(store: Store) -> Store:
    """A store as one question sees it: every dataset under one name, found by any spelling."""
    from ingest.canonical import as_typed
    from lineage.analyses.identity.merged import merged

    return merged(store, as_typed)


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

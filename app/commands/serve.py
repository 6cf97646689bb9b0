"""`lineage serve` and `lineage serve-key`."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import store_option

if TYPE_CHECKING:
    from ingest.openlineage.topics import Topics

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def _size(_ctx: click.Context, _parameter: click.Parameter, value: str) -> int:
    number = value.lower().removesuffix("b").removesuffix("i").rstrip("kmg")
    unit = value.lower().removesuffix("b").removesuffix("i")[len(number) :]
    if not number.isdecimal() or unit not in _UNITS or not int(number):
        raise click.BadParameter(f"{value!r} is no size like 500k, 16m or 2g")
    return int(number) * _UNITS[unit]


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0: every address")
@click.option("--port", default=5000, show_default=True, help="0: any that is free")
@click.option(
    "--inbox", default="", metavar="PATH", help="folder of what is not applied [beside the store]"
)
@click.option("--keys", default="", metavar="FILE", help="who may send: see `lineage serve-key`")
@click.option("--sources", default="", metavar="FILE", help="sources.yml, as for import")
@click.option(
    "--max-body", default="16m", show_default=True, callback=_size, metavar="SIZE",
    help="of a request, inflated",
)  # fmt: skip
@click.option(
    "--max-inbox", default="1g", show_default=True, callback=_size, metavar="SIZE",
    help="of what waits; then senders are told to come again",
)  # fmt: skip
@click.option("--kafka", default="", metavar="BROKERS", help="read events from there, too")
@click.option(
    "--topic", "topics", multiple=True, default=("openlineage.events",), show_default=True,
    metavar="NAME", help="of Kafka; ^… is a regular expression",
)  # fmt: skip
@click.option("--group", default="lineage", show_default=True, help="of consumers")
@click.option(
    "--kafka-properties", default="", metavar="FILE",
    help="librdkafka's settings (TLS, SASL, …), name=value",
)  # fmt: skip
@click.option(
    "--dead-letter-topic", default="", metavar="NAME", help="gets the messages that are no events"
)
@store_option
def serve_command(
    host: str, port: int, inbox: str, keys: str, sources: str, max_body: int, max_inbox: int,
    kafka: str, topics: tuple[str, ...], group: str, kafka_properties: str,
    dead_letter_topic: str, store: str,
) -> None:  # fmt: skip
    """Take OpenLineage events over HTTP and from Kafka, and answer what the store knows.

    Point any OpenLineage client at it: url http://HOST:PORT, endpoint api/v1/lineage. An event is
    acknowledged when it is safe on disk, and in the graph a moment later. With --kafka, the
    group's offsets are committed when the events are in the store.
    """
    from app.serving.keys import Keys
    from app.serving.process import Settings, run
    from ingest.declared.sources import SourceBook, SourceFlags
    from ingest.openlineage.topics import Topics

    if sources:
        SourceBook.load(Path(sources), SourceFlags())  # what is wrong with it is said now
    known = Keys.load(Path(keys)) if keys else None
    said = Topics(kafka, topics, group, kafka_properties, dead_letter_topic) if kafka else None
    _check(said, kafka_properties or dead_letter_topic)
    folder = Path(inbox) if inbox else _beside(store)
    listening = _listen(host, port)
    at = f"http://{host}:{listening.getsockname()[1]}"

    def started(waiting: int) -> None:
        wait = f", {waiting} events wait in it" if waiting else ""
        also = f", topics {', '.join(topics)} of Kafka at {kafka} as {group}" if kafka else ""
        click.echo(f"listening on {at}{also}, store {store}, inbox {folder}{wait}", err=True)
        if known is None and host not in _LOOPBACK:
            click.echo(
                "warning: whoever reaches this address may send and read everything:"
                " give --keys FILE (`lineage serve-key` makes one)",
                err=True,
            )

    settings = Settings(store, folder, known, sources, max_body, max_inbox, host in _LOOPBACK, said)
    with listening:
        run(settings, listening, started)


@click.command("serve-key")
@click.argument("name")
@click.option("--keys", required=True, metavar="FILE", help="gets the hash; made if not there")
@click.option(
    "--namespace", "namespaces", multiple=True, metavar="NS",
    help="of jobs that it may tell of; * is any text [all]",
)  # fmt: skip
@click.option("--people", is_flag=True, help="answers name persons to it")
def serve_key_command(name: str, keys: str, namespaces: tuple[str, ...], people: bool) -> None:
    """Make an API key for `lineage serve --keys FILE`, and print it: it is kept nowhere."""
    from app.serving.keys import make_key

    click.echo(make_key(Path(keys), name, namespaces, people=people))


def _check(topics: Topics | None, about: str) -> None:
    """Says now what is wrong with what was said of Kafka."""
    if topics is None:
        if about:
            raise click.UsageError("give the brokers, too: --kafka HOST:PORT")
        return
    try:
        from ingest.openlineage.kafka import check
    except ImportError as error:
        raise click.UsageError("to read from Kafka: pip install 'lineage-usage[kafka]'") from error
    check(topics)


def _beside(store: str) -> Path:
    """The inbox of a store that was given none: an inbox must not meet another store."""
    path = store.removeprefix("sqlite:///")
    return Path(f"{path}.inbox" if path != store else "lineage.inbox")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay only where the protocol is named: an answer took 40 ms otherwise.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
        return listening
    except (OSError, OverflowError) as error:
        listening.close()
        raise click.UsageError(
            f"cannot listen on {host} port {port} ({error}): choose another with --port"
        ) from error

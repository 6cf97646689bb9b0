"""Runs the server: one process that answers, and beside it the one that applies."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import uvicorn
from starlette.requests import Request

from app.serving import reads
from app.serving.application import application
from app.serving.committing import Committer
from app.serving.feeding import Feeder
from app.serving.keys import Key, Keys
from app.serving.known import Known
from app.serving.manual import manual
from app.serving.metrics import Metrics
from app.serving.opening import Opening
from app.serving.receiving import Receiver
from app.serving.watching import Watch
from app.serving.work import Work
from ingest.openlineage.topics import Topics
from lineage.errors import StoreUnavailable

_SERVERS: Final = ("neo4j", "bolt")
_IDLE: Final = 75  # seconds that a connection may be silent; longer than what proxies keep one
_LAST_ANSWERS: Final = 5  # seconds for what is under way when the server ends
# A large body is judged in a thread: how long the event loop waits for its turn, in seconds.
_TURN: Final = 0.001


class Settings(msgspec.Struct, frozen=True):
    """What the user said. most_body, most_inbox: bytes; sources: a file, or nothing.

    people: whether answers name persons, where there are no keys to say so. topics: of Kafka, to
    read besides.
    """

    store: str
    inbox: Path
    keys: Keys | None = None
    sources: str = ""
    most_body: int = 16 << 20
    most_inbox: int = 1 << 30
    people: bool = False
    topics: Topics | None = None


class _Server(uvicorn.Server):
    """Ends with the exit code of a success when it is told to end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends the server on SIGTERM and Ctrl-C."""
        for one in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(one, self.handle_exit, one, None)
        yield


def run(settings: Settings, listening: socket.socket, started: Callable[[int], object]) -> None:
    """Serves on a socket until it is told to end; `started` is told how many events wait.

    Raises:
        InboxUnavailable: the inbox cannot be used.
        StoreError: the store cannot be used, and will not be by waiting.
    """
    sys.setswitchinterval(_TURN)
    opening = Opening(settings.store)
    try:
        opening()
    except StoreUnavailable as error:
        if not settings.store.startswith(_SERVERS):
            raise  # what is no server does not come back
        print(f"warning: {error}; events wait in the inbox", file=sys.stderr)  # noqa: T201
    try:
        asyncio.run(_serve(settings, listening, opening, started))
    finally:
        opening.close()


async def _serve(
    settings: Settings,
    listening: socket.socket,
    opening: Opening,
    started: Callable[[int], object],
) -> None:
    metrics = Metrics()
    committer = Committer(settings.inbox, settings.most_inbox)
    work = Work(
        settings.store, str(settings.inbox), committer.applied, settings.sources, settings.topics
    )
    feeder = Feeder(work, committer, metrics)
    known = Known(opening)
    receiver = Receiver(committer, known, metrics, settings.most_body)
    watch = Watch(committer, feeder, metrics, opening)
    routes = [*receiver.routes(), *watch.routes()]
    answers = reads.routes(opening, people=partial(_names_people, settings))
    config = uvicorn.Config(
        application([*routes, *manual(routes, reads.describe()), *answers], settings.keys),
        lifespan="off", log_level="error", access_log=False, server_header=False,
        timeout_keep_alive=_IDLE, timeout_graceful_shutdown=_LAST_ANSWERS,
    )  # fmt: skip
    feeding = asyncio.create_task(feeder.run())
    started(committer.number)
    try:
        await _Server(config).serve(sockets=[listening])
    finally:
        await feeder.close()
        await feeding
        await committer.close()
        for one in (receiver, known, watch):
            one.close()


def _names_people(settings: Settings, request: Request) -> bool:
    """Whether the answer to a request may name persons."""
    key: Key | None = getattr(request.state, "key", None)
    return key.people if key else settings.people

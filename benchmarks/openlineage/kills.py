"""Kills the server again and again while events come in; each must be in the graph then, once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.openlineage.events import events
from benchmarks.openlineage.server import Client, Server, encoded
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.openlineage.applying import Applier, RawEvent
from lineage.hash import graph_hash
from lineage.stores import open_store

CONNECTIONS = 4


class Killed(NamedTuple):
    """What came of it. counted: events in the ledger; same: the graph is that of one clean run."""

    acknowledged: int
    counted: int
    same: bool
    restarts: list[float]  # seconds until the server answered again


def kill_under_load(
    server: Server, store: str, kills: int, number: int, folder: Path, seed: int = 1
) -> Killed:
    """Sends so many events while the server is killed so often, and looks at what is there then."""
    bodies = [encoded(event) for event in events(number)]
    sent = [0] * CONNECTIONS

    def send(lane: int) -> None:
        client = Client(server)
        for body in bodies[lane::CONNECTIONS]:
            client.insist(body)
            sent[lane] += 1
        client.close()

    threads = [threading.Thread(target=send, args=(lane,)) for lane in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    restarts = []
    pick = random.Random(seed)
    for kill in range(kills):
        # After a share of the events, so that a slow machine is killed as often as a fast one.
        while sum(sent) < number * (kill + pick.random()) / (kills + 1):
            time.sleep(0.005)
        server.kill()
        started = time.monotonic()
        server.start()
        restarts.append(time.monotonic() - started)
    for thread in threads:
        thread.join()
    server.drained()
    server.stop()
    return Killed(sum(sent), *_compared(store, bodies, folder), restarts)


def _compared(url: str, bodies: Sequence[bytes], folder: Path) -> tuple[int, bool]:
    """How many events are counted, and whether the graph is that of one run without a kill."""
    clean, found = open_store(f"sqlite:///{folder}/clean.db", create=True), open_store(url)
    applier = Applier(clean, SourceBook.from_flags(SourceFlags()))
    applier.apply([RawEvent(body, "clean", at) for at, body in enumerate(bodies)])
    applier.close()
    counted = found.logged()["openlineage"].total
    same = graph_hash(found) == graph_hash(clean)
    found.close()
    clean.close()
    return counted, same

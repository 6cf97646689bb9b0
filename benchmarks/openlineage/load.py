"""Sends events at a fixed rate, and measures how long each waited from when it was due."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from benchmarks.openlineage.events import events
from benchmarks.openlineage.server import Client, Server, encoded, memory, processor_time, until


class Load(NamedTuple):
    """What a load did. latencies: seconds, sorted; others: answers that were no 201."""

    sent: int
    seconds: float
    latencies: list[float]
    others: list[int]
    cpu_ms: float  # an event, of both processes, until all were applied
    lag: float  # seconds from the last acknowledgement until all were applied
    memory: list[int]  # MiB, in each tenth of the time


def load(server: Server, rate: float, seconds: float, connections: int) -> Load:
    """Sends `rate` events a second over these connections, whether or not earlier ones are back."""
    bodies = [encoded(event) for event in events(int(rate * seconds))]
    latencies: list[float] = []
    others: list[int] = []
    held: list[int] = []
    until(lambda: server.metric("lineage_store_up") == 1)  # the start is not the load
    before = processor_time(server.pid)
    begin = time.perf_counter() + 0.2

    def send(lane: int) -> None:
        client = Client(server)
        for at in range(lane, len(bodies), connections):
            due = begin + at / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            status = client.insist(bodies[at])
            latencies.append(time.perf_counter() - due)
            if status != 201:
                others.append(status)
        client.close()

    threads = [threading.Thread(target=send, args=(lane,)) for lane in range(connections)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        held.append(memory(server.pid))
        time.sleep(seconds / 10)
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begin
    server.drained()
    lag = time.perf_counter() - begin - took
    cpu = (processor_time(server.pid) - before) * 1000 / len(bodies)
    return Load(len(bodies), took, sorted(latencies), others, cpu, lag, held)

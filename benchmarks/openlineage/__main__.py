"""`python -m benchmarks.openlineage load|kill`: prints what was measured."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from benchmarks.openlineage.kills import kill_under_load
from benchmarks.openlineage.load import load
from benchmarks.openlineage.server import Server
from lineage.stores import open_store


@click.group()
def main() -> None:
    """Measures `lineage serve` with a store of its own, or with --store, which must be empty."""


@main.command("load")
@click.option("--rate", default=500.0, show_default=True, help="events a second")
@click.option("--seconds", default=20.0, show_default=True)
@click.option("--connections", default=8, show_default=True)
@click.option("--store", default="", help="[default: a SQLite file]")
def load_command(rate: float, seconds: float, connections: int, store: str) -> None:
    """Send events at a fixed rate."""
    with tempfile.TemporaryDirectory() as folder:
        url = store or f"sqlite:///{folder}/graph.db"
        with Server(url, Path(folder) / "inbox") as server:
            done = load(server, rate, seconds, connections)
            server.stop()
        kept = open_store(url)
        counted = kept.logged()["openlineage"].total
        kept.close()
    print(f"{done.sent} events, {done.sent / done.seconds:.0f}/s on {connections} connections")
    for share in (50, 95, 99, 99.9):
        latency = done.latencies[min(len(done.latencies) - 1, int(done.sent * share / 100))]
        print(f"acknowledged within {latency * 1000:7.1f} ms: {share} %")
    print(f"lost: {done.sent - counted}; answers that were no 201: {sorted(set(done.others))}")
    print(f"{done.cpu_ms:.2f} CPU-ms an event; all applied {done.lag:.1f} s after the last")
    print(f"memory, MiB: {done.memory}")


@main.command("kill")
@click.option("--kills", default=20, show_default=True)
@click.option("--events", "number", default=8000, show_default=True)
@click.option("--store", default="", help="[default: a SQLite file]")
def kill_command(kills: int, number: int, store: str) -> None:
    """Kill the server again and again while events come in."""
    with tempfile.TemporaryDirectory() as folder:
        url = store or f"sqlite:///{folder}/graph.db"
        with Server(url, Path(folder) / "inbox") as server:
            done = kill_under_load(server, url, kills, number, Path(folder))
    print(f"{kills} kills, {done.acknowledged} events acknowledged, {done.counted} counted")
    print(f"the graph is that of one run without a kill: {done.same}")
    print(f"answered again after {max(done.restarts):.1f} s at most")
    if not done.same or done.counted != number:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

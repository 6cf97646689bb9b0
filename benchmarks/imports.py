"""How fast an import is, against the floor: compiled sqlglot merely parsing every statement.

    python -m benchmarks.imports [--statements 100000] [--templates 0] [--store sqlite:///…]
    python -m benchmarks.imports --curve

Both in this run, on the same log. An import is timed by the clock, with two processes beside it,
and includes starting, reading, masking, analysing, writing; it begins with an empty store and no
cache. Then the same file again, and a month later with one template in twenty new.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import sqlglot

from benchmarks.workload import Mesh, catalogue, write

CURVE = (10_000, 30_000, 100_000, 300_000, 1_000_000)  # statements
CURVE_TEMPLATES = 2_000


class Run(msgspec.Struct, frozen=True):
    """What an import took: seconds by the clock, those that the process that writes was busy, MiB.

    peak: of the largest of its processes.
    """

    wall: float
    busy: float
    peak: int
    report: dict[str, int]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--statements", type=int, default=100_000)
    options.add_argument("--templates", type=int, default=0, help="0: as a month of a mesh has")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument(
        "--parse", type=int, default=20_000, help="how many to parse for the floor"
    )
    options.add_argument("--store", default="")
    options.add_argument("--curve", action="store_true", help="the cost as a log grows")
    said = options.parse_args()
    sizes = CURVE if said.curve else (said.statements,)
    templates = CURVE_TEMPLATES if said.curve else said.templates
    for statements in sizes:
        with _log(Mesh(statements, templates)) as (log, columns):
            store = said.store or f"sqlite:///{log.parent}/graph.db"
            # A machine that is shared has its moments: the floor is taken on both sides.
            before = statements / _parse_rate(log, said.parse)
            cold = _import(log, columns, store, said.workers)
            after = statements / _parse_rate(log, said.parse)
            floor = (before + after) / 2
            print(
                f"{statements:,} statements, {log.stat().st_size / 1e6:.0f} MB; compiled sqlglot"
                f" would parse them in {floor:.1f} s ({before:.1f} before, {after:.1f} after)"
            )
            _tell("cold", cold, floor, cold)
            if said.curve:
                continue
            _tell("again", _import(log, columns, store, said.workers), floor, cold)
            write(log, Mesh(statements, templates, month=1))
            _tell("a month later", _import(log, columns, store, said.workers), floor, cold)


@contextmanager
def _log(mesh: Mesh) -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        columns = Path(folder) / "catalog.json"
        columns.write_text(json.dumps(catalogue(mesh)))
        yield write(Path(folder) / "query_history.csv", mesh), columns


def _tell(name: str, run: Run, floor: float, cold: Run) -> None:
    print(
        f"{name:>13}: {run.wall:6.1f} s, {run.wall / run.report['read'] * 1e6:4.0f} µs a statement;"
        f" {floor / run.wall:5.1f} × as fast as parsing, {cold.wall / run.wall:4.1f} × as cold;"
        f" the writer busy for {run.busy:.1f} s, {run.peak} MiB;"
        f" imported {run.report['imported']:,}, templates {run.report['templates']:,}"
    )


def _parse_rate(log: Path, count: int) -> float:
    with log.open(newline="", encoding="utf-8") as file:
        texts = [
            row["QUERY_TEXT"] for _, row in zip(range(count), csv.DictReader(file), strict=False)
        ]
    started = time.process_time()
    for text in texts:
        sqlglot.parse_one(text, read="snowflake")
    return len(texts) / (time.process_time() - started)


def _import(log: Path, columns: Path, store: str, workers: int) -> Run:
    command = [
        sys.executable, "-m", "app.cli", "import", str(log), "--namespace", "snowflake://bench",
        "--catalog", str(columns), "--store", store, "--format", "json",
        "--workers", str(workers),
    ]  # fmt: skip
    cache = {"LINEAGE_CACHE": str(log.parent / "cache")}
    before, started = _used(), time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, env=os.environ | cache)
    wall, after = time.monotonic() - started, _used()
    return Run(wall, after[0] - before[0], after[1], json.loads(done.stdout))


def _used() -> tuple[float, int]:
    """Of the processes that this one started and that have ended: seconds, MiB of the largest."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


if __name__ == "__main__":
    main()

"""How fast DataHub's aggregator takes in a query log, beside this program, in one run.

    python -m benchmarks.peers.importing [--statements 100000] [--sample 2000]

The log is that of `benchmarks.imports`, the sample every so manieth row of it. Seconds are those of
the processor: of DataHub from the first statement to the last thing that it would send, its start
not counted; of ours the whole command with one process, from an empty store and no cache.
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
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import sqlglot

from benchmarks.peers.environments import ADAPTERS, python_of
from benchmarks.workload import HEADER, Mesh, catalogue, write

_TEXT = HEADER.index("QUERY_TEXT")


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--statements", type=int, default=100_000)
    options.add_argument("--sample", type=int, default=2_000)
    said = options.parse_args()
    mesh = Mesh(said.statements)
    with tempfile.TemporaryDirectory() as folder:
        log, sample, columns = (Path(folder, name) for name in ("log.csv", "part.csv", "cat.json"))
        columns.write_text(json.dumps(catalogue(mesh)))
        write(log, mesh)
        rows = Mesh(said.statements).rows()  # a mesh tells its rows once
        some = list(islice(rows, 0, None, max(1, said.statements // said.sample)))
        _write(sample, some)
        print(
            f"{said.statements:,} statements, {mesh.templates:,} templates; {len(some):,} sampled"
        )
        floor = _parsing(row[_TEXT] for row in some)
        _tell("DataHub, the sample", peer := _datahub(sample, columns), floor, peer)
        _tell("this one, the sample", _ours(sample, columns), floor, peer)
        _tell("this one, all of it", _ours(log, columns), floor, peer)


def _write(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])


def _tell(who: str, each: float, floor: float, peer: float) -> None:
    print(
        f"{who:>21}: {1 / each:8,.0f} statements/s, {each / floor:6.2f} × a bare parse;"
        f" {peer / each:6.1f} × as fast as DataHub"
    )


def _parsing(texts: Iterable[str]) -> float:
    """Seconds that compiled sqlglot takes to parse a statement."""
    began, count = time.process_time(), 0
    for text in texts:
        sqlglot.parse_one(text, read="snowflake")
        count += 1
    return (time.process_time() - began) / count


def _datahub(log: Path, columns: Path) -> float:
    """Seconds a statement."""
    adapter = str(ADAPTERS / "import_with_datahub.py")
    command = [python_of("datahub"), adapter, str(log), str(columns)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={})
    found = json.loads(done.stdout.splitlines()[-1])
    return float(found["seconds"] / found["statements"])


def _ours(log: Path, columns: Path) -> float:
    """Seconds a statement."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "app.cli", "import", str(log), "--workers", "1",
            "--namespace", "snowflake://bench", "--catalog", str(columns),
            "--store", f"sqlite:///{folder}/graph.db", "--format", "json",
        ]  # fmt: skip
        before = _used()
        environment = os.environ | {"LINEAGE_CACHE": f"{folder}/cache"}
        done = subprocess.run(command, check=True, capture_output=True, env=environment)
        return (_used() - before) / int(json.loads(done.stdout)["read"])


def _used() -> float:
    """Seconds of the processor of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

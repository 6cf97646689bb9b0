"""How fast an import is, against the floor: compiled sqlglot merely parsing every statement.

    python -m benchmarks.imports [--statements 100000] [--store sqlite:///…]

Both in this run, on the same log, in seconds of one processor: what else the machine does hardly
matters. The import includes starting, reading, masking, analysing, writing.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlglot

from benchmarks.workload import catalogue, write


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--statements", type=int, default=100_000)
    options.add_argument(
        "--parse", type=int, default=20_000, help="how many to parse for the floor"
    )
    options.add_argument("--store", default="")
    said = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = write(Path(folder) / "query_history.csv", said.statements)
        columns = Path(folder) / "catalog.json"
        columns.write_text(json.dumps(catalogue(said.statements)))
        store = said.store or f"sqlite:///{folder}/graph.db"
        print(f"{said.statements:,} statements, {log.stat().st_size / 1e6:.0f} MB")
        floor = said.statements / _parse_rate(log, said.parse)
        print(f"compiled sqlglot would parse them in {floor:.1f} s")
        cold = 0.0
        for name in ("cold", "again"):
            seconds, report = _import(log, columns, store)
            cold = cold or seconds
            each = seconds / report["read"] * 1e6
            print(
                f"import, {name:5}: {seconds:5.1f} s, {each:4.0f} µs a statement;"
                f" {floor / seconds:.1f} × as fast as parsing, {cold / seconds:.1f} × as cold;"
                f" imported {report['imported']:,}, templates {report['templates']:,}"
            )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"peak memory of a process: {peak:,.0f} MiB")


def _parse_rate(log: Path, count: int) -> float:
    with log.open(newline="", encoding="utf-8") as file:
        texts = [
            row["QUERY_TEXT"] for _, row in zip(range(count), csv.DictReader(file), strict=False)
        ]
    started = time.process_time()
    for text in texts:
        sqlglot.parse_one(text, read="snowflake")
    return len(texts) / (time.process_time() - started)


def _import(log: Path, columns: Path, store: str) -> tuple[float, dict[str, int]]:
    command = [
        sys.executable, "-m", "app.cli", "import", str(log), "--namespace", "snowflake://bench",
        "--catalog", str(columns), "--store", store, "--format", "json", "--workers", "1",
    ]  # fmt: skip
    before = _processor_seconds()
    done = subprocess.run(command, check=True, capture_output=True)
    return _processor_seconds() - before, json.loads(done.stdout)


def _processor_seconds() -> float:
    """What the processes that this one started and that have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

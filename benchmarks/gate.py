"""How long the gate takes in CI: `python benchmarks/gate.py FOLDER`.

By default 5,000 models of 20 columns each, 100,000 columns: a store, a snapshot of it, signed, and
the verdict on a migration asked of the snapshot by the command line, each in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lineage.model import (
    Activity,
    Batch,
    Document,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Fact,
    Node,
    Role,
    Sample,
    Shard,
)
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, QueryId, TeamId
from lineage.stores import open_store

STEP = 20_000
DAYS = Activity(tuple(range(20_300, 20_390)), (1,) * 90)
POLICY = """
rules:
  - {name: breaks another team, when: {ring: [fails], crosses_team: true}, then: block}
  - {name: silent, when: {ring: [wrong]}, then: warn}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=int, default=5_000)
    parser.add_argument("--columns", type=int, default=20, help="of each model")
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "gate.db"
    if not database.exists():
        fill(f"sqlite:///{database}", options.models, options.columns)
    (folder / "policy.yml").write_text(POLICY)
    (folder / "key").write_bytes(b"k" * 32)
    (folder / "migration.sql").write_text(
        "".join(f"ALTER TABLE shop.core.m{n} DROP COLUMN c{n % 20};\n" for n in (7, 70, 700))
    )
    key = ("--key", str(folder / "key"))
    taken = str(folder / "gate.snap")
    run("snapshot", "--to", taken, "--store", f"sqlite:///{database}", *key)
    print(
        f"  {Path(taken).stat().st_size / 1e6:.1f} MB, store {database.stat().st_size / 1e6:.0f} MB"
    )
    for change in (
        ("--ddl", str(folder / "migration.sql")),
        ("drop column shop.core.m3.c1",),
        ("drop dataset shop.core.m0",),
    ):
        run("impact", *change, "--snapshot", taken, *key, "--policy", str(folder / "policy.yml"),
            "--format", "md")  # fmt: skip
    run("who-uses", "shop.core.m9", "--snapshot", taken, *key)
    run("orphans", "--snapshot", taken, *key)


def run(*arguments: str) -> None:
    start, before = time.perf_counter(), os.times()
    command = [sys.executable, "-m", "app.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    seconds, after = time.perf_counter() - start, os.times()
    busy = after.children_user + after.children_system - before.children_user
    busy -= before.children_system
    head = done.stdout.strip().splitlines()[1:2] or done.stderr.strip().splitlines()[-1:]
    took = f"{seconds:6.2f} s ({busy:.2f} s of CPU), exit {done.returncode}"
    print(f"{arguments[0]:10s} {took}: {' '.join(head)[:110]}", flush=True)


def fill(url: str, models: int, columns: int) -> None:
    store = open_store(url, create=True)
    chance = random.Random(1)
    datasets = [DatasetId("pg", f"shop.core.m{number}") for number in range(models)]
    store.apply(Batch(nodes=tuple(nodes(models))))
    found = edges(chance, datasets, columns)
    while some := tuple(islice(found, STEP)):
        store.apply(Batch(edges=some))
    shards = tuple(Shard("pg", day, 0, bytes(16)) for day in DAYS.days)
    store.apply(Batch(documents=(Document("import", "1", b"{}"),), shards=shards))
    store.close()


def nodes(models: int) -> Iterator[Node]:
    for number in range(models):
        text = f"create table m{number} as select c0, c1 from m{number // 2} where c2 > ?"
        facts = {"sql": Fact("", text), "parse": Fact("", "full"), "dialect": Fact("", "postgres")}
        yield Node(QueryId("pg", f"{number:032x}"), facts)
        yield Node(ConsumerId("bi", f"dashboard/{number}"), {"kind": Fact("", "dashboard")})


def edges(chance: random.Random, datasets: list[DatasetId], columns: int) -> Iterator[Edge]:
    """Each model reads up to three of the 400 before it; every tenth is on a dashboard."""
    for number, model in enumerate(datasets):
        job, query = JobId("dbt", f"model.m{number}"), QueryId("pg", f"{number:032x}")
        sample = Sample("2025-10-31T00:00:00Z", f"{number:032x}", query)

        def edge(key: EdgeKey, sample: Sample = sample) -> Edge:
            return Edge(key, DAYS, Evidence.of(), sample)

        team = TeamId("team", f"t{number % 60}")
        yield Edge(EdgeKey(EdgeType.OWNS, team, model))
        yield edge(EdgeKey(EdgeType.WRITES, job, model))
        yield edge(EdgeKey(EdgeType.RAN, job, query))
        near = [datasets[max(0, number - chance.randrange(1, 400))] for _ in range(3)]
        for source in {*near} - {model}:
            yield edge(EdgeKey(EdgeType.READ_BY, source, job))
            yield edge(EdgeKey(EdgeType.NAMED_IN, source, query))
            for place in range(columns):
                down = ColumnId(model, f"c{place}")
                up = ColumnId(source, f"c{chance.randrange(columns)}")
                yield edge(EdgeKey(EdgeType.FEEDS, up, down, Role.IDENTITY, job))
                yield edge(EdgeKey(EdgeType.USED_BY, up, job, Role.IDENTITY))
        for place in range(columns):
            yield Edge(EdgeKey(EdgeType.HAS_COLUMN, model, ColumnId(model, f"c{place}")))
        if number % 10 == 0:
            reader = ConsumerId("bi", f"dashboard/{number}")
            yield edge(EdgeKey(EdgeType.READ_BY, model, reader))
            yield edge(EdgeKey(EdgeType.USED_BY, ColumnId(model, "c1"), reader, Role.FILTER))


if __name__ == "__main__":
    main()

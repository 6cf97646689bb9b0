"""What a statement costs in each stage of `import --engine spark`, and what reaches the writer.

    python -m benchmarks.spark [--statements 100000]

In seconds of one processor, in this process, without Spark: its own share is not in them. From
these unit costs come the tables of docs/spark.md.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from benchmarks.workload import Mesh, catalogue, write
from ingest.declared.catalogs import read_catalogue
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.engines.batches import (
    Batch,
    FileTold,
    Found,
    HeldKeys,
    Kind,
    Plan,
    Terms,
    batch,
    bodies,
    of_kinds,
)  # fmt: skip
from ingest.engines.counting import count, merge
from ingest.engines.telling import tell
from ingest.files.columnar import pyarrow
from ingest.pipeline import ImportOptions, import_paths
from ingest.report import ImportReport
from lineage.stores import open_store

NAMESPACE = "snowflake://bench"


class Measuring:
    """The stages one after another, each with its processor time and the bytes it hands on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.bytes: dict[str, int] = {}
        self.cells = 0

    def tell(self, plan: Plan, _: Callable[[int], None]) -> list[FileTold]:
        """What there is to say of each file."""
        places = pyarrow().table({"id": list(range(len(plan.files)))}).to_batches()
        self._rows = self._timed("read and mask", lambda: list(tell(plan, places)))
        self.bytes["shuffled by key"] = sum(
            one.nbytes for one in of_kinds(self._rows, Kind.STATEMENT, Kind.OTHER)
        )
        return list(bodies(self._rows, Kind.FILE, FileTold))

    def count(self, terms: Terms, held: Iterable[tuple[int, HeldKeys]]) -> Iterator[Found]:
        """What all files told, counted."""
        stored = [
            batch(kind=Kind.HELD, route=[route], body=[msgspec.msgpack.encode(keys)])
            for route, keys in held
        ]
        mine = of_kinds(self._rows, Kind.STATEMENT, Kind.OTHER) + stored
        counted = self._timed("count", lambda: list(count(terms, mine)))
        told = counted + of_kinds(self._rows, Kind.VARIANT)
        found = self._timed("merge", lambda: list(merge(told)))
        self.bytes["to the writer"] = sum(one.nbytes for one in found)
        parts = list(bodies(found, Kind.FOUND, Found))
        self.cells = sum(len(one.counts) for one in parts)
        self.bytes["of them keys and rows"] = sum(
            len(new.keys) + len(new.starts) + len(new.weights) + len(new.kinds)
            for one in parts
            for new in one.keys
        )
        yield from parts

    def _timed(self, name: str, stage: Callable[[], list[Batch]]) -> list[Batch]:
        began = time.process_time()
        rows = stage()
        self.seconds[name] = time.process_time() - began
        return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--statements", type=int, default=100_000)
    count = options.parse_args().statements
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LINEAGE_CACHE"] = f"{folder}/cache"
        mesh = Mesh(count)
        log = write(Path(folder) / "log.csv", mesh)
        columns = Path(folder) / "catalog.json"
        columns.write_text(json.dumps(catalogue(mesh)))
        engine = Measuring()
        cold, report = _import(log, columns, f"sqlite:///{folder}/cold.db", engine)
        # Again into an empty store: every template is remembered, and none analysed.
        warm, _ = _import(log, columns, f"sqlite:///{folder}/warm.db", engine)
    print(f"{report.read:,} statements, {report.templates:,} templates, {engine.cells:,} cells")
    for name, seconds in engine.seconds.items():
        print(f"{name:24} {seconds / report.read * 1e6:8.1f} µs a statement")
    for name, size in engine.bytes.items():
        print(f"{name:24} {size / report.read:8.1f} bytes a statement")
    print(f"{'writer: find, derive':24} {warm / engine.cells * 1e6:8.0f} µs a cell")
    print(f"{'writer: analyse':24} {(cold - warm) / report.templates * 1e6:8.0f} µs a template")


def _import(log: Path, columns: Path, url: str, engine: Measuring) -> tuple[float, ImportReport]:
    """The processor seconds of the writer, and the report."""
    book = SourceBook.from_flags(SourceFlags(namespace=NAMESPACE))
    catalogues = (read_catalogue(columns, NAMESPACE),)
    store = open_store(url, create=True)
    began = time.process_time()
    report = import_paths(
        store, [str(log)], ImportOptions(book, catalogues, workers=1, engine=engine)
    )
    taken = time.process_time() - began
    store.close()
    return taken - sum(engine.seconds.values()), report


if __name__ == "__main__":
    main()

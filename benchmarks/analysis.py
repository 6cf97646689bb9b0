"""What the analysis of a template costs beside the bare parse of the same text, in the same run.

    python -m benchmarks.analysis [TEMPLATES]

The templates are those of `benchmarks.workload`, each with the columns of the tables that it names.
Rounds of the two alternate, and the best of each counts, since a machine is rarely idle.
"""

from __future__ import annotations

import gc
import random
import re
import sys
import time
from collections.abc import Callable, Iterator

import sqlglot

from benchmarks.workload import Mesh
from ingest.masking.template import Masks
from ingest.sql import Catalog, Context, analyse

DIALECT = "snowflake"
_ROUNDS = 15
_VALUES = {"{n}": "17", "{s}": "a value", "{d}": "2026-10-01"}


def templates(count: int) -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    """Masked texts of the workload, and the columns of the tables that each may name."""
    mesh = Mesh(1_000_000)
    masks = Masks(DIALECT)
    columns = {name: dict.fromkeys(names, "VARCHAR") for name, names in mesh.datasets}
    by_last = {name.rpartition(".")[2]: name for name in columns}
    for text in random.Random(count).sample(mesh.texts(), count):
        for mark, value in _VALUES.items():
            text = text.replace(mark, value)
        sql = masks.mask(text).text
        named = sorted(set(re.findall(r"\w+", sql)) & by_last.keys())
        yield sql, {by_last[name]: columns[by_last[name]] for name in named}


def _seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main(count: int) -> None:
    """Prints microseconds of processor time a template: parsed, analysed, and their ratio."""
    chosen = list(templates(count))
    context = Context("ANALYTICS", "PUBLIC")

    def parsed() -> None:
        for sql, _ in chosen:
            sqlglot.parse(sql, read=DIALECT)

    def analysed() -> None:
        for sql, columns in chosen:
            analyse(sql, DIALECT, context, Catalog(columns))

    gc.freeze()
    gc.set_threshold(100_000, 20, 100)  # as in the processes that analyse
    rounds = [(_seconds(parsed), _seconds(analysed)) for _ in range(_ROUNDS)]
    parse, whole = (1e6 * min(times) / count for times in zip(*rounds, strict=True))
    print(
        f"{count} templates: parse {parse:.0f} µs, analysis {whole:.0f} µs, {whole / parse:.2f} x"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)

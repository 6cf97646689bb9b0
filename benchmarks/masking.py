"""Does masking cost lineage? The analysis of every statement beside that of its masked text.

    python -m benchmarks.masking STATEMENTS.jsonl[.gz] …

A line is {id, sql, dialect} and, optionally, schemas{table: {column: type}}.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.masking.template import mask
from ingest.sql import Catalog, Context, analyse

_LONGEST = 50_000  # characters; the few beyond would take most of the time


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("files", type=Path, nargs="+")
    for path in options.parse_args().files:
        statements = different = 0
        for record in _records(path):
            statements += 1
            if not _is_same(record):
                different += 1
                print(f"{path.name}: {record['id']} differs")
        print(f"{path.name}: {statements} statements, {different} differ")


def _records(path: Path) -> Iterator[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for line in text.splitlines():
        record = json.loads(line)
        if record.get("sql") and len(record["sql"]) <= _LONGEST:
            yield record


def _is_same(record: dict[str, Any]) -> bool:
    dialect, catalog = record["dialect"] or "", Catalog(record.get("schemas") or {})
    masked = mask(record["sql"], dialect).text
    said, meant = (analyse(sql, dialect, Context(), catalog) for sql in (masked, record["sql"]))
    return _facts(said.statements) == _facts(meant.statements)


def _facts(statements: tuple[Any, ...]) -> list[tuple[object, ...]]:
    """All but the remarks, which tell where in its own text a parser stumbled."""
    return [(s.kind, s.reads, s.writes, s.edges, s.influences, s.uses, s.stars, s.output,
             s.assigned, s.changes, s.parse) for s in statements]  # fmt: skip


if __name__ == "__main__":
    main()

"""Writes the sample logs, their catalogues and their truth: `python generate.py [--out DIR]`.

Same seed, same bytes: every random number comes from a stream named after the seed and the
statement, no clock is read, and archives carry no time.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from attribution import read_principals
from csvlog import postgres_rows
from events import dbt_jobs, dbt_runs, declared_rows, job_runs, read_jobs, run_rows
from flows import flows, uses
from plan import NAMESPACES, Catalogue, read_catalogue, read_shapes
from run import Execution, execute
from truth import People, truth
from writers import Row, lake_rows, snowflake_file, snowflake_rows

HERE = Path(__file__).parent
SEED = 7
_BROKEN_LINE = (
    '{"query": "SELECT order_id, amount FROM order_placed WHERE archived_on = DATE \'2026-0\n'
)
_SNOWFLAKE_TYPES = {
    "n": "NUMBER",
    "t": "TEXT",
    "d": "DATE",
    "s": "TIMESTAMP_NTZ",
    "b": "BOOLEAN",
    "f": "FLOAT",
}
_POSTGRES_TYPES = {
    "n": "NUMERIC",
    "t": "TEXT",
    "d": "DATE",
    "s": "TIMESTAMPTZ",
    "b": "BOOLEAN",
    "f": "DOUBLE PRECISION",
}


def main() -> None:
    """Generate into the folder of this file, or into --out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    for path, size in generate(arguments.out, arguments.seed):
        print(f"{size:>9,}  {path.relative_to(arguments.out)}")


def generate(out: Path, seed: int) -> list[tuple[Path, int]]:
    """Write every generated file below `out`; their paths and sizes in bytes."""
    catalogue = read_catalogue()
    shapes = read_shapes(catalogue)
    executions = execute(shapes, seed)
    jobs = read_jobs(catalogue)
    models = dbt_jobs(shapes, catalogue)
    runs = job_runs(jobs, seed) + dbt_runs(executions, models)
    files, funnel = _logs(executions, run_rows(runs, catalogue, seed), seed)
    principals = read_principals(HERE / "sources.yml")
    document = truth(
        catalogue,
        flows(executions, runs, catalogue),
        uses(executions, principals),
        People(HERE),
        principals["static"],
    )
    funnel["by_source"]["events"] |= {
        "statements": len(runs),
        "failed": sum(run.failed for run in runs),
    }
    files["truth.json"] = _pretty({**document, "funnel": _total(funnel)})
    files["catalog.csv"] = _warehouse_catalogue(catalogue)
    files["catalog-postgres.json"] = _pretty(_postgres_catalogue(catalogue))
    return [_write(out / name, text) for name, text in sorted(files.items())]


def _logs(
    executions: list[Execution], events: list[Row], seed: int
) -> tuple[dict[str, str], dict[str, dict[str, dict[str, int]]]]:
    by_source: dict[str, list[Execution]] = defaultdict(list)
    for execution in executions:
        by_source[execution.shape.source].append(execution)
    warehouse = snowflake_rows(by_source["warehouse"], seed)
    finance = snowflake_rows(by_source["finance"], seed + 1)
    postgres = postgres_rows(by_source["postgres"], seed)
    lake = lake_rows(by_source["lake"])
    months = _by_month(warehouse)
    # The October export begins a day early: its first day was exported before.
    repeated = [row for row in months["2026-09"] if row.at.date() == date(2026, 9, 30)]
    months["2026-10"] = repeated + months["2026-10"]
    files = {
        f"snowflake/query_history_{month}.csv.gz": snowflake_file(rows)
        for month, rows in months.items()
    }
    files["finance/query_history_finance.csv"] = snowflake_file(finance)
    for month, rows in _by_month(postgres).items():
        files[f"postgres/postgresql-{month}.csv.gz"] = _text(rows)
    lake_text = [row.line for row in lake]
    lake_text.insert(len(lake_text) // 2, _BROKEN_LINE)
    files["lake/queries.jsonl.gz"] = "".join(lake_text)
    for month, rows in _by_month(events).items():
        files[f"openlineage/events-{month}.ndjson.gz"] = _text(rows)
    files["openlineage/declared.ndjson"] = _text(declared_rows())
    counts = {
        "warehouse": _counts(by_source["warehouse"], warehouse) | {"duplicates": len(repeated)},
        "finance": _counts(by_source["finance"], finance),
        "orders": _counts(by_source["postgres"], postgres),
        "lake": _counts(by_source["lake"], lake) | {"broken_lines": 1},
        "events": {"records": len(events) + 2},
    }
    counts["warehouse"]["records"] += len(repeated)
    counts["lake"]["records"] += 1
    return files, {"by_source": counts}


def _counts(executions: list[Execution], rows: list[Row]) -> dict[str, int]:
    return {
        "records": len(rows),
        "statements": len(executions),
        "failed": sum(execution.error is not None for execution in executions),
        "noise": sum(row.noise for row in rows),
        "unparsable": sum(execution.shape.flag("broken") for execution in executions),
    }


def _total(funnel: dict[str, dict[str, dict[str, int]]]) -> dict[str, object]:
    by_source = funnel["by_source"]
    keys = ("statements", "failed", "duplicates", "unparsable", "broken_lines", "records")
    totals = {key: sum(counts.get(key, 0) for counts in by_source.values()) for key in keys}
    return {**totals, "by_source": by_source}


def _by_month(rows: Iterable[Row]) -> dict[str, list[Row]]:
    months: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        months[f"{row.at:%Y-%m}"].append(row)
    return months


def _text(rows: Iterable[Row]) -> str:
    return "".join(row.line for row in rows)


def _pretty(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _warehouse_catalogue(catalogue: Catalogue) -> str:
    lines = ["table_catalog,table_schema,table_name,column_name,ordinal_position,data_type"]
    for dataset in catalogue.datasets:
        # Sandboxes are not in the export, as in life.
        inside = dataset.namespace == NAMESPACES["warehouse"] and dataset.kind != "temporary"
        if inside and ".SANDBOX." not in dataset.name:
            prefix = dataset.name.replace(".", ",")
            for place, (name, kind) in enumerate(dataset.columns, 1):
                lines.append(f"{prefix},{name},{place},{_SNOWFLAKE_TYPES[kind]}")
    return "\n".join(lines) + "\n"


def _postgres_catalogue(catalogue: Catalogue) -> dict[str, dict[str, str]]:
    return {
        dataset.name: {name: _POSTGRES_TYPES[kind] for name, kind in dataset.columns}
        for dataset in catalogue.datasets
        if dataset.namespace == NAMESPACES["postgres"] and dataset.kind != "temporary"
    }


def _write(path: Path, text: str) -> tuple[Path, int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    if path.suffix == ".gz":
        data = gzip.compress(data, 9, mtime=0)
    path.write_bytes(data)
    return path, len(data)


if __name__ == "__main__":
    main()

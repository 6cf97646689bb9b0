"""Is it true? Statements run in DuckDB, without each column in turn and with other values in it.

    python -m benchmarks.oracle CASES.jsonl [--source tpc] [--worlds 3] [--show]

CASES may also be a folder of .sql files (tests/cases/oracle). A line of CASES is {id, source, sql,
schemas{table: {column: type}}, dialect, setup[]}; what DuckDB cannot run is counted and left out.
Without --worlds only the question of drops is asked.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import sqlglot

from benchmarks.oracle.statements import cases_of
from benchmarks.oracle.verdict import Case, Verdict, verdict

_TEXTS = {"STRING", "TEXT", "VARCHAR"}


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("cases", type=Path)
    options.add_argument("--source", default="", help="only cases whose source has this word")
    options.add_argument("--worlds", type=int, default=0, help="how many data sets to change")
    options.add_argument("--show", action="store_true", help="print every difference")
    given = options.parse_args()
    verdicts = []
    is_folder = given.cases.is_dir()
    cases = cases_of(given.cases) if is_folder else _cases(given.cases, given.source)
    for case in cases:
        verdicts.append(verdict(case, given.worlds))
        if given.show:
            _show(verdicts[-1])
    _sum_up(verdicts)


def _cases(path: Path, source: str) -> Iterator[Case]:
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if source in record.get("source", "") and record.get("schemas"):
            sql = sqlglot.transpile(record["sql"], read=record["dialect"] or None, write="duckdb")[
                0
            ]
            setup = tuple(record.get("setup") or ())
            text = " ".join((*setup, sql)).lower()
            read = {
                table: {column: _type(column, type_) for column, type_ in dict(columns).items()}
                for table, columns in record["schemas"].items()
                if table.lower() in text
            }
            yield Case(record["id"], sql, read, setup)


def _type(column: str, type_: str) -> str:
    """The type; a date given as text is a date, since DuckDB compares the two no more."""
    return "DATE" if column.endswith("date") and type_.upper() in _TEXTS else type_


def _show(one: Verdict) -> None:
    differences = {
        "not run": one.error,
        "breaks, not named": sorted(one.breaks - one.named),
        "named, does not break": sorted(one.named - one.breaks),
        "influence not claimed": sorted(one.missed),
        "influence not seen": sorted(one.influences - one.seen) if one.rows else "",
    }
    for what, found in differences.items():
        if found:
            print(f"{one.name}: {what}: {found}")


def _sum_up(verdicts: list[Verdict]) -> None:
    run = [one for one in verdicts if not one.error]
    both = sum(len(one.breaks & one.named) for one in run)
    print(f"{len(run)} statements run of {len(verdicts)}")
    print(f"breaks when dropped: recall {_share(both, sum(len(o.breaks) for o in run))}, "
          f"precision {_share(both, sum(len(o.named) for o in run))}")  # fmt: skip
    full = [one for one in run if one.rows]
    seen = sum(len(one.seen) for one in full)
    missed = sum(len(one.missed) for one in full)
    if full:
        print(f"influence, {len(full)} statements with rows: recall {_share(seen, seen + missed)}, "
              f"precision {_share(seen, sum(len(o.influences) for o in full))}")  # fmt: skip


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} ({part} of {whole})" if whole else "-"


if __name__ == "__main__":
    main()

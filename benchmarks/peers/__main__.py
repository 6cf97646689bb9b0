"""Accuracy and speed of other tools and of this one, on the same statements in one run.

    python -m benchmarks.peers CASES.jsonl [--only datahub …] [--every N]

A line of CASES is {id, sql, dialect, default_db, default_schema, schemas, expect{in_tables,
out_tables, column_lineage}}. Each tool is installed, on the first run, in an environment of its own
under ~/.cache/lineage-usage/peers. Speed is the median over statements of its time by the time that
compiled sqlglot takes to parse the same statement.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peers.environments import ADAPTERS, PEERS, python_of
from benchmarks.peers.scoring import Score

_TOOLS = ("ours", *PEERS)
_LINE = "{:12} {:>8} {:>8} {:>12} {:>8} {:>12}"


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("cases", type=Path)
    options.add_argument("--only", nargs="*", choices=_TOOLS, default=_TOOLS)
    options.add_argument("--every", type=int, default=1, help="every Nth case")
    given = options.parse_args()
    lines = given.cases.read_text().splitlines()[:: given.every]
    cases = [case for case in map(json.loads, lines) if not case.get("convention")]
    parsing = _results(sys.executable, "only_parse", cases)
    print(f"{len(cases)} statements; exactly right, %")
    print(_LINE.format("tool", "tables", "columns", "none invented", "errors", "× a parse"))
    for peer in given.only:
        python = python_of(peer) if peer in PEERS else sys.executable
        _print(peer, cases, _results(python, f"with_{peer}", cases), parsing)


def _results(python: str, adapter: str, cases: list[Any]) -> dict[str, Any]:
    """Case id → what the tool said and how long it took."""
    given = "\n".join(map(json.dumps, cases))
    done = subprocess.run(
        [python, str(ADAPTERS / f"{adapter}.py")],
        input=given,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path.cwd())} if python == sys.executable else {},
        check=False,
    )
    results = {}
    for line in done.stdout.splitlines():
        if line.startswith('{"id"'):
            result = json.loads(line)
            results[result["id"]] = result
    return results


def _print(peer: str, cases: list[Any], results: dict[str, Any], parsing: dict[str, Any]) -> None:
    score = Score()
    ratios = []
    for case in cases:
        result = results.get(case["id"], {"error": "no answer"})
        score.add(case, result)
        floor = parsing[case["id"]]
        if not result.get("error") and not floor.get("error"):
            ratios.append(result["ms"] / floor["ms"])
    print(
        _LINE.format(
            peer,
            _share(score.tables_right, score.tables),
            _share(score.columns_right, score.columns),
            _share(score.empty_right, score.empty),
            score.errors,
            f"{median(ratios):.1f}" if ratios else "-",
        ),
        flush=True,
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


if __name__ == "__main__":
    main()

"""Is the ring right? Every change of every world, made for real in DuckDB.

    python -m benchmarks.impact_truth [FOLDER] [--kind "drop column"] [--show]

FOLDER holds worlds (tests/cases/changes/truth). Counted are the statements and tables of which
either side says that something happens; a statement that fails and is not said to fail is missed.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from benchmarks.impact_truth.verdict import Verdict, imported, verdicts
from benchmarks.impact_truth.world import worlds

FOLDER = Path(__file__).parents[2] / "tests" / "cases" / "changes" / "truth"


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    options.add_argument("--kind", default="", help="only changes of this kind")
    options.add_argument("--show", action="store_true", help="print every difference")
    options.add_argument(
        "--no-tables", action="store_true", help="leave CREATE TABLE out of the log"
    )
    given = options.parse_args()
    found: list[Verdict] = []
    for world in worlds(given.folder):
        with imported(world, with_tables=not given.no_tables) as store:
            for trial in world.change:
                if trial.kind.startswith(given.kind):
                    found += verdicts(world, trial, store)
    if given.show:
        for one in found:
            if not one.right:
                print(f"{one.world}: {one.change}: {one.node}: said {one.said or '-'}, "
                      f"seen {one.seen or '-'} {one.error}")  # fmt: skip
    _sum_up(found)


def _sum_up(found: list[Verdict]) -> None:
    changes = Counter(kind for kind, _ in {(one.kind, one.world + one.change) for one in found})
    print(f"{'kind':18} changes  touched  right   ring  missed")
    for kind in [*dict.fromkeys(one.kind for one in found), ""]:
        mine = [one for one in found if one.kind == kind or not kind]
        touched = [one for one in mine if one.said or one.seen]
        right = sum(one.right for one in touched)
        missed = sum(one.seen == "fails" != one.said for one in mine)
        share = f"{right / len(touched):7.1%}" if touched else "      -"
        number = changes[kind] if kind else changes.total()
        print(f"{kind or 'all':18} {number:7} {len(touched):8} {right:6} {share} {missed:5}")


if __name__ == "__main__":
    main()

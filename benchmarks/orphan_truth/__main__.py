"""Prints how well each label is found: `python -m benchmarks.orphan_truth [--meshes 40]`."""

from __future__ import annotations

import argparse

from benchmarks.orphan_truth.scoring import scores


def main() -> None:
    """Judges random meshes and prints a row a label."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--meshes", type=int, default=40)
    parser.add_argument("--size", type=int, default=60)
    options = parser.parse_args()
    print(f"{'label':18} {'true':>6} {'found':>6} {'hit':>6} {'F1':>7}")
    for label, one in scores(range(options.meshes), options.size).items():
        print(f"{label:18} {one.true:6} {one.found:6} {one.hit:6} {one.f1:7.3f}")


if __name__ == "__main__":
    main()

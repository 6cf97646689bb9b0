"""The command line for tests, run to its end."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def lineage(
    *arguments: str, cwd: Path = ROOT, store: str = "", said: str = "", **environment: str
) -> subprocess.CompletedProcess:
    """What the command printed, and its exit code; it asks the store, if one is given.

    said: on standard input.
    """
    if store:
        environment["LINEAGE_STORE"] = store
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        input=said,
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )

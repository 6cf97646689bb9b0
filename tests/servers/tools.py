"""Programs that are packages of Python, in an environment of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

INSTALL = (
    "python -m venv TOOLS && TOOLS/bin/pip install 'pyspark<4' 'dbt-core<1.11' 'dbt-duckdb<1.10', "
    "and set LINEAGE_TOOLS=TOOLS/bin"
)


def program(name: str) -> str:
    """The path of a program, first in the folder that LINEAGE_TOOLS names; empty when absent."""
    folders = [os.environ.get("LINEAGE_TOOLS", ""), str(Path(sys.executable).parent)]
    return shutil.which(name, path=os.pathsep.join(filter(None, folders))) or ""


def run(command: Sequence[str], folder: Path, *codes: int, **more: str) -> str:
    """What the command prints, run in the folder; it must end with one of the codes, or 0.

    Raises:
        RuntimeError: it ends with another; says what it printed.
    """
    # A tool's scripts look for the Python beside them.
    path = os.pathsep.join((str(Path(command[0]).parent), os.environ["PATH"]))
    environment: Mapping[str, str] = {**os.environ, "PATH": path, "HOME": str(folder), **more}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, *codes):
        raise RuntimeError(f"{command[0]}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout

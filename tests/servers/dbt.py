"""A dbt project on DuckDB, built once, and what dbt leaves behind of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.servers.tools import INSTALL, program, run

STORY = Path(__file__).parent / "dbt_story"


def missing() -> str:
    """What must be installed before; empty when all is there."""
    return "" if program("dbt") else f"dbt is not installed: {INSTALL}"


def logs(folder: Path) -> Path:
    """The project after a build, with `target/run_results.json` and `logs/dbt.log`."""
    project = folder / "project"
    shutil.copytree(STORY, project)
    said = ["--log-format-file", "json", "--log-level-file", "debug"]
    # A model fails on purpose: dbt ends with 1.
    run([program("dbt"), *said, "build", "--profiles-dir", "."], project, 1,
        DBT_SEND_ANONYMOUS_USAGE_STATS="False")  # fmt: skip
    return project

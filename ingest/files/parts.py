"""Files that are one log together, as their names tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

# Spark rolls: only the first file names the application, and a statement may go on in the next.
_ROLLED = re.compile(r"events_(?P<number>[0-9]+)_(?P<log>[^.]+)")
_ROLLED_STATE = "appstatus_"  # an empty file beside them
# DuckDB writes two tables; an entry names its context.
_TABLES = ("duckdb_log_contexts.csv", "duckdb_log_entries.csv")


def logs_of(files: Sequence[Path]) -> list[tuple[Path, ...]]:
    """The files, those that are one log together, in the order in which they are to be read."""
    found: dict[tuple[Path, str], list[tuple[int, Path]]] = {}
    for file in files:
        log, number = _place(file)
        found.setdefault((file.parent, log), []).append((number, file))
    rolled = {folder for folder, log in found if log.startswith("events_")}
    return [
        tuple(file for _, file in sorted(parts))
        for (folder, log), parts in found.items()
        if not (folder in rolled and log.startswith(_ROLLED_STATE))
    ]


def _place(file: Path) -> tuple[str, int]:
    """The name of the log that the file is a part of, and its place in it."""
    if file.name in _TABLES:
        return "duckdb_log", _TABLES.index(file.name)
    rolled = _ROLLED.match(file.name)
    return (f"events_{rolled['log']}", int(rolled["number"])) if rolled else (file.name, 0)

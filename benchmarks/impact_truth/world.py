"""A world: tables, two days of rows, statements that run each day, and changes to be tried."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

_TARGET = re.compile(
    r"\s*(?:create or replace (view|table)|(insert) into|(update)|(merge) into) ([\w.]+)"
)


class Trial(msgspec.Struct, frozen=True):
    """A change to be made for real.

    words: as `lineage impact` takes it. apply: what happens to the tables. settled: what happens to
    them without the change, for a fair comparison. replace: statements with another text after the
    change. skip: those that are not run any more, because they would undo the change.
    """

    words: str
    apply: str = ""
    settled: str = ""
    replace: dict[str, str] = {}
    skip: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The first two words: `drop column`."""
        return " ".join(self.words.split()[:2])


class World(msgspec.Struct, frozen=True):
    """A file of `tests/cases/changes/truth`."""

    tables: str
    rows: str
    more: str
    statements: dict[str, str]
    change: tuple[Trial, ...]
    name: str = ""


def worlds(folder: Path) -> list[World]:
    """The worlds of a folder, by name."""
    return [
        msgspec.structs.replace(
            msgspec.convert(tomllib.loads(path.read_text()), World), name=path.stem
        )
        for path in sorted(folder.glob("*.toml"))
    ]


def target_of(sql: str) -> tuple[str, str]:
    """What a statement does (`view`, `table`, `insert` …, else `select`), and what it writes."""
    found = _TARGET.match(sql)
    if not found:
        return "select", ""
    return next(filter(None, found.groups()[:4])), found[5]


def split(sql: str) -> Iterator[str]:
    """The statements of a text; no literal here holds a semicolon."""
    return filter(None, (one.strip() for one in sql.split(";")))


def log_of(world: World, *, with_tables: bool = True) -> Iterable[dict[str, str]]:
    """The log that the world leaves: each statement daily, by a login of its own."""
    if with_tables:
        for sql in split(world.tables):
            yield _record(sql, "admin", 0)
    for day in range(1, 6):
        for name, sql in world.statements.items():
            yield _record(sql, name, day)


def _record(sql: str, user: str, day: int) -> dict[str, str]:
    return {"query_text": sql, "user": user, "start_time": f"2026-10-{day + 1:02d}T08:00:00Z"}

"""Analyses made before, by this import or an earlier one, kept on disk beside the user's caches.

An analysis follows from its template, from the columns of the datasets that its text may name, and
from the code that analyses: those three make the key, so that nothing here can ever be out of date.
A cache that cannot be written is kept in memory.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec

import ingest.deriving
import ingest.sql
from ingest.deriving.timeline import Columns
from ingest.folding.cells import Template
from ingest.sql import Analysis, unpacked

_MOST = 100_000  # analyses that are kept, of some 1 KiB each
_TABLE = "CREATE TABLE IF NOT EXISTS analyses (key BLOB PRIMARY KEY, body BLOB NOT NULL)"
_FORGET = """
DELETE FROM analyses WHERE rowid <= (
    SELECT rowid FROM analyses ORDER BY rowid DESC LIMIT 1 OFFSET ?
)
"""
_Wanted = TypeVar("_Wanted")
_ASKED = 500  # analyses that are looked up at once
_WAIT = 5.0  # seconds, for another import that writes


class Remembered:
    """The analyses that are kept; a folder that cannot be written means: only in memory."""

    def __init__(self, folder: Path) -> None:
        self._db = _open(folder) or sqlite3.connect(":memory:", isolation_level=None)
        self._db.execute(_TABLE)
        self._digests: dict[int, tuple[Columns, bytes]] = {}  # by identity: lists are shared

    @classmethod
    def here(cls) -> Remembered:
        """Those in the folder that LINEAGE_CACHE names, else in the user's own for caches."""
        user = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
        return cls(Path(os.environ.get("LINEAGE_CACHE") or user / "lineage-usage"))

    def key(self, template: Template, columns: Mapping[str, Columns]) -> bytes:
        """16 bytes for all that decides what a template means."""
        deciding = [_analyser(), template.id.name.encode()]
        for name in sorted(columns):
            deciding += (name.encode(), self._digest(columns[name]))
        return blake2b(b"".join(deciding), digest_size=16).digest()

    def of(self, keys: Iterable[bytes]) -> dict[bytes, Analysis]:
        """The analyses of these keys, as far as they are kept."""
        return {key: unpacked(body) for key, body in self._kept("key, body", keys)}

    def without(self, wanted: Mapping[bytes, _Wanted]) -> dict[bytes, _Wanted]:
        """Those of which no analysis is kept, by key."""
        kept = {key for (key,) in self._kept("key", wanted)}
        return {key: one for key, one in wanted.items() if key not in kept}

    def _kept(self, columns: str, keys: Iterable[bytes]) -> Iterator[tuple[bytes, ...]]:
        """These columns of the analyses of these keys, as far as they are kept."""
        rest = iter(keys)
        while some := list(islice(rest, _ASKED)):
            marks = ", ".join("?" * len(some))
            yield from self._db.execute(
                f"SELECT {columns} FROM analyses WHERE key IN ({marks})",  # noqa: S608
                some,
            )

    def keep(self, analyses: Mapping[bytes, bytes]) -> None:
        """Keeps packed analyses; the oldest go when there are too many."""
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany(
                    "INSERT OR IGNORE INTO analyses VALUES (?, ?)", analyses.items()
                )
                self._db.execute(_FORGET, (_MOST,))
        except sqlite3.OperationalError:
            return  # a full disk or a busy neighbour: it is analysed again some day

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def _digest(self, columns: Columns) -> bytes:
        known = self._digests.get(id(columns))
        if known is None:
            found = blake2b(msgspec.msgpack.encode(list(columns.items())), digest_size=16).digest()
            known = self._digests[id(columns)] = columns, found
        return known[1]


@cache
def _analyser() -> bytes:
    """What tells this analyser from every other: its code and that of its parser."""
    digest = blake2b(version("sqlglot").encode())
    for package in (ingest.sql, ingest.deriving):
        for file in sorted(Path(package.__path__[0]).glob("*.py")):
            digest.update(file.read_bytes())
    return digest.digest()


def _open(folder: Path) -> sqlite3.Connection | None:
    """The file in the folder, open; None when it cannot be used."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        db = sqlite3.connect(folder / "analyses.db", timeout=_WAIT, isolation_level=None)
        db.execute("PRAGMA synchronous = OFF")  # what a crash takes away is analysed again
        db.execute(_TABLE)
    except (OSError, sqlite3.Error):
        return None
    return db

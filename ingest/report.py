"""What an import did, to the record: read = imported + duplicate + ignored + dead letters."""

from __future__ import annotations

import msgspec


class SourceReport(msgspec.Struct, frozen=True):
    """One source of an import; `why`: how its format was told."""

    source: str
    format: str
    namespace: str
    files: int
    why: str


class ImportReport(msgspec.Struct, frozen=True):
    """The funnel of an import and what it changed."""

    read: int
    imported: int
    enriched: int
    partial: int  # imported, but only the tables were understood
    duplicate: int
    ignored: dict[str, int]
    dead_letters: dict[str, int]
    templates: int
    coverage: dict[str, dict[str, int]]  # source → days logged, days expected
    seconds: float
    sources: tuple[SourceReport, ...] = ()
    warnings: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()  # logins without a team, most statements first

    @property
    def balanced(self) -> bool:
        """Whether every record that was read is accounted for."""
        lost = sum(self.ignored.values()) + sum(self.dead_letters.values())
        return self.read == self.imported + self.duplicate + lost


class Funnel:
    """Counts while an import runs."""

    def __init__(self) -> None:
        self.read = 0
        self.imported = 0
        self.enriched = 0
        self.partial = 0
        self.duplicate = 0
        self.ignored: dict[str, int] = {}
        self.dead_letters: dict[str, int] = {}

    def ignore(self, reason: str, count: int = 1) -> None:
        """Counts records that are understood and do not matter."""
        self.ignored[reason] = self.ignored.get(reason, 0) + count

    def bury(self, reason: str, count: int = 1) -> None:
        """Counts records that were not understood."""
        self.dead_letters[reason] = self.dead_letters.get(reason, 0) + count

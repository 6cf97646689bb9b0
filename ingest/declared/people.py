"""Who owns what, who belongs to which team, what consumers are called: files that people keep."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from ingest.files.reading import Input, open_text
from ingest.files.tables import Fields, read_table
from ingest.record import Rejected
from lineage.errors import UnreadableInput
from lineage.names import DatasetId, PrincipalId, parts

_OWNERS: Fields = {
    "dataset": ("dataset", "pattern", "table", "name"),
    "team": ("team", "owner", "owner_team"),
    "domain": ("domain",),
    "contact": ("contact", "email", "channel", "slack"),
}
_MEMBERS: Fields = {
    "principal": ("principal", "user", "login", "member", "email"),
    "team": ("team",),
}
_CONSUMERS: Fields = {
    "id": ("id", "consumer"),
    "title": ("title", "name"),
    "url": ("url", "link"),
    "owner": ("owner", "person", "contact"),
    "team": ("team",),
    "tier": ("tier", "criticality"),
}
_WILD = re.compile(r"[*?\[]")
_TIERS = ("", "1", "2", "3", "4")


class Ownership(msgspec.Struct, frozen=True):
    """A row of the owners file. dataset: `namespace:name`, a name or the end of one, or a glob."""

    dataset: str
    team: str
    domain: str = ""
    contact: str = ""


class Membership(msgspec.Struct, frozen=True):
    """A row of the members file. principal: `namespace:login`, a login, or a glob of one."""

    principal: str
    team: str


class ConsumerEntry(msgspec.Struct, frozen=True):
    """A row of the consumers file. id: `namespace:name` of the consumer; tier: 1 to 4, or None."""

    id: str
    title: str = ""
    url: str = ""
    owner: str = ""
    team: str = ""
    tier: int | None = None


_Row = TypeVar("_Row")


class _Patterns(Generic[_Row]):
    """Rows by a pattern over names; of those that match, the most specific holds.

    Without wildcards before with; then the longer one; then the earlier one. Case is not compared.
    """

    def __init__(self, rows: Iterable[tuple[str, _Row]]) -> None:
        exact: dict[str, _Row] = {}
        globs: list[tuple[str, _Row]] = []
        for pattern, row in rows:
            if _WILD.search(pattern):
                globs.append((pattern, row))
            else:
                exact.setdefault(pattern.lower(), row)
        globs.sort(key=lambda one: -len(_WILD.sub("", one[0])))
        self._exact = exact
        self._globs = [(re.compile(fnmatch.translate(glob.lower())), row) for glob, row in globs]

    def find(self, names: Iterable[str]) -> _Row | None:
        """The row of the first name that stands in the file as it is, else of the best glob."""
        names = [name.lower() for name in names]
        for name in names:
            if name in self._exact:
                return self._exact[name]
        return next(
            (row for glob, row in self._globs if any(glob.match(name) for name in names)), None
        )


class OwnerBook:
    """Who owns which dataset. problems: the rows that could not be read, with file and line."""

    def __init__(self, rows: tuple[Ownership, ...], problems: tuple[str, ...] = ()) -> None:
        self.rows = rows
        self.problems = problems
        self._patterns = _Patterns((row.dataset, row) for row in rows)

    def owner_of(self, dataset: DatasetId) -> Ownership | None:
        """The most specific row for the dataset: by its full name, its name, or an end of it."""
        name = parts(dataset.name)
        ends = (".".join(name[start:]) for start in range(1, len(name)))
        return self._patterns.find((str(dataset), dataset.name, *ends))


class MemberBook:
    """Who belongs to which team. problems: the rows that could not be read."""

    def __init__(self, rows: tuple[Membership, ...], problems: tuple[str, ...] = ()) -> None:
        self.rows = rows
        self.problems = problems
        self._patterns = _Patterns((row.principal, row) for row in rows)

    def team_of(self, principal: PrincipalId) -> str:
        """The team of a login: by its full name, else by its name alone; empty when none."""
        found = self._patterns.find((str(principal), principal.name))
        return found.team if found else ""


class ConsumerBook:
    """What consumers are called. problems: the rows that could not be read."""

    def __init__(self, rows: tuple[ConsumerEntry, ...], problems: tuple[str, ...] = ()) -> None:
        self.rows = rows
        self.problems = problems


def read_owners(path: Path) -> OwnerBook:
    """The owners file: CSV or JSON with `dataset,team` and, if known, `domain,contact`.

    Raises:
        UnreadableInput: the file cannot be read, or has no such columns.
    """
    rows, problems = _read(path, _OWNERS, ("dataset", "team"), _ownership)
    return OwnerBook(tuple(rows), tuple(problems))


def read_members(path: Path) -> MemberBook:
    """The members file: CSV or JSON with `principal,team`.

    Raises:
        UnreadableInput: the file cannot be read, or has no such columns.
    """
    rows, problems = _read(path, _MEMBERS, ("principal", "team"), _membership)
    return MemberBook(tuple(rows), tuple(problems))


def read_consumers(path: Path) -> ConsumerBook:
    """The consumers file: CSV or JSON with `id` and, if known, `title,url,owner,team,tier`.

    Raises:
        UnreadableInput: the file cannot be read, or has no such column.
    """
    rows, problems = _read(path, _CONSUMERS, ("id",), _consumer)
    return ConsumerBook(tuple(rows), tuple(problems))


_Made = TypeVar("_Made")


def _read(
    path: Path,
    fields: Fields,
    needed: tuple[str, ...],
    make: Callable[[tuple[str, ...]], _Made | str],
) -> tuple[list[_Made], list[str]]:
    """The rows of a file and what is wrong with the others; `make` gives a row or a reason."""
    made: list[_Made] = []
    problems: list[str] = []
    for line, found in _made(path, fields, needed, make):
        if isinstance(found, str):
            problems.append(f"{path}, line {line}: {found}")
        else:
            made.append(found)
    return made, problems


def _made(
    path: Path,
    fields: Fields,
    needed: tuple[str, ...],
    make: Callable[[tuple[str, ...]], _Made | str],
) -> Iterator[tuple[int, _Made | str]]:
    with open_text(Input(str(path), path)) as stream:
        table = read_table(stream, fields, lambda row: bool(row[0]))
        missing = [field for field in needed if field not in table.matched]
        if missing:
            columns = ", ".join(table.columns) or "none"
            raise UnreadableInput(f"{path}: no column {missing[0]!r} among {columns}")
        for row in table.cells:
            if isinstance(row, Rejected):
                yield row.line, "the number of its cells is not that of the header"
            else:
                yield row[0], make(tuple(cell.strip() for cell in row[1]))


def _ownership(row: tuple[str, ...]) -> Ownership | str:
    return Ownership(*row) if row[0] and row[1] else "dataset or team is empty"


def _membership(row: tuple[str, ...]) -> Membership | str:
    return Membership(*row) if row[0] and row[1] else "principal or team is empty"


def _consumer(row: tuple[str, ...]) -> ConsumerEntry | str:
    id_, title, url, owner, team, tier = row
    if not id_:
        return "id is empty"
    tier = tier.lower().removeprefix("tier").strip(" -_")
    if tier not in _TIERS:
        return f"tier {tier!r} is not one of 1 to 4"
    return ConsumerEntry(id_, title, url, owner, team, int(tier) if tier else None)

"""Who owns what, who belongs to which team, what consumers are called: files that people keep."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from ingest.declared.consumer_ids import spellings, spellings_of
from ingest.declared.content import Content
from ingest.files.tables import Fields
from lineage.names import ConsumerId, DatasetId, PrincipalId, parts

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
    "kind": ("kind", "type"),
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
    """A row of the consumers file. id: as `consumer_ids` reads it; tier: 1 to 4, or None.

    kind: of one that no log shows; who is seen tells his own.
    """

    id: str
    title: str = ""
    url: str = ""
    owner: str = ""
    team: str = ""
    tier: int | None = None
    kind: str = ""


_Row = TypeVar("_Row")


class Patterns(Generic[_Row]):
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
    """Who owns which dataset."""

    def __init__(self, rows: tuple[Ownership, ...]) -> None:
        self.rows = rows
        self._patterns = Patterns((row.dataset, row) for row in rows)

    def owner_of(self, dataset: DatasetId) -> Ownership | None:
        """The most specific row for the dataset: by its full name, its name, or an end of it."""
        name = parts(dataset.name)
        ends = (".".join(name[start:]) for start in range(1, len(name)))
        return self._patterns.find((str(dataset), dataset.name, *ends))


class MemberBook:
    """Who belongs to which team."""

    def __init__(self, rows: tuple[Membership, ...]) -> None:
        self.rows = rows
        self._patterns = Patterns((row.principal, row) for row in rows)

    def team_of(self, principal: PrincipalId) -> str:
        """The team of a login: by its full name, else by its name alone; empty when none."""
        found = self._patterns.find((str(principal), principal.name))
        return found.team if found else ""


class ConsumerBook:
    """What consumers are called."""

    def __init__(self, rows: tuple[ConsumerEntry, ...]) -> None:
        self.rows = rows
        self._places: dict[str, int] = {}
        for place, row in enumerate(rows):
            for spelling in (*spellings(row.id), row.url.strip("/").lower()):
                if spelling:
                    self._places.setdefault(spelling, place)

    def find(self, consumer: ConsumerId, url: str = "") -> ConsumerEntry | None:
        """The first row for a consumer, by its id in any spelling, or by its address."""
        written = spellings_of(consumer.namespace, consumer.name, url)
        places = [self._places[one] for one in written if one in self._places]
        return self.rows[min(places)] if places else None


def owner_rows(content: Content, *, described: bool = False) -> tuple[list[Ownership], list[str]]:
    """The rows of a table with `dataset,team` and, if known, `domain,contact`.

    described: the table says other things of datasets too, so a row needs no team.

    Raises:
        UnreadableInput: it has no such columns.
    """
    needed = ("dataset",) if described else ("dataset", "team")
    rows, problems = _read(content, _OWNERS, needed, _described if described else _ownership)
    return [row for row in rows if row.team or row.domain], problems


def member_rows(content: Content) -> tuple[list[Membership], list[str]]:
    """The rows of a table with `principal,team`.

    Raises:
        UnreadableInput: it has no such columns.
    """
    return _read(content, _MEMBERS, ("principal", "team"), _membership)


def consumer_rows(content: Content) -> tuple[list[ConsumerEntry], list[str]]:
    """The rows of a table with `id` and, if known, `title,url,owner,team,tier`.

    Raises:
        UnreadableInput: it has no such column.
    """
    return _read(content, _CONSUMERS, ("id",), _consumer)


_Made = TypeVar("_Made")


def _read(
    content: Content,
    fields: Fields,
    needed: tuple[str, ...],
    make: Callable[[tuple[str, ...]], _Made | str],
) -> tuple[list[_Made], list[str]]:
    """The rows of a file and what is wrong with the others; `make` gives a row or a reason."""
    made: list[_Made] = []
    problems: list[str] = []
    for line, row in content.rows(fields, needed, ("owners", "members", "consumers", "rows")):
        found = row if isinstance(row, str) else make(row)
        if isinstance(found, str):
            problems.append(f"{content.path}, line {line}: {found}")
        else:
            made.append(found)
    return made, problems


def _ownership(row: tuple[str, ...]) -> Ownership | str:
    return Ownership(*row) if row[0] and row[1] else "dataset or team is empty"


def _described(row: tuple[str, ...]) -> Ownership | str:
    return Ownership(*row) if row[0] else "dataset is empty"


def _membership(row: tuple[str, ...]) -> Membership | str:
    return Membership(*row) if row[0] and row[1] else "principal or team is empty"


def _consumer(row: tuple[str, ...]) -> ConsumerEntry | str:
    id_, title, url, owner, team, tier, kind = row
    if not id_:
        return "id is empty"
    tier = tier.lower().removeprefix("tier").strip(" -_")
    if tier not in _TIERS:
        return f"tier {tier!r} is not one of 1 to 4"
    return ConsumerEntry(id_, title, url, owner, team, int(tier) if tier else None, kind.lower())

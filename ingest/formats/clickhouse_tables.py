"""The tables and columns that ClickHouse's query_log says a query touched.

Source: https://clickhouse.com/docs/operations/system-tables/query_log
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from ingest.formats.stated import canonical
from ingest.record import Scope, Stated, StatedTable

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_PART = re.compile(r"`((?:[^`\\]|\\.)*)`|([^.`]+)")
_ESCAPED = re.compile(r"\\(.)")
_INSERTED = re.compile(r"INSERT(?:\(.*\))? ON (.+)")
# What is no table of anybody: functions, temporary tables, the inside of a materialised view.
_TEMPORARY = "_temporary_and_external_tables"
_NO_DATABASE = frozenset({"_table_function", _TEMPORARY, "system", "information_schema"})
_INNER = (".inner.", ".inner_id.")
_Name = tuple[str, ...]


@lru_cache(maxsize=10_000)
def stated_of(kind: str, tables: str, columns: str, views: str, privileges: str) -> Stated | None:
    """What the columns of a finished query tell together; None when they name no table.

    What an INSERT writes is among its tables without a mark: it has no columns there. Materialised
    views that it fired are written, too; that is told when the target itself is known.
    """
    fired = _names(views)
    touched = _names(tables) - fired
    read = _columns(_array(columns))
    lasting = {name for name in touched if _lasts(name)}
    reads = lasting if kind == "SELECT" else lasting & read.keys()
    targets = _targets(_array(privileges), lasting - reads) if kind == "INSERT" else set()
    if not (reads or targets or (kind == "SELECT" and touched)):
        return None
    return canonical(
        Stated(
            tuple(StatedTable(name, columns=read.get(name, ())) for name in reads),
            tuple(map(StatedTable, targets | fired)) if targets else None,
            scope=_scope(kind, touched, reads),
        )
    )


def _scope(kind: str, touched: set[_Name], reads: set[_Name]) -> Scope:
    if kind != "SELECT":
        return "some"
    if any(name[0] == _TEMPORARY for name in touched):
        return "named"  # the temporary table that the text names is none of anybody
    return "beneath" if touched == reads else "some"


def _targets(privileges: Iterable[str], unread: set[_Name]) -> set[_Name]:
    """What an INSERT names: as the privileges say, else the only table that was not read."""
    found = (_INSERTED.match(privilege) for privilege in privileges)
    named = {_parts(one[1]) for one in found if one} - {()}
    return {name for name in named if _lasts(name)} or (unread if len(unread) == 1 else set())


def _array(cell: str) -> list[str]:
    """The strings of an array, as JSON or as ClickHouse writes it into CSV."""
    try:
        return msgspec.json.decode(cell, type=list[str])
    except msgspec.MsgspecError:
        return [_ESCAPED.sub(r"\1", found) for found in _QUOTED.findall(cell)]


def _names(cell: str) -> set[_Name]:
    return {_parts(name) for name in _array(cell)} - {()}


def _parts(name: str) -> _Name:
    """The parts of a name; backquotes protect dots."""
    found = _PART.findall(name)
    return tuple(_ESCAPED.sub(r"\1", quoted) or plain for quoted, plain in found)


def _columns(names: Iterable[str]) -> dict[_Name, tuple[str, ...]]:
    """Table → its columns that were read."""
    found: dict[_Name, tuple[str, ...]] = {}
    for name in filter(lambda parts: len(parts) > 2, map(_parts, names)):
        found[name[:2]] = (*found.get(name[:2], ()), ".".join(name[2:]))
    return found


def _lasts(name: _Name) -> bool:
    return name[0].lower() not in _NO_DATABASE and not name[-1].startswith(_INNER)

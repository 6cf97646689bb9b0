"""The objects that Snowflake says a statement read, wrote and changed.

Source: https://docs.snowflake.com/en/sql-reference/account-usage/access_history
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from ingest.formats.stated import canonical, decoded
from ingest.record import Stated, StatedEdge, StatedTable
from lineage.names import parts


class _Source(msgspec.Struct, frozen=True, rename="camel"):
    """A column that feeds another."""

    column_name: str | None = None
    object_domain: str | None = None
    object_name: str | None = None


class _Column(msgspec.Struct, frozen=True, rename="camel"):
    column_name: str | None = None
    direct_sources: list[_Source] | None = None
    base_sources: list[_Source] | None = None


class _Object(msgspec.Struct, frozen=True, rename="camel"):
    """A table, view, stage, function …; one outside Snowflake has a location and no name."""

    object_domain: str | None = None
    object_name: str | None = None
    columns: list[_Column] | None = None
    location: str | None = None
    locations: str | list[str] | None = None


class _Value(msgspec.Struct, frozen=True):
    value: str | int | None = None


class _ColumnChange(msgspec.Struct, frozen=True, rename="camel"):
    sub_operation_type: str = ""


class _Properties(msgspec.Struct, frozen=True, rename="camel"):
    object_name: _Value | None = None
    swap_target_name: _Value | None = None
    columns: dict[str, _ColumnChange] | None = None


class _Change(msgspec.Struct, frozen=True, rename="camel"):
    """What a statement of DDL did to an object."""

    object_domain: str = ""
    object_name: str = ""
    operation_type: str = ""
    properties: _Properties | None = None


@lru_cache(maxsize=1_000)  # the same statement touches the same objects every day
def stated_of(direct: str, base: str, modified: str) -> Stated | None:
    """What the columns DIRECT_OBJECTS_ACCESSED, BASE_… and OBJECTS_MODIFIED tell.

    None when they name no object. A stream stands for the tables that it hands on, which only the
    base objects tell.

    Raises:
        msgspec.MsgspecError: one of them is not the JSON that it should be.
    """
    accessed, changed = _objects(direct), _objects(modified)
    if not accessed and not changed:
        return None
    if any(_domain(one) == "stream" for one in accessed):
        accessed += _objects(base)
    return canonical(
        Stated(
            reads=tuple(_tables(accessed)) if direct else None,
            writes=tuple(_tables(changed)) if modified else None,
            edges=tuple(edge for one in changed for edge in _edges(one)),
        )
    )


def ddl_text(change: str) -> str:
    """The DDL that OBJECT_MODIFIED_BY_DDL stands for; empty when it changes no lineage.

    Only what drops or renames: what creates is also in OBJECTS_MODIFIED. The names are in full, so
    that it means the same as the statement itself.

    Raises:
        msgspec.MsgspecError: it is not the JSON that it should be.
    """
    found = decoded(change, _Change)
    if found is None or not _is_relation(found.object_domain):
        return ""
    kind = "VIEW" if found.object_domain.lower().endswith("view") else "TABLE"
    name = _quoted(parts(found.object_name))
    if found.operation_type.upper() == "DROP":
        return f"DROP {kind} {name}"
    action = _action(found, found.properties or _Properties())
    return f"ALTER {kind} {name} {action}" if action else ""


def _action(change: _Change, properties: _Properties) -> str:
    if change.operation_type.upper() != "ALTER":
        return ""
    if properties.swap_target_name:
        return f"SWAP WITH {_quoted(parts(str(properties.swap_target_name.value)))}"
    if properties.object_name:
        new = parts(str(properties.object_name.value))
        return f"RENAME TO {_quoted((*parts(change.object_name)[: -len(new)], *new))}"
    dropped = [
        _quoted((name,))
        for name, one in sorted((properties.columns or {}).items())
        if one.sub_operation_type.upper() == "DROP"
    ]
    return f"DROP COLUMN {', '.join(dropped)}" if dropped else ""


def _quoted(names: tuple[str, ...]) -> str:
    return ".".join('"{}"'.format(name.replace('"', '""')) for name in names)


def _objects(cell: str) -> list[_Object]:
    return decoded(cell, list[_Object]) or []


def _domain(one: _Object | _Source) -> str:
    return (one.object_domain or "").lower()


def _is_relation(domain: str) -> bool:
    """Whether it has rows and columns: a table or view of any kind, no function, no stream."""
    return domain.lower().endswith(("table", "view"))


def _tables(objects: Iterable[_Object]) -> Iterator[StatedTable]:
    for one in objects:
        locations = one.locations or one.location or []
        for location in [locations] if isinstance(locations, str) else locations:
            yield StatedTable((location,), "path")
        if one.object_name and _is_relation(_domain(one)):
            yield StatedTable(parts(one.object_name), columns=_names(one.columns or ()))
        elif one.object_name and _domain(one) == "stage":
            yield StatedTable((f"@{one.object_name.removeprefix('@')}",), "stage")


def _names(columns: Iterable[_Column]) -> tuple[str, ...]:
    """The names of the columns; none when one of them is empty, as after DELETE."""
    names = [column.column_name or "" for column in columns]
    return tuple(names) if all(names) else ()


def _edges(target: _Object) -> Iterator[StatedEdge]:
    if not target.object_name or not _is_relation(_domain(target)):
        return
    name = parts(target.object_name)
    for column in target.columns or ():
        sources = _feeding(column.direct_sources) or _feeding(column.base_sources)
        for table, source in sources if column.column_name else ():
            yield StatedEdge(table, source, name, column.column_name or "")


def _feeding(sources: list[_Source] | None) -> list[tuple[tuple[str, ...], str]]:
    return [
        (parts(one.object_name), one.column_name)
        for one in sources or ()
        if one.object_name and one.column_name and _is_relation(_domain(one))
    ]

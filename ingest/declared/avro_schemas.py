"""Avro schemas (.avsc): plain JSON. Source: the Avro 1.12 specification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ingest.declared.content import Json, mapping, objects, text
from ingest.declared.json_schemas import DEEPEST, bounded

_RECORDS = ("record", "error")


def is_schema(value: object) -> bool:
    """Whether a JSON value is an Avro schema of a record, or a union of such."""
    if isinstance(value, list):
        return bool(value) and all(is_schema(one) for one in value)
    found = mapping(value)
    return found.get("type") in _RECORDS and isinstance(found.get("fields"), list)


def records(value: object) -> dict[str, dict[str, str]]:
    """Full name → columns of each record that a schema describes, nested ones within theirs."""
    listed = objects(value) if isinstance(value, list) else [mapping(value)]
    known: dict[str, Json] = {}
    for one in listed:
        _define(one, "", known, 0)
    return {
        _full_name(one, ""): bounded(_fields(one, _space(one, ""), "", known, ()))
        for one in listed
        if one.get("type") in _RECORDS
    }


def topic(value: object) -> str:
    """The topic that a schema says it is of."""
    found = mapping(value)
    return text(found.get("x-topic")) or text(found.get("topic"))


def _fields(
    record: Json, space: str, prefix: str, known: Mapping[str, Json], within: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    within = (*within, _full_name(record, space))
    for field in objects(record.get("fields")):
        path = prefix + text(field.get("name"))
        inner, type_ = _resolved(field.get("type"), space, known)
        yield path, type_
        name = _full_name(inner, space) if inner else ""
        if inner and name not in within and len(within) < DEEPEST:
            yield from _fields(inner, _space(inner, space), f"{path}.", known, within)


def _resolved(said: object, space: str, known: Mapping[str, Json]) -> tuple[Json, str]:
    """The record in a type, if any, and what the type is called."""
    if isinstance(said, list):  # what may be null is what it is otherwise
        kinds = [_resolved(one, space, known) for one in said if one != "null"]
        if len(kinds) == 1:
            return kinds[0]
        inner = [record for record, _ in kinds if record]
        return inner[0] if len(inner) == 1 else {}, f"union<{','.join(kind for _, kind in kinds)}>"
    if isinstance(said, str):
        found = known.get(f"{space}.{said}" if space and "." not in said else said)
        found = found or known.get(said)
        return (found, "record") if found else ({}, said)
    one = mapping(said)
    kind = one.get("type")
    if kind in _RECORDS:
        return one, "record"
    if kind in ("array", "map"):
        inner_record, name = _resolved(one.get("items", one.get("values")), space, known)
        return inner_record, f"{kind}<{name}>"
    if isinstance(kind, dict | list):
        return _resolved(kind, space, known)
    return {}, text(one.get("logicalType")) or text(kind)


def _define(said: object, space: str, known: dict[str, Json], depth: int) -> None:
    """Collects the records that a type defines: they may be used by name anywhere after."""
    if depth > DEEPEST:
        return
    if isinstance(said, list):
        for one in said:
            _define(one, space, known, depth + 1)
    elif isinstance(said, dict):
        if said.get("type") in _RECORDS:
            known[_full_name(said, space)] = said
            space = _space(said, space)
        for one in objects(said.get("fields")):
            _define(one.get("type"), space, known, depth + 1)
        for key in ("type", "items", "values"):
            _define(said.get(key), space, known, depth + 1)


def _space(record: Json, outer: str) -> str:
    return _full_name(record, outer).rpartition(".")[0]


def _full_name(record: Json, outer: str) -> str:
    name = text(record.get("name"))
    space = text(record.get("namespace")) or outer
    return name if "." in name or not space else f"{space}.{name}"

"""Two versions of an event's schema: Avro, JSON Schema or Protobuf, told apart by content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from ingest.changes.documents import Document, decoded, listed, mapping, mappings, text_of
from ingest.changes.fields import Field, between, by_name
from ingest.changes.protobuf import message_of
from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.errors import UnreadableInput

_STAMPS = ("timestamp", "local-timestamp")
_DEEPEST = 20  # a type may hold itself
_MEANING = ("format", "pattern", "minimum", "maximum", "multipleOf", "unit", "const",
            "contentEncoding", "contentMediaType")  # fmt: skip


class Schema(msgspec.Struct, frozen=True):
    """A record type: its full name and its fields."""

    name: str
    fields: Mapping[str, Field]
    unread: tuple[str, ...] = ()


def between_schemas(
    old: str, new: str, subject: str = "", where: tuple[str, str] = ("old", "new")
) -> tuple[list[Change], list[str]]:
    """The changes between two schemas of one dataset, and what of them was not understood.

    subject: the dataset, such as a topic; else the full name of the record.

    Raises:
        UnreadableInput: one of them is no schema that is known.
    """
    before, after = read_schema(old, subject, where[0]), read_schema(new, subject, where[1])
    dataset = subject or before.name
    if not dataset:
        raise UnreadableInput(f"{where[0]}: the schema has no name; say which dataset it is of")
    changes = []
    if not subject and after.name and after.name != before.name:
        changes.append(Change(ChangeKind.RENAME_DATASET, before.name, after.name))
    changes += between(dataset, before.fields, after.fields)
    return changes, sorted({*before.unread, *after.unread})


def read_schema(text: str, subject: str, where: str) -> Schema:
    """The record type that a schema describes.

    Raises:
        UnreadableInput: it describes none.
    """
    if not text.lstrip().startswith(("{", "[")):
        name, fields, unread = message_of(text, subject, where)
        return Schema(name, by_name(iter(fields)), tuple(unread))
    document = decoded(text if text.lstrip()[0] == "{" else f'{{"union": {text}}}', where)
    if isinstance(document.get("union"), list):  # an Avro file of several types: the last
        records = [one for one in mappings(document["union"]) if one.get("type") == "record"]
        return _avro(records[-1], records) if records else _no_schema(where)
    if document.get("type") == "record":
        return _avro(document, [])
    if "properties" in document or "$ref" in document or "$schema" in document:
        return _json_schema(document)
    return _no_schema(where)


def _no_schema(where: str) -> Schema:
    raise UnreadableInput(f"{where}: no Avro record, JSON Schema object or Protobuf message")


def _avro(record: Document, others: list[Document]) -> Schema:
    space = text_of(record.get("namespace"))
    name = text_of(record.get("name"))
    types: dict[str, Document] = {text_of(one.get("name")): one for one in others}
    full = f"{space}.{name}" if space and "." not in name else name
    return Schema(full, by_name(_avro_fields(record, "", types, 0)))


def _avro_fields(
    record: Document, prefix: str, types: dict[str, Document], depth: int
) -> Iterator[Field]:
    if depth > _DEEPEST:
        return
    for item in mappings(record.get("fields")):
        kind, nullable = _without_null(item.get("type"))
        kind = types.get(text_of(kind), kind) if isinstance(kind, str) else kind
        inner = mapping(kind)
        if inner.get("name"):
            types[text_of(inner["name"])] = inner
        name = prefix + text_of(item.get("name"))
        symbols = inner.get("symbols")
        yield Field(
            name,
            _avro_type(kind),
            not nullable,
            aliases=tuple(map(text_of, listed(item.get("aliases")))),
            symbols=tuple(map(text_of, symbols)) if isinstance(symbols, list) else None,
            meaning=text_of(inner.get("logicalType")),
            default="default" in item,
        )
        for place in (inner, mapping(inner.get("items")), mapping(inner.get("values"))):
            yield from _avro_fields(place, f"{name}.", types, depth + 1)


def _without_null(kind: object) -> tuple[object, bool]:
    """The type without null, and whether there was one."""
    if not isinstance(kind, list):
        return kind, kind == "null"
    rest = [one for one in kind if one != "null"]
    return (rest[0] if len(rest) == 1 else {"type": "union", "of": rest}), len(rest) < len(kind)


def _avro_type(kind: object) -> str:
    if isinstance(kind, str):
        return kind
    inner = mapping(kind)
    outer = text_of(inner.get("type")) or _avro_type(_without_null(inner.get("type"))[0])
    if outer == "union":
        return "union of " + ", ".join(sorted(map(_avro_type, listed(inner.get("of")))))
    logical = text_of(inner.get("logicalType"))
    if logical == "decimal":
        return f"decimal({text_of(inner.get('precision'))},{text_of(inner.get('scale')) or '0'})"
    if outer in ("array", "map"):
        held = inner.get("items") or inner.get("values")
        return f"{outer} of {_avro_type(_without_null(held)[0])}"
    if logical == "date" or logical.startswith(_STAMPS):
        return "date" if logical == "date" else "timestamp"
    return "string" if outer == "enum" else outer


def _json_schema(document: Document) -> Schema:
    name = text_of(document.get("title"))
    unread: list[str] = []
    fields = by_name(_properties(document, document, "", unread, 0))
    return Schema(name.replace(" ", ""), fields, tuple(unread))


def _properties(
    node: Document, root: Document, prefix: str, unread: list[str], depth: int
) -> Iterator[Field]:
    if depth > _DEEPEST:
        return
    node = _resolved(node, root, unread)
    for part in mappings(node.get("allOf")):
        yield from _properties(part, root, prefix, unread, depth + 1)
    unread += [
        f"{prefix.rstrip('.') or 'the schema'}: {key} is not compared"
        for key in ("oneOf", "if", "patternProperties", "dependentSchemas")
        if key in node
    ]
    needed = set(map(text_of, listed(node.get("required"))))
    for key, item in mapping(node.get("properties")).items():
        said = _resolved(mapping(item), root, unread)
        kinds = [one for one in _kinds(said) if one != "null"]
        nullable = len(kinds) < len(_kinds(said))
        symbols = said.get("enum")
        yield Field(
            prefix + key,
            _json_type(kinds, said, root, unread),
            key in needed and not nullable,
            symbols=tuple(map(text_of, symbols)) if isinstance(symbols, list) else None,
            meaning=";".join(f"{one}={text_of(said.get(one))}" for one in _MEANING if one in said),
            default="default" in said,
        )
        for place in (said, mapping(said.get("items"))):
            yield from _properties(place, root, f"{prefix}{key}.", unread, depth + 1)


def _kinds(said: Document) -> list[str]:
    kind = said.get("type")
    found = [text_of(one) for one in kind] if isinstance(kind, list) else [text_of(kind)]
    for option in mappings(said.get("anyOf")):
        found += _kinds(option)
    return [one for one in found if one]


def _json_type(kinds: list[str], said: Document, root: Document, unread: list[str]) -> str:
    held = _resolved(mapping(said.get("items")), root, unread)
    if kinds == ["array"] and held:
        return f"array of {', '.join(_kinds(held))}".strip()
    format_ = text_of(said.get("format"))
    if kinds == ["string"] and format_ in ("date", "date-time"):
        return "date" if format_ == "date" else "timestamp"
    return {"number": "double"}.get(kinds[0], kinds[0]) if len(kinds) == 1 else ", ".join(kinds)


def _resolved(node: Document, root: Document, unread: list[str]) -> Document:
    """A node, or what its `$ref` within the document points to."""
    for _ in range(_DEEPEST):
        reference = text_of(node.get("$ref"))
        if not reference:
            return node
        if not reference.startswith("#/"):
            unread.append(f"{reference} is another document, which was not read")
            return {}
        found: object = root
        for part in reference[2:].split("/"):
            found = mapping(found).get(part.replace("~1", "/").replace("~0", "~"))
        node = mapping(found)
    return {}

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
_MEANING = ("pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
            "unit", "format", "contentEncoding", "contentMediaType")  # fmt: skip
_TIMES = {"date": "date", "date-time": "timestamp"}


class Schema(msgspec.Struct, frozen=True):
    """A record type: its full name, its fields and the names that it had."""

    name: str
    fields: Mapping[str, Field]
    aliases: tuple[str, ...] = ()
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
    known = {before.name, before.name.rpartition(".")[2]}
    if not subject and after.name not in ("", before.name) and not known & {*after.aliases}:
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
        return Schema(name, by_name(iter(fields)), unread=tuple(unread))
    document = decoded(text if text.lstrip()[0] == "{" else f'{{"union": {text}}}', where)
    if inner := text_of(document.get("schema")):  # as a schema registry hands it out
        return read_schema(inner, subject, where)
    if isinstance(document.get("union"), list):  # an Avro file of several types: the last
        records = [one for one in mappings(document["union"]) if one.get("type") == "record"]
        return _avro(records[-1], records) if records else _no_schema(where)
    if document.get("type") == "record":
        return _avro(document, [])
    if {"properties", "$ref", "$schema", "allOf", "oneOf", "anyOf"} & document.keys():
        return _json_schema(document)
    return _no_schema(where)


def _no_schema(where: str) -> Schema:
    raise UnreadableInput(f"{where}: no Avro record, JSON Schema object or Protobuf message")


def _avro(record: Document, others: list[Document]) -> Schema:
    types = _AvroTypes()
    for one in others:
        types.note(one, "")
    aliases = tuple(map(text_of, listed(record.get("aliases"))))
    fields = by_name(types.fields(record, "", "", ()))
    return Schema(_full_name(record, ""), fields, aliases)


def _full_name(inner: Document, space: str) -> str:
    name, own = text_of(inner.get("name")), text_of(inner.get("namespace")) or space
    return f"{own}.{name}" if own and "." not in name else name


class _AvroTypes:
    """The named types of a schema, which it may write once and name from then on."""

    def __init__(self) -> None:
        self._known: dict[str, Document] = {}

    def note(self, inner: Document, space: str) -> None:
        """Remembers a type that has a name, by it and by its full name."""
        if inner.get("name"):
            self._known[text_of(inner["name"])] = self._known[_full_name(inner, space)] = inner

    def fields(
        self, record: Document, prefix: str, space: str, within: tuple[str, ...]
    ) -> Iterator[Field]:
        """The fields of a record and of the records in them, but for a type within itself."""
        full = _full_name(record, space)
        if full in within or len(within) > _DEEPEST:
            return
        space = full.rpartition(".")[0]
        for item in mappings(record.get("fields")):
            kind, nullable = _without_null(item.get("type"))
            inner = self._of(kind, space)
            kind = inner or kind
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
            for place in self._records(kind, space):
                yield from self.fields(place, f"{name}.", space, (*within, full))

    def _of(self, kind: object, space: str) -> Document:
        """The type that a schema writes or names at a place."""
        if isinstance(kind, str):
            return self._known.get(kind, self._known.get(f"{space}.{kind}", {}))
        self.note(mapping(kind), space)
        return mapping(kind)

    def _records(self, kind: object, space: str) -> Iterator[Document]:
        """The records that a type holds: itself, in a list, in a map, as one of several."""
        inner = self._of(kind, space)
        if inner.get("fields"):
            yield inner
        held = [inner.get("items"), inner.get("values"), *listed(inner.get("of"))]
        for one in (*held, *(listed(kind))):
            if one is not None:
                yield from self._records(one, space)


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
    if outer == "fixed":
        return f"fixed({text_of(inner.get('size'))})"
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
    reading = _JsonSchema(document)
    fields = by_name(reading.properties(document, "", frozenset(), ()))
    return Schema(name.replace(" ", ""), fields, unread=tuple(dict.fromkeys(reading.unread)))


class _JsonSchema:
    """A JSON Schema while it is read. unread: sentences about what is not compared."""

    def __init__(self, root: Document) -> None:
        self._root = root
        self.unread: list[str] = []

    def properties(
        self, node: Document, prefix: str, needed: frozenset[str], within: tuple[int, ...]
    ) -> Iterator[Field]:
        """The properties of an object by their dotted paths, those of its alternatives too.

        needed: what the whole that this is a part of requires. within: the objects around it, so
        that one that holds itself ends.
        """
        node = self._resolved(node)
        if id(node) in within or len(within) > _DEEPEST:
            return
        within = (*within, id(node))
        self.unread += [
            f"{prefix.rstrip('.') or 'the schema'}: {key} is not compared"
            for key in ("if", "patternProperties", "dependentSchemas")
            if key in node
        ]
        needed |= self._required(node)
        for part in mappings(node.get("allOf")):
            yield from self.properties(part, prefix, needed, within)
        for key in ("oneOf", "anyOf"):
            for part in mappings(node.get(key)):
                alternative = {**self._resolved(part), "required": []}
                yield from self.properties(alternative, prefix, frozenset(), within)
        for name, item in mapping(node.get("properties")).items():
            said = self._resolved(mapping(item))
            yield self._field(prefix + name, said, name in needed)
            for place in (said, mapping(said.get("items"))):
                yield from self.properties(place, f"{prefix}{name}.", frozenset(), within)

    def _required(self, node: Document) -> frozenset[str]:
        parts = (self._resolved(one) for one in mappings(node.get("allOf")))
        mine = frozenset(map(text_of, listed(node.get("required"))))
        return mine.union(*(map(text_of, listed(part.get("required"))) for part in parts))

    def _field(self, name: str, said: Document, needed: bool) -> Field:
        kinds = self._kinds(said)
        values = listed(said.get("enum")) or ([said["const"]] if "const" in said else None)
        return Field(
            name,
            self._type([one for one in kinds if one != "null"], said),
            needed and "null" not in kinds and said.get("nullable") is not True,
            symbols=None
            if values is None
            else tuple(text_of(one) for one in values if one is not None),
            meaning=_meaning(said),
            default="default" in said,
        )

    def _kinds(self, said: Document, depth: int = 0) -> list[str]:
        kind = said.get("type")
        found = [text_of(one) for one in kind] if isinstance(kind, list) else [text_of(kind)]
        for key in ("anyOf", "oneOf", "allOf") if depth < _DEEPEST else ():
            for option in mappings(said.get(key)):
                found += self._kinds(self._resolved(option), depth + 1)
        return [one for one in dict.fromkeys(found) if one]

    def _type(self, kinds: list[str], said: Document) -> str:
        items = [*mappings(said.get("prefixItems")), mapping(said.get("items"))]
        held = [kind for item in items for kind in self._kinds(self._resolved(item))]
        if kinds == ["array"] and held:
            return f"array of {', '.join(held)}"
        format_, longest = text_of(said.get("format")), text_of(said.get("maxLength"))
        if kinds == ["string"] and format_ in _TIMES:
            return _TIMES[format_]
        if kinds == ["string"] and longest:
            return f"varchar({longest})"
        return {"number": "double"}.get(kinds[0], kinds[0]) if len(kinds) == 1 else ", ".join(kinds)

    def _resolved(self, node: Document) -> Document:
        """A node, or what its `$ref` within the document points to."""
        for _ in range(_DEEPEST):
            reference = text_of(node.get("$ref"))
            if not reference:
                return node
            if not reference.startswith("#"):
                self.unread.append(f"{reference} is another document, which was not read")
                return {}
            found: object = self._root
            for part in reference[1:].split("/")[1:]:
                found = mapping(found).get(part.replace("~1", "/").replace("~0", "~"))
            node = mapping(found)
        return {}


def _meaning(said: Document) -> str:
    """What values mean, beside what the type says of it."""
    told = {key: text_of(said.get(key)) for key in _MEANING if key in said}
    return ";".join(f"{key}={value}" for key, value in told.items() if value not in _TIMES)

"""JSON Schema, as catalogue of topics. Source: json-schema.org, drafts 4 to 2020-12."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ingest.declared.content import Json, mapping, objects, text
from lineage.errors import UnreadableInput

DEEPEST = 40  # structures within each other
_MOST = 20_000  # fields of one topic
_TOGETHER = ("allOf", "anyOf", "oneOf")


def is_schema(value: object) -> bool:
    """Whether a JSON value is the schema of an object."""
    found = mapping(value)
    says = "$schema" in found or found.get("type") == "object"
    return says and any(key in found for key in ("properties", "$ref", *_TOGETHER))


def objects_of(value: object) -> dict[str, dict[str, str]]:
    """Title → columns of the object that a schema describes."""
    root = mapping(value)
    title = text(root.get("title")) or text(root.get("$id")).rpartition("/")[2]
    columns = bounded(_properties(root, root, "", ()))
    return {title: columns} if columns else {}


def topic(value: object) -> str:
    """The topic that a schema says it is of."""
    return text(mapping(value).get("x-topic"))


def bounded(fields: Iterator[tuple[str, str]]) -> dict[str, str]:
    """Path → type of the fields.

    Raises:
        UnreadableInput: there are more than any topic has: the schema is built to have no end.
    """
    found = dict(islice(fields, _MOST))
    if next(fields, None) is not None:
        raise UnreadableInput(f"a schema of more than {_MOST:,} fields: cut it down")
    return found


def _properties(
    schema: Json, root: Json, prefix: str, within: tuple[int, ...]
) -> Iterator[tuple[str, str]]:
    """The fields of an object; one that is within itself is not entered again."""
    schema = _followed(schema, root)
    if id(schema) in within or len(within) > DEEPEST:
        return
    within = (*within, id(schema))
    for name, said in mapping(schema.get("properties")).items():
        field = _followed(mapping(said), root)
        yield prefix + name, _type(field)
        inner = mapping(field.get("items")) if "items" in field else field
        yield from _properties(inner, root, f"{prefix}{name}.", within)
    for part in _TOGETHER:
        for one in objects(schema.get(part)):
            yield from _properties(one, root, prefix, within)


def _followed(schema: Json, root: Json) -> Json:
    """What a reference within the document refers to, else the schema."""
    for _ in range(DEEPEST):
        place = text(schema.get("$ref"))
        if not place.startswith("#/"):
            return schema
        found: object = root
        for key in place[2:].split("/"):
            found = mapping(found).get(key.replace("~1", "/").replace("~0", "~"))
        schema = mapping(found)
    return schema


def _type(schema: Json) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kinds = [text(one) for one in kind if one != "null"]
        return kinds[0] if len(kinds) == 1 else f"union<{','.join(kinds)}>"
    return text(schema.get("format")) or text(kind) or ("object" if "properties" in schema else "")

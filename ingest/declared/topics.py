"""Schemas of topics, as files or as an export of a schema registry; a topic is a dataset."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ingest.declared import avro_schemas, json_schemas, protobuf_schemas
from ingest.declared.column_rows import rows_of
from ingest.declared.content import Json, mapping, objects, text
from lineage.errors import UnreadableInput

Columns = dict[str, str]  # path of the field → type, a structure before its fields
_VALUE, _KEY = "-value", "-key"  # of a subject that is named for its topic


def is_registry(value: object, content: str) -> bool:
    """Whether it is what a schema registry gives: subjects with versions and schemas."""
    rows = _rows(value, content)
    return bool(rows) and all(
        isinstance(row.get("subject"), str) and isinstance(row.get("schema"), str) for row in rows
    )


def topics_of_registry(value: object, content: str, path: Path) -> dict[str, Columns]:
    """Topic → columns by the newest version of each subject; schemas of keys are left out.

    Raises:
        UnreadableInput: a schema cannot be read; names its subject and version.
    """
    newest: dict[str, Json] = {}
    for row in _rows(value, content):
        subject = text(row.get("subject"))
        if row.get("deleted") is not True and not subject.endswith(_KEY):
            newest[subject] = max(newest.get(subject, row), row, key=_version)
    return {subject.removesuffix(_VALUE): _of_subject(row, path) for subject, row in newest.items()}


def _of_subject(row: Json, path: Path) -> Columns:
    schema = text(row.get("schema"))
    kind = text(row.get("schemaType")).upper() or "AVRO"
    where = f"{path}, subject {text(row.get('subject'))}, version {_version(row)}"
    if kind == "PROTOBUF":
        found = list(protobuf_schemas.messages(schema).values())
    else:
        try:
            value = json.loads(schema)
        except (json.JSONDecodeError, RecursionError) as error:
            raise UnreadableInput(f"{where}: its schema is no JSON: {error}") from error
        read = avro_schemas.records if kind == "AVRO" else json_schemas.objects_of
        found = list(read(value).values())
    if not found:
        raise UnreadableInput(f"{where}: no {kind} schema of a record in it")
    return found[-1] if kind == "AVRO" else found[0]


def topics_of_schema(value: object, content: str, path: Path) -> dict[str, Columns] | None:
    """Topic → columns of an Avro, JSON Schema or Protobuf file; None when it is none of them."""
    if avro_schemas.is_schema(value):
        return dict(_named(avro_schemas.records(value), avro_schemas.topic(value), path))
    if json_schemas.is_schema(value):
        return dict(_named(json_schemas.objects_of(value), json_schemas.topic(value), path))
    if protobuf_schemas.is_schema(content):
        found = protobuf_schemas.messages(content)
        return dict(_named(found, protobuf_schemas.topic(content), path))
    return None


def _named(records: Mapping[str, Columns], said: str, path: Path) -> Iterator[tuple[str, Columns]]:
    """One record is the topic that the file says, or is named for; of several each is its own."""
    for record, columns in records.items():
        yield (topic_name(path, record, said) if len(records) == 1 else record), columns


def topic_name(path: Path, record: str, said: str) -> str:
    """The topic of a schema file: `x-topic` in it, else by the name of the file.

    A file that is named for its record (`Order.avsc` with `com.shop.Order`) is of the topic that is
    named for it: the full name of the record.
    """
    stem = path.name.partition(".json")[0] if path.suffix == ".json" else path.stem
    stem = stem.removesuffix(".schema").removesuffix(_VALUE)
    return said or (record if record.rpartition(".")[2].lower() == stem.lower() else stem)


def _rows(value: object, content: str) -> list[Json]:
    if value is None:
        return list(rows_of(content)) if content.lstrip().startswith("{") else []
    found = objects(value) if isinstance(value, list) else [mapping(value)]
    return [one for one in found if one]


def _version(row: Json) -> int:
    version = row.get("version")
    return version if isinstance(version, int) else 0

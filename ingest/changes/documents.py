"""Reads JSON and YAML documents of whatever shape, and takes out what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from lineage.errors import UnreadableInput

Document = Mapping[str, object]


def decoded(text: str, where: str) -> Document:
    """The mapping that a JSON or YAML text holds.

    Raises:
        UnreadableInput: it holds none.
    """
    try:
        found: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        try:
            found = msgspec.yaml.decode(text)
        except msgspec.DecodeError as error:
            raise UnreadableInput(f"{where}: neither JSON nor YAML: {error}") from error
    if not isinstance(found, dict):
        raise UnreadableInput(f"{where}: holds no mapping")
    return found


def text_of(value: object) -> str:
    """A scalar as text; empty for what is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int | float) else ""


def mapping(value: object) -> Document:
    """A mapping, empty when it is none."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[object]:
    """A list, empty when it is none."""
    return value if isinstance(value, list) else []


def mappings(value: object) -> Iterator[Document]:
    """The mappings in a list."""
    return (one for one in listed(value) if isinstance(one, dict))

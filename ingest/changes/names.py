"""Names as the words of a change say them."""

from __future__ import annotations

from collections.abc import Iterable


def quoted(part: str) -> str:
    """One part of a name; double quotes protect its dots and blanks."""
    plain = not set(part) & set('." \t')
    return part if plain else '"' + part.replace('"', '""') + '"'


def dotted(parts: Iterable[str]) -> str:
    """The parts of a name, those that are empty left out."""
    return ".".join(quoted(part) for part in parts if part)


def column_of(dataset: str, *path: str) -> str:
    """A column of a dataset; the path of a nested field keeps its dots."""
    return f"{dataset}.{'.'.join(map(quoted, path))}"

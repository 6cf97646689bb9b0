"""Finds the events in a text: one a line, one array, one object, or dug out of a console log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec

from lineage.errors import InvalidEvent


def read_events(stream: IO[str]) -> Iterator[tuple[int, object]]:
    """(line, JSON value) of every event; the value is an InvalidEvent where none could be read."""
    first = stream.readline()
    while first and not first.strip():
        first = stream.readline()
    start = first.lstrip("\ufeff \t")
    if start.startswith("[") or (start.startswith("{") and _value(start) is None):
        whole = _value(start + stream.read())
        if isinstance(whole, list):
            yield from ((index + 1, value) for index, value in enumerate(whole))
            return
        yield 1, InvalidEvent("$", "broken JSON") if whole is None else whole
        return
    line = 1
    while first:
        if first.strip():
            yield line, _of_line(first)
        first = stream.readline()
        line += 1


def _of_line(line: str) -> object:
    value = _value(line)
    if value is None and "{" in line:
        value = _value(line[line.index("{") : line.rindex("}") + 1])
    return InvalidEvent("$", "broken JSON") if value is None else value


def _value(text: str) -> object:
    try:
        return msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, RecursionError):
        return None

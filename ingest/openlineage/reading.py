"""Finds the events in a text: one a line, one array, one object, or dug out of a console log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO

import msgspec

from lineage.errors import InvalidEvent

_MARK = '"eventTime"'  # every event has it: a line of a log without is no event that was broken


def read_events(stream: IO[str]) -> Iterator[tuple[int, object]]:
    """(line, JSON value) of every event; the value is an InvalidEvent where none could be read.

    Lines of a console log in which no event stands are passed over.
    """
    first = stream.readline()
    while first and not first.strip():
        first = stream.readline()
    start = first.lstrip("\ufeff \t")
    if start.startswith("[") or (start.startswith("{") and _value(start) is None):
        yield from _of_whole(start + stream.read())
    else:
        yield from _of_lines(chain([first], stream))


def _of_whole(text: str) -> Iterator[tuple[int, object]]:
    """The events of an array, or of one object on several lines; a log may look like either."""
    whole = _value(text)
    if isinstance(whole, list):
        yield from enumerate(whole, 1)
    elif whole is not None:
        yield 1, whole
    else:
        found = list(_of_lines(text.splitlines()))
        readable = any(not isinstance(value, InvalidEvent) for _, value in found)
        yield from found if readable else [(1, InvalidEvent("$", "broken JSON"))]


def _of_lines(lines: Iterable[str]) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(lines, 1):
        text = line.strip("\ufeff \t\r\n")
        if text.startswith("{") or _MARK in text:
            yield number, _of_line(text)


def _of_line(line: str) -> object:
    value = _value(line)
    if value is None and "{" in line:
        value = _value(line[line.index('{"') if '{"' in line else 0 : line.rfind("}") + 1])
    return InvalidEvent("$", "broken JSON") if value is None else value


def _value(text: str) -> object:
    """The JSON value of a text, None when it is none.

    Python's own writer puts NaN where a metric has no value; it is taken for nothing.
    """
    try:
        return msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, RecursionError):
        if "NaN" not in text and "Infinity" not in text:
            return None
    try:
        value: object = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return value

"""Objects of JSON out of a stream, whatever is broken between them.

A JSON array of any length, even on one line, is read object by object.
"""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import IO

import msgspec

from ingest.record import Rejected

JsonObject = dict[str, object]
Object = tuple[int, JsonObject]

CHUNK = 1024 * 1024  # characters read at a time
_KEPT = 2_000  # characters of a broken record that are kept
_BETWEEN = re.compile(r"[\s,\[\]\x00\x1e]*")
_NOTHING = " \t\r\n\x00\x1e,[]{}"  # what may remain around the objects of a document
_NEXT_OBJECT = re.compile(r"\}\s*,?\s*(?=\{)")
# What exports wrap their records in; an object of another name is a record itself.
_WRAPPERS = ("Records", "records", "QueryExecutions", "rows", "entries", "queries", "results")
_WRAPPER_NAMES = frozenset(_WRAPPERS)
_WRAPPED = re.compile(
    r'\s*\{\s*(?:"(?:' + "|".join(_WRAPPERS) + r')"\s*:\s*(?=\[)'
    r'|"meta"\s*:\s*\[[^\[\]]*\]\s*,\s*"data"\s*:\s*(?=\[\s*\{))'
)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # of a character; the other one may follow
_MEMBER = re.compile(r'"(?:[^"\\]|\\.)*"\s*:\s*')
# Where answers of an API keep the columns and the rows of a table: ClickHouse, Trino, Databricks.
_TABLES = (
    ("meta", "data"),
    ("columns", "data"),
    ("manifest.schema.columns", "result.data_array"),
)


def json_objects(stream: IO[str], chunk: str = "") -> Iterator[Object | Rejected]:
    """The objects of JSON Lines, of one array, or of objects one after another, with their line.

    An object that only wraps an array (`{"Records": [...]}`) gives the objects of the array, and
    one that holds a table (`{"meta": [...], "data": [[...]]}`) its rows. What is no object, or no
    JSON, is `broken_record`; reading goes on behind it. `chunk` is what was already read.
    """
    chunk = chunk or stream.read(CHUNK)
    if is_lines(chunk):
        return _json_lines(lines_from(chunk, stream))
    return _json_document(chunk, stream)


def cell(value: object) -> str:
    """The text of a JSON value: empty for null, JSON for arrays and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # numbers that may be missing become fractions in some exports
    return "" if value is None else msgspec.json.encode(value).decode()


def nested(found: JsonObject, path: str) -> str:
    """The text of the value at a path of keys joined with dots; empty when there is none."""
    return cell(_at(found, path))


def _at(found: JsonObject, path: str) -> object:
    value: object = found
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def lines_from(chunk: str, stream: IO[str]) -> Iterator[str]:
    """The lines of a stream of which the chunk is already read, with their ends."""
    if not chunk.endswith("\n"):
        chunk += stream.readline()
    return itertools.chain(io.StringIO(chunk, newline=""), stream)


def is_lines(chunk: str) -> bool:
    """Whether a text that begins so is JSON Lines."""
    text = chunk.lstrip()
    if not text.startswith("{"):
        return not text.startswith("[")
    first, newline, _ = text.partition("\n")
    if _decode(first) is not None:
        return True
    return bool(newline) and not first.rstrip().endswith(("{", "[", ","))


def _json_lines(lines: Iterable[str]) -> Iterator[Object | Rejected]:
    for number, line in enumerate(lines, 1):
        found = _decode(line)
        if found is not None:
            yield from ((number, one) for one in _unwrapped(found))
        elif line.strip(" \t\r\n\x00\x1e"):
            yield Rejected("broken_record", number, line[:_KEPT])


def _decode(text: str) -> JsonObject | None:
    try:
        found: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        if not _HALF.search(text):
            return None
        try:
            found = _without_halves(json.loads(text, strict=False))
        except (ValueError, RecursionError):
            return None
    return found if isinstance(found, dict) else None


def _without_halves(found: object) -> object:
    """The same with U+FFFD for each half of a character, which no store can hold."""
    text = json.dumps(found, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _unwrapped(found: JsonObject) -> Iterable[JsonObject]:
    if not _WRAPPER_NAMES.isdisjoint(found):
        for name in _WRAPPERS:
            inner = found.get(name)
            if isinstance(inner, list) and all(isinstance(one, dict) for one in inner):
                return inner
    for columns, rows in _TABLES:
        if columns.partition(".")[0] in found:
            table = _rows(_at(found, columns), _at(found, rows))
            if table is not None:
                return table
    return (found,)


def _rows(columns: object, rows: object) -> list[JsonObject] | None:
    """The rows of a table by the names of its columns; None when it is no table."""
    if not isinstance(columns, list) or not isinstance(rows, list):
        return None
    names = [str(one["name"]) for one in columns if isinstance(one, dict) and "name" in one]
    if not names or len(names) != len(columns):
        return None
    return [
        row if isinstance(row, dict) else dict(zip(names, row, strict=False))
        for row in rows
        if isinstance(row, dict | list)
    ]


def _json_document(chunk: str, stream: IO[str]) -> Iterator[Object | Rejected]:
    decoder = json.JSONDecoder(strict=False)
    wrapped = _WRAPPED.match(chunk)
    text, at, line = chunk, wrapped.end() if wrapped else 0, 1
    while True:
        start = _BETWEEN.match(text, at).end()  # type: ignore[union-attr] # it matches nothing too
        line += text.count("\n", at, start)
        # What a wrapper says beside its records.
        member = _MEMBER.match(text, start) if wrapped else None
        try:
            found, at = decoder.raw_decode(text, member.end() if member else start)
        except json.JSONDecodeError as error:
            if _cut_off(error, text) and (more := stream.read(max(CHUNK, len(text) - start))):
                text, at = text[start:] + more, 0
                continue
            behind = _NEXT_OBJECT.search(text, start)
            at = behind.end() if behind else len(text)
            if text[start:at].strip(_NOTHING):
                yield Rejected("broken_record", line, text[start:at][:_KEPT])
            if not behind:
                return
        else:
            if _HALF.search(text, start, at):
                found = _without_halves(found)
            if member:
                pass
            elif isinstance(found, dict):
                yield from ((line, one) for one in _unwrapped(found))
            else:
                yield Rejected("broken_record", line, text[start:at][:_KEPT])
        line += text.count("\n", start, at)


def _cut_off(error: json.JSONDecodeError, text: str) -> bool:
    """Whether more text could mend it."""
    return error.msg.startswith("Unterminated string") or error.pos >= len(text) - 16

"""What tools put into comments and tags, decoded to keys and values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

Values = dict[str, str]

_JSON = json.JSONDecoder(strict=False)
_PAIR = re.compile(
    r"""(?<![\w.-])([A-Za-z][\w.-]*)["']?\s*(?:=|:(?!\s*[A-Za-z][\w.-]*=))\s*"""
    r"""(?:"([^"]*)"|'([^']*)'|([^\s,;&"'*{}\[\]]+))"""
)
_SQLCOMMENTER = re.compile(r"([\w.%-]+)='((?:[^'\\]|\\.)*)'")
_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]')
_CLOSING = {"{": "}", "[": "]"}


def decode_json(text: str) -> Values:
    """The values of the first JSON object in the text; nested keys are joined with dots.

    An object that was escaped once more, written with single quotes or cut off at its end is read
    too. Null and empty values, and arrays, are left out. Empty when there is no object.
    """
    try:
        found = next(filter(None, map(_first_object, _readings(text))), None)
        return _flat(found, "") if found else {}
    except RecursionError:  # nested deeper than any tool would
        return {}


def decode_pairs(text: str) -> Values:
    """The values of `key=value` and `key: value`, also by the key in lower case."""
    found = {key: a or b or c for key, a, b, c in _PAIR.findall(text) if a or b or c}
    return {key.lower(): value for key, value in found.items()} | found


def decode_sqlcommenter(text: str) -> Values:
    """The values of `key='value',…`, URL-decoded. Source: google.github.io/sqlcommenter/spec."""
    return {
        unquote(key): unquote(value.replace("\\'", "'"))
        for key, value in _SQLCOMMENTER.findall(text)
    }


DECODERS: dict[str, Callable[[str], Values]] = {
    "json": decode_json,
    "pairs": decode_pairs,
    "sqlcommenter": decode_sqlcommenter,
}


def _readings(text: str) -> Iterator[str]:
    """The text as it may be meant, the most literal first."""
    if "{" not in text:
        return
    yield text
    if '\\"' in text:
        yield text.replace('\\"', '"')
    if '{""' in text:
        yield text.replace('""', '"')
    if '"' not in text:
        yield text.replace("'", '"')
    yield _mended(text[text.index("{") :])


def _first_object(text: str) -> dict[str, object] | None:
    start = text.find("{")
    while start >= 0:
        try:
            found, _ = _JSON.raw_decode(text, start)
        except json.JSONDecodeError:
            start = text.find("{", start + 1)
            continue
        return found if isinstance(found, dict) else None
    return None


def _mended(text: str) -> str:
    """A cut object, closed behind the last member that is whole; empty when it cannot be."""
    closers: list[str] = []
    whole = ""
    for mark in _MARK.finditer(text):
        found = mark.group()
        if found in _CLOSING:
            closers.append(_CLOSING[found])
        elif found in ("}", "]") and (not closers or closers.pop() != found):
            return ""
        if found == ",":
            whole = text[: mark.start()] + "".join(reversed(closers))
    closed = text + "".join(reversed(closers))
    return closed if closers and _first_object(closed) else whole


def _flat(found: object, prefix: str) -> Values:
    if isinstance(found, dict):
        values: Values = {}
        for key, value in found.items():
            values |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
        return values
    if isinstance(found, bool):
        return {prefix: "true" if found else "false"}
    if isinstance(found, str | int | float) and found != "":
        return {prefix: str(found)}
    return {}

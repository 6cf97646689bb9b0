"""What tools put into comments and tags, decoded to keys and values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import unquote

Values = dict[str, str]

_JSON = json.JSONDecoder(strict=False)
_PAIR = re.compile(r"""([A-Za-z][\w.-]*)["']?\s*[:=]\s*(?:"([^"]*)"|'([^']*)'|([^\s,;&"'*]+))""")
_SQLCOMMENTER = re.compile(r"([\w.%-]+)='((?:[^'\\]|\\.)*)'")


def decode_json(text: str) -> Values:
    """The values of the first JSON object in the text; nested keys are joined with dots.

    Null and empty values, and arrays, are left out. Empty when there is no object.
    """
    start = text.find("{")
    while start >= 0:
        try:
            found, _ = _JSON.raw_decode(text, start)
        except json.JSONDecodeError:
            start = text.find("{", start + 1)
            continue
        return _flat(found, "")
    return {}


def decode_pairs(text: str) -> Values:
    """The values of `key=value` and `key: value`, whatever separates them."""
    return {key: a or b or c for key, a, b, c in _PAIR.findall(text) if a or b or c}


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

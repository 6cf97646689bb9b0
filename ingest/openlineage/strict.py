"""JSON as a stranger sends it: read once, refused by name where it is broken or a trap.

Source: RFC 8259. Beyond it are refused: repeated keys, of which every reader takes another one;
nesting that no event has; numbers that no double holds.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from lineage.errors import InvalidEvent

DEEPEST: Final = 200  # levels of objects and arrays; no real event has more than twenty
_BYTE: Final = re.compile(r"byte (\d+)")
_NOT_FINITE: Final = (b"NaN", b"Inf", b"-Inf")
_CONTAINERS: Final = (dict, list)
_MARK: Final = b"\xef\xbb\xbf"  # some producers begin with it


class BrokenJson(InvalidEvent):
    """What is no JSON in UTF-8 at all."""


def decode_json(body: bytes) -> object:
    """The value that the bytes stand for.

    Raises:
        BrokenJson: they are no JSON in UTF-8.
        InvalidEvent: they are, and hold what is refused.
    """
    body = body.removeprefix(_MARK)
    try:
        value = msgspec.json.decode(body)
    except msgspec.ValidationError as error:  # of a value without a type only numbers are checked
        raise InvalidEvent("$", "a number is too large for a double or a 64-bit integer") from error
    except UnicodeDecodeError as error:
        raise BrokenJson("$", f"broken JSON: no UTF-8 ({error.reason})") from error
    except msgspec.DecodeError as error:
        raise BrokenJson("$", f"broken JSON: {_why(body, str(error))}") from error
    except RecursionError as error:
        raise _too_deep() from error
    if body.count(b"{") + body.count(b"[") > DEEPEST and _deeper(value, DEEPEST):
        raise _too_deep()
    # What is written again has each key once; counting its keys costs a hundredth of reading them.
    if body.count(b'":') != msgspec.json.encode(value).count(b'":'):
        json.loads(body, object_pairs_hook=_once)
    return value


def _why(body: bytes, said: str) -> str:
    found = _BYTE.search(said)
    if found and body[int(found[1]) :].startswith(_NOT_FINITE):
        return f"NaN and Infinity are no JSON numbers ({found[0]})"
    return "nothing" if not body.strip() else said.removeprefix("JSON is malformed: ")


def _too_deep() -> InvalidEvent:
    return InvalidEvent("$", f"nested deeper than {DEEPEST} levels")


def _deeper(value: object, most: int) -> bool:
    """Whether a value has more levels than that; without recursion."""
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    for _ in range(most):
        inside = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for some in inside for one in some if type(one) in _CONTAINERS]
        if not level:
            return False
    return True


def _once(pairs: list[tuple[str, object]]) -> None:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidEvent("$", f"the key {twice[:80]!r} stands twice in one object")

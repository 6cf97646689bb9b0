"""Judges what was sent: which events can be taken, and why the others cannot.

What is refused here never comes to the graph, so it must be exactly what an import would make a
dead letter of: both ask `ingest.openlineage.events`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from app.serving.keys import Key
from app.serving.refusing import Refusal
from ingest.folding.cells import day_of, latest_start
from ingest.openlineage.events import Event, decode
from ingest.openlineage.strict import BrokenJson, decode_json
from lineage.errors import InvalidEvent
from lineage.names import DatasetId, JobId

_LONGEST: Final = 4096  # characters of a name; no platform has longer ones
_MOST_EVENTS: Final = 10_000  # of a batch
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)


class Judged(msgspec.Struct, frozen=True):
    """An event that can be taken. day: its UTC day; key: equal for equal events."""

    body: bytes
    day: int
    key: bytes


def judge(body: bytes, sender: Key | None) -> Judged:
    """The event that a body is, sent by the holder of this key, or by anybody.

    Raises:
        Refusal: 400 no JSON, 403 not this sender's to tell, 422 no event.
    """
    try:
        event = decode(decode_json(body))
        _check(event)
    except BrokenJson as error:
        raise Refusal(400, str(error).removeprefix("$: ")) from error
    except InvalidEvent as error:
        raise Refusal(422, str(error), error.path) from error
    except RecursionError as error:
        raise Refusal(422, "$: nested too deep", "$") from error
    namespace = event.job.namespace if event.job else event.outputs[0].id.namespace
    if sender and not sender.allows(namespace):
        raise Refusal(403, f"the key {sender.name!r} is not for the namespace {namespace[:200]!r}")
    return Judged(body, day_of(event.time), event.key)


def judge_all(bodies: list[bytes], sender: Key | None) -> list[Judged | Refusal]:
    """What becomes of each of these events; none decides over another."""
    found: list[Judged | Refusal] = []
    for body in bodies:
        try:
            found.append(judge(body, sender))
        except Refusal as refusal:
            found.append(refusal)
    return found


def events_of(body: bytes) -> list[bytes]:
    """The elements of a JSON array, each as it stands there.

    Raises:
        Refusal: 400 no JSON, 413 too many, 422 no array.
    """
    try:
        found = [bytes(one) for one in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except msgspec.ValidationError as error:
        raise Refusal(422, "$: a batch is a JSON array of events", "$") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # One of them may be broken: as long as the brackets tell where it ends, only that one is.
        found = list(_elements(body.strip()))
        if not found:
            raise Refusal(400, f"broken JSON: {error}") from error
    return _few(found)


def lines_of(body: bytes) -> list[bytes]:
    """The lines of a body that are not blank.

    Raises:
        Refusal: 413 too many.
    """
    return _few([line for line in body.splitlines() if line.strip()])


def _few(events: list[bytes]) -> list[bytes]:
    if len(events) > _MOST_EVENTS:
        raise Refusal(413, f"{len(events)} events at a time: send at most {_MOST_EVENTS}")
    return events


def _elements(body: bytes) -> Iterator[bytes]:
    """The elements of an array by its brackets and commas; none when they do not match."""
    depth, start = 0, 1
    pieces: list[bytes] = []
    for token in _TOKEN.finditer(body):
        mark = token[0]
        if mark in (b"[", b"{"):
            depth += 1
        elif mark in (b"]", b"}"):
            depth -= 1
        if (depth == 1 and mark == b",") or not depth:
            pieces.append(body[start : token.start()])
            start = token.end()
        if depth <= 0:
            break
    if body[:1] + body[-1:] == b"[]" and not depth and start == len(body):
        yield from pieces


def _check(event: Event) -> None:
    if event.time > latest_start():
        raise InvalidEvent("$.eventTime", "more than a day in the future")
    named: list[tuple[str, JobId | DatasetId]] = [("$.job", event.job)] if event.job else []
    named += ((f"$.inputs[{at}]", one.id) for at, one in enumerate(event.inputs))
    named += ((f"$.outputs[{at}]", one.id) for at, one in enumerate(event.outputs))
    for path, node in named:
        if max(len(node.namespace), len(node.name)) > _LONGEST:
            raise InvalidEvent(path, f"a name longer than {_LONGEST} characters")

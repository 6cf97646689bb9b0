"""Keeps each event as it came, without the values that it may hold, so that it can be shown.

Source of what is taken out: the facets of OpenLineage's integrations that quote statements, errors,
code or the environment of a process.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

from ingest.masking.template import Masks
from ingest.openlineage.dialect import dialect_of
from ingest.openlineage.events import Event, Json, items, mapping
from lineage.model import Document

DOCUMENT = "event"
_MOST = 256 * 1024  # bytes of one event
_FACETS = frozenset({"facets", "inputFacets", "outputFacets"})
_SINGLE = ("run", "job", "dataset")
_SIDES = ("inputs", "outputs")
_OMITTED = "_omitted"  # in the place of what is not kept: how many bytes it had
# Whatever these facets hold, values may be in it.
_CLOSED = frozenset(
    {"spark.logicalPlan", "spark_unknown", "environmentVariables", "executionParameters"}
)
# Facets that quote statements, code, messages or values. Those of columns do so in descriptions.
_QUOTING = _CLOSED | {
    "sql", "sourceCode", "errorMessage", "extractionError", "test", "subset",
    "dataQualityAssertions", "dataQualityMetrics",
}  # fmt: skip
_OF_COLUMNS = frozenset({"columnLineage", "lineage"})
_DESCRIBED = re.compile(rb'escription":"[^"]')
_STATEMENTS = frozenset({"query", "content", "transformationDescription"})
_PROSE = frozenset({"message", "stackTrace", "errorMessage", "sourceCode", "expected", "actual"})
_COUNTS = frozenset({"nullCount", "distinctCount", "count"})
_SECRETS = ("passw", "secret", "token", "credential", "apikey", "api_key", "private_key")
_SECRET_BYTES = tuple(word.encode() for word in _SECRETS)
_SECRET = re.compile("|".join(_SECRETS), re.IGNORECASE)
_LOGIN = re.compile(r"(?<=//)[^/@\s]+@")
_VALUES = re.compile(
    r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|\S+@\S+|(?<==)\([^()]*\)|(?<![\w.])\d{4,}(?![\w.])"""
)


class Keeper:
    """Makes the documents of events; statements are masked as those of logs are."""

    def __init__(self) -> None:
        self._masks: dict[str, Masks] = {}

    def keep(self, event: Event, value: object) -> Document:
        """The document of an event, which sorts by its time.

        It has at most 256 KiB: the greatest facets are left out until it fits, which stays visible
        as `{"_omitted": bytes}` in their place.
        """
        body = msgspec.json.encode(value)
        quoting = {name for name in _QUOTING if f'"{name}"'.encode() in body}
        quoting |= _OF_COLUMNS if _DESCRIBED.search(body) else set()
        lower = body.lower()
        everywhere = b"@" in body or any(word in lower for word in _SECRET_BYTES)
        if quoting or everywhere:
            facets = None if everywhere else quoting
            value = self._cleared(mapping(value), facets, dialect_of(event))
            body = msgspec.json.encode(value)
        if len(body) > _MOST:
            body = _cut(value, len(body))
        return Document(DOCUMENT, f"{event.time:020d}-{event.key.hex()}", body)

    def _cleared(self, event: Json, facets: Collection[str] | None, dialect: str) -> Json:
        """The event with these facets cleared of values, or all that it holds for None."""

        def of(holder: Json) -> Json:
            clear = {
                kind: {
                    name: self._field(name, facet, dialect)
                    if facets is None or name in facets
                    else facet
                    for name, facet in mapping(holder[kind]).items()
                }
                for kind in _FACETS & holder.keys()
            }
            return {**holder, **clear}

        return _with_holders(event, [of(holder) for holder in _holders(event)])

    def _without_values(self, value: object, dialect: str) -> object:
        if isinstance(value, dict):
            if value.get("type") == "literal":
                return {**value, "value": "?"}
            return {key: self._field(key, one, dialect) for key, one in value.items()}
        if isinstance(value, list):
            return [self._without_values(one, dialect) for one in value]
        return _LOGIN.sub("", value) if isinstance(value, str) and "@" in value else value

    def _field(self, key: str, value: object, dialect: str) -> object:
        if key in _CLOSED and value:
            return {_OMITTED: len(msgspec.json.encode(value))}
        if _SECRET.search(key) and isinstance(value, str | int):
            return "***"
        if key == "transformations":
            return [self._transformation(one, dialect) for one in items(value)]
        if key == "columnMetrics":
            return {
                column: {name: mapping(one)[name] for name in _COUNTS & mapping(one).keys()}
                for column, one in mapping(value).items()
            }
        if isinstance(value, str) and key in _STATEMENTS:
            return self._masked(value, dialect)
        if isinstance(value, str) and key in _PROSE:
            return without_values(value)
        return self._without_values(value, dialect)

    def _transformation(self, said: Json, dialect: str) -> Json:
        about = said.get("description")
        return (
            {**said, "description": self._masked(about, dialect)}
            if isinstance(about, str)
            else said
        )

    def _masked(self, statement: str, dialect: str) -> str:
        masks = self._masks.get(dialect)
        if masks is None:
            masks = self._masks[dialect] = Masks(dialect)
        masked = masks.mask(statement)
        # Cut off inside a literal: where it ends cannot be told.
        return "?" if masked.reason else masked.text


def without_values(prose: str) -> str:
    """A message without what may be a value in it: quoted text, addresses, keys, long numbers."""
    return _VALUES.sub("?", prose)


def _holders(event: Json) -> list[Json]:
    """What has facets in an event: the run, job and dataset, then inputs and outputs."""
    return [
        *(mapping(event.get(key)) for key in _SINGLE),
        *(one for side in _SIDES for one in items(event.get(side))),
    ]


def _with_holders(event: Json, holders: list[Json]) -> Json:
    """The event with other holders in the places of its own."""
    left = iter(holders)
    single = {key: holder for key in _SINGLE if (holder := next(left))}
    sides = {side: [next(left) for _ in items(event.get(side))] for side in _SIDES if side in event}
    return {**event, **single, **sides}


def _cut(value: object, size: int) -> bytes:
    """An event without its greatest facets, so that it fits; at the worst its head alone."""
    event = mapping(value)
    holders = _holders(event)
    sizes = [
        (len(msgspec.json.encode(facet)), place, kind, name)
        for place, holder in enumerate(holders)
        for kind in _FACETS & holder.keys()
        for name, facet in mapping(holder[kind]).items()
    ]
    for bytes_, place, kind, name in sorted(sizes, reverse=True):
        if size > _MOST:
            holder = holders[place]
            left_out = {**mapping(holder[kind]), name: {_OMITTED: bytes_}}
            holders[place] = {**holder, kind: left_out}
            size -= bytes_ - 32
    if size > _MOST:
        head = {key: event[key] for key in ("eventType", "eventTime", "producer") if key in event}
        return msgspec.json.encode({**head, **_names(event), _OMITTED: size})
    return msgspec.json.encode(_with_holders(event, holders))


def _names(event: Json) -> Json:
    """What an event is about, without a facet."""
    return {
        key: {name: one for name, one in mapping(event[key]).items() if name not in _FACETS}
        for key in _SINGLE
        if key in event
    }

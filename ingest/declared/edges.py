"""Lineage that people declare because neither a log nor an event shows it.

A file of edges, the configuration of Kafka Connect, the manifest of a dbt project: told by content.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import msgspec

from ingest.declared.connectors import connector_edges, is_connectors
from ingest.declared.content import Content, text
from ingest.declared.dbt import exposures, is_manifest, manifest_edges
from ingest.declared.links import DeclaredEdge
from ingest.declared.people import ConsumerEntry
from ingest.files.tables import Fields

_FIELDS: Fields = {
    "from": ("from", "source", "from_dataset", "upstream", "input"),
    "to": ("to", "target", "to_dataset", "downstream", "output"),
    "columns": ("columns", "column_map", "fields"),
    "from_column": ("from_column", "source_column", "upstream_column"),
    "to_column": ("to_column", "target_column", "downstream_column"),
    "actor": ("actor", "by", "author", "owner"),
    "reason": ("reason", "why", "comment", "note", "description"),
    "until": ("until", "expires", "valid_until"),
    "job": ("job", "job_name"),
}
_SEPARATOR = re.compile(r"\s*(?:;|,|\n)\s*")
_ARROW = re.compile(r"\s*(?:->|=>|→|=|:)\s*")


class EdgeFile(msgspec.Struct, frozen=True):
    """What one file declares; its name is its identity: read again, it replaces itself."""

    name: str
    edges: tuple[DeclaredEdge, ...] = ()
    consumers: tuple[ConsumerEntry, ...] = ()


def read_edges(path: Path) -> tuple[EdgeFile, tuple[str, ...]]:
    """What the file declares, and its lines that say nothing, with file and line.

    CSV, JSON or YAML (a list, or one under `edges`) with `from,to` and, if known, `columns` (`a->b;
    c->d`, or one a line as `from_column,to_column`), `actor,reason,until` (an ISO date, the last
    day), `job`; Kafka Connect's configuration as JSON (a file or REST) or properties; a dbt
    manifest.json with its models, seeds, snapshots and exposures.

    Raises:
        UnreadableInput: the file cannot be read, or has no such columns.
    """
    content = Content(path)
    if is_manifest(content.value):
        told = tuple(manifest_edges(content.value))
        return EdgeFile(path.name, told, tuple(exposures(content.value))), ()
    if is_connectors(content):
        made, problems = connector_edges(content)
        return EdgeFile(path.name, tuple(made)), tuple(f"{path}: {one}" for one in problems)
    edges, problems = _of_rows(content)
    return EdgeFile(path.name, tuple(edges)), tuple(problems)


def _of_rows(content: Content) -> tuple[list[DeclaredEdge], list[str]]:
    if content.value in ([], {"edges": []}) or not content.text.strip():
        return [], []
    found: dict[DeclaredEdge, list[tuple[str, str]]] = {}
    problems: list[str] = []
    for line, row in content.rows(_FIELDS, ("from", "to"), ("edges", "lineage")):
        try:
            edge, columns = _edge(row)
        except ValueError as error:
            problems.append(f"{content.path}, line {line}: {error}")
            continue
        found.setdefault(edge, []).extend(columns)
    return [
        msgspec.structs.replace(edge, columns=tuple(dict.fromkeys(columns)))
        for edge, columns in found.items()
    ], problems


def _edge(row: tuple[str, ...] | str) -> tuple[DeclaredEdge, list[tuple[str, str]]]:
    """The edge of a row without its columns, and these.

    Raises:
        ValueError: says what is wrong with the row.
    """
    if isinstance(row, str):
        raise ValueError(row)
    source, target, columns, from_column, to_column, actor, reason, until, job = row
    if not source or not target:
        raise ValueError("from or to is empty")
    pairs = _pairs(columns)
    if from_column or to_column:
        pairs.append((from_column or to_column, to_column or from_column))
    if not all(before and after for before, after in pairs):
        raise ValueError(f"columns {columns!r} leaves one end empty")
    edge = DeclaredEdge(source, target, job=job, actor=actor, reason=reason, until=_day(until))
    return edge, pairs


def _day(until: str) -> str:
    try:
        return dt.date.fromisoformat(until[:10]).isoformat() if until else ""
    except ValueError:
        raise ValueError(f"until {until!r} is no date like 2026-12-31") from None


def _pairs(said: str) -> list[tuple[str, str]]:
    """The columns of `a->b; c`, of a JSON list of such, of `{"a": "b"}` or `{"from", "to"}`."""
    if not said:
        return []
    if said[0] in "[{":
        try:
            value: object = json.loads(said)
        except json.JSONDecodeError as error:
            raise ValueError(f"columns is no JSON: {error}") from None
        return _pairs_of(value)
    return [pair for one in _SEPARATOR.split(said) if one for pair in [_pair(one)]]


def _pairs_of(value: object) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [_pair(value)]
    if isinstance(value, list):
        return [pair for one in value for pair in _pairs_of(one)]
    if isinstance(value, dict) and {"from", "to"} <= value.keys():
        sources = value["from"] if isinstance(value["from"], list) else [value["from"]]
        return [(text(source), text(value["to"])) for source in sources]
    if isinstance(value, dict):
        return [(str(source), text(target) or str(source)) for source, target in value.items()]
    raise ValueError(f"columns {value!r} names no columns")


def _pair(one: str) -> tuple[str, str]:
    source, *rest = _ARROW.split(one, maxsplit=1)
    return source, rest[0] if rest and rest[0] else source


def expired(edge: DeclaredEdge, today: str) -> bool:
    """Whether the last day of the edge is over; today: an ISO date."""
    return bool(edge.until) and edge.until < today

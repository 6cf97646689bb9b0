"""A data contract written from what consumers really use: a draft for the producer to sign.

Source: the Open Data Contract Standard, v3.1.0 (bitol.io).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping

from lineage.analyses.breaking.retype import Retyping, retyping
from lineage.analyses.stewardship.needs import NeededColumn, Needing, Needs
from lineage.analyses.use.rollup import guarded
from lineage.names import parts

Json = dict[str, object]
_LOGICAL = (
    ("integer", ("tinyint", "smallint", "int", "integer", "bigint", "int64", "long", "serial")),
    ("date", ("date",)),
    ("time", ("time",)),
    ("array", ("array",)),
    ("object", ("struct", "record", "variant", "object", "json", "jsonb", "super", "row")),
    ("map", ("map",)),
)
_FAMILIES = (("string", "varchar"), ("number", "double"), ("timestamp", "timestamp"),
             ("boolean", "boolean"))  # fmt: skip
# Platforms whose names have a database and a schema → what ODCS calls where they are.
_SERVERS: Mapping[str, tuple[str, str, str, str]] = {
    "snowflake": ("snowflake", "account", "database", "schema"),
    "postgres": ("postgres", "host", "database", "schema"),
    "redshift": ("redshift", "host", "database", "schema"),
    "trino": ("trino", "host", "catalog", "schema"),
    "mssql": ("sqlserver", "host", "database", "schema"),
    "databricks": ("databricks", "host", "catalog", "schema"),
}
_PORTS = {"postgres": 5432, "trino": 8080}
_PARTS = 3  # database, schema, table
_MINUTES = 24 * 60


def draft(needs: Needs, *, people: bool = False) -> Json:
    """A contract that promises what is used of a dataset. people: name persons."""
    namespace, _, name = needs.dataset.rpartition(":")
    where, table = _server(namespace, name)
    contract: Json = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": needs.dataset,
        "name": table,
        "version": "0.1.0",
        "status": "draft",
        "domain": needs.domain,
        "description": _described(needs),
        "servers": [where] if where else None,
        "schema": [_schema(needs, table)],
        "support": [_channel(needs.contact)] if needs.contact else None,
        "team": {"name": needs.owner} if needs.owner else None,
        "slaProperties": list(_services(needs, table)) or None,
        "customProperties": [
            {"property": "consumers", "value": list(_consumers(needs.consumers, people=people))},
            {"property": "draftedFrom", "value": _window(needs)},
        ],
    }
    return {key: value for key, value in contract.items() if value is not None}


def _server(namespace: str, name: str) -> tuple[Json | None, str]:
    """Where the dataset is, and its name there."""
    scheme, _, rest = namespace.partition("://")
    levels = parts(name)
    if scheme not in _SERVERS or len(levels) != _PARTS:
        return None, name
    type_, host, *places = _SERVERS[scheme]
    address, _, port = rest.partition(":")
    server: Json = {"server": "production", "type": type_, "environment": "prod", host: address}
    if type_ in _PORTS:
        server["port"] = int(port) if port.isdecimal() else _PORTS[type_]
    return server | dict(zip(places, levels, strict=False)), levels[-1]


def _described(needs: Needs) -> Json | None:
    used = len(needs.columns)
    total = used + len(needs.unused)
    usage = f"{used} of {total} columns are used" if total else "no column is known"
    teams = sorted({one.team for one in needs.consumers if one.team})
    usage += f" by {len(needs.consumers)} consumers and jobs"
    usage += f" of {', '.join(teams)}." if teams else "."
    return {"purpose": needs.description, "usage": usage} if needs.description else {"usage": usage}


def _schema(needs: Needs, table: str) -> Json:
    found: Json = {
        "name": table,
        "logicalType": "object",
        "physicalName": table,
        "physicalType": needs.kind,
        "properties": [_property(column) for column in needs.columns],
    }
    if needs.rows:
        said = f"the last write that told had {needs.rows:,} rows"
        rule = {"type": "library", "metric": "rowCount", "mustBeGreaterThan": 0}
        found["quality"] = [rule | {"description": said}]
    return found


def _property(column: NeededColumn) -> Json:
    found: Json = {
        "name": column.name,
        "logicalType": _logical(column.type),
        "physicalType": column.type or None,
        "required": column.required,
        "description": column.description or None,
        "customProperties": [
            {"property": "usedAs", "value": [role.value for role in column.roles]},
            {"property": "usedBy", "value": list(column.teams)},
            {"property": "users", "value": column.consumers},
        ],
    }
    return {key: value for key, value in found.items() if value is not None}


def _logical(type_: str) -> str | None:
    """The logical type of ODCS; None for one that nobody knows."""
    plain = type_.lower().partition("(")[0].partition("<")[0].strip()
    for logical, names in _LOGICAL:
        if plain in names:
            return logical
    fits = (one for one, like in _FAMILIES if retyping(type_, like) is not Retyping.INCOMPATIBLE)
    return next(fits, None) if type_ else None


def _services(needs: Needs, table: str) -> Iterator[Json]:
    """Freshness as the writes have kept it so far."""
    if needs.period is not None and not needs.view:
        days = math.ceil(needs.period)
        said = f"written {needs.cadence}"
        for key in ("frequency", "latency"):
            yield {"property": key, "value": days, "unit": "d", "element": table,
                   "description": said}  # fmt: skip
    if needs.arrival is not None:
        minutes = min(needs.arrival, _MINUTES - 1)
        clock = f"{minutes // 60:02d}:{minutes % 60:02d}+00:00"
        yield {"property": "timeOfAvailability", "value": clock, "element": table}


def _channel(contact: str) -> Json:
    if contact.startswith("#"):
        return {"channel": contact, "tool": "slack"}
    if "@" in contact:
        return {"channel": contact, "tool": "email", "url": f"mailto:{contact}"}
    return {"channel": contact}


def _consumers(found: tuple[Needing, ...], *, people: bool) -> Iterator[Json]:
    """Every consumer by name, but persons as a number of their team."""
    hidden: Counter[str] = Counter()
    for one in found:
        if one.person and not people:
            hidden[one.team or ""] += 1
            continue
        said: Json = {
            "name": one.title or one.consumer,
            "id": one.consumer if one.title else None,
            "kind": one.kind,
            "team": one.team,
            "cadence": one.cadence,
            "columns": ["*"] if one.whole else list(one.columns),
        }
        yield {key: value for key, value in said.items() if value is not None}
    for team, count in sorted(hidden.items()):
        some: Json = {"people": guarded(count), "kind": "person"}
        yield some | ({"team": team} if team else {})


def _window(needs: Needs) -> Json:
    return {
        "first": needs.window.first,
        "last": needs.window.last,
        "coverage": needs.coverage.text,
    }

"""Data contracts in their files: the Open Data Contract Standard, version 3, read and written.

Source: bitol.io, the JSON Schemas of v3.0.0 to v3.2.0. What a contract says beyond that is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path

import yaml

from ingest.changes.contracts import fields_of, hours_of, name_of, services_of
from ingest.changes.documents import Document, mapping, mappings, text_of
from ingest.files.reading import Input, open_text
from lineage.analyses.stewardship.contracts import (
    Contract,
    PromisedColumn,
    PromisedDataset,
    QualityRule,
    Service,
)
from lineage.errors import UnreadableInput
from lineage.names import clean

_LONGEST = 16 << 20  # characters: a contract is written by people
_MOST = 500_000  # values: one that says the same again and again by reference has no more
_SCHEMES = {
    "postgresql": "postgres", "sqlserver": "mssql", "databricks": "databricks", "glue": "arn",
    "athena": "awsathena", "iceberg": "", "custom": "", "local": "file", "api": "",
}  # fmt: skip
_PLACES = ("database", "project", "catalog", "serviceName"), ("schema", "dataset")
_OPERATORS = ("mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo",
              "mustBeGreaterThanOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo",
              "mustBeLessThanOrEqualTo", "mustBeBetween", "mustNotBeBetween", "unit",
              "validValues", "query")  # fmt: skip

_ZONE = re.compile(r":\d{2}\s*([+-])(\d{2}):?(\d{2})?$")  # after a time of the day
# Counts are whole, so more than 5 is at least 6.
_BOUNDS = (
    ("mustBeGreaterThan", "least", 1), ("mustBeGreaterOrEqualTo", "least", 0),
    ("mustBeGreaterThanOrEqualTo", "least", 0), ("mustBeLessThan", "most", -1),
    ("mustBeLessOrEqualTo", "most", 0), ("mustBeLessThanOrEqualTo", "most", 0),
)  # fmt: skip


class _Loader(yaml.SafeLoader):
    """YAML whose dates and times stay text, as they do in JSON, and its keys too."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        """A mapping by its keys as they are written: `on` is no truth value there."""
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != f"{_TAG}merge":
                key.tag = f"{_TAG}str"
        return super().construct_mapping(node, deep)


_TAG = "tag:yaml.org,2002:"
_Loader.yaml_implicit_resolvers = {
    first: [one for one in known if one[0].removeprefix(_TAG) not in ("timestamp", "int", "float")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# As in YAML 1.1, but for its numbers to the base of 60: 10:30 is a time.
_Loader.add_implicit_resolver(
    f"{_TAG}int",
    re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$"),
    list("-+0123456789"),
)
_Loader.add_implicit_resolver(
    f"{_TAG}float",
    re.compile(
        r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
        r"|\.(?:inf|Inf|INF))$|\.(?:nan|NaN|NAN)$"
    ),
    list("-+0123456789."),
)


def read_contract(path: Path) -> Contract:
    """The contract in a file, YAML or JSON.

    Raises:
        UnreadableInput: it cannot be read, or is no ODCS contract of version 3; says why.
    """
    with open_text(Input(str(path), path)) as stream:
        text = stream.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        raise UnreadableInput(f"{path} is longer than {_LONGEST:,} characters: it is no contract")
    value, form = _value(text, str(path))
    _check(value, str(path))
    status = text_of(value.get("status")).lower() or "draft"
    return Contract(
        clean(text_of(value["id"])),
        clean(text_of(value.get("version"))),
        clean(status),
        tuple(_datasets(value)),
        clean(text_of(value.get("name"))),
        _team(value),
        _custom(value, "supportLevel").lower(),
        text,
        form,
    )


def contract_text(contract: Contract, form: str) -> str:
    """The contract as it was read; in the other form, `yaml` or `json`, with the same content."""
    if form == contract.form:
        return contract.text
    value, _ = _value(contract.text, contract.id)
    return written(value, form)


def written(value: Document, form: str) -> str:
    """A contract as YAML or JSON, keys in their order."""
    if form == "json":
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """YAML with lists that stand in under their key, those of plain values on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indents lists."""
        del indentless
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        """Writes what is said twice twice, without references."""
        del data
        return True

    def represent_sequence(
        self, tag: str, sequence: Iterable[object], flow_style: bool | None = None
    ) -> yaml.SequenceNode:
        """Writes a list of plain values on one line."""
        items = list(sequence)
        plain = not any(isinstance(item, dict | list) for item in items)
        return super().represent_sequence(tag, items, flow_style or plain)


def _value(text: str, where: str) -> tuple[Document, str]:
    form = "json"
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        form = "yaml"
        try:
            value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
        except (ValueError, yaml.YAMLError, RecursionError) as error:
            why = " ".join(str(error).split())
            raise UnreadableInput(f"{where}: neither JSON nor YAML: {why}") from error
    if not isinstance(value, dict):
        raise UnreadableInput(f"{where}: holds no mapping, so it is no data contract")
    _count(value, where)
    return value, form


def _count(value: object, where: str) -> None:
    """Refuses what references make endless, or too large to be written again."""
    stack, seen = [value], 0
    while stack:
        one = stack.pop()
        seen += 1
        if seen > _MOST:
            raise UnreadableInput(f"{where} holds more than {_MOST:,} values: it is no contract")
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


def _check(value: Document, where: str) -> None:
    api, kind = text_of(value.get("apiVersion")), text_of(value.get("kind"))
    if kind != "DataContract" and not api:
        raise UnreadableInput(
            f"{where} is no ODCS contract: it has neither `kind: DataContract` nor `apiVersion`"
        )
    if api and not re.match(r"v?3\.", api):
        raise UnreadableInput(f"{where} is ODCS {api}; versions 3.0 to 3.2 are read")
    if not text_of(value.get("id")):
        raise UnreadableInput(f"{where} has no `id`, by which its next version is known")
    if not isinstance(value.get("schema", []), list):
        raise UnreadableInput(f"{where}: `schema` is no list of datasets")


def _datasets(value: Document) -> Iterator[PromisedDataset]:
    servers = list(mappings(value.get("servers")))
    for one in mappings(value.get("schema")):
        columns = tuple(
            PromisedColumn(clean(field.name), clean(field.type or field.logical), field.required)
            for field in fields_of(one)
        )
        services = tuple(
            Service(clean(key), clean(f"{said} {unit}".strip()), _hours(said, unit))
            for key, (said, unit) in services_of(value, one).items()
        )
        yield PromisedDataset(
            tuple(dict.fromkeys(_names(one, servers))),
            tuple(dict.fromkeys(filter(None, map(_near, servers)))),
            columns,
            services,
            tuple(_quality(one)),
        )


def _hours(said: str, unit: str) -> float | None:
    """A duration in hours, or a time of the day in hours after midnight UTC."""
    hours, zone = hours_of(said, unit), _ZONE.search(said)
    if hours is None or zone is None:
        return hours
    shift = int(zone[2]) + int(zone[3] or 0) / 60
    return (hours + (shift if zone[1] == "-" else -shift)) % 24


def _names(one: Document, servers: list[Document]) -> Iterator[str]:
    """What a dataset may be called, the fullest first: within each server, then alone."""
    given = dict.fromkeys(filter(None, (name_of(one), text_of(one.get("name")))))
    for name in map(clean, given):
        for server in servers:
            places = [
                clean(next((text_of(server[key]) for key in keys if text_of(server.get(key))), ""))
                for keys in _PLACES
            ]
            whole = ".".join(filter(None, (*places, name)))
            yield whole
            yield ".".join(filter(None, (places[1], name)))
            if place := clean(text_of(server.get("location"))):
                yield place
        yield name


def _near(server: Document) -> str:
    """What the namespace of the datasets on a server begins with."""
    type_ = text_of(server.get("type")).lower()
    scheme = _SCHEMES.get(type_, type_)
    host = text_of(server.get("host")) or text_of(server.get("account"))
    return f"{scheme}://{host.partition(':')[0]}" if scheme else ""


def _quality(one: Document) -> Iterator[QualityRule]:
    yield from _rules(one, None)
    for item in mappings(one.get("properties")):
        name = text_of(item.get("physicalName")) or text_of(item.get("name"))
        yield from _rules(item, clean(name))


def _rules(place: Document, column: str | None) -> Iterator[QualityRule]:
    for rule in mappings(place.get("quality")):
        metric = text_of(rule.get("metric")) or text_of(rule.get("rule"))
        metric = metric or text_of(rule.get("type"))
        said = [f"{key} {rule[key]}" for key in _OPERATORS if key in rule]
        said = said or [text_of(rule.get("description")) or text_of(rule.get("name"))]
        shown = clean(", ".join(filter(None, said)))
        yield QualityRule(clean(metric), column, shown, *_bounds(rule))


def _bounds(rule: Document) -> tuple[float | None, float | None]:
    """What a count must be: at least and at most; a share of the rows is no count."""
    if text_of(rule.get("unit")).lower().startswith(("percent", "%")):
        return None, None
    between = rule.get("mustBeBetween")
    ends = between if isinstance(between, list) and len(between) == 2 else (None, None)
    least = [_number(ends[0]), _number(rule.get("mustBe"))]
    most = [_number(ends[1]), _number(rule.get("mustBe"))]
    for key, sides, step in _BOUNDS:
        found = _number(rule.get(key))
        (least if sides == "least" else most).append(None if found is None else found + step)
    return (
        max((one for one in least if one is not None), default=None),
        min((one for one in most if one is not None), default=None),
    )


def _number(value: object) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(str(value)) if plain else None


def _team(value: Document) -> str:
    """The team, which in 3.0 is a list of people and has no name."""
    named = text_of(mapping(value.get("team")).get("name"))
    return clean(named or _custom(value, "team") or _custom(value, "owner"))


def _custom(value: Document, key: str) -> str:
    found = (one for one in mappings(value.get("customProperties")) if one.get("property") == key)
    return clean(text_of(next(found, {}).get("value")))

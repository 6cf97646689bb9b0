"""Two data contracts of the Open Data Contract Standard, versions 2 and 3 (bitol.io)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.changes.documents import Document, mapping, mappings, text_of
from ingest.changes.fields import Field, between, by_name
from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.errors import UnreadableInput

_HOURS = {"m": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0, "y": 8760.0}
_UNITS = {
    **dict.fromkeys(("minute", "minutes", "min", "m"), "m"),
    **dict.fromkeys(("hour", "hours", "hr", "h"), "h"),
    **dict.fromkeys(("day", "days", "d"), "d"),
    **dict.fromkeys(("week", "weeks", "w"), "w"),
    **dict.fromkeys(("year", "years", "y"), "y"),
}
_RETENTION = ("retention",)
_FRESHNESS = ("latency", "ly", "freshness", "frequency", "fy", "timeofavailability")
_MEANING = ("format", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
            "multipleOf", "timezone", "defaultTimezone")  # fmt: skip
_LISTS = ("validValues", "validValuesList", "values")


def between_contracts(
    old: Document, new: Document, subject: str = ""
) -> tuple[list[Change], list[str]]:
    """The changes between two contracts, and a sentence for each promise that cannot be weighed.

    subject: the dataset of a contract about one; else each has its physical name.

    Raises:
        UnreadableInput: one of them is no ODCS contract.
    """
    old, new = as_version_3(old), as_version_3(new)
    before, after = _objects(old, "the old contract"), _objects(new, "the new contract")
    if subject and len(before) != 1:
        raise UnreadableInput(f"the contract is about {len(before)} datasets, not {subject} alone")
    if subject and len(after) == 1:
        after = dict(zip(before, after.values(), strict=True))
    changes: list[Change] = []
    unread: list[str] = []
    for key, one in before.items():
        name = subject or name_of(one)
        if key not in after:
            changes.append(Change(ChangeKind.DROP_DATASET, name))
            continue
        other = after[key]
        if not subject and name_of(other) != name:
            changes.append(Change(ChangeKind.RENAME_DATASET, name, name_of(other)))
        changes += between(name, by_name(fields_of(one)), by_name(fields_of(other)))
        if _keys(one) != _keys(other):
            changes.append(Change(ChangeKind.GRAIN_DATASET, name))
        unread += _quality(name, one, other)
        found, missed = _promises(name, one, old, new)
        changes += found
        unread += missed
    return list(dict.fromkeys(changes)), list(dict.fromkeys(unread))


def as_version_3(contract: Document) -> Document:
    """A contract of version 2 in the words of version 3; any other as it is."""
    if isinstance(contract.get("schema"), list) or not isinstance(contract.get("dataset"), list):
        return contract
    tables = [
        {**table, "name": table.get("table"), "properties": list(map(_property, mappings(columns)))}
        for table in mappings(contract["dataset"])
        for columns in [table.get("columns")]
    ]
    return {**contract, "schema": tables}


def _property(column: Document) -> Document:
    """A column of version 2 as a property of version 3."""
    return {
        **column,
        "name": column.get("column"),
        "physicalName": column.get("physicalName"),
        "required": column.get("isNullable") is False,
        "primaryKey": column.get("isPrimaryKey") or column.get("isPrimary"),
        "unique": column.get("isUnique"),
    }


def _objects(contract: Document, which: str) -> dict[str, Document]:
    if not isinstance(contract.get("schema"), list):
        raise UnreadableInput(
            f"{which} is no ODCS contract: it has neither a list `schema` (version 3) nor a list "
            "`dataset` (version 2)"
        )
    return {text_of(one.get("name")) or name_of(one): one for one in mappings(contract["schema"])}


def name_of(one: Document) -> str:
    """What an object of a contract's schema is called where the data is."""
    return text_of(one.get("physicalName")) or text_of(one.get("name"))


def fields_of(one: Document, prefix: str = "") -> Iterator[Field]:
    """The properties of an object, those that are nested by their dotted path."""
    for item in mappings(one.get("properties")):
        name = prefix + (text_of(item.get("physicalName")) or text_of(item.get("name")))
        options = mapping(item.get("logicalTypeOptions"))
        yield Field(
            name,
            text_of(item.get("physicalType")),
            bool(item.get("required") or item.get("primaryKey")),
            text_of(item.get("id")) or prefix + text_of(item.get("name")),
            symbols=_symbols(item),
            meaning=";".join(f"{key}={text_of(options.get(key))}" for key in _MEANING),
            default=options.get("default") is not None,
            logical=text_of(item.get("logicalType")),
        )
        yield from fields_of(item, f"{name}.")
        yield from fields_of(mapping(item.get("items")), f"{name}.")


def _symbols(item: Document) -> tuple[str, ...] | None:
    """The values that a property may hold, by its options or a quality rule."""
    places = [mapping(item.get("logicalTypeOptions")).get("enum"), item.get("enum")]
    for rule in mappings(item.get("quality")):
        arguments = mapping(rule.get("arguments"))
        places += [source.get(key) for key in _LISTS for source in (rule, arguments)]
    found = next((place for place in places if isinstance(place, list)), None)
    return None if found is None else tuple(map(text_of, found))


def _keys(one: Document) -> set[tuple[str, str]]:
    """What makes a row one row."""
    return {
        (key, text_of(item.get("name")))
        for item in mappings(one.get("properties"))
        for key in ("primaryKey", "unique")
        if item.get(key)
    }


def _quality(name: str, old: Document, new: Document) -> Iterator[str]:
    """What was promised of the values and is promised no more."""
    kept = [_rule(rule) for _, rule in _rules(new)]
    for place, rule in _rules(old):
        values = any(key in rule or key in mapping(rule.get("arguments")) for key in _LISTS)
        if not values and _rule(rule) not in kept:
            yield f"{name}{place}: the quality rule {_rule(rule)!r} is gone or has changed"


def _rules(one: Document) -> Iterator[tuple[str, Document]]:
    for rule in mappings(one.get("quality")):
        yield "", rule
    for item in mappings(one.get("properties")):
        for rule in mappings(item.get("quality")):
            yield f".{text_of(item.get('name'))}", rule


def _rule(rule: Document) -> str:
    shown = ("metric", "rule", "type", "query", "mustBe", "mustBeGreaterThan", "mustBeLessThan",
             "mustNotBe", "mustBeBetween", "unit")  # fmt: skip
    return " ".join(f"{key}={rule[key]}" for key in shown if key in rule)


def _promises(
    name: str, one: Document, old: Document, new: Document
) -> tuple[list[Change], list[str]]:
    """Retention and freshness, of the whole contract or of this dataset."""
    changes: list[Change] = []
    unread: list[str] = []
    before, after = services_of(old, one), services_of(new, one)
    for key, (value, unit) in before.items():
        now, unit_now = after.get(key, ("", ""))
        if (now, unit_now) == (value, unit):
            continue
        was, is_ = hours_of(value, unit), hours_of(now, unit_now)
        if not now:
            unread.append(f"{name}: {key} ({value} {unit}) is promised no more".replace(" )", ")"))
        elif was is None or is_ is None:
            unread.append(_other(name, key, (value, unit), (now, unit_now)))
        elif key in _RETENTION and is_ < was:
            changes.append(Change(ChangeKind.RETAIN_DATASET, name, f"{is_ / 24:g}d"))
        elif key in _FRESHNESS and is_ > was:
            changes.append(Change(ChangeKind.DELAY_DATASET, name, _duration(is_ - was)))
        elif key not in (*_RETENTION, *_FRESHNESS):
            unread.append(_other(name, key, (value, unit), (now, unit_now)))
    return changes, unread


def _other(name: str, key: str, old: tuple[str, str], new: tuple[str, str]) -> str:
    return f"{name}: {key} changes from {' '.join(old).strip()} to {' '.join(new).strip()}"


def services_of(contract: Document, one: Document) -> dict[str, tuple[str, str]]:
    """Property, in lower case without blanks → value and unit, of all or of this object."""
    mine = text_of(one.get("name")), name_of(one)
    found = {}
    for item in mappings(contract.get("slaProperties")):
        elements = re.split(r"[,\s]+", text_of(item.get("element"))) if item.get("element") else []
        tables = {element.partition(".")[0] for element in elements}
        if not tables or tables & set(mine):
            key = text_of(item.get("property")).lower().replace(" ", "")
            found[key] = (text_of(item.get("value")), text_of(item.get("unit")))
    return found


def hours_of(value: str, unit: str) -> float | None:
    """A duration in hours; a time of the day in hours after midnight; None when it is neither."""
    if iso := re.fullmatch(r"P(\d+)([YWD])|PT(\d+)([HM])", value):
        number, letter = iso[1] or iso[3], iso[2] or iso[4]
        return float(number) * _HOURS[letter.lower()]
    if clock := re.fullmatch(r"(\d{1,2}):(\d{2})(?::\d{2})?\D*\S*", value):
        return int(clock[1]) + int(clock[2]) / 60
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)", value)
    if not found:
        return None
    known = _UNITS.get((found[2] or unit).lower())
    return float(found[1]) * _HOURS[known] if known else None


def _duration(hours: float) -> str:
    return f"{hours:g}h" if hours >= 1 else f"{round(hours * 60)}min"

"""What DataHub exports with its file sink: JSON of change events (MCE) or proposals (MCP).

Source: the metadata model of DataHub: ownership, globalTags, glossaryTerms, domains,
datasetProperties, groupMembership, corpGroupInfo.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ingest.declared.column_rows import rows_of
from ingest.declared.content import Content, Json, mapping, objects, text
from ingest.declared.people import Membership, Ownership
from ingest.declared.told import ToldDataset

Aspects = Mapping[str, Mapping[str, Json]]  # URN → aspect → its content
_DATASET = re.compile(r"urn:li:dataset:\(urn:li:dataPlatform:([^,]+),(.+),([^,]+)\)$")
_BUCKETS = {"s3": "s3", "gcs": "gs", "abs": "abfss"}
_GROUP, _USER = "urn:li:corpGroup:", "urn:li:corpuser:"
_CONSUMERS = frozenset({"CONSUMER", "STAKEHOLDER"})


def aspects(content: Content) -> Aspects | None:
    """The aspects of every entity in a file, the last of a kind wins; None when it is no export."""
    found: dict[str, dict[str, Json]] = {}
    for one in _events(content):
        snapshot = mapping(one.get("proposedSnapshot"))
        for body in map(mapping, snapshot.values()):
            for aspect in objects(body.get("aspects")):
                for name, said in aspect.items():
                    found.setdefault(text(body.get("urn")), {})[_short(name)] = mapping(said)
        if text(one.get("entityUrn")) and text(one.get("aspectName")):
            mine = found.setdefault(text(one["entityUrn"]), {})
            mine[text(one["aspectName"])] = _content(one.get("aspect"))
    return found or None


def datasets(found: Aspects) -> Iterator[ToldDataset]:
    """What is told of every dataset that was not removed."""
    for urn, said in found.items():
        name = _name(urn)
        if not name or said.get("status", {}).get("removed") is True:
            continue
        about = {**said.get("datasetProperties", {}), **said.get("editableDatasetProperties", {})}
        more = mapping(said.get("datasetProperties", {}).get("customProperties"))
        tags = [_last(one.get("tag")) for one in objects(said.get("globalTags", {}).get("tags"))]
        tags += [
            _last(one.get("urn")) for one in objects(said.get("glossaryTerms", {}).get("terms"))
        ]
        tier = next((tag for tag in tags if re.match(r"tier[ ._:-]*\d$", tag, re.I)), "")
        yield ToldDataset(
            name,
            text(about.get("description")),
            text(more.get("tier")) or tier,
            tuple(tag for tag in tags if tag != tier),
            text(more.get("hold")) or text(more.get("legal_hold")),
            text(more.get("keep_until")),
            text(more.get("support")),
        )


def owned(found: Aspects) -> Iterator[Ownership]:
    """Who owns each dataset: a group, else the group of the person, else the person."""
    for urn, said in found.items():
        name = _name(urn)
        owners = [
            text(one.get("owner"))
            for one in objects(said.get("ownership", {}).get("owners"))
            if text(one.get("type")).upper() not in _CONSUMERS
        ]
        owners.sort(key=lambda owner: not owner.startswith(_GROUP))
        if name and owners:
            team, contact = _team(found, owners[0])
            yield Ownership(name, team, _domain(found, said), contact)


def members(found: Aspects) -> Iterator[Membership]:
    """Which groups each person belongs to, by his name and his address."""
    for urn, said in found.items():
        if not urn.startswith(_USER):
            continue
        info = said.get("corpUserInfo", {}) | said.get("corpUserEditableInfo", {})
        logins = dict.fromkeys(filter(None, (urn.removeprefix(_USER), text(info.get("email")))))
        for group in _groups(said):
            for login in logins:
                yield Membership(login, _last(group))


def _events(content: Content) -> Sequence[Json]:
    value = content.value
    if isinstance(value, list):
        return objects(value)
    return [mapping(value)] if value is not None else list(rows_of(content.text))


def _content(aspect: object) -> Json:
    """The content of an aspect: as it is, under `json`, or as text under `value`."""
    said = mapping(aspect)
    if isinstance(said.get("value"), str):
        try:
            return mapping(msgspec.json.decode(str(said["value"])))
        except msgspec.DecodeError:
            return {}
    return mapping(said["json"]) if "json" in said else said


def _short(name: str) -> str:
    """`com.linkedin.pegasus2avro.common.GlobalTags` as proposals call it: `globalTags`."""
    last = name.rpartition(".")[2]
    return last[:1].lower() + last[1:]


def _name(urn: str) -> str:
    """The name of a dataset; empty for any other entity."""
    found = _DATASET.match(urn)
    if not found:
        return ""
    platform, name, _ = found.groups()
    if platform in _BUCKETS:
        bucket, _, path = name.partition("/")
        return f"{_BUCKETS[platform]}://{bucket}:{path}"
    return name


def _team(found: Aspects, owner: str) -> tuple[str, str]:
    """The team and how it is reached."""
    said = found.get(owner, {})
    if owner.startswith(_GROUP):
        info = said.get("corpGroupInfo", {}) | said.get("corpGroupEditableInfo", {})
        return _last(owner), text(info.get("slack")) or text(info.get("email"))
    email = text(said.get("corpUserInfo", {}).get("email"))
    group = next(iter(_groups(said)), "")
    return _last(group or owner), email or _last(owner)


def _groups(said: Mapping[str, Json]) -> Iterator[str]:
    for aspect, key in (("groupMembership", "groups"),
                        ("nativeGroupMembership", "nativeGroups")):  # fmt: skip
        listed = said.get(aspect, {}).get(key)
        yield from map(text, listed if isinstance(listed, list) else [])


def _domain(found: Aspects, said: Mapping[str, Json]) -> str:
    listed = said.get("domains", {}).get("domains")
    urn = text(listed[0]) if isinstance(listed, list) and listed else ""
    return text(found.get(urn, {}).get("domainProperties", {}).get("name")) or _last(urn)


def _last(urn: object) -> str:
    return text(urn).rpartition(":")[2]

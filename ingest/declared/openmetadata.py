"""What OpenMetadata exports: its entities as JSON, one, a list, or the answer of its API.

Source: the JSON Schemas of OpenMetadata: entity/data/table, topic and container, entity/teams.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingest.declared.column_rows import rows_of
from ingest.declared.content import Content, Json, mapping, objects, text
from ingest.declared.people import Membership, Ownership
from ingest.declared.told import ToldDataset
from lineage.names import parts

# Keys that only entities with data have.
_DATA = ("columns", "messageSchema", "dataModel", "partitions", "tableType")
_TIER = "Tier."


def entities(content: Content) -> list[Json] | None:
    """The entities in a file; None when it is no such export."""
    value = content.value
    inner = mapping(value).get("data", value)
    if value is None:
        found = list(rows_of(content.text))
    else:
        found = objects(inner) if isinstance(inner, list) else [mapping(inner)]
    known = [one for one in found if _is_data(one) or _is_team(one) or _is_user(one)]
    return known or None


def datasets(found: Sequence[Json]) -> Iterator[ToldDataset]:
    """What is told of every table, topic and container."""
    for one in found:
        if not _is_data(one) or one.get("deleted") is True:
            continue
        tags = [text(tag.get("tagFQN")) for tag in objects(one.get("tags"))]
        more = mapping(one.get("extension"))
        yield ToldDataset(
            _name(one),
            re.sub(r"<[^>]+>", "", text(one.get("description"))),
            next((tag.removeprefix(_TIER) for tag in tags if tag.startswith(_TIER)), ""),
            tuple(tag for tag in tags if tag and not tag.startswith(_TIER)),
            text(more.get("hold")) or text(more.get("legalHold")),
            text(more.get("keepUntil")) or text(more.get("keep_until")),
            text(more.get("support")) or text(more.get("supportLevel")),
        )


def owned(found: Sequence[Json]) -> Iterator[Ownership]:
    """Who owns each: a team, else the team of the person, else the person."""
    team_of = {text(row.principal): row.team for row in members(found)}
    for one in found:
        owners = objects(one.get("owners")) or [mapping(one.get("owner"))]
        owners.sort(key=lambda owner: text(owner.get("type")) != "team")
        name = text(owners[0].get("name")) if owners else ""
        if not (_is_data(one) and name):
            continue
        person = text(owners[0].get("type")) == "user"
        places = objects(one.get("domains")) or [mapping(one.get("domain"))]
        place = text(places[0].get("name")) or text(places[0].get("fullyQualifiedName"))
        contact = name if person else _contact(found, name)
        yield Ownership(_name(one), team_of.get(name, name) if person else name, place, contact)


def members(found: Sequence[Json]) -> Iterator[Membership]:
    """Who belongs to which team, told by the team or by the person."""
    for one in found:
        if _is_team(one):
            for user in objects(one.get("users")):
                yield Membership(text(user.get("name")), text(one.get("name")))
        elif _is_user(one):
            logins = dict.fromkeys(filter(None, (text(one.get("name")), text(one.get("email")))))
            for team in objects(one.get("teams")):
                yield from (Membership(login, text(team.get("name"))) for login in logins)


def _is_data(one: Json) -> bool:
    return bool(text(one.get("fullyQualifiedName"))) and any(key in one for key in _DATA)


def _is_team(one: Json) -> bool:
    return "teamType" in one and bool(text(one.get("name")))


def _is_user(one: Json) -> bool:
    return "teams" in one and "email" in one and bool(text(one.get("name")))


def _name(one: Json) -> str:
    """The name within its service, which is the first part of the full one."""
    levels = parts(text(one.get("fullyQualifiedName")))
    return ".".join(f'"{level}"' if "." in level else level for level in levels[1:])


def _contact(found: Sequence[Json], team: str) -> str:
    emails = (text(one.get("email")) for one in found if _is_team(one) and one["name"] == team)
    return next(filter(None, emails), "")

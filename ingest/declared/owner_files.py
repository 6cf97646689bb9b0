"""Owners and members in the files where they are kept already, told by content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.declared import datahub, openmetadata
from ingest.declared.content import Content, Json, mapping, objects, text
from ingest.declared.dataset_entries import told_of
from ingest.declared.dbt import is_manifest, manifest_owners, model_files
from ingest.declared.people import Membership, Ownership, member_rows, owner_rows
from lineage.errors import UnreadableInput

_CODEOWNERS = re.compile(
    r"(?P<path>\S+)(?P<owners>(?:\s+(?:@[\w./-]+|[\w.+-]+@[\w.-]+))+)\s*(?:#.*)?$"
)
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?")  # GitLab
_USER = ("username", "user_name", "uid", "samaccountname", "userprincipalname", "mail", "email",
         "login", "principal", "user")  # fmt: skip
_GROUPS = ("groups", "memberof", "group", "teams", "team")
_COMMON_NAME = re.compile(r"^\s*cn=((?:[^,\\]|\\.)+)", re.IGNORECASE)
_LISTS = ("datasets", "tables", "patterns", "owns")
_PEOPLE = ("members", "people", "users", "principals", "logins")


def read_owner_files(paths: Iterable[str]) -> tuple[list[Ownership], list[str]]:
    """Who owns what, by all these files; what an earlier one says goes before.

    A table `dataset,team,domain,contact`; YAML or JSON of teams (`finance: [mart.*]`, or `finance:
    {datasets, members, domain, contact}`, also under `teams`); a dbt manifest.json (`meta.owner`,
    groups); CODEOWNERS, whose paths mean the models of a manifest that is given too; the exports of
    DataHub and OpenMetadata.

    Raises:
        UnreadableInput: a file cannot be read, or is none of these.
    """
    contents = [Content(Path(path)) for path in paths]
    files = {
        relation: file
        for content in contents
        if is_manifest(content.value)
        for relation, file in model_files(content.value).items()
    }
    rows: list[Ownership] = []
    problems: list[str] = []
    for content in contents:
        found, wrong = _owners(content, files)
        rows += found
        problems += wrong
    return rows, problems


def read_member_files(paths: Iterable[str]) -> tuple[list[Membership], list[str]]:
    """Who belongs to which team, by all these files.

    A table `principal,team`; what a directory exports (SCIM, LDAP: `userName,groups`, `memberOf`);
    YAML or JSON of teams (`finance: [ana, bo]`, or `finance: {members}`, also under `teams`); the
    exports of DataHub and OpenMetadata.

    Raises:
        UnreadableInput: a file cannot be read, or is none of these.
    """
    rows: list[Membership] = []
    problems: list[str] = []
    for path in paths:
        found, wrong = _members(Content(Path(path)))
        rows += found
        problems += wrong
    return rows, problems


def _owners(content: Content, files: dict[str, str]) -> tuple[list[Ownership], list[str]]:
    if is_manifest(content.value):
        return list(manifest_owners(content.value)), []
    if (aspects := datahub.aspects(content)) is not None:
        return list(datahub.owned(aspects)), []
    if (entities := openmetadata.entities(content)) is not None:
        return list(openmetadata.owned(entities)), []
    teams = _teams(content.value)
    if teams is not None:
        return list(_owned(teams)), []
    if content.value is None and _is_codeowners(content.text):
        return _codeowners(content, files)
    return owner_rows(content, described=any(told_of(content)))


def _members(content: Content) -> tuple[list[Membership], list[str]]:
    if (aspects := datahub.aspects(content)) is not None:
        return list(datahub.members(aspects)), []
    if (entities := openmetadata.entities(content)) is not None:
        return list(openmetadata.members(entities)), []
    directory = list(_directory(content))
    if directory:
        return directory, []
    teams = _teams(content.value)
    if teams is not None:
        return [Membership(one, team) for team, said in teams for one in _named(said, _PEOPLE)], []
    return member_rows(content)


def _teams(value: object) -> list[tuple[str, object]] | None:
    """The teams of an object by name, and what is said of each; None when it is not of teams."""
    found = mapping(value)
    inner = found.get("teams", found)
    if isinstance(inner, list):
        listed = objects(inner)
        return [(text(one.get("name") or one.get("team")), one) for one in listed]
    teams = {name: said for name, said in mapping(inner).items() if name != "version"}
    lists = all(isinstance(said, list | dict) for said in teams.values())
    rows = any(objects(said) for said in teams.values() if isinstance(said, list))
    return list(teams.items()) if teams and lists and not rows else None


def _named(said: object, keys: tuple[str, ...]) -> list[str]:
    """The names that a team lists: by itself, or under one of the keys."""
    if isinstance(said, dict):
        said = [one for key in keys if isinstance(said.get(key), list) for one in said[key]]
    return [name for one in said if (name := text(one))] if isinstance(said, list) else []


def _owned(teams: Iterable[tuple[str, object]]) -> Iterator[Ownership]:
    for team, said in teams:
        about = mapping(said)
        contact = next((text(about[key]) for key in ("contact", "email", "slack", "channel")
                        if key in about), "")  # fmt: skip
        for dataset in _named(said, _LISTS):
            yield Ownership(dataset, team, text(about.get("domain")), contact)


def _directory(content: Content) -> Iterator[Membership]:
    """The members that a directory lists; nothing when the file is no such list."""
    listed = mapping(content.value).get("Resources", content.value)
    if content.value is not None:
        for one in objects(listed) if isinstance(listed, list) else []:
            yield from _person({key.lower(): value for key, value in one.items()})
        return
    head = content.text.partition("\n")[0].lower()
    if any(group in head for group in ("groups", "memberof")):
        fields = {"user": _USER, "groups": _GROUPS}
        for _, row in content.rows(fields, ("user", "groups")):
            if not isinstance(row, str):
                yield from _person({"username": row[0], "groups": row[1]})


def _person(entry: Json) -> Iterator[Membership]:
    names = [text(entry.get(key)) for key in _USER]
    emails = [text(one.get("value")) for one in objects(entry.get("emails"))]
    groups = next((entry[key] for key in _GROUPS[:2] if entry.get(key)), None)
    for name in dict.fromkeys(filter(None, (*names, *emails))):
        for group in _groups(groups):
            yield Membership(name, group)


def _groups(said: object) -> list[str]:
    if isinstance(said, str):
        said = re.split(r"[;|\n]", said) if "=" in said else re.split(r"[;|,\n]", said)
    found = []
    for one in said if isinstance(said, list) else []:
        name = text(one.get("display") or one.get("value")) if isinstance(one, dict) else text(one)
        common = _COMMON_NAME.match(name)
        found.append((common.group(1).replace("\\", "") if common else name).strip())
    return [name for name in found if name]


def _is_codeowners(said: str) -> bool:
    lines = [line.strip() for line in said.splitlines()]
    lines = [line for line in lines if line and line[0] != "#" and not _SECTION.match(line)]
    return (
        bool(lines)
        and all(_CODEOWNERS.match(line) or " " not in line for line in lines)
        and any(_CODEOWNERS.match(line) for line in lines)
    )


def _codeowners(content: Content, files: dict[str, str]) -> tuple[list[Ownership], list[str]]:
    """The owner of each model by the last line that matches its file."""
    lines = [
        found for line in content.text.splitlines() if (found := _CODEOWNERS.match(line.strip()))
    ]
    if not files:
        raise UnreadableInput(
            f"{content.path} names the owners of files: give the manifest.json of the dbt project "
            "as well, as another --owners, so that files can be told to be tables"
        )
    roots = {file.partition("/")[0] for file in files.values()}
    rules = [
        (_path_pattern(one.group("path"), roots), one.group("owners").split()[0]) for one in lines
    ]
    rows = []
    for relation, file in files.items():
        owner = next((owner for path, owner in reversed(rules) if path.match(f"/{file}")), "")
        if owner:
            team = owner.lstrip("@").rpartition("/")[2] if owner[0] == "@" else owner
            rows.append(Ownership(relation, team, "", owner))
    return rows, []


def _path_pattern(glob: str, roots: set[str]) -> re.Pattern[str]:
    """The expression of a pattern as gitignore means it, over paths that begin with a slash.

    roots: the folders of the project, which may itself lie in a folder of the repository.
    """
    anchored = "/" in glob.rstrip("/")
    folders = glob.strip("/").split("/")
    inside = next((i for i, folder in enumerate(folders) if folder in roots), 0)
    body = ""
    for part in re.split(r"(\*\*/|/\*\*|\*|\?)", "/".join(folders[inside:])):
        meant = {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
        body += meant.get(part, re.escape(part))
    # `docs/*` means the files in a folder, not those of folders below it.
    end = "$" if glob.endswith("/*") else "(?:/.*)?$"
    return re.compile(("^/" if anchored else "^/(?:.*/)?") + body + end)

"""Who owns what, in the files that `--owners` reads: YAML of teams, CSV, CODEOWNERS."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import yaml

from ingest.declared.content import Content
from ingest.declared.dbt import is_manifest, model_files
from ingest.declared.people import OwnerBook, Ownership
from lineage.analyses.stewardship.owners import Owners
from lineage.errors import UnreadableInput
from lineage.names import DatasetId, dataset

_HEADINGS = ("dataset", "team", "domain", "contact")
_CODEOWNERS = "CODEOWNERS"


def exported(answer: Owners, target: Path, manifest: str | None = None) -> str:
    """The text of the file, its form told by its name.

    manifest: a dbt manifest.json, which says what file makes what; CODEOWNERS need it.

    Raises:
        UnreadableInput: the name tells no form; CODEOWNERS without a manifest.
    """
    suffix = target.suffix.lower()
    if suffix in (".yml", ".yaml"):
        return _yaml(answer)
    if suffix == ".csv":
        return _csv(answer)
    if target.name == _CODEOWNERS:
        if manifest is None:
            raise UnreadableInput(
                f"{target} names files: say --dbt MANIFEST, so that tables can be told to be files"
            )
        return _codeowners(answer, Path(manifest))
    raise UnreadableInput(f"{target}: write to a name that ends in .yml, .csv or CODEOWNERS")


def _yaml(answer: Owners) -> str:
    teams = {
        one.team: {
            "datasets": list(one.datasets),
            **({"domain": one.domain} if one.domain else {}),
            **({"contact": one.contact} if one.contact else {}),
        }
        for one in answer.owners
        if one.datasets
    }
    return yaml.safe_dump({"teams": teams}, sort_keys=False, allow_unicode=True, width=1000)


def _csv(answer: Owners) -> str:
    """A cell is as it is, since it is read again: no mark stands before what a formula may be."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEADINGS)
    for one in answer.owners:
        writer.writerows((name, one.team, one.domain or "", one.contact) for name in one.datasets)
    return out.getvalue()


def _codeowners(answer: Owners, manifest: Path) -> str:
    """A line for each file of the project whose table somebody owns."""
    value = Content(manifest).value
    if not is_manifest(value):
        raise UnreadableInput(f"{manifest} is no dbt manifest.json")
    files = model_files(value)
    contacts = {one.team: _mention(one.team, one.contact) for one in answer.owners}
    lines = {}
    book = OwnerBook(tuple(Ownership(relation, file) for relation, file in files.items()))
    for one in answer.owners:
        for name in one.datasets:
            found = book.owner_of(_parsed(name))
            if found is not None and found.team:
                lines[found.team] = contacts[one.team]
    return "".join(f"/{file}  {owner}\n" for file, owner in sorted(lines.items()))


def _mention(team: str, contact: str) -> str:
    """How a line names an owner: a handle or an address, else the team as a handle."""
    if contact.startswith("@") or ("@" in contact and " " not in contact):
        return contact
    return f"@{team.replace(' ', '-')}"


def _parsed(name: str) -> DatasetId:
    namespace, _, rest = name.rpartition(":")
    return dataset(namespace, rest)

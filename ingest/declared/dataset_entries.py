"""What is said of datasets beside their owners: description, tier, tags, holds, support.

Read from the files that name owners: a table, a dbt manifest, the exports of a catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.declared import datahub, openmetadata
from ingest.declared.content import Content, Json, mapping, text
from ingest.declared.dbt import is_manifest, meta_of, relations
from ingest.declared.links import SOMEWHERE
from ingest.declared.people import Patterns
from ingest.declared.told import DatasetEntry, ToldDataset
from ingest.files.tables import Fields
from lineage.calendar import day_of, iso_day
from lineage.errors import InvalidName, UnreadableInput
from lineage.names import DatasetId, clean, parts

FACTS = ("description", "tier", "tags", "hold", "keep_until", "support")
_TABLE: Fields = {
    "dataset": ("dataset", "pattern", "table", "name"),
    "description": ("description", "comment"),
    "tier": ("tier", "criticality"),
    "tags": ("tags", "labels"),
    "hold": ("hold", "legal_hold"),
    "keep_until": ("keep_until", "retain_until"),
    "support": ("support", "support_level"),
}
_LEVELS = ("unaware", "informed", "declined", "best-effort", "supported", "guaranteed")
_YES = frozenset({"true", "yes", "y", "1", "x", "legal", "hold"})
_TIER = re.compile(r"(?:tier)?[ ._:-]*(?:tier)?[ _-]*(\d|critical|high|medium|low)", re.IGNORECASE)


class DatasetBook:
    """What is said of which dataset; of several rows the most specific."""

    def __init__(self, rows: Iterable[DatasetEntry]) -> None:
        self._patterns = Patterns((row.dataset, row) for row in rows)

    def facts_of(self, dataset: DatasetId) -> dict[str, str]:
        """Fact → value, empty where nothing is said."""
        name = parts(dataset.name)
        ends = (".".join(name[start:]) for start in range(1, len(name)))
        row = self._patterns.find((str(dataset), dataset.name, *ends))
        return {fact: getattr(row, fact) if row else "" for fact in FACTS}


def read_dataset_files(paths: Iterable[str]) -> tuple[list[DatasetEntry], list[str]]:
    """What these files say of datasets, and what is wrong; what an earlier one says goes before.

    Raises:
        UnreadableInput: a file cannot be read.
    """
    rows: list[DatasetEntry] = []
    problems: list[str] = []
    for path in paths:
        content = Content(Path(path))
        for told in told_of(content):
            row, wrong = _checked(told)
            problems += [f"{path}: {told.dataset}: {one}" for one in wrong]
            rows += [row] if any(getattr(row, fact) for fact in FACTS) else []
    return rows, problems


def told_of(content: Content) -> Iterator[ToldDataset]:
    """What a file tells of datasets; nothing when it tells nothing but owners."""
    if is_manifest(content.value):
        yield from _of_manifest(content.value)
    elif (found := datahub.aspects(content)) is not None:
        yield from datahub.datasets(found)
    elif (entities := openmetadata.entities(content)) is not None:
        yield from openmetadata.datasets(entities)
    elif content.value is None or isinstance(content.value, list):
        yield from _of_table(content)


def _of_table(content: Content) -> Iterator[ToldDataset]:
    try:
        for _, row in content.rows(_TABLE, ("dataset",), ("owners", "datasets", "rows")):
            if not isinstance(row, str) and any(row[1:]):
                name, description, tier, tags, hold, keep_until, support = row
                yield ToldDataset(name, description, tier, tuple(re.split(r"[;,|]", tags)), hold,
                                  keep_until, support)  # fmt: skip
    except UnreadableInput:
        return  # a file of owners in another form


def _of_manifest(value: object) -> Iterator[ToldDataset]:
    found, known = mapping(value), relations(value)
    for id_, node in {**mapping(found.get("nodes")), **mapping(found.get("sources"))}.items():
        if id_ not in known:
            continue
        about, meta = mapping(node), meta_of(mapping(node))
        tags = about.get("tags")
        yield ToldDataset(
            known[id_].partition(f"{SOMEWHERE}:")[2],
            text(about.get("description")),
            _first(meta, "tier", "criticality"),
            tuple(map(text, tags)) if isinstance(tags, list) else (),
            _first(meta, "hold", "legal_hold"),
            _first(meta, "keep_until", "retain_until"),
            _first(meta, "support", "support_level"),
        )


def _first(meta: Json, *keys: str) -> str:
    found = next((meta[key] for key in keys if key in meta), "")
    return str(found).lower() if isinstance(found, bool) else text(found)


def _checked(told: ToldDataset) -> tuple[DatasetEntry, list[str]]:
    """The row with each value as the graph has it, and a sentence for each that is none."""
    wrong = []
    support = told.support.strip().lower().replace("_", "-").replace(" ", "-")
    if support and support not in _LEVELS:
        wrong.append(f"support {told.support!r} is none of {', '.join(_LEVELS)}")
        support = ""
    keep_until = ""
    if told.keep_until:
        try:
            keep_until = iso_day(day_of(told.keep_until))
        except InvalidName as error:
            wrong.append(str(error))
    tier = _TIER.fullmatch(told.tier.strip())
    row = DatasetEntry(
        told.dataset,
        clean(told.description),
        tier[1].lower() if tier else clean(told.tier).lower(),
        ", ".join(sorted(filter(None, map(clean, told.tags)))),
        "true" if told.hold.strip().lower() in _YES else "",
        keep_until,
        support,
    )
    return row, wrong

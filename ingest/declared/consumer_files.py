"""What consumers are called: a file that people keep, or what a tool exports of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from ingest.declared.content import Content, Json, mapping, objects, text
from ingest.declared.dbt import exposures, is_manifest
from ingest.declared.people import ConsumerEntry, consumer_rows

_LISTS = ("result", "results", "data", "value", "workbooks", "workbook", "dashboards", "reports")


def read_consumer_files(paths: Iterable[str]) -> tuple[list[ConsumerEntry], list[str]]:
    """The consumers that all these files name; what an earlier one says goes before.

    A table `id,title,url,owner,team,tier`; the JSON that the APIs of Metabase, Superset, Redash,
    Tableau, Grafana and Power BI answer with; the exposures of a dbt manifest.json.

    Raises:
        UnreadableInput: a file cannot be read, or is none of these.
    """
    entries: list[ConsumerEntry] = []
    problems: list[str] = []
    for path in paths:
        content = Content(Path(path))
        found = list(exposures(content.value)) if is_manifest(content.value) else _exported(content)
        if found:
            entries += found
        else:
            rows, wrong = consumer_rows(content)
            entries += rows
            problems += wrong
    return entries, problems


def _exported(content: Content) -> list[ConsumerEntry]:
    """The entries of a tool's own export; none when it is no such export."""
    made = (_entry(one) for one in _listed(content.value))
    return [entry for entry in made if entry is not None]


def _listed(value: object, depth: int = 3) -> list[Json]:
    found = mapping(value)
    for key in _LISTS if depth else ():
        if isinstance(found.get(key), dict | list):
            return _listed(found[key], depth - 1)
    return objects(value) if isinstance(value, list) else []


def _entry(one: Json) -> ConsumerEntry | None:
    return next((make(one) for marks, make in _KINDS if all(mark in one for mark in marks)), None)


def _person(one: Json, *keys: str) -> str:
    said = next((one[key] for key in keys if one.get(key)), None)
    if isinstance(said, list):
        said = said[0] if said else None
    about = mapping(said)
    for key in ("email", "name", "common_name", "username"):
        if text(about.get(key)):
            return text(about[key])
    return text(said)


def _of(
    consumer: str, title: str, url: str, kind: str, *owner: str
) -> Callable[[Json], ConsumerEntry]:
    """A maker of entries: `{key}` in the consumer's id stands for a value of the object."""
    before, _, rest = consumer.partition("{")
    key = rest.rstrip("}")

    def make(one: Json) -> ConsumerEntry:
        return ConsumerEntry(f"{before}{text(one.get(key))}", text(one.get(title)),
                             text(one.get(url)), _person(one, *owner), "", None, kind)  # fmt: skip

    return make


# The keys that only this kind of object has together → how it is read; the first that fits.
_KINDS: tuple[tuple[tuple[str, ...], Callable[[Json], ConsumerEntry]], ...] = (
    (("dashboard_title", "id"), _of("superset:dashboard/{id}", "dashboard_title", "url",
                                    "dashboard", "owners", "changed_by")),
    (("slice_name", "id"), _of("superset:chart/{id}", "slice_name", "url", "card", "owners")),
    (("dataset_query", "id", "name"), _of("metabase:card/{id}", "name", "", "card", "creator")),
    (("collection_id", "creator_id", "id", "name"), _of("metabase:dashboard/{id}", "name", "",
                                                        "dashboard", "creator")),
    (("query_hash", "id", "name"), _of("redash:query/{id}", "name", "", "query", "user")),
    (("webpageUrl", "id", "name"), _of("tableau:workbook/{id}", "name", "webpageUrl", "workbook",
                                       "owner")),
    (("luid", "name"), _of("tableau:workbook/{luid}", "name", "", "workbook",
                           "owner")),
    (("uid", "title", "type"), _of("grafana:dashboard/{uid}", "title", "url", "dashboard")),
    (("webUrl", "datasetId", "id"), _of("powerbi:report/{id}", "name", "webUrl", "report",
                                        "createdBy", "modifiedBy")),
)  # fmt: skip

"""What facets say, as rows of text: the facts, owners, tags, columns and checks of an entity.

What is not read here is left alone: it is kept with its event, and shown, not interpreted.
Source: the facet schemas of OpenLineage spec 2-0-2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec

from ingest.openlineage.events import Json, items, mapping, text
from lineage.names import clean

# Of a fact: its name, its value and, when it is a column's, the column. Of an owner: name and kind.
# Of a field of a schema: path, type, description and place.
Row = tuple[str, ...]
Rows = tuple[Row, ...]
Reader = Callable[[Json], Rows]

OWNERSHIP = "ownership"
SCHEMA = "schema"
TAGS = "tags"
_LONGEST = 4_000  # characters of a description
_OWNER_KINDS = frozenset({"team", "group", "user", "application"})
_CREDENTIALS = re.compile(
    r"(?<=//)[^/@\s]+@|[?&;][^=?&;]*(?:user|pass|pwd|token|secret|sig|key|credential)[^=?&;]*=[^&;]*",
    re.IGNORECASE,
)
_A_LETTER = re.compile(r"\w")


def told(facets: Json, readers: Mapping[str, Reader]) -> Iterator[tuple[str, Rows | None]]:
    """What each facet with a reader says: its rows, or None where it is deleted.

    A facet that says nothing (a schema without fields, a broken body) is passed over: only owners
    and tags can be said to be none.
    """
    for name in readers.keys() & facets.keys():
        facet = facets[name]
        if not isinstance(facet, dict):
            continue
        if facet.get("_deleted") is True:
            yield name, None
            continue
        rows = readers[name](facet)
        if rows or isinstance(facet.get(_LISTS.get(name, "")), list):
            yield name, rows


_LISTS = {OWNERSHIP: "owners", TAGS: "tags"}


def _facts(**fields: str) -> Reader:
    """Reads facts: each the text in the field of that name; lower-cased when it begins with `.`."""

    def read(facet: Json) -> Rows:
        found = []
        for fact, field in fields.items():
            value = _scalar(facet.get(field.lstrip(".")))
            if value:
                found.append((fact, value.lower() if field[0] == "." else value))
        return tuple(found)

    return read


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return value.strip()[:_LONGEST]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _counts(**fields: str) -> Reader:
    """Reads facts that are counts: each the number in the field of that name."""

    def read(facet: Json) -> Rows:
        counts = ((fact, number(facet.get(field))) for fact, field in fields.items())
        return tuple((fact, str(count)) for fact, count in counts if count is not None)

    return read


def _url(**fields: str) -> Reader:
    """Reads facts as `_facts`, without the credentials that an address may hold."""
    plain = _facts(**fields)
    return lambda facet: tuple((name, _CREDENTIALS.sub("", value)) for name, value in plain(facet))


def _owners(facet: Json) -> Rows:
    """Names and kinds of owners; a name that was redacted, or is not there, owns nothing."""
    found: dict[Row, None] = {}
    for owner in items(facet.get("owners")):
        said = clean(text(owner.get("name")))
        kind, colon, rest = said.partition(":")
        known = bool(colon) and kind.strip().lower() in _OWNER_KINDS
        name = rest.strip() if known else said
        if _A_LETTER.search(name):
            found[name, kind.strip().lower() if known else ""] = None
    return tuple(found)


def _tags(facet: Json) -> Rows:
    """(tag, its value, column): older producers list bare names."""
    tags = facet.get("tags")
    bare = ({"key": tag} for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()
    found = {
        (
            clean(text(tag.get("key"))),
            clean(_scalar(tag.get("value"))),
            clean(text(tag.get("field"))),
        )
        for tag in (*items(tags), *bare)
    }
    return tuple(sorted(tag for tag in found if tag[0]))


def _schema(facet: Json) -> Rows:
    return tuple(_fields(items(facet.get("fields")), ""))


def _fields(fields: list[Json], prefix: str) -> Iterator[Row]:
    for place, field in enumerate(fields):
        name = clean(text(field.get("name")))
        if name:
            type_, about = text(field.get("type")), text(field.get("description"))
            yield prefix + name, type_, about[:_LONGEST], "" if prefix else str(place)
            nested = items(field.get("fields"))
            if nested:
                yield from _fields(nested, f"{prefix}{name}.")


def _metrics(facet: Json) -> Rows:
    """Counts of the dataset and its columns; not what the values are."""
    found = list(_counts(rows="rowCount", bytes="bytes", files="fileCount")(facet))
    for column, metrics in mapping(facet.get("columnMetrics")).items():
        counts = _counts(nulls="nullCount", distinct="distinctCount")(mapping(metrics))
        found += [(*row, clean(column)) for row in counts if clean(column)]
    return tuple(found)


def _engine(facet: Json) -> Rows:
    name, version = clean(text(facet.get("name"))), clean(text(facet.get("version")))
    return (("engine", f"{name} {version}".strip()),) if name else ()


def _origin(facet: Json) -> Rows:
    return _facts(platform=".sourceType", platform_name="name")(mapping(facet.get("origin")))


# The facets that hold until the same producer says something else.
OF_DATASET: Mapping[str, Reader] = {
    SCHEMA: _schema,
    OWNERSHIP: _owners,
    TAGS: _tags,
    "documentation": _facts(description="description"),
    "dataSource": _url(source="name", source_uri="uri"),
    "datasetType": _facts(kind=".datasetType", subkind=".subType"),
    "storage": _facts(storage="storageLayer", file_format="fileFormat"),
    "catalog": _facts(catalog="name", catalog_type=".type", framework=".framework"),
    "version": _facts(version="datasetVersion"),
    "lifecycleStateChange": _facts(lifecycle=".lifecycleStateChange"),
    "dataQualityMetrics": _metrics,
    "dataQuality": _metrics,  # its name before 1.0
    "outputStatistics": _counts(rows_written="rowCount", bytes_written="size"),
}
OF_JOB: Mapping[str, Reader] = {
    OWNERSHIP: _owners,
    TAGS: _tags,
    "documentation": _facts(description="description"),
    "jobType": _facts(kind=".jobType", integration=".integration", processing=".processingType"),
    "sourceCodeLocation": _url(
        url="url", repository="repoUrl", path="path", source_version="version", branch="branch"
    ),
    "sourceCode": _facts(language=".language"),
    "gcp_lineage": _origin,
}
# Of a run, and true of its job until the next one.
OF_RUN: Mapping[str, Reader] = {"processing_engine": _engine}


class DatasetSays(msgspec.Struct, frozen=True):
    """What the facets of a dataset say, whoever says it and when.

    facets: what each says; None where it is deleted. assertions: (check, column, passed). columns:
    all that any of them names.
    """

    facets: tuple[tuple[str, Rows | None], ...]
    assertions: tuple[tuple[str, str, bool], ...]
    columns: tuple[str, ...]


_SMALL = 16 * 1024  # bytes of facets that are remembered


def dataset_says(facets: Json) -> DatasetSays:
    """What the facets of a dataset say; events of one producer repeat them again and again."""
    encoded = msgspec.json.encode(facets)
    return _remembered(encoded) if len(encoded) <= _SMALL else _says(encoded)


def _says(encoded: bytes) -> DatasetSays:
    facets = mapping(msgspec.json.decode(encoded))
    found = tuple(told(facets, OF_DATASET))
    results = _assertions(facets)
    named = [column for facet, rows in found for column in _columns_of(facet, rows or ())]
    named += [column for _, column, _ in results if column]
    return DatasetSays(found, results, tuple(dict.fromkeys(named)))


_remembered = lru_cache(maxsize=512)(_says)


def _columns_of(facet: str, rows: Rows) -> list[str]:
    """The columns that the rows of a dataset's facet are about."""
    if facet == SCHEMA:
        return [row[0] for row in rows]
    place = 2  # of a tag and of a fact
    return [row[place] for row in rows if len(row) > place and row[place]]


def _assertions(facets: Json) -> tuple[tuple[str, str, bool], ...]:
    found = []
    for one in items(mapping(facets.get("dataQualityAssertions")).get("assertions")):
        name = clean(text(one.get("assertion"))) or clean(text(one.get("name")))
        success = str(one.get("success")).lower()
        if name and success in ("true", "false"):
            found.append((name, clean(text(one.get("column"))), success == "true"))
    return tuple(found)


def test_results(facets: Json) -> Sequence[tuple[str, str, bool]]:
    """(check, column, passed) of each test that a run executed; skipped ones say nothing."""
    found = []
    for one in items(mapping(facets.get("test")).get("tests")):
        name, status = clean(text(one.get("name"))), text(one.get("status")).lower()
        if name and status in ("pass", "fail"):
            column = clean(text(mapping(one.get("params")).get("column")))
            found.append((name, column, status == "pass"))
    return found


def trouble(facets: Json) -> str:
    """Why the lineage of a run is known to be incomplete, in words; empty when it is not."""
    failed = facets.get("extractionError")
    if isinstance(failed, dict):
        errors = items(failed.get("errors"))
        task = clean(text(errors[0].get("task")))[:200] if errors else ""
        return f"the producer failed to extract lineage{f' of {task}' if task else ''}"
    unknown = items(mapping(facets.get("unknownSourceAttribute")).get("unknownItems"))
    names = sorted({clean(text(item.get("name"))) for item in unknown} - {""})
    return f"the producer has no extractor for {', '.join(names)[:200]}" if names else ""


def number(value: object) -> int | None:
    """The value if it is a count, also when it is written as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return int(value) if 0 <= value < 2**63 else None
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 19 else None

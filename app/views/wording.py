"""Names, counts and dates as people read them. Text in, text out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal

from app.canvas import Kind
from lineage.analyses.listening.coverage import Coverage, Window
from lineage.analyses.wording import listed, quantity
from lineage.names import ConsumerId, DatasetId, JobId, ProcessId, parts

PLATFORMS: Final = {
    "abfss": "azure storage",
    "awsathena": "athena",
    "gs": "cloud storage",
    "s3a": "s3",
    "s3n": "s3",
    "wasbs": "azure storage",
}
_FILES: Final = frozenset({"s3", "cloud storage", "azure storage", "hdfs", "file", "dbfs"})
_TOPICS: Final = frozenset({"kafka", "eventhub", "kinesis", "pubsub"})
_VIEWS: Final = frozenset({"view", "materialized_view", "materialized view"})
_CONSUMERS: Final[dict[str, Kind]] = {
    "dashboard": "dashboard",
    "look": "card",
    "card": "card",
    "question": "card",
    "query": "card",
    "report": "card",
    "workbook": "workbook",
    "notebook": "notebook",
    "application": "application",
    "app": "application",
    "service": "application",
    "job": "application",
    "bi": "application",
    "system": "application",
}
_TALL: Final = 16  # rows
_ROLES: Final = {
    "IDENTITY": "output",
    "TRANSFORMATION": "computed",
    "AGGREGATION": "aggregated",
}
_NAMESPACE = re.compile(r"(?:[a-z0-9+.-]+://[^:]*(?::\d+)?|[^:]*):(?=.)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?:(?=/)|www(?=\.)|\w(?=@)", re.IGNORECASE)  # as Markdown links it
_WORD_JOINER: Final = "\u2060"
_SPECIAL = re.compile(r"([\\`*_\[\]()#+!|<>$~:{}-])")


def escaped(text: str) -> str:
    """Text that Markdown shows as it is: a name from a log is never markup, nor a link.

    What looks like an address is kept from becoming a link by a character that cannot be seen.
    """
    plain = _ADDRESS.sub(rf"\g<0>{_WORD_JOINER}", " ".join(text.split()))
    return _SPECIAL.sub(r"\\\1", plain)


def first_names(names: Sequence[str], limit: int = 5) -> str:
    """The first names in words, and how many more there are: `A, B and 3 more`."""
    shown, more = list(names[:limit]), len(names) - limit
    return listed([*shown, f"{more:,} more"] if more > 0 else shown)


def more_than(total: int, shown: int, where: str) -> str:
    """A sentence about what a table leaves out; empty when it leaves out nothing."""
    return f" Shown are {shown:,} of {total:,}; {where}." if total > shown else ""


def platform(namespace: str) -> str:
    """The platform of a namespace: `snowflake` of `snowflake://org-account`."""
    scheme = namespace.partition("://")[0].lower()
    return PLATFORMS.get(scheme, scheme)


def _path(dataset: DatasetId) -> tuple[str, ...]:
    if platform(dataset.namespace) in _FILES:
        return tuple(part for part in dataset.name.split("/") if part) or (dataset.name,)
    if platform(dataset.namespace) in _TOPICS:
        return (dataset.name,)
    return parts(dataset.name) or (dataset.name,)


def short_name(dataset: DatasetId) -> str:
    """The last part of a dataset's name; all of it for a topic, whose dots are no levels."""
    return _path(dataset)[-1]


def place(dataset: DatasetId) -> str:
    """Where a dataset is: `snowflake · ANALYTICS.MART`."""
    above = _path(dataset)[:-1]
    between = "/" if platform(dataset.namespace) in _FILES else "."
    return " · ".join(filter(None, [platform(dataset.namespace), between.join(above)]))


def dataset_kind(dataset: DatasetId, told: str) -> Kind:
    """The kind of a dataset: what was told, else what its platform holds."""
    if told.lower() in _VIEWS:
        return "view"
    if told.lower() in ("topic", "file"):
        return "topic" if told.lower() == "topic" else "file"
    where = platform(dataset.namespace)
    return "file" if where in _FILES else "topic" if where in _TOPICS else "table"


def process_kind(process: ProcessId, told: str) -> Kind:
    """The kind of a job or a consumer; who is not known as anything else is a person."""
    return "job" if isinstance(process, JobId) else _CONSUMERS.get(told.lower(), "person")


def process_name(process: ProcessId, title: str) -> str:
    """The title of a job or a consumer, else its name.

    A job that is called by its issuer and its target (`model -> table`) goes by its issuer, one
    that is called by its target and sources (`table <- a, b`) by the last part of its target.
    """
    if title or isinstance(process, ConsumerId):
        return title or process.name
    issuer, arrow, _ = process.name.partition(" -> ")
    target, _, sources = process.name.partition(" <- ")
    return issuer if arrow else f"fill {parts(target)[-1]}" if sources else process.name


def process_place(process: ProcessId, kind: str, team: str) -> str:
    """Where a job or a consumer belongs: `job · dbt`, `dashboard · Finance`."""
    where = team or platform(process.namespace)
    told = kind if isinstance(process, ConsumerId) else "job"
    return " · ".join(filter(None, [told, where]))


def days_ago(day: int | None, as_of: int) -> str:
    """How long ago a day was: `today`, `yesterday`, `12 days ago`; `never` for None."""
    if day is None:
        return "never"
    age = as_of - day
    return {0: "today", 1: "yesterday"}.get(age, f"{age:,} days ago")


def weekly(days: Sequence[int], counts: Sequence[int], as_of: int, weeks: int = 13) -> list[int]:
    """Counts by week, oldest first, the last week ending with `as_of`."""
    sums = [0] * weeks
    for day, count in zip(days, counts, strict=True):
        age = (as_of - day) // 7
        if 0 <= age < weeks:
            sums[weeks - 1 - age] += count
    return sums


def span(window: Window) -> str:
    """The days that counts are about: `90 days, 2026-08-03 to 2026-10-31`."""
    if not window.days:
        return "no days: nothing is logged yet"
    return f"{quantity(window.days, 'day')}, {window.first} to {window.last}"


def table_height(rows: int) -> int | Literal["content"]:
    """The height of a table of so many rows: all of them, else 620 pixels that scroll."""
    return "content" if rows <= _TALL else 620


def name_in(identifier: str) -> str:
    """The name in `namespace:name`, as answers write identifiers."""
    return _NAMESPACE.sub("", identifier, count=1)


def roles_of(roles: Mapping[str, Collection[str]], column: str | None = None) -> list[str]:
    """In which roles columns are used: `discount filter`, or `filter` for one column."""
    if column is not None:
        return [role_word(role) for role in roles.get(column, ())]
    return [
        f"{name} {', '.join(map(role_word, found))}" if name != "*" else "all columns"
        for name, found in roles.items()
    ]


def role_word(role: str) -> str:
    """A role of a column in a word: `filter`, `group by`, `output` for a value passed on."""
    return _ROLES.get(role, role.lower().replace("_", " "))


def heard(window: Window, coverage: Coverage) -> str:
    """How well was listened, for every answer: its window, its coverage, and what is missing."""
    if not window.days:
        return "Nothing is logged about it: only what was declared is known."
    text = f"Counts are of {span(window)}; logs cover {coverage.text}."
    if coverage.holes:
        text += f" Missing: {first_names(coverage.holes, 3)}."
    return text

"""Two versions of the SQL that makes a dataset."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ingest.changes.names import column_of, dotted
from ingest.sql import Difference, compare
from lineage.analyses.breaking.change import Change, ChangeKind

_TAG = re.compile(r"\{[{%]-?\s*(.*?)\s*-?[%}]\}", re.DOTALL)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_NAMING = re.compile(r"(?:ref|source|config)\s*\(|this\b")


def between_queries(
    old: str, new: str, dialect: str, subject: str
) -> tuple[list[Change], list[str]]:
    """The changes of the dataset that a query makes, and what of it could not be compared.

    subject: the dataset; a CREATE or INSERT says it itself when this is empty.
    """
    found = compare(old, new, dialect)
    dataset = subject or dotted(found.target)
    unread = [f"{dataset}: {why}" for why in found.unread]
    if _tags(old) != _tags(new):
        unread.append(f"{dataset}: the tags of its template differ; the compiled SQL tells more")
    return list(_changes(dataset, found)), unread


def _tags(sql: str) -> Counter[str]:
    """What a template's tags say, but for those that only name datasets or set the model up."""
    found = (" ".join(tag.split()) for tag in _TAG.findall(_COMMENT.sub("", sql)))
    return Counter(tag for tag in found if not _NAMING.match(tag))


def _changes(dataset: str, found: Difference) -> Iterator[Change]:
    for name in found.dropped:
        yield Change(ChangeKind.DROP_COLUMN, column_of(dataset, name))
    for name, other in found.renamed:
        yield Change(ChangeKind.RENAME_COLUMN, column_of(dataset, name), other)
    for name, type_ in found.retyped:
        yield Change(ChangeKind.RETYPE_COLUMN, column_of(dataset, name), type_)
    for name in found.meaning:
        yield Change(ChangeKind.MEANING_COLUMN, column_of(dataset, name))
    for name in found.added:
        yield Change(ChangeKind.ADD_COLUMN, column_of(dataset, name))
    if found.grain:
        yield Change(ChangeKind.GRAIN_DATASET, dataset)
    if found.rows:
        yield Change(ChangeKind.FILTER_DATASET, dataset)

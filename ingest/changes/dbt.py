"""Two dbt manifests (schema v1 to v12): models, seeds and snapshots, their SQL and columns."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.changes.documents import Document, listed, mapping, mappings, text_of
from ingest.changes.fields import Field, between
from ingest.changes.fields import by_name as named
from ingest.changes.models import between_queries
from ingest.changes.names import dotted
from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.errors import UnreadableInput

_DATASETS = ("model", "seed", "snapshot")
_IN_MEMORY = "ephemeral"  # a model that is no table: its readers hold its text


def between_manifests(
    old: Document, new: Document, dialect: str = ""
) -> tuple[list[Change], list[str]]:
    """The changes between two manifests, and a sentence for what could not be compared.

    Raises:
        UnreadableInput: one of them is no manifest.
    """
    dialect = dialect or text_of(mapping(new.get("metadata")).get("adapter_type"))
    before, after = _nodes(old, "the old manifest"), _nodes(new, "the new manifest")
    changes: list[Change] = []
    unread: list[str] = []
    # A model that moved to another package or file makes the same dataset.
    by_name = {_name(node): node for node in after.values()}
    for key, node in before.items():
        name = _name(node)
        other = after.get(key, by_name.get(name))
        if other is None:
            changes.append(Change(ChangeKind.DROP_DATASET, name))
            continue
        if _name(other) != name:
            changes.append(Change(ChangeKind.RENAME_DATASET, name, _name(other)))
        found, missed = _changed(node, other, dialect, name)
        changes += found
        unread += missed
    return list(dict.fromkeys(changes)), unread


def _nodes(manifest: Document, which: str) -> dict[str, Document]:
    if not isinstance(manifest.get("nodes"), dict):
        raise UnreadableInput(f"{which} is no dbt manifest: it has no nodes")
    return {
        key: node
        for key, node in mapping(manifest["nodes"]).items()
        if isinstance(node, dict)
        and node.get("resource_type") in _DATASETS
        and mapping(node.get("config")).get("materialized") != _IN_MEMORY
    }


def _name(node: Document) -> str:
    name = text_of(node.get("alias")) or text_of(node.get("name"))
    return dotted((text_of(node.get("database")), text_of(node.get("schema")), name))


def _changed(
    old: Document, new: Document, dialect: str, name: str
) -> tuple[list[Change], list[str]]:
    changes = list(between(name, named(_fields(old)), named(_fields(new))))
    unread: list[str] = []
    one, other = _code(old), _code(new)
    if _unique_key(old) != _unique_key(new):
        changes.append(Change(ChangeKind.GRAIN_DATASET, name))
    if one != other and "python" in (old.get("language"), new.get("language")):
        unread.append(f"{name}: what has changed in its Python is not known")
    elif one and other and one != other:
        found, unread = between_queries(one, other, dialect, name)
        changes += [change for change in found if not _is_told(change, changes)]
    elif bool(one) != bool(other):
        unread.append(f"{name}: only one version holds its SQL")
    elif not one and text_of(mapping(old.get("checksum")).get("checksum")) != text_of(
        mapping(new.get("checksum")).get("checksum")
    ):
        unread.append(f"{name}: its content has changed, and no SQL tells how")
    return changes, unread


def _unique_key(node: Document) -> list[str]:
    """What an incremental model or a snapshot keeps one row for."""
    key = mapping(node.get("config")).get("unique_key")
    return sorted(map(text_of, listed(key))) if isinstance(key, list) else [text_of(key)]


def _is_told(change: Change, known: list[Change]) -> bool:
    """Whether the columns have said it already, with a type perhaps."""
    return any((one.kind, one.subject) == (change.kind, change.subject) for one in known)


def _code(node: Document) -> str:
    """The compiled SQL, else the template, whose tags the comparison looks through."""
    keys = ("compiled_code", "compiled_sql", "raw_code", "raw_sql")
    return next((text for key in keys if (text := text_of(node.get(key)))), "")


def _fields(node: Document) -> Iterator[Field]:
    """The columns that a contract promises; without one they are documentation only."""
    enforced = mapping(node.get("contract")).get("enforced") or mapping(
        mapping(node.get("config")).get("contract")
    ).get("enforced")
    for name, column in mapping(node.get("columns")).items() if enforced else ():
        rules = mappings(mapping(column).get("constraints"))
        required = any(one.get("type") in ("not_null", "primary_key") for one in rules)
        type_ = text_of(mapping(column).get("data_type"))
        yield Field(text_of(mapping(column).get("name")) or name, type_, required, default=True)

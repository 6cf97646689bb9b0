"""Reads changes from files: a migration, or two versions of the same thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ingest.changes.contracts import between_contracts
from ingest.changes.dbt import between_manifests
from ingest.changes.ddl import read_migration
from ingest.changes.documents import decoded
from ingest.changes.fields import Field, between
from ingest.changes.models import between_queries
from ingest.changes.schemas import between_schemas
from ingest.declared.catalogs import read_catalogue
from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.errors import UnreadableInput

Found = tuple[list[Change], list[str]]


def read_changes(kind: str, paths: Sequence[Path], dialect: str = "", subject: str = "") -> Found:
    """The changes that files tell of, and a sentence for each thing that was not understood.

    kind: `ddl` (one or more migrations, in order), else two versions, the old one first: `sql` (of
    the query that makes a dataset), `dbt` (manifests), `odcs` (contracts), `schema` (Avro, JSON
    Schema, Protobuf), `catalog` (as `--catalog` of an import). subject: the dataset that a query,
    schema or contract is of, where it does not say so itself.

    Raises:
        UnreadableInput: a file cannot be read, or is not of that kind; or there are not two.
    """
    if kind == "ddl":
        return read_migration(";\n".join(map(_text, paths)), dialect)
    reader = _READERS.get(kind)
    if reader is None:
        raise UnreadableInput(f"changes are read from {', '.join(KINDS)}, not from {kind!r}")
    if len(paths) != 2:
        raise UnreadableInput(f"{kind} takes two files, the old and the new version")
    return reader(paths[0], paths[1], dialect, subject)


def _queries(old: Path, new: Path, dialect: str, subject: str) -> Found:
    changes, unread = between_queries(_text(old), _text(new), dialect, subject)
    if any(not change.subject.partition(".")[0] for change in changes):
        # Neither told nor created: a model is called as its file.
        return between_queries(_text(old), _text(new), dialect, new.stem)
    return changes, unread


def _manifests(old: Path, new: Path, dialect: str, subject: str) -> Found:
    return between_manifests(decoded(_text(old), str(old)), decoded(_text(new), str(new)), dialect)


def _contracts(old: Path, new: Path, dialect: str, subject: str) -> Found:
    return between_contracts(decoded(_text(old), str(old)), decoded(_text(new), str(new)), subject)


def _schemas(old: Path, new: Path, dialect: str, subject: str) -> Found:
    return between_schemas(_text(old), _text(new), subject, (str(old), str(new)))


def _catalogues(old: Path, new: Path, dialect: str, subject: str) -> Found:
    before, after = read_catalogue(old, "").tables, read_catalogue(new, "").tables
    changes: list[Change] = []
    for table, columns in before.items():
        if table in after:
            changes += between(table, _fields(columns), _fields(after[table]))
        else:
            changes.append(Change(ChangeKind.DROP_DATASET, table))
    return changes, []


def _fields(columns: Mapping[str, str]) -> dict[str, Field]:
    return {name: Field(name, type_) for name, type_ in columns.items()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"{path}: {error}") from error


_READERS: dict[str, Callable[[Path, Path, str, str], Found]] = {
    "sql": _queries,
    "dbt": _manifests,
    "odcs": _contracts,
    "schema": _schemas,
    "catalog": _catalogues,
}
KINDS = ("ddl", *_READERS)

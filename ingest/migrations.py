"""A migration as the changes that it makes: DDL in any dialect, several statements."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.sql import Catalog, Context, SchemaChange, Statement, Table, analyse
from lineage.analyses.change import Change, ChangeKind
from lineage.errors import InvalidChange

_OF_COLUMNS = {
    "drop_column": ChangeKind.DROP_COLUMN,
    "add_column": ChangeKind.ADD_COLUMN,
    "retype": ChangeKind.RETYPE_COLUMN,
    "nullable": ChangeKind.NULLABLE_COLUMN,
    "not_null": ChangeKind.NOT_NULL_COLUMN,
}
# A new table breaks nobody.
_HARMLESS = frozenset({"create", "clone", "like"})
_STARTS = (
    "alter", "drop", "create", "rename", "truncate", "comment", "begin", "exec", "use", "set",
)  # fmt: skip


def looks_like_sql(text: str) -> bool:
    """Whether a change is written as DDL and not in words."""
    words = text.split(None, 2)[:2]
    if not words or words[0].lower() not in _STARTS:
        return False
    return len(words) > 1 and words[1].lower() not in ("column", "dataset")


def changes_of(sql: str, dialect: str = "") -> tuple[list[Change], list[str]]:
    """The changes of a migration, and a sentence for every statement that could not be judged.

    Raises:
        InvalidChange: nothing of it is a change of a dataset or a column.
    """
    analysis = analyse(sql, dialect, Context(), Catalog())
    changes: list[Change] = []
    unjudged: list[str] = []
    for number, statement in enumerate(analysis.statements, 1):
        found = [one for change in statement.changes for one in _changes(change)]
        changes += found
        harmless = all(change.kind in _HARMLESS for change in statement.changes)
        if not found and not (statement.changes and harmless):
            unjudged.append(f"statement {number} ({_what(statement)}) is no change that is known")
    if analysis.error:
        unjudged.append(analysis.error)
    if not changes:
        why = "; ".join(unjudged) or "it only creates"
        raise InvalidChange(f"no change of a dataset or column in the SQL: {why}")
    return changes, unjudged


def _changes(change: SchemaChange) -> Iterator[Change]:
    table = _name(change.table)
    if kind := _OF_COLUMNS.get(change.kind):
        for column, type_ in change.columns:
            argument = type_ if kind in (ChangeKind.ADD_COLUMN, ChangeKind.RETYPE_COLUMN) else ""
            yield Change(kind, f"{table}.{_quoted(column)}", argument)
    elif change.kind == "rename_column":
        yield Change(
            ChangeKind.RENAME_COLUMN, f"{table}.{_quoted(change.columns[0][0])}", change.new_name
        )
    elif change.kind == "drop":
        yield Change(ChangeKind.DROP_DATASET, table)
    elif change.kind == "rename":
        other = _name(change.other) if change.other else ""
        yield Change(ChangeKind.RENAME_DATASET, table, other)


def _what(statement: Statement) -> str:
    return ", ".join(change.kind for change in statement.changes) or statement.kind


def _name(table: Table) -> str:
    return ".".join(_quoted(part) for part in table.parts)


def _quoted(part: str) -> str:
    return f'"{part}"' if "." in part else part

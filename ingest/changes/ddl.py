"""A migration as the changes that are left when it has run: DDL in any dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from ingest.changes.names import column_of, dotted
from ingest.changes.spelling import respelled, statements
from ingest.sql import Catalog, Context, SchemaChange, Table, analyse
from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.errors import InvalidChange

_OF_COLUMNS = {
    "drop_column": ChangeKind.DROP_COLUMN,
    "add_column": ChangeKind.ADD_COLUMN,
    "retype": ChangeKind.RETYPE_COLUMN,
    "nullable": ChangeKind.NULLABLE_COLUMN,
    "not_null": ChangeKind.NOT_NULL_COLUMN,
}
_STARTS = (
    "alter", "drop", "create", "rename", "truncate", "comment", "begin", "exec", "use", "set",
)  # fmt: skip
# What changes nothing that a reader or writer would notice.
_HARMLESS = re.compile(
    r"(?:begin|commit|end|start|savepoint|release|set|use|comment|grant|analyze|vacuum|lock|unlock|"
    r"show|select|explain|pragma|refresh|"
    r"create\s+(?:or\s+replace\s+)?(?:unique\s+)?(?:index|sequence|schema|database|role|user|"
    r"extension|function|procedure|stage|warehouse|trigger|type|domain)|"
    r"drop\s+(?:index|role|user|trigger|statistics)|"
    r"alter\s+(?:index|sequence|role|user|warehouse|session|system)|"
    r"alter\s+table\s.*?\s(?:owner\s+to|alter\s+(?:column\s+)?\S+\s+(?:set|drop)\s+(?:default|"
    r"statistics|storage)|cluster|comment|set\s+\(|reset\s+\(|enable\s|disable\s|validate\s+|"
    r"set\s+(?:tblproperties|tags?|comment)|unset\s))\b.*",
    re.IGNORECASE | re.DOTALL,
)
_BOOKKEEPING = re.compile(
    r"(?:insert\s+into|update|delete\s+from|create\s+table(?:\s+if\s+not\s+exists)?)\s+[\w.\"`\[\]]*"
    r"(?:alembic_version|flyway_schema_history|schema_version|databasechangelog(?:lock)?|"
    r"schema_migrations|django_migrations|__efmigrationshistory)\b.*",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_REPLACES = re.compile(r"\s*(?:create\s+or\s+(?:replace|alter)|alter\s+(?:\w+\s+)?view)\b", re.I)
_TYPED_NOT_NULL = re.compile(
    r"\b(?:modify|change|alter)\s+(?:column\s+)?(?:[\w\"`\[\]]+\s+)+?[\w(),\s]*?\bnot\s+null\b",
    re.I,
)
_ADDED_NOT_NULL = re.compile(
    r"\badd\s+(?:column\s+)?(?:if\s+not\s+exists\s+)?[\[\"`]?{}[\]\"`]?\s[^,;]*?\bnot\s+null\b"
    r"(?![^,;]*\bdefault\b)"
)
_DEFAULTED = re.compile(r"\bdefault\b|\bgenerated\b|\bidentity\b|\bautoincrement\b", re.I)


class _Found(msgspec.Struct):
    """What a migration does, while its statements are read.

    made: datasets that it makes, by name; gone: those that it drops or renames away.
    """

    changes: list[Change] = msgspec.field(default_factory=list)
    unjudged: list[str] = msgspec.field(default_factory=list)
    made: dict[str, tuple[tuple[str, str], ...]] = msgspec.field(default_factory=dict)
    gone: set[str] = msgspec.field(default_factory=set)
    new: set[str] = msgspec.field(default_factory=set)


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
    changes, unjudged = read_migration(sql, dialect)
    if not changes:
        why = "; ".join(unjudged) or "it only creates"
        raise InvalidChange(f"no change of a dataset or column in the SQL: {why}")
    return changes, unjudged


def read_migration(sql: str, dialect: str = "") -> tuple[list[Change], list[str]]:
    """The changes that are left when a migration has run, and what of it was not understood.

    What it makes itself is no change; a dataset that is renamed or dropped and made again under
    its name is replaced, or, when only renamed, keeps an alias.
    """
    found = _Found()
    context = Context()
    for number, text in enumerate(statements(sql), 1):
        context = _read(respelled(text), number, dialect, context, found)
    return _net(found), found.unjudged


def _read(text: str, number: int, dialect: str, context: Context, found: _Found) -> Context:
    # MySQL alone gives CHANGE its meaning, whatever dialect is guessed.
    dialect = "mysql" if re.search(r"\bchange\s+(?:column\s+)?\S+\s+\S+\s", text, re.I) else dialect
    analysis = analyse(text, dialect, context, Catalog())
    known = False
    for statement in analysis.statements:
        for change in statement.changes:
            known = True
            _take(change, text, found)
    if not known and not (_HARMLESS.fullmatch(text) or _BOOKKEEPING.fullmatch(text)):
        said = " ".join(text.split())
        shown = said if len(said) <= 60 else said[:57] + "…"
        why = analysis.error or "no change that is known"
        found.unjudged.append(f"statement {number} ({shown}): {why}")
    return analysis.context


def _take(change: SchemaChange, text: str, found: _Found) -> None:
    table = name_of(change.table)
    if change.kind in ("create", "clone", "like"):
        if _REPLACES.match(text) or table in found.gone:
            found.made[table] = change.columns
            if not change.columns and not _is_alias(table, text, found):
                found.unjudged.append(f"the new columns of {table} are not told by its definition")
        else:
            found.new.add(table)
    elif change.kind == "swap" and change.other:
        other = name_of(change.other)
        found.changes += [
            Change(ChangeKind.REPLACE_DATASET, table, other),
            Change(ChangeKind.REPLACE_DATASET, other, table),
        ]
    elif table not in found.new:
        found.changes += _changes(change, table, text)
        if change.kind in ("drop", "rename"):
            found.gone.add(table)


def _is_alias(table: str, text: str, found: _Found) -> bool:
    """Whether a definition gives a dataset that was renamed its old name as well."""
    new = [one.argument for one in found.changes
           if one.kind is ChangeKind.RENAME_DATASET and one.subject == table]  # fmt: skip
    return any(
        re.search(rf"\bselect\s+\*\s+from\s+{re.escape(name)}\s*$", text, re.I) for name in new
    )


def _changes(change: SchemaChange, table: str, text: str) -> Iterator[Change]:
    if kind := _OF_COLUMNS.get(change.kind):
        for column, type_ in change.columns:
            subject = column_of(table, column)
            yield Change(kind, subject, _argument(kind, column, type_, text))
            if kind is ChangeKind.RETYPE_COLUMN and _TYPED_NOT_NULL.search(text):
                yield Change(ChangeKind.NOT_NULL_COLUMN, subject)
    elif change.kind == "rename_column":
        old, type_ = change.columns[0]
        subject = column_of(table, old)
        yield Change(ChangeKind.RENAME_COLUMN, subject, change.new_name)
        if type_:  # CHANGE says a type as well
            yield Change(ChangeKind.RETYPE_COLUMN, subject, type_)
    elif change.kind == "drop":
        yield Change(ChangeKind.DROP_DATASET, table)
    elif change.kind == "rename":
        other = name_of(change.other) if change.other else ""
        yield Change(ChangeKind.RENAME_DATASET, table, other)
    elif change.kind == "truncate":
        yield Change(ChangeKind.FILTER_DATASET, table)


def _argument(kind: ChangeKind, column: str, type_: str, text: str) -> str:
    if kind is ChangeKind.RETYPE_COLUMN:
        return type_
    if kind is not ChangeKind.ADD_COLUMN:
        return ""
    pattern = _ADDED_NOT_NULL.pattern.replace("{}", re.escape(column))
    required = re.search(pattern, text, re.IGNORECASE) and not _DEFAULTED.search(text)
    return f"{type_} not null".strip() if required else type_


def _net(found: _Found) -> list[Change]:
    """The changes that are left, when a name that was given up has been given anew."""
    kept = []
    for change in found.changes:
        if change.subject in found.made and change.kind is ChangeKind.DROP_DATASET:
            continue
        if change.kind is ChangeKind.RENAME_DATASET and change.subject in found.made:
            continue
        kept.append(change)
    kept += [
        Change(ChangeKind.REPLACE_DATASET, table, columns_text(columns))
        for table, columns in found.made.items()
        if columns
    ]
    return [one for i, one in enumerate(kept) if one not in kept[:i]]


def columns_text(columns: Sequence[tuple[str, str]]) -> str:
    """A list of columns as `replace dataset` takes it: `(id int, name)`."""
    listed = (f"{dotted([name])} {type_}".strip() for name, type_ in columns)
    return f"({', '.join(listed)})"


def name_of(table: Table) -> str:
    """The name of a table as the words of a change say it."""
    return dotted(table.parts)

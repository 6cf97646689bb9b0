"""A migration as the changes that are left when it has run: DDL in any dialect."""

from __future__ import annotations

import re

from ingest.changes.actions import steps_of_alter
from ingest.changes.names import dotted
from ingest.changes.outcome import Dataset, Outcome
from ingest.changes.statements import Written, applied, dialect_of, statements
from ingest.changes.steps import INSIDE, Step, step_of
from ingest.changes.weighing import is_bookkeeping, is_harmless, why_unjudged
from ingest.sql import Catalog, Context, SchemaChange, Statement, Table, analyse
from lineage.analyses.breaking.change import EVERY, Change, ChangeKind
from lineage.errors import InvalidChange
from lineage.model import Role

_SQL = re.compile(
    r"\s*(?:--|/\*|(?:alter|drop|create|rename|replace|truncate|comment|detach|exchange|undrop|restore)\s+"
    r"(?:(?:or|if|temp\w*|on)\b|(?:\w+\s+)?(?:tables?|view|schema|database|catalog|index|sequence|"
    r"function|procedure|synonym|policy|type|task|stream|trigger|role|user|session|warehouse)\b)|"
    r"(?:update\s+.*\bset|delete\s+from|insert\s+into|merge\s+into|truncate|exec(?:ute)?|begin|use|"
    r"set|start\s+transaction|revoke\s+.*\bon|do\s+\$)\b)",
    re.IGNORECASE | re.DOTALL,
)
_REPLACES = re.compile(r"\s*(?:create\s+or\s+(?:replace|alter)|replace|alter\s+.*?\bview)\b", re.I)
_KEEPS = re.compile(r"\s*create\s.*?\bif\s+not\s+exists\b", re.I | re.S)
_SHOWN = re.compile(r"\bas\s*\(?\s*select\s+\*\s+from\s+(\S+?)\s*\)?\s*$", re.I)
_BEGINS = re.compile(r"begin|(?:begin|start)\s+(?:transaction|work|tran)\b.*", re.I)
_ENDS = re.compile(r"(?:commit|end|rollback|abort)(?:\s+(?:transaction|work|tran))?", re.I)
_NOT_NULL = re.compile(r"\bnot\s+null\b", re.I)
_FILLED = re.compile(
    r"\b(?:default|generated|identity|auto_?increment|(?:big|small)?serial)\b", re.I
)
_MAKES = ("create", "clone", "like")
_ADDS_ROWS = ("insert", "merge", "copy")
_OF_ROWS = {"select", "update", "delete", "create_table", *_ADDS_ROWS}


def looks_like_sql(text: str) -> bool:
    """Whether a change is written as DDL and not in words."""
    return _SQL.match(text) is not None


def changes_of(sql: str, dialect: str = "") -> tuple[list[Change], list[str]]:
    """The changes of a migration, and a sentence for every statement that could not be judged.

    Raises:
        InvalidChange: nothing of it is a change of a dataset or a column.
    """
    changes, unjudged = read_migration(sql, dialect)
    if not changes:
        why = "; ".join(unjudged) or "nothing that was there is another after it"
        raise InvalidChange(f"no change of a dataset or column in the SQL: {why}")
    return changes, unjudged


def read_migration(sql: str, dialect: str = "") -> tuple[list[Change], list[str]]:
    """The changes that are left when a migration has run, and what of it was not understood.

    What it makes itself is no change; a dataset that is renamed or dropped and made again under
    its name is replaced, or, when only renamed, keeps an alias.
    """
    reading = _Reading(dialect_of(sql, dialect))
    for number, written in enumerate(statements(applied(sql), reading.dialect), 1):
        reading.read(number, written)
    changes, unknown = reading.outcome.changes()
    told = [f"the new columns of {name} are not told by its definition" for name in unknown]
    return changes, [*reading.unjudged, *told]


class _Reading:
    """A migration while its statements are read."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.context = Context()
        self.outcome = Outcome(folds=not dialect)
        self.unjudged: list[str] = []

    def read(self, number: int, written: Written) -> None:
        """Does one statement, or says why nobody can judge it."""
        text = written.text
        steps = steps_of_alter(text) or [step_of(text)]
        for step in steps:
            why = _of_routine(written) if written.routine else self._do(step, text)
            if why:
                said = " ".join((step.sql if len(steps) > 1 else text).split())
                shown = said if len(said) <= 60 else said[:57] + "…"
                self.unjudged.append(f"statement {number} ({shown}): {why}")

    def _do(self, step: Step, text: str) -> str:
        """Why a step could not be judged; empty when it was done, or does no harm."""
        if is_bookkeeping(text) or self._transaction(text):
            return ""
        # MySQL alone gives CHANGE its meaning, whatever dialect is guessed.
        dialect = (
            "mysql" if re.match(r"alter\s+table\s+\S+\s+change\b", step.sql, re.I) else self.dialect
        )
        analysis = analyse(step.sql, dialect, self.context, Catalog())
        self.context = analysis.context
        changes = [change for one in analysis.statements for change in one.changes]
        for change in changes:
            self._take(change, step, text)
        if changes or is_harmless(step.sql):
            return ""
        kinds = {one.kind for one in analysis.statements}
        whys = [why for one in analysis.statements if (why := self._of_rows(one))]
        if whys or (kinds and kinds <= _OF_ROWS):
            return "; ".join(whys)
        return why_unjudged(step.sql) or analysis.error or "a statement of a kind that is not known"

    def _transaction(self, text: str) -> bool:
        if _BEGINS.fullmatch(text):
            self.outcome.begin()
        elif found := _ENDS.fullmatch(text):
            back = found[0].lower().startswith(("rollback", "abort"))
            self.outcome.roll_back() if back else self.outcome.commit()
        else:
            return False
        return True

    def _of_rows(self, statement: Statement) -> str:
        """Rows that are changed or go; why it cannot be judged when rows come."""
        filled = []
        for table in statement.writes:
            name = name_of(table)
            if self.outcome.is_new(name) or statement.temporary:
                continue
            if statement.kind == "create_table":  # SELECT … INTO
                self.outcome.make(name, (), "", replaces=False)
            elif statement.kind == "delete":
                self.outcome.dataset(name).note(ChangeKind.FILTER_DATASET)
            elif statement.kind == "update":
                self._updated(self.outcome.dataset(name), table, statement)
            elif statement.kind in _ADDS_ROWS:
                filled.append(name)
        into = ", ".join(filled)
        return f"it writes rows into {into}; whom they concern was not judged" if filled else ""

    def _updated(self, dataset: Dataset, table: Table, statement: Statement) -> None:
        """The columns that get other values; a new one may be filled with those of an old one."""
        for column in (one.name for one in statement.assigned if one.table == table):
            sources = [edge for edge in statement.edges if edge.target == column]
            held = dataset.column(column)
            if held.origin:
                dataset.note(ChangeKind.MEANING_COLUMN, column)
            elif len(sources) == 1 and sources[0].role is Role.IDENTITY:
                held.filled_from = dataset.column(sources[0].source.name).origin

    def _take(self, change: SchemaChange, step: Step, text: str) -> None:
        table, other = name_of(change.table), name_of(change.other) if change.other else ""
        outcome = self.outcome
        if step.means is ChangeKind.DROP_DATASET:
            place = [part for part in change.table.parts if part.lower() != INSIDE]
            outcome.drop(dotted(place) + EVERY)
        elif step.means is ChangeKind.RENAME_DATASET:
            outcome.rename(table, _beside(table, self._named(step.argument)))
        elif step.means:
            columns = [name for name, _ in change.columns] or [""]
            for column in columns:
                outcome.dataset(table).note(step.means, column, step.argument)
        elif change.kind in _MAKES:
            self._make(change, step.sql, other)
        elif change.kind == "swap":
            outcome.swap(table, other)
        elif change.kind == "drop":
            outcome.drop(table)
        elif change.kind == "rename":
            outcome.rename(table, other)
        elif change.kind == "truncate":
            outcome.dataset(table).note(ChangeKind.FILTER_DATASET)
        else:
            _change_columns(outcome.dataset(table), change, step.sql)

    def _make(self, change: SchemaChange, sql: str, other: str) -> None:
        name = name_of(change.table)
        replaces = bool(_REPLACES.match(sql)) or self.outcome.is_free(name)
        if not replaces and _KEEPS.match(sql):
            return  # it may have been there, and is as it was
        shown = _SHOWN.search(sql)
        shows = other or (self._named(shown[1]) if shown else "")
        self.outcome.make(name, change.columns, shows, replaces)

    def _named(self, name: str) -> str:
        """A name as it is written, as this place of the migration understands it."""
        found = analyse(f"truncate table {name}", self.dialect, self.context, Catalog())
        return next(
            (name_of(change.table) for one in found.statements for change in one.changes), ""
        )


def _of_routine(written: Written) -> str:
    """Why the definition of a routine cannot be judged; a new one harms nobody."""
    if written.open:
        return "the end of the routine was not found; what follows was not read"
    again = re.match(
        r"alter|create\s+or\b|create\s.*?\b(?:trigger|event)\b", written.text, re.I | re.S
    )
    return "it defines what will run later, which was not judged" if again else ""


def _beside(table: str, other: str) -> str:
    """A new name without a schema, in that of the old one."""
    return other if "." in other else ".".join([*table.split(".")[:-1], other])


def _change_columns(dataset: Dataset, change: SchemaChange, sql: str) -> None:
    for name, type_ in change.columns:
        if change.kind == "drop_column":
            dataset.drop(name)
        elif change.kind == "add_column":
            required = bool(_NOT_NULL.search(sql)) and not _FILLED.search(sql)
            dataset.add(name, type_, required)
        elif change.kind == "rename_column":
            dataset.rename(name, change.new_name)
            if type_:  # CHANGE says a type as well
                dataset.column(change.new_name).type = type_
        elif change.kind == "retype":
            dataset.column(name).type = type_
        else:
            dataset.column(name).required = change.kind == "not_null"


def name_of(table: Table) -> str:
    """The name of a table as the words of a change say it."""
    return dotted(table.parts)

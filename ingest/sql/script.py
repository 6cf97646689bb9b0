"""The state of a text's analysis: what names mean at this point, what its statements did."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ingest.sql.catalog import Catalog
from ingest.sql.dialects import Rules
from ingest.sql.records import Context, Statement
from ingest.sql.run import Run


class Script:
    """One text being analysed.

    catalog: a layer of its own, so that what the text creates is known to what follows.
    variables: names that the text declares, which are no columns.
    rows: what a cursor or a loop's variable holds: a row of that query.
    """

    def __init__(
        self,
        rules: Rules,
        context: Context,
        catalog: Catalog,
        analyse: Callable[[str, Script], None],
    ) -> None:
        self.rules = rules
        self.context = self.original = context
        self.catalog = catalog.child()
        self.variables: set[str] = set()
        self.rows: dict[str, Statement] = {}
        self.statements: list[Statement] = []
        self.errors: list[str] = []
        self._analyse = analyse

    def run(self) -> Run:
        """The state for one more statement."""
        return Run(self.rules, self.context, self.catalog, frozenset(self.variables), self.rows)

    def run_text(self, sql: str) -> None:
        """Adds what a text does."""
        self._analyse(sql, self)

    def run_apart(self, sql: str) -> list[Statement]:
        """The statements of an inner text, not added."""
        before = len(self.statements)
        self._analyse(sql, self)
        inner = self.statements[before:]
        del self.statements[before:]
        return inner

    def use(self, **changed: str | tuple[str, ...]) -> None:
        """Changes the name context for the statements that follow."""
        self.context = msgspec.structs.replace(self.context, **changed)
        self.add(Statement("use"))

    def add(self, statement: Statement) -> None:
        """Adds a statement, and what it created to the catalogue."""
        if statement.kind == "other" and statement.parse == "full" and not statement.reads:
            return
        self.statements.append(statement)
        for change in statement.changes:
            self.catalog.apply(change, statement.output_complete)

"""What one statement's analysis gathers on its way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from ingest.sql.catalog import Catalog, TableColumns
from ingest.sql.dialects import Rules
from ingest.sql.records import Column, Context, SchemaChange, Statement, Table
from ingest.sql.uses import Uses

if TYPE_CHECKING:
    from ingest.sql.relations import Derived, Field
    from ingest.sql.scopes import Scope

# Steps (columns resolved, fields expanded) that one statement may take: seconds, not minutes.
BUDGET = 3_000_000


class TooCostlyError(Exception):
    """The statement takes more steps than the budget allows."""


class Run:
    """The state of one statement's analysis: what is known, and what was found so far.

    rows: variable → the query of whose rows it holds one.
    query: analyses a query; set by the module that can, so that the others need not import it.
    """

    def __init__(
        self,
        rules: Rules,
        context: Context,
        catalog: Catalog,
        variables: frozenset[str] = frozenset(),
        rows: Mapping[str, Statement] | None = None,
    ) -> None:
        self.rules = rules
        self.context = context
        self.catalog = catalog
        self.variables = variables
        self.rows = rows or {}
        self.reads: defaultdict[Table, int] = defaultdict(int)
        self.writes: dict[Table, None] = {}
        self.assigned: dict[Column, None] = {}
        self.targets: list[tuple[Table | None, list[Field]]] = []
        self.uses = Uses()
        self.use = self.uses.add
        self.notes: dict[str, None] = {}
        self.consulted: dict[Table, None] = {}
        self.changes: list[SchemaChange] = []
        self.temporary = False
        self.names_assumed = False
        self.dynamic = False
        self.star_expanded = False
        self.steps = 0
        self.query: Callable[[exp.Expr, Scope], Derived] = _unset
        self.modify: Callable[[exp.Expr, Scope], Derived] = _unset

    def spend(self, steps: int) -> None:
        """Counts steps.

        Raises:
            TooCostlyError: the budget is used up.
        """
        self.steps += steps
        if self.steps > BUDGET:
            raise TooCostlyError

    def note(self, text: str) -> None:
        """Keeps a remark for the result."""
        self.notes[text] = None

    def columns_of(self, table: Table) -> TableColumns | None:
        """The catalogue's columns of a table; remembers that they were asked for."""
        self.consulted[table] = None
        return self.catalog.columns(table)


def _unset(node: exp.Expr, scope: Scope) -> Derived:
    raise NotImplementedError

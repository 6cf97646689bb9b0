"""DuckDB asked the two questions: what fails without a column, what changes with its values."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

import duckdb
import pyarrow

from benchmarks.oracle.world import Rows, Schemas, World, fresh

Outputs = dict[str, Counter[str]]  # output column → its values, each with how often
Columns = set[tuple[str, str]]  # (table, column)


_MOST_ROWS = 2000


class Engine:
    """One database with the tables of one statement.

    target: the table that the statement writes; empty for a SELECT.
    """

    def __init__(self, sql: str, schemas: Schemas, setup: Iterable[str], target: str) -> None:
        self.sql, self.schemas, self.setup, self.target = sql, schemas, tuple(setup), target
        self.connection = duckdb.connect()
        self.connection.execute("SET threads = 1")

    def build(self) -> None:
        """Makes the tables, empty."""
        for table in self.schemas:
            self._create(table)

    def _create(self, table: str, without: str = "") -> None:
        columns = self.schemas[table].items()
        listed = ", ".join(f'"{name}" {type_}' for name, type_ in columns if name != without)
        self.connection.execute(f'CREATE OR REPLACE TABLE "{table}" ({listed or "none INT"})')

    def fill(self, table: str, rows: Rows) -> None:
        """Puts these rows into a table, in place of what is in it."""
        arrow = pyarrow.table({c: pyarrow.array(v, pyarrow.string()) for c, v in rows.items()})
        self.connection.register("given", arrow)
        cast = ", ".join(f'TRY_CAST("{c}" AS {t})' for c, t in self.schemas[table].items())
        self.connection.execute(f'DELETE FROM "{table}"')
        self.connection.execute(f'INSERT INTO "{table}" SELECT {cast} FROM given')

    def fails(self, table: str = "", without: str = "") -> str:
        """Why the statement fails, with a table that lacks a column; empty when it does not."""
        self.connection.begin()
        try:
            if without:
                self._create(table, without)
            for statement in (*self.setup, self.sql):
                self.connection.execute(statement)
        except duckdb.Error as error:
            return str(error).split("\n", 1)[0]
        finally:
            self.connection.rollback()
        return ""

    def breaks(self) -> Columns:
        """The columns without which the statement fails."""
        return {
            (table, column)
            for table, columns in self.schemas.items()
            for column in columns
            if self.fails(table, column)
        }

    def outputs(self) -> Outputs:
        """What the statement gives; of a statement that writes, what its target then holds.

        Empty beyond 2,000 rows, in which no change would be found in time.
        """
        self.connection.begin()
        try:
            for statement in self.setup:
                self.connection.execute(statement)
            result = self.connection.execute(self.sql)
            if self.target:
                result = self.connection.execute(f'SELECT * FROM "{self.target}"')
            names = [column[0] for column in result.description or ()]
            rows = result.fetchmany(_MOST_ROWS + 1)
        finally:
            self.connection.rollback()
        if len(rows) > _MOST_ROWS:
            return {}
        return {
            f"{name}#{i}": Counter(_shown(row[i]) for row in rows) for i, name in enumerate(names)
        }

    def is_settled(self, world: World, before: Outputs) -> bool:
        """Whether the same rows in another order give the same: no ties are broken by chance."""
        for table, rows in world.items():
            self.fill(table, {column: values[::-1] for column, values in rows.items()})
        after = self.outputs()
        for table, rows in world.items():
            self.fill(table, rows)
        return before == after

    def changed(
        self, world: World, columns: Columns, draw: random.Random, before: Outputs
    ) -> set[int]:
        """The places of the outputs that differ once these columns have other values."""
        touched = {table for table, _ in columns}
        for table in touched:
            rows = {
                column: fresh(values, self.schemas[table][column], draw)
                if (table, column) in columns
                else values
                for column, values in world[table].items()
            }
            self.fill(table, rows)
        try:
            after = self.outputs()
        except duckdb.Error:
            after = before  # a value out of a cast's range says nothing about lineage
        for table in touched:
            self.fill(table, world[table])
        return set(_different(before, after))


def _different(before: Outputs, after: Outputs) -> Iterator[int]:
    """Places where the values differ; where rows only came or went, all of them do."""
    for place, (one, other) in enumerate(zip(before.values(), after.values(), strict=False)):
        if one != other:
            yield place


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, (float, Decimal)) else repr(value)

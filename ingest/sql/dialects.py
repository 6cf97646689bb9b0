"""The rules of a platform: how it folds names, how many parts they have, what SELECT may say."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import cache

import msgspec
from sqlglot import Dialect, Parser, Token, Tokenizer, exp
from sqlglot.dialects.dialect import NormalizationStrategy
from sqlglot.errors import ParseError

# A statement that sqlglot gives up on comes back as a Command, which is noted on the result.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_ALIASES = {
    "ansi": "",
    "generic": "",
    "postgresql": "postgres",
    "pg": "postgres",
    "greenplum": "postgres",
    "cockroachdb": "postgres",
    "mssql": "tsql",
    "sqlserver": "tsql",
    "synapse": "tsql",
    "mariadb": "mysql",
    "sparksql": "spark",
    "spark_sql": "spark",
    "awsathena": "athena",
    "prestosql": "trino",
    "bq": "bigquery",
    "vertica": "postgres",
    "impala": "hive",
    "flink": "hive",
    "db2": "",
    "soql": "",
}
# database.table and no level above
_TWO_LEVELS = frozenset({"mysql", "hive", "spark2", "clickhouse", "doris", "starrocks", "drill"})
# USE x means the schema x
_USE_SCHEMA = _TWO_LEVELS | {"spark", "databricks", "trino", "presto", "athena", "duckdb"}
_LATERAL_ALIAS = frozenset(
    {"", "snowflake", "redshift", "databricks", "spark", "duckdb", "clickhouse", "teradata"}
)
_IMPLICIT_RECURSION = frozenset({"tsql", "fabric", "oracle", "teradata", "exasol", "snowflake"})
# a.b never means the field b of a column a
_NO_DOTTED_FIELDS = frozenset(
    {"oracle", "mysql", "tsql", "fabric", "postgres", "sqlite", "exasol", "snowflake", "teradata"}
)
# names without parentheses that are no columns; DEFAULT is none anywhere
_PSEUDO_COLUMNS = {
    "oracle": frozenset(
        {"level", "rownum", "rowid", "sysdate", "systimestamp", "user", "uid", "connect_by_isleaf"}
    ),
    "bigquery": frozenset({"_table_suffix", "_partitiontime", "_partitiondate", "_file_name"}),
    "snowflake": frozenset(
        {"metadata$filename", "metadata$file_row_number", "metadata$action", "metadata$isupdate"}
    ),
    "hive": frozenset({"grouping__id", "input__file__name", "block__offset__inside__file"}),
}
_Fold = Callable[[str], str]
_FOLDS: dict[NormalizationStrategy, _Fold] = {
    NormalizationStrategy.UPPERCASE: str.upper,
    NormalizationStrategy.CASE_INSENSITIVE_UPPERCASE: str.upper,
    NormalizationStrategy.CASE_SENSITIVE: str,
}
_ARRAY_JOIN = frozenset({"bigquery", "redshift"})
# Tokenizer and parser by dialect: to make them takes as long as to read a short text. Each thread
# has its own, since they keep their place in the text.
_readers = threading.local()


class Rules(msgspec.Struct, frozen=True):
    """One dialect's rules.

    fold: what an unquoted name becomes; fold_quoted: the same for a quoted one.
    fold_tables: the same for the names of tables (BigQuery keeps their case).
    two_levels: names are database.table; use_schema: USE x sets the schema and not the database.
    names_calls: a column without an alias is called as the function that makes it.
    lateral_alias: a select list may use an alias that it defines.
    implicit_recursion: a CTE is recursive without the word.
    array_join: FROM t, t.items unnests an array.
    merged_in_place: `*` shows a column of USING where the left table has it, not in front.
    implicit_lateral: a derived table sees its neighbours.
    bare_statements: statements need no semicolon between them.
    dotted_fields: a.b may be a field of a column.
    natural_fails: NATURAL JOIN of tables that share no column is an error.
    spells_calls: a column without an alias is called as the call that makes it is written.
    spreads: COLUMNS(…) inside an expression stands for several columns.
    """

    name: str
    fold: _Fold
    fold_quoted: bool
    fold_tables: _Fold
    two_levels: bool
    use_schema: bool
    names_calls: bool
    lateral_alias: bool
    implicit_recursion: bool
    array_join: bool
    implicit_lateral: bool
    merged_in_place: bool
    bare_statements: bool
    dotted_fields: bool
    spreads: bool
    natural_fails: bool
    spells_calls: bool
    pseudo_columns: frozenset[str]

    @property
    def dialect(self) -> Dialect:
        """The parser's dialect."""
        return Dialect.get_or_raise(self.name)

    def tokenize(self, sql: str) -> list[Token]:
        """The tokens of a text.

        Raises:
            TokenError: the text ends inside a literal, a quoted name or a comment.
        """
        tokens: list[Token] = self._reader()[0].tokenize(sql)
        return tokens

    def parse(self, tokens: list[Token], sql: str) -> list[exp.Expr]:
        """The trees of the statements in a text's tokens.

        Raises:
            ParseError: the dialect has no grammar for one of them.
        """
        try:
            trees = self._reader()[1].parse(tokens, sql)
        except TypeError as error:  # the compiled parser checks the types of what it builds
            raise ParseError(str(error)) from error
        return [tree for tree in trees if tree is not None]

    def _reader(self) -> tuple[Tokenizer, Parser]:
        own = vars(_readers)
        if self.name not in own:
            own[self.name] = self.dialect.tokenizer(), self.dialect.parser()
        found: tuple[Tokenizer, Parser] = own[self.name]
        return found

    def column(self, text: str, quoted: bool) -> str:
        """The name of a column as the platform stores it."""
        return self.fold(text) if not quoted or self.fold_quoted else text

    def table(self, text: str, quoted: bool) -> str:
        """One part of a table's name as the platform stores it."""
        return self.fold_tables(text) if not quoted or self.fold_quoted else text


@cache
def rules(dialect: str) -> Rules:
    """The rules of a dialect, known by any of its usual names; unknown names get the standard's."""
    name = dialect.strip().lower()
    name = _ALIASES.get(name, name)
    if Dialect.get(name) is None:
        name = ""
    strategy = Dialect.get_or_raise(name).normalization_strategy
    insensitive = strategy is NormalizationStrategy.CASE_INSENSITIVE
    fold = _FOLDS.get(strategy, str.lower)
    return Rules(
        name=name,
        # MySQL compares columns without case and tables with it, as the file system below does.
        fold=str.lower if name == "mysql" else fold,
        fold_quoted=insensitive or name in {"bigquery", "mysql"},
        fold_tables=str if name == "bigquery" else fold,
        two_levels=name in _TWO_LEVELS,
        use_schema=name in _USE_SCHEMA,
        names_calls=name in {"postgres", "redshift", "materialize", "risingwave"},
        lateral_alias=name in _LATERAL_ALIAS,
        implicit_recursion=name in _IMPLICIT_RECURSION,
        array_join=name in _ARRAY_JOIN,
        implicit_lateral=name == "duckdb",
        merged_in_place=name == "duckdb",
        bare_statements=name in {"tsql", "fabric"},
        dotted_fields=name not in _NO_DOTTED_FIELDS,
        spreads=name in {"duckdb", "clickhouse"},
        natural_fails=name == "duckdb",
        spells_calls=name == "duckdb",
        pseudo_columns=_PSEUDO_COLUMNS.get(name, frozenset()) | {"default"},
    )

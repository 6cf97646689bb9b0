"""Names of tables in token lists, for statements that no parser reads."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import Token, TokenType

from ingest.sql.names import qualified
from ingest.sql.records import Table
from ingest.sql.script import Script


def name_tokens(tokens: list[Token]) -> Iterator[Token | None]:
    """The tokens of a dotted name; None for a part that T-SQL's `database..table` leaves out."""
    is_open = True
    for token in tokens:
        is_dot = token.token_type is TokenType.DOT
        if is_open:
            yield None if is_dot else token
        elif not is_dot:
            return
        is_open = is_dot


def names_at(tokens: list[Token], script: Script) -> tuple[str, ...]:
    """The parts of the dotted name at the head of the tokens, as the platform stores them."""
    fold = script.rules.table
    return tuple(
        fold(token.text, token.token_type is TokenType.IDENTIFIER) if token else ""
        for token in name_tokens(tokens)
    )


def table_at(tokens: list[Token], script: Script) -> Table:
    """The table of the dotted name at the head of the tokens."""
    return qualified(names_at(tokens, script), script.run())

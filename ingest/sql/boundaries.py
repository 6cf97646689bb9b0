"""Where one statement ends and the next begins, with semicolons and, in T-SQL, without."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import Token, TokenType

from ingest.sql.tokens import DEEPER, word, words

_SEMICOLON, _CASE, _END = TokenType.SEMICOLON, TokenType.CASE, TokenType.END
_DML = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"})
_STARTERS = _DML | words(
    """TRUNCATE DROP ALTER CREATE DECLARE EXEC EXECUTE IF WHILE BEGIN END PRINT RETURN THROW WITH
    SET RAISERROR COMMIT ROLLBACK USE GO FETCH OPEN CLOSE DEALLOCATE BREAK CONTINUE GOTO ELSE"""
)
# a word after one of these goes on with the same statement
_JOINTS = words(
    """THEN ON FOR AFTER OF OR , NOT ( UNION ALL EXCEPT INTERSECT AS TABLE VIEW = ROWS ROW WITH
    PROCEDURE PROC INSTEAD BEFORE"""
)
# words that begin a statement of their own, and that a statement of this kind has inside
_WITHIN = {
    "INSERT": {"EXEC", "EXECUTE"},
    "BULK": {"INSERT"},
    "GRANT": _DML | {"EXECUTE", "ALTER"},
    "REVOKE": _DML | {"EXECUTE", "ALTER"},
    "DENY": _DML | {"EXECUTE", "ALTER"},
}
# what must follow one of these for it to be no part of the ALTER in front of it
_OBJECTS = words(
    """TABLE VIEW PROCEDURE PROC FUNCTION TRIGGER SCHEMA DATABASE ROLE USER SEQUENCE SYNONYM TYPE
    LOGIN AUTHORIZATION"""
)
_DROPPED = _OBJECTS | {"COLUMN", "CONSTRAINT", "INDEX"}
_ALTERED = {
    "ALTER": _OBJECTS | {"INDEX"},
    "DROP": _OBJECTS,
    "SET": words("""NOCOUNT XACT_ABORT ANSI_NULLS QUOTED_IDENTIFIER ANSI_PADDING ANSI_WARNINGS
    ARITHABORT CONCAT_NULL_YIELDS_NULL NUMERIC_ROUNDABORT IDENTITY_INSERT LOCK_TIMEOUT"""),
}


def parts(tokens: list[Token], bare: bool) -> Iterator[list[Token]]:
    """Token lists between semicolons; `bare`: also between statements without any."""
    part: list[Token] = []
    depth = cases = 0
    for i, token in enumerate(tokens):
        kind = token.token_type
        if kind is _SEMICOLON and depth <= 0:
            if part:
                yield part
            part, cases, depth = [], 0, 0
            continue
        if bare and depth == 0 and not cases and part and _begins(part, tokens, i):
            yield part
            part = []
        depth += DEEPER.get(kind, 0)
        if bare and kind is _CASE:
            cases += 1
        elif cases and kind is _END:
            cases -= 1
        part.append(token)
    if part:
        yield part


def _begins(part: list[Token], tokens: list[Token], i: int) -> bool:
    """Whether a statement begins at a token although no semicolon ended the one before."""
    text = word(tokens, i)
    if text not in _STARTERS:
        return False
    first, before = word(part, 0), word(part, len(part) - 1)
    if before in _JOINTS and not (first == "SET" and before == "ON"):  # SET NOCOUNT ON
        return before == "AS" and first in {"CREATE", "ALTER"} and _is_header(part)
    if first == "ALTER" and text in _ALTERED:
        return word(tokens, i + 1) in _ALTERED[text]
    if text == "IF":  # DROP COLUMN IF EXISTS
        return not (first in {"ALTER", "DROP", "CREATE"} and before in _DROPPED)
    if text in _WITHIN.get(first, ()):
        return False
    if text == "SELECT":
        return not _awaits_query(part)
    if text == "WITH":
        return _is_cte(tokens, i)
    if text == "SET":
        return not _awaits_set(part, before)
    if first == "WITH" and text in _DML:
        return bool(_DML & _top_words(part))
    return True


def _is_header(part: list[Token]) -> bool:
    return bool({"PROCEDURE", "PROC", "TRIGGER", "FUNCTION"} & {word(part, i) for i in range(5)})


def _awaits_query(part: list[Token]) -> bool:
    """Whether the statement so far still needs its SELECT."""
    top = _top_words(part)
    if word(part, 0) == "INSERT" or "INSERT" in top:
        return not {"SELECT", "VALUES", "EXEC", "EXECUTE", "DEFAULT"} & top
    return word(part, 0) == "WITH" and not _DML & top


def _awaits_set(part: list[Token], before: str) -> bool:
    top = _top_words(part)
    return before == "UPDATE" or ("UPDATE" in top and "SET" not in top)


def _is_cte(tokens: list[Token], i: int) -> bool:
    """WITH name AS (, WITH name (columns) AS; not WITH (NOLOCK), WITH SCHEMABINDING AS SELECT."""
    following = word(tokens, i + 2)
    is_named = following == "(" or (following == "AS" and word(tokens, i + 3) == "(")
    return is_named and word(tokens, i + 1) not in {"(", "EXECUTE", "EXEC"}


def _top_words(part: list[Token]) -> set[str]:
    """The words outside all parentheses."""
    depth, found = 0, set()
    for i, token in enumerate(part):
        depth += DEEPER.get(token.token_type, 0)
        if depth == 0:
            found.add(word(part, i))
    return found

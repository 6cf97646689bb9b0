"""What a parser has no grammar for, cut out of a statement's tokens."""

from __future__ import annotations

from sqlglot import Token, TokenType

from ingest.sql.tokens import DEEPER, word

_DML = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "WITH"})
_AFTER_OUTPUT = frozenset({"FROM", "WHERE", "VALUES", "SELECT", "WHEN", "EXEC", "EXECUTE"})
_QUERY = frozenset({"SELECT", "WITH", "("})
# The words in front of TABLE or VIEW that every dialect knows, and those that say something.
_HEAD = frozenset({"CREATE", "OR", "REPLACE", "TEMP", "TEMPORARY", "GLOBAL", "MATERIALIZED"})


def trimmed(tokens: list[Token]) -> list[Token]:
    """The tokens without what only some platforms say, and in the order that the others have.

    T-SQL's `OUTPUT … INTO …`, Oracle's `DELETE WHERE` in MERGE, Teradata's FROM before SET, the
    options between what is created or written and its query.
    """
    if (clause := output_into(tokens)) is not None:
        start, _, end = clause
        tokens = [*tokens[:start], *tokens[end:]]
    trim = _TRIMS.get(word(tokens, 0))
    return trim(tokens) if trim else tokens


def without_top(tokens: list[Token]) -> list[Token]:
    """The tokens without T-SQL's `TOP (n)` of a DELETE, UPDATE or INSERT."""
    if word(tokens, 0) not in _DML or word(tokens, 1) != "TOP" or word(tokens, 2) != "(":
        return tokens
    end = closing(tokens, 2) + 1
    return [tokens[0], *tokens[end + (word(tokens, end) == "PERCENT") :]]


def output_into(tokens: list[Token]) -> tuple[int, int, int] | None:
    """Where T-SQL's `OUTPUT … INTO table (columns)` begins, has its INTO, and ends."""
    if word(tokens, 0) not in _DML:
        return None
    start = _at_top(tokens, {"OUTPUT"})
    into = _at_top(tokens, _AFTER_OUTPUT | {"INTO"}, start + 1)
    if word(tokens, into) != "INTO":
        return None
    end = into + 2
    while end < len(tokens) and TokenType.DOT in (
        tokens[end].token_type,
        tokens[end - 1].token_type,
    ):
        end += 1
    if word(tokens, end) == "(":
        end = closing(tokens, end) + 1
    return start, into, end


def closing(tokens: list[Token], start: int) -> int:
    """Where the parenthesis at a place is closed; the end when it is not."""
    depth = 0
    for i in range(start, len(tokens)):
        depth += DEEPER.get(tokens[i].token_type, 0)
        if depth == 0:
            return i
    return len(tokens)


def _at_top(tokens: list[Token], wanted: frozenset[str] | set[str], start: int = 0) -> int:
    """Where, outside parentheses, the first of these words stands; the end when none does."""
    i = start
    while i < len(tokens):
        text = word(tokens, i)
        if text in wanted:
            return i
        i = closing(tokens, i) + 1 if text == "(" else i + 1
    return i


def _without_delete(tokens: list[Token]) -> list[Token]:
    """Oracle's `UPDATE SET … DELETE WHERE x`, as `UPDATE SET … WHERE x`: its columns stay."""
    return [
        token
        for i, token in enumerate(tokens)
        if not (word(tokens, i) == "DELETE" and word(tokens, i + 1) == "WHERE")
    ]


def _without_options(tokens: list[Token]) -> list[Token]:
    """`CREATE … VIEW name (columns) AS SELECT …`, whatever stood between name and AS."""
    kind = _at_top(tokens, {"TABLE", "VIEW"})
    if (clone := _at_top(tokens, {"CLONE"}, kind)) < len(tokens):
        return _plain_clone(tokens, kind, clone)
    query = _at_top(tokens, {"AS"}, kind)
    while query < len(tokens) and word(tokens, query + 1) not in _QUERY:
        query = _at_top(tokens, {"AS"}, query + 1)
    if query >= len(tokens):
        return _without_partitions(tokens)
    end = kind + 1
    end += 3 * (word(tokens, end) == "IF") + 1
    while TokenType.DOT in (tokens[end].token_type, tokens[end - 1].token_type):
        end += 1
    if word(tokens, end) == "(":
        end = closing(tokens, end) + 1
    # WITH NO DATA, WITH READ ONLY, WITH CHECK OPTION say nothing of lineage.
    last = len(tokens) - 3 if word(tokens, len(tokens) - 3) == "WITH" else len(tokens)
    return [*_plain_head(tokens[:kind]), *tokens[kind:end], *tokens[query:last]]


def _without_partitions(tokens: list[Token]) -> list[Token]:
    """BigQuery's external tables without `WITH PARTITION COLUMNS (…)` and `WITH CONNECTION x`."""
    for clause in ("PARTITION", "CONNECTION"):
        start = _at_top(tokens, {clause}) - 1
        if start + 1 < len(tokens) and word(tokens, start) == "WITH":
            end = _at_top(tokens, {"WITH", "OPTIONS"}, start + 1)
            tokens = [*tokens[:start], *tokens[end:]]
    return tokens


def _plain_head(head: list[Token]) -> list[Token]:
    return [token for i, token in enumerate(head) if word(head, i) in _HEAD]


def _plain_clone(tokens: list[Token], kind: int, clone: int) -> list[Token]:
    """`CREATE TABLE name CLONE source`, be it a snapshot, deep or shallow, now or as of a time."""
    end = clone - (word(tokens, clone - 1) in {"DEEP", "SHALLOW"})
    last = clone + 2
    while last < len(tokens) and TokenType.DOT in (
        tokens[last].token_type,
        tokens[last - 1].token_type,
    ):
        last += 1
    return [*_plain_head(tokens[:kind]), *tokens[kind:end], *tokens[clone:last]]


def _without_errors(tokens: list[Token]) -> list[Token]:
    """Oracle's INSERT without `LOG ERRORS INTO …`; `INSERT OVERWRITE DIRECTORY` without format."""
    for i in range(len(tokens)):
        if word(tokens, i) == "LOG" and word(tokens, i + 1) == "ERRORS":
            return tokens[:i]
    return _without_format(tokens)


def _without_evolution(tokens: list[Token]) -> list[Token]:
    """MERGE without Databricks' `WITH SCHEMA EVOLUTION` and Oracle's `DELETE WHERE`."""
    evolves = word(tokens, 1) == "WITH" and word(tokens, 2) == "SCHEMA"
    return _without_delete([tokens[0], *tokens[4:]] if evolves else tokens)


def _without_position(tokens: list[Token]) -> list[Token]:
    """Databricks' COPY INTO without `BY POSITION`."""
    by = _at_top(tokens, {"BY"})
    return [*tokens[:by], *tokens[by + 2 :]] if word(tokens, by + 1) == "POSITION" else tokens


def _with_set_first(tokens: list[Token]) -> list[Token]:
    """Teradata's `UPDATE t FROM s SET … WHERE …` as `UPDATE t SET … FROM s WHERE …`."""
    source, set_ = _at_top(tokens, {"FROM"}), _at_top(tokens, {"SET"})
    where = _at_top(tokens, {"WHERE"}, set_)
    if not source < set_:
        return tokens
    return [*tokens[:source], *tokens[set_:where], *tokens[source:set_], *tokens[where:]]


def _without_format(tokens: list[Token]) -> list[Token]:
    """`INSERT OVERWRITE DIRECTORY 'path' SELECT …` without the format in between."""
    directory, query = _at_top(tokens, {"DIRECTORY"}), _at_top(tokens, {"SELECT", "WITH"})
    return [*tokens[: directory + 2], *tokens[query:]] if directory < query else tokens


_TRIMS = {
    "MERGE": _without_evolution,
    "COPY": _without_position,
    "CREATE": _without_options,
    "UPDATE": _with_set_first,
    "INSERT": _without_errors,
}

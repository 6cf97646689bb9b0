"""A text of SQL, of any number of statements, into what each of them does."""

from __future__ import annotations

from sqlglot import Token, exp
from sqlglot.errors import ParseError, TokenError

from ingest.sql import fallback
from ingest.sql.catalog import Catalog
from ingest.sql.commands import handled
from ingest.sql.dialects import Rules, rules
from ingest.sql.records import Analysis, Context, Statement
from ingest.sql.run import TooCostlyError
from ingest.sql.script import Script
from ingest.sql.splitting import Piece, pieces
from ingest.sql.statements import statement_of
from ingest.sql.templates import repaired, without_templates
from ingest.sql.tokens import deepest, is_truncated, with_whole_numbers
from ingest.sql.trims import output_into, trimmed, without_top

# Parentheses and brackets that the parser is asked to follow; beyond, its own stack is at risk.
MAX_DEPTH = 200
# Dialects asked, in turn, about a statement that its own dialect has no grammar for.
_SECOND_OPINIONS = ("databricks", "postgres", "mysql", "snowflake", "tsql")


def analyse(sql: str, dialect: str, context: Context, catalog: Catalog) -> Analysis:
    """What a text of SQL does, statement by statement, in one name context.

    Never raises for what a text says: what is not understood is in `error` and in the statements'
    `parse` and `notes`.
    """
    script = Script(rules(dialect), context, catalog, _analyse_text)
    script.run_text(without_templates(sql))
    errors = dict.fromkeys(script.errors)
    return Analysis(tuple(script.statements), script.context, "; ".join(errors))


def single(sql: str, dialect: str) -> list[str]:
    """The statements of a text as they are written, without what only controls them.

    The text itself, where it cannot be read.
    """
    try:
        tokens = rules(dialect).dialect.tokenize(sql)
    except TokenError:
        return [sql]
    found = list(pieces(tokens, sql, rules(dialect), set()))
    return [piece.text for piece in found if piece.kind in ("statement", "command")]


def _analyse_text(sql: str, script: Script) -> None:
    """Adds the statements of a text to a script."""
    try:
        tokens = script.rules.tokenize(sql)
    except TokenError as error:
        _fall_back(sql, f"truncated: {_first_line(error)}", script)
        return
    if "0x" in sql:
        tokens = with_whole_numbers(tokens)
    for piece in pieces(tokens, sql, script.rules, script.variables):
        _analyse_piece(piece, script)


def _analyse_piece(piece: Piece, script: Script) -> None:
    try:
        if not handled(piece, script):
            _analyse_statement(piece, script)
    except ParseError as error:
        reason = "truncated" if is_truncated(piece.tokens) else "unparsable"
        _fall_back(piece.text, f"{reason}: {_first_line(error)}", script)
    except RecursionError:
        _fall_back(piece.text, "too deeply nested", script)
    except TooCostlyError:
        _fall_back(piece.text, "too costly", script)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # A tree of a shape that nobody foresaw must cost one statement, not an import.
        reason = f"unforeseen: {type(error).__name__}: {_first_line(error)}"
        _fall_back(piece.text, reason, script)


def _analyse_statement(piece: Piece, script: Script) -> None:
    if piece.kind == "command":
        script.add(fallback.scan(piece.text, script.run(), f"unsupported: {piece.word(0)}"))
    elif _is_too_deep(piece):
        _fall_back(piece.text, "too deeply nested", script)
    else:
        if script.rules.bare_statements:
            piece.tokens = without_top(piece.tokens)
        for tree in _parsed(piece, script):
            script.add(_statement(tree, piece, script))
            _let_go(tree)
        if script.rules.bare_statements and script.statements:
            _log_output(piece, script)


def _is_too_deep(piece: Piece) -> bool:
    text = piece.text
    opened = text.count("(") + text.count("[")
    return opened > MAX_DEPTH and deepest(piece.tokens) > MAX_DEPTH


def _log_output(piece: Piece, script: Script) -> None:
    """T-SQL's OUTPUT … INTO: an INSERT of what the statement before has changed."""
    clause = output_into(piece.tokens)
    writes = script.statements[-1].writes
    if clause is not None and writes:
        start, into, end = clause
        rows = f"FROM {writes[0]} AS inserted, {writes[0]} AS deleted"
        columns = piece.after(start + 1, into)
        script.run_text(f"INSERT {piece.after(into, end)} SELECT {columns} {rows}")


def _fall_back(sql: str, reason: str, script: Script) -> None:
    script.errors.append(reason)
    script.add(fallback.scan(sql, script.run(), reason))


def _statement(node: exp.Expr, piece: Piece, script: Script) -> Statement:
    if isinstance(node, exp.Command):
        return fallback.scan(piece.text, script.run(), f"unsupported: {node.name.upper()}")
    return statement_of(node, script.run(), piece.inside)


def _let_go(tree: exp.Expr) -> None:
    """Makes a tree vanish with its last reference.

    A node and its parent hold each other, and the collection of such cycles takes twice as long.
    """
    for node in tree.walk():
        node.parent = None


def _parsed(piece: Piece, script: Script) -> list[exp.Expr]:
    """The trees of a statement; when its own dialect fails, those of a kindred one that does not.

    Raises:
        ParseError: of its own dialect, when no dialect has a grammar for it.
    """
    nodes: list[exp.Expr] = []
    failure: ParseError | None = None
    try:
        nodes = script.rules.parse(piece.tokens, piece.sql)
        if not _is_given_up(nodes):
            return nodes
    except ParseError as error:
        failure = error
    if failure is None or not is_truncated(piece.tokens):
        tokens, text = trimmed(piece.tokens), repaired(piece.text)
        own, others = script.rules, [rules(name) for name in _SECOND_OPINIONS]
        if found := _opinion(tokens, piece.sql, own) or _reread(text, own):
            return found
        for other in others:
            if found := _opinion(tokens, piece.sql, other):
                return found
        for other in others:
            if found := _reread(text, other):
                return found
    if failure is not None:
        raise failure
    return nodes


def _reread(sql: str, rules: Rules) -> list[exp.Expr]:
    try:
        return _opinion(rules.tokenize(sql), sql, rules)
    except TokenError:
        return []


def _opinion(tokens: list[Token], sql: str, rules: Rules) -> list[exp.Expr]:
    try:
        nodes = rules.parse(tokens, sql)
    except ParseError:
        return []
    return [] if _is_given_up(nodes) else nodes


def _is_given_up(nodes: list[exp.Expr]) -> bool:
    return any(isinstance(node, exp.Command) for node in nodes)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]

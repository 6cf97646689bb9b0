"""Scripts and procedures into single statements: what `;`, BEGIN, IF and LOOP put together."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Literal

import msgspec
from sqlglot import Token, TokenType

from ingest.sql.boundaries import parts
from ingest.sql.dialects import Rules
from ingest.sql.tokens import DEEPER, word, words

_DROPPED = frozenset({"LOOP", "ELSE", "EXCEPTION", "REPEAT", "DO", "THEN", "TRY"})
_BLOCKS = frozenset({"TRY", "CATCH", "ATOMIC"})
_ENDED = _BLOCKS | {"IF", "LOOP", "WHILE", "FOR", "CASE", "REPEAT", "TRANSACTION", "TRAN", "WORK"}
_TRANSACTIONS = frozenset({"TRANSACTION", "TRAN", "WORK", ""})
_ROUTINES = frozenset({"PROCEDURE", "PROC", "FUNCTION", "TRIGGER", "PACKAGE", "EVENT", "RULE"})
_NO_BODIES = frozenset({"CALLER", "OWNER", "SELF", "ON"})
_BODIES = frozenset({"BEGIN", "DECLARE", "WHEN", "EXECUTE", "FOLLOWS", "PRECEDES", "REFERENCING"})
# what ends the condition that each of them begins
_GUARDS = {
    "IF": {"THEN"},
    "ELSEIF": {"THEN"},
    "ELSIF": {"THEN"},
    "WHEN": {"THEN"},
    "WHILE": {"DO", "LOOP"},
    "FOR": {"DO", "LOOP"},
    "UNTIL": {"END"},
}
# what stands in front of BEGIN and declares no variable
_NO_VARIABLE = frozenset({"CURSOR", "TYPE", "SUBTYPE", "PRAGMA", "PROCEDURE", "FUNCTION", ""})
_GUARDED = words(
    """INSERT UPDATE DELETE MERGE TRUNCATE DROP ALTER CREATE DECLARE EXEC EXECUTE BEGIN PRINT
    RETURN THROW SELECT WITH SET RAISERROR BREAK CONTINUE GOTO"""
)


class Piece(msgspec.Struct):
    """One statement's tokens in the text they come from.

    kind: a condition is the expression of an IF or a loop; a declaration names a variable; a body
    is the text of a routine that was given as a string; a command is what the parser has no grammar
    for.
    inside: it stands in a block, where SELECT INTO fills variables.
    row: the variable that holds each row of the query or cursor that a loop goes over.
    """

    tokens: list[Token]
    sql: str
    kind: Literal["statement", "condition", "declaration", "body", "command"] = "statement"
    inside: bool = False
    row: str = ""

    @property
    def text(self) -> str:
        """The statement as it was written."""
        return self.after(0)

    def after(self, start: int, end: int | None = None) -> str:
        """The text from a token up to another, or to the last."""
        tokens = self.tokens[start:end]
        return self.sql[tokens[0].start : tokens[-1].end + 1] if tokens else ""

    def word(self, i: int) -> str:
        """A token's text in capitals; empty beyond the end or when quoted."""
        return word(self.tokens, i)

    def find(self, *words: str) -> int | None:
        """Where the first of these words stands."""
        text = self.text.upper()
        if not any(word in text for word in words):
            return None
        return next((i for i in range(len(self.tokens)) if self.word(i) in words), None)


def pieces(tokens: list[Token], sql: str, rules: Rules, variables: set[str]) -> Iterator[Piece]:
    """The statements of a token list; the names of the variables declared on the way are added."""
    reader = _Reader(sql, rules, variables)
    is_one = ";" not in sql and not rules.bare_statements
    for part in [tokens] if is_one else parts(tokens, rules.bare_statements):
        yield from reader.unwrapped(part)


# yields statements and returns the tokens that are left
_Unwrapping = Generator[Piece, None, list[Token]]


class _Reader:
    """Takes control words off: `IF x THEN INSERT …` gives the condition and the INSERT."""

    def __init__(self, sql: str, rules: Rules, variables: set[str]) -> None:
        self.sql = sql
        self.rules = rules
        self.variables = variables
        self.inside = rules.name == "oracle" or bool(variables)
        self.declaring = False
        self.command: Token | None = None

    def unwrapped(self, part: list[Token]) -> Iterator[Piece]:
        """The statements, conditions and bodies within the tokens between two semicolons."""
        while part:
            if self._is_raw(part):
                yield from self._reread(part)
                return
            first, second = word(part, 0), word(part, 1)
            if is_routine(part):
                part = yield from self._routine(part)
            elif first == "BEGIN" and second not in _TRANSACTIONS:
                self._enter()
                part = part[1 + (second in _BLOCKS) :]
            elif first in {"BEGIN", "END"}:
                part = _after_end(part[1 + (second in _ENDED) :])
            elif first in _DROPPED and not (first == "DO" and _is_text(part, 1)):
                part = part[1:]
            elif first in _GUARDS:
                part = yield from self._guard(part)
            elif first == "FORALL":
                self.variables.add(second.lower())
                part = part[_guard_end(part, set(), _GUARDED) :]
            else:
                yield self._statement(part)
                return

    def _enter(self, declaring: bool = False) -> None:
        self.inside |= not self.rules.bare_statements
        self.declaring = declaring and not self.rules.bare_statements

    def _statement(self, part: list[Token]) -> Piece:
        first = word(part, 0)
        if first == "DECLARE":
            self._enter(declaring=True)
        if first in {"DECLARE", "LET"}:
            self.variables.add(word(part, 1).lower())
        elif self.declaring and first not in _GUARDED | _NO_VARIABLE:
            self.variables.add(first.lower())
            return Piece(part, self.sql, "declaration", self.inside)
        is_command = part[0] is self.command
        return Piece(part, self.sql, "command" if is_command else "statement", self.inside)

    def _guard(self, part: list[Token]) -> _Unwrapping:
        first = word(part, 0)
        end = _guard_end(part, _GUARDS[first], set() if first == "FOR" else _GUARDED)
        condition, row = part[1:end], ""
        if first == "FOR":
            row = word(part, 1).lower()
            self.variables.add(row)
            at = next((i for i in range(end) if word(part, i) == "IN"), end)
            condition = part[at + 1 : end]
        if condition:
            yield Piece(condition, self.sql, "condition", self.inside, row)
        return part[end + (word(part, end) in _GUARDS[first]) :]

    def _routine(self, part: list[Token]) -> _Unwrapping:
        """The body of a routine: the tokens after its header, or a string to read apart."""
        self._enter(declaring=True)
        header = _header(part)
        self.variables.update(_parameters(part[:header]))
        if self.rules.bare_statements and "TRIGGER" in {word(part, i) for i in range(4)}:
            self.variables.update(("inserted", "deleted"))
        if _is_foreign(part):
            return []
        if header < len(part) and word(part, header) == "" and part[header].text not in {"(", "["}:
            yield Piece(part[header : header + 1], self.sql, "body", self.inside)
            return []
        return part[header:]

    def _is_raw(self, part: list[Token]) -> bool:
        """Whether the tokeniser has put the rest of a command, unread, into one string."""
        if len(part) != 2 or part[1].token_type is not TokenType.STRING:
            return False
        rest = self.sql[part[0].end + 1 : part[1].end + 1].lstrip()
        return rest.startswith(part[1].text)

    def _reread(self, part: list[Token]) -> Iterator[Piece]:
        """The statements in a command that the tokeniser left unread."""
        text = self.sql[part[0].start : part[1].end + 1]
        first = part[0].text
        tokens = self.rules.tokenize("_" * len(first) + text[len(first) :])
        tokens[0] = Token(TokenType.VAR, first, start=0, end=len(first) - 1)
        reader = _Reader(text, self.rules, self.variables)
        reader.inside, reader.command = self.inside, tokens[0]
        yield from reader.unwrapped(tokens)
        self.inside, self.declaring = reader.inside, reader.declaring


def is_routine(part: list[Token]) -> bool:
    """Whether tokens begin with CREATE PROCEDURE and the like, or one of a package's routines."""
    if word(part, 0) in {"PROCEDURE", "FUNCTION"}:
        return True
    if word(part, 0) not in {"CREATE", "ALTER"}:
        return False
    for i in range(1, min(len(part), 7)):
        if word(part, i) in _ROUTINES:
            return True
        if word(part, i) in {"VIEW", "AS"} or part[i].text == "(":
            return False
    return False


def _is_text(part: list[Token], i: int) -> bool:
    return i < len(part) and word(part, i) == ""


def _after_end(rest: list[Token]) -> list[Token]:
    """What follows END: a statement, or only the name of the block."""
    return rest if word(rest, 0) in _GUARDED | _ENDED | {"ELSE", "END"} else []


def _guard_end(part: list[Token], closers: set[str], openers: frozenset[str] | set[str]) -> int:
    """Where a condition ends: at its THEN, or in T-SQL where the guarded statement begins."""
    depth = cases = 0
    for i in range(1, len(part)):
        text = word(part, i)
        depth += DEEPER.get(part[i].token_type, 0)
        if depth == 0 and not cases and (text in closers or text in openers):
            return i
        cases += (text == "CASE") - (text == "END" and cases > 0)
    return len(part)


def _header(part: list[Token]) -> int:
    """Where a routine's body begins: after AS or IS, at BEGIN, or at its text."""
    depth = 0
    for i, token in enumerate(part):
        depth += DEEPER.get(token.token_type, 0)
        if depth:
            continue
        if word(part, i) == "BEGIN":
            return i
        if word(part, i) in {"AS", "IS"} and word(part, i + 1) not in _NO_BODIES:
            return i + 1
        if word(part, i - 1) == "EACH" and word(part, i + 1) not in _BODIES:
            return i + 1
        if word(part, i) == "DO":
            return i + 1 + (word(part, i + 1) in {"ALSO", "INSTEAD"})
    return len(part)


def _is_foreign(part: list[Token]) -> bool:
    """Whether the body is in a language other than SQL."""
    at = next((i for i in range(len(part)) if word(part, i) == "LANGUAGE"), len(part))
    return at + 1 < len(part) and part[at + 1].text.upper() not in {"SQL", "PLPGSQL"}


def _parameters(header: list[Token]) -> Iterator[str]:
    """The names in a routine's parameter list: the first word after `(` and after each comma."""
    for i, token in enumerate(header[:-1]):
        if token.text in {"(", ","}:
            skip = word(header, i + 1) in {"IN", "OUT", "INOUT"}
            yield word(header, i + 1 + skip).lower()

"""Where in a statement a literal stands, and so whether it names something or is a value."""

from __future__ import annotations

import re
from collections.abc import Collection

from ingest.masking import literals
from ingest.masking.lexer import Lexis

_STRING_PREFIX = re.compile(r"(?<![\w$])(?:[eEnNxXbBrR]|[rR][bB]|[bB][rR]|[uU]&|_[a-z]\w*)$")
_JSON_PATH = re.compile(r"['\"](?:(?:lax|strict) )?\$[.\[]")
_OPTION = re.compile(
    r"\b(?:location|external_location|url|uri|path|directory|storage_\w+|data_source)\s*=$",
    re.IGNORECASE,
)
_NEXT_COLUMN = re.compile(r"\s*(?:,|from\b)", re.IGNORECASE)
_ARRAY = re.compile(r"(?:\barray|\bin)\s*\[$", re.IGNORECASE)
# The pattern behind it says which columns a star means: no value is multiplied by LIKE.
_STAR_LIKE = re.compile(r"\*\s+(?:not\s+)?(?:i?like|glob|similar\s+to)$", re.IGNORECASE)
_DASHED = re.compile(r"(\w+)\s+(?:[\w-]*-)$")
_CLAUSES = frozenset({"BY", "SELECT", "FROM", "JOIN", "WHERE", "HAVING", "LIMIT", "VALUES", "SET",
                      "ON", "QUALIFY", "WINDOW", "RETURNING", "INTO", "USING"})  # fmt: skip
# Read backwards, these tell the place: an opened call or group, a closed one, a clause.
_MARK = re.compile(
    rf"\b(distinct\s++on|[^\W\d][\w$]*+)\s*+\(|(,?)\s*+(\()|(\))|\b({'|'.join(sorted(_CLAUSES))})\b",
    re.IGNORECASE,
)
_CONTEXT_WORDS = ("search_path", "current_schema")
_SET_WORDS = (*_CONTEXT_WORDS, "schema", "catalog", "database", "role")
_OPERATORS = frozenset("=><~|+")
_JSON_ARROWS = ("->", "->>", "#>", "#>>")
_NO_SUBSCRIPT = ("", " ", "(", ",")
# Read forwards, these tell what lists the columns that a PIVOT makes.
_PIVOT = re.compile(
    r"\b(?P<pivot>(?:un)?pivot\b(?:\s+(?:in|ex)clude\s+nulls|\s+xml)?\s*(?P<list>\()?)|(?P<open>\()"
    r"|(?P<close>\))|\b(?P<on>on)\b|\b(?P<query>select|from|with|values)\b"
    r"|(?P<end>;|\b(?:using|into|group|order|where|limit|set)\b)",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\{[{%]|[}%]\}")
_IN_OPTIONS = frozenset(
    {"", "FROM", "INTO", "USING", "SET", "(OPTIONS", "(WITH", "(TBLPROPERTIES", "(FILES"}
)
_VALUE_PLACES = frozenset({"(IN", "(VALUES", "VALUES", "("})


def last_word(text: str) -> str:
    """The word at the end of a text, upper-case; empty when it ends otherwise."""
    words = text[-48:].split()
    word = words[-1].rpartition("(")[2].rpartition(",")[2] if words else ""
    return word.upper() if word.isidentifier() else ""


def without_prefix(left: str) -> str:
    """The text in front of a string without the letters that belong to it: E'x', N'x', U&'x'."""
    return _STRING_PREFIX.sub("", left)


class Surroundings:
    """The places of the literals of one statement: plain text at even indexes, tokens at odd.

    statement: its first word, upper-case. kept: the tokens that stay, whatever they are.
    """

    def __init__(self, parts: list[str], lex: Lexis) -> None:
        self._parts = parts
        self._lex = lex
        self._last = (-2, "")  # the latest answer of `place`, and for which token
        self.statement = _first_word(parts)
        self._places_data = self.statement in literals.PLACING
        self.kept = _kept(parts, self.statement)

    def names(self, i: int, token: str) -> bool:
        """Whether the string names or places something, and is not a value."""
        left = self._parts[i - 1]
        if left[-1:].isalnum() or left[-1:] == "&":
            left = without_prefix(left)
        tail = left.rstrip()
        last = tail[-1:]
        if i in self.kept:
            return True
        if last in _OPERATORS:
            return self._operand_names(i, tail, token)
        if last == "(" or last == ",":
            return self._argument_names(i, token)
        if last == "[":
            if tail[-2:-1] in _NO_SUBSCRIPT:
                return self._argument_names(i, token)
            return not _ARRAY.search(tail)
        if last == ":":
            return self._lex.colon_paths and tail[-2:-1] not in (":", "")
        if last == ".":
            return True
        return self._follower_names(i, tail, token)

    def place(self, i: int) -> str:
        """What the token is in: `(` and a function, `(` alone in a tuple, else the clause."""
        left = self._parts[i - 1].rstrip()
        if left[-1:] == "(":
            function = last_word(left[:-1].rstrip())
            if function and function != "ON":  # DISTINCT ON (…) or a join's condition
                return self._answer(i, f"({function}")
        elif left == "," and self._last[0] == i - 2:
            return self._answer(i, self._last[1])
        return self._answer(i, self._outward(i))

    def is_code(self, i: int) -> bool:
        """Whether the dollar-quoted text is the body of a procedure or other SQL."""
        word = last_word(self._parts[i - 1].rstrip())
        if word in literals.BEFORE_A_NAME or self.statement == "DO":
            return True
        return self.statement == "UNLOAD" and self.place(i) == "(UNLOAD"

    def in_dashed_name(self, i: int) -> bool:
        """Whether the digits belong to an unquoted name of a table such as `my-project-1.x.y`."""
        found = _DASHED.search(self._parts[i - 1])
        if found:
            return found.group(1).upper() in literals.BEFORE_A_TABLE
        return self._parts[i - 1] == "-" and i > 2 and self.in_dashed_name(i - 2)

    def _answer(self, i: int, place: str) -> str:
        self._last = (i, place)
        return place

    def _outward(self, i: int, *, calls_only: bool = False) -> str:
        depth = 0
        for j in range(i - 1, -1, -2):
            for function, comma, opens, closes, clause in reversed(_MARK.findall(self._parts[j])):
                if closes:
                    depth += 1
                elif depth:
                    depth -= 1 if function or opens else 0
                    # GROUP BY (a), 2: what looks like a call is a clause.
                    if not depth and not calls_only and function.upper() in _CLAUSES:
                        return str(function).upper()
                elif function or comma:
                    return f"({' '.join(function.upper().split())}"
                elif clause and not calls_only:
                    return str(clause).upper()
            if depth == 0 and self._last[0] == j - 1 and not calls_only:
                return self._last[1]
        return ""

    def _operand_names(self, i: int, tail: str, token: str) -> bool:
        if tail.endswith(_JSON_ARROWS):
            return True
        if tail.endswith("=>"):
            return last_word(tail[:-2].rstrip()) in literals.NAMED_ARGUMENTS
        if not self._places_data or tail[-1] != "=":
            return False
        places = _OPTION.search(tail) is not None or _is_path(token)
        return places and self.place(i) in _IN_OPTIONS

    def _argument_names(self, i: int, token: str) -> bool:
        place = self.place(i)
        if place[:1] == "(" and literals.takes_names(place[1:]):
            placing = literals.PLACING_ARGUMENTS.get(place[1:])
            return placing is None or self._argument(i) in placing
        if place in ("FROM", "JOIN"):
            return True
        if place in _VALUE_PLACES:
            return False
        return _is_path(token) or _JSON_PATH.match(token) is not None

    def _argument(self, i: int) -> int:
        """How many arguments of the call stand in front of the token."""
        depth = commas = 0
        for j in range(i - 1, -1, -2):
            for sign in reversed(self._parts[j]):
                depth += (sign == ")") - (sign == "(")
                if depth < 0:
                    return commas
                commas += sign == "," and not depth
        return commas

    def _follower_names(self, i: int, tail: str, token: str) -> bool:
        word = last_word(tail)
        if word in literals.BEFORE_A_NAME or _STAR_LIKE.search(tail):
            return True
        if word in literals.BEFORE_A_VALUE:
            return False
        if word in literals.BEFORE_A_FILE:
            if self._places_data or self.statement == "PREPARE":
                return True
            return word != "TO" and not self._is_taken_from(i, tail)
        if _is_path(token) or _JSON_PATH.match(token):
            return True
        if not self._lex.string_aliases or not tail or not _NEXT_COLUMN.match(self._parts[i + 1]):
            return False
        return self.place(i) == "SELECT"

    def _is_taken_from(self, i: int, tail: str) -> bool:
        """Whether the FROM in front is no clause: EXTRACT(DAY FROM …), IS DISTINCT FROM …."""
        if last_word(tail[:-4].rstrip()) == "DISTINCT":
            return True
        return self._outward(i, calls_only=True)[1:] in literals.TAKE_FROM


def _first_word(parts: list[str]) -> str:
    for part in parts[::2]:
        words = part.split(None, 1)
        if words:
            return words[0].lstrip("(").upper()
    return ""


def _kept(parts: list[str], statement: str) -> Collection[int]:
    """The tokens of a statement that only says what names mean, in PIVOT lists, in templates."""
    if statement == "USE":
        return range(len(parts))
    plain = "".join(parts[::2])
    if statement == "SET" or statement == "ALTER":
        words = _SET_WORDS if statement == "SET" else _CONTEXT_WORDS
        if any(word in plain.lower() for word in words):
            return range(len(parts))
    kept: set[int] = set()
    if "PIVOT" in plain or "pivot" in plain or "Pivot" in plain:
        kept |= _pivoted(parts)
    if "{{" in plain or "{%" in plain:
        kept |= _templated(parts)
    return kept


def _pivoted(parts: list[str]) -> set[int]:
    """The tokens in the list of a PIVOT or UNPIVOT: in its parentheses, or behind its ON."""
    kept: set[int] = set()
    frames = [""]  # what each open parenthesis is: a list, a PIVOT that waits for ON, or neither
    for j in range(0, len(parts), 2):
        for found in _PIVOT.finditer(parts[j]):
            kind = found.lastgroup
            if found["pivot"]:
                frames[-1] = "waits"
                frames += ["list"] if found["list"] else []
            elif kind == "open":
                frames.append("list" if frames[-1] == "list" else "")
            elif kind == "close" and len(frames) > 1:
                if frames.pop() == "list" and frames[-1] == "waits":
                    frames[-1] = ""
            elif kind == "on" and frames[-1] == "waits":
                frames[-1] = "list"
            elif kind in ("query", "end"):
                frames[-1] = ""
        if frames[-1] == "list":
            kept.add(j + 1)
    return kept


def _templated(parts: list[str]) -> set[int]:
    """The tokens inside `{{ … }}` and `{% … %}`: they name tables and choose what is run."""
    kept: set[int] = set()
    inside = False
    for j in range(0, len(parts), 2):
        for mark in _TEMPLATE.findall(parts[j]):
            inside = mark in ("{{", "{%")
        if inside:
            kept.add(j + 1)
    return kept


def _is_path(token: str) -> bool:
    return "://" in token or (token[1:2] in ("@", "/") and len(token) > 3)

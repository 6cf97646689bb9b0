"""Templates: statements equal up to value literals, comments and white space.

The masked text is valid SQL, since it is what the analyser parses: two statements of one template
have equal lineage by construction. Literals are personal data; nothing leaves this module but the
masked text and the comments.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from ingest.masking import literals
from ingest.masking.lexer import Lexis, is_closed, lexis, pieces
from ingest.masking.surroundings import Surroundings, last_word, without_prefix

TRUNCATED = "truncated"

_STRING, _NUMBER, _PARAMETER = "'?'", "0", "$1"
_KEPT = "\0"  # stands beside a token while the text around it is tidied
# Among tokens between NULs: what is certainly no path and neither 0 nor 1, up to its last quote.
_SINGLE_QUOTED, _DOUBLE_QUOTED = (rf"{q}(?!@)[^{q}\\\0/$]*(?={q}\0)" for q in "'\"")
_DECIMAL = r"(?:[2-9]|[0-9]{2,}|[0-9]+\.[0-9]+)(?=\0)"
_VALUES = re.compile(rf"\0(?:{_SINGLE_QUOTED}|{_DECIMAL})")
_VALUES_OR_DOUBLE_QUOTED = re.compile(rf"\0(?:{_SINGLE_QUOTED}|{_DOUBLE_QUOTED}|{_DECIMAL})")
_STAND_IN = re.compile(rf"{_KEPT}([0-9]+){_KEPT}")
_LEFT_OUT = ("", "'", '"')
_PROBE = "97135264801379"  # and the place of the token: stands for any value
_PROBED = re.compile(rf"{_PROBE}([0-9]+)")
_REMEMBERED = 32_000_000  # characters
_IS_NUMBER = re.compile(
    r"[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9]+)?(?:[lLsSyYdDfF]|bd|BD)?|0[xX][0-9a-fA-F]+"
)
_COMPARISONS = frozenset({"=", "<>", "!=", "=="})
_UNEQUAL = {"0": "1", "1": "0"}
_CONSTANTS = frozenset(_UNEQUAL)
_UNARY_AFTER = frozenset("(,=<>+*/%|[")

_ELEMENT = r"(?:'\?'|-?[01]|\?|%s|%\(\w+\)s|\$\d+|[:@]\w+|NULL|null)"
_LIST = re.compile(
    rf"\((?:(?<=\b[iI][nN] \()|(?<=\b[iI][nN]\()|(?<=\b[aA][nN][yY] \()|(?<=\b[aA][nN][yY]\())"
    rf"({_ELEMENT})(?:, {_ELEMENT})+\)"
)
_ARRAY = re.compile(rf"\[({_ELEMENT})(?:, {_ELEMENT})+\]")
_NEIGHBOURS = re.compile(r"'\?'(?: '\?')+")
_SIMPLE = rf"(?:{_ELEMENT}|DEFAULT|default|TRUE|FALSE|true|false|now\(\)|NOW\(\)|CURRENT_TIMESTAMP)"
_SIMPLE_ROW = re.compile(rf"\({_SIMPLE}(?:, {_SIMPLE})*+\)")
_ROW = r"\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\)"
_ROWS = re.compile(rf"\b(values ?|in ?\()({_ROW})((?:, {_ROW})++)", re.IGNORECASE)
_ONE_ROW = re.compile(_ROW)


class Masked(msgspec.Struct, frozen=True):
    """A statement without its values.

    comments: what stood in its comments, in order, without their marks. reason: `truncated` when
    it ends inside a literal, a quoted name or a comment; else empty.
    """

    text: str
    comments: tuple[str, ...] = ()
    reason: str = ""


def mask(text: str, dialect: str) -> Masked:
    """The statement with strings as `'?'` and numbers as `0`, without comments, in one line.

    What names or places something stays: see `ingest.masking.literals`. Lists of literals (`IN`,
    rows of `VALUES`) are one element long. `1 = 0` and `LIMIT 0` stay, since they ask for columns,
    not for rows; `1 = 2` becomes `1 = 0`, other limits become 1. Masking what is masked changes
    nothing.
    """
    lex = lexis(dialect)
    apart = _apart(text, lex)
    return Masked(_Masking(apart.parts, lex).text(), apart.comments, apart.reason)


class Masks:
    """Masks the statements of one dialect as `mask` does, and remembers what it made of them.

    Most statements differ from an earlier one only in values. Whether a token stays depends on the
    text around it, and on the token itself only where it may be a path or is 0 or 1. The others are
    left out of what is looked up; which of them stay nevertheless is found out once, with probes.
    """

    def __init__(self, dialect: str) -> None:
        self._lex = lexis(dialect)
        double = self._lex.double_quoted_strings
        self._values = _VALUES_OR_DOUBLE_QUOTED if double else _VALUES
        self._staying: dict[str, tuple[int, ...]] = {}
        self._known: dict[tuple[str, ...], str] = {}
        self._size = 0

    def mask(self, text: str) -> Masked:
        """The same as `mask` of the text in this dialect."""
        return self.look(text)[0]

    def look(self, text: str) -> tuple[Masked, bool]:
        """The masked text, and whether a value stays in it that texts like it differ in."""
        parts, comments, reason = _apart(text, self._lex)
        if reason:
            return mask(text, self._lex.name), True
        shape, staying = self._shape(parts)
        key = (shape, *[parts[i] for i in staying])
        known = self._known.get(key)
        if known is None:
            known = self._learn(key, _Masking(parts, self._lex).text())
        return Masked(known, comments), bool(staying)

    def _shape(self, parts: list[str]) -> tuple[str, tuple[int, ...]]:
        """The text without its values, and the places of those values that stay."""
        shape = self._values.sub(_KEPT, _KEPT.join(parts))
        staying = self._staying.get(shape)
        return shape, self._try(shape) if staying is None else staying

    def _try(self, shape: str) -> tuple[int, ...]:
        """The places of the values that stay; what the shape means when none does is learned."""
        parts = shape.split(_KEPT)
        parts[1::2] = (
            f"{token}{_PROBE}{i}{token}" if token in _LEFT_OUT else token
            for i, token in zip(range(1, len(parts), 2), parts[1::2], strict=True)
        )
        masked = _Masking(parts, self._lex).text()
        found = set(_PROBED.findall(masked))
        staying = tuple(i for i in range(1, len(parts), 2) if str(i) in found)
        if not staying:
            self._learn((shape,), masked)
        self._staying[shape] = staying
        return staying

    def _learn(self, key: tuple[str, ...], masked: str) -> str:
        self._size += sum(map(len, key)) + len(masked)
        if self._size > _REMEMBERED:
            self._known.clear()
            self._staying.clear()
            self._size = 0
        self._known[key] = masked
        return masked


def fingerprint(*parts: str) -> str:
    """32 hexadecimal digits (128 bits) that tell lists of texts apart."""
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(joined, digest_size=16).hexdigest()


class _Apart(NamedTuple):
    """A statement taken apart: plain text at even places, tokens at odd ones; and its comments."""

    parts: list[str]
    comments: tuple[str, ...]
    reason: str


def _apart(text: str, lex: Lexis) -> _Apart:
    parts = pieces(text.replace(_KEPT, "") if _KEPT in text else text, lex)
    closed = parts[-1] or len(parts) == 1 or is_closed(parts[-2], lex)
    comments: tuple[str, ...] = ()
    if "--" in text or "/*" in text or "//" in text or "#" in text:
        parts, comments = _without_comments(parts)
    return _Apart(parts, comments, "" if closed else TRUNCATED)


def _without_comments(parts: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The parts with a blank for each comment, and what stood in the comments."""
    left = parts[:1]
    comments = []
    for token, after in zip(parts[1::2], parts[2::2], strict=True):
        if token[0] in "-/#":
            comments.append(_inside(token))
            left[-1] = f"{left[-1]} {after}"
        else:
            left += (token, after)
    return left, tuple(comments)


class _Masking:
    """One statement while it is masked: plain text at even places, tokens at odd ones."""

    def __init__(self, parts: list[str], lex: Lexis) -> None:
        self._parts = parts
        self._lex = lex
        self._around = Surroundings(parts, lex)
        self._kept: dict[str, int] = {}
        self._constant = (-2, "")  # the latest 0 or 1, and which token it was

    def text(self) -> str:
        """The masked text."""
        parts = self._parts
        names = self._around.names
        strings = "'\"qQ" if self._lex.double_quoted_strings else "'qQ"
        for i in range(1, len(parts), 2):
            token = parts[i]
            first = token[0]
            if first in strings:
                parts[i] = self._keep(token) if names(i, token) else self._value(i)
            elif first in "0123456789":
                parts[i] = self._number(i, token)
            elif first in '"`[@':
                parts[i] = self._keep(token)
            else:
                parts[i] = self._dollar(i, token)
        return self._restored(_collapsed(_one_line("".join(parts))))

    def _keep(self, token: str) -> str:
        """The token, or its stand-in when it holds what tidying the text would change."""
        if token[1:-1].isidentifier():
            return token
        return f"{_KEPT}{self._kept.setdefault(token, len(self._kept))}{_KEPT}"

    def _restored(self, text: str) -> str:
        if not self._kept:
            return text
        kept = list(self._kept)
        return _STAND_IN.sub(lambda found: kept[int(found[1])], text)

    def _value(self, i: int) -> str:
        left = self._parts[i - 1]
        if left[-1:].isalnum() or left[-1:] == "&":
            self._parts[i - 1] = without_prefix(left)
        return _STRING

    def _number(self, i: int, token: str) -> str:
        if not token.isdecimal() and not _IS_NUMBER.fullmatch(token):
            return token  # a name that begins with digits
        tail = self._parts[i - 1].rstrip()
        last = tail[-1:]
        before = self._constant
        if token in _CONSTANTS:
            self._constant = (i, token)
        if before[0] == i - 2 and tail.strip() in _COMPARISONS:
            self._parts[i - 2] = before[1]
            return token if token in _CONSTANTS else _UNEQUAL[before[1]]
        if last == "-" or last == "+":
            return self._signed(i, token)
        if last == "(" or last == "," or last.isalpha():
            return self._placed(i, token, tail)
        return token if i in self._around.kept else _NUMBER

    def _signed(self, i: int, token: str) -> str:
        """A number behind a sign: the sign goes too, unless it is an operator or in a name."""
        left = self._parts[i - 1]
        if self._lex.dashed_names and self._around.in_dashed_name(i):
            return token
        if left[-1:] in "+-":
            before = left[:-1].rstrip()
            if before[-1:] in _UNARY_AFTER or last_word(before) in literals.BEFORE_A_SIGN:
                self._parts[i - 1] = left[:-1]
        return token if i in self._around.kept else _NUMBER

    def _placed(self, i: int, token: str, tail: str) -> str:
        """A number behind a word, a parenthesis or a comma."""
        word = last_word(tail) if tail[-1:].isalpha() else self._around.place(i)
        if word in ("LIMIT", "TOP", "(TOP", "FIRST", "NEXT"):  # FETCH FIRST, FETCH NEXT
            return "1" if token != _NUMBER else token
        structure = word.endswith("BY") or word[1:] in literals.WITH_STRUCTURAL_NUMBERS
        return token if structure or i in self._around.kept else _NUMBER

    def _dollar(self, i: int, token: str) -> str:
        """A parameter, or a dollar-quoted text: a body of code stays, its own values go."""
        tag = token[: token.find("$", 1) + 1]
        if not tag:
            return _PARAMETER
        if not self._around.is_code(i):
            return _STRING
        body = token[len(tag) :].removesuffix(tag)
        masked = mask(body, self._lex.name)
        return self._keep(token if masked.reason else f"{tag}{masked.text}{tag}")


def _inside(comment: str) -> str:
    if comment.startswith("/*"):
        return comment[2:].removesuffix("*/").strip()
    return comment.lstrip("-/#").strip()


def _one_line(text: str) -> str:
    """White space as one blank, none inside parentheses, one behind a comma; no last semicolon."""
    text = " ".join(text.split())
    if "," in text:
        text = text.replace(" ,", ",").replace(",", ", ").replace(",  ", ", ")
    text = text.replace("( ", "(").replace(" )", ")")
    return text[:-1].rstrip() if text.find(";") == len(text) - 1 else text


def _collapsed(text: str) -> str:
    """Runs of literals as one."""
    if "'?' '?'" in text:
        text = _NEIGHBOURS.sub(_STRING, text)
    if ", " not in text:
        return text
    text = _LIST.sub(r"(\1)", text)
    if "[" in text:
        text = _ARRAY.sub(r"[\1]", text)
    return _ROWS.sub(_first_rows, text) if "), (" in text else text


def _first_rows(rows: re.Match[str]) -> str:
    """The first row of a list, and those of the others that are more than literals."""
    before, first, others = rows.groups()
    more = dict.fromkeys(
        row for row in _ONE_ROW.findall(others) if row != first and not _SIMPLE_ROW.fullmatch(row)
    )
    return before + ", ".join((first, *more))

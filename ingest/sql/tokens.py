"""Reading a list of tokens."""

from __future__ import annotations

from sqlglot import Token, TokenType

TEXTS = frozenset(
    {
        TokenType.STRING,
        TokenType.NATIONAL_STRING,
        TokenType.HEREDOC_STRING,
        TokenType.RAW_STRING,
    }
)
_QUOTED = TEXTS | {TokenType.IDENTIFIER}
# How much deeper a token leads into parentheses; or into brackets as well.
DEEPER = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}
_DEEPER = DEEPER | {TokenType.L_BRACKET: 1, TokenType.R_BRACKET: -1}


def words(text: str) -> frozenset[str]:
    """The set of words in a text."""
    return frozenset(text.split())


def word(tokens: list[Token], i: int) -> str:
    """A token's text in capitals; empty beyond the ends, for strings and for quoted names."""
    if not 0 <= i < len(tokens) or tokens[i].token_type in _QUOTED:
        return ""
    return tokens[i].text.upper()


def with_whole_numbers(tokens: list[Token]) -> list[Token]:
    """The tokens without the `x1F` of `0x1F`, which some dialects take for a name of its own."""
    return [
        token
        for i, token in enumerate(tokens)
        if not (
            i
            and token.token_type is TokenType.VAR
            and tokens[i - 1].token_type is TokenType.NUMBER
            and tokens[i - 1].end + 1 == token.start
            and token.text[0] in "xX"
        )
    ]


def deepest(tokens: list[Token]) -> int:
    """How many parentheses and brackets are open at the same time."""
    depth = found = 0
    for token in tokens:
        depth += _DEEPER.get(token.token_type, 0)
        found = max(found, depth)
    return found


_OPEN_ENDS = words(
    """SELECT FROM WHERE AND OR ON JOIN BY SET VALUES INTO AS IN NOT CASE WHEN THEN ELSE LEFT INNER
    UNION ALL , ( = < > + - * / || ."""
)


def is_truncated(tokens: list[Token]) -> bool:
    """Whether a statement that does not parse was cut off: a parenthesis or a clause is open."""
    texts = [word(tokens, i) for i in range(len(tokens))]
    return texts.count("(") > texts.count(")") or texts[-1] in _OPEN_ENDS

"""Where comments, literals and quoted names begin and end in the SQL of each platform.

A statement comes apart into plain text and tokens, in turn; what a token means is decided in
`ingest.masking.template`. One compiled regular expression per dialect: the work is done in C.
"""

from __future__ import annotations

import re
from functools import cache

import msgspec

_ALIASES = {
    "postgresql": "postgres",
    "greenplum": "postgres",
    "cockroachdb": "postgres",
    "mariadb": "mysql",
    "singlestore": "mysql",
    "tidb": "mysql",
    "mssql": "tsql",
    "sqlserver": "tsql",
    "synapse": "tsql",
    "fabric": "tsql",
    "sparksql": "spark",
    "spark2": "spark",
    "impala": "hive",
    "flink": "hive",
    "prestosql": "trino",
    "presto": "trino",
    "bq": "bigquery",
    "materialize": "postgres",
    "risingwave": "postgres",
}
_BACKSLASH = frozenset(
    {"mysql", "bigquery", "hive", "spark", "databricks", "snowflake", "clickhouse", "redshift",
     "doris", "starrocks", "athena"}
)  # fmt: skip
_DOUBLE_QUOTED_STRINGS = frozenset(
    {"mysql", "bigquery", "hive", "spark", "databricks", "doris", "starrocks"}
)
_BACKTICKS = _DOUBLE_QUOTED_STRINGS | {"clickhouse", "athena", "sqlite", "drill"}
_BRACKETS = frozenset({"tsql", "sqlite"})
_HASH_COMMENTS = frozenset({"mysql", "bigquery", "clickhouse", "doris", "starrocks"})
_SLASH_COMMENTS = frozenset({"snowflake", "dremio"})
_FLAT_COMMENTS = frozenset(
    {"mysql", "bigquery", "doris", "starrocks", "oracle", "trino", "snowflake", "sqlite", "dune"}
)
_DOLLAR_QUOTES = frozenset(
    {"postgres", "redshift", "duckdb", "clickhouse", "snowflake", "databricks"}
)
_ESCAPE_STRINGS = frozenset({"postgres", "duckdb"})
_NUMBERED_PARAMETERS = frozenset({"postgres", "redshift", "duckdb"})
_COLON_PATHS = frozenset({"snowflake", "databricks"})
_STAGES = frozenset({"snowflake", "databricks"})
_STRING_ALIASES = frozenset({"mysql", "tsql", "doris", "starrocks", "sqlite"})

_NESTING = 6  # comments within comments; deeper ones end at the first */
_BODY = r"[^{q}]*+(?:{q}{q}[^{q}]*+)*+(?:{q}|\Z)"
_ESCAPED_BODY = r"[^{q}\\]*+(?:(?:\\(?:.|\Z)|{q}{q})[^{q}\\]*+)*+(?:{q}|\Z)"
_TRIPLE_BODY = r"{q}{q}(?:[^{q}\\]++|\\(?:.|\Z)|{q}(?!{q}{q}))*+(?:{q}{q}{q}|\Z)"
_FLAT = r"\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)"
# A digit that begins a number: not in a name or behind its dot, no parameter or variable.
_NUMBER = (
    r"""(?<=[0-9])(?<![\w$@?#][0-9])(?<![\w"\])`.]\.[0-9])(?<![\s=(,<>|+]:[0-9])"""
    r"\w*+(?:\.(?!\.)\w*+)?(?:(?<=[eE])[+-][0-9]+)?"
)
_DOLLAR = r"\$(?P<tag>(?:[^\W\d]\w*+)?+)\$.*?(?:\$(?P=tag)\$|\Z)"
_DOLLAR_BEGINS = re.compile(r"\$(?:[^\W\d]\w*+)?+\$")
_ORACLE_QUOTES = ("[]", "{}", "()", "<>", *(c * 2 for c in '!|~#^/"*+%$&;:.,@_-=?'))


class Lexis(msgspec.Struct, frozen=True):
    """How one dialect writes what is not plain text.

    tokens: splits a text into plain, token, plain …; quoted: the same with dollar quotes.
    double_quoted_strings: whether "x" is a string. colon_paths: whether a:b is a path into JSON.
    string_aliases: whether a string behind an expression names it. dashed_names: whether names of
    tables hold dashes unquoted.
    """

    name: str
    tokens: re.Pattern[str]
    quoted: re.Pattern[str] | None
    backslash: bool
    double_quoted_strings: bool
    colon_paths: bool
    string_aliases: bool
    dashed_names: bool


@cache
def lexis(dialect: str) -> Lexis:
    """The lexis of a dialect; of ANSI SQL when the name is empty or not known."""
    name = _ALIASES.get(dialect.lower(), dialect.lower())
    found = _alternatives(name)
    first = "".join(sorted({re.escape(c) for chars, _ in found for c in chars} | {"0-9"}))
    tokens = f"[{first}](?:{'|'.join(pattern for _, pattern in found)}|{_NUMBER})"
    return Lexis(
        name=name,
        tokens=re.compile(f"({tokens})", re.DOTALL),
        quoted=re.compile(f"{_DOLLAR}|{tokens}", re.DOTALL) if name in _DOLLAR_QUOTES else None,
        backslash=name in _BACKSLASH,
        double_quoted_strings=name in _DOUBLE_QUOTED_STRINGS,
        colon_paths=name in _COLON_PATHS,
        string_aliases=name in _STRING_ALIASES,
        dashed_names=name == "bigquery",
    )


def pieces(text: str, lex: Lexis) -> list[str]:
    """Plain text at the even places, tokens at the odd ones; joined they are the text again.

    Tokens are comments, strings, quoted names, numbers and dollar quotes, and in some dialects
    stages (`@s/x`) and parameters (`$1`). A token that is not closed reaches to the end.
    """
    if lex.quoted is None or "$" not in text or not _DOLLAR_BEGINS.search(text):
        return lex.tokens.split(text)
    found: list[str] = []
    end = 0
    for match in lex.quoted.finditer(text):
        found += (text[end : match.start()], match.group())
        end = match.end()
    return [*found, text[end:]]


def is_closed(token: str, lex: Lexis) -> bool:
    """Whether a token that ends a text ends by itself, not by the end of the text."""
    first = token[0]
    if first == "/":
        return token.startswith("//") or (len(token) > 3 and token.endswith("*/"))
    if first == "$":
        tag = token[: token.find("$", 1) + 1]
        return not tag or (len(token) >= 2 * len(tag) and token.endswith(tag))
    if first in "qQ":
        return len(token) > 4 and token.endswith("'")
    if first in "'\"`":
        if token.startswith(first * 3) and len(token) > 3 and lex.name == "bigquery":
            return len(token) > 5 and token.endswith(first * 3)
        if lex.backslash and "\\" in token:
            token = re.sub(r"\\.", "", token, flags=re.DOTALL)
        return token.count(first) % 2 == 0
    return True


def _alternatives(name: str) -> list[tuple[str, str]]:
    """First character → pattern of the rest, the most specific first."""
    body = _ESCAPED_BODY if name in _BACKSLASH else _BODY
    quotes = ["'", '"'] if name in _DOUBLE_QUOTED_STRINGS else ["'"]
    found = []
    if name == "bigquery":
        found += [(q, _behind(q, _TRIPLE_BODY.format(q=q))) for q in quotes]
    if name in _ESCAPE_STRINGS:
        found += [("'", r"(?<=[eE]')(?<!\w[eE]')" + _ESCAPED_BODY.format(q="'"))]
    found += [(q, _behind(q, body.format(q=q))) for q in quotes]
    if name not in _DOUBLE_QUOTED_STRINGS:
        found.append(('"', _behind('"', _BODY.format(q='"'))))
    if name in _BACKTICKS:
        found.append(("`", _behind("`", _BODY.format(q="`"))))
    if name in _BRACKETS:
        found.append(("[", r"(?<=\[)[^\]]*+(?:\]\][^\]]*+)*+\]"))
    found.append(("-", _behind("-", r"-(?=\s|\Z)[^\n]*+" if name == "mysql" else r"-[^\n]*+")))
    if name in _HASH_COMMENTS:
        found.append(("#", _behind("#", r"[^\n]*+")))
    elif not name:
        # Nobody said the dialect; where # is no comment it is never followed by a blank.
        found.append(("#", _behind("#", r"(?=\s)[^\n]*+")))
    if name in _SLASH_COMMENTS:
        found.append(("/", _behind("/", r"/[^\n]*+")))
    found.append(
        ("/", _behind("/", _FLAT if name in _FLAT_COMMENTS else f"(?:{_nested()}|{_FLAT})"))
    )
    if name in _NUMBERED_PARAMETERS:
        found.append(("$", _behind("$", r"[0-9]++")))
    if name in _STAGES:
        found.append(("@", _behind("@", r"""(?:"[^"]*"|[\w.~%/$=*-])++""")))
    if name == "oracle":
        found += [("qQ", rf"(?<=[qQ])(?<![\w$][qQ])'(?:{_oracle_bodies()})")]
    return found


def _behind(first: str, rest: str) -> str:
    return f"(?<={re.escape(first)}){rest}"


def _nested() -> str:
    inner = r"/\*(?:[^*/]++|\*(?!/)|/(?!\*))*+\*/"
    for _ in range(_NESTING):
        inner = rf"/\*(?:[^*/]++|\*(?!/)|/(?!\*)|{inner})*+\*/"
    return inner.removeprefix("/")


def _oracle_bodies() -> str:
    return "|".join(
        rf"{re.escape(pair[0])}.*?(?:{re.escape(pair[1])}'|\Z)" for pair in _ORACLE_QUOTES
    )

"""A migration as its statements: what is run, each as it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from ingest.sql import single

_BACKSLASHES = frozenset((
    "mysql", "mariadb", "bigquery", "snowflake", "databricks", "spark", "hive", "clickhouse",
    "doris", "starrocks",
))  # fmt: skip
_HASHES = frozenset(("mysql", "mariadb", "bigquery", "doris", "starrocks"))
_NESTED = frozenset(("postgres", "redshift", "tsql", "fabric", "duckdb", "clickhouse"))
# What the tools that keep both ways of a migration in one file write above the way back.
_MARK = r"^[ \t]*(?:--|\#)[ \t]*(?:\+(?:goose|migrate|micrate)[ \t]+|migrate:|-*[ \t]*!|//@)"
_WAY_BACK = re.compile(
    rf"{_MARK}(?:downs?|undo)\b.*?(?={_MARK}ups?\b|\Z)", re.DOTALL | re.MULTILINE | re.IGNORECASE
)
# A line that a client takes for itself: psql's \set, SQL*Plus's PROMPT, a batch's end.
_LINE = (
    r"^[ \t]*(?:(?P<batch>GO(?:[ \t]+\d+)?|/)[ \t]*$|DELIMITER[ \t]+(?P<delimiter>\S+)[ \t]*$"
    r"|(?P<line>\\[a-z]\w*[^\n]*|@@?[\w./-]+\.sql\b[^\n]*"
    r"|(?:PROMPT|WHENEVER|SPOOL|REM|SHOW[ \t]+ERR"
    r"|SET[ \t]+(?:DEFINE|ECHO|FEEDBACK|SERVEROUTPUT|SQLBLANKLINES|VERIFY|TERMOUT|SCAN))\b[^\n;]*))"
)
_TOKEN = re.compile(
    _LINE + r"|(?P<keep>{text}|\"[^\"]*\"|`[^`]*`|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
    r"|(?P<comment>--[^\n]*|{hash}/\*(?!!))|/\*!\d*(?P<run>.*?)\*/|\w+|.",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_QUOTES = {False: r"'(?:[^']|'')*'", True: r"'(?:[^'\\]|\\.|'')*'"}
_ROUTINE = re.compile(
    r"\s*(?:create|alter)\s+(?:or\s+(?:replace|alter)\s+)?(?:(?:non)?editionable\s+|definer\s*=\s*\S+\s+|"
    r"temp(?:orary)?\s+|constraint\s+|secure\s+|aggregate\s+)*"
    r"(?:function|proc(?:edure)?|trigger|package|event)\b",
    re.IGNORECASE,
)
_BATCH_ENDS = re.compile(r"^[ \t]*(?:GO(?:[ \t]+\d+)?|/)[ \t]*$", re.MULTILINE | re.IGNORECASE)
# A client's line; a transaction, which a reader of scripts takes for a block.
_WHOLE = re.compile(r"[\\@].*|(?:begin|start|commit|end|rollback|abort)\b[^()]{0,60}", re.I)
_TSQL = re.compile(r"^[ \t]*GO[ \t]*$|\bsp_rename\b|\[\w+\]\.\[", re.MULTILINE | re.IGNORECASE)


class Written(msgspec.Struct, frozen=True):
    """A statement. routine: it defines one, whose body is not run; open: whose end is missing."""

    text: str
    routine: bool = False
    open: bool = False


def dialect_of(sql: str, dialect: str) -> str:
    """The dialect that was told; T-SQL, which needs no semicolons, tells itself."""
    return dialect or ("tsql" if _TSQL.search(sql) else "")


def applied(sql: str) -> str:
    """A migration without its byte order mark and without its way back."""
    return _WAY_BACK.sub("", sql.removeprefix("\ufeff"))


def statements(sql: str, dialect: str = "") -> Iterator[Written]:
    """The statements of a script that would be run, without comments.

    They end at semicolons, where a client's lines end them, and in T-SQL where the next begins.
    What only controls them (BEGIN … END, IF) is taken off; what a routine would do is not.
    """
    for text in _chunks(applied(sql), dialect):
        if _ROUTINE.match(text):
            yield Written(text, routine=True, open=_depth(text) > 0)
        elif _WHOLE.fullmatch(text):
            yield Written(text)
        else:
            yield from map(Written, single(text, dialect))


def _chunks(sql: str, dialect: str) -> Iterator[str]:
    token = _tokens(dialect)
    text, end, place = "", ";", 0
    while place < len(sql):
        if sql.startswith(end, place) and not (end == ";" and _goes_on(text, sql, place)):
            yield from filter(None, [text.strip()])
            text, place = "", place + len(end)
            continue
        found = token.match(sql, place)
        assert found is not None  # its last choice is any character
        place = found.end()
        if found["batch"] or found["delimiter"] or found["line"]:
            yield from filter(None, [text.strip(), (found["line"] or "").strip()])
            text, end = "", found["delimiter"] or end
        elif found["comment"]:
            place = _after_comment(sql, found, dialect)
            text += " "
        else:
            text += f" {found['run']} " if found["run"] else found[0]
    yield from filter(None, [text.strip()])


def _tokens(dialect: str) -> re.Pattern[str]:
    quotes = _QUOTES[dialect in _BACKSLASHES]
    hash_ = r"\#[^\n]*|" if dialect in _HASHES else "" if dialect else r"\#[ \t][^\n]*|"
    pattern = _TOKEN.pattern.replace("{text}", quotes).replace("{hash}", hash_)
    return re.compile(pattern, _TOKEN.flags)


def _after_comment(sql: str, found: re.Match[str], dialect: str) -> int:
    if not found[0].startswith("/*"):
        return found.end()
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(sql, found.start()):
        opens = mark[0] == "/*"
        depth += (1 if opens else -1) if dialect in _NESTED or not (opens and depth) else 0
        if not depth:
            return mark.end()
    return found.end()  # it never ends: what follows is read, rather than passed over


def _goes_on(text: str, sql: str, place: int) -> bool:
    """Whether a semicolon stands inside a routine."""
    if not _ROUTINE.match(text):
        return False
    return bool(_BATCH_ENDS.search(sql, place)) or _depth(text) > 0


def _depth(text: str) -> int:
    """How many blocks of a routine are open."""
    bare = re.sub(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", "", text, flags=re.DOTALL)
    opened = len(re.findall(r"\b(?:begin|case)\b", bare, re.I))
    inner = r"\bend\b(?!\s+(?:if|loop|while|repeat|for)\b)"
    return (
        opened
        - len(re.findall(inner, bare, re.I))
        - len(re.findall(r"\bend\s+case\b\s*case", bare))
    )

"""What the logs of MySQL, MariaDB and Percona share: accounts, texts, what is no statement.

Source: https://dev.mysql.com/doc/refman/8.4/en/server-logs.html, and logs of MariaDB 10.11
"""

from __future__ import annotations

import re

# Schemas of the server itself.
SYSTEM_SCHEMAS = frozenset({"mysql", "information_schema", "performance_schema", "sys"})
# What these name is logged again, when it is executed.
_PREPARED_BY_SQL = re.compile(
    r"\s*(?:prepare\s+\S+\s+from|execute\s+immediate|(?:deallocate|drop)\s+prepare)\b",
    re.IGNORECASE,
)
_EXECUTED_BY_SQL = re.compile(r"\s*execute\s+\S+", re.IGNORECASE)
_USER_HOST = re.compile(r"(?P<user>[^\[\s]*)\[(?P<effective>[^\]]*)\] @ ")
_CONNECT = re.compile(r"(?P<user>\S*?)@\S*(?: as \S+)?(?: on(?: (?P<schema>(?!using\b)\S+))?)?")
_HEX = re.compile(r"(?:0x)?((?:[0-9A-Fa-f]{2})+)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "b": "\b", "Z": "\x1a"}


def is_preparation(text: str) -> bool:
    """Whether a text only prepares a statement, lets go of one, or runs one that is logged too."""
    return bool(_PREPARED_BY_SQL.match(text))


def is_execution_by_name(text: str) -> bool:
    """Whether a text is an EXECUTE of SQL, which does not show what it runs."""
    return bool(_EXECUTED_BY_SQL.match(text))


def user_of(user_host: str) -> str:
    """The user of `user[effective] @ host [address]`; empty when it does not say."""
    found = _USER_HOST.match(user_host)
    return (found["user"] or found["effective"]) if found else ""


def user_of_connect(text: str) -> str:
    """The user of `user@host on schema`, what a connection says; empty when it failed."""
    found = _CONNECT.match(text)
    return found["user"] if found else ""


def schema_of_connect(text: str) -> str:
    """The schema of `user@host on schema`; empty when there is none."""
    found = _CONNECT.match(text)
    return (found["schema"] or "") if found else ""


def unhexed(text: str) -> str:
    """The text of a blob that was exported as hexadecimal digits; any other as it is."""
    found = _HEX.fullmatch(text)
    if not found or len(text) < 12:
        return text
    try:
        return bytes.fromhex(found[1]).decode()
    except UnicodeDecodeError:
        return text


def unescaped(text: str) -> str:
    r"""The text that `\n`, `\'` and so on stand for."""
    return _ESCAPED.sub(lambda one: _CONTROLS.get(one[1], one[1]), text)

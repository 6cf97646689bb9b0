"""PostgreSQL's `log_line_prefix`: what stands before the severity of each line of a log.

Source: https://www.postgresql.org/docs/current/runtime-config-logging.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ZONE = r"(?:[A-Za-z]{1,6}|[+-]\d\d(?::?\d\d)?)"
_SECOND = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_ESCAPES = {
    "m": rf"(?P<time>{_SECOND}\.\d+ {_ZONE})",
    "t": rf"(?P<time>{_SECOND} {_ZONE})",
    "n": r"(?P<time>\d{9,11}\.\d+)",
    "s": rf"(?:{_SECOND} {_ZONE})?",
    "p": r"(?P<process>\d+)",
    "P": r"\d*",
    "u": r"(?P<user>[^\s,]*?)",
    "d": r"(?P<database>[^\s@]*?)",
    "a": r"(?P<application>.*?)",
    "r": r"(?:\S*?)",
    "h": r"(?:\S*?)",
    "L": r"(?:\S*?)",
    "b": r"(?:[a-z ]*?)",
    "i": r"(?P<tag>[A-Za-z /_]*?)",
    "e": r"(?P<state>[0-9A-Z]{5})",
    "c": r"(?P<session>[0-9a-f]+\.[0-9a-f]+)",
    "l": r"(?P<number>\d+)",
    "v": r"(?:-?\d*/?\d*)",
    "x": r"\d*",
    "Q": r"-?\d*",
}
_ESCAPE = re.compile(r"%(-?\d*)([A-Za-z%])|([^%]+)|%")
_SEVERITY = (
    r"(?P<severity>DEBUG[1-5]?|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC|DETAIL|HINT|QUERY|"
    r"CONTEXT|LOCATION|STATEMENT|BACKTRACE): {1,2}"
)
# What servers and services write, the most telling first; each may stand behind a collector's head.
_COMMON = (
    "%m [%p] %q%u@%d/%a ",
    "%t:%r:%u@%d:[%p]:",
    "%m:%r:%u@%d:[%p]:",
    "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: db=%d,user=%u,app=%a,client=%h ",
    "%m [%p]: db=%d,user=%u,app=%a,client=%h ",
    "%m [%p] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
    "%m [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
    "%m [%p]: [%l-1] db=%d,user=%u ",
    "db=%d,user=%u,app=%a,client=%h ",
    "user=%u,db=%d,app=%a,client=%h ",
    "[%p]: [%l-1] db=%d,user=%u ",
    "%t-%c-",
    "%m [%p] %q%u@%d ",
    "%t [%p] %q%u@%d ",
    "%m [%p] ",
    "%t [%p] ",
    "%t [%p]: [%l-1] ",
    "%m ",
    "%t ",
)
_KEY = r"(?:^|[\s,;\[(])(?:%s)(?: ?= ?|:)\"?(?P<value>[^\s,;\])\"]*)"
_GUESSES = {
    "time": re.compile(rf"(?P<value>{_SECOND}(?:\.\d+)? {_ZONE}|(?<!\d)\d{{10}}\.\d{{3}}(?!\d))"),
    "session": re.compile(r"(?P<value>\b[0-9a-f]{8}\.[0-9a-f]{1,8}\b)"),
    "process": re.compile(r"\[(?P<value>\d+)(?:-\d+)?\]|" + (_KEY % "pid").replace("value", "v2")),
    "user": re.compile(_KEY % "user|usr|u"),
    "database": re.compile(_KEY % "db|database|dbname|d"),
    "application": re.compile(_KEY % "app|application|application_name|appname|a"),
    "state": re.compile(_KEY % "sqlstate|state|sql_error_code"),
    "at": re.compile(r"(?:^|[\s:])(?P<value>[^\s@:=,]+@[^\s@:=,/]+)"),
}
_ANY = re.compile(rf"(?P<prefix>(?!\t).{{0,400}}?){_SEVERITY}")
_ENOUGH = 0.95  # of the lines that begin an entry
_UNKNOWN = "[unknown]"


class Prefix:
    """Reads what stands before the severity.

    text: the `log_line_prefix` that it is, empty when it was guessed field by field.
    """

    def __init__(self, text: str = "") -> None:
        self.text = text
        self._pattern = _compiled(text) if text else _ANY

    def read(self, line: str) -> tuple[dict[str, str], int] | None:
        """The fields of a line with its severity, and where its message begins.

        time, session, process, user, database, application, tag, state, number, severity: those
        that there are. None when the line begins no entry.
        """
        found = self._pattern.match(line)
        if not found:
            return None
        fields = {name: value for name, value in found.groupdict().items() if value}
        if before := fields.pop("prefix", ""):
            fields |= _guessed(before)
        return {k: v for k, v in fields.items() if v != _UNKNOWN}, found.end()


def learn(lines: Iterable[str]) -> Prefix:
    """The prefix of a log: the first common one that its lines have, else guessed by field."""
    entries = [line for line in lines if _ANY.match(line)]
    for text in _COMMON:
        pattern = _compiled(text)
        if entries and sum(1 for line in entries if pattern.match(line)) >= _ENOUGH * len(entries):
            return Prefix(text)
    return Prefix()


def begins_entry(line: str) -> bool:
    """Whether a line has a severity of PostgreSQL and a message behind it."""
    return bool(_ANY.match(line))


def _compiled(text: str) -> re.Pattern[str]:
    found: list[str] = []
    optional = 0
    seen: set[str] = set()
    for padding, letter, literal in _ESCAPE.findall(text):
        if letter == "q":
            found.append("(?:")
            optional += 1
        elif letter == "%" or literal or not letter:
            found.append(re.escape(literal or "%"))
        else:
            field = _ESCAPES.get(letter, "")
            if letter in seen or (letter in "mtn" and seen & set("mtn")):
                field = re.sub(r"\?P<\w+>", "?:", field)
            seen.add(letter)
            found.append(rf" *{field} *" if padding else field)
    return re.compile("".join(found) + ")?" * optional + _SEVERITY)


def _guessed(before: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, pattern in _GUESSES.items():
        if found := pattern.search(before):
            fields[name] = next(filter(None, found.groups()), "")
    user, at, database = fields.pop("at", "").rpartition("@")
    return {"user": user, "database": database, **fields} if at else fields


def said_prefix(columns: Sequence[tuple[str, str]]) -> str:
    """The prefix that the user said, with what the commas in it cut off; empty when none."""
    names = [name for name, _ in columns]
    if "prefix" not in names:
        return ""
    (_, first), *rest = columns[names.index("prefix") :]
    return ",".join([first, *(f"{name}={value}" for name, value in rest)])

"""Ways to write DDL that few parsers follow, as the way that all of them do."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/|"
    r"(?P<end>;|^[ \t]*GO[ \t]*$)|.",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_NAME = r"(?:[\w$]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])"
_TABLE = rf"{_NAME}(?:\.{_NAME})*"
_ALTER = rf"(?P<alter>\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?P<table>{_TABLE})\s+)"
_NO_COLUMN = (
    r"(?!column\b|constraint\b|partition\b|index\b|primary\b|foreign\b|check\b|key\b|unique\b|"
    r"row\b|columns\b|to\b|as\b|\()"
)
_OLD = rf"(?P<old>{_NAME})"
_SP_RENAME = r"\bexec(?:ute)?\s+(?:sys\.)?sp_rename\s+(?:@objname\s*=\s*)?N?"
_SP_NEW = r"\s*,\s*(?:@newname\s*=\s*)?N?'(?P<new>[^']+)'"
_MORE_DROPS = rf",\s*drop\s+{_NO_COLUMN}(?:if\s+exists\s+)?{_OLD}"
_RESPELLED = (
    (rf"{_ALTER}rename\s+{_NO_COLUMN}{_OLD}\s+to\s+", r"\g<alter>rename column \g<old> to "),
    (rf"{_ALTER}drop\s+{_NO_COLUMN}(?:if\s+exists\s+)?{_OLD}", r"\g<alter>drop column \g<old>"),
    (rf"{_ALTER}set\s+schema\s+(?P<schema>{_NAME})", r"\g<alter>rename to \g<schema>.\g<table>"),
    (
        rf"{_SP_RENAME}'(?P<table>[^']+)\.(?P<old>[^'.]+)'{_SP_NEW}\s*,"
        r"\s*(?:@objtype\s*=\s*)?N?'column'",
        r"alter table \g<table> rename column \g<old> to \g<new>",
    ),
    (
        rf"{_SP_RENAME}'(?P<table>[^']+)'{_SP_NEW}(?:\s*,\s*N?'object')?",
        r"alter table \g<table> rename to \g<new>",
    ),
)


def statements(sql: str) -> Iterator[str]:
    """The statements of a script, at its semicolons and lines of GO, without comments."""
    text = ""
    for token in _TOKEN.finditer(sql):
        if token["end"]:
            yield from filter(None, [text.strip()])
            text = ""
        elif token[0].startswith(("--", "/*")):
            text += " "
        else:
            text += token[0]
    yield from filter(None, [text.strip()])


def respelled(sql: str) -> str:
    """A statement as every dialect writes it: DROP COLUMN, RENAME COLUMN, no sp_rename."""
    for pattern, instead in _RESPELLED:
        sql, changed = re.subn(pattern, instead, sql, count=1, flags=re.IGNORECASE)
        if changed:
            break
    return re.sub(_MORE_DROPS, r", drop column \g<old>", sql, flags=re.IGNORECASE)

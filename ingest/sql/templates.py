"""What is left of templates in a log: `{{ … }}`, `${…}`, `$__macro(…)`, `%s`."""

from __future__ import annotations

import re

from ingest.sql.names import TEMPLATE

_MARKS = ("{{", "{%", "{#", "${", "$__", "%s", "%(", "#{", "<%")
_PROTECTED = r"'(?:[^'\\]|\\.|'')*'|--[^\n]*|/\*.*?\*/"
_TEMPLATES = re.compile(
    rf"(?P<keep>{_PROTECTED})"
    r"|\{\{\s*ref\(\s*(?:['\"]\w+['\"]\s*,\s*)?['\"](?P<ref>[\w.]+)['\"]\s*\)\s*\}\}"
    r"|\{\{\s*source\(\s*['\"](?P<schema>\w+)['\"]\s*,\s*['\"](?P<table>\w+)['\"]\s*\)\s*\}\}"
    r"|(?P<head>\{\{-?\s*config\(.*?\}\}|\A\s*\{\{.*?\}\}(?=\s*(?:select|with)\b))"
    r"|(?P<call>\{\{.*?\}\}|\$\{[^}]*\}|\#\{[^}]*\}|<%.*?%>)"
    r"|(?P<drop>\{%.*?%\}|\{\#.*?\#\})"
    r"|\$__(?P<macro>\w+)"
    r"|(?P<driver>%s|%\(\w+\)s)",
    re.DOTALL | re.IGNORECASE,
)


_HINT = r"WITH\s*\((?:\s*(?:TABLOCKX?|HOLDLOCK|ROWLOCK|UPDLOCK|XLOCK|PAGLOCK|NOLOCK)\s*,?)+\)"
_HANDED_IN = r"(?<=[(,>])\s*TABLE\s+(?P<table>[\w.`\"-]+)(?=\s*[,)])"
_STUMBLES = re.compile(
    rf"(?P<keep>{_PROTECTED})|{_HANDED_IN}|(?<=OPENROWSET\()\s*BULK\b|(?P<value>##.*?##|#\w+#)|(?P<name>&&?\w+\.?)|{_HINT}",
    re.DOTALL | re.I,
)


def repaired(sql: str) -> str:
    """The text of a statement that does not parse, without what parsers stumble over.

    `#NAME#`, `##NAME##` become a value and `&NAME` a name, `f(TABLE t)` gets a query; T-SQL's lock
    hints and BULK go.
    """
    return _STUMBLES.sub(_repair, sql)


def _repair(match: re.Match[str]) -> str:
    if match["value"]:
        return "0"
    if match["table"]:
        return " ".join((" (SELECT * FROM", match["table"], ")"))
    return f"template{TEMPLATE}" if match["name"] else match["keep"] or " "


def without_templates(sql: str) -> str:
    """The text with template expressions replaced by names that a parser accepts.

    A dbt ref or source becomes the table it means; any other expression a marked name that is
    never taken for a table.
    """
    if not any(sign in sql for sign in "{$%") or not any(mark in sql for mark in _MARKS):
        return sql
    return _TEMPLATES.sub(_replacement, sql)


def _replacement(match: re.Match[str]) -> str:
    kind = match.lastgroup or ""
    if kind == "keep":
        return match[0]
    if kind == "ref":
        return match["ref"]
    if kind == "table":
        return f"{match['schema']}.{match['table']}"
    if kind == "macro":
        return f"macro_{match['macro']}"
    if kind == "driver":
        return "NULL"
    return " " if kind in ("drop", "head") else _joined(match)


def _joined(match: re.Match[str]) -> str:
    return f"template{TEMPLATE}"

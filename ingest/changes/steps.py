"""Statements that few parsers follow, as steps that all of them do."""

from __future__ import annotations

import re

import msgspec

from lineage.analyses.breaking.change import ChangeKind

FLAGS = re.IGNORECASE | re.DOTALL
NAME = r"(?:[\w$#@-]+|\"(?:[^\"]|\"\")+\"|`[^`]+`|\[[^\]]+\])"
TABLE = rf"{NAME}(?:\s*\.\s*{NAME})*"
_T = rf"(?P<table>{TABLE})"
_SP = r"exec(?:ute)?\s+(?:\[?sys\]?\s*\.\s*)?\[?sp_rename\]?\s+(?:@objname\s*=\s*)?N?"
_SP_NEW = r"\s*,\s*(?:@newname\s*=\s*)?N?'(?P<new>[^']+)'"
_SP_TYPE = r"\s*,\s*(?:@objtype\s*=\s*)?N?"
_IF = r"(?:if\s+exists\s+)?+"


class Step(msgspec.Struct, frozen=True):
    """One thing that a statement does.

    sql: written so that every parser follows. means: the kind of change, where it is another than
    that of `sql`, which then only tells the table or column. argument: of that change.
    """

    sql: str
    means: ChangeKind | None = None
    argument: str = ""


def meaning(kind: ChangeKind, table: str, column: str = "", argument: str = "") -> Step:
    """The step that is a change of a kind of a table or a column, as they are written."""
    sql = f"alter table {table} drop column {column}" if column else f"truncate table {table}"
    return Step(sql, kind, argument)


_RESPELLED = (
    (rf"{_SP}'(?P<table>[^']+)\.(?P<old>\[[^\]]+\]|[^'.]+)'{_SP_NEW}{_SP_TYPE}'column'",
     r"alter table \g<table> rename column \g<old> to [\g<new>]"),
    (rf"{_SP}'(?P<table>[^']+)'{_SP_NEW}(?:{_SP_TYPE}'object')?",
     r"alter table \g<table> rename to [\g<new>]"),
    (rf"drop\s+(?:(?:\w+\s+)?(?:dynamic|external|foreign|iceberg|snapshot|live|hybrid|event|streaming|"
     rf"transient)\s+table|stream(?:ing\s+table)?|stage|dictionary|(?:public\s+)?synonym)\s+{_IF}{_T}"
     r"(?:\s.*)?", r"drop table \g<table>"),
    (rf"drop\s+(?P<kind>table|view)\s+{_IF}{_T}\s+(?:on\s+cluster|sync|no\s+delay|permanently|purge)"
     r"\b.*", r"drop \g<kind> \g<table>"),
    (rf"detach\s+(?:table|view|dictionary)\s+{_IF}{_T}(?:\s.*)?", r"drop table \g<table>"),
    (rf"create\s+(?P<or>or\s+replace\s+)?(?:public\s+)?synonym\s+{_T}\s+for\s+(?P<of>{TABLE})",
     r"create \g<or>view \g<table> as select * from \g<of>"),
    (rf"alter\s+schema\s+(?P<schema>{NAME})\s+transfer\s+(?:object\s*::\s*)?"
     rf"(?P<table>(?:{NAME}\.)?(?P<last>{NAME}))",
     r"alter table \g<table> rename to \g<schema>.\g<last>"),
)  # fmt: skip
_WITHIN = re.compile(
    rf"drop\s+(?P<level>schema|database|catalog|namespace)\s+{_IF}{_T}(?:\s+(?:cascade|restrict))?",
    FLAGS,
)
INSIDE = "lineage_any"  # stands for every dataset of a schema
_MEANT = (
    (ChangeKind.FILTER_DATASET,
     rf"(?:create|alter|drop)\s+(?:row\s+(?:access\s+|level\s+security\s+)?)?policy\s.*?\son\s+{_T}"
     r"(?:\s.*)?"),
    (ChangeKind.FILTER_DATASET, rf"create\s+security\s+policy\s.*\son\s+{_T}(?:\s.*)?"),
    (ChangeKind.FILTER_DATASET, rf"restore\s+(?:table\s+)?{_T}\s+to\s.*"),
    (ChangeKind.RENAME_DATASET,
     rf"rename\s+(?!table\b|column\b){_T}\s+to\s+(?P<argument>{TABLE})"),
)  # fmt: skip


def step_of(sql: str) -> Step:
    """A statement as one step; itself, where it needs no other spelling."""
    for pattern, instead in _RESPELLED:
        if found := re.fullmatch(pattern, sql, FLAGS):
            return Step(found.expand(instead).replace("[[", "[").replace("]]", "]"))
    for kind, pattern in _MEANT:
        if found := re.fullmatch(pattern, sql, FLAGS):
            return meaning(kind, found["table"], argument=found.groupdict().get("argument", ""))
    if found := _WITHIN.fullmatch(sql):
        whole = "" if found["level"].lower() in ("schema", "namespace") else f".{INSIDE}"
        return meaning(ChangeKind.DROP_DATASET, f"{found['table']}.{INSIDE}{whole}")
    return Step(sql)

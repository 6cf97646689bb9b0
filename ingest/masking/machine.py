"""Statements that machines ask of the platform itself: probes, profilers, catalogue look-ups."""

from __future__ import annotations

import re

_FIRST_WORD = re.compile(r"\W*(?:explain|describe|desc|show|pragma)\b", re.IGNORECASE)
_SELECTS = re.compile(r"[(\s]*(?:select|with|values)\b", re.IGNORECASE)
_READS = re.compile(r"\b(?:from|join|table)\b")
_WRITES = re.compile(r"\binto\b")
# Asks for the columns, not for the rows.
_PROBE = re.compile(
    r"\bwhere \(?(?:1 ?= ?0|0 ?= ?1|([01]) ?(?:<>|!=) ?\1|false)\)?(?: limit [01])?[\s;)]*$"
    r"|\b(?:limit|fetch first|fetch next) 0\b(?: offset 0)?[\s;)]*(?:rows only)?$"
)
_TAIL = 200  # characters at the end of a text, where that stands
_TOP_NOTHING = re.compile(r"\bselect top \(?0\)?\s")
# Columns that Metabase samples to guess their types, and the frame that dbt puts around a test.
_CHECKER = re.compile(r"\bsubstring\d{2,}\b|\bdbt_internal_test\b")
_CHECKS = ("substring", "dbt_internal_test")
_SOURCE = re.compile(r"""\b(?:from|join)\s+([\w."`\[\]$-]+)""", re.IGNORECASE)
_SYSTEM = re.compile(
    r"""["`\[]?(?:\w+["`\]]?\.["`\[]?)?(?:information_schema|pg_catalog|performance_schema|mysql|sys|"""
    r"""system|snowflake|account_usage|dbc)["`\]]?\.|["`\[]?(?:pg_|svv_|svl_|stl_|stv_|sys_)\w+["`\]]?$"""
    r"""|.*__tables__|["`\[]?sqlite_(?:temp_)?(?:master|schema)["`\]]?$|"?dual"?$""",
    re.IGNORECASE,
)
# Elsewhere a table may well be called user_views.
_ORACLE_VIEW = re.compile(
    r"""(?:"?sys"?\.)?"?(?:(?:dba|cdb)_\w+|g?v\$\w+|(?:all|user)_(?:tab|col|cons|ind|part|subpart|"""
    r"""ident|mview|object|view|synonym|sequence|trigger|procedure|argument|source|type|depend|"""
    r"""catalog|users|db_link|segment|extent|recyclebin|error|lob|sys_priv|role_priv)\w*)"?$""",
    re.IGNORECASE,
)


def is_machine(masked: str, dialect: str = "") -> bool:
    """Whether a masked statement is no use of data, though it looks like a read.

    EXPLAIN and SHOW; SELECT without a table or from DUAL; probes for columns (`WHERE 1 = 0`,
    `LIMIT 0`); what Metabase samples to guess types; dbt's tests; reads of nothing but the
    platform's own catalogue. Ask it once per template: masking leaves what it looks for.
    """
    if _FIRST_WORD.match(masked):
        return True
    if not _SELECTS.match(masked):
        return False
    # To look for a word costs little, to look for its pattern in a long text much.
    text = masked.lower()
    if "into" in text and _WRITES.search(text):
        return False
    if not _READS.search(text) or _is_probe(text):
        return True
    sources = _SOURCE.findall(masked)
    return bool(sources) and all(_is_system(source, dialect) for source in sources)


def _is_probe(text: str) -> bool:
    return bool(
        _PROBE.search(text[-_TAIL:])
        or ("select top" in text and _TOP_NOTHING.search(text))
        or (any(mark in text for mark in _CHECKS) and _CHECKER.search(text))
    )


def _is_system(source: str, dialect: str) -> bool:
    if dialect == "oracle" and _ORACLE_VIEW.match(source):
        return True
    return _SYSTEM.match(source) is not None

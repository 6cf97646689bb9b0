"""Statements that machines ask of the platform itself: probes, profilers, catalogue look-ups."""

from __future__ import annotations

import re

_FIRST_WORD = re.compile(r"\W*(?:explain|describe|desc|show|pragma)\b", re.IGNORECASE)
_SELECTS = re.compile(r"[(\s]*(?:select|with|values)\b", re.IGNORECASE)
_READS = re.compile(r"\b(?:from|join|table)\b", re.IGNORECASE)
_WRITES = re.compile(r"\binto\b", re.IGNORECASE)
# Asks for the columns, not for the rows.
_PROBE = re.compile(
    r"\bwhere \(?(?:1 ?= ?0|0 ?= ?1|([01]) ?(?:<>|!=) ?\1|false)\)?(?: limit [01])?[\s;)]*$"
    r"|\b(?:limit|fetch first|fetch next) 0\b[\s;)]*(?:rows only)?$|\bselect top \(?0\)?\s",
    re.IGNORECASE,
)
_METABASE_FINGERPRINT = re.compile(r"\bsubstring\d{2,}\b", re.IGNORECASE)
_SOURCE = re.compile(r"""\b(?:from|join)\s+([\w."`\[\]$-]+)""", re.IGNORECASE)
_SYSTEM = re.compile(
    r"""["`\[]?(?:\w+["`\]]?\.["`\[]?)?(?:information_schema|pg_catalog|performance_schema|mysql|sys|"""
    r"""system|snowflake|account_usage)["`\]]?\.|["`\[]?(?:pg_|svv_|svl_|stl_|stv_|sys_)\w+["`\]]?$"""
    r"""|.*__tables__""",
    re.IGNORECASE,
)


def is_machine(masked: str) -> bool:
    """Whether a masked statement is no use of data, though it looks like a read.

    EXPLAIN and SHOW; SELECT without a table; probes for columns (`WHERE 1 = 0`, `LIMIT 0`); what
    Metabase samples to guess types; reads of nothing but the platform's own catalogue. Ask it once
    per template: masking leaves what it looks for.
    """
    if _FIRST_WORD.match(masked):
        return True
    if not _SELECTS.match(masked) or _WRITES.search(masked):
        return False
    if not _READS.search(masked) or _PROBE.search(masked) or _METABASE_FINGERPRINT.search(masked):
        return True
    sources = _SOURCE.findall(masked)
    return bool(sources) and all(_SYSTEM.match(source) for source in sources)

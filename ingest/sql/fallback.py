"""Tables without a parser: a scan over words for what stands behind FROM, JOIN and INTO.

For statements that the parser does not know. Rather nothing than a wrong name: a word counts as a
table only where the grammar leaves no other reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ingest.sql.dialects import Rules
from ingest.sql.names import TEMPLATE, is_path, qualified
from ingest.sql.records import Statement, Table
from ingest.sql.run import Run
from ingest.sql.tokens import words

_WORDS = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|$)"
    r"|(?P<string>'(?:[^']|'')*(?:'|$))"
    r"|(?P<quoted>\"(?:[^\"]|\"\")*(?:\"|$)|`[^`]*(?:`|$)|\[[A-Za-z_@#][^\]\n]*\])"
    r"|(?P<stage>@[\w%~./-]+)"
    r"|(?P<word>[\w$#\N{SECTION SIGN}]+)"
    r"|(?P<sign>\S)",
    re.DOTALL,
)
_READ = frozenset({"FROM", "JOIN", "USING", "INFILE", "INPATH"})
_WRITE = frozenset({"INTO", "UPDATE", "OVERWRITE"})
_CREATE = frozenset({"TABLE", "VIEW"})
_NO_NAME = words(
    """SELECT FROM WHERE SET VALUES ON USING JOIN INNER LEFT RIGHT FULL CROSS NATURAL LATERAL
    UNNEST GROUP ORDER HAVING LIMIT UNION EXCEPT INTERSECT WITH AS AND OR NOT IN IS NULL TABLE
    INTO IF EXISTS DISTINCT ONLY DIRECTORY LOCAL DUAL CASE WHEN THEN ELSE END BY"""
)
_INNER_FROM = frozenset({"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY", "POSITION", "LTRIM", "RTRIM"})


class _Word(NamedTuple):
    text: str
    kind: str

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind == "word" else ""


def scan(sql: str, run: Run, note: str) -> Statement:
    """The tables that a text reads and writes, as far as words tell."""
    found = list(_words(sql))
    ctes = _cte_names(found)
    reads: dict[Table, None] = {}
    writes: dict[Table, None] = {}
    for i, place in _places(found):
        parts, end = _name(found, i)
        table = _table(parts, run)
        if table is None or (len(parts) == 1 and parts[0].text.lower() in ctes):
            continue
        called = end < len(found) and found[end].text == "("
        if place is _READ and not called:
            reads[table] = None
        elif place is not _READ:
            writes[table] = None
    return Statement(
        kind="other",
        reads=tuple(sorted(reads)),
        writes=tuple(sorted(writes)),
        parse="table_only",
        output_complete=False,
        notes=(note,),
    )


def _words(sql: str) -> Iterator[_Word]:
    for match in _WORDS.finditer(sql):
        if match.lastgroup == "quoted":
            yield _Word(match[0].strip('"`[]'), "quoted")
        elif match.lastgroup == "string":
            yield _Word(match[0].strip("'"), "string")
        elif match.lastgroup:
            yield _Word(match[0], match.lastgroup)


def _cte_names(found: list[_Word]) -> set[str]:
    return {
        found[i].text.lower()
        for i in range(len(found) - 2)
        if found[i + 1].upper == "AS" and found[i + 2].text == "("
    }


def _places(found: list[_Word]) -> Iterator[tuple[int, frozenset[str]]]:
    """Where a table's name begins, and which kind of place that is."""
    owners: list[str] = []
    listing: list[bool] = [False]
    for i, word in enumerate(found):
        if word.text == "(" and word.kind == "sign":
            owners.append(found[i - 1].upper if i else "")
            listing.append(False)
        elif word.text == ")" and word.kind == "sign" and owners:
            owners.pop()
            listing.pop()
        elif word.upper == "BULK" and i + 1 < len(found) and found[i + 1].kind == "string":
            yield i + 1, _READ
        elif word.upper == "FROM" and i and found[i - 1].upper == "DELETE":
            yield i + 1, _WRITE
        elif word.upper in _READ and not _is_other_from(found, i, owners):
            listing[-1] = word.upper == "FROM"
            yield i + 1, _READ
        elif word.text == "," and word.kind == "sign" and listing[-1]:
            yield i + 1, _READ
        elif word.upper in _WRITE or (
            word.upper in _CREATE and found[0].upper in {"CREATE", "COPY"}
        ):
            yield _after_modifiers(found, i + 1), _WRITE
        elif word.upper in _NO_NAME and word.upper != "AS":
            listing[-1] = False


def _is_other_from(found: list[_Word], i: int, owners: list[str]) -> bool:
    if found[i].upper == "USING":
        return not (found and found[0].upper in {"MERGE", "DELETE"}) or _sign(found, i + 1) == "("
    inner = bool(owners) and owners[-1] in _INNER_FROM
    return inner or (i > 0 and found[i - 1].upper == "DISTINCT" and found[i].upper == "FROM")


def _sign(found: list[_Word], i: int) -> str:
    return found[i].text if i < len(found) else ""


def _after_modifiers(found: list[_Word], i: int) -> int:
    while i < len(found) and found[i].upper in {"TABLE", "IF", "NOT", "EXISTS", "ONLY", "INTO"}:
        i += 1
    return i


def _name(found: list[_Word], i: int) -> tuple[list[_Word], int]:
    """The dotted name that begins at a word, and where it ends."""
    parts: list[_Word] = []
    while i < len(found) and found[i].kind != "sign" and found[i].upper not in _NO_NAME:
        parts.append(found[i])
        i += 1
        if _sign(found, i) != ".":
            break
        i += 1
    return parts, i


def _table(parts: list[_Word], run: Run) -> Table | None:
    if not parts or any(TEMPLATE in part.text or not part.text for part in parts):
        return None
    first = parts[0]
    if first.kind == "stage":
        return Table((first.text,), "stage")
    if first.kind == "string":
        return Table((first.text,), "path") if is_path(first.text) else None
    if first.text[0].isdigit():
        return None
    names = [_folded(part, run.rules) for part in parts]
    if run.rules.name == "bigquery":  # one pair of quotes holds the whole name
        names = [name for part in names for name in part.split(".")]
    return qualified(tuple(names), run)


def _folded(part: _Word, rules: Rules) -> str:
    return rules.table(part.text, part.kind == "quoted")

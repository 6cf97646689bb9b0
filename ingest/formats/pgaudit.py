"""What the lines of pgaudit say of a statement: the relations that it touched, by their full names.

One statement is several lines: one for each relation, and more for the statements that its
functions and blocks ran. Source: https://github.com/pgaudit/pgaudit/blob/master/README.md, and
logs of pgaudit 1.7.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ingest.record import Stated, StatedTable

MARK = "AUDIT: "
_FIELDS = (
    *("audit_type", "statement_id", "substatement_id", "class", "command"),
    *("object_type", "object_name", "statement", "parameter"),
)
_UNSAID = frozenset({"<previously logged>", "<not logged>"})
_NAME_PART = re.compile(r'"((?:[^"]|"")*)"|([^".]+)')
_RELATIONS = frozenset({"TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "PARTITIONED TABLE"})
_VIEW = "VIEW"
# What a definition fills at once; other definitions write no rows.
_FILLING = frozenset({"CREATE TABLE AS", "SELECT INTO", "CREATE MATERIALIZED VIEW",
                      "REFRESH MATERIALIZED VIEW"})  # fmt: skip
_OF_THE_SERVER = frozenset({"pg_catalog", "information_schema", "pg_toast"})
# How the server itself looks a foreign key up.
_KEY_CHECK = re.compile(r"SELECT 1 FROM ONLY .* FOR KEY SHARE OF x$", re.DOTALL)


class Audit(NamedTuple):
    """A line of pgaudit. text: of the statement, empty when the line does not repeat it."""

    by_object: bool
    number: str
    nested: bool
    class_: str
    command: str
    kind: str
    name: str
    text: str


def read_audit(message: str) -> Audit | None:
    """The line in a log message; None when it is none that can be read."""
    try:
        row = next(csv.reader([message.removeprefix(MARK)], strict=True))
    except (csv.Error, StopIteration):
        return None
    if len(row) < 8 or row[0] not in ("SESSION", "OBJECT"):
        return None
    origin, number, step, class_, command, kind, name, text = row[:8]
    said = "" if text in _UNSAID else text
    return Audit(origin == "OBJECT", number, step != "1", class_, command, kind, name, said)


def written(fields: Mapping[str, str]) -> str:
    """The log message of a line that CloudNativePG took apart into its fields."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields.get(name, "") for name in _FIELDS)
    return MARK + text.getvalue()


class Touched:
    """The relations that the lines of one statement tell."""

    def __init__(self) -> None:
        self._reads: dict[tuple[str, ...], bool] = {}  # → whether the statement names it
        self._writes: dict[tuple[str, ...], None] = {}
        self._reading = self._views = self._temporary = False
        self._by_object = True
        self._text = ""

    def add(self, audit: Audit, database: str) -> None:
        """Takes in what a line says."""
        self._text = audit.text or self._text
        if audit.kind not in _RELATIONS or not audit.name or _KEY_CHECK.match(self._text):
            return
        parts = tuple(
            quoted.replace('""', '"') or plain for quoted, plain in _NAME_PART.findall(audit.name)
        )
        reads = audit.class_ == "READ"
        self._reading |= reads
        self._by_object &= audit.by_object
        if parts[0].startswith("pg_temp"):
            self._temporary = True
        elif parts[0] not in _OF_THE_SERVER:
            parts = (database, *parts) if database else parts
            if reads:
                named = re.search(rf"\b{re.escape(parts[-1])}\b", self._text, re.IGNORECASE)
                self._views |= audit.kind == _VIEW
                self._reads[parts] = self._reads.get(parts, False) or bool(named)
            elif audit.class_ == "WRITE" or audit.command in _FILLING:
                self._writes[parts] = None

    def stated(self) -> Stated | None:
        """What the lines state; None when they name no relation.

        pgaudit tells a view together with the tables beneath it. Those that only the view names
        are left out.
        """
        if not self._reading and not self._writes:
            return None
        reads = [parts for parts, named in self._reads.items() if named or not self._views]
        some = self._by_object or self._temporary
        return Stated(
            _tables(reads) if self._reading else None,
            _tables(self._writes) if self._writes else None,
            scope="some" if some else "named",
        )


def _tables(found: Iterable[tuple[str, ...]]) -> tuple[StatedTable, ...]:
    return tuple(sorted(StatedTable(parts) for parts in found))

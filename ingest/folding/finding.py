"""Finds the cell that counts a record; nothing here parses SQL.

Per record the work is a look-up for a text seen before, else masking and hashing. What a statement
means is found out once per template, when the cells are derived.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from ingest.attribution import UNKNOWN, Issuer, Rules, attribute
from ingest.declared.sources import Source
from ingest.folding.cells import (
    Cell,
    CellKey,
    FoldedCell,
    Template,
    folded,
    latest_start,
    template,
    textless,
)
from ingest.folding.portions import Variant
from ingest.folding.rows import Row, weight
from ingest.folding.session import Session, context_of, makes_temporary, needs_session
from ingest.masking.machine import is_machine
from ingest.masking.many import ManyMasks
from ingest.masking.template import Masked
from ingest.record import QueryRecord, Stated
from ingest.sql import Context
from lineage.names import PrincipalId, QueryId, clean

# Statements that neither read nor write a dataset; what changes the session is replayed before.
_NO_LINEAGE = frozenset({
    "SET", "RESET", "USE", "SHOW", "DESC", "DESCRIBE", "EXPLAIN", "BEGIN", "START", "COMMIT",
    "ROLLBACK", "SAVEPOINT", "RELEASE", "END", "GRANT", "REVOKE", "ANALYZE", "ANALYSE", "VACUUM",
    "OPTIMIZE", "CHECKPOINT", "KILL", "FLUSH", "LOCK", "UNLOCK", "DISCARD", "DEALLOCATE", "CLOSE",
    "FETCH", "MOVE", "PING", "LIST", "LS", "PUT", "GET", "REMOVE", "LISTEN", "NOTIFY", "UNLISTEN",
    "COMMENT", "REINDEX", "CLUSTER",
})  # fmt: skip
_WORD = re.compile(r"\W*(\w+)")
_TEMPORARY = ("temp", "volatile", "#")  # no statement that makes a temporary table is without
_MEMO = 200_000  # (template, login, consumer, context) whose cell is remembered


class Skip(msgspec.Struct, frozen=True):
    """A text that makes no cell."""

    reason: str
    dead: bool = False


class Scripted:
    """A statement of a session with temporary tables, and the cell of its whole script.

    One that fills such a table is a read of its own only if nobody uses the table, which is not
    known before the session is over.
    """

    __slots__ = ("cell", "fills", "key", "record", "used")

    def __init__(self, cell: Cell, record: QueryRecord, key: bytes, *, fills: bool) -> None:
        self.cell, self.record, self.key, self.fills = cell, record, key, fills
        self.used = True

    def unused(self) -> None:
        """Takes note that nobody used the table."""
        self.used = False

    def count(self) -> None:
        """Counts the statement."""
        self.cell.add(self.record.start, self.key.hex(), self.record.count)


class Finder:
    """The cells since the last flush, and the sessions that the statements stand in."""

    def __init__(self, rules: Rules) -> None:
        self.principals: dict[PrincipalId, str] = {}  # → class
        self._rules = rules
        self._logins: dict[tuple[str, str], tuple[Issuer, PrincipalId]] = {}
        self._cells: dict[CellKey, Cell] = {}
        self._where: dict[QueryId, tuple[str, int]] = {}
        self._sessions: dict[str, dict[str, Session]] = {}  # by source
        self._memo: dict[tuple[object, ...], Cell | Skip] = {}
        self._masks: dict[str, ManyMasks] = {}  # by dialect
        self.latest = latest_start()  # what starts after it lies in the future

    @property
    def cells(self) -> int:
        """How many cells there are since the last flush."""
        return len(self._cells)

    @property
    def in_sessions(self) -> bool:
        """Whether any statement met so far changes what later ones of its session mean."""
        return any(self._sessions.values())

    def flush(self) -> list[FoldedCell]:
        """The cells so far; the next ones begin anew. Sessions go on."""
        cells = [folded(cell) for cell in self._cells.values() if cell.by_day]
        self._cells = {}
        self._memo = {}
        return cells

    def close_sessions(self) -> None:
        """Tells the statements that filled a temporary table whether somebody used it."""
        for sessions in self._sessions.values():
            for session in sessions.values():
                session.close()

    def sessions(self, source: str) -> dict[str, Session]:
        """The sessions of a source in which a statement changed what later ones mean."""
        return self._sessions.setdefault(source, {})

    def cell(self, key: CellKey) -> Cell:
        """The cell of this key since the last flush."""
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = Cell(key)
        return cell

    def where(self, query: QueryId) -> tuple[str, int]:
        """File and line where a template was first met."""
        return self._where.get(query, ("", 0))

    def is_late(self, start: int) -> bool:
        """Whether a time lies in the future."""
        return start > self.latest

    def is_replayed(self, record: QueryRecord, source: Source) -> bool:
        """Whether later statements may depend on this one, though it is counted already."""
        if not record.session:
            return False
        session = self.sessions(source.name).get(record.session)
        if session is not None and session.has_temporary:
            return True
        text = record.text.lower()
        return any(mark in text for mark in _TEMPORARY)

    def find(
        self,
        record: QueryRecord,
        source: Source,
        file: str,
        key: bytes,
        masked: Masked | None = None,
    ) -> Cell | Skip | Scripted:
        """The cell that counts the record, or why none does; masked: its text, if already known."""
        if not record.joins and not 0 <= record.start <= self.latest:
            return Skip("no_time" if record.start < 0 else "future_time", dead=True)
        # What other records may add to is kept with its row, not with its text.
        stated = None if record.joins else record.stated
        if masked is None:
            masked = self.masks(source.dialect).mask(record.text)
        if masked.reason or not record.complete:
            if stated is None:
                return Skip(masked.reason if record.complete else "truncated", dead=True)
            masked = Masked("", masked.comments)
        session = self.sessions(source.name).get(record.session) if record.session else None
        context = session.context(record, source) if session else context_of(record, source)
        memo = (
            masked, record.user, source.name, source.dialect, context, stated,
            *record.hints.items(),
        )  # fmt: skip
        # Temporary tables give the same text another meaning in another session.
        if session is None or not session.has_temporary:
            known = self._memo.get(memo)
            if known is not None:
                return known
        if record.session and needs_session(masked.text):
            session = self.sessions(source.name).setdefault(record.session, Session())
            if session.set_context(masked.text, source.dialect):
                return Skip("no_lineage")
        reason = reason_to_pass(masked.text, stated, source.dialect)
        if reason:
            found: Cell | Skip = Skip(reason)
        else:
            issuer = self._issuer(masked, record, source)
            if session is not None and (session.has_temporary or makes_temporary(masked.text)):
                scripted = self._scripted(
                    masked.text, session, context, issuer, record, source, file, key
                )
                if scripted:
                    return scripted
            template = self._template(masked.text, context, source).told(stated)
            found = self._cell(template, issuer, record, file)
        if session is None or not session.has_temporary:
            if len(self._memo) >= _MEMO:
                self._memo.clear()
            self._memo[memo] = found
        return found

    def _scripted(
        self, sql: str, session: Session, context: Context, issuer: Issuer, record: QueryRecord,
        source: Source, file: str, key: bytes,
    ) -> Scripted | None:  # fmt: skip
        """A statement in a session with temporary tables; None when it has to do with none."""
        script, fills = session.script(sql)
        if not fills and len(script) == 1:
            return None
        template = self._template(";\n".join(script), context, source)
        cell = self._cell(template, issuer, record, file)
        found = Scripted(cell, record, key, fills=bool(fills))
        if fills:
            session.hold(fills, script, found.unused)
        return found

    def row(
        self, record: QueryRecord, source: Source, found: Cell | Skip | None, length: int
    ) -> Row:
        """What the record, with a text of so many characters, tells of its statement."""
        if isinstance(found, Cell):
            text, issuer = found.key.template.id.name, found.key.issuer
        else:
            text = ""
            issuer = self._issuer(self.masks(source.dialect).mask(record.text), record, source)
        _, login = self.login(source.namespace, record.user)
        by_text = record.text != ""
        return Row(
            record.start,
            record.count,
            text,
            weight(record, length, complete=text != ""),
            record.user,
            None if (issuer.namespace, issuer.name) == (login.namespace, login.name) else issuer,
            record.stated,
            start_by_text=by_text,
            user_by_text=by_text,
            issuer_by_text=by_text,
        )

    def _issuer(self, masked: Masked, record: QueryRecord, source: Source) -> Issuer:
        found = attribute(masked.comments, record.hints, record.user, source.namespace, self._rules)
        return Issuer(
            found.namespace, found.name, found.kind, found.url, found.person, writes=found.writes
        )

    def login(self, namespace: str, user: str) -> tuple[Issuer, PrincipalId]:
        """A login, and the issuer that stands for it when no other is known."""
        known = self._logins.get((namespace, user))
        if known is None:
            principal = PrincipalId(namespace, clean(user) or UNKNOWN)
            class_ = self.principals.setdefault(principal, self._rules.principal_class(user))
            known = Issuer(namespace, principal.name, class_), principal
            self._logins[namespace, user] = known
        return known

    def masks(self, dialect: str) -> ManyMasks:
        """What masks the statements of a dialect."""
        masks = self._masks.get(dialect)
        if masks is None:
            masks = self._masks[dialect] = ManyMasks(dialect)
        return masks

    def template(self, variant: Variant, source: Source) -> Template:
        """The template of a variant, as far as no session gives it another meaning."""
        record = variant.record
        stated = None if record.joins else record.stated
        context = context_of(record, source)
        return self._template(variant.masked.text, context, source).told(stated)

    def _template(self, sql: str, context: Context, source: Source) -> Template:
        if not sql:
            return textless(source.namespace, source.dialect)
        return template(source.namespace, sql, source.dialect, context)

    def _cell(self, template: Template, issuer: Issuer, record: QueryRecord, file: str) -> Cell:
        self._where.setdefault(template.id, (file, record.line))
        _, principal = self.login(template.id.namespace, record.user)
        return self.cell(CellKey(template, issuer, principal))


def reason_to_pass(masked: str, stated: Stated | None, dialect: str) -> str:
    """Why a statement is no use of data, as its masked text or its engine tells; else empty."""
    return no_use(masked, dialect) if masked or not stated else ""


@lru_cache(maxsize=50_000)
def no_use(masked: str, dialect: str) -> str:
    """Why a masked statement is no use of data; empty when it may be one."""
    word = _WORD.match(masked)
    if word is None or word.group(1).upper() in _NO_LINEAGE:
        return "no_lineage"
    return "system" if is_machine(masked, dialect) else ""

"""Folds the statements of query logs into cells; nothing here parses SQL.

Per record the work is a look-up for a text seen before, else masking and hashing. What a statement
means is found out once per template, when the cells are derived.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from ingest.attribution import UNKNOWN, Issuer, Rules, attribute
from ingest.declared.sources import Source
from ingest.folding.cells import (
    Cell,
    CellKey,
    FoldedCell,
    Template,
    day_of,
    folded,
    latest_start,
)
from ingest.folding.dead_letters import DeadLetter, tokens
from ingest.folding.ledger import UNTIMED, Ledger, statement_key
from ingest.folding.session import Session, context_of, makes_temporary, needs_session
from ingest.masking.machine import is_machine
from ingest.masking.template import Masked, Masks, fingerprint, mask
from ingest.record import Ignored, QueryRecord, Read, Rejected
from ingest.report import Funnel
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
_UNSUCCESSFUL = {"error": "failed", "cancelled": "failed", "running": "unfinished"}


class _Skip(msgspec.Struct, frozen=True):
    """A text that makes no cell."""

    reason: str
    dead: bool = False


class _Held:
    """A statement that fills a temporary table: a read of its own only if nobody uses the table."""

    __slots__ = ("cell", "fresh", "key", "record")

    def __init__(self, cell: Cell, record: QueryRecord, key: str) -> None:
        self.cell, self.record, self.key = cell, record, key
        self.fresh = False

    def count(self) -> None:
        """Counts it as a read, unless it was counted by an earlier import."""
        if self.fresh:
            self.cell.add(self.record.start, self.key, self.record.count)


class Queries:
    """The cells of the query logs read since the last flush."""

    def __init__(self, ledger: Ledger, funnel: Funnel, rules: Rules) -> None:
        self.letters: dict[str, DeadLetter] = {}
        self.principals: dict[PrincipalId, str] = {}  # → class
        self._ledger = ledger
        self._funnel = funnel
        self._rules = rules
        self._cells: dict[CellKey, Cell] = {}
        self._where: dict[QueryId, tuple[str, int]] = {}
        self._sessions: dict[tuple[str, str], Session] = {}
        self._memo: dict[tuple[object, ...], Cell | _Skip] = {}
        self._masks: dict[str, Masks] = {}  # by dialect
        self._latest = latest_start()

    def take(self, records: Iterable[Read], source: Source, file: str) -> Iterator[None]:
        """Takes in the records; yields after each, so that the caller may stop or flush."""
        funnel = self._funnel
        for record in records:
            funnel.read += 1
            if isinstance(record, QueryRecord):
                self._query(record, source, file)
            elif isinstance(record, Ignored):
                funnel.ignore(record.reason)
            else:
                self._rejected(record, source, file)
            yield

    def flush(self) -> list[FoldedCell]:
        """The cells so far; the next flush begins anew. Sessions go on."""
        for session in self._sessions.values():
            session.close()
        cells = [folded(key, cell) for key, cell in self._cells.items() if cell.by_day]
        self._cells = {}
        self._memo = {}
        return cells

    def where(self, query: QueryId) -> tuple[str, int]:
        """File and line where a template was first met."""
        return self._where[query]

    def _query(self, record: QueryRecord, source: Source, file: str) -> None:
        funnel = self._funnel
        if record.status in _UNSUCCESSFUL:
            funnel.ignore(_UNSUCCESSFUL[record.status])
            return
        if record.query_id:
            key = statement_key(source.namespace, record.query_id)
        else:
            key = statement_key(source.namespace, record.user, str(record.start), record.session,
                                str(record.seq), record.text)  # fmt: skip
        day = day_of(record.start)
        if self._ledger.holds(source.namespace, day, key) and not self._is_replayed(record, source):
            funnel.duplicate += 1
            return
        found = self._find(record, source, file, key)
        if isinstance(found, _Skip) and not found.dead:
            funnel.ignore(found.reason)
        elif not self._ledger.add(source.namespace, day, key):
            funnel.duplicate += 1
        elif isinstance(found, _Skip):
            self._bury(found.reason, record.text, record.line, source, file, day)
        else:
            funnel.imported += 1
            if isinstance(found, _Held):
                found.fresh = True
            else:
                found.add(record.start, key.hex(), record.count)

    def _is_replayed(self, record: QueryRecord, source: Source) -> bool:
        """Whether later statements may depend on this one, though it is counted already."""
        if not record.session:
            return False
        session = self._sessions.get((source.name, record.session))
        if session is not None and session.has_temporary:
            return True
        text = record.text.lower()
        return any(mark in text for mark in _TEMPORARY)

    def _find(
        self, record: QueryRecord, source: Source, file: str, key: bytes
    ) -> Cell | _Skip | _Held:
        """The cell that counts the record, or why none does."""
        if not 0 <= record.start <= self._latest:
            return _Skip("no_time" if record.start < 0 else "future_time", dead=True)
        if not record.complete:
            return _Skip("truncated", dead=True)
        masked = self._masks_of(source.dialect).mask(record.text)
        if masked.reason:
            return _Skip(masked.reason, dead=True)
        session = self._sessions.get((source.name, record.session)) if record.session else None
        context = session.context(record, source) if session else context_of(record, source)
        memo = (masked, record.user, source.name, context, *record.hints.items())
        # Temporary tables give the same text another meaning in another session.
        if session is None or not session.has_temporary:
            known = self._memo.get(memo)
            if known is not None:
                return known
        if record.session and needs_session(masked.text):
            session = self._sessions.setdefault((source.name, record.session), Session())
            if session.set_context(masked.text, source.dialect):
                return _Skip("no_lineage")
        reason = _no_use(masked.text)
        if reason:
            found: Cell | _Skip = _Skip(reason)
        else:
            issuer = self._issuer(masked, record, source)
            if session is not None and (session.has_temporary or makes_temporary(masked.text)):
                return self._scripted(
                    masked.text, session, context, issuer, record, source, file, key
                )
            found = self._cell(masked.text, context, issuer, record, source, file)
        if len(self._memo) >= _MEMO:
            self._memo.clear()
        self._memo[memo] = found
        return found

    def _scripted(
        self, sql: str, session: Session, context: Context, issuer: Issuer, record: QueryRecord,
        source: Source, file: str, key: bytes,
    ) -> Cell | _Held:  # fmt: skip
        """The cell of a statement in a session with temporary tables."""
        script, fills = session.script(sql)
        cell = self._cell(";\n".join(script), context, issuer, record, source, file)
        if not fills:
            return cell
        held = _Held(cell, record, key.hex())
        session.hold(fills, script, held.count)
        return held

    def _issuer(self, masked: Masked, record: QueryRecord, source: Source) -> Issuer:
        """Who the statement is for, without what differs from one run to the next."""
        found = attribute(masked.comments, record.hints, record.user, source.namespace, self._rules)
        return Issuer(found.namespace, found.name, found.kind, found.url, writes=found.writes)

    def _masks_of(self, dialect: str) -> Masks:
        masks = self._masks.get(dialect)
        if masks is None:
            masks = self._masks[dialect] = Masks(dialect)
        return masks

    def _cell(
        self, sql: str, context: Context, issuer: Issuer, record: QueryRecord, source: Source,
        file: str,
    ) -> Cell:  # fmt: skip
        name = fingerprint(
            sql, source.dialect, context.default_db, context.default_schema, *context.search_path
        )
        query = QueryId(source.namespace, name)
        template = Template(query, sql, source.dialect, context)
        self._where.setdefault(query, (file, record.line))
        principal = PrincipalId(source.namespace, clean(record.user) or UNKNOWN)
        if principal not in self.principals:
            self.principals[principal] = self._rules.principal_class(record.user)
        return self._cells.setdefault(CellKey(template, issuer, principal), Cell())

    def _rejected(self, record: Rejected, source: Source, file: str) -> None:
        key = statement_key(source.namespace, record.reason, record.text, str(record.line))
        if self._ledger.add(source.namespace, UNTIMED, key):
            # A record that is no SQL may hide its literals in the quotes of another language.
            text = record.text.replace('"', " ")
            self._bury(record.reason, text, record.line, source, file, UNTIMED)
        else:
            self._funnel.duplicate += 1

    def _bury(self, reason: str, text: str, line: int, source: Source, file: str, day: int) -> None:
        self._funnel.bury(reason)
        masked = mask(text, source.dialect).text[:2000]
        letter = DeadLetter(reason, source.name, file, line, masked, day=day,
                            tokens=tokens(masked))  # fmt: skip
        self.letters[f"{reason}:{fingerprint(source.name, text)}"] = letter


@lru_cache(maxsize=10_000)
def _no_use(masked: str) -> str:
    """Why a masked statement is no use of data; empty when it may be one."""
    word = _WORD.match(masked)
    if word is None or word.group(1).upper() in _NO_LINEAGE:
        return "no_lineage"
    return "system" if is_machine(masked) else ""

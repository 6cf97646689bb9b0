"""What a session remembers: its default schema and its temporary tables.

`USE`, `SET search_path` and temporary tables are in no column of most logs; they are replayed here,
in the order of the session. A statement that names a temporary table becomes a script: the
statements that filled the table, then itself; the analyser sees through the table to its sources.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ingest.declared.sources import Source
from ingest.record import QueryRecord
from ingest.sql import Catalog, Context, analyse

_SETS_CONTEXT = re.compile(
    r"use\b|set\s+(?:session\s+|local\s+)?search_path\b|alter\s+session\s+set\b|set\s+schema\b",
    re.IGNORECASE,
)
_CREATES_TEMPORARY = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:(?:local|global)\s+)?(?:temp|temporary|volatile)\s+"
    r"(?:table|view)\s+(?:if\s+not\s+exists\s+)?([^\s(;]+)",
    re.IGNORECASE,
)
_SELECTS_INTO_TEMPORARY = re.compile(
    r"select\b.*?\binto\s+(?:temp\s+|temporary\s+)?(#\w+)", re.IGNORECASE | re.DOTALL
)
_FILLS = re.compile(
    r"(?:insert\s+(?:into|overwrite)|update|merge\s+into|delete\s+from|copy\s+into)\s+"
    r"(?:table\s+)?([^\s(;]+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"#?\w+")
_NOTHING_SET = Context()


class _Temporary:
    """A temporary table: the script that fills it, and what to do if nobody ever uses it."""

    __slots__ = ("script", "unused")

    def __init__(self, script: tuple[str, ...], unused: Callable[[], None]) -> None:
        self.script = script
        self.unused: Callable[[], None] | None = unused


def needs_session(sql: str) -> bool:
    """Whether later statements of the session depend on this one."""
    return bool(_SETS_CONTEXT.match(sql)) or makes_temporary(sql)


def makes_temporary(sql: str) -> bool:
    """Whether the statement creates a temporary table."""
    return _made_temporary(sql) is not None


def _made_temporary(sql: str) -> re.Match[str] | None:
    made = _CREATES_TEMPORARY.match(sql)
    return made or (_SELECTS_INTO_TEMPORARY.match(sql) if "#" in sql else None)


def context_of(record: QueryRecord, source: Source, session: Context = _NOTHING_SET) -> Context:
    """What unqualified names of the record mean; what the log states itself wins."""
    return Context(
        record.database or session.default_db or source.default_db,
        record.schema or session.default_schema or source.default_schema,
        session.search_path or source.search_path,
    )


class Session:
    """One session of a source."""

    def __init__(self) -> None:
        self._set = _NOTHING_SET
        self._temporary: dict[str, _Temporary] = {}

    @property
    def has_temporary(self) -> bool:
        """Whether the session has made a temporary table."""
        return bool(self._temporary)

    def context(self, record: QueryRecord, source: Source) -> Context:
        """What unqualified names of the record mean now."""
        return context_of(record, source, self._set)

    def set_context(self, sql: str, dialect: str) -> bool:
        """Whether the statement only changes the context; it is applied."""
        if not _SETS_CONTEXT.match(sql):
            return False
        self._set = analyse(sql, dialect, self._set, Catalog()).context
        return True

    def script(self, sql: str) -> tuple[tuple[str, ...], str]:
        """The statements to analyse in place of one, and the temporary table it fills, if any.

        Before it stand those that filled the temporary tables that it names, each once: a log may
        tell the same statement again.
        """
        made, filled = _made_temporary(sql), _FILLS.match(sql)
        target = _last(filled.group(1)) if filled else ""
        if made:
            target = _last(made.group(1))
        elif target not in self._temporary:
            target = ""
        named = self._temporary.keys() & {word.lower() for word in _WORD.findall(sql)}
        if made:
            named.discard(target)  # what it held before is gone
        before = (line for name in sorted(named) for line in self._use(name))
        return tuple(dict.fromkeys([*before, sql])), target

    def hold(self, table: str, script: tuple[str, ...], unused: Callable[[], None]) -> None:
        """Keeps the script that fills a temporary table.

        `unused` is called at `close` when no later statement ever named the table.
        """
        self._temporary[table] = _Temporary(script, unused)

    def _use(self, name: str) -> tuple[str, ...]:
        temporary = self._temporary[name]
        temporary.unused = None
        return temporary.script

    def close(self) -> None:
        """Counts the temporary tables that nobody used as reads of what filled them."""
        for temporary in self._temporary.values():
            if temporary.unused:
                temporary.unused()
                temporary.unused = None


def _last(name: str) -> str:
    return re.split(r"[.\s]", name)[-1].strip('"`[]').lower()

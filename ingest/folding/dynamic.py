"""Statements that run a text nobody knows: kept, since silence about a table may be theirs."""

from __future__ import annotations

import re

import msgspec

from ingest.folding.cells import FoldedCell
from ingest.sql import Analysis
from lineage.analyses.proof.gaps import DYNAMIC_SQL, DynamicSql, tokens_of
from lineage.model import Document
from lineage.store import Store

_UNEXPLAINED = "dynamic SQL"  # the note of a statement whose text is not one literal
_VALUE = re.compile(r"''(?:[^']|'''')*?''")  # a literal inside a literal
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_MOST_SQL = 500  # characters


def is_unexplained(analysis: Analysis) -> bool:
    """Whether a part of the text is SQL that is only known when it runs."""
    return any(_UNEXPLAINED in statement.notes for statement in analysis.statements)


class Dynamic:
    """The dynamic SQL met since the last commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._met: dict[str, DynamicSql] = {}

    def __bool__(self) -> bool:
        return bool(self._met)

    def add(self, cell: FoldedCell) -> None:
        """Takes note of a cell whose template is dynamic SQL."""
        template, days = cell.key.template, cell.activity.days
        if days:
            context = template.context
            text = _VALUE.sub("''?''", template.sql)
            one = DynamicSql(
                template.id.namespace,
                _LITERAL.sub("'?'", text)[:_MOST_SQL],
                tuple(tokens_of(text)),
                context.default_db,
                context.default_schema,
                context.search_path,
                days[0],
                days[-1],
            )
            name = template.id.name
            self._met[name] = _united(self._met[name], one) if name in self._met else one

    def documents(self) -> list[Document]:
        """What the store must keep."""
        for document in self._store.documents(DYNAMIC_SQL, list(self._met)):
            known = msgspec.json.decode(document.body, type=DynamicSql)
            self._met[document.key] = _united(known, self._met[document.key])
        return [one.document(name) for name, one in self._met.items()]

    def committed(self) -> None:
        """Takes note that all of it is in the store."""
        self._met = {}


def _united(one: DynamicSql, other: DynamicSql) -> DynamicSql:
    first, last = min(one.first, other.first), max(one.last, other.last)
    return msgspec.structs.replace(one, first=first, last=last)

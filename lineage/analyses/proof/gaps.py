"""What was run and nobody understood: records whose words may name a dataset, and dynamic SQL."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import msgspec

from lineage.analyses.listening.listening import SOURCE, Listening
from lineage.model import Document
from lineage.names import DatasetId, parts
from lineage.store import Store

DYNAMIC_SQL = "dynamic_sql"  # the kind of its document
_DEAD_LETTER = "dead_letter"
_MOST_TOKENS = 500  # that a dead letter keeps, the first in their order
_UNTIMED = -1
_WORD = re.compile(r"[^\W\d]\w*")


class DynamicSql(msgspec.Struct, frozen=True):
    """A template that runs a text nobody knows, and the first and last UTC day that it ran.

    source: its namespace. sql: masked, without any literal. tokens: the words of its text, in lower
    case; default_schema, search_path: in which it looks for names that are not qualified.
    """

    source: str
    sql: str
    tokens: tuple[str, ...]
    default_db: str
    default_schema: str
    search_path: tuple[str, ...]
    first: int
    last: int

    def document(self, key: str) -> Document:
        """What is kept of it beside the graph, under its fingerprint."""
        return Document(DYNAMIC_SQL, key, msgspec.json.encode(self))


class Unread(msgspec.Struct, frozen=True, order=True):
    """A record that was not understood and may name a dataset.

    words: those of its text that name it; none when its text is not known, or not all of it.
    day: UTC, or -1 when it has no time. file: without its folder.
    """

    day: int
    dataset: DatasetId
    reason: str
    source: str
    file: str
    line: int
    words: tuple[str, ...]
    sql: str
    count: int
    key: str


class Unexplained(msgspec.Struct, frozen=True, order=True):
    """Dynamic SQL that may read a dataset; why: what ties it to the dataset."""

    dataset: DatasetId
    why: str
    key: str
    dynamic: DynamicSql


class _Letter(msgspec.Struct, frozen=True):
    reason: str = "unparsable"
    source: str = ""
    file: str = ""
    line: int = 0
    sql: str = ""
    count: int = 1
    tokens: tuple[str, ...] = ()
    day: int = _UNTIMED


def unread(
    store: Store, members: Collection[DatasetId], sources: Collection[str], first: int, last: int
) -> list[Unread]:
    """The dead letters of these days, or of no known day, that may name a member.

    sources: those that could name one, for letters whose text is not known.
    """
    namespaces = _namespaces(store)
    words = {member: _words(member) for member in members}
    found = []
    for document in store.documents(_DEAD_LETTER):
        letter = msgspec.json.decode(document.body, type=_Letter)
        if letter.day != _UNTIMED and not first <= letter.day <= last:
            continue
        near = namespaces.get(letter.source, letter.source) in {*sources, ""}
        for member, mine in words.items():
            if mine <= set(letter.tokens):
                found.append(_unread(document.key, letter, member, tuple(sorted(mine))))
            elif _is_cut(letter, mine) or (near and not letter.tokens):
                found.append(_unread(document.key, letter, member, ()))
    return sorted(found)


def _unread(key: str, letter: _Letter, member: DatasetId, words: tuple[str, ...]) -> Unread:
    file = letter.file.rpartition("/")[2]
    return Unread(
        letter.day, member, letter.reason, letter.source, file, letter.line, words, letter.sql,
        letter.count, key,
    )  # fmt: skip


def _words(dataset: DatasetId) -> frozenset[str]:
    """The words that every text has that names a dataset: those of the last part of its name."""
    last = (parts(dataset.name) or (dataset.name,))[-1]
    return frozenset(word.lower() for word in _WORD.findall(last))


def _is_cut(letter: _Letter, words: frozenset[str]) -> bool:
    """Whether a letter has so many words that those asked for may have been left out."""
    known = letter.tokens
    return len(known) >= _MOST_TOKENS and all(w in known or w > known[-1] for w in words)


def _namespaces(store: Store) -> dict[str, str]:
    """Name of a declared source → its namespace."""
    return {
        document.key: msgspec.json.decode(document.body, type=Listening).namespace
        for document in store.documents(SOURCE)
    }


def unexplained(
    store: Store, members: Collection[DatasetId], sources: Collection[str], first: int, last: int
) -> list[Unexplained]:
    """The dynamic SQL of these sources and days that may read a member."""
    found = []
    for document in store.documents(DYNAMIC_SQL):
        one = msgspec.json.decode(document.body, type=DynamicSql)
        # Between its first and last day it may have run on any: only those two are kept.
        if one.source in sources and one.first <= last and one.last >= first:
            found += [
                Unexplained(member, why, document.key, one)
                for member in members
                if (why := _tie(one, member))
            ]
    return sorted(found, key=lambda one: (one.dataset, one.key))


def _tie(dynamic: DynamicSql, member: DatasetId) -> str:
    """What ties dynamic SQL to a dataset: its name, its schema, or that no schema is known."""
    *places, _ = [part.lower() for part in parts(member.name)] or [""]
    if _words(member) <= set(dynamic.tokens):
        return "its text names it"
    if places and places[-1] in dynamic.tokens:
        return f"its text names the schema {places[-1]}"
    path = [place.lower() for place in (dynamic.default_schema, *dynamic.search_path) if place]
    if not path:
        return "it ran in no known schema"
    return f"it ran in the schema {places[-1]}" if places and places[-1] in path else ""


def tokens_of(sql: str) -> Iterator[str]:
    """The words of a text that may name a dataset, in lower case, each once, sorted."""
    yield from sorted({word.lower() for word in _WORD.findall(sql)})

"""What no import has understood so far: kept so that it can be understood later, and once.

A record that was not understood is not in the ledger of what was counted. Its key is kept with its
letter instead: met again it is a duplicate, and the day it is understood it is counted and leaves
the letter. Statements whose template nobody could analyse are in the ledger; their cells are kept,
and count from the day on which an analyser understands the template.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec

from ingest.folding.cells import FoldedCell, Template
from ingest.folding.dead_letters import DEAD_LETTER, DeadLetter, tokens
from ingest.folding.dynamic import Dynamic
from ingest.folding.joined import Moved
from ingest.folding.ledger import WIDTH
from ingest.masking.template import fingerprint
from lineage.model import Document, Shard
from lineage.names import QueryId
from lineage.store import Store

_KEYS = "dead_keys"  # the kind of the documents with the statement keys of a letter
_CELLS = "dead_cells"  # and of those with the cells of a template that was not understood
# Two imports that bury at the same time would overwrite each other's documents.
_LOCK = ("lineage:dead_letters", -1)
_MOST_SQL = 2000  # characters of a statement that a letter keeps


class Unread:
    """The records that were not understood: those of the store, and what this import changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version = store.shards([_LOCK])[_LOCK].version  # first: what changes is a conflict
        self._letter_of: dict[bytes, str] = {}
        for document in store.documents(_KEYS):
            body = document.body
            keys = (body[i : i + WIDTH] for i in range(0, len(body), WIDTH))
            self._letter_of.update(dict.fromkeys(keys, document.key))
        self._templates = {document.key for document in store.documents(_CELLS)}
        self._met: set[bytes] = set()
        self._new: dict[str, DeadLetter] = {}
        self._touched: set[str] = set()
        self._cells: dict[str, list[FoldedCell]] = {}  # what to keep of a template from now on
        self._files: set[str] = set()
        self.met_in: set[str] = set()  # the files with records that are not understood
        self._dynamic = Dynamic(store)

    @property
    def keys(self) -> Collection[bytes]:
        """The keys of the records that are not understood."""
        return self._letter_of.keys()

    def bury(self, key: bytes, letter: DeadLetter) -> bool:
        """Whether the record with this key is new; it is in its letter now."""
        self.met_in.add(letter.file)
        self._met.add(key)
        if key in self._letter_of:
            return False
        name = fingerprint(letter.source, letter.file, letter.reason, letter.digest)
        self._letter_of[key] = name
        self._new.setdefault(name, letter)
        self._touched.add(name)
        return True

    def met(self, key: bytes) -> None:
        """Takes note that the record with this key is there, and no better understood."""
        if key in self._letter_of:
            self._met.add(key)

    def understood(self, key: bytes) -> bool:
        """Whether the record with this key was not understood before; it has left its letter."""
        name = self._letter_of.pop(key, None) if self._letter_of else None
        if name is None:
            return False
        self._touched.add(name)
        return True

    def read_again(self, file: str) -> None:
        """Takes note that the whole file was read: what was not met in it as dead no longer is."""
        self._files.add(file)

    def cells(self, templates: Iterable[Template] | None, moved: Moved) -> list[FoldedCell]:
        """The cells of these templates that nobody understood, of all of them for None.

        Statements that have moved to another cell are taken out first.
        """
        lost = {query.name for query in moved.queries} & self._templates
        for name in lost:
            self._cells[name] = moved.without(self._stored(name))
        asked = None if templates is None else {template.id.name for template in templates}
        names = self._templates if asked is None else self._templates & asked
        return [cell for name in sorted(names) for cell in self._now(name)]

    def bury_cell(self, cell: FoldedCell, reason: str, why: str, where: tuple[str, int]) -> None:
        """Keeps a new cell whose template was not understood."""
        template = cell.key.template
        name = template.id.name
        self._cells[name] = _united([*self._now(name), cell])
        self._templates.add(name)
        self._new[name] = DeadLetter(
            reason, template.id.namespace, *where, template.sql[:_MOST_SQL], why,
            tokens=tokens(template.sql), day=cell.activity.days[-1], digest=name,
        )  # fmt: skip

    def met_dynamic(self, cell: FoldedCell) -> None:
        """Takes note of a cell that runs a text nobody knows; it counts for what is known of it."""
        self._dynamic.add(cell)

    def understood_template(self, query: QueryId) -> None:
        """Takes note that the cells of a template count from now on."""
        self._cells[query.name] = []

    def documents(self) -> list[Document]:
        """What the store must keep, and the letters that it no longer needs."""
        self._drop_unmet()
        changed = [*self._touched, *self._cells]
        known = {
            document.key: msgspec.json.decode(document.body, type=DeadLetter)
            for document in self._store.documents(DEAD_LETTER, changed)
        }
        kept = self._dynamic.documents()
        return [*self._with_keys(known), *self._with_cells(known), *kept]

    def pending(self) -> tuple[Shard, ...]:
        """The shard that keeps two imports from changing the letters at the same time."""
        changed = self._touched or self._cells or self._dynamic
        return (Shard(*_LOCK, self._version, b""),) if changed else ()

    def committed(self) -> None:
        """Takes note that all of it is in the store."""
        self._version += bool(self._touched or self._cells or self._dynamic)
        self._dynamic.committed()
        self._templates -= {name for name, cells in self._cells.items() if not cells}
        self._new, self._cells, self._touched, self._files = {}, {}, set(), set()

    def _drop_unmet(self) -> None:
        if not self._files:
            return
        gone = {
            document.key
            for document in self._store.documents(DEAD_LETTER)
            if msgspec.json.decode(document.body, type=DeadLetter).file in self._files
        }
        for key, name in list(self._letter_of.items()):
            if name in gone and key not in self._met:
                self.understood(key)

    def _with_keys(self, known: dict[str, DeadLetter]) -> Iterator[Document]:
        keys: dict[str, list[bytes]] = {name: [] for name in self._touched}
        for key, name in self._letter_of.items():
            if name in keys:
                keys[name].append(key)
        for name, mine in keys.items():
            letter = known.get(name) or self._new.get(name)
            if letter:
                yield Document(_KEYS, name, b"".join(sorted(mine)))
                yield _letter(name, letter, len(mine))

    def _with_cells(self, known: dict[str, DeadLetter]) -> Iterator[Document]:
        for name, cells in self._cells.items():
            letter = known.get(name) or self._new.get(name)
            if letter:  # a rehearsal keeps none
                yield Document(_CELLS, name, msgspec.msgpack.encode(cells) if cells else b"")
                yield _letter(name, letter, sum(cell.activity.total for cell in cells))

    def _now(self, name: str) -> list[FoldedCell]:
        if name in self._cells:
            return self._cells[name]
        return self._stored(name) if name in self._templates else []

    def _stored(self, name: str) -> list[FoldedCell]:
        for document in self._store.documents(_CELLS, [name]):
            return msgspec.msgpack.decode(document.body, type=list[FoldedCell])
        return []


def letters_with_keys(store: Store) -> list[DeadLetter]:
    """The letters of records that are only understood when their file is read again."""
    names = [document.key for document in store.documents(_KEYS)]
    found = store.documents(DEAD_LETTER, names)
    return [msgspec.json.decode(document.body, type=DeadLetter) for document in found]


def _united(cells: Collection[FoldedCell]) -> list[FoldedCell]:
    """The cells, one a key."""
    found: dict[object, FoldedCell] = {}
    for cell in cells:
        known = found.get(cell.key)
        found[cell.key] = cell if known is None else FoldedCell(
            cell.key,
            known.activity.plus(cell.activity),
            max(known.sample, cell.sample),
            known.clock.plus(cell.clock),
        )  # fmt: skip
    return list(found.values())


def _letter(name: str, letter: DeadLetter, count: int) -> Document:
    """The letter with its count; without any it goes."""
    counted = msgspec.structs.replace(letter, count=count)
    return Document(DEAD_LETTER, name, msgspec.json.encode(counted) if count else b"")

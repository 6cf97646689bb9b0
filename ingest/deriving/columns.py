"""The columns of datasets as far as anyone told us, on each day: what `SELECT *` expands to.

What was told is kept beside the graph, one document a teller: a template (its DDL, what its
CREATE … AS makes), a schema that events carried, an export. The days of a teller are united and
its tellings follow from its template, so the answer does not depend on what was imported first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b

import msgspec

from ingest.deriving.additions import ColumnList
from ingest.deriving.timeline import (
    NO_VERSIONS,
    Columns,
    Said,
    Telling,
    Told,
    Versions,
    same,
    versions,
)
from ingest.folding.cells import Template
from ingest.identity import dataset_of
from ingest.sql import SchemaChange, Statement, is_placeholder
from lineage.calendar import day_of
from lineage.model import Activity, Document, Fact, Node, Shard
from lineage.names import ColumnId, DatasetId, QueryId, parts
from lineage.store import Store

DOCUMENT = "columns"
# Two imports that learn at the same time would overwrite each other's documents.
_LOCK = ("lineage:columns", -1)
_IF_NOT_EXISTS = re.compile(r"\bcreate\b[^;()]*\bif\s+not\s+exists\b", re.IGNORECASE)
_DATE = len("2026-01-31")
# An added column stands behind those that were created; several by time, then by name.
_AT_THE_END = "9999"


class _Blanks(dict[int, str]):
    """A table for `str.translate`: what a regular expression takes for no part of a word is blank.

    In half the time of the regular expression, since each text is looked at once.
    """

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        self[code] = sign = sign if sign.isalnum() or sign == "_" else " "
        return sign


_BLANKS = _Blanks()


class KnownColumns:
    """What is known of the columns of every dataset; grows while templates are analysed."""

    def __init__(self, told: Mapping[str, Told], version: int = 0) -> None:
        self._told = dict(told)
        self._tellers: dict[DatasetId, set[str]] = {}
        self._consulting: dict[DatasetId, set[str]] = {}
        self._by_last: dict[str, dict[str, set[DatasetId]]] = {}
        self._named: dict[tuple[str, str], list[DatasetId]] = {}  # by each text, of a namespace
        self._versions: dict[DatasetId, Versions] = {}
        self._saved_runs = {key: teller.runs for key, teller in told.items()}
        self._unsaved: set[str] = set()
        self._version = version
        for key in told:
            self._index(key)

    @classmethod
    def of(cls, store: Store) -> KnownColumns:
        """What the store knows."""
        lock = store.shards([_LOCK])[_LOCK]  # first: what changes meanwhile is a conflict
        told = {
            document.key: msgspec.json.decode(document.body, type=Told)
            for document in store.documents(DOCUMENT)
        }
        return cls(told, lock.version)

    def learn(self, told: Mapping[str, Told]) -> dict[DatasetId, int]:
        """Takes in all that these tellers told; what changed, and from which day on."""
        news = {key: teller for key, teller in told.items() if self._told.get(key) != teller}
        touched = {
            dataset
            for key, teller in news.items()
            for source in (teller, self._told.get(key))
            if source is not None
            for dataset in _named_by(source)
        }
        before = {dataset: self.versions(dataset) for dataset in self._together(touched)}
        for key, teller in news.items():
            if key in self._told:
                self._unindex(key)
            self._told[key] = teller
            self._index(key)
        self._unsaved |= news.keys()
        return self._compared(before, self._together(touched))

    def _compared(
        self, before: Mapping[DatasetId, Versions], now: Iterable[DatasetId]
    ) -> dict[DatasetId, int]:
        """From which day on the columns are not what they were, on a day or for a teller on it."""
        touched = before.keys() | now
        for dataset in touched:
            self._versions.pop(dataset, None)
        changed = {}
        for dataset in touched:
            old, new = before.get(dataset, NO_VERSIONS), self.versions(dataset)
            alike = old.met_alike(new)
            days = {
                day
                for key in (() if alike else self._consulting.get(dataset, ()))
                for day in self._told[key].days
                if not same(*(_met(versions, self._told[key], key, day) for versions in (old, new)))
            }
            first = new.differ_from(old)
            if first is not None or days:
                changed[dataset] = min(days if first is None else {*days, first})
        return changed

    def listen(
        self, lists: Mapping[tuple[DatasetId, ColumnList, str], str]
    ) -> dict[DatasetId, int]:
        """Takes in the lists of events and exports; what changed, and from which day on."""
        told: dict[str, Told] = {}
        for (dataset, columns, _), at in lists.items():
            key, teller = _teller_of(dataset, columns, at)
            known = told.get(key) or self._told.get(key)
            told[key] = _united(known, teller) if known else teller
        return self.learn(told)

    def hear(self, template: Template, news: Told) -> tuple[str, Told]:
        """The teller that a template is, and all that it tells by now.

        The tellings must be those of all its days.
        """
        key = _key_of(template.id)
        days: dict[tuple[Telling, ...], set[int]] = {}
        for one in news.said:
            days.setdefault(one.tellings, set()).update(one.days)
        united = [Said(tuple(sorted(on)), tellings) for tellings, on in days.items() if on]
        said = tuple(sorted(united, key=lambda one: one.days))
        return key, msgspec.structs.replace(news, said=said)

    def has_heard(self, template: Template) -> bool:
        """Whether a template has told of columns before."""
        return _key_of(template.id) in self._told

    def runs(self, template: Template, new: Activity) -> Activity:
        """All runs of a template that tells of columns: those of the store and the new ones."""
        key = _key_of(template.id)
        return self._saved_runs.get(key, Activity()).plus(new)

    def lose(self, lost: Iterable[tuple[QueryId, Activity]]) -> dict[DatasetId, int]:
        """Takes note that runs are another template's; what changed, and from which day on."""
        told: dict[str, Told] = {}
        for query, less in lost:
            key = _key_of(query)
            known = told.get(key) or self._told.get(key)
            if known is not None:
                self._saved_runs[key] = runs = known.runs.plus(less)
                said = (Said(tuple(d for d in one.days if d in runs.days), one.tellings)
                        for one in known.said)  # fmt: skip
                left = tuple(one for one in said if one.days)
                told[key] = msgspec.structs.replace(known, said=left, runs=runs)
        return self.learn(told)

    def time_told(self, template: Template, day: int, time: str) -> str:
        """When on its days a template tells of columns, it being seen on this day at this time."""
        known = self._told.get(_key_of(template.id))
        if known is None or known.runs.last is None:
            return time
        return max((day, time), (known.runs.last, known.time))[1]

    def met(self, template: Template, dataset: DatasetId, day: int, time: str) -> Columns:
        """The columns that a template met when on a day it told of columns itself."""
        return self.versions(dataset).before(day, time, _key_of(template.id))

    def versions(self, dataset: DatasetId) -> Versions:
        """The column lists of a dataset."""
        if dataset not in self._versions:
            group = self._together([dataset])
            keys = {key for one in group for key in self._tellers.get(one, ())}
            self._versions |= versions({key: self._told[key] for key in keys})
            self._versions.setdefault(dataset, NO_VERSIONS)
        return self._versions[dataset]

    def named_in(self, text: str, namespace: str) -> list[DatasetId]:
        """The datasets of known columns that the text may mean."""
        found = self._named.get((namespace, text))
        if found is None:
            by_last = self._by_last.get(namespace, {})
            words = set(text.lower().translate(_BLANKS).split()) if by_last else set[str]()
            found = sorted(dataset for word in words & by_last.keys() for dataset in by_last[word])
            self._named[namespace, text] = found
        return found

    def documents(self) -> list[Document]:
        """What to keep of what was learned since the last commit."""
        return [
            Document(DOCUMENT, key, msgspec.json.encode(self._told[key]))
            for key in sorted(self._unsaved)
        ]

    def pending(self) -> tuple[Shard, ...]:
        """What makes the store refuse the documents when another import was faster."""
        return (Shard(*_LOCK, self._version, b""),) if self._unsaved else ()

    def committed(self) -> None:
        """Takes note that the documents are in the store."""
        self._version += bool(self._unsaved)
        self._saved_runs |= {key: self._told[key].runs for key in self._unsaved}
        self._unsaved.clear()
        self._named.clear()

    def _index(self, key: str) -> None:
        for dataset in _named_by(self._told[key]):
            if dataset not in self._tellers:
                self._named.clear()
                last = parts(dataset.name)[-1].lower()
                by_last = self._by_last.setdefault(dataset.namespace, {})
                by_last.setdefault(last, set()).add(dataset)
            self._tellers.setdefault(dataset, set()).add(key)
        for dataset in self._told[key].consulted:
            self._consulting.setdefault(dataset, set()).add(key)

    def _unindex(self, key: str) -> None:
        for dataset in _named_by(self._told[key]):
            self._tellers[dataset].discard(key)
        for dataset in self._told[key].consulted:
            self._consulting[dataset].discard(key)

    def _together(self, datasets: Iterable[DatasetId]) -> set[DatasetId]:
        """These and all whose columns depend on theirs, or theirs on: renames, swaps, copies."""
        found: set[DatasetId] = set()
        waiting = list(datasets)
        while waiting:
            dataset = waiting.pop()
            if dataset not in found:
                found.add(dataset)
                for key in self._tellers.get(dataset, ()):
                    if any(telling.other is not None for telling in self._told[key].tellings()):
                        waiting.extend(_named_by(self._told[key]))
        return found


def _named_by(told: Told) -> set[DatasetId]:
    return {dataset for telling in told.tellings() for dataset in telling.datasets}


def _met(versions: Versions, told: Told, key: str, day: int) -> Columns:
    return versions.before(day, told.time, key)


def _key_of(query: QueryId) -> str:
    return f"template\x1f{query.namespace}\x1f{query.name}"


def last_told(store: Store, queries: Iterable[QueryId]) -> dict[QueryId, int]:
    """The last day on which each template that tells of columns ran: DDL leaves no RAN behind."""
    keys = {_key_of(query): query for query in queries}
    told = (
        (document.key, msgspec.json.decode(document.body, type=Told))
        for document in store.documents(DOCUMENT, list(keys))
    )
    return {keys[key]: max(teller.days) for key, teller in told if teller.days}


def lists_of(dataset: DatasetId) -> tuple[str, str]:
    """The span of DOCUMENT's keys with the lists that events and exports told of a dataset."""
    return f"list\x1f{dataset}\x1f", f"list\x1f{dataset}\x20"


def _teller_of(dataset: DatasetId, columns: ColumnList, at: str) -> tuple[str, Told]:
    """The teller that a list is: each dated one for itself; an undated one replaces the last."""
    digest = blake2b(msgspec.json.encode(columns), digest_size=16).hexdigest() if at else ""
    days = (day_of(at),) if at else ()
    telling = Telling(dataset, "list", columns)
    return f"list\x1f{dataset}\x1f{digest}", Told(time_of(at), (Said(days, (telling,)),))


def _united(known: Told, new: Told) -> Told:
    """The same list on the days of both; an undated one is replaced."""
    if not new.days:
        return new
    newest = max(known, new, key=lambda told: (max(told.days), told.time))
    days = tuple(sorted(known.days | new.days))
    return Told(newest.time, (Said(days, new.said[0].tellings),))


def time_of(at: str) -> str:
    """The time of the day of an ISO 8601 time, as it sorts."""
    return at[_DATE:]


def tellings(statement: Statement, template: Template) -> Iterator[Telling]:
    """What a statement tells of columns: its DDL, and the outputs of a CREATE … AS."""
    creates = statement.kind in ("create_table", "create_view")
    if not (statement.changes or creates) or statement.temporary or template.routine:
        return
    weak = _IF_NOT_EXISTS.search(template.sql) is not None
    namespace = template.id.namespace
    for change in statement.changes:
        yield from _of_change(change, namespace, weak)
    made = any(change.kind in ("create", "clone", "like") for change in statement.changes)
    if creates and not made and statement.output_complete:
        outputs = tuple((name, "") for name in statement.output)
        for table in statement.writes:
            yield _list(dataset_of(table, namespace), outputs, weak)


def _of_change(change: SchemaChange, namespace: str, weak: bool) -> Iterator[Telling]:
    dataset = dataset_of(change.table, namespace)
    other = dataset_of(change.other, namespace) if change.other else None
    named = not any(is_placeholder(name) for name, _ in change.columns)
    if change.kind == "create":
        yield _list(dataset, change.columns, weak)
    elif change.kind in ("clone", "like"):
        yield Telling(dataset, "like" if other else "unknown", other=other, weak=weak)
    elif change.kind == "rename":
        if other is not None:
            yield Telling(other, "like", other=dataset)
        yield Telling(dataset, "gone")
    elif change.kind == "swap" and other is not None:
        yield Telling(dataset, "swap", other=other)
    elif change.kind == "drop":
        yield Telling(dataset, "gone")
    elif change.kind == "add_column" and named:
        yield Telling(dataset, "add", change.columns)
    elif change.kind == "drop_column" and named:
        yield Telling(dataset, "drop", change.columns)
    elif change.kind == "rename_column" and named and change.new_name:
        yield Telling(dataset, "rename", change.columns, name=change.new_name)
    elif change.kind == "retype" and named:
        yield Telling(dataset, "retype", change.columns)


def _list(dataset: DatasetId, columns: tuple[tuple[str, str], ...], weak: bool) -> Telling:
    # A list with a nameless column is not the list of the table.
    if not columns or any(is_placeholder(name) for name, _ in columns):
        return Telling(dataset, "unknown", weak=weak)
    return Telling(dataset, "list", columns, weak=weak)


def described(statement: Statement, namespace: str, at: str) -> Iterator[Node]:
    """The columns that a statement tells of, with the facts that its text alone decides."""
    if statement.temporary:
        return
    for change in statement.changes:
        copied = change.kind in ("clone", "like")  # of columns that another table told
        if copied or any(is_placeholder(name) for name, _ in change.columns):
            continue
        dataset = dataset_of(change.table, namespace)
        # What a star stands for may turn out otherwise, and a fact cannot be taken back.
        settled = change.kind != "create" or statement.parse == "full"
        for ordinal, (name, type_) in enumerate(change.columns):
            facts = _facts(change, ordinal, type_) if settled else {}
            yield Node(ColumnId(dataset, name), {k: Fact(at, v) for k, v in facts.items()})
        if change.kind == "rename_column" and change.new_name:
            facts = {"ordinal": _AT_THE_END, "dropped": "false"}
            new = ColumnId(dataset, change.new_name)
            yield Node(new, {k: Fact(at, v) for k, v in facts.items()})


def _facts(change: SchemaChange, ordinal: int, type_: str) -> dict[str, str]:
    match change.kind:
        case "create":
            return {"ordinal": str(ordinal), "type": type_, "dropped": "false"}
        case "add_column":
            return {"ordinal": _AT_THE_END, "type": type_, "dropped": "false"}
        case "retype":
            return {"type": type_}
        case "drop_column" | "rename_column":
            return {"dropped": "true"}
        case _:
            return {}

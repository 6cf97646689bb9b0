"""The columns of datasets as far as anyone told us: what `SELECT *` expands to.

A complete list comes from a catalogue file, DDL or a schema facet (`ordinal`), else from what a
CREATE … AS SELECT was seen to produce (`position`). Both are kept as facts of the column, so that
the answer does not depend on which was imported first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.identity import dataset_of
from ingest.sql import Statement, is_placeholder
from lineage.model import Fact, Node
from lineage.names import ColumnId, DatasetId, parts
from lineage.store import Store

_WORD = re.compile(r"\w+")
_FACTS = ("ordinal", "position", "type", "dropped")
# An added column stands behind those that were created; several by time, then by name.
_AT_THE_END = "9999"


class KnownColumns:
    """What is known of the columns of every dataset; grows while templates are analysed."""

    def __init__(self) -> None:
        self._facts: dict[DatasetId, dict[str, dict[str, Fact]]] = {}
        self._by_last: dict[str, dict[str, set[DatasetId]]] = {}

    @classmethod
    def of(cls, store: Store) -> KnownColumns:
        """What the store knows."""
        known = cls()
        for node in store.scan_nodes("Column"):
            known.learn(node)
        return known

    def learn(self, node: Node) -> bool:
        """Takes in the facts of a column; whether the list of its dataset has changed."""
        if not isinstance(node.id, ColumnId):
            return False
        facts = {name: fact for name, fact in node.facts.items() if name in _FACTS}
        if not facts.keys() & {"ordinal", "position", "dropped"}:
            return False
        dataset = node.id.dataset
        if dataset not in self._facts:
            last = parts(dataset.name)[-1].lower()
            self._by_last.setdefault(dataset.namespace, {}).setdefault(last, set()).add(dataset)
        columns = self._facts.setdefault(dataset, {})
        before = columns.get(node.id.name, {})
        after = Node(node.id, before).merge(Node(node.id, facts)).facts
        columns[node.id.name] = after
        return {k: f.value for k, f in before.items()} != {k: f.value for k, f in after.items()}

    def of_dataset(self, dataset: DatasetId) -> dict[str, str]:
        """Column → type in the order of the table; empty when no complete list is known."""
        columns = {n: f for n, f in self._facts.get(dataset, {}).items() if not _dropped(f)}
        for place in ("ordinal", "position"):
            placed = [
                (int(f[place].value), f[place].at if f[place].value == _AT_THE_END else "", n)
                for n, f in columns.items()
                if place in f
            ]
            if placed:
                return {n: _type(columns[n]) for _, _, n in sorted(placed)}
        return {}

    def named_in(self, text: str, namespace: str) -> dict[str, dict[str, str]]:
        """Dataset name → columns, of the datasets that the text may mean."""
        by_last = self._by_last.get(namespace)
        if not by_last:
            return {}
        found: dict[str, dict[str, str]] = {}
        for word in set(_WORD.findall(text.lower())) & by_last.keys():
            for dataset in by_last[word]:
                found[dataset.name] = self.of_dataset(dataset)
        return found


def _type(facts: dict[str, Fact]) -> str:
    return facts["type"].value if "type" in facts else ""


def _dropped(facts: dict[str, Fact]) -> bool:
    dropped = facts.get("dropped")
    placed = max((facts[p] for p in ("ordinal", "position") if p in facts), default=None)
    return dropped is not None and (placed is None or dropped.at >= placed.at)


def told(statement: Statement, namespace: str, at: str) -> Iterator[Node]:
    """The columns that a statement tells of: its DDL, and the outputs of a CREATE … AS."""
    if statement.temporary:
        return
    for change in statement.changes:
        if any(is_placeholder(name) for name, _ in change.columns):
            continue  # a list with a nameless column is not the list of the table
        dataset = dataset_of(change.table, namespace)
        for ordinal, (name, type_) in enumerate(change.columns):
            column = ColumnId(dataset, name)
            if change.kind == "create":
                place = {"ordinal": Fact(at, str(ordinal)), "type": Fact(at, type_)}
                yield Node(column, place)
            elif change.kind == "add_column":
                yield Node(column, {"ordinal": Fact(at, _AT_THE_END), "type": Fact(at, type_)})
            elif change.kind == "retype":
                yield Node(column, {"type": Fact(at, type_)})
            elif change.kind in ("drop_column", "rename_column"):
                yield Node(column, {"dropped": Fact(at, "true")})
        if change.kind == "rename_column" and change.new_name:
            yield Node(ColumnId(dataset, change.new_name), {"ordinal": Fact(at, _AT_THE_END)})
    complete = statement.output_complete and not any(map(is_placeholder, statement.output))
    if statement.kind in ("create_table", "create_view") and complete:
        for table in statement.writes:
            for position, name in enumerate(statement.output):
                column = ColumnId(dataset_of(table, namespace), name)
                yield Node(column, {"position": Fact(at, str(position))})

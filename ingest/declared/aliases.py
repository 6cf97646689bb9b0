"""Other names of datasets, as a file of aliases says them.

A rule never rewrites what was imported: it adds that two identifiers are one, and takes that back
when the file no longer says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from ingest.canonical import canonical
from ingest.declared.content import Content
from ingest.deriving.additions import Additions
from ingest.files.tables import Fields
from lineage.analyses.identity.aliases import ALIASES, AliasRule, aliases, flaw
from lineage.errors import InvalidName, UnreadableInput
from lineage.model import Document, EdgeKey, EdgeType, Origin
from lineage.names import DatasetId, NodeId
from lineage.store import Direction, Store

_FIELDS: Fields = {
    "namespace": ("namespace", "from_namespace"),
    "to_namespace": ("to_namespace", "target_namespace"),
    "name": ("name", "from_name", "dataset"),
    "to_name": ("to_name", "target_name"),
    "regex": ("regex", "is_regex"),
}
_YES = frozenset({"1", "true", "yes", "y", "x", "regex"})
_MOST = 8  # other names that follow from one another


def read_aliases(path: Path) -> tuple[AliasRule, ...]:
    """The rules of a file: CSV, JSON or YAML with `namespace,name,to_namespace,to_name,regex`.

    Raises:
        UnreadableInput: it cannot be read, has no such columns, or a rule says nothing; names file
            and line.
    """
    content = Content(path)
    if content.value in ([], {"aliases": []}) or not content.text.strip():
        return ()
    rules = []
    rows = content.rows(_FIELDS, ("namespace",), ("aliases",))
    for line, row in rows:
        place = f"{path.name}, line {line}"
        if isinstance(row, str):
            raise UnreadableInput(f"{path}, line {line}: {row}")
        namespace, to_namespace, name, to_name, regex = row
        said = AliasRule(namespace, name, to_namespace, to_name, regex.lower() in _YES, place)
        rules.append(checked(said, f"{path}, line {line}"))
    return tuple(rules)


def checked(rule: AliasRule, where: str) -> AliasRule:
    """The rule, its exact names in their one spelling.

    Raises:
        UnreadableInput: it says nothing, or its pattern is none.
    """
    if not rule.namespace or not (rule.to_namespace or rule.to_name):
        raise UnreadableInput(f"{where}: a rule needs a namespace, and to_namespace or to_name")
    if wrong := flaw(rule):
        raise UnreadableInput(f"{where}: {wrong}")
    if rule.regex:
        return rule
    known = canonical(rule.namespace, rule.name or "x")
    return msgspec.structs.replace(
        rule, namespace=known.namespace, name=known.name if rule.name else ""
    )


class Aliases:
    """The rules as they hold for one import: those that were given, else those that were kept."""

    def __init__(self, store: Store, given: Sequence[AliasRule] | None) -> None:
        self._store = store
        kept = aliases(store)
        self._rules = kept if given is None else tuple(given)
        self._changed = self._rules != kept

    def apply(self, additions: Additions, new: Iterable[NodeId]) -> list[tuple[NodeId, Origin]]:
        """Adds the other names of the new datasets, of all when the rules changed; what goes."""
        datasets = {one for one in new if isinstance(one, DatasetId)}
        if self._changed:
            datasets |= set(self._stored())
        now = {key for dataset in datasets for key in self._of(dataset)}
        gone = self._said() - now if self._changed else set()
        additions.undone |= dict.fromkeys(sorted(gone, key=str))
        for key in now:
            additions.edge(key.type, key.source, key.target, origin=key.origin)
        return [(one, Origin.MANUAL) for one in self._names_only({key.target for key in gone})]

    def _said(self) -> set[EdgeKey]:
        """What earlier rules have said."""
        edges = self._store.scan_edges([EdgeType.SAME_AS])
        return {edge.key for edge in edges if edge.key.origin is Origin.MANUAL}

    def _names_only(self, datasets: Collection[NodeId]) -> list[NodeId]:
        """Those of the datasets of which nothing was seen: they were other names and no more."""
        seen = {
            end
            for direction in Direction
            for edge in self._store.edges(datasets, direction, list(EdgeType))
            if edge.key.origin is not Origin.MANUAL
            for end in (edge.key.source, edge.key.target)
        }
        return sorted(set(datasets) - seen, key=str)

    def documents(self) -> list[Document]:
        """What to keep for the next import; nothing when nothing has changed."""
        if not self._changed:
            return []
        self._changed = False
        return [Document(ALIASES, ALIASES, msgspec.json.encode(self._rules))]

    def _stored(self) -> Iterator[DatasetId]:
        for node in self._store.scan_nodes("Dataset"):
            if isinstance(node.id, DatasetId):
                yield node.id

    def _of(self, dataset: DatasetId) -> Iterator[EdgeKey]:
        """The other names of a dataset, each followed by the other name of that."""
        met = {dataset}
        while len(met) <= _MOST:
            other = _renamed(dataset, self._rules)
            if other is None or other in met:
                return
            met.add(other)
            yield EdgeKey(EdgeType.SAME_AS, dataset, other, origin=Origin.MANUAL)
            dataset = other


def _renamed(dataset: DatasetId, rules: Collection[AliasRule]) -> DatasetId | None:
    """The other name that the first matching rule gives a dataset."""
    for rule in rules:
        target = rule.target(dataset)
        if target is not None:
            try:
                return canonical(*target)
            except InvalidName:
                return None
    return None

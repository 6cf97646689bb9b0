"""What the store knows of the items of an impact beyond the answer: nodes, who is a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lineage.analyses.breaking.items import Item
from lineage.errors import AmbiguousName, UnknownName
from lineage.model import Node
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId
from lineage.resolve import resolve_column, resolve_dataset, resolve_process
from lineage.store import Store

_KINDS: dict[str, type[DatasetId | JobId | ConsumerId]] = {
    "dataset": DatasetId,
    "job": JobId,
    "consumer": ConsumerId,
}
PERSON = "person"  # the namespace of who has become a number
_PEOPLE = frozenset({PERSON, "user", "consumer", ""})  # nothing else is known of who it is
_BY_LOGIN = ("user/", "login/", "adhoc/")  # what somebody does in a tool without a name of its own


def nodes_of(store: Store, items: Iterable[Item]) -> dict[str, Node]:
    """The nodes of the items, by their ids as answers write them."""
    return _spelled(store, ((item.kind, item.id) for item in items))


def people_among(store: Store, consumers: Iterable[str]) -> set[str]:
    """Those of these ids, as answers write them, that are consumers and persons."""
    found = _spelled(store, (("consumer", id_) for id_ in consumers))
    return {id_ for id_, node in found.items() if is_person(node)}


def is_person(consumer: Node) -> bool:
    """Whether a consumer is a person, or nothing else is known of it than its login."""
    numbered = consumer.id.namespace == PERSON  # in a snapshot
    by_login = consumer.id.name.startswith(_BY_LOGIN)
    return numbered or by_login or consumer.value("kind").strip().lower() in _PEOPLE


def subject_nodes(store: Store, texts: Collection[str]) -> dict[str, NodeId]:
    """The dataset, column or job that each text spells in full; what is not known is left out."""
    found: dict[str, NodeId] = {}
    for text in texts:
        for resolve in (resolve_dataset, resolve_column, resolve_process):
            try:
                found[text] = resolve(store, text)
            except (UnknownName, AmbiguousName):
                continue
            break
    return found


def dataset_of(node: NodeId) -> NodeId:
    """The dataset of a column, else the node itself."""
    return node.dataset if isinstance(node, ColumnId) else node


def _spelled(store: Store, spelled: Iterable[tuple[str, str]]) -> dict[str, Node]:
    """The nodes that `namespace:name` spells: it is split at each of its colons."""
    ids = {
        _KINDS[kind](text[:place], text[place + 1 :])
        for kind, text in spelled
        for place, letter in enumerate(text)
        if letter == ":"
    }
    return {str(node): known for node, known in store.nodes(ids).items()}

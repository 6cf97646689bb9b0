"""Cutting a person out of a store: the name behind a pseudonym, the login, what names him.

Journals stay whole, as only the document goes that says whose the pseudonym is. A login and the
consumer that is no more than the login go on under a name drawn by lot, so that counts stay.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from lineage.analyses.breaking.impacted import is_person
from lineage.analyses.journal import PSEUDONYM, TOPICS, entries, pseudonyms_of
from lineage.analyses.wording import listed, quantity
from lineage.errors import UnknownName
from lineage.model import Batch, Document, EdgeKey, EdgeType, Node
from lineage.names import ConsumerId, JobId, NodeId, PrincipalId, clean
from lineage.store import Direction, Store

_NO_PERSON = frozenset({"service", "bi", "job", "system"})
_KEPT_FACTS = frozenset({"active", "class", "kind", "seasonal", "tier"})
_LABELS = ("Consumer", "Dataset", "Job", "Team")
# Documents that may name a person, and what they are.
_DOCUMENTS = {
    "declared": "files of owners, members and consumers that were imported",
    "contract": "data contracts",
    "run": "runs of events",
    "event": "events",
    "dead_letter": "statements that were not understood",
    "statements": "statements that several records tell of",
}


class Mention(msgspec.Struct, frozen=True):
    """Where a person is still named. count: in how many of them."""

    what: str
    count: int


class Forgotten(msgspec.Struct, frozen=True):
    """What was cut, and what still names the person. renamed: what the logins were; is: now.

    entries: of journals, whose author nobody knows any more. facts: that named him as an owner.
    """

    verdict: str
    entries: int
    renamed: tuple[str, ...]
    called: tuple[str, ...]
    facts: int
    remaining: tuple[Mention, ...]


def forget(store: Store, person: str) -> Forgotten:
    """Cuts a person out, by the name that he acted by or his login, `namespace:login` or alone.

    Raises:
        UnknownName: nothing in the store is of that name.
    """
    name = clean(person)
    cut = pseudonyms_of(store, name)
    written = sum(entry.actor in cut for topic in TOPICS for entry in entries(store, topic))
    names = _drawn(sorted(_logins(store, name), key=str))
    stated = list(_owned_by(store, name))
    if not (cut or names or stated):
        raise UnknownName("person", person)
    moved = _moved(store, names)
    store.apply(
        Batch(
            nodes=(*_nodes(store, names), *moved.nodes),
            edges=moved.edges,
            retract=moved.retract,
            documents=tuple(Document(PSEUDONYM, one, b"") for one in cut),
            unsaid=tuple(stated),
        )
    )
    remaining = tuple(_remaining(store, name))
    return Forgotten(
        _verdict(name, written, len(set(map(str, names))), len(stated), remaining),
        written,
        tuple(dict.fromkeys(map(str, names))),
        tuple(dict.fromkeys(map(str, names.values()))),
        len(stated),
        remaining,
    )


def _logins(store: Store, name: str) -> Iterator[PrincipalId | ConsumerId]:
    """The logins of that name that are no service's, and the consumers that are only these."""
    wanted = name.casefold()
    for node in store.scan_nodes("Principal"):
        named = wanted in (node.id.name.casefold(), str(node.id).casefold())
        if isinstance(node.id, PrincipalId) and named and node.value("class") not in _NO_PERSON:
            yield node.id
    for node in store.scan_nodes("Consumer"):
        named = wanted in (node.id.name.casefold(), str(node.id).casefold())
        if isinstance(node.id, ConsumerId) and named and is_person(node):
            yield node.id


def _drawn(
    logins: Iterable[PrincipalId | ConsumerId],
) -> dict[NodeId, PrincipalId | ConsumerId]:
    """A name by lot for each; a login and the consumer that is only the login share it."""
    lots: dict[tuple[str, str], str] = {}
    found: dict[NodeId, PrincipalId | ConsumerId] = {}
    for node in logins:
        lot = lots.setdefault((node.namespace, node.name), f"forgotten-{secrets.token_hex(6)}")
        found[node] = type(node)(node.namespace, lot)
    return found


def _nodes(store: Store, names: Mapping[NodeId, PrincipalId | ConsumerId]) -> Iterator[Node]:
    """The nodes under their new names, with what says nothing of the person."""
    for old, node in store.nodes(names).items():
        facts = {name: fact for name, fact in node.facts.items() if name in _KEPT_FACTS}
        yield Node(names[old], facts)


def _moved(store: Store, names: Mapping[NodeId, PrincipalId | ConsumerId]) -> Batch:
    """Every edge of the old names taken back, and put under the new ones."""
    types = list(EdgeType)
    edges = {edge.key: edge for edge in store.edges(names, Direction.DOWN, types)}
    edges |= {edge.key: edge for edge in store.edges(names, Direction.UP, types)}
    processes = {key.source for key in edges if key.type is EdgeType.RUN_BY}
    ran = store.edges(processes, Direction.DOWN, [EdgeType.RAN])
    edges |= {edge.key: edge for edge in ran if edge.key.via in names}
    retract = {
        (end, key.origin) for key in edges for end in (key.source, key.target, key.via)
        if end is not None and end in names
    }  # fmt: skip
    moved = [msgspec.structs.replace(e, key=_renamed(e.key, names)) for e in edges.values()]
    return Batch(edges=tuple(moved), retract=tuple(sorted(retract, key=str)))


def _renamed(key: EdgeKey, names: Mapping[NodeId, PrincipalId | ConsumerId]) -> EdgeKey:
    via = names.get(key.via, key.via) if key.via is not None else None
    assert via is None or isinstance(via, JobId | PrincipalId)
    source, target = names.get(key.source, key.source), names.get(key.target, key.target)
    return EdgeKey(key.type, source, target, key.role, via, key.origin)


def _owned_by(store: Store, name: str) -> Iterator[Node]:
    """The facts that name the person as an owner, on nodes of their own for taking back."""
    for label in _LABELS:
        for node in store.scan_nodes(label):
            fact = node.facts.get("owner")
            if fact is not None and fact.value.casefold() == name.casefold():
                yield Node(node.id, {"owner": fact})


def _remaining(store: Store, name: str) -> Iterator[Mention]:
    """Where the name still stands."""
    wanted, spelled = name.casefold(), name.casefold().encode()
    titled = sum(
        any(wanted in fact.value.casefold() for fact in node.facts.values())
        for label in _LABELS
        for node in store.scan_nodes(label)
    )
    if titled:
        yield Mention("titles and contacts of consumers and teams", titled)
    for kind, what in _DOCUMENTS.items():
        if count := sum(spelled in one.body.lower() for one in store.documents(kind)):
            yield Mention(what, count)
    reasons = (entry.reason for topic in TOPICS for entry in entries(store, topic))
    if count := sum(wanted in reason.casefold() for reason in reasons):
        yield Mention("reasons in journals, which are never rewritten", count)


def _verdict(
    name: str, written: int, logins: int, facts: int, remaining: Collection[Mention]
) -> str:
    said = [quantity(logins, "login")] if logins else []
    said += [f"the name behind {quantity(written, 'act')}"] if written else []
    said += [f"the owner of {quantity(facts, 'consumer')}"] if facts else []
    text = f"{name} is cut: {listed(said)}." if said else f"{name} is cut."
    if not remaining:
        return f"{text} Nothing else in the store holds the name."
    return f"{text} The name still stands in {listed([one.what for one in remaining])}."

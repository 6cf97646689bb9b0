"""The part of a store that may leave the house: a graph of teams, without people and ledger.

Persons become numbers, so that who belongs to which team is still known; of a log only the days
are kept, of a dead letter only the names in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import msgspec

from lineage.analyses.breaking.impacted import PERSON, is_person
from lineage.analyses.corrections import corrections
from lineage.analyses.disuse.cost import PRICES
from lineage.analyses.disuse.sizes import SIZE
from lineage.analyses.journal import NOTICES, STEWARDSHIP, kind_of
from lineage.analyses.listening.listening import SOURCE
from lineage.analyses.proof.gaps import DYNAMIC_SQL, DynamicSql
from lineage.analyses.stewardship.contracts import KIND, contracts
from lineage.model import Batch, Document, Edge, EdgeKey, Fact, Node, Shard
from lineage.names import ConsumerId, JobId, NodeId, PrincipalId, TeamId
from lineage.store import Store

_Record = TypeVar("_Record", Node, Edge)
_STEP = 20_000
_NO_PERSON = frozenset({"service", "bi", "job", "system"})
_OF_PROCESSES = frozenset({
    "active", "class", "contact", "kind", "seasonal", "tier", "title", "url",
})  # fmt: skip
_OF_PEOPLE = frozenset({"active", "class", "kind", "seasonal", "tier"})
_DEAD_LETTER = "dead_letter"


class _DeadLetter(msgspec.Struct, frozen=True):
    """What may be known of a record that was not understood: all that a certificate looks at."""

    reason: str = ""
    source: str = ""
    line: int = 0
    count: int = 1
    tokens: tuple[str, ...] = ()
    day: int = -1


def leaving(store: Store, as_of: int | None, *, texts: bool, people: bool) -> Iterator[Batch]:
    """What may leave, as it was known on a day, in batches for an empty store.

    texts: keep the masked statements; people: keep names.
    """
    names: dict[NodeId, NodeId] = {} if people else _pseudonyms(store)
    nodes = (_node(node, names, texts=texts, people=people) for node in store.scan_nodes())
    yield from (Batch(nodes=tuple(some)) for some in _steps(nodes))
    standing = corrections(store)
    edges = (
        kept for edge in standing.kept(store.scan_edges()) if (kept := _edge(edge, names, as_of))
    )
    yield from (Batch(edges=tuple(some)) for some in _steps(edges))
    # Of a day of the ledger it is enough to know that there was one.
    yield Batch(
        documents=tuple(_documents(store, texts=texts)),
        shards=tuple(
            Shard(source, day, 0, bytes(16))
            for source, seen in store.logged().items()
            for day in seen.days
            if as_of is None or day <= as_of
        ),
    )


def _steps(records: Iterable[_Record]) -> Iterator[list[_Record]]:
    rest = iter(records)
    while some := list(islice(rest, _STEP)):
        yield some


def _pseudonyms(store: Store) -> dict[NodeId, NodeId]:
    """A number for every person; the login and the consumer that is only the login share it."""
    logins = {
        (node.id.namespace, node.id.name)
        for node in store.scan_nodes("Principal")
        if node.value("class") not in _NO_PERSON
    }
    readers = {
        (node.id.namespace, node.id.name)
        for node in store.scan_nodes("Consumer")
        if is_person(node)
    }
    found: dict[NodeId, NodeId] = {}
    for number, place in enumerate(sorted(logins | readers), 1):
        if place in logins:
            found[PrincipalId(*place)] = PrincipalId(PERSON, str(number))
        if place in readers:
            found[ConsumerId(*place)] = ConsumerId(PERSON, str(number))
    return found


def _node(node: Node, names: dict[NodeId, NodeId], *, texts: bool, people: bool) -> Node:
    facts = node.facts
    if not people:
        facts = {name: fact for name, fact in facts.items() if name != "owner"}
        if isinstance(node.id, JobId | ConsumerId | PrincipalId | TeamId):
            kept = _OF_PEOPLE if node.id in names else _OF_PROCESSES
            facts = {name: fact for name, fact in facts.items() if name in kept}
    if not texts:
        facts = {name: fact for name, fact in facts.items() if name != "sql"}
    renamed = names.get(node.id, node.id)
    if renamed is not node.id and isinstance(renamed, ConsumerId):
        facts["title"] = Fact("", f"a person ({renamed.name})")
    return Node(renamed, facts)


def _edge(edge: Edge, names: dict[NodeId, NodeId], as_of: int | None) -> Edge | None:
    """The edge as it was known on a day; None when it came later."""
    key, activity = edge.key, edge.activity
    if as_of is not None and activity.last is not None and activity.last > as_of:
        activity = activity.between(None, as_of)
        if not activity.days:
            return None
    via = names.get(key.via, key.via) if key.via else None
    assert via is None or isinstance(via, JobId | PrincipalId)
    source, target = names.get(key.source, key.source), names.get(key.target, key.target)
    renamed = EdgeKey(key.type, source, target, key.role, via, key.origin)
    return msgspec.structs.replace(edge, key=renamed, activity=activity)


def _documents(store: Store, *, texts: bool) -> Iterator[Document]:
    """What was not understood as the names in it, the journals that answers ask, promises.

    And what is declared of sources: which days have a log, and what leaves none; sizes and prices.
    """
    for kind in (SOURCE, SIZE, PRICES):
        yield from store.documents(kind)
    for document in store.documents(DYNAMIC_SQL):
        dynamic = msgspec.json.decode(document.body, type=DynamicSql)
        kept = dynamic if texts else msgspec.structs.replace(dynamic, sql="")
        yield kept.document(document.key)
    decoder = msgspec.json.Decoder(_DeadLetter)
    for document in store.documents(_DEAD_LETTER):
        body = msgspec.json.encode(decoder.decode(document.body))
        yield Document(document.kind, document.key, body)
    for topic in (NOTICES, STEWARDSHIP):
        yield from store.documents(kind_of(topic))
    for contract in contracts(store):
        body = msgspec.json.encode(msgspec.structs.replace(contract, text=""))
        yield Document(KIND, contract.id, body)

"""What people decided, in order, never rewritten: who, what, why, each entry bound to the last.

Each topic has a journal of its own. An actor is a pseudonym that says nothing of the name: the name
is a document beside the journal, which can be taken away without breaking the chain.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable

import msgspec

from lineage.errors import InvalidName, StoreError
from lineage.model import Batch, Document, Shard
from lineage.names import clean
from lineage.store import Store

CORRECTIONS = "corrections"
IDENTITY = "identity"
NOTICES = "notices"
STEWARDSHIP = "stewardship"
TOPICS = (CORRECTIONS, IDENTITY, NOTICES, STEWARDSHIP)
ACKNOWLEDGE = "acknowledge"  # of the notices: a team says that it knows
PSEUDONYM = "pseudonym"
_LOCK_DAY = -2  # bookkeeping: no logged day
_canonical = msgspec.json.Encoder(order="sorted")


class Entry(msgspec.Struct, frozen=True):
    """One act. at: ISO 8601, UTC. previous, hash: SHA-256 in hexadecimal; the first has none.

    about: the number of the entry that this one is about, None for one of its own.
    """

    number: int
    at: str
    actor: str
    act: str
    reason: str
    about: int | None
    details: dict[str, str]
    previous: str
    hash: str = ""

    def sealed(self) -> Entry:
        """The entry with its hash."""
        plain = msgspec.structs.replace(self, hash="")
        digest = hashlib.sha256(_canonical.encode(plain)).hexdigest()
        return msgspec.structs.replace(self, hash=digest)


class Act(msgspec.Struct, frozen=True):
    """What somebody does, before it is written down."""

    act: str
    actor: str
    reason: str = ""
    about: int | None = None
    details: dict[str, str] = {}


def kind_of(topic: str) -> str:
    """The kind of the documents that a journal is made of."""
    return f"journal {topic}"


def entries(store: Store, topic: str) -> tuple[Entry, ...]:
    """The entries of a journal in their order.

    Raises:
        StoreError: an entry is missing or was changed.
    """
    lock = _lock(store, topic)  # first: an entry that is written meanwhile is not missing
    found = [msgspec.json.decode(one.body, type=Entry) for one in store.documents(kind_of(topic))]
    found.sort(key=lambda entry: entry.number)
    _check(topic, found, lock.version)
    return tuple(found)


def append(
    store: Store, topic: str, act: Act, now: dt.datetime, also: Batch | None = None
) -> Entry:
    """Writes an act down and gives the entry that it has become.

    also: what the act does to the graph, in the same transaction.

    Raises:
        InvalidName: nobody acts.
        LedgerConflict: somebody else wrote into the journal meanwhile; try again.
    """
    if not clean(act.actor):
        raise InvalidName("say who acts: --actor NAME, or LINEAGE_ACTOR in the environment")
    lock = _lock(store, topic)
    known = entries(store, topic)
    actor = _pseudonym(store, act.actor)
    entry = Entry(
        number=len(known) + 1,
        at=now.astimezone(dt.UTC).isoformat(timespec="seconds"),
        actor=actor,
        act=act.act,
        reason=clean(act.reason),
        about=act.about,
        details=act.details,
        previous=known[-1].hash if known else "",
    ).sealed()
    batch = also or Batch()
    written = (
        Document(kind_of(topic), f"{entry.number:08d}", msgspec.json.encode(entry)),
        Document(PSEUDONYM, actor, clean(act.actor).encode()),
    )
    store.apply(
        msgspec.structs.replace(
            batch,
            documents=(*batch.documents, *written),
            shards=(*batch.shards, Shard(lock.source, lock.day, lock.version, b"")),
        )
    )
    return entry


def actors(store: Store, pseudonyms: Iterable[str]) -> dict[str, str]:
    """The names behind pseudonyms, where they are still kept."""
    found = store.documents(PSEUDONYM, list(pseudonyms))
    return {document.key: document.body.decode() for document in found}


def pseudonyms_of(store: Store, actor: str) -> tuple[str, ...]:
    """What journals call an actor; nothing when he never acted, or was forgotten."""
    name = clean(actor).casefold()
    known = store.documents(PSEUDONYM)
    return tuple(sorted(one.key for one in known if one.body.decode().casefold() == name))


def _pseudonym(store: Store, actor: str) -> str:
    """What a journal calls an actor: drawn by lot, so that nobody can guess the name from it."""
    known = pseudonyms_of(store, actor)
    return known[0] if known else f"actor-{secrets.token_hex(6)}"


def _lock(store: Store, topic: str) -> Shard:
    """The shard whose version is the number of entries; who writes must have read the newest."""
    place = (kind_of(topic), _LOCK_DAY)
    return store.shards([place])[place]


def _check(topic: str, found: list[Entry], written: int) -> None:
    """Whether every entry is bound to the one before, and none of those written is missing."""
    previous = ""
    for number, entry in enumerate(found, 1):
        if (entry.number, entry.previous) != (number, previous) or entry.sealed() != entry:
            raise StoreError(
                f"the journal of {topic} was changed at entry {number}: restore it from a backup"
            )
        previous = entry.hash
    if len(found) < written:
        raise StoreError(
            f"the journal of {topic} lacks its last entries, from {len(found) + 1} on:"
            " restore it from a backup"
        )

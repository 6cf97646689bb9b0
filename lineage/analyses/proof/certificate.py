"""What a certificate of disuse says: the records, and how the parts decide the whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from lineage.analyses.listening.coverage import Coverage, Window

VALID_DAYS = 7
_canonical = msgspec.json.Encoder(order="sorted")


class State(StrEnum):
    """What was found of a set of datasets, for these logs and this day."""

    PROVEN = "PROVEN"
    REFUTED = "REFUTED"
    INSUFFICIENT = "INSUFFICIENT"


class Condition(StrEnum):
    """What must hold of a set before it is safe to delete."""

    PATH = "path"
    READS = "reads"
    COVERAGE = "coverage"
    UNREAD = "unread"
    DYNAMIC = "dynamic-sql"
    PREFIX = "path-prefix"
    CLAIMS = "claims"
    AGREED = "agreement"

    @property
    def sentence(self) -> str:
        """What it says of the set."""
        return _SENTENCES[self]


_SENTENCES = {
    Condition.PATH: "leads to nobody outside",
    Condition.READS: "no outsider read it",
    Condition.COVERAGE: "all access was logged",
    Condition.UNREAD: "all that names it was understood",
    Condition.DYNAMIC: "no unexplained dynamic SQL",
    Condition.PREFIX: "nothing else lies in its path",
    Condition.CLAIMS: "no hold, contract, open notice",
    Condition.AGREED: "owner agreed, or tombstone passed",
}


class Trace(msgspec.Struct, frozen=True):
    """Where a number of a fact comes from. statement: masked; None when it is of no statement."""

    what: str
    text: str
    statement: str | None = None


class Fact(msgspec.Struct, frozen=True):
    """A condition and what was found of it.

    holds: None when it cannot be told. query: a command that shows the same.
    """

    condition: Condition
    holds: bool | None
    value: str
    query: str
    evidence: tuple[Trace, ...] = ()


class Missing(msgspec.Struct, frozen=True):
    """What would have to be known before anything is proven. what: a sentence.

    days: ISO dates or ranges of them. place: file and line of a record that was not understood;
    reason, tokens: why, and which of its words name the dataset. statement: masked.
    """

    condition: Condition
    what: str
    dataset: str | None = None
    source: str | None = None
    days: tuple[str, ...] = ()
    reason: str = ""
    tokens: tuple[str, ...] = ()
    place: str = ""
    statement: str | None = None


class Step(msgspec.Struct, frozen=True):
    """One edge of a path in the direction of the flow. last: its last day, ISO."""

    source: str
    target: str
    last: str | None
    statement: str | None


class CounterExample(msgspec.Struct, frozen=True):
    """Why a set is in use.

    kind: `read` of a member by an outsider, `path` from a member to one, or `claim` on a member.
    dataset: the member. who: the consumer, job or claimed dataset. when: the last read, ISO; None
    when it is only declared. statement: masked.
    """

    kind: str
    what: str
    dataset: str
    who: str
    title: str = ""
    team: str | None = None
    when: str | None = None
    statement: str | None = None
    path: tuple[Step, ...] = ()


class Added(msgspec.Struct, frozen=True):
    """A dataset that must go with those asked for, and why."""

    dataset: str
    because: str


class Action(msgspec.Struct, frozen=True):
    """A step of the way out of use. commands: printed, never run, in this order."""

    step: str
    text: str
    commands: tuple[str, ...] = ()


class Exhibit(msgspec.Struct, frozen=True, order=True):
    """Something that was looked at: what, in words what of it, and the digest of all of it."""

    what: str
    text: str
    digest: str


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the disuse of a set of datasets, and everything it rests on.

    asked: the datasets asked for; set: those and all that must go with them, in an order of
    deletion. as_of: the last day looked at; valid_until: the last day on which it may be used.
    issued: ISO time; decisions up to then count. least: days of silence that were asked for.
    evidence_hash: SHA-256 over the exhibits, which stand in `evidence`; seal: over everything else
    as well. drops: a statement a dataset, in the same order; only when proven.
    """

    verdict: str
    state: State
    facts: tuple[Fact, ...]
    counter_example: CounterExample | None
    missing: tuple[Missing, ...]
    asked: tuple[str, ...]
    set: tuple[str, ...]
    added: tuple[Added, ...]
    drops: tuple[str, ...]
    runbook: tuple[Action, ...]
    evidence_hash: str
    evidence: tuple[Exhibit, ...]
    as_of: str | None
    issued: str
    valid_until: str | None
    window: Window
    why_window: str
    least: int
    coverage: Coverage
    seal: str = ""

    @property
    def proven(self) -> bool:
        """Whether every condition holds."""
        return self.state is State.PROVEN

    def sealed(self) -> Certificate:
        """The certificate with its seal."""
        body = _canonical.encode(msgspec.structs.replace(self, seal=""))
        return msgspec.structs.replace(self, seal=hashlib.sha256(body).hexdigest())


def state_of(facts: Iterable[Fact]) -> State:
    """What the facts decide together: one that does not hold refutes, one unknown is too little."""
    found = {fact.holds for fact in facts}
    if False in found:
        return State.REFUTED
    return State.INSUFFICIENT if None in found else State.PROVEN


def exhibit(what: str, text: str, *content: object) -> Exhibit:
    """Something that was looked at; `content`: all of it that must not change, as plain values."""
    body = _canonical.encode([what, text, *content])
    return Exhibit(what, text, hashlib.sha256(body).hexdigest()[:32])


def evidence_hash(exhibits: Iterable[Exhibit]) -> str:
    """SHA-256 over the exhibits in any order, 64 hexadecimal digits."""
    return hashlib.sha256(_canonical.encode(sorted(exhibits))).hexdigest()
